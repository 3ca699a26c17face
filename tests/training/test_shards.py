"""Packing: what is stored is what the teacher saw; the same plan gives the same shards, also after an interruption."""

from __future__ import annotations

import errno
import io
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from shard_tools import ColourTeacher, arrays, members, write_pictures

from zfdesk.cli import main
from zfdesk.training import shard_writer
from zfdesk.training.data import open_pictures
from zfdesk.training.errors import ShardsError
from zfdesk.training.pack_plan import PackPlan, labelled_pictures, pictures_of
from zfdesk.training.shard_views import ViewPlan
from zfdesk.training.shard_writer import BATCH
from zfdesk.training.shards import pack

CLASSES = tuple(f"colour {number}" for number in range(12))


@pytest.fixture
def plan(tmp_path: Path) -> PackPlan:
    """130 views of 26 pictures, a third of them mixtures."""
    paths = write_pictures(tmp_path / "pictures", 26)
    return PackPlan(tuple(paths), ViewPlan(56, 0.33), (), CLASSES, repeats=5, seed=7)


@pytest.fixture
def small_shards(monkeypatch: pytest.MonkeyPatch) -> int:
    """The largest shard in bytes, so that the plan needs three or four."""
    monkeypatch.setattr(shard_writer, "SHARD_BYTES", 220_000)
    return 220_000


def packed(plan: PackPlan, folder: Path, teacher: ColourTeacher | None = None, **options: object) -> dict[str, bytes]:
    """Pack, and all files of the folder by name."""
    pack(plan, folder, teacher or ColourTeacher(), **options)  # type: ignore[arg-type]
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_the_teacher_saw_exactly_what_is_stored(plan: PackPlan, tmp_path: Path) -> None:
    pack(plan, tmp_path / "out", ColourTeacher())  # type: ignore[arg-type]
    found, teacher = members(tmp_path / "out"), ColourTeacher()
    assert len(found) == 2 * len(plan) == 260
    for name, data in found.items():
        if name.endswith(".jpg"):
            image = Image.open(io.BytesIO(data))
            assert image.size == (56, 56)
            logits, embedding = teacher.ask(teacher.fitted(image)[None])
            stored = arrays(found[name.replace(".jpg", ".npz")])
            assert stored["logits"].dtype == stored["embedding"].dtype == np.float16
            assert np.array_equal(stored["logits"], logits[0].astype(np.float16))
            assert np.array_equal(stored["embedding"], embedding[0].astype(np.float16))


def test_the_reader_of_the_training_room_reads_them(plan: PackPlan, tmp_path: Path, small_shards: int) -> None:
    pack(plan, tmp_path / "out", ColourTeacher(), source="test pictures")  # type: ignore[arg-type]
    pictures = open_pictures(str(tmp_path / "out"))
    assert len(pictures) == 130
    assert pictures.classes == CLASSES
    assert (pictures.teacher_classes, pictures.embedding) == (12, 3)
    entry, teacher = pictures.read(77), ColourTeacher()
    assert entry.answers is not None
    expected, _ = teacher.ask(teacher.fitted(Image.open(io.BytesIO(entry.data)))[None])
    assert np.array_equal(entry.answers.logits, expected[0].astype(np.float16))


def test_the_description_and_the_size_of_shards(plan: PackPlan, tmp_path: Path, small_shards: int) -> None:
    packed(plan, tmp_path / "out", source="test pictures")
    told = json.loads((tmp_path / "out/shards.json").read_text())
    assert (told["format"], told["side"], told["views"]) == ("zfdesk-shards-1", 56, 130)
    assert told["classes"] == list(CLASSES)
    assert told["teacher"] == {"name": "colours", "sha256": "c0ffee"}
    assert told["source"] == "test pictures"
    assert told["complete"] is True
    files = sorted((tmp_path / "out").glob("*.tar"))
    assert [shard["file"] for shard in told["shards"]] == [file.name for file in files]
    assert len(files) >= 3
    assert [shard["bytes"] for shard in told["shards"]] == [file.stat().st_size for file in files]
    assert max(file.stat().st_size for file in files) <= small_shards
    assert sum(shard["views"] for shard in told["shards"]) == 130


def test_a_shard_travels() -> None:
    assert shard_writer.SHARD_BYTES < 60_000_000


def test_the_seed_decides(plan: PackPlan, tmp_path: Path, small_shards: int) -> None:
    one, same = packed(plan, tmp_path / "a"), packed(plan, tmp_path / "b", threads=5)
    assert one == same
    other = packed(replace(plan, seed=8), tmp_path / "c")
    common = set(members(tmp_path / "a").values()) & set(members(tmp_path / "c").values())
    assert len(common) < 60  # of 260: whole pictures are the same whatever the seed
    assert other.keys() == one.keys()
    views = [
        [replace(plan, pictures=plan.pictures[:1], seed=seed).view_at(place) for place in range(5)] for seed in (1, 2)
    ]
    assert len(set(views[0] + views[1])) >= 7  # also of the same picture; one in eight is whole


