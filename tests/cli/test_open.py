"""``zfdesk`` without a verb: what it hands to the window, and real starts of it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import zfdesk.engine as zf
from zfdesk.cli import main, preflight
from zfdesk.live import View
from zfdesk.resources import resource
from zfdesk.sources import SourceReference


class Window:
    """Stands in for `zfdesk.desk.app.run`."""

    def __init__(self) -> None:
        self.calls: list[tuple[zf.Model, View, str, int]] = []
        self.strongest: list[bool] = []
        self.prepared: list[tuple[bool, bool]] = []

    def run(
        self, model: zf.Model, view: View, screenshot: str = "", after: int = 30, settings: Any = None,
        strongest: bool = False,
    ) -> int:  # fmt: skip
        self.calls.append((model, view, screenshot, after))
        self.strongest.append(strongest)
        return 0

    def prepare(self, offscreen: bool, camera: bool) -> None:
        self.prepared.append((offscreen, camera))


@pytest.fixture
def window(loaded: zf.Model, monkeypatch: pytest.MonkeyPatch) -> Window:
    app = pytest.importorskip("zfdesk.desk.app")
    window = Window()
    monkeypatch.setattr(app, "run", window.run)
    monkeypatch.setattr(preflight, "prepare_qt", window.prepare)
    return window


@pytest.mark.parametrize(
    ("words", "view"),
    [
        ([], View()),
        (["pattern"], View(source=SourceReference("pattern"))),
        (["--camera"], View(source=SourceReference("camera"))),
        (["--camera", "front"], View(source=SourceReference("camera", "front"))),
        (["camera:front"], View(source=SourceReference("camera", "front"))),
        (["--layer", "conv4", "--unit", "383"], View(layer="conv4", unit=383)),
        (["--unit", "7"], View(unit=7)),
    ],
)
def test_the_first_view(words: list[str], view: View, window: Window, loaded: zf.Model) -> None:
    assert main(words) == 0
    assert window.calls == [(loaded, view, "", 30)]
    assert window.prepared == [(False, view.source.kind == "camera")]
    assert window.strongest == ["--unit" not in words]  # else the first frame says which unit is looked at


def test_paths(window: Window, cat: str, tmp_path: Path) -> None:
    assert main([cat]) == 0
    assert main([str(Path(cat).parent)]) == 0
    assert [call[1].source.kind for call in window.calls] == ["picture", "folder"]
    assert window.calls[0][1].source.location == cat


def test_screenshot(window: Window, cat: str, tmp_path: Path) -> None:
    out = str(tmp_path / "out.png")
    assert main(["--screenshot", out, "--after", "12"]) == 0
    assert main([cat, "--screenshot", out, "--after", "12"]) == 0
    assert [call[2:] for call in window.calls] == [(out, 12), (out, 1)]  # a picture has one frame only
    assert window.prepared == [(True, False)] * 2


def test_a_network_without_conv5(window: Window, monkeypatch: pytest.MonkeyPatch) -> None:
    layers = (
        zf.Conv("one", 4, 5, 4),
        zf.ReLU("r"),
        zf.Conv("two", 4, 3, 2),
        zf.Linear("scores", 2),
        zf.Softmax("prob"),
    )
    small = zf.random_model(zf.Architecture("small", "Small", layers))
    monkeypatch.setattr("zfdesk.weights.store.load_current", lambda: (small, ""))
    assert main([]) == 0
    assert window.calls[0][1].layer == "two"


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--layer", "conv9"], "zfnet has no layer 'conv9'"),
        (["--unit", "256"], "conv5 has units 0 to 255; there is no unit 256."),
        (["--screenshot", "no/where.png"], "no/where.png cannot be written: the folder"),
        (["--screenshot", "."], ". cannot be written: it is a folder."),
        (["zero.png"], "zero.png is empty."),
    ],
)
def test_what_cannot_be_shown(
    words: list[str],
    sentence: str,
    window: Window,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "zero.png").write_bytes(b"")
    assert main(words) == 1
    out, err = capsys.readouterr()
    assert (out, err.count("\n"), window.calls) == ("", 1, [])
    assert sentence in err


def without_display() -> dict[str, str]:
    hidden = ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM")
    return {name: value for name, value in os.environ.items() if name not in hidden}


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere there is always a display")
@pytest.mark.parametrize("display", [{}, {"DISPLAY": ":987"}, {"QT_QPA_PLATFORM": "xcb"}])
def test_no_display_is_told_and_does_not_abort(display: dict[str, str]) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "zfdesk"], env=without_display() | display, capture_output=True, text=True, timeout=60
    )
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (1, "", 1)
    assert "DISPLAY" in done.stderr or "libxcb" in done.stderr


def test_a_real_screenshot_without_a_display(tmp_path: Path) -> None:
    pytest.importorskip("PySide6.QtWidgets")
    out = tmp_path / "window.png"
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "zfdesk",
            str(resource("demo/chelsea.jpg")),
            "--layer",
            "conv4",
            "--screenshot",
            str(out),
        ],
        env=without_display(),
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    with Image.open(out) as image:
        assert image.width >= 800
        assert (
            len(np.unique(np.asarray(image.convert("RGB")).reshape(-1, 3), axis=0)) > 1000
        )  # there is a photograph in it


def test_torch_comes_before_qt() -> None:
    pytest.importorskip("PySide6.QtWidgets")
    program = (
        "import sys; from zfdesk.cli.preflight import prepare_qt; prepare_qt(True, False); "
        "names = list(sys.modules); sys.exit(names.index('torch') > names.index('PySide6'))"
    )
    done = subprocess.run([sys.executable, "-c", program], env=without_display(), timeout=60)
    assert done.returncode == 0
