"""From a frame to the network's picture: against Pillow's own resampling, over borders, and refusals."""

from __future__ import annotations

import time

import numpy as np
import pytest
import torch
from engine_nets import demo_frames
from PIL import Image

import zfdesk.engine as zf


def pillow(frame: np.ndarray, box: tuple[float, float, float, float], size: int) -> np.ndarray:
    """Pillow's antialiased bilinear resize of a box that may lie between pixels."""
    resized = Image.fromarray(frame).resize((size, size), Image.Resampling.BILINEAR, box=box, reducing_gap=None)
    return np.asarray(resized).astype(int)


def noise(height: int, width: int) -> np.ndarray:
    return np.random.default_rng(height * 10_000 + width).integers(0, 256, (height, width, 3), dtype=np.uint8)


def largest_difference(one: np.ndarray, other: np.ndarray) -> int:
    return int(np.abs(one.astype(int) - other.astype(int)).max())


@pytest.mark.parametrize(
    "frame",
    [*demo_frames(), noise(480, 640), noise(333, 101), noise(64, 48), noise(7, 5)],
    ids=lambda frame: f"{frame.shape[0]}x{frame.shape[1]}",
)
def test_crop_is_pillows_resize(frame: np.ndarray) -> None:
    """Any box inside the frame, on whole pixels or between them, enlarged, reduced or stretched: within 2 levels."""
    height, width = frame.shape[:2]
    generator = np.random.default_rng(height + width)
    boxes = [(0, 0, width, height), zf.centre_box(height, width), (0.5, 0.25, width - 0.5, height - 0.75)]
    for _ in range(12):
        w, h = generator.uniform(1.5, width), generator.uniform(1.5, height)
        left, top = generator.uniform(0, width - w), generator.uniform(0, height - h)
        boxes.append((left, top, left + w, top + h))
    for box in boxes:
        for size in (224, 32):
            found, expected = zf.crop(frame, box, size), pillow(frame, box, size)
            assert largest_difference(found, expected) <= 2, (box, size)
            assert abs((found - expected).mean()) < 0.15, "rounded, not cut off"


def test_centre_crop_is_the_standard_one() -> None:
    """Shortest side to 256, central 224: the box of 224/256 of the shortest side, in one step."""
    assert zf.centre_box(480, 640) == (110, 30, 530, 450)
    assert zf.centre_box(640, 480) == (30, 110, 450, 530)
    assert zf.centre_box(256, 256) == (16, 16, 240, 240)
    frame = demo_frames()[1]
    height, width = frame.shape[:2]
    assert np.array_equal(zf.centre_crop(frame), zf.crop(frame, zf.centre_box(height, width)))
    two_steps = Image.fromarray(frame).resize((round(width * 256 / height), 256), Image.Resampling.BILINEAR)
    left, top = (two_steps.width - 224) / 2, 16
    usual = np.asarray(two_steps.crop((round(left), top, round(left) + 224, top + 224))).astype(int)
    # half a pixel of rounding apart at most
    assert np.abs(zf.centre_crop(frame).astype(int) - usual).mean() < 4
    assert zf.centre_crop(frame, size=64, resize=64).shape == (64, 64, 3)
    assert np.array_equal(zf.centre_crop(noise(9, 9), size=9, resize=9), noise(9, 9))


def test_a_box_of_the_same_size_copies_the_pixels() -> None:
    """No scaling, whole pixels: the very bytes."""
    frame = noise(300, 260)
    assert np.array_equal(zf.crop(frame, (20, 31, 244, 255)), frame[31:255, 20:244])


def test_a_box_over_the_border_is_grey_outside() -> None:
    """Whole-pixel boxes at scale 1 and 2: grey 128 exactly outside, the frame's pixels exactly inside."""
    frame = noise(100, 80)
    out = zf.crop(frame, (-30, 40, 70, 140), 100)
    assert np.array_equal(out[:60, 30:], frame[40:, :70])
    assert (out[60:] == 128).all()
    assert (out[:, :30] == 128).all()
    out = zf.crop(np.full((50, 50, 3), 200, np.uint8), (-100, -100, 100, 100), 100)
    inside = np.zeros((100, 100), bool)
    inside[50:75, 50:75] = True
    assert (out[inside] == 200).all()
    assert (out[~inside] == 128).all()


