"""A scan against every picture by itself in float64; what is new, changed, gone, unreadable; what is interrupted."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from scan_tools import NAMES, all_of, by_hand, picture, small_model, strongest_by_hand, write_folder

import zfdesk.engine as zf
from zfdesk.cancellation import Cancelled, cancellable
from zfdesk.library import Library, LibraryError, Portraits, scan
from zfdesk.library.scanning import BATCH
from zfdesk.live import Crop, CropMode

RANKS = 5


@pytest.fixture(scope="module")
def model() -> zf.Model:
    return small_model()


@pytest.fixture
def library(model: zf.Model, tmp_path: Path) -> Library:
    made = Library(model, root=tmp_path / "home")
    yield made  # type: ignore[misc]
    made.close()


def test_as_all_pictures_in_float64(model: zf.Model, library: Library, tmp_path: Path) -> None:
    """Sets, order and positions, ties by path and position, of every unit of every layer."""
    paths = write_folder(tmp_path / "pictures", 43)
    last = all_of(library, tmp_path / "pictures")
    assert (last.phase, last.found, last.done, last.total) == ("done", 43, 43, 43)
    exact = by_hand(model, paths)
    portraits = Portraits(library, [tmp_path / "pictures"], RANKS)
    for layer in NAMES:
        values, places = exact[layer]
        statistics = portraits.statistics(layer)
        floor = statistics.floor
        assert floor < 1e-4 * np.abs(values).max()
        width = model.architecture.stage(layer).shape[2]
        for found in portraits.ranked(layer, range(values.shape[1])):
            wanted = strongest_by_hand(values, paths, found.unit, RANKS, floor)
            examples = portraits.examples(layer, found)
            assert [one.path for one in examples] == [str(paths[number]) for number in wanted]
            assert [one.position for one in examples] == [
                divmod(int(places[number, found.unit]), width) for number in wanted
            ]
            assert np.allclose([one.activation for one in examples], values[wanted, found.unit], rtol=1e-5, atol=1e-5)
            assert found.unsettled == 0
        assert np.array_equal(statistics.active, (values > max(floor, 0)).sum(0))
        assert np.allclose(statistics.sums / 43, values.mean(0), rtol=1e-5, atol=1e-6)
        for unit in range(values.shape[1]):
            clipped = np.clip(values[:, unit].astype(np.float32), statistics.edges[unit, 0], statistics.edges[unit, -1])
            expected = np.histogram(clipped, statistics.edges[unit])[0]
            assert statistics.counts[unit].sum() == 43
            assert np.abs(statistics.counts[unit] - expected).sum() <= 4  # rounding at an edge
        with np.errstate(invalid="ignore"):
            correlation = np.corrcoef(values, rowvar=False)
        alive = values.std(0) > 1e-4 * np.abs(values).max()
        ours = portraits.correlation(layer)
        assert np.allclose(ours[np.ix_(alive, alive)], correlation[np.ix_(alive, alive)], atol=1e-4)


def test_a_portrait_says_classes_alike_and_dead(model: zf.Model, library: Library, tmp_path: Path) -> None:
    paths = write_folder(tmp_path / "pictures", 30)
    all_of(library, tmp_path / "pictures")
    values, _ = by_hand(model, paths, ("conv3", "conv2"))["conv3"]
    portraits = Portraits(library, [tmp_path / "pictures"])
    portrait = portraits.portrait("conv3", 7)
    assert portrait.alike[0] == (8, pytest.approx(1.0))
    assert portraits.duplicates("conv3")[0][:2] == (7, 8)
    means = {f"class{class_name}": values[class_name::3, 7].mean() for class_name in range(3)}
    best = sorted(means, key=lambda name: -means[name])
    assert [one.name for one in portrait.classes] == best
    assert portrait.classes[0].mean == pytest.approx(means[best[0]], rel=1e-5)
    assert portrait.classes[0].times == pytest.approx(means[best[0]] / values[:, 7].mean(), rel=1e-5)
    assert portrait.classes[0].pictures == 10
    assert portraits.preferred("conv3")[7] == best[0]
    assert [example.class_name for example in portrait.examples] == [
        Path(example.path).parent.name for example in portrait.examples
    ]
    dead = portraits.portrait("conv2", 3)
    assert dead.dead
    assert dead.examples == ()
    assert dead.classes == ()
    assert portraits.preferred("conv2")[3] == ""


def test_only_what_is_new_or_changed(model: zf.Model, library: Library, tmp_path: Path) -> None:
    folder = tmp_path / "pictures"
    paths = write_folder(folder, 12)
    assert all_of(library, folder).total == 12
    assert all_of(library, folder).total == 0
    Image.fromarray(picture(100)).save(paths[3])
    os.utime(paths[3], ns=(1, 1))
    paths[5].unlink()
    Image.fromarray(picture(101)).save(folder / "new.png")
    assert all_of(library, folder).total == 2
    left = sorted({*paths, folder / "new.png"} - {paths[5]})
    values, _ = by_hand(model, left, ("conv3",))["conv3"]
    portraits = Portraits(library, [folder])
    assert len(portraits.pictures("conv3")) == 12
    for found in portraits.ranked("conv3", range(9)):
        wanted = strongest_by_hand(values, left, found.unit, 9, portraits.statistics("conv3").floor)
        assert [one.path for one in portraits.examples("conv3", found)] == [str(left[number]) for number in wanted]


def test_other_places_and_layers_add_up(model: zf.Model, library: Library, tmp_path: Path) -> None:
    write_folder(tmp_path / "a", 6)
    write_folder(tmp_path / "b", 4)
    assert all_of(library, tmp_path / "a", layers=["conv2"]).total == 6
    assert all_of(library, tmp_path / "a", tmp_path / "b", layers=["conv3"]).total == 10
    # what was there of conv2 is there still
    assert len(library.pictures([tmp_path / "a"], "conv2")) == 6
    assert len(library.pictures([], "conv3")) == 10
    assert len(library.pictures([tmp_path / "b"], "conv3")) == 4
    assert all_of(library, tmp_path / "a" / "class1", layers=["conv2", "conv3"]).total == 0
    names = library.pictures([tmp_path / "a" / "class1"]).names
    assert names == ("",)
    with pytest.raises(LibraryError, match=r"No picture of .*nowhere was scanned for conv3"):
        Portraits(library, [tmp_path / "nowhere"]).portrait("conv3", 0)


def test_the_unreadable_are_listed_and_passed_over(library: Library, tmp_path: Path) -> None:
    folder = tmp_path / "pictures"
    write_folder(folder, 5)
    (folder / "bad.jpg").write_bytes(b"\xff\xd8\xff no picture")
    (folder / "empty.png").touch()
    (folder / ".hidden.png").write_bytes(b"")
    (folder / "notes.txt").write_text("no picture")
    told = [one for step in scan(library, [folder]) for one in step.unreadable]
    assert sorted(Path(path).name for path, _ in told) == ["bad.jpg", "empty.png"]
    assert dict(library.unreadable([folder]))[str(folder / "empty.png")] == "empty.png is empty."
    assert len(library.pictures([folder])) == 5
    Image.fromarray(picture(7)).save(folder / "empty.png")
    assert all_of(library, folder).total == 2  # the bad one is tried again
    assert [Path(path).name for path, _ in library.unreadable()] == ["bad.jpg"]


def test_what_is_left_in_the_middle_goes_on(
    model: zf.Model, library: Library, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("zfdesk.library.scanning.BATCH", 4)
    monkeypatch.setattr("zfdesk.library.scanning.CHUNK", 4)
    folder = tmp_path / "pictures"
    write_folder(folder, 20)
    steps = scan(library, [folder])
    for step in steps:
        if step.done >= 8:
            break
    steps.close()
    done = len(library.pictures([folder]))
    assert done >= 8
    assert all_of(library, folder).total == 20 - done
    with Library(model, root=tmp_path / "other") as other:
        all_of(other, folder)
        ours, theirs = (Portraits(one, [folder]).ranked("conv3", range(9)) for one in (library, other))
    assert [found.pictures for found in ours] == [found.pictures for found in theirs]


def test_told_to_end_it_does_so_amid_a_batch_and_keeps_those_before(library: Library, tmp_path: Path) -> None:
    """A window that closes waits half a second for it; on a busy machine a batch takes longer."""
    write_folder(tmp_path / "pictures", 50)
    steps = scan(library, [tmp_path / "pictures"])
    while next(steps).done < BATCH:
        pass

    def check() -> None:
        raise Cancelled

    with cancellable(check), pytest.raises(Cancelled):
        next(steps)
    assert all_of(library, tmp_path / "pictures").total == 50 - BATCH


def test_two_scans_at_once_share_the_work(
    model: zf.Model, library: Library, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("zfdesk.library.scanning.BATCH", 4)
    monkeypatch.setattr("zfdesk.library.scanning.CHUNK", 4)
    monkeypatch.setattr("zfdesk.library.scanning.KEEP_EVERY", 0.0)
    folder = tmp_path / "pictures"
    write_folder(folder, 40)
    with Library(model, root=tmp_path / "home") as other:
        one, two = scan(library, [folder]), scan(other, [folder])
        ended = set()
        while len(ended) < 2:
            for steps in (one, two):
                if next(steps, None) is None:
                    ended.add(steps)
    found = library.pictures([folder])
    assert len(found) == 40
    assert len(set(zip(found.parts.tolist(), found.rows.tolist(), strict=True))) == 40
    listed = {entry.name for entry in os.scandir(library.folder / "parts")}
    assert len(listed) == len(set(found.parts.tolist()))


def test_a_network_of_other_weights_has_its_own(model: zf.Model, library: Library, tmp_path: Path) -> None:
    write_folder(tmp_path / "pictures", 3)
    all_of(library, tmp_path / "pictures")
    with Library(small_model(5), root=tmp_path / "home") as other:
        assert other.kept().pictures == 0
    with Library(model, Crop(CropMode.FIT), root=tmp_path / "home") as fitted:
        assert fitted.kept().pictures == 0
    with Library(small_model(4), root=tmp_path / "home") as same:
        assert same.kept().pictures == 3


def test_clear_gives_the_space_back(library: Library, tmp_path: Path) -> None:
    write_folder(tmp_path / "pictures", 12)
    all_of(library, tmp_path / "pictures")
    before = library.kept()
    assert (before.pictures, before.unreadable) == (12, 0)
    assert library.places() == [(tmp_path / "pictures",)]
    library.clear()
    after = library.kept()
    assert after.pictures == 0
    assert not list((library.folder / "parts").iterdir())
    assert library.places() == []
    assert all_of(library, tmp_path / "pictures").total == 12


def test_shown_is_the_patch_and_its_projection(model: zf.Model, library: Library, tmp_path: Path) -> None:
    from zfdesk.library import shown
    from zfdesk.sources import read_picture

    folder = tmp_path / "pictures"
    write_folder(folder, 12)
    all_of(library, folder)
    examples = Portraits(library, [folder]).portrait("conv2", 1).examples
    Path(examples[2].path).unlink()
    found = list(shown(library, "conv2", 1, examples))
    assert found[2] is None
    first = found[0]
    assert first is not None
    crop = zf.centre_crop(read_picture(examples[0].path), 48)
    assert first.activation == pytest.approx(examples[0].activation, rel=1e-5)
    field = model.architecture.stage("conv2").receptive_field
    assert np.array_equal(first.patch, zf.cut_field(crop, field, examples[0].position, 214))
    seed = zf.Seed("conv2", 1, zf.SeedKind.AT, examples[0].position)
    down = zf.reconstruct(model.forward(crop), seed).values
    assert np.allclose(first.down, zf.cut_field(down, field, examples[0].position), atol=1e-6)


def test_frames_of_a_clip(model: zf.Model, library: Library, tmp_path: Path) -> None:
    import av

    clip = tmp_path / "clip.mp4"
    with av.open(str(clip), "w") as out:
        stream = out.add_stream("mpeg4", rate=10)
        stream.width, stream.height, stream.pix_fmt = 64, 64, "yuv420p"
        for number in range(30):
            frame = av.VideoFrame.from_ndarray(np.full((64, 64, 3), 8 * number, np.uint8), format="rgb24")
            for packet in stream.encode(frame):
                out.mux(packet)
        for packet in stream.encode(None):
            out.mux(packet)
    assert all_of(library, clip, clip_every=0.5).total == 6
    found = Portraits(library, [clip]).ranked("conv1", range(6))
    best = next(one for one in found if one.pictures)
    seconds = [one.seconds for one in Portraits(library, [clip]).examples("conv1", best)]
    assert set(seconds) <= {0.0, 0.5, 1.0, 1.5, 2.0, 2.5}
    assert all_of(library, clip, clip_every=0.5).total == 0


def test_near_ties_are_settled_in_float64(model: zf.Model, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With float32 as rough as if it were a hundred times shorter the result stays that of float64."""
    rng = np.random.default_rng(3)
    real = zf.Model.forward

    def rough(self: zf.Model, pictures: object, *rest: object, **options: object) -> zf.Pass:
        seen = real(self, pictures, *rest, **options)  # type: ignore[arg-type]
        if any(values.dtype == torch.float64 for values in seen.activations.values()):
            return seen
        noisy = {
            name: values * (1 + 4e-3 * torch.from_numpy(rng.uniform(-1, 1, values.shape)).float())
            for name, values in seen.activations.items()
        }
        return zf.Pass(self, noisy, seen.switches)

    paths = write_folder(tmp_path / "pictures", 60)
    exact = by_hand(model, paths, ("conv2", "conv3"))
    for name in ("records", "statistics"):
        monkeypatch.setattr(f"zfdesk.library.{name}.ROUNDING", 1e-2)
    monkeypatch.setattr(zf.Model, "forward", rough)
    with Library(model, root=tmp_path / "home") as library:
        all_of(library, tmp_path / "pictures", layers=["conv2", "conv3"])
        portraits = Portraits(library, [tmp_path / "pictures"], RANKS)
        differ = 0
        for layer in ("conv2", "conv3"):
            values, places = exact[layer]
            units = range(values.shape[1])
            rough_ones = portraits.ranked(layer, units, exact=False)
            for found, unsettled in zip(portraits.ranked(layer, units), rough_ones, strict=True):
                wanted = strongest_by_hand(values, paths, found.unit, RANKS, portraits.statistics(layer).floor)
                order = sorted(range(len(paths)), key=lambda number: str(paths[number]))
                assert [order[place] for place in found.pictures] == wanted
                assert list(found.places) == [int(places[number, found.unit]) for number in wanted]
                differ += (found.pictures, found.places) != (unsettled.pictures, unsettled.places)
        assert differ  # or nothing was shown
