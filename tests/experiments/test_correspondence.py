"""Table 1 by hand on a net of twelve numbers, and against plain full passes on photographs."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations

import numpy as np
import pytest
import torch
from engine_nets import demo_frames

import zfdesk.engine as zf
import zfdesk.experiments
from zfdesk.experiments.correspondence import cut_out, default_layers, hamming, masks_of, random_boxes, signs
from zfdesk.experiments.parts import RANDOM, PartsError, shared_parts
from zfdesk.experiments.table1 import PAPER


@pytest.fixture(scope="module")
def tiny() -> zf.Model:
    """4 × 4 pixels. conv1:0 sums a block's red, conv1:1 is the green of its upper left pixel; fc7:0 sums conv1:0,
    fc7:1 is conv1:1 of the first block above 100."""
    layers = (
        zf.Conv("conv1", 2, 2, 2), zf.ReLU("relu1"),
        zf.Linear("fc7", 2), zf.ReLU("relu7"), zf.Linear("fc8", 2), zf.Softmax("prob"),
    )  # fmt: skip
    conv, fc7 = torch.zeros(2, 3, 2, 2), torch.zeros(2, 8)
    conv[0, 0] = 1
    conv[1, 1, 0, 0] = 1
    fc7[0, :4] = 1
    fc7[1, 4] = 1
    weights = {
        "conv1.weight": conv, "conv1.bias": torch.zeros(2), "fc7.weight": fc7, "fc7.bias": torch.tensor([0.0, -100]),
        "fc8.weight": torch.eye(2) / 1000, "fc8.bias": torch.zeros(2),
    }  # fmt: skip
    return zf.Model(zf.Architecture("tiny", "", layers, size=4), weights, zf.InputSpec(mean=(0, 0, 0)))


def plain(name: str, red: int, green: int, **parts: tuple[int, int, int, int]) -> zfdesk.experiments.MarkedPicture:
    pixels = np.zeros((4, 4, 3), np.uint8)
    pixels[..., 0], pixels[..., 1] = red, green
    return zfdesk.experiments.MarkedPicture(name, pixels, parts)


FIRST, SECOND = (0, 0, 2, 2), (0, 2, 2, 2)
# What a grey (128) mask over the eye's block does; conv1 as (map 0, map 1), blocks in row-major order:
#   a: red 40 → 512, green 20 → 128                          conv1 - 0 0 0  - 0 0 0    fc7 160 → 632 -, 0 → 28 -
#   b: red 800 → 512, green 0 → 128, in the second block     conv1 0 + 0 0  0 - 0 0    fc7 3200 → 2912 +, 0 → 0
#   c: red 512 → 512, green 20 → 128                         conv1 0 0 0 0  - 0 0 0    fc7 unchanged 0, 0 → 28 -
THREE = (plain("a", 10, 20, eye=FIRST), plain("b", 200, 0, eye=SECOND), plain("c", 128, 20, eye=FIRST))


def test_by_hand(tiny: zf.Model) -> None:
    table = zfdesk.experiments.correspondence(tiny, THREE, ("conv1", "fc7"), draws=0)
    assert table.parts == ("eye",)
    conv, fc = table.score("eye", "conv1"), table.score("eye", "fc7")
    # a–b differ in 4 of 8 places, a–c in 1, b–c in 3; and in 2, 1, 2 of 2
    assert conv.mean == pytest.approx((4 + 1 + 3) / 24, abs=1e-15)
    assert fc.mean == pytest.approx((2 + 1 + 2) / 6, abs=1e-15)
    assert conv.error == pytest.approx(np.std([4 / 8, 1 / 8, 3 / 8], ddof=1) / np.sqrt(3), abs=1e-15)
    assert conv.error == pytest.approx(0.1102396, abs=1e-7)  # on paper: sqrt(0.0729167 / 2) / sqrt(3)
    assert (conv.pairs, conv.pictures) == (3, 3)
    with pytest.raises(KeyError):
        table.score("eye", "conv2")


def test_no_change_is_a_sign_of_its_own(tiny: zf.Model) -> None:
    """Zero differs from plus and from minus; zero and zero agree."""
    change = signs(torch.tensor([[1.0, 1.0, 1.0, 0.0]]), torch.tensor([[0.5, 1.0, 3.0, 0.0], [1.0, 1.0, 0.0, -0.0]]))
    assert change.tolist() == [[1, 0, -1, 0], [0, 0, 1, 0]]
    assert change.dtype == np.int8
    assert hamming(*change) == 2 / 4
    assert np.array_equal(change[0], np.sign(np.array([0.5, 0, -2, 0])))
    twice = zfdesk.experiments.correspondence(tiny, [THREE[2], replace(THREE[2], name="d")], ("conv1", "fc7"), draws=0)
    assert [score.mean for score in twice.scores] == [0, 0]
    assert [score.error for score in twice.scores] == [None, None]  # of one pair nothing is known


@pytest.mark.parametrize(("fill", "differing"), [("grey", 4), ("black", 3), ("mean", 3)])
def test_other_fills_by_hand(tiny: zf.Model, fill: str, differing: int) -> None:
    """Black, which is this network's mean: a loses red and green, b red alone: + 0 0 0 + 0 0 0 and 0 + 0 0 0 0 0 0."""
    table = zfdesk.experiments.correspondence(tiny, THREE[:2], ("conv1",), zf.OccluderFill(fill), draws=0)
    assert table.score("eye", "conv1").mean == differing / 8