@pytest.mark.parametrize("shift", [0.0, 0.25, 0.5, 0.875])
def test_a_pixel_half_over_the_border_is_half_grey(shift: float) -> None:
    """The border between frame and grey lies where it should to a fraction of a pixel, at any scale."""
    for scale in (0.5, 1.0, 3.0):
        frame = np.full((400, 400, 3), 228, np.uint8)
        box = (-10 * scale - shift * scale, 10, 90 * scale - shift * scale, 10 + 100 * scale)
        row = zf.crop(frame, box, 100)[50, :, 0].astype(int)
        assert (row[:10] == 128).all()
        assert abs(row[10] - (128 + 100 * (1 - shift))) <= 1
        assert (row[11:] == 228).all()


@pytest.mark.parametrize("box", [(-300, 0, -50, 250), (500, 500, 900, 900), (0, -90.5, 50, -0.5), (80, 0, 160, 80)])
def test_a_box_beside_the_frame_is_all_grey(box: tuple[float, float, float, float]) -> None:
    """Nothing of the frame, nothing but grey."""
    assert (zf.crop(noise(100, 80), box) == 128).all()


def test_a_huge_box_shows_the_frame_as_a_dot() -> None:
    """A box 1000 times the frame keeps the mean of the whole: grey plus the frame's share."""
    out = zf.crop(np.full((10, 10, 3), 255, np.uint8), (-4995, -4995, 5005, 5005), 100)
    assert out.shape == (100, 100, 3)
    assert largest_difference(out, np.full_like(out, 128)) <= 1
    assert (zf.crop(np.zeros((4, 4, 3), np.uint8), (-1e12, -1e12, 1e12, 1e12)) == 128).all()


def test_a_box_that_is_not_square_is_stretched() -> None:
    """Each axis has its own scale."""
    frame = np.zeros((100, 200, 3), np.uint8)
    frame[:, 100:] = 240
    out = zf.crop(frame, (0, 0, 200, 100), 50)
    assert (out[:, :24] == 0).all()
    assert (out[:, 26:] == 240).all()
    assert largest_difference(out, pillow(frame, (0, 0, 200, 100), 50)) <= 1


def test_a_dragged_box_moves_smoothly() -> None:
    """A tenth of a pixel moves the picture a tenth of a pixel: the ramp falls in small equal steps, none is skipped."""
    ramp = np.repeat((np.arange(200, dtype=np.uint8))[None, :, None], 200, 0).repeat(3, -1)
    means = [zf.crop(ramp, (40 + step / 10, 50, 90 + step / 10, 100), 224).mean() for step in range(31)]
    steps = np.diff(means)
    assert means[-1] - means[0] == pytest.approx(3, abs=0.02)
    assert steps.min() > 0.07
    assert steps.max() < 0.13


@pytest.mark.parametrize("shape", [(1, 1), (1, 50), (50, 1), (2, 2)])
def test_tiny_frames(shape: tuple[int, int]) -> None:
    """Frames of a pixel or a line are enlarged like any other."""
    frame = noise(*shape)
    height, width = shape
    assert largest_difference(zf.crop(frame, (0, 0, width, height)), pillow(frame, (0, 0, width, height), 224)) <= 1
    assert zf.crop(frame, (-1, -1, width + 1, height + 1)).shape == (224, 224, 3)


def test_result_is_read_only_and_frames_of_any_memory_order_are_taken() -> None:
    """The result is its own memory; read-only, mirrored and strided frames give what a copy of them gives."""
    frame = noise(120, 90)
    out = zf.crop(frame, (3.3, 4.4, 80.2, 111))
    assert out.dtype == np.uint8
    assert out.flags.c_contiguous
    assert not np.shares_memory(out, frame)
    with pytest.raises(ValueError, match="read-only"):
        out[0, 0, 0] = 1
    frozen = frame.copy()
    frozen.setflags(write=False)
    assert np.array_equal(zf.crop(frozen, (3.3, 4.4, 80.2, 111)), out)
    for view in (frame[:, ::-1], frame[::2, ::3], frame.transpose(1, 0, 2), frame[..., ::-1]):
        box = (1.5, 2.5, view.shape[1] - 1, view.shape[0] - 0.5)
        assert np.array_equal(zf.crop(view, box), zf.crop(view.copy(), box))
    before = frame.copy()
    zf.crop(frame, (-5, -5, 95, 95))
    assert np.array_equal(frame, before)


