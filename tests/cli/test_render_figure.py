"""`zfdesk render` draws the .npz of a figure, and says in a line what is wrong with any other."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from composing import covered, figure_of, full, small_network
from PIL import Image

from zfdesk.cli import main
from zfdesk.pages.composition import Composition
from zfdesk.pages.layout_file import save_composition
from zfdesk.pages.panels_live import DECONVNET, PICTURE


@pytest.fixture(scope="module")
def figure() -> Composition:
    return figure_of(full(covered(small_network())), PICTURE, DECONVNET)


def test_the_figure_is_drawn(figure: Composition, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from zfdesk.figures import draw, encode

    save_composition(figure, tmp_path / "f.npz")
    assert main(["render", str(tmp_path / "f.npz"), "-o", str(tmp_path / "f.png"), "--dpi", "90"]) == 0
    assert (tmp_path / "f.png").read_bytes() == encode(draw(figure.page()), "png", 90)
    assert "noise" in capsys.readouterr().out
    assert main(["render", str(tmp_path / "f.npz"), "-o", str(tmp_path / "n.png"), "--size", "one-column"]) == 0
    with Image.open(tmp_path / "n.png") as image:
        assert image.width == 1050


def test_other_arrays_are_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    np.savez(tmp_path / "x.npz", a=np.zeros(3))
    assert main(["render", str(tmp_path / "x.npz"), "-o", str(tmp_path / "f.png")]) == 1
    told = capsys.readouterr().err
    assert told.count("\n") == 1
    assert "x.npz cannot be opened as a figure: there is no page in it." in told
    assert not (tmp_path / "f.png").exists()
