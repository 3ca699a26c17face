"""What a scan opens: nearest pictures, the map, boxes on whole pictures, the last minutes of a live source."""

from __future__ import annotations

from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from scan_tools import all_of, picture, small_model, write_folder
from sklearn.decomposition import PCA

import zfdesk.engine as zf
from zfdesk.cancellation import Cancelled
from zfdesk.library import Example, Library, Portraits, RollingScan
from zfdesk.library.boxes import boxed_pictures, covered_peaks, object_box, object_shares, on_frame
from zfdesk.library.gallery import Gallery
from zfdesk.library.nearest import PIXELS, Neighbours
from zfdesk.library.picture_map import STEPS, pca_map, tsne_map
from zfdesk.library.records import feature_layers
from zfdesk.sources import read_picture


@pytest.fixture(scope="module")
def model() -> zf.Model:
    return small_model()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("views") / "pictures"
    write_folder(folder, 41)
    return folder


@pytest.fixture(scope="module")
def library(model: zf.Model, folder: Path) -> Library:
    made = Library(model, root=folder.parent / "home")
    all_of(made, folder)
    yield made  # type: ignore[misc]
    made.close()


def crop_of(path: Path | str) -> np.ndarray:
    return zf.centre_crop(read_picture(path), 48)


def compared(library: Library, folder: Path, by: str) -> Neighbours:
    """All pictures, by pixels or a layer."""
    pictures = library.pictures([folder])
    known = by in feature_layers(library.model.architecture)
    return Neighbours(Gallery(library, pictures), by, library.features(pictures, by) if known else None)


@pytest.mark.parametrize("by", ["fc7", "pool3", PIXELS])
def test_nearest_as_measuring_all(by: str, model: zf.Model, library: Library, folder: Path) -> None:
    paths = sorted(folder.rglob("*.png"))
    query = zf.centre_crop(picture(500), 48)

    def features(crop: np.ndarray) -> np.ndarray:
        if by == PIXELS:
            small = torch.nn.functional.adaptive_avg_pool2d(torch.from_numpy(crop.copy()).permute(2, 0, 1).double(), 32)
            return small.numpy().ravel().round()
        return model.forward(crop).activations[by][0].double().mean((1, 2)).numpy()

    distances = np.array([np.linalg.norm(features(crop_of(path)) - features(query)) for path in paths])
    search = compared(library, folder, by)
    found = search.nearest(features(query).astype(np.float32), 5)
    order = np.argsort(distances, kind="stable")[:5]
    assert [one.path for one in found] == [str(paths[place]) for place in order]
    assert np.allclose([one.distance for one in found], distances[order], rtol=3e-2, atol=1e-2)
    itself = crop_of(paths[7])
    nearest = search.nearest(features(itself).astype(np.float32), 1)[0]
    assert nearest.path == str(paths[7])
    assert nearest.distance == pytest.approx(0, abs=1e-2 * distances.max())


def test_what_cannot_be_compared(library: Library, folder: Path) -> None:
    with pytest.raises(ValueError, match="compared in pool3, fc7 or pixels, not in conv2"):
        compared(library, folder, "conv2")


def test_the_map_is_scikit_learns_pca(library: Library, folder: Path) -> None:
    features = library.features(library.pictures([folder]), "pool3").astype(np.float64)
    made = pca_map(features.astype(np.float16))
    peer = PCA(2).fit(features)
    ours, theirs = made.points, peer.transform(features)
    signs = np.sign((ours * theirs).sum(0))
    assert np.allclose(ours, theirs * signs, atol=1e-2 * np.abs(theirs).max())
    assert made.explained == pytest.approx(peer.explained_variance_ratio_.sum(), rel=1e-2)
    assert np.allclose(made.place(features[11]), ours[11], atol=1e-3)
    assert np.array_equal(pca_map(features.astype(np.float16)).points, ours)
    around = ours[11] + np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]]) * 1e-3
    assert made.inside(around).nonzero()[0].tolist() == [
        place for place in range(41) if np.abs(ours[place] - ours[11]).max() < 1e-3
    ]
    with pytest.raises(ValueError, match="three pictures or more"):
        pca_map(features[:2].astype(np.float16))


def test_tsne_puts_groups_apart_and_is_the_same_again() -> None:
    rng = np.random.default_rng(1)
    centres = rng.normal(size=(3, 60)) * 10
    features = np.concatenate([centre + rng.normal(size=(20, 60)) for centre in centres]).astype(np.float16)
    made = tsne_map(pca_map(features), perplexity=10)
    groups = made.points.reshape(3, 20, 2)
    within = max(np.linalg.norm(group - group.mean(0), axis=1).max() for group in groups)
    between = min(np.linalg.norm(a.mean(0) - b.mean(0)) for a, b in combinations(groups, 2))
    assert between > 2 * within
    told: list[tuple[int, int]] = []
    apart = tsne_map(pca_map(features), perplexity=10, progress=lambda *step: told.append(step))
    assert np.array_equal(apart.points, made.points)
    assert {total for _, total in told} == {STEPS}
    assert [step for step, _ in told] == sorted(step for step, _ in told)

    def stop(*_: int) -> None:
        raise Cancelled

    with pytest.raises(Cancelled):
        tsne_map(pca_map(features), progress=stop)
    live = made.place(centres[2])
    assert np.linalg.norm(groups - live, axis=2).mean(1).argmin() == 2