def test_every_picture_has_its_views_in_mixed_order(plan: PackPlan) -> None:
    assert np.bincount(plan.order).tolist() == [5] * 26
    assert len(set(plan.order[:BATCH].tolist())) > 15


@pytest.mark.parametrize("batches", [1, 2, 3, 4])
def test_goes_on_after_an_interruption(plan: PackPlan, tmp_path: Path, small_shards: int, batches: int) -> None:
    whole = packed(plan, tmp_path / "whole")
    with pytest.raises(KeyboardInterrupt):
        pack(plan, tmp_path / "out", ColourTeacher(stop_after=batches))  # type: ignore[arg-type]
    cut = json.loads((tmp_path / "out/shards.json").read_text())
    assert cut["complete"] is False
    teacher = ColourTeacher()
    assert packed(plan, tmp_path / "out", teacher) == whole
    assert sum(teacher.asked) == 130 - cut["views"]  # whole shards are not made again


def test_what_a_killed_process_leaves_is_no_harm(plan: PackPlan, tmp_path: Path, small_shards: int) -> None:
    """Killed while it wrote the third shard, and after the second but before its line in shards.json."""
    whole = packed(plan, tmp_path / "out")
    out = tmp_path / "out"
    told = json.loads(whole["shards.json"])
    told |= {"complete": False, "shards": told["shards"][:1], "views": told["shards"][0]["views"]}
    (out / "shards.json").write_text(json.dumps(told))
    for file in sorted(out.glob("*.tar"))[2:]:
        file.unlink()
    (out / ".views-00002.tar.ab12cd34.part").write_bytes(b"half a shard")
    assert packed(plan, out) == whole


def test_what_is_done_is_not_done_again(plan: PackPlan, tmp_path: Path) -> None:
    whole, teacher = packed(plan, tmp_path / "out"), ColourTeacher()
    assert packed(plan, tmp_path / "out", teacher) == whole
    assert teacher.asked == []


@pytest.mark.parametrize("change", [{"seed": 8}, {"repeats": 4}, {"quality": 80}, {"view": ViewPlan(56, 0.2)}])
def test_other_settings_do_not_mix(plan: PackPlan, tmp_path: Path, change: dict) -> None:
    whole = packed(plan, tmp_path / "out")
    with pytest.raises(ShardsError, match="other pictures or settings"):
        pack(replace(plan, **change), tmp_path / "out", ColourTeacher())  # type: ignore[arg-type]
    assert {path.name: path.read_bytes() for path in (tmp_path / "out").iterdir()} == whole


def test_foreign_and_damaged_folders_are_told(plan: PackPlan, tmp_path: Path, small_shards: int) -> None:
    (tmp_path / "foreign").mkdir()
    (tmp_path / "foreign/x.tar").write_bytes(b"")
    with pytest.raises(ShardsError, match="holds other shards"):
        packed(plan, tmp_path / "foreign")
    packed(plan, tmp_path / "out")
    (tmp_path / "out/views-00001.tar").write_bytes(b"rubbish" * 100)
    with pytest.raises(ShardsError, match=r"views-00001\.tar is damaged"):
        packed(plan, tmp_path / "out")
    (tmp_path / "out/shards.json").write_text("{")
    with pytest.raises(ShardsError, match=r"shards\.json is damaged"):
        packed(plan, tmp_path / "out")


def test_unreadable_pictures_are_named_and_left_out(tmp_path: Path) -> None:
    paths = write_pictures(tmp_path / "pictures", 40)
    (tmp_path / "pictures/3.jpg").write_bytes(b"\xff\xd8\xff rubbish")
    (tmp_path / "pictures/7.png").unlink()
    said: list[str] = []
    done = pack(
        PackPlan(tuple(paths), ViewPlan(32)),
        tmp_path / "out",
        ColourTeacher(),
        on_message=said.append,  # type: ignore[arg-type]
    )
    assert done.views == 38
    assert sorted(Path(path).name for path in done.skipped) == ["3.jpg", "7.png"]
    assert any("3.jpg is damaged" in words for words in said)
    assert any("7.png does not exist" in words for words in said)


