"""The weights folder: what is kept, chosen and remembered, and what happens when it goes missing."""

from __future__ import annotations

import json
import os
import threading
from pathlib import Path

import pytest
from embedded import FACTS, NAME

import zfdesk.engine as zf
import zfdesk.weights
from zfdesk.weights import store


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty place for the user's data."""
    place = tmp_path / "home"
    monkeypatch.setenv("ZFDESK_HOME", str(place))
    return place


@pytest.fixture(scope="module")
def small() -> zf.Model:
    model = zf.random_model(zf.ARCHITECTURES["zfnet-no3467"](3), seed=2)
    return zf.Model(model.architecture, model.weights, provenance="made by a test\nfrom nothing", trained=False)


def test_a_new_user_has_the_embedded_network(home: Path) -> None:
    (entry,) = store.list_weights()
    assert (entry.name, entry.architecture, entry.classes) == (NAME, "zfnet", 1000)
    assert (entry.in_use, entry.embedded, entry.error) == (True, True, "")
    assert entry.bytes == FACTS.bytes
    assert entry.sha256 == zfdesk.weights.load().sha256
    assert store.current() is None
    assert store.load_current()[1] == ""
    assert not home.exists()  # looking makes nothing


def test_keep_choose_and_return(home: Path, small: zf.Model) -> None:
    path = store.add(small, "mine")
    assert path == home / "weights" / "mine.safetensors"
    assert store.current() is None  # kept is not chosen
    store.use("mine")
    assert store.current() == path
    model, words = store.load_current()
    assert (model.sha256, words, model.name) == (store.list_weights()[1].sha256, "", "mine")
    embedded, mine = store.list_weights()
    assert (embedded.in_use, mine.in_use, mine.embedded) == (False, True, False)
    assert (mine.provenance, mine.trained, mine.classes) == ("made by a test", False, 3)
    store.use(NAME)
    assert store.current() is None
    assert [entry.in_use for entry in store.list_weights()] == [True, False]
    assert sorted(entry.name for entry in home.rglob("*")) == ["mine.safetensors", "weights", "weights.json"]


def test_a_changed_file_is_hashed_again(home: Path, small: zf.Model) -> None:
    path = store.add(small, "mine")
    before = store.list_weights()[1].sha256
    path.write_bytes(path.read_bytes()[:-1] + b"\0")
    os.utime(path, ns=(1, 1))
    assert store.list_weights()[1].sha256 != before
    path.unlink()
    assert store.StoredWeights("mine", path, 0, False, False).sha256 == ""


def test_a_vanished_choice_falls_back_in_words(home: Path, small: zf.Model) -> None:
    path = store.add(small, "mine")
    store.use("mine")
    path.unlink()
    model, words = store.load_current()
    assert model.architecture.name == "zfnet"
    assert words == "The chosen weights 'mine' are no longer there: the embedded network is in use."
    assert store.current() is None
    assert store.list_weights()[0].in_use


def test_a_damaged_choice_falls_back_in_words(home: Path, small: zf.Model) -> None:
    path = store.add(small, "mine")
    store.use("mine")
    data = path.read_bytes()
    path.write_bytes(data[:-100])
    model, words = store.load_current()
    assert model.architecture.name == "zfnet"
    assert "cut short" in words
    assert words.endswith("The embedded network is in use.")
    entry = store.list_weights()[1]
    assert (entry.name, entry.in_use, entry.architecture) == ("mine", True, "")
    assert "cut short" in entry.error


def test_damaged_weights_cannot_be_chosen_and_the_choice_stays(home: Path, small: zf.Model) -> None:
    store.add(small, "good")
    path = store.add(small, "bad")
    store.use("good")
    data = bytearray(path.read_bytes())
    data[-5] ^= 4
    path.write_bytes(data)
    with pytest.raises(zfdesk.weights.CheckpointError, match="do not match the hash"):
        store.use("bad")
    with pytest.raises(
        zfdesk.weights.CheckpointError, match=rf"no weights called 'none'; there are {NAME}, bad, good\.$"
    ):
        store.use("none")
    assert store.current() == home / "weights" / "good.safetensors"


def test_what_was_just_loaded_is_not_loaded_again(home: Path, small: zf.Model, monkeypatch: pytest.MonkeyPatch) -> None:
    store.add(small, "mine")
    loads: list[Path] = []
    monkeypatch.setattr(store, "load", loads.append)
    store.use("mine", loaded=True)
    assert (store.current(), loads) == (home / "weights" / "mine.safetensors", [])
    store.use("mine")
    assert loads == [home / "weights" / "mine.safetensors"]


@pytest.mark.parametrize(
    "note", [b"", b"{", b"[]", b'{"use": 3}', b'{"use": "../../etc/passwd"}', b'{"use": ""}', b"\xff", b"{" * 70_000]
)
def test_a_damaged_note_means_the_embedded_network(note: bytes, home: Path) -> None:
    home.mkdir()
    (home / "weights.json").write_bytes(note)
    assert store.current() is None
    assert store.load_current()[0].name == NAME
    assert store.list_weights()[0].in_use