def test_boxes_lie_on_the_whole_picture(model: zf.Model, library: Library, folder: Path) -> None:
    portraits = Portraits(library, [folder])
    found = list(boxed_pictures(portraits, "pool3", 2))
    assert [one.example for one in found] == list(portraits.portrait("pool3", 2).examples)
    assert found[0].share == pytest.approx(1)
    assert [one.share for one in found] == sorted((one.share for one in found), reverse=True)
    for one in found:
        assert np.array_equal(one.pixels, read_picture(one.example.path))
        left, top, right, bottom = one.box
        crop = zf.centre_box(*one.pixels.shape[:2], 48 / model.input.resize)
        scale = 48 / (crop[2] - crop[0])
        edges = np.array([top - crop[1], left - crop[0], bottom - crop[1], right - crop[0]]) * scale
        assert edges == pytest.approx(one.example.box)
    assert on_frame((0, 0, 48, 48), (3.0, 5.0, 51.0, 53.0), 48) == (3.0, 5.0, 51.0, 53.0)


def test_shares_on_the_object_by_counting_pixels() -> None:
    rng = np.random.default_rng(2)
    examples: dict[int, list[Example]] = {}
    objects = dict.fromkeys(range(4), (10, 5, 30, 40))
    expected = {}
    for unit in range(5):
        boxes = [tuple(int(v) for v in (y, x, y + 15, x + 15)) for y, x in rng.integers(-10, 45, (5, 2))]
        examples[unit] = [Example("", 1.0, (0, 0), box, picture=number) for number, box in enumerate(boxes)]  # type: ignore[arg-type]
        shares = []
        for number, (top, left, bottom, right) in enumerate(boxes):
            if number == 4:  # its object is not known
                continue
            canvas = np.zeros((48, 48), bool)
            canvas[max(top, 0) : max(bottom, 0), max(left, 0) : max(right, 0)] = True
            shares.append(canvas[10:30, 5:40].sum() / canvas.sum() if canvas.any() else 0)
        expected[unit] = np.mean(shares)
    found = object_shares(examples, objects, 48)
    assert [one.unit for one in found] == sorted(expected, key=lambda unit: -expected[unit])
    assert [one.share for one in found] == pytest.approx([expected[one.unit] for one in found])
    assert found[0].chance == pytest.approx(20 * 35 / 48**2)
    assert found[0].pictures == 4
    assert object_shares(examples, {}, 48) == []


def test_an_object_is_where_covering_costs() -> None:
    """A network that looks at the middle of a corner alone."""
    layers = (zf.Conv("conv1", 2, 16, 16), zf.Linear("fc", 2), zf.Softmax("prob"))
    model = zf.random_model(zf.Architecture("corner", "Corner", layers, 224))
    weights = {name: torch.zeros_like(value) for name, value in model.weights.items()}  # type: ignore[arg-type]
    weights["conv1.weight"][0] = 1e-5
    weights["fc.weight"][0, 14 * 10 + 3] = 1.0  # row 10, column 3 of 14: pixels 160 to 175 down, 48 to 63 across
    looking = zf.Model(model.architecture, weights)
    box = object_box(looking, np.full((224, 224, 3), 250, np.uint8), 0)
    assert box is not None
    top, left, bottom, right = box
    assert top <= 160 < 176 <= bottom
    assert left <= 48 < 64 <= right
    assert (bottom - top) * (right - left) < 0.4 * 224**2
    assert object_box(looking, np.full((224, 224, 3), 128, np.uint8), 0) is None


def test_covered_peaks_are_sorted_by_what_they_keep(model: zf.Model) -> None:
    crop = zf.centre_crop(picture(3), 48)
    occluder = zf.Occluder(10, 12, 20, 20)
    clean, covered = model.forward(crop), model.forward(zf.occlude(crop, [occluder]))
    before, after = (seen.activations["conv3"][0].amax((1, 2)).numpy() for seen in (clean, covered))
    stage = model.architecture.stage("conv3")
    places = clean.activations["conv3"][0].flatten(1).argmax(1).numpy()
    where = np.stack(np.divmod(places, stage.shape[2]), 1)
    found = covered_peaks(stage, before, after, where, [(10, 12, 30, 32)])
    assert {one.unit for one in found} == {unit for unit, value in enumerate(before) if value > 0}
    assert [one.kept for one in found] == sorted(one.kept for one in found)
    for one in found:
        assert (one.clean, one.covered) == (pytest.approx(before[one.unit]), pytest.approx(after[one.unit]))