def test_a_full_disk_is_told_and_whole_shards_stay(
    plan: PackPlan, tmp_path: Path, small_shards: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole, real = packed(plan, tmp_path / "whole"), shard_writer.write_whole

    def full(path: Path, parts: object) -> None:
        if path.name == "views-00001.tar":
            raise OSError(errno.ENOSPC, "No space left on device")
        real(path, parts)  # type: ignore[arg-type]

    with monkeypatch.context() as patch:
        patch.setattr(shard_writer, "write_whole", full)
        with pytest.raises(ShardsError, match=r"views-00001\.tar cannot be written: no space left on device"):
            packed(plan, tmp_path / "out")
    assert (tmp_path / "out/views-00000.tar").read_bytes() == whole["views-00000.tar"]
    assert packed(plan, tmp_path / "out") == whole


def test_pictures_of_files_folders_and_lists(tmp_path: Path) -> None:
    paths = write_pictures(tmp_path / "a/b", 12)
    (tmp_path / "a/.hidden").mkdir()
    (tmp_path / "a/.hidden/x.jpg").write_bytes(b"")
    (tmp_path / "a/notes.md").write_text("")
    (tmp_path / "list.txt").write_text("a/b/0.jpg\n\na/b/0.jpg\n" + paths[4] + "\n")
    assert pictures_of([str(tmp_path / "a")]) == paths
    assert pictures_of([paths[3], str(tmp_path / "list.txt")]) == [paths[3], paths[0], paths[0], paths[4]]
    some = pictures_of([str(tmp_path / "a")], most=5, seed=1)
    assert len(some) == 5
    assert some == [path for path in paths if path in some]
    assert some != pictures_of([str(tmp_path / "a")], most=5, seed=2)
    (tmp_path / "empty").mkdir()
    for wrong, words in (("empty", "no pictures"), ("gone", "does not exist")):
        with pytest.raises(ShardsError, match=words):
            pictures_of([str(tmp_path / wrong)])


def test_a_labelled_folder_and_its_validation(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for part, names in (("train", ("ant", "bee", "cow")), ("val", ("cow", "bee"))):
        for number, name in enumerate(names):
            write_pictures(tmp_path / f"data/{part}/{name}", 4, number)
    out, val = str(tmp_path / "out"), str(tmp_path / "val-out")
    assert main(["shards", str(tmp_path / "data"), "-o", out, "--views", "3", "--side", "40"]) == 0
    assert "36 views in 1 shard " in capsys.readouterr().out
    pictures = open_pictures(out)
    assert pictures.classes == ("ant", "bee", "cow")
    assert pictures.labelled
    found = [pictures.label(index) for index in range(36)]
    assert np.bincount(found).tolist() == [12, 12, 12]
    plan = PackPlan(*_as_plan(tmp_path / "data"), repeats=3)
    assert found == [plan.labels[picture] for picture in plan.order]

    assert main(["shards", str(tmp_path / "data/val"), "-o", val, "--validation-of", out, "--json"]) == 0
    facts = json.loads(capsys.readouterr().out)
    assert (facts["folder"], facts["views"], facts["shards"], facts["made"], facts["unreadable"]) == (val, 8, 1, 8, [])
    beside = open_pictures(val)
    assert beside.classes == ("ant", "bee", "cow")
    assert [beside.label(index) for index in range(8)] == [1] * 4 + [2] * 4
    first = Image.open(io.BytesIO(beside.read(0).data))
    original = Image.open(tmp_path / "data/val/bee/0.jpg")
    side = min(original.size)
    left, top = (original.width - side) / 2, (original.height - side) / 2
    middle = original.resize((40, 40), Image.Resampling.BICUBIC, box=(left, top, left + side, top + side))
    assert np.abs(np.asarray(first).astype(int) - np.asarray(middle)).mean() < 3  # but for the JPEG


def _as_plan(folder: Path) -> tuple[tuple[str, ...], ViewPlan, tuple[int, ...], tuple[str, ...]]:
    paths, labels, classes = labelled_pictures(str(folder))
    return tuple(paths), ViewPlan(40), tuple(labels), classes


def test_the_verb_tells_what_is_wrong(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "data"
    for name in ("ant", "bee"):
        write_pictures(folder / name, 2)
    (tmp_path / "one/x").mkdir(parents=True)
    out = ["-o", str(tmp_path / "out")]
    for words, sentence in (
        ([str(folder), *out, "--mixtures", "0.5"], "--mixtures needs a --teacher"),
        ([str(folder), *out, "--teacher", "lite7"], "lite7 is no teacher"),
        ([str(tmp_path / "one"), *out], "labels need a folder for each of two classes"),
        ([str(tmp_path / "gone"), *out], "does not exist"),
        ([str(folder), str(folder), *out], "one folder is packed"),
        ([str(folder), *out, "--validation-of", str(folder)], "holds no shards"),
        ([str(folder), *out, "--validation-of", str(folder), "--views", "2"], "leave out --mixtures and --views"),
        ([str(folder), "-o", str(folder / "ant/0.jpg/x")], "cannot be made"),
    ):
        assert main(["shards", *words]) == 1
        told = capsys.readouterr().err
        assert sentence in told
        assert told.count("\n") == 1
    for words in ([str(folder)], [*out], [str(folder), *out, "--side", "8"], [str(folder), *out, "--mixtures", "2"]):
        assert main(["shards", *words]) == 2
    capsys.readouterr()
    (folder / "ant/1.png").write_bytes(b"rubbish")
    assert main(["shards", str(folder), *out]) == 1
    told = capsys.readouterr()
    assert "1.png" in told.err
    assert "3 views in 1 shard " in told.out
