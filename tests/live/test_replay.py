"""The recorded path: what is noted, what is given back, and its file read strictly."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

import zfdesk.engine as zf
from zfdesk.live import View
from zfdesk.live import replay as module
from zfdesk.live.replay import Recorder, Replay, ReplayError, TimedView, from_json, load_path, save_path, to_json

RICH = (
    zf.Occluder(-7, 300, 1, 448, zf.OccluderShape.RECTANGLE, zf.OccluderFill.NOISE),
    zf.Occluder(3, 4, 50, 50, zf.OccluderShape.ELLIPSE, zf.OccluderFill.BLUR),
)


def at(left: int, **more: object) -> View:
    return View(occluders=(zf.Occluder(10, left),), chosen_occluder=0).change(**more)


def some_replay() -> Replay:
    moments = (
        TimedView(0.0, View()), TimedView(0.1, at(1)), TimedView(1 / 3, at(2)),
        TimedView(1 / 3, View(occluders=RICH, chosen_occluder=1)), TimedView(7.25, at(3)),
    )  # fmt: skip
    return Replay(moments, size=227)


def test_only_what_differs_in_the_fields_is_noted() -> None:
    recorder = Recorder(100.0, at(1))
    for now, view in ((100.5, at(1, unit=7)), (101.0, at(2)), (101.5, at(2, layer="conv1")), (102.0, at(1))):
        assert recorder.note(view, now)
    replay = recorder.replay()
    assert [(moment.time, moment.view.occluders[0].left) for moment in replay.moments] == [(0, 1), (1, 2), (2, 1)]
    assert (replay.duration, replay.changes) == (2.0, 2)


def test_any_field_of_a_view_can_be_replayed() -> None:
    """A replay is a list of (time, View): the occluder's path is one of many."""
    recorder = Recorder(0.0, View(), fields=("layer", "unit"))
    recorder.note(View(layer="conv3", unit=4), 1.0)
    recorder.note(View(layer="conv3", unit=4, theme="light"), 2.0)
    replay = recorder.replay()
    assert len(replay.moments) == 2
    present = View(theme="light", occluders=RICH)
    assert replay.apply(1, present) == present.change(layer="conv3", unit=4)


def test_a_path_moves_the_occluders_and_nothing_else() -> None:
    present = View(layer="conv2", unit=9, theme="light", occluders=RICH, watched=(1, 2))
    assert some_replay().apply(1, present) == present.change(occluders=at(1).occluders, chosen_occluder=0)


def test_time_never_goes_back_and_room_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_MOMENTS", 3)
    recorder = Recorder(5.0, at(0))
    assert recorder.note(at(1), 6.0)
    assert recorder.note(at(2), 5.5)  # a clock that was set back
    assert not recorder.note(at(3), 7.0)
    assert [moment.time for moment in recorder.replay().moments] == [0.0, 1.0, 1.0]


def test_what_is_due() -> None:
    replay = some_replay()
    assert [replay.reached(seconds) for seconds in (0.0, 0.05, 0.1, 0.3, 0.34, 7.0, 99.0)] == [1, 1, 2, 2, 4, 4, 5]


def test_a_file_gives_the_path_back(tmp_path: Path) -> None:
    place = tmp_path / "path.json"
    save_path(some_replay(), place)
    assert load_path(place) == some_replay()
    assert list(tmp_path.iterdir()) == [place]
    tree = json.loads(place.read_text())  # by any reader
    assert tree["format"] == "zfdesk-path-1"
    assert tree["size"] == 227
    assert tree["moments"][1] == {
        "time": 0.1, "chosen": 0,
        "occluders": [{"top": 10, "left": 1, "height": 50, "width": 50, "shape": "square", "fill": "grey"}],
    }  # fmt: skip


def test_the_file_is_written_whole_or_not_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place = tmp_path / "path.json"
    place.write_text("as it was")

    def fails(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", fails)
    with pytest.raises(OSError, match="No space"):
        save_path(some_replay(), place)
    assert place.read_text() == "as it was"
    assert list(tmp_path.iterdir()) == [place]


def spoilt(**changes: object) -> bytes:
    tree = json.loads(to_json(some_replay()))
    return json.dumps(tree | changes).encode()


def with_moment(**changes: object) -> bytes:
    tree = json.loads(to_json(some_replay()))
    tree["moments"][2] |= changes
    return json.dumps(tree).encode()


def with_occluder(**changes: object) -> bytes:
    tree = json.loads(to_json(some_replay()))
    tree["moments"][1]["occluders"][0] |= changes
    return json.dumps(tree).encode()


GOOD = to_json(some_replay())
BAD: tuple[tuple[bytes, str], ...] = (
    (b"", "not JSON"), (b"\xff\xfe\x00", "not JSON"), (GOOD[:-9], "not JSON"), (b"[" * 100_000, "nested too deeply"),
    (b"9" * 5000, "not JSON"), (b"[]", "not an object"), (b"7", "not an object"), (b"{}", "format is not zfdesk-path"),
    (spoilt(format="zfdesk-path-2"), "format"), (spoilt(size=0), "size must be a whole number"),
    (spoilt(size=22.5), "size"), (spoilt(size=True), "size"), (spoilt(moments=[]), "moments must be a list"),
    (spoilt(moments={}), "moments"), (spoilt(moments=[5]), "moment 0 has no named parts"),
    (spoilt(extra=1), "“extra”, which no path has"), (GOOD.replace(b'"size": 227', b'"size": 1, "size": 2'), "twice"),
    (GOOD.replace(b"7.25", b"NaN"), "NaN"), (GOOD.replace(b"7.25", b"1e999"), "moment 4 must be seconds"),
    (GOOD.replace(b"7.25", b"0.2"), "moment 4 lies before"), (with_moment(time=-1), "time of moment 2"),
    (with_moment(time="1"), "time of moment 2"), (with_moment(chosen=1), "chosen occluder of moment 2"),
    (with_moment(chosen=-2), "chosen"), (with_moment(occluders=[[]]), "occluder 0 of moment 2 has no named parts"),
    (with_moment(occluders=None), "occluders of moment 2"),
    (with_occluder(height=0), "height of occluder 0 of moment 1"),
    (with_occluder(width=10**9), "width"), (with_occluder(top=1.5), "top"), (with_occluder(left="3"), "left"),
    (with_occluder(shape="star"), "one of square, rectangle, ellipse"), (with_occluder(fill=["grey"]), "one of grey"),
    (with_occluder(colour="\x1b[31m" + "x" * 99), "has a “"),
)  # fmt: skip


@pytest.mark.parametrize(("data", "words"), BAD, ids=range(len(BAD)))
def test_a_bad_file_gets_a_sentence(data: bytes, words: str, tmp_path: Path) -> None:
    place = tmp_path / "some.json"
    place.write_bytes(data)
    with pytest.raises(ReplayError) as raised:
        load_path(place)
    sentence = str(raised.value)
    assert sentence.startswith("some.json is not a drag path: ")
    assert words in sentence
    assert sentence.endswith(".")
    assert sentence.isprintable()
    assert len(sentence) < 200


def test_no_file_gets_a_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ReplayError, match=r"^gone\.json is not a file\.$"):
        load_path(tmp_path / "gone.json")
    with pytest.raises(ReplayError, match="is not a file"):
        load_path(tmp_path)
    monkeypatch.setattr(module, "MOST_BYTES", 10)
    with pytest.raises(ReplayError, match="larger than"):
        from_json(GOOD)
