"""Session files: what is saved comes back, other versions and weights are told, damage is refused in words."""

from __future__ import annotations

import contextlib
import dataclasses
import enum
import io
import json
import os
import subprocess
import sys
import tracemalloc
import types
import typing
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from session_files import (
    all_damage,
    flipped,
    frame_of,
    full_session,
    full_view,
    packed,
    parts_of,
    result_of,
    sound,
    swept_of,
    with_head,
)  # fmt: skip

import zfdesk.engine as zf
import zfdesk.weights
from zfdesk import __version__, session
from zfdesk.live import Crop, CropMode, MapsDisplay, UnitReference, View
from zfdesk.live.fitting import fitting_view
from zfdesk.session import FrameRecord, Session, SessionError, file, network_facts
from zfdesk.sources import SourceReference
from zfdesk.typed_json import from_plain, to_plain
from zfdesk.weights import store


def layered_model() -> zf.Model:
    """An untrained network with the layers that `full_view` names."""
    layers = (
        zf.Conv("conv1", 8, 3, 1, 1), zf.ReLU("relu1"), zf.MaxPool("pool1", 2, 2),
        zf.Conv("conv4", 24, 3, 1, 1), zf.ReLU("relu4"), zf.Conv("conv5", 12, 3, 1, 1), zf.ReLU("relu5"),
        zf.Linear("fc8", 5), zf.Softmax("prob"),
    )  # fmt: skip
    return dataclasses.replace(zf.random_model(zf.Architecture("layered", "Layered", layers, size=32)), name="layered")


@pytest.fixture(scope="module")
def model() -> zf.Model:
    return layered_model()


