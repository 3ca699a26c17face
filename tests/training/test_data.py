"""Pictures from folders, shards and manifests; batches that depend on the step alone."""

from __future__ import annotations

import io
import json
import shutil
import tarfile
from pathlib import Path

import numpy as np
import pytest
import tiny
from PIL import Image

from zfdesk.training.data import JoinedPictures, PictureDataset, open_all, open_pictures, order
from zfdesk.training.errors import PicturesGoneError, TrainingError
from zfdesk.training.loader import Batch, Loader, Unreadable, validation_batches
from zfdesk.training.plan import TrainingPlan
from zfdesk.training.recipe import MODERN, PAPER, TrainRecipe, changed
from zfdesk.training.views import part_seen, rng, shifted, validation_view, view_of

WHOLE = changed(MODERN, {"view": "whole", "jitter": "0", "flip": "no", "sides": "40", "batch": "8", "epochs": "3"})


def loader(
    pictures: PictureDataset, recipe: TrainRecipe = WHOLE, threads: int = 2, share: tuple[int, int] = (0, 1), **more
) -> Loader:
    """With its complaints in ``said``."""
    said: list[str] = []
    made = Loader(pictures, TrainingPlan(recipe, len(pictures), 32), 5, threads, said.append, share, **more)
    made.said = said  # type: ignore[attr-defined]
    return made


def all_batches(pictures: PictureDataset, first: int = 0, last: int = 6, **how) -> list[Batch]:
    """The batches of some steps."""
    made = loader(pictures, **how)
    try:
        return list(made.batches(first, last))
    finally:
        made.close()


def test_a_folder_by_class(folder: Path) -> None:
    """Classes are the folders in order; every picture has its folder's label."""
    pictures = open_pictures(str(folder))
    assert pictures.classes == ("a", "b", "c")
    assert len(pictures) == 24
    assert [pictures.read(index).label for index in range(24)] == [0] * 8 + [1] * 8 + [2] * 8
    assert pictures.name(9) == str(Path("b") / "001.jpg")
    assert pictures.read(9).data == (folder / "b" / "001.jpg").read_bytes()


def test_train_and_val_beside_each_other(folder: Path, tmp_path: Path) -> None:
    """DATA/train is trained on, DATA/val is validated on."""
    shutil.copytree(folder, tmp_path / "train")
    shutil.copytree(folder / "a", tmp_path / "val" / "a")
    assert len(open_pictures(str(tmp_path))) == 24
    assert len(open_pictures(str(tmp_path), "val")) == 8


def test_shards_hold_what_was_put_into_them(shards: Path) -> None:
    """Against a plain walk with tarfile and numpy."""
    pictures, place = open_pictures(str(shards)), 0
    assert (len(pictures), pictures.teacher_classes, pictures.embedding, pictures.labelled) == (24, 3, 5, True)
    for path in sorted(shards.glob("*.tar")):
        with tarfile.open(path) as tar:
            for member in tar:
                file = tar.extractfile(member)
                assert file is not None
                data = file.read()
                entry = pictures.read(place)
                if member.name.endswith(".jpg"):
                    assert entry.data == data
                    assert pictures.name(place) == f"{path.name}/{member.name[:-4]}"
                elif member.name.endswith(".cls"):
                    assert entry.label == pictures.label(place) == int(data)
                else:
                    arrays = np.load(io.BytesIO(data))
                    assert entry.answers is not None
                    np.testing.assert_array_equal(entry.answers.logits, arrays["logits"])
                    np.testing.assert_array_equal(entry.answers.embedding, arrays["embedding"])
                    place += 1
    assert place == 24