def test_the_last_minutes_of_a_live_source(model: zf.Model) -> None:
    rolling = RollingScan(model, ["conv2", "conv3", "fc7"], minutes=0.5, every=1.0)
    frames = [zf.centre_crop(picture(number), 48) for number in range(90)]
    taken = [rolling.feed(model.forward(frame), frame, 0.5 * number) for number, frame in enumerate(frames)]
    assert taken == [number % 2 == 0 for number in range(90)]
    # from 14.5 s to 44.5 s, those at whole seconds
    view = rolling.snapshot(44.5)
    assert [frame.time for frame in view.frames] == [float(second) for second in range(15, 45)]
    values = {
        layer: np.stack(
            [model.forward(frames[2 * second]).activations[layer][0].amax((1, 2)) for second in range(15, 45)]
        )
        for layer in ("conv2", "conv3", "fc7")
    }
    for layer, expected in values.items():
        for found in view.ranked(layer, range(expected.shape[1]), 4):
            order = np.argsort(-expected[:, found.unit], kind="stable")[:4].tolist()
            order = [place for place in order if expected[place, found.unit] > 1e-4 * expected.max()]
            assert list(found.pictures) == order
    portrait = view.portrait("conv3", 2)
    best = portrait.examples[0]
    assert best.activation == pytest.approx(values["conv3"][:, 2].max(), rel=1e-5)
    assert best.seconds == view.frames[best.picture].time
    frame, answer = next(view.shown("conv3", view.ranked("conv3", [2])[0]))
    assert frame.time == best.seconds
    assert answer.activation == pytest.approx(best.activation, rel=1e-5)
    rolling.clear()
    with pytest.raises(ValueError, match="None of the pictures was scanned"):
        rolling.snapshot().portrait("conv3", 2)
    with pytest.raises(ValueError, match="ended below fc7"):
        rolling.feed(model.forward(frames[0], until="conv3"), frames[0], 100.0)


def test_a_lasso_of_any_shape() -> None:
    points = np.random.default_rng(5).uniform(-1, 1, (200, 2)).astype(np.float32)
    made = pca_map(np.random.default_rng(6).normal(size=(200, 8)).astype(np.float16))
    object.__setattr__(made, "points", points)
    outline = np.array([[-0.9, -0.9], [0.9, -0.8], [0.1, 0.0], [0.8, 0.9], [-0.8, 0.7]])
    image = Image.new("1", (2000, 2000))
    from PIL import ImageDraw

    ImageDraw.Draw(image).polygon([tuple(corner) for corner in ((outline + 1) * 1000).tolist()], fill=1)
    expected = np.asarray(image)[((points[:, 1] + 1) * 1000).astype(int), ((points[:, 0] + 1) * 1000).astype(int)]
    assert (made.inside(outline) != expected).sum() <= 2  # pixels on the outline


def test_a_gallery_needs_the_store_no_more(model: zf.Model, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "pictures"
    paths = sorted(write_folder(folder, 7))
    with Library(model, root=tmp_path / "home") as library:
        all_of(library, folder)
        portraits = Portraits(library, [folder])
        gallery = portraits.gallery("fc7")
        assert portraits.gallery("conv3") is gallery
        assert portraits.portrait("conv3", 1).examples  # settles, which is a change of the library but not of these
        assert portraits.gallery("fc7") is gallery
    ids = gallery.pictures.ids.tolist()
    assert [gallery.path(number) for number in ids] == [str(path) for path in paths]
    assert [gallery.class_name(number) for number in ids] == [path.parent.name for path in paths]
    assert [gallery.title(number) for number in ids] == [path.name for path in paths]
    assert all(np.array_equal(seen, crop_of(path)) for seen, path in zip(gallery.read(ids), paths, strict=True))
    assert not gallery.tried(ids[0])
    assert gallery.known_thumbnail(ids[0]) is None
    small = gallery.thumbnail(ids[0])
    assert small is not None
    assert gallery.known_thumbnail(ids[0]) is small
    paths[1].unlink()
    Image.fromarray(picture(77)).save(paths[2])
    assert gallery.thumbnail(ids[1]) is None, "gone"
    assert gallery.thumbnail(ids[2]) is None, "another by now"
    assert gallery.tried(ids[1])
    monkeypatch.setattr("zfdesk.library.gallery.MOST_THUMBNAILS", 2)
    for number in ids[3:]:
        gallery.thumbnail(number)
    assert [gallery.tried(number) for number in ids] == [False] * 5 + [True] * 2