@pytest.fixture(scope="module")
def good(model: zf.Model) -> bytes:
    return sound(model)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("ZFDESK_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


def assert_same(a: FrameRecord, b: FrameRecord) -> None:
    assert a.view == b.view
    assert a.network == b.network
    assert np.array_equal(a.frame.pixels, b.frame.pixels)
    assert (a.frame.number, a.frame.origin) == (b.frame.number, b.frame.origin)
    assert not b.frame.pixels.flags.writeable
    assert a.arrays.keys() == b.arrays.keys()
    for name, array in a.arrays.items():
        assert np.array_equal(array, b.arrays[name])
        assert array.dtype == b.arrays[name].dtype


def assert_same_session(a: Session, b: Session) -> None:
    assert_same(a.moment, b.moment)
    assert a.snapshots.keys() == b.snapshots.keys()
    for name, snapshot in a.snapshots.items():
        assert_same(snapshot, b.snapshots[name])
    assert (a.sweep is None) == (b.sweep is None)
    if a.sweep is not None and b.sweep is not None:
        others = [field.name for field in dataclasses.fields(a.sweep) if field.name != "arrays"]
        assert [getattr(a.sweep, name) for name in others] == [getattr(b.sweep, name) for name in others]
        assert a.sweep.arrays.keys() == b.sweep.arrays.keys()
        for name, array in a.sweep.arrays.items():
            assert np.array_equal(array, b.sweep.arrays[name])
            assert array.dtype == b.sweep.arrays[name].dtype


# What is saved comes back


def test_everything_comes_back(model: zf.Model, tmp_path: Path) -> None:
    before = full_session(model)
    session.save_session(before, tmp_path / "a.zfdesk")
    after = session.load_session(tmp_path / "a.zfdesk")
    assert_same_session(before, after)
    assert (after.notes, after.zfdesk) == ((), __version__)
    assert set(after.moment.arrays) == {
        "picture", "probabilities", "clean_probabilities", "unit_map", "clean_unit_map", "reconstruction"
    }  # fmt: skip
    assert [path.name for path in tmp_path.iterdir()] == ["a.zfdesk"]


def test_the_same_session_gives_the_same_bytes(model: zf.Model, good: bytes) -> None:
    assert sound(model) == good
    assert session.to_bytes(session.from_bytes(good)) == good
    with zipfile.ZipFile(io.BytesIO(good)) as archive:
        assert {info.date_time for info in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}
        assert archive.namelist()[0] == "session.json"


def test_other_programs_can_read_it(model: zf.Model, good: bytes, tmp_path: Path) -> None:
    (tmp_path / "a.zfdesk").write_bytes(good)
    with zipfile.ZipFile(tmp_path / "a.zfdesk") as archive:
        assert archive.testzip() is None
        archive.extractall(tmp_path)
    told = json.loads((tmp_path / "session.json").read_text())
    before = full_session(model)
    assert told["moment"]["view"]["method"] == "guided"
    with Image.open(tmp_path / "frame-1.png") as image:
        assert np.array_equal(np.asarray(image), before.moment.frame.pixels)
    with np.load(tmp_path / "live.npz", allow_pickle=False) as arrays:
        for name, array in before.moment.arrays.items():
            assert np.array_equal(arrays[name], array)


def test_a_frame_that_two_moments_share_is_kept_once(model: zf.Model) -> None:
    result = result_of(model, View(layer="conv5"))
    moment = session.moment_of(result)
    data = session.to_bytes(Session(moment, {"A": moment}))
    assert [name for name in parts_of(data) if name.endswith(".png")] == ["frame-1.png"]
    again = session.from_bytes(data)
    assert again.snapshots["A"].frame.pixels is again.moment.frame.pixels


def test_arrays_are_kept_only_with_their_own_view(model: zf.Model) -> None:
    result = result_of(model, View(layer="conv5"))
    moment = session.moment_of(result, View(layer="conv4"))
    assert (moment.view.layer, dict(moment.arrays)) == ("conv4", {})
    assert_same(moment, session.from_bytes(session.to_bytes(Session(moment))).moment)


def another(kind: Any, value: Any) -> Any:
    """Another value of the same type, made from the type alone: so a new field needs no new test."""
    origin, parts = typing.get_origin(kind), typing.get_args(kind)
    if origin in (typing.Union, types.UnionType):
        return another(next(part for part in parts if part is not types.NoneType), value)
    if origin is typing.Literal:
        return next(part for part in parts if part != value)
    if origin is tuple:
        inner = parts[:1] if parts[-1] is Ellipsis else parts
        return tuple(another(part, None) for part in inner)
    if dataclasses.is_dataclass(kind):
        hints = typing.get_type_hints(kind)
        return kind(**{field.name: another(hints[field.name], None) for field in dataclasses.fields(kind)})
    if issubclass(kind, enum.Enum):
        return next(member for member in kind if member is not value)
    return {bool: not value, int: 7, float: 0.123456789, str: "ein Bild.jpg"}[kind]


@pytest.mark.parametrize("field", [field.name for field in dataclasses.fields(View)])
def test_every_field_of_the_view_comes_back(field: str) -> None:
    before = View(watched=(5, 7))
    value = another(typing.get_type_hints(View)[field], getattr(before, field))
    view = before.change(**{field: value})
    assert view != before
    notes: list[str] = []
    assert from_plain(View, json.loads(json.dumps(to_plain(view))), "view", notes) == view
    assert notes == []


def test_names_that_are_not_unicode_come_back(model: zf.Model) -> None:
    view = View(source=SourceReference("picture", os.fsdecode(b"/tmp/caf\xe9 \xff.png")), layer="conv5")
    moment = session.moment_of(result_of(model, view))
    assert session.from_bytes(session.to_bytes(Session(moment))).moment.view == view


def test_what_has_no_json_form_is_an_error_of_ours() -> None:
    with pytest.raises(TypeError, match="cannot be kept"):
        to_plain({"a": object()})
    with pytest.raises(ValueError, match="not a finite"):
        to_plain(View(crop=Crop(x=float("nan"))))


# Other versions


@pytest.mark.parametrize("field", [field.name for field in dataclasses.fields(View)])
def test_a_file_from_before_a_field_existed_opens(field: str, good: bytes) -> None:
    opened = session.from_bytes(with_head(good, lambda head: head["moment"]["view"].pop(field)))
    assert opened.moment.view == full_view().change(**{field: getattr(View(), field)})
    assert opened.notes == ()


def test_what_a_newer_version_added_is_left_out_and_told(good: bytes) -> None:
    def edit(head: dict[str, Any]) -> None:
        head["zfdesk"] = "9.9"
        head["moment"]["view"]["smell"] = {"rose": 1}
        head["moment"]["view"]["style"] = "sepia"
        head["moment"]["view"]["zoom"] = 17

    opened = session.from_bytes(with_head(good, edit))
    assert opened.moment.view == full_view()
    assert opened.zfdesk == "9.9"
    assert opened.notes == (
        "Its view.smell is not known here and was left out.",
        "Its view.style is “sepia”, which is not known here: it is as at first.",
        "Its view.zoom is 17, which is not known here: it is as at first.",
    )


def test_an_older_format_goes_through_the_migrations(good: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    def to_fourth(head: dict[str, Any]) -> dict[str, Any]:
        view = head["moment"]["view"]
        view["layer"] = view.pop("stage")
        return head

    old = with_head(good, lambda head: head["moment"]["view"].update(stage=head["moment"]["view"].pop("layer")))
    monkeypatch.setattr(file, "FORMAT", 4)
    monkeypatch.setitem(session.MIGRATIONS, 3, to_fourth)
    assert session.from_bytes(old).moment.view == full_view()
    with pytest.raises(SessionError, match="of the old format 3 and damaged"):
        session.from_bytes(good)


def test_a_newer_format_is_refused_by_name(good: bytes) -> None:
    newer = with_head(good, lambda head: head.update(version=4, zfdesk="3.0"))
    with pytest.raises(SessionError, match=r"x cannot be opened as a session: it was saved by a newer zfdesk \(3\.0\)"):
        session.from_bytes(newer, "x")


def test_a_file_of_format_1_opens_without_a_word(good: bytes) -> None:
    def to_first(head: dict[str, Any]) -> None:
        head["version"] = 1
        del head["sweep"], head["parts"]["sweep.npz"]
        for moment in (head["moment"], *head["snapshots"].values()):
            del moment["view"]["watched_slots"]

    parts = parts_of(with_head(good, to_first))
    del parts["sweep.npz"]
    opened = session.from_bytes(packed(parts, hashes=False))
    assert (opened.notes, opened.sweep) == ((), None)
    assert opened.moment.view == full_view()


# A sweep


@pytest.mark.parametrize("batches", [3, 99])
def test_a_sweep_comes_back_exactly_and_goes_on(batches: int, model: zf.Model) -> None:
    before = swept_of(model, batches)
    kept, told = session.kept_sweep(before, model)
    assert told == ""
    moment = session.moment_of(result_of(model, full_view()))
    opened = session.from_bytes(session.to_bytes(Session(moment, {}, kept)))
    after = session.reopen(opened, model).swept
    assert after is not None
    assert (after.state, after.live) == (before.state, False)
    assert after.input.same(before.input)
    assert (after.input.number, after.input.origin) == (77, "Front camera")
    old, new = before.sweep, after.sweep
    assert (new.plan, new.layer, new.complete, new.seconds) == (old.plan, old.layer, batches == 99, old.seconds)
    for name in ("positions", "done", "probabilities", "activations", "clean_probabilities", "clean_activations"):
        assert np.array_equal(
            getattr(new, name), getattr(old, name), equal_nan=name in ("probabilities", "activations")
        )
        assert getattr(new, name).dtype == getattr(old, name).dtype
        assert not getattr(new, name).flags.writeable
    assert np.array_equal(new.label(), old.label())
    assert (new.highest_total_unit, new.largest_drop(1)) == (old.highest_total_unit, old.largest_drop(1))
    assert after.projected.unit == old.highest_total_unit
    found = zf.reconstruct(model.forward(old.picture), zf.Seed("conv5", old.highest_total_unit))
    assert np.array_equal(after.projected.rendered.reconstruction.values, found.values)
    whole = swept_of(model, 99).sweep
    *_, resumed = zf.sweep(model.forward(new.picture), new.picture, new.plan, new.layer, new)
    assert resumed.complete
    np.testing.assert_allclose(resumed.probabilities, whole.probabilities, atol=1e-6)


def test_a_sweep_of_other_weights_is_left_out_and_told(model: zf.Model, good: bytes) -> None:
    other = dataclasses.replace(model, sha256="ab" * 32)
    again = session.reopen(session.from_bytes(good), other)
    assert again.swept is None
    assert again.notes[-1] == "Its sweep was made with other weights and is left out."
    assert session.kept_sweep(swept_of(model), other) == (None, "")


def test_a_sweep_too_large_for_a_session_is_told(model: zf.Model, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session.sweeps, "MOST_BYTES", 100)
    kept, told = session.kept_sweep(swept_of(model), model)
    assert kept is None
    assert told == "The sweep of 9 positions (0 MB) is too large for a session: save its arrays by themselves."


# Damage


@pytest.fixture
def nothing_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder of its own to stand in; the test fails when anything at all is opened for writing, made or moved."""
    monkeypatch.chdir(tmp_path)
    HOOK.written.clear()
    HOOK.listening = True
    yield tmp_path
    HOOK.listening = False
    assert HOOK.written == []
    assert list(tmp_path.iterdir()) == []


class _Hook:
    """Hears of every file that Python opens for writing; an audit hook stays for the life of the process."""

    def __init__(self) -> None:
        self.listening, self.written = False, []
        sys.addaudithook(self.hear)

    def hear(self, event: str, arguments: tuple) -> None:
        if not self.listening:
            return
        writing = os.O_WRONLY | os.O_RDWR | os.O_CREAT
        if event == "open" and (set(str(arguments[1])) & set("wax+") or (arguments[2] or 0) & writing):
            self.written.append(str(arguments[0]))
        elif event in ("os.mkdir", "os.rename", "os.symlink", "os.link", "os.remove", "shutil.move"):
            self.written.append(f"{event} {arguments}")


HOOK = _Hook()


def test_the_hook_hears(tmp_path: Path) -> None:
    HOOK.written.clear()
    HOOK.listening = True
    (tmp_path / "a").write_bytes(b"a")
    HOOK.listening = False
    assert HOOK.written == [str(tmp_path / "a")]


def refusal(data: bytes, what: str = "") -> str:
    try:
        session.from_bytes(data, "odd.zfdesk")
    except SessionError as error:
        return str(error)
    raise AssertionError(f"opened: {what}")


def test_a_byte_order_mark_is_no_damage(good: bytes) -> None:
    """Editors on Windows begin a file with one."""
    from session_files import parts_of, with_text

    marked = with_text(good, b"\xef\xbb\xbf" + parts_of(good)["session.json"])
    assert session.from_bytes(marked).moment.view == session.from_bytes(good).moment.view


def test_damaged_files_are_refused_in_words(good: bytes, nothing_written: Path) -> None:
    refused = 0
    for what, data in all_damage(good):
        sentence = refusal(data, what)
        assert sentence.startswith("odd.zfdesk cannot be opened as a session: "), what
        assert sentence.endswith("."), what
        assert sentence.isprintable(), what
        assert len(sentence) < 250, what
        refused += 1
    assert refused >= 400


def test_a_flipped_bit_is_refused_or_changes_nothing(good: bytes, nothing_written: Path) -> None:
    before = session.from_bytes(good)
    refused = 0
    for what, data in flipped(good, 300):
        try:
            after = session.from_bytes(data, "odd.zfdesk")
        except SessionError:
            assert refusal(data).startswith("odd.zfdesk cannot be opened"), what
            refused += 1
        else:
            assert_same_session(before, after)
    assert refused >= 200


def test_bombs_need_little_memory(good: bytes) -> None:
    from session_files import bombs

    for what, data in bombs(good):
        tracemalloc.start()
        before = tracemalloc.get_traced_memory()[0]
        refusal(data, what)
        peak = tracemalloc.get_traced_memory()[1] - before
        tracemalloc.stop()
        most = 5 if what.endswith("0 parts") else 70
        assert peak < most << 20, (what, peak)


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (lambda path: None, "odd.zfdesk does not exist."),
        (lambda path: path.mkdir(), "odd.zfdesk is a folder, not a file."),
        (lambda path: path.write_bytes(b""), "odd.zfdesk is empty."),
        (lambda path: os.mkfifo(path), "odd.zfdesk is not an ordinary file, so it is not opened."),
        (lambda path: path.symlink_to("nowhere"), "odd.zfdesk is a link to a file that does not exist."),
        (lambda path: path.write_text("hello"), "odd.zfdesk cannot be opened as a session: it is not such a file."),
    ],
)
def test_what_is_no_file(make: Any, sentence: str, tmp_path: Path) -> None:
    make(tmp_path / "odd.zfdesk")
    with pytest.raises(SessionError) as caught:
        session.load_session(tmp_path / "odd.zfdesk")
    assert str(caught.value) == sentence


def test_what_is_a_session(good: bytes, tmp_path: Path) -> None:
    for name, data in {"a.zfdesk": b"", "b.ZFDESK": b"x", "download": good}.items():
        (tmp_path / name).write_bytes(data)
        assert session.is_session(tmp_path / name)
    for name, data in {"a.png": b"\x89PNG", "b.zip": good[30:], "c": b""}.items():
        (tmp_path / name).write_bytes(data)
        assert not session.is_session(tmp_path / name)
    assert not session.is_session(tmp_path / "nowhere")
    assert not session.is_session(tmp_path)


# Writing whole or not at all

WRITER = """
import sys
from pathlib import Path
from zfdesk import session
kept = session.from_bytes(Path(sys.argv[2]).read_bytes())
{before}
try:
    session.save_session(kept, Path(sys.argv[1]))
except session.SessionError as error:
    print(error)
"""


def write_elsewhere(before: str, old: Path, new: Path) -> subprocess.CompletedProcess[str]:
    """Another process saves over ``old``."""
    return subprocess.run(
        [sys.executable, "-c", WRITER.format(before=before), str(old), str(new)],
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}, capture_output=True, text=True, timeout=120,
    )  # fmt: skip


@pytest.fixture
def old_and_new(tmp_path: Path, good: bytes, model: zf.Model) -> tuple[Path, Path]:
    """A saved session in a folder of its own, and another one elsewhere."""
    (tmp_path / "kept").mkdir()
    old, new = tmp_path / "kept" / "a.zfdesk", tmp_path / "new"
    old.write_bytes(good)
    new.write_bytes(session.to_bytes(Session(session.moment_of(result_of(model, View(layer="conv5"))))))
    return old, new


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such limit to set")
def test_a_full_disk_leaves_the_old_file(old_and_new: tuple[Path, Path], good: bytes) -> None:
    old, new = old_and_new
    limit = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (5000, 5000))"
    done = write_elsewhere(limit, old, new)
    assert (done.returncode, done.stdout) == (0, "a.zfdesk was not saved: file too large.\n"), done.stderr
    assert old.read_bytes() == good
    assert list(old.parent.iterdir()) == [old]


def test_no_space_is_told(model: zf.Model, good: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(number: int) -> None:
        raise OSError(28, "No space left on device")

    path = tmp_path / "a.zfdesk"
    path.write_bytes(good)
    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(SessionError, match=r"^a\.zfdesk was not saved: no space left on device\.$"):
        session.save_session(session.from_bytes(good), path)
    assert path.read_bytes() == good
    assert list(tmp_path.iterdir()) == [path]


def test_a_crash_while_writing_leaves_the_old_file(old_and_new: tuple[Path, Path], good: bytes) -> None:
    old, new = old_and_new
    done = write_elsewhere("import os; os.fsync = lambda number: os._exit(3)", old, new)
    assert done.returncode == 3, done.stderr
    assert old.read_bytes() == good
    assert {path.suffix for path in old.parent.iterdir()} == {".zfdesk", ".part"}


def test_a_good_write_replaces_the_old_file(old_and_new: tuple[Path, Path]) -> None:
    old, new = old_and_new
    assert write_elsewhere("", old, new).returncode == 0
    assert old.read_bytes() == new.read_bytes()


def test_a_place_that_cannot_be(good: bytes, tmp_path: Path) -> None:
    kept = session.from_bytes(good)
    (tmp_path / "folder.zfdesk").mkdir()
    with pytest.raises(SessionError, match="there is a folder of that name"):
        session.save_session(kept, tmp_path / "folder.zfdesk")
    with pytest.raises(SessionError, match="no such file or directory"):
        session.save_session(kept, tmp_path / "nowhere" / "a.zfdesk")


# Opened again


def test_reopened_it_is_the_same(model: zf.Model, good: bytes) -> None:
    before = full_session(model)
    again = session.reopen(session.from_bytes(good), model)
    assert (again.model, again.view, again.notes) == (model, full_view(), ())
    assert np.array_equal(again.result.picture, before.moment.arrays["picture"])
    assert np.array_equal(again.result.probabilities, before.moment.arrays["probabilities"])
    assert np.array_equal(again.snapshots["A"].unit.map, before.snapshots["A"].arrays["unit_map"])


def test_other_weights_of_the_same_name_are_told(model: zf.Model, good: bytes) -> None:
    other = dataclasses.replace(model, sha256="ab" * 32)
    again = session.reopen(session.from_bytes(good), other)
    assert again.model is other
    assert again.notes == (
        "It was saved with other weights called layered (without a file) than those here (SHA-256 abababab): the "
        "answers differ.",
        "Snapshot A was taken with other weights and is left out.",
        "Its sweep was made with other weights and is left out.",
    )
    assert again.view == full_view()


def test_another_network_shows_what_it_can(good: bytes) -> None:
    layers = (zf.Conv("conv1", 6, 3, 1, 1), zf.ReLU("r"), zf.Conv("conv2", 9, 3, 2), zf.Linear("f", 5), zf.Softmax("p"))
    tiny = dataclasses.replace(zf.random_model(zf.Architecture("tiny", "Tiny", layers, size=24)), name="tiny")
    again = session.reopen(session.from_bytes(good), tiny)
    assert again.notes == (
        "It was saved with the weights layered (layered, without a file), which are not installed: tiny (without a "
        "file) answers differently.",
        "tiny has no layer conv4: conv2 is shown.",
        "tiny does not have the unit that was kept as the origin.",
        "1 pinned units and 0 watched classes are not in tiny and were left out.",
        "Snapshot A was taken with other weights and is left out.",
        "Its sweep was made with other weights and is left out.",
    )
    assert (again.view.layer, again.view.unit, again.view.position) == ("conv2", 5, (3, 4))
    assert again.view.occluders == full_view().occluders
    assert np.array_equal(again.result.request.frame.pixels, frame_of().pixels)


def test_weights_are_found_by_their_hash(home: Path, model: zf.Model, good: bytes) -> None:
    embedded = zfdesk.weights.load()

    def edit(head: dict[str, Any]) -> None:
        head["moment"]["network"] = to_plain(network_facts(embedded)) | {"name": "renamed since"}
        head["snapshots"] = {}
        head["sweep"] = None

    again = session.reopen(session.from_bytes(with_head(good, edit)), model)
    assert again.model.sha256 == embedded.sha256
    assert again.model.name == store.embedded().stem
    assert [note for note in again.notes if "weights" in note] == []
    assert session.reopen(session.from_bytes(with_head(good, edit)), model, switch=False).model is model


def test_the_version_that_wrote_it_is_told(model: zf.Model, good: bytes) -> None:
    old = session.from_bytes(with_head(good, lambda head: head.update(zfdesk="0.0.1")))
    assert session.reopen(old, model).notes == (f"It was saved by zfdesk 0.0.1; this is {__version__}.",)


def test_other_answers_than_the_saved_ones_are_told(model: zf.Model, good: bytes) -> None:
    kept = session.from_bytes(good)
    probabilities = kept.moment.arrays["probabilities"] + np.float32(0.125)
    moment = dataclasses.replace(kept.moment, arrays={**kept.moment.arrays, "probabilities": probabilities})
    assert session.reopen(dataclasses.replace(kept, moment=moment), model).notes == (
        "Computed here, its probabilities differ from the saved ones by up to 12.5 points.",
    )


@pytest.mark.parametrize(
    ("change", "seen", "words"),
    [
        ({"unit": 99}, {"unit": 23}, "conv4 has no unit 99: 23 is shown."),
        ({"unit": -1}, {"unit": 0}, "conv4 has no unit -1: 0 is shown."),
        ({"position": (16, 0)}, {"position": None, "seed": zf.SeedKind.MAX}, "The position (16, 0) lies outside"),
        ({"origin": UnitReference("conv5", 12)}, {"origin": None}, "kept as the origin"),
        ({"watched": (1, 5)}, {"watched": (1,)}, "0 pinned units and 1 watched classes"),
        ({"pins": (UnitReference("conv5", 0),) * 9}, {"pins": (UnitReference("conv5", 0),) * 8}, "1 pinned units"),
        ({"chosen_occluder": 7}, {"chosen_occluder": -1}, ""),
    ],
)  # fmt: skip
def test_what_the_network_does_not_have(change: dict, seen: dict, words: str, model: zf.Model) -> None:
    view, notes = fitting_view(full_view().change(**change), model)
    assert view == full_view().change(**seen)
    assert words in " ".join(notes)
    assert len(notes) == bool(words)
    assert fitting_view(view, model) == (view, [])


def test_no_view_that_a_file_can_hold_breaks_the_worker(model: zf.Model) -> None:
    """Extreme numbers, the right types: computed, or refused in a sentence."""
    big, frame = 2**31 - 1, frame_of()
    views = [
        *(View(layer="conv4", crop=Crop(CropMode.CROP, x, y, side)) for x in (-1e12, 0.5, 1e12) for y in (0.5, 1e12)
          for side in (-1e12, 0.0, 1e-12, 1e12)),
        *(View(layer="conv4", occluders=tuple(zf.Occluder(y, x, side, 1, shape, fill) for fill in zf.OccluderFill))
          for y in (-big, 0, big) for x in (-big, big) for side in (1, big) for shape in zf.OccluderShape),
        *(View(layer="conv4", maps=MapsDisplay(boost=boost, gamma=gamma, locked=(low, 0.0)))
          for boost in (-1e12, 0.0, 1e12) for gamma in (-1e12, 0.0, 1e12) for low in (-1e12, 1e12)),
        *(View(layer="conv4", seed=kind, seed_count=k) for kind in zf.SeedKind for k in (-big, 0, big)),
    ]  # fmt: skip
    for view in views:
        moment = FrameRecord(view, frame, network_facts(model))
        kept = session.from_bytes(session.to_bytes(Session(moment)))
        with contextlib.suppress(SessionError):  # nothing else
            assert session.reopen(kept, model).view == view