def test_compressed_answers_are_read_too(shards: Path, tmp_path: Path) -> None:
    """numpy's savez_compressed, and float32 arrays."""
    view = io.BytesIO()
    Image.fromarray(tiny.picture(1, 1)).save(view, "JPEG")
    answers = io.BytesIO()
    np.savez_compressed(answers, logits=np.arange(3, dtype=np.float32), embedding=np.ones(2, np.float16))
    with tarfile.open(tmp_path / "one.tar", "w") as tar:
        for name, data in (
            ("x.y.jpg", b"odd"),
            ("x.jpg", view.getvalue()),
            ("x.npz", answers.getvalue()),
            ("x.cls", b"2\n"),
        ):
            member = tarfile.TarInfo(name)
            member.size = len(data)
            tar.addfile(member, io.BytesIO(data))
    pictures = open_pictures(str(tmp_path))
    entry = pictures.read(0)
    assert pictures.classes == ("class 0", "class 1", "class 2")
    assert entry.answers is not None
    assert (entry.label, entry.data) == (2, view.getvalue())
    np.testing.assert_array_equal(entry.answers.logits, [0, 1, 2])


def test_manifests(folder: Path, tmp_path: Path) -> None:
    """Labels by name, by number, and soft ones; what soft labels leave is spread over all classes."""
    named = tmp_path / "named.csv"
    named.write_text(f"path,label\n{folder}/b/000.png,bee\n{folder}/a/000.png,ant\n")
    pictures = open_pictures(str(named))
    assert pictures.classes == ("ant", "bee")
    assert [pictures.read(index).label for index in (0, 1)] == [1, 0]
    assert pictures.read(0).data == (folder / "b" / "000.png").read_bytes()
    soft = tmp_path / "soft.jsonl"
    rows = [{"path": f"{folder}/a/000.png", "soft": [[0, 0.5], [2, 0.2]]}, {"path": f"{folder}/c/000.png", "label": 3}]
    soft.write_text("\n".join(map(json.dumps, rows)) + "\n")
    pictures = open_pictures(str(soft))
    assert pictures.classes == tuple(f"class {index}" for index in range(4))
    entry = pictures.read(0)
    np.testing.assert_allclose(entry.soft, [0.575, 0.075, 0.275, 0.075], rtol=1e-6)
    assert (entry.label, pictures.read(1).label) == (-1, 3)
    assert [pictures.label(index) for index in range(2)] == [0, 3]


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("{", "line 1: it is not a JSON object"),
        ("[1]", "not a JSON object"),
        ('{"label": 1}', "no path"),
        ('{"path": "a.jpg"}', "neither a label"),
        ('{"path": "a.jpg", "soft": [[0, 2]]}', "pairs of a class's index"),
        ('{"path": "a.jpg", "soft": [[0, 0.9], [1, 0.9]]}', "sum to 1.80"),
        ("", "lists no pictures"),
    ],
)
def test_a_wrong_manifest_is_told(tmp_path: Path, line: str, words: str) -> None:
    """One sentence; the line's number where there is one."""
    (tmp_path / "m.jsonl").write_text(line)
    with pytest.raises(TrainingError, match=words):
        open_pictures(str(tmp_path / "m.jsonl"))


def test_no_pictures_are_told(tmp_path: Path, shards: Path) -> None:
    """A missing folder, an empty one, a tar file that is none, a shard cut short, one that is missing."""
    (tmp_path / "empty").mkdir()
    for path, words in ((tmp_path / "none", "does not exist"), (tmp_path / "empty", "no pictures")):
        with pytest.raises(TrainingError, match=words):
            open_pictures(str(path))
    copy = tmp_path / "copy"
    shutil.copytree(shards, copy)
    (copy / "views-00001.tar").write_bytes((shards / "views-00001.tar").read_bytes()[:3000])
    with pytest.raises(TrainingError, match=r"views-00001.tar (is cut short|cannot be read)"):
        open_pictures(str(copy))
    (copy / "views-00001.tar").unlink()
    with pytest.raises(TrainingError, match="lacks 1 of its 3 shards"):
        open_pictures(str(copy))


