"""Every number that a verb prints or writes is the one of float64, to 1e-5: each verb runs twice, the second time with
forward passes in float64, which compute plain convolutions over dense weights."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np
import pytest
from PIL import Image

import zfdesk.engine as zf
from zfdesk.cli import main
from zfdesk.experiments.parts import write_parts

pytestmark = pytest.mark.usefixtures("loaded")

EXACT = 1e-5
TIMES = ("seconds", "positions_per_second", "pictures_per_second")


@contextmanager
def in_float64() -> Iterator[None]:
    """Within it every forward pass is float64, and with it all that is computed from one."""
    forward = zf.Model.forward

    def exact(model: zf.Model, pictures: object, *order: object, **options: object) -> zf.Pass:
        if isinstance(pictures, np.ndarray):
            pictures = model.input.to_tensor(pictures if pictures.ndim == 4 else pictures[None])
        return forward(model, pictures.double(), *order, **options)  # type: ignore[attr-defined,arg-type]

    with patch.object(zf.Model, "forward", exact):
        yield


def assert_same(found: object, exact: object, where: str = "") -> None:
    """The same words and whole numbers; other numbers to 1e-5, or 1e-5 of their own size, or of their array's."""
    assert type(found) is type(exact), where
    if isinstance(exact, dict):
        assert found.keys() == exact.keys(), where  # type: ignore[attr-defined]
        for key in exact.keys() - set(TIMES):
            assert_same(found[key], exact[key], f"{where}.{key}")  # type: ignore[index]
    elif isinstance(exact, list):
        assert len(found) == len(exact), where  # type: ignore[arg-type]
        for place, (one, other) in enumerate(zip(found, exact, strict=True)):  # type: ignore[call-overload]
            assert_same(one, other, f"{where}[{place}]")
    elif isinstance(exact, float):
        assert found == pytest.approx(exact, abs=EXACT, rel=EXACT, nan_ok=True), where
    elif isinstance(exact, np.ndarray) and exact.dtype.kind == "f":
        largest = max(float(np.abs(exact).max(initial=0, where=np.isfinite(exact))), 1.0)
        np.testing.assert_allclose(
            found, exact, rtol=0, atol=10 * EXACT * largest if "_c_" in where else EXACT * largest
        )
    elif isinstance(exact, np.ndarray) and exact.dtype.kind in "iub":
        np.testing.assert_array_equal(found, exact, where)
    elif not isinstance(exact, np.ndarray):
        assert found == exact, where


def arrays(path: Path) -> dict[str, np.ndarray]:
    with np.load(path) as file:
        return {name: file[name] for name in file.files}


@pytest.fixture
def covered(cat: str, tmp_path: Path) -> str:
    """A cat behind a black square."""
    pixels = np.asarray(Image.open(cat).convert("RGB")).copy()
    pixels[60:180, 150:300] = 0
    path = tmp_path / "covered.png"
    Image.fromarray(pixels).save(path)
    return str(path)


def both(words: list[str], capsys: pytest.CaptureFixture[str], written: Path | None = None) -> list[Any]:
    """What a verb prints as JSON, or the arrays that it writes: as it is, and in float64."""
    told = []
    for precision in (nullcontext, in_float64):
        with precision():
            assert main(words) == 0
        out = capsys.readouterr().out
        told.append(json.loads(out) if written is None else arrays(written))
    return told


def test_classify(cat: str, covered: str, noise: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert_same(*both(["classify", cat, covered, noise, "--top", "20", "--json"], capsys))


@pytest.mark.parametrize(("layer", "unit"), [("conv5", "max"), ("fc7", "total"), ("fc8", "max"), ("prob", "max")])
def test_deconv(layer: str, unit: str, covered: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The picture's own range rests on gates, which rounding may open or shut, see tests/engine/test_exact.py."""
    words = ["deconv", covered, "--layer", layer, "--unit", unit, "-o", str(tmp_path / "a.png"), "--json"]
    found, exact = both(words, capsys)
    for name in ("range", "stretch"):
        assert found.pop(name) == pytest.approx(exact.pop(name), rel=1e-4)
    assert_same(found, exact)


def test_occlude(noise: str, covered: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    written = tmp_path / "a.npz"
    for path, unit in ((noise, "total"), (covered, "max")):
        words = ["occlude", path, "--stride", "75", "--unit", unit, "--npz", str(written)]
        assert_same(*both([*words, "--json"], capsys))
        assert_same(*both(words, capsys, written))


def test_curves(covered: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    heat = tmp_path / "heat.npy"
    np.save(heat, np.random.default_rng(0).random((7, 7)))
    assert_same(*both(["curves", covered, str(heat), "--steps", "4", "--random", "1", "--json"], capsys))


def test_evaluate(cat: str, covered: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name, path in (("281", cat), ("285", covered)):
        (tmp_path / "data" / name).mkdir(parents=True)
        Image.open(path).convert("RGB").save(tmp_path / "data" / name / "a.png")
    assert_same(*both(["evaluate", str(tmp_path / "data"), "--json"], capsys))


def test_correspondence(cat: str, covered: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Shares of signs: up to the few whose change is smaller than the rounding."""
    folder = tmp_path / "marked"
    folder.mkdir()
    for name, path in (("a.png", cat), ("b.png", covered)):
        Image.open(path).convert("RGB").save(folder / name)
    write_parts(folder, {name: {"eye": (100, 180, 40, 50)} for name in ("a.png", "b.png")})
    found, exact = both(["correspondence", str(folder), "--random", "1", "--json"], capsys)
    for ours, theirs in zip(found["scores"], exact["scores"], strict=True):
        assert ours["score"] == pytest.approx(theirs["score"], abs=3 / 4096)


@pytest.mark.parametrize("method", ["gradcam", "lrp"])
def test_attribute(method: str, covered: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """No gate is near enough to zero here to be opened or shut by rounding, see tests/engine/test_exact.py."""
    told = []
    for precision in (nullcontext, in_float64):
        with precision():
            written = str(tmp_path / "a.npy")
            assert main(["attribute", covered, "--method", method, "--npy", written, "--json"]) == 0
        told.append((json.loads(capsys.readouterr().out), np.load(written)))
    (found, values), (exact, wanted) = told
    assert_same(found, exact)
    assert np.abs(values - wanted).max() <= EXACT * np.abs(wanted).max()


def test_invariance(covered: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert_same(*both(["invariance", covered, "--change", "scale", "--amounts", "1.2,1.6", "--json"], capsys))


def test_fig7(covered: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    written = tmp_path / "fig7.npz"
    words = ["figure", "fig7", covered, "--stride", "75", "-o", str(tmp_path / "a.png"), "--npz", str(written)]
    found, exact = both(words, capsys, written)
    for name, value in exact.items():
        if value.dtype.kind == "f" and not name.startswith("c_"):  # (c) is a reconstruction, see test_deconv
            assert_same(found[name], value, name)