@pytest.mark.parametrize(
    ("frame", "box", "words"),
    [
        (np.zeros((10, 10), np.uint8), (0, 0, 5, 5), "must be uint8"),
        (np.zeros((10, 10, 4), np.uint8), (0, 0, 5, 5), r"not uint8 \(10, 10, 4\)"),
        (np.zeros((10, 10, 3), np.float32), (0, 0, 5, 5), "not float32"),
        (np.zeros((0, 10, 3), np.uint8), (0, 0, 5, 5), "must be uint8"),
        (np.zeros((10, 10, 3), np.uint8), (5, 0, 5, 5), "smaller than a pixel"),
        (np.zeros((10, 10, 3), np.uint8), (6, 0, 5, 5), "smaller than a pixel"),
        (np.zeros((10, 10, 3), np.uint8), (0, 0, 5, 0.5), "smaller than a pixel"),
        (np.zeros((10, 10, 3), np.uint8), (0, 0, float("nan"), 5), "not made of finite numbers"),
        (np.zeros((10, 10, 3), np.uint8), (-float("inf"), 0, 5, 5), "not made of finite numbers"),
    ],
)
def test_what_cannot_be_cropped_is_refused_in_words(
    frame: np.ndarray, box: tuple[float, float, float, float], words: str
) -> None:
    """Frames that are no RGB pictures, boxes without area."""
    with pytest.raises(ValueError, match=words):
        zf.crop(frame, box)


def test_input_spec_subtracts_divides_and_orders() -> None:
    """(picture - mean) / std, mean and std in RGB order whatever the network's order."""
    picture = np.uint8([[[[10, 20, 30]]]])
    spec = zf.InputSpec((1, 2, 3), (2, 3, 9))
    assert spec.to_tensor(picture).tolist() == [[[[4.5]], [[6]], [[3]]]]
    reverse = zf.InputSpec((1, 2, 3), (2, 3, 9), "BGR")
    assert reverse.to_tensor(picture).tolist() == [[[[3]], [[6]], [[4.5]]]]
    values = torch.tensor([[[1.0]], [[2.0]], [[3.0]]])
    assert spec.to_rgb(values).flatten().tolist() == [1, 2, 3]
    assert reverse.to_rgb(values).flatten().tolist() == [3, 2, 1]
    assert reverse.to_rgb(reverse.to_tensor(picture)[0]).flatten().tolist() == [4.5, 6, 3]
    tensor = spec.to_tensor(np.zeros((2, 8, 6, 3), np.uint8))
    assert tensor.shape == (2, 3, 8, 6)
    assert tensor.dtype == torch.float32
    assert tensor.is_contiguous(memory_format=torch.channels_last)


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"order": "RBG"}, "neither RGB nor BGR"),
        ({"std": (1.0, 0.0, 1.0)}, "std positive"),
        ({"std": (1.0, -1.0, 1.0)}, "std positive"),
        ({"std": (1.0, float("nan"), 1.0)}, "finite"),
        ({"mean": (float("inf"), 0.0, 0.0)}, "finite"),
        ({"mean": (1.0, 2.0)}, "three numbers"),
        ({"std": (1.0,)}, "three numbers"),
        ({"resize": 0}, "resize"),
    ],
)
def test_impossible_input_specs_are_refused_in_words(changed: dict[str, object], words: str) -> None:
    """A checkpoint's input declaration is checked when it is made."""
    with pytest.raises(ValueError, match=words):
        zf.InputSpec(**changed)  # type: ignore[arg-type]


@pytest.mark.slow
def test_crop_of_a_camera_frame_takes_about_a_millisecond() -> None:
    """640×480 → 224 with a box between pixels; the best of many, since other work may share the machine."""
    frame, taken = noise(480, 640), []
    for number in range(200):
        shift = number / 100
        start = time.perf_counter()
        zf.crop(frame, (110 + shift, 30 + shift, 530 + shift, 450 + shift))
        taken.append(time.perf_counter() - start)
    assert min(taken) < 0.002