def test_several_sets_are_one(folder: Path, shards: Path) -> None:
    """One behind the other; other classes are refused."""
    twice = open_all([str(shards), str(shards)])
    assert isinstance(twice, JoinedPictures)
    assert len(twice) == 48
    assert twice.read(30).data == twice.read(6).data != twice.read(7).data
    assert (twice.name(23), twice.label(47)) == (twice.name(47), twice.label(23))
    assert (twice.teacher_classes, twice.labelled) == (3, True)


@pytest.mark.parametrize("first", [0, 24])
def test_a_teacher_need_not_have_answered_to_all_sets(folder: Path, shards: Path, first: int) -> None:
    """Pictures with a class alone beside views with answers, in either order; each is learned from what it has."""
    parts = [str(shards), str(folder)] if first else [str(folder), str(shards)]
    both = open_all(parts)
    assert (len(both), both.teacher_classes, both.embedding, both.labelled) == (48, 3, 5, True)
    for batch in all_batches(both):
        alone = (batch.indices >= first) & (batch.indices < first + 24)
        assert (batch.answered == ~alone).all()
        assert not batch.logits[alone].any()
        assert batch.logits[~alone].any(1).all()
        assert (batch.labels >= 0).all()


def test_sets_that_do_not_go_together_are_told(folder: Path, shards: Path, tmp_path: Path) -> None:
    """Other classes; views with neither answers nor labels beside those with answers."""
    shutil.copytree(folder, tmp_path / "more")
    shutil.copytree(folder / "a", tmp_path / "more" / "d")
    with pytest.raises(TrainingError, match="other classes or another teacher"):
        open_all([str(tmp_path / "more"), str(shards)])
    bare = tmp_path / "bare"
    bare.mkdir()
    shutil.copyfile(shards / "shards.json", bare / "shards.json")
    for path in shards.glob("*.tar"):
        with tarfile.open(path) as tar, tarfile.open(bare / path.name, "w") as out:
            for member in tar:
                if member.name.endswith(".jpg"):
                    out.addfile(member, tar.extractfile(member))
    with pytest.raises(TrainingError, match="bare has neither labels nor a teacher's answers"):
        open_all([str(shards), str(bare)])


def test_the_order_is_a_permutation_that_seed_and_epoch_fix() -> None:
    """Every picture once an epoch; another order in another epoch or with another seed."""
    assert sorted(order(1, 0, 100)) == list(range(100))
    assert (order(1, 0, 100) == order(1, 0, 100)).all()
    assert (order(1, 0, 100) != order(1, 1, 100)).any()
    assert (order(1, 0, 100) != order(2, 0, 100)).any()


def test_an_epoch_sees_every_picture_once(folder: Path) -> None:
    """24 pictures in 3 batches of 8."""
    seen = np.concatenate([batch.indices for batch in all_batches(open_pictures(str(folder)), 0, 3)])
    assert sorted(seen) == list(range(24))


def test_batches_depend_on_the_step_alone(folder: Path) -> None:
    """Begun at step 4 or at 0, with one thread or five: the same pictures, parts, flips and colours."""
    pictures = open_pictures(str(folder))
    recipe = changed(MODERN, {"batch": "8", "epochs": "3", "sides": "24,32"})
    straight = all_batches(pictures, 0, 9, recipe=recipe)
    later = all_batches(pictures, 4, 9, recipe=recipe, threads=5)
    for one, other in zip(straight[4:], later, strict=True):
        np.testing.assert_array_equal(one.pictures, other.pictures)
        np.testing.assert_array_equal(one.colours, other.colours)
        np.testing.assert_array_equal(one.labels, other.labels)
    sides = [batch.pictures.shape[1] for batch in straight]
    assert sides[0] == 24
    assert sides[-1] == 32
    assert np.ptp(straight[0].colours) > 0.5