def test_only_pictures_that_have_the_part_count_and_rows_need_two(tiny: zf.Model) -> None:
    pictures = [
        *THREE[:2],
        plain("d", 5, 5, nose=FIRST),
        plain("e", 7, 7, nose=FIRST, eye=SECOND, tail=FIRST),
    ]
    table = zfdesk.experiments.correspondence(tiny, pictures, ("conv1",), draws=0)
    assert table.parts == ("nose", "eye")  # the paper's first; a tail alone is no pair
    assert (table.score("eye", "conv1").pictures, table.score("eye", "conv1").pairs) == (3, 3)
    assert table.score("nose", "conv1").pairs == 1
    with pytest.raises(PartsError, match="at least two pictures"):
        zfdesk.experiments.correspondence(tiny, [THREE[0], pictures[2]], draws=0)
    with pytest.raises(ValueError, match="has no layer 'conv9'"):
        zfdesk.experiments.correspondence(tiny, THREE, ("conv9",))


def test_random_places_lie_inside_and_overlap_no_part_and_each_free_one_comes() -> None:
    parts = [(2, 3, 4, 2), (9, 8, 2, 4), (-3, 10, 4, 5)]
    boxes = random_boxes(parts, 16, 4000, np.random.default_rng(0))
    assert {box[2:] for box in boxes} == {(3, 4)}  # mean heights 10/3, mean widths 11/3
    covered = np.zeros((40, 40), bool)  # the picture begins at (10, 10)
    for top, left, height, width in parts:
        covered[top + 10 : top + 10 + height, left + 10 : left + 10 + width] = True
    free = {
        (top, left)
        for top in range(14)
        for left in range(13)
        if not covered[top + 10 : top + 13, left + 10 : left + 14].any()
    }
    assert {box[:2] for box in boxes} == free
    counts = np.array([sum(box[:2] == place for box in boxes) for place in sorted(free)])
    assert counts.min() > 0.3 * counts.mean()  # none is preferred
    assert counts.max() < 2.2 * counts.mean()


def test_without_room_there_is_no_random_place() -> None:
    rng = np.random.default_rng(0)
    assert random_boxes([(0, 0, 3, 3)], 4, 5, rng) == []
    assert random_boxes([], 4, 5, rng) == []
    assert random_boxes([(0, 0, 9, 9)], 4, 5, rng) == []
    five = random_boxes([(0, 0, 2, 2)], 4, 5, rng)
    assert sorted(box[:2] for box in five) == [(0, 2), (1, 2), (2, 0), (2, 1), (2, 2)]  # none twice


