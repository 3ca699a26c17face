"""Files of earlier versions open as they did.

``tests/earlier_files`` was written by commit fe900f1, with the tests' own makers of that time (`session_files.sound`,
`composing.figure_of`, `run_tools.make_run`).
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from run_tools import tiny_architecture
from session_files import full_view

import zfdesk.engine as zf
from zfdesk import session
from zfdesk.desk.lab.kept import KeptMade
from zfdesk.engine.architectures import ARCHITECTURES
from zfdesk.live import MapsDisplay, Normalise, View
from zfdesk.live.replay import load_path
from zfdesk.pages.layout_file import open_composition
from zfdesk.runs import Score, read_run
from zfdesk.synthesis.orders import Description, State
from zfdesk.typed_json import from_plain
from zfdesk.weights import load

FILES = Path(__file__).parent / "earlier_files"


def test_a_session() -> None:
    opened = session.load_session(FILES / "session.zfdesk")
    assert opened.notes == ()
    assert opened.moment.view == full_view()
    assert (opened.moment.frame.number, opened.moment.frame.origin) == (1203, "Front camera")
    assert {"picture", "probabilities", "unit_map", "reconstruction"} <= opened.moment.arrays.keys()
    as_it_was = MapsDisplay(normalise=Normalise.UNIT, gamma=1.0)  # what was the default then
    assert opened.snapshots["A"].view == View(layer="conv5", unit=2, maps=as_it_was)
    assert opened.sweep is not None
    assert opened.sweep.arrays


def test_a_session_with_what_features_keep() -> None:
    """Written by commit e28d9a9: the scanned folders and the pictures of the lab had places of their own."""
    opened = session.load_session(FILES / "session-made.zfdesk")
    assert opened.notes == ()
    assert opened.kept["scan"].value == {"places": ["/pictures", "/clip.mp4"]}
    kept = from_plain(KeptMade, opened.kept["made"].value, "made", None, opened.kept["made"].arrays)
    made = kept.whole
    assert made.description == Description(
        "fooling picture", "taken for church", "All that decides it.", "abc", 3, (("conv1", 1),) * 3, before=0, after=1
    )
    assert (made.names, made.state) == (("before", "after", "difference × 16"), State.CANCELLED)
    assert (made.sketch.step, made.sketch.steps, made.sketch.notes) == (3, 40, ("A note.",))
    assert np.array_equal(made.sketch.values, (0.25, 0.5, np.nan), equal_nan=True)
    pixels = np.random.default_rng(1).integers(0, 256, (3, 16, 16, 3), np.uint8)
    assert np.array_equal(made.pictures, pixels)


def test_a_figure() -> None:
    opened = open_composition(FILES / "figure.npz")
    assert [slot.spec.kind.name for slot in opened.slots] == [
        "picture", "unit map", "reconstruction clean and covered", "reconstruction of a pinned unit", "probabilities",
    ]  # fmt: skip
    assert [slot.by_hand for slot in opened.slots] == [True, False, False, False, False]
    assert opened.slots[0].label == "by hand"
    assert opened.caption == "Mine × 1."
    assert {slot.origin for slot in opened.slots} == {"frame 7 of noise"}


def test_a_drag_path() -> None:
    path = load_path(FILES / "path.json")
    assert [moment.time for moment in path.moments] == [0.0, 0.1, 1 / 3, 1 / 3, 7.25]
    assert [len(moment.view.occluders) for moment in path.moments] == [0, 1, 1, 2, 1]
    assert path.moments[1].view.occluders == (zf.Occluder(10, 1),)


def test_a_training_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(ARCHITECTURES, "tiny", tiny_architecture)
    run = read_run(FILES / "run")
    assert (run.about.architecture, run.about.pictures, run.about.seed) == ("tiny", 640, 7)
    assert [step.step for step in run.steps] == [1, 2, 3, 4]
    assert run.steps[0].parts == {"label": run.steps[0].loss}
    assert [epoch.epoch for epoch in run.epochs] == [1]
    assert isinstance(run.epochs[0].validation, Score)
    found = load(FILES / "run" / "snapshots" / "epoch-0001.safetensors")
    assert np.isfinite(found.forward(np.zeros((1, 32, 32, 3), np.uint8)).probabilities.numpy()).all()
