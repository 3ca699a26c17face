"""What is told before Qt starts, with libraries and displays that are missing on purpose."""

from __future__ import annotations

import os
import sys

import pytest

from zfdesk.cli import preflight
from zfdesk.cli.output import CommandError
from zfdesk.cli.preflight import LIBRARIES, Load, choose_platform, import_error_text, missing


def lacking(*files: str) -> Load:
    return lambda file: file if file in files else ""


NOTHING = lacking()


def choose(
    environment: dict[str, str], offscreen: bool = False, lost: Load = NOTHING, answering: str = "xcb wayland"
) -> str:
    return choose_platform(environment, offscreen, lost, answering.split().__contains__)


X = {"DISPLAY": ":0"}
BOTH = {"DISPLAY": ":0", "WAYLAND_DISPLAY": "wayland-0"}


@pytest.mark.parametrize(
    "library", [library for library in LIBRARIES if library.part != "camera"], ids=lambda library: library.file
)
def test_every_library_is_named_with_its_packages(library: preflight.SystemLibrary) -> None:
    environment = {"QT_QPA_PLATFORM": "xcb" if library.part == "qt" else library.part}
    with pytest.raises(CommandError) as caught:
        choose(environment, lost=lacking(library.file))
    sentence = str(caught.value)
    assert library.file in sentence
    assert f"`sudo apt install {library.debian}` (Debian, Ubuntu)" in sentence
    assert f"`sudo dnf install {library.fedora}` (Fedora)" in sentence
    assert "\n" not in sentence


@pytest.mark.parametrize(
    "file",
    ["libEGL.so.1", "libGL.so.1", "libxkbcommon.so.0", "libxkbcommon-x11.so.0", "libdbus-1.so.3", "libfontconfig.so.1",
     "libxcb-cursor.so.0", "libpulse.so.0"],
)  # fmt: skip
def test_the_usual_suspects_are_known(file: str) -> None:
    assert file in [library.file for library in LIBRARIES]


def test_several_are_named_together_and_packages_once() -> None:
    lost = missing(["xcb"], lacking("libxcb-randr.so.0", "libxcb-shm.so.0"))
    words = preflight.missing_text("The window", lost)
    assert "libxcb-randr.so.0 and libxcb-shm.so.0" in words
    assert "apt install libxcb-randr0 libxcb-shm0`" in words
    assert "dnf install libxcb`" in words


def test_a_library_that_a_library_lacks_is_the_one_named() -> None:
    lost = missing(["qt"], lambda file: "libbrotlidec.so.1" if "font" in file or "freetype" in file else "")
    assert [library.file for library in lost] == ["libbrotlidec.so.1"]
    assert preflight.missing_text("It", lost) == "It needs libbrotlidec.so.1, which this system lacks."


def test_a_display_that_answers() -> None:
    assert choose(X) == ""
    assert choose(BOTH) == ""
    assert choose(X, offscreen=True) == ""
    assert choose({"QT_QPA_PLATFORM": "vnc:port=5900"}, answering="") == ""
    assert choose({"QT_QPA_PLATFORM": "offscreen"}, answering="") in ("", "offscreen")


def test_no_display() -> None:
    with pytest.raises(CommandError, match="There is no display"):
        choose({})
    with pytest.raises(CommandError, match="DISPLAY is ':0', which does not answer"):
        choose(X, answering="")
    with pytest.raises(CommandError, match="DISPLAY is not set"):
        choose({"QT_QPA_PLATFORM": "xcb"}, answering="")


def test_a_screenshot_needs_no_display() -> None:
    assert choose({}, offscreen=True) == "offscreen"
    assert choose(X, offscreen=True, answering="") == "offscreen"
    assert choose(X, offscreen=True, lost=lacking("libxcb-cursor.so.0")) == "offscreen"
    with pytest.raises(CommandError, match=r"libEGL\.so\.1"):
        choose({}, offscreen=True, lost=lacking("libEGL.so.1"))


def test_x_when_wayland_will_not() -> None:
    assert choose(BOTH, answering="xcb") == "xcb"
    assert choose(BOTH, lost=lacking("libwayland-cursor.so.0")) == "xcb"
    assert choose(BOTH, lost=lacking("libxcb-cursor.so.0")) == ""


def test_words_of_the_dynamic_linker() -> None:
    error = ImportError("libEGL.so.1: cannot open shared object file: No such file or directory")
    assert "apt install libegl1`" in import_error_text(error)
    assert "libodd.so.7, which this system lacks." in import_error_text(ImportError("libodd.so.7: cannot open shared"))
    assert "does not load (No module named 'PySide6')" in import_error_text(ImportError("No module named 'PySide6'"))


@pytest.mark.skipif(sys.platform != "linux", reason="how Linux loads libraries")
def test_the_real_loader_and_the_real_display(monkeypatch: pytest.MonkeyPatch) -> None:
    assert preflight.load_error("libc.so.6") == ""
    assert preflight.load_error("libzfdesk-none.so.3") == "libzfdesk-none.so.3"
    monkeypatch.setenv("DISPLAY", ":987")
    monkeypatch.setenv("WAYLAND_DISPLAY", "zfdesk-none")
    assert not preflight.display_answers("xcb")
    assert not preflight.display_answers("wayland")


@pytest.mark.skipif(sys.platform != "linux", reason="libpulse is Linux's")
def test_a_camera_without_libpulse_is_told_of_and_goes_on(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("PySide6.QtWidgets")
    monkeypatch.setattr(os, "environ", {"QT_QPA_PLATFORM": "offscreen"})
    monkeypatch.setattr(preflight, "load_error", lacking("libpulse.so.0"))
    preflight.prepare_qt(offscreen=False, camera=True)
    err = capsys.readouterr().err
    assert "apt install libpulse0`" in err
    assert err.count("\n") == 1
    preflight.prepare_qt(offscreen=False, camera=False)
    assert capsys.readouterr().err == ""
