"""The folder of a training run, which training writes and everything else reads. No Qt, no drawing.

    writer = RunWriter.create("run", About(...)); writer.log(Step(...)); writer.snapshot(1, model)
    run = read_run("run"); run = run.refresh()      # a value; a later look is another one

RUN/ holds ``run.json``, ``log.jsonl``, ``snapshots/epoch-0001.safetensors``, ``statistics/epoch-0001.npz``,
``probe.png``, ``strongest.jsonl``, ``state/`` (training's own) and ``network.safetensors``: see `names`, `entries`,
`statistics` and `strongest`. Every file but the two growing lists is written whole or not at all.
"""

from zfdesk.runs.entries import About, Epoch, Note, RunError, Score, Step
from zfdesk.runs.names import SNAPSHOT_EPOCHS, epoch_of, snapshot_epochs, snapshot_name
from zfdesk.runs.reader import Run, read_run
from zfdesk.runs.statistics import LayerTrainingStatistics, Spread, read_statistics, spread
from zfdesk.runs.strongest import StrongestEntry, read_crop, read_strongest
from zfdesk.runs.writer import RunWriter

__all__ = [
    "SNAPSHOT_EPOCHS",
    "About",
    "Epoch",
    "LayerTrainingStatistics",
    "Note",
    "Run",
    "RunError",
    "RunWriter",
    "Score",
    "Spread",
    "Step",
    "StrongestEntry",
    "epoch_of",
    "read_crop",
    "read_run",
    "read_statistics",
    "read_strongest",
    "snapshot_epochs",
    "snapshot_name",
    "spread",
]