def test_processes_share_a_batch(folder: Path) -> None:
    """Three processes' slices, put together, are the batch of one."""
    pictures = open_pictures(str(folder))
    recipe = changed(MODERN, {"batch": "8", "epochs": "1", "sides": "32"})
    whole = all_batches(pictures, 0, 3, recipe=recipe)
    shares = [all_batches(pictures, 0, 3, recipe=recipe, share=(rank, 3)) for rank in range(3)]
    for step, one in enumerate(whole):
        parts = [share[step] for share in shares]
        assert [part.first for part in parts] == [0, 2, 5]
        np.testing.assert_array_equal(np.concatenate([part.pictures for part in parts]), one.pictures)
        np.testing.assert_array_equal(np.concatenate([part.indices for part in parts]), one.indices)


def test_stored_answers_belong_to_the_whole_view(shards: Path) -> None:
    """However random the recipe's parts are: the view is the stored one, or mirrored, with its own answers."""
    pictures = open_pictures(str(shards))
    recipe = changed(MODERN, {"batch": "24", "epochs": "1", "sides": "40"})
    (batch,) = all_batches(pictures, 0, 1, recipe=recipe)
    flipped = 0
    for row, index in enumerate(batch.indices):
        stored = np.asarray(Image.open(io.BytesIO(pictures.read(index).data)))
        mirrored = bool((batch.pictures[row] == stored[:, ::-1]).all())
        assert mirrored or (batch.pictures[row] == stored).all()
        flipped += mirrored
        assert batch.logits is not None
        assert batch.logits[row].argmax() == pictures.label(index) == batch.labels[row]
    assert 4 < flipped < 20


def test_unreadable_pictures_are_told_once_and_left_out(folder: Path, tmp_path: Path) -> None:
    """The next picture takes the place of a damaged one, in the right number; each is named once."""
    copy = tmp_path / "data"
    shutil.copytree(folder, copy)
    (copy / "a" / "001.jpg").write_bytes((copy / "a" / "001.jpg").read_bytes()[:400])
    (copy / "b" / "002.png").write_bytes(b"not a picture")
    made = loader(open_pictures(str(copy)))
    batches = list(made.batches(0, 6))
    made.close()
    assert [len(batch.pictures) for batch in batches] == [8] * 6
    assert not {1, 10} & {int(index) for batch in batches for index in batch.indices}
    said = made.said  # type: ignore[attr-defined]
    assert len(said) == len(made.unreadable.found) == 2
    assert any(str(Path("b") / "002.png") in line and "cannot be read and is left out" in line for line in said)


def test_a_class_folder_that_vanishes_is_told(folder: Path, tmp_path: Path) -> None:
    """A file more or less is left out; its whole folder is not."""
    copy = tmp_path / "data"
    shutil.copytree(folder, copy)
    pictures = open_pictures(str(copy))
    (copy / "a" / "000.png").unlink()
    assert len(all_batches(pictures)) == 6
    shutil.rmtree(copy / "a")
    with pytest.raises(PicturesGoneError, match=r"folder .*a has vanished"):
        all_batches(pictures)


def test_nothing_readable_is_told(tmp_path: Path) -> None:
    """Not an endless search."""
    for label in "ab":
        (tmp_path / label).mkdir()
        for number in range(4):
            (tmp_path / label / f"{number}.jpg").write_bytes(b"\xff\xd8\xff nothing")
    with pytest.raises(TrainingError, match="None of 8 pictures in a row can be read"):
        all_batches(open_pictures(str(tmp_path)))