def test_random_rows_depend_on_the_seed_and_the_name_alone(tiny: zf.Model) -> None:
    generator = np.random.default_rng(5)
    pictures = [
        zfdesk.experiments.MarkedPicture(name, generator.integers(0, 256, (4, 4, 3), np.uint8), {"eye": (1, 1, 1, 1)})
        for name in "abcdef"
    ]
    model = replace(tiny)

    def score(seed: int, chosen: list[zfdesk.experiments.MarkedPicture]) -> float:
        return (
            zfdesk.experiments.correspondence(model, chosen, ("conv1",), draws=3, seed=seed).score(RANDOM, "conv1").mean
        )

    assert score(0, pictures) == score(0, pictures) == pytest.approx(score(0, pictures[::-1]), abs=1e-15)
    assert len({score(seed, pictures) for seed in range(6)}) > 1
    table = zfdesk.experiments.correspondence(model, pictures, ("conv1",), draws=3)
    assert table.score(RANDOM, "conv1").pairs == 15


def test_a_picture_without_room_is_told(tiny: zf.Model) -> None:
    full = [replace(picture, parts={"eye": (0, 0, 4, 4)}) for picture in THREE]
    table = zfdesk.experiments.correspondence(tiny, full, ("conv1",), draws=4, left_out=["Before."])
    assert table.parts == ("eye",)
    assert table.left_out[0] == "Before."
    assert table.left_out[1] == "The marked parts of a leave no room for a mask elsewhere."
    assert len(table.left_out) == 4


PARTS = {"right eye": (60, 50, 30, 41), "left eye": (-5, 190, 25, 60)}


def test_equals_plain_full_passes(embedded: zf.Model) -> None:
    """Masks drawn here, whole forward passes in plain float32, distances as numpy has them."""
    frames = [zf.centre_crop(frame) for frame in demo_frames()[:3]]
    pictures = [zfdesk.experiments.MarkedPicture(f"{n}.jpg", frame, PARTS) for n, frame in enumerate(frames)]
    layers = ("conv5", "pool5", "fc7", "prob")
    ours = zfdesk.experiments.correspondence(embedded, pictures, layers, draws=0)
    for part, (top, left, height, width) in PARTS.items():
        changes: dict[str, list[np.ndarray]] = {layer: [] for layer in layers}
        for frame in frames:
            masked = frame.copy()
            rows, columns = slice(max(top, 0), top + height), slice(max(left, 0), left + width)
            masked[rows, columns] = 128
            both = embedded.forward(np.stack([frame, masked]), reference=True)
            for layer in layers:
                x, y = both.activations[layer].double().numpy()
                changes[layer].append(np.sign(x - y).ravel())
        for layer in layers:
            distances = [np.count_nonzero(a != b) / a.size for a, b in combinations(changes[layer], 2)]
            score = ours.score(part, layer)
            assert score.pairs == 3
            within = 5e-3 if layer == "prob" else 4e-4
            assert score.mean == pytest.approx(np.mean(distances), abs=within), (part, layer)
            assert score.error == pytest.approx(np.std(distances, ddof=1) / 3**0.5, abs=within)


def test_the_papers_layers_where_a_network_has_them() -> None:
    for name, expected in (
        ("zfnet", ("pool5", "fc7")), ("alexnet", ("pool5", "fc7")), ("zfnet-no7", ("pool5", "fc6")),
        ("zfnet-no67", ("pool5",)),
    ):  # fmt: skip
        assert default_layers(zf.ARCHITECTURES[name]()) == expected


def test_the_papers_table() -> None:
    """Typed again from the print."""
    assert [PAPER[5][part][0] for part in ("right eye", "left eye", "nose", "random")] == [0.067, 0.069, 0.079, 0.107]
    assert [PAPER[5][part][1] for part in ("right eye", "left eye", "nose", "random")] == [0.007, 0.007, 0.017, 0.017]
    assert [PAPER[7][part][0] for part in ("right eye", "left eye", "nose", "random")] == [0.069, 0.068, 0.069, 0.073]
    assert [PAPER[7][part][1] for part in ("right eye", "left eye", "nose", "random")] == [0.015, 0.013, 0.011, 0.014]


