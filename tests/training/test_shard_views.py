"""Views of pictures: where they lie, how often which kind, and what a mixture shows."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from zfdesk.training import shard_views
from zfdesk.training.shard_views import SCALE, SMALL_SCALE, ViewPlan, centre_square, mixture, random_box, view

RED, BLUE = Image.new("RGB", (300, 220), (255, 0, 0)), Image.new("RGB", (180, 260), (0, 0, 255))


def test_boxes_lie_in_the_picture_with_the_area_and_aspect_asked_for() -> None:
    rng = np.random.default_rng(0)
    shares, aspects = [], []
    for _ in range(3000):
        width, height = (int(value) for value in rng.integers(1, 900, 2))
        shape = float(rng.choice([1.0, 0.55, 1.8]))
        left, top, right, bottom = random_box((width, height), SCALE, shape, rng)
        assert 0 <= left < right <= width
        assert 0 <= top < bottom <= height
        assert 3 / 4 - 1e-6 < (right - left) / (bottom - top) / shape < 4 / 3 + 1e-6
        if 0.8 < width / height < 1.25 and shape == 1:
            shares.append((right - left) * (bottom - top) / (width * height))
            aspects.append((right - left) / (bottom - top))
    assert 0.3 - 1e-6 < min(shares) < 0.34
    assert 0.94 < max(shares) <= 1 + 1e-6
    assert min(aspects) > 3 / 4 - 1e-6
    assert max(aspects) < 4 / 3 + 1e-6


def test_small_crops_are_of_large_pictures_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    scales: list[tuple[float, float]] = []

    def noted(size: tuple[int, int], scale: tuple[float, float], shape: float, rng: np.random.Generator) -> tuple:
        scales.append(scale)
        return random_box(size, scale, shape, rng)

    monkeypatch.setattr(shard_views, "random_box", noted)
    rng = np.random.default_rng(0)
    for size, share in (((340, 256), 0.15 / 0.88), ((120, 200), 0.0)):
        scales.clear()
        for _ in range(1500):
            view(Image.new("RGB", size), 8, 8, rng)
        assert len(scales) == pytest.approx(0.88 * 1500, rel=0.05)  # the others are whole
        assert scales.count(SMALL_SCALE) / len(scales) == pytest.approx(share, abs=0.04)


def test_a_plain_view_is_the_central_square() -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (150, 260, 3), dtype=np.uint8)
    seen = ViewPlan(64, plain=True).make(Image.fromarray(pixels), lambda rng: RED, np.random.default_rng(1))
    middle = Image.fromarray(pixels[:, 55:205]).resize((64, 64), Image.Resampling.BICUBIC)
    # the filter at the square's edge sees a little of what lies beyond
    assert np.abs(np.asarray(seen).astype(int) - np.asarray(middle))[:, 2:-2].max() <= 1
    assert centre_square((260, 150)) == (55, 0, 205, 150)


def test_mixtures_show_both_pictures() -> None:
    rng = np.random.default_rng(3)
    kinds = {"rectangle": 0, "faded": 0, "beside": 0}
    for _ in range(1000):
        pixels = np.asarray(mixture(RED, BLUE, 40, rng)).astype(int)
        assert (pixels.sum(2) > 250).all()  # no pixel shows neither
        red = pixels[..., 0] > pixels[..., 2]
        if len(np.unique(pixels.reshape(-1, 3), axis=0)) == 1:
            kinds["faded"] += 1
            assert 70 <= pixels[0, 0, 2] <= 180
        elif (red.all(0) | ~red.all(0)).all() and ((red == red[:1]).all() or (red == red[:, :1]).all()):
            kinds["beside"] += 1
            assert 0.3 <= red.mean() <= 0.7
            assert red[0, 0]  # the first picture comes first
        else:
            kinds["rectangle"] += 1
            assert 0.15 <= 1 - red.mean() <= 0.65
    assert kinds["rectangle"] == pytest.approx(400, abs=60)
    assert kinds["faded"] == pytest.approx(250, abs=60)


def test_the_share_of_mixtures_and_the_size() -> None:
    rng, plan, asked = np.random.default_rng(5), ViewPlan(24, 0.25), []

    def another(rng: np.random.Generator) -> Image.Image:
        asked.append(rng)
        return BLUE

    assert {plan.make(RED, another, rng).size for _ in range(1200)} == {(24, 24)}
    assert len(asked) / 1200 == pytest.approx(0.25, abs=0.04)


def test_the_same_chance_gives_the_same_view() -> None:
    picture = Image.fromarray(np.random.default_rng(0).integers(0, 256, (99, 130, 3), dtype=np.uint8))
    plan = ViewPlan(32, 0.5)
    made = [plan.make(picture, lambda rng: BLUE, np.random.default_rng(seed)).tobytes() for seed in (1, 1, 2, 3, 4, 5)]
    assert made[0] == made[1]
    assert len(set(made)) == 5


@pytest.mark.parametrize("size", [(1, 1), (3, 500), (500, 2), (97, 300)])
def test_any_picture_has_views(size: tuple[int, int]) -> None:
    rng = np.random.default_rng(0)
    for _ in range(100):
        assert view(Image.new("RGB", size), 16, 16, rng).size == (16, 16)
        assert mixture(Image.new("RGB", size), RED, 16, rng).size == (16, 16)