def test_a_note_that_is_a_folder_and_a_folder_that_is_a_file(home: Path, small: zf.Model) -> None:
    (home / "weights.json").mkdir(parents=True)
    (home / "weights").write_bytes(b"")
    assert store.load_current()[1] == ""
    assert len(store.list_weights()) == 1
    with pytest.raises(zfdesk.weights.CheckpointError, match="cannot be made"):
        store.add(small, "mine")
    with pytest.raises(zfdesk.weights.CheckpointError, match="cannot be remembered"):
        store.use(NAME)


@pytest.mark.parametrize(
    "name",
    [
        "",
        ".",
        "..",
        "../x",
        "a/b",
        "a\\b",
        "/abs",
        "C:x",
        ".hidden",
        "-flag",
        "x" * 65,
        "nul",
        "COM1.txt",
        "a b",
        "a\n",
    ],
)
def test_names_that_are_none_for_a_file(name: str, home: Path, small: zf.Model) -> None:
    with pytest.raises(zfdesk.weights.CheckpointError, match="is not a name for weights"):
        store.add(small, name)
    with pytest.raises(zfdesk.weights.CheckpointError, match="is not a name for weights"):
        store.find_weights(name)
    assert not home.exists()


@pytest.mark.parametrize("name", ["mine", NAME, NAME.upper()])
def test_taken_names(name: str, home: Path, small: zf.Model) -> None:
    if name == "mine":
        store.add(small, name)
    with pytest.raises(zfdesk.weights.CheckpointError, match="There are already weights called"):
        store.add(small, name)


def test_free_names_for_imported_files(home: Path, small: zf.Model) -> None:
    assert store.name_for(Path("alexnet-owt-7be5be79.pth")) == "alexnet-owt-7be5be79"
    assert store.name_for(Path("my weights (3).pth")) == "my-weights-3"
    assert store.name_for(Path(f"{NAME}.safetensors")) == f"{NAME}-2"
    assert store.name_for(Path("nul.pth")) == "weights"
    assert store.name_for(Path("....pth")) == "weights"
    store.add(small, "weights")
    assert store.name_for(Path("con.pth")) == "weights-2"


def test_strange_company_in_the_folder(home: Path, small: zf.Model) -> None:
    store.add(small, "mine")
    (home / "weights" / "notes.txt").write_text("hello")
    (home / "weights" / ".mine.1234.part").write_bytes(b"")
    (home / "weights" / "folder.safetensors").mkdir()
    names = {entry.name: entry.error for entry in store.list_weights()}
    assert list(names) == [NAME, "folder", "mine"]
    assert "is a folder" in names["folder"]


def test_without_the_variable_it_is_the_systems_place(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ZFDESK_HOME", raising=False)
    assert store.folder().parts[-2:] == ("zfdesk", "weights")
    monkeypatch.setenv("ZFDESK_HOME", "")
    assert store.home().is_absolute()


def test_the_note_is_plain(home: Path, small: zf.Model) -> None:
    store.add(small, "Übung")
    store.use("Übung")
    assert json.loads((home / "weights.json").read_text(encoding="utf-8")) == {"use": "Übung"}


def test_of_two_programs_that_keep_one_name_one_is_told(home: Path, small: zf.Model, tmp_path: Path) -> None:
    """Both look at the same moment and find the name free: the barrier is where each has written its file."""
    other = zf.Model(small.architecture, small.weights, provenance="another", trained=False)
    both, saved, told = threading.Barrier(2), store.save, []

    def save_and_wait(model: zf.Model, path: Path) -> str:
        digest = saved(model, path)
        both.wait(20)
        return digest

    def keep(model: zf.Model) -> None:
        try:
            store.add(model, "mine")
        except zfdesk.weights.CheckpointError as error:
            told.append((model.provenance, str(error)))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(store, "save", save_and_wait)
        threads = [threading.Thread(target=keep, args=(model,)) for model in (small, other)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
    ((loser, sentence),) = told
    assert "already weights called 'mine'" in sentence
    kept = zfdesk.weights.load(store.find_weights("mine"))
    assert kept.provenance != loser
    assert [path.name for path in store.folder().iterdir()] == ["mine.safetensors"]


def test_what_was_kept_can_be_deleted_but_not_what_is_in_use(home: Path, small: zf.Model) -> None:
    path = store.add(small, "mine")
    store.use("mine")
    with pytest.raises(zfdesk.weights.CheckpointError, match="mine is in use"):
        store.remove_weights("mine")
    assert path.exists()
    store.use(NAME)
    store.remove_weights("mine")
    assert not path.exists()
    assert [entry.name for entry in store.list_weights()] == [NAME]
    with pytest.raises(zfdesk.weights.CheckpointError, match="ships with the program"):
        store.remove_weights(NAME)
    with pytest.raises(zfdesk.weights.CheckpointError, match="no weights called"):
        store.remove_weights("mine")