def test_cutting_out_knows_what_the_network_does_not_see() -> None:
    frame = np.random.default_rng(0).integers(0, 256, (200, 400, 3), np.uint8)
    marks = {
        "a.png": {"nose": (90, 190, 20, 20), "tail": (0, 0, 30, 30)},
        "b.png": {"tail": (0, 380, 10, 10)},
        "c.png": {},
    }
    pictures, left_out = cut_out(marks, lambda name: frame, zf.centre_box, 224)
    assert [picture.name for picture in pictures] == ["a.png"]
    assert list(pictures[0].parts) == ["nose"]
    assert pictures[0].parts["nose"] == (99, 99, 26, 26)  # the crop is 175 pixels from (12.5, 112.5)
    assert np.array_equal(pictures[0].pixels, zf.centre_crop(frame))
    assert left_out == [
        "The tail of a.png lies outside what the network sees.",
        "The tail of b.png lies outside what the network sees.",
    ]
    with pytest.raises(PartsError, match="reaches outside the picture"):
        cut_out({"a.png": {"nose": (190, 0, 20, 20)}}, lambda name: frame, zf.centre_box, 224)


def test_progress_is_told_and_may_end_it(tiny: zf.Model) -> None:
    told: list[tuple[int, int]] = []
    zfdesk.experiments.correspondence(tiny, THREE, ("conv1",), progress=lambda done, total: told.append((done, total)))
    assert told == [(1, 3), (2, 3), (3, 3)]

    def stop(done: int, total: int) -> None:
        raise InterruptedError

    with pytest.raises(InterruptedError):
        zfdesk.experiments.correspondence(tiny, THREE, ("conv1",), progress=stop)


def test_the_table_as_text(tiny: zf.Model) -> None:
    pictures = [replace(picture, parts={"nose": picture.parts["eye"], "eye": (0, 0, 1, 1)}) for picture in THREE]
    table = zfdesk.experiments.correspondence(tiny, pictures, ("conv1", "fc7"), draws=0)
    assert table.table()[0] == ("masked", "conv1", "fc7", "paper, layer 7", "pairs")
    assert table.table()[1] == ("nose", "0.333 ± 0.110", "0.833 ± 0.167", "0.069 ± 0.011", "3")
    assert table.table()[2][3] == "–"  # the paper masked no “eye”
    lines = [line.split("\t") for line in table.tsv().splitlines()]
    assert {len(line) for line in lines} == {9}
    assert lines[1] == ["nose", "conv1", "0.333333", "0.110240", "3", "3", "", "", ""]
    assert lines[2] == ["nose", "fc7", "0.833333", "0.166667", "3", "3", "7", "0.069", "0.011"]
    single = zfdesk.experiments.correspondence(tiny, pictures[:2], ("conv1",), draws=0)
    assert single.table()[1] == ("nose", "0.500", "1")
    assert single.tsv().splitlines()[1] == "nose\tconv1\t0.500000\t\t1\t2\t\t\t"


def test_random_masks_lie_in_the_box_of_the_object() -> None:
    """Where one is marked; it is no part, and never masked itself."""
    parts = {"nose": (60, 60, 10, 10), "object": (40, 50, 60, 70)}
    picture = zfdesk.experiments.MarkedPicture("dog.jpg", np.zeros((200, 200, 3), np.uint8), parts)
    masks = masks_of(picture, shared_parts({"a": parts, "b": parts}), 200, seed=0)
    assert masks.keys() == {"nose", "random"}
    for top, left, height, width in masks["random"]:
        assert (height, width) == (10, 10)
        assert 40 <= top <= 40 + 60 - 10
        assert 50 <= left <= 50 + 70 - 10
        assert top + 10 <= 60 or top >= 70 or left + 10 <= 60 or left >= 70
    free = masks_of(replace(picture, parts={"nose": (60, 60, 10, 10)}), ["nose"], 200, seed=0)
    assert any(top < 30 or top > 110 for top, *_ in free["random"])