def test_a_teacher_is_asked_about_the_very_views(folder: Path) -> None:
    """Online answers are those to the pictures in the batch."""

    class Mean:
        embedding = 2

        def answers(self, pictures: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
            colour = pictures.mean((1, 2))
            return colour, colour[:, :2]

    (batch,) = all_batches(open_pictures(str(folder)), 0, 1, recipe=changed(MODERN, {"batch": "8"}), teacher=Mean())
    np.testing.assert_allclose(batch.logits, batch.pictures.mean((1, 2)), rtol=1e-6)
    assert batch.answered.all()


def test_the_ten_crops_are_the_paper_s() -> None:
    """Of 256 × 256: the centre and the corners of 224, each as often."""
    seen: dict[tuple[float, ...], int] = {}
    for picture in range(2000):
        box = part_seen(256, 256, PAPER, rng(0, 0, picture), False)
        seen[box] = seen.get(box, 0) + 1
    corners = {(x, y, x + 224.0, y + 224.0) for x in (0.0, 32.0) for y in (0.0, 32.0)}
    assert set(seen) == corners | {(16.0, 16.0, 240.0, 240.0)}
    assert min(seen.values()) > 330


def test_random_parts_lie_inside() -> None:
    """Never outside the picture, never smaller than asked for."""
    for picture in range(500):
        left, top, right, bottom = part_seen(300, 200, MODERN, rng(3, 1, picture), False)
        assert min(left, top) >= 0
        assert right <= 300.001
        assert bottom <= 200.001
        assert (right - left) * (bottom - top) > 0.25 * 300 * 200


@pytest.mark.parametrize("orientation", [1, 3, 6, 8])
def test_turned_and_large_jpegs(orientation: int) -> None:
    """A JPEG reduced while decoding and turned by its orientation shows what a full decoding shows."""
    rows, columns = np.mgrid[:600, :900]
    pixels = np.stack([rows // 3, columns // 4, np.full_like(rows, 90)], -1).astype(np.uint8)
    exif = Image.Exif()
    exif[0x0112] = orientation
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "JPEG", quality=95, exif=exif)
    turned = {1: pixels, 3: pixels[::-1, ::-1], 6: np.rot90(pixels, -1), 8: np.rot90(pixels)}[orientation]
    seen = validation_view(file.getvalue(), 64, whole=False)
    height, width = turned.shape[:2]
    side = min(height, width) * 224 / 256
    box = ((width - side) / 2, (height - side) / 2, (width + side) / 2, (height + side) / 2)
    wanted = np.asarray(Image.fromarray(turned).resize((64, 64), Image.Resampling.BILINEAR, box=box))
    assert np.abs(seen.astype(int) - wanted).max() <= 4
    part = view_of(file.getvalue(), 64, MODERN, rng(0, 0, 7), False)
    assert part.shape == (64, 64, 3)


def test_a_view_is_moved_and_its_edges_are_reflected() -> None:
    """By no more than the recipe's share of its side, and differently from picture to picture."""
    view = np.random.default_rng(0).integers(0, 256, (40, 40, 3), np.uint8)
    moved = set()
    for picture in range(20):
        told = rng(3, 0, picture)
        by = [round((2 * part - 1) * 0.1 * 40) for part in (told.down, told.across)]
        assert max(map(abs, by)) <= 4
        rows, columns = (39 - abs(39 - abs(np.arange(40) + way)) for way in by)
        np.testing.assert_array_equal(shifted(view, 0.1, told), view[rows][:, columns])
        np.testing.assert_array_equal(shifted(view, 0.0, told), view)
        moved.add(tuple(by))
    assert len(moved) > 10


def test_validation_sees_every_picture_once(folder: Path) -> None:
    """All processes together, in any batches; ``most`` are spread evenly."""
    pictures, unreadable = open_pictures(str(folder)), Unreadable(print)
    labels = [label for _, part in validation_batches(pictures, 32, 5, 2, unreadable) for label in part]
    assert labels == [0] * 8 + [1] * 8 + [2] * 8
    shares = [
        [x for _, part in validation_batches(pictures, 32, 5, 2, unreadable, (rank, 2)) for x in part]
        for rank in (0, 1)
    ]
    assert sorted(shares[0] + shares[1]) == labels
    few = [label for _, part in validation_batches(pictures, 32, 5, 2, unreadable, most=6) for label in part]
    assert few == [0, 0, 1, 1, 2, 2]
