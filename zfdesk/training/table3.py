"""Table 3 on pictures of one's own: the paper's variants of Fig. 3 trained one after another, beside its errors."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from zfdesk.progress import ProgressLine
from zfdesk.runs import Epoch, RunError, read_run
from zfdesk.training.data import open_all
from zfdesk.training.errors import TrainingError
from zfdesk.training.process_group import ProcessGroup
from zfdesk.training.recipe import as_json
from zfdesk.training.state import FILE
from zfdesk.training.train import train
from zfdesk.training.train_config import TrainConfig


@dataclass(frozen=True)
class Table3Row:
    """A row: our architecture, what the table calls it, and the paper's errors in per cent on ImageNet 2012.

    architecture: "" for a row that is printed and not declared here. top1, top5: on validation. ``replication``: the
    paper changed its replication of Krizhevsky et al., where we change Fig. 3. train: the paper's top-1 on the training
    pictures.
    """

    architecture: str
    label: str
    top1: float
    top5: float
    replication: bool = False
    train: float | None = None


TABLE = (
    Table3Row("", "replication of Krizhevsky et al.", 40.5, 18.1, True, 35.1),
    Table3Row("zfnet-no34", "without layers 3, 4", 45.4, 22.1, True, 41.8),
    Table3Row("zfnet-no7", "without layer 7", 40.0, 18.4, True, 27.4),
    Table3Row("zfnet-no67", "without layers 6, 7", 44.8, 22.4, True, 27.4),
    Table3Row("zfnet-no3467", "without layers 3, 4, 6, 7", 71.3, 50.1, True, 71.1),
    Table3Row("", "layers 6, 7: 2048 units, replication", 41.7, 18.8, True, 40.3),
    Table3Row("", "layers 6, 7: 8192 units, replication", 40.0, 18.1, True, 26.8),
    Table3Row("zfnet", "Fig. 3", 38.4, 16.5, train=33.1),
    Table3Row("zfnet-fc2048", "layers 6, 7: 2048 units", 40.2, 17.6, train=38.2),
    Table3Row("zfnet-fc8192", "layers 6, 7: 8192 units", 38.8, 17.0, train=22.0),
    Table3Row("zfnet-512-1024-512", "layers 3, 4, 5: 512, 1024, 512 maps", 37.5, 16.0, train=18.8),
    Table3Row("", "layers 6, 7: 8192 units, layers 3, 4, 5: 512, 1024, 512 maps", 38.3, 16.9, train=10.0),
)
"""Table 3, in its order."""

ROWS = tuple(row for row in TABLE if row.architecture)
"""Those that can be trained here."""


@dataclass(frozen=True)
class Filled:
    """A row with the errors found here, shares from 0 to 1, on validation or, without that, on the training pictures.

    ``run``: where its network lies. None for errors of a row that was interrupted.
    """

    row: Table3Row
    run: Path
    top1: float | None
    top5: float | None
    validated: bool


def rows_called(names: str | None) -> tuple[Table3Row, ...]:
    """The rows of architectures named with commas between them; all without. Raises TrainingError."""
    if names is None:
        return ROWS
    known = {row.architecture: row for row in ROWS}
    wanted = [name.strip() for name in names.split(",") if name.strip()]
    unknown = [name for name in wanted if name not in known]
    if unknown or not wanted:
        raise TrainingError(f"Table 3 has no row {', '.join(unknown) or names!r}; its rows are {', '.join(known)}.")
    return tuple(known[name] for name in wanted)


def train_table3(
    config_of: Callable[[str], TrainConfig],
    folder: Path,
    rows: tuple[Table3Row, ...],
    group: ProcessGroup,
    progress: ProgressLine,
) -> tuple[list[Filled], bool]:
    """Train the rows one after another into FOLDER/ARCHITECTURE; what is there already is gone on with.

    config_of: how an architecture is trained. Returns the rows and whether Ctrl-C came. Raises TrainingError or
    RunError.
    """
    filled: list[Filled] = []
    pictures = len(open_all(config_of(rows[0].architecture).data))
    for row in rows:
        run = folder / row.architecture
        begun = (run / FILE).exists()
        asked = config_of(row.architecture)
        if begun:
            _check_same(run, asked, pictures)
        if not (begun and _last(run, done=True)):
            progress.message(f"{row.label} ({row.architecture})")
            ended = train(asked, run, group, progress, resume=begun)
            if ended.interrupted:
                return [*filled, Filled(row, run, None, None, False)], True
        group.wait()  # the first process has written its last line
        epoch = _last(run)
        assert epoch is not None
        score = epoch.validation or epoch.training
        filled.append(Filled(row, run, 1 - score.top1, 1 - score.top5, epoch.validation is not None))
    return filled, False


def _last(run: Path, done: bool = False) -> Epoch | None:
    """The last epoch in a run's log; with ``done`` only if it is the last that was planned."""
    seen = read_run(run)
    if not seen.epochs or (done and seen.epochs[-1].epoch < seen.about.epochs):
        return None
    return seen.epochs[-1]


def _check_same(run: Path, config: TrainConfig, pictures: int) -> None:
    """A row that was begun otherwise, or on another number of ``pictures``, cannot stand in the same table."""
    about = read_run(run).about
    if dict(about.recipe) != as_json(config.recipe) or about.seed != config.seed:
        raise RunError(f"{run} was begun with another recipe or seed; give the same again, or another folder.")
    if about.data != config.places() or about.pictures != pictures:
        raise RunError(f"{run} was begun with other pictures; give the same again, or another folder.")
