"""Before Qt starts: is there a display, and is everything there that Qt's libraries need?

Qt ends the whole process when its platform plugin does not load or no display answers; here both are found out first
and told in a sentence. Only Linux leaves these libraries to the system.
"""

from __future__ import annotations

import ctypes
import os
import re
import socket
import sys
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from zfdesk.cli.output import CommandError, print_message

_VARIABLES = {"wayland": "WAYLAND_DISPLAY", "xcb": "DISPLAY"}  # in the order in which Qt tries them

Load = Callable[[str], str]
"""Loads a library by its file name; gives the name of the one that is lacking (it or one it needs), "" for none."""


@dataclass(frozen=True)
class SystemLibrary:
    """A system library, the packages it comes in, and what needs it: "qt" (always), "xcb", "wayland" or "camera"."""

    file: str
    debian: str
    fedora: str
    part: str = "qt"


LIBRARIES = (
    SystemLibrary("libEGL.so.1", "libegl1", "libglvnd-egl"),
    SystemLibrary("libGL.so.1", "libgl1", "libglvnd-glx"),
    SystemLibrary("libxkbcommon.so.0", "libxkbcommon0", "libxkbcommon"),
    SystemLibrary("libdbus-1.so.3", "libdbus-1-3", "dbus-libs"),
    SystemLibrary("libfontconfig.so.1", "libfontconfig1", "fontconfig"),
    SystemLibrary("libfreetype.so.6", "libfreetype6", "freetype"),
    SystemLibrary("libglib-2.0.so.0", "libglib2.0-0", "glib2"),
    SystemLibrary("libX11.so.6", "libx11-6", "libX11"),
    SystemLibrary("libzstd.so.1", "libzstd1", "libzstd"),
    SystemLibrary("libxcb-cursor.so.0", "libxcb-cursor0", "xcb-util-cursor", "xcb"),
    SystemLibrary("libxkbcommon-x11.so.0", "libxkbcommon-x11-0", "libxkbcommon-x11", "xcb"),
    SystemLibrary("libX11-xcb.so.1", "libx11-xcb1", "libX11-xcb", "xcb"),
    SystemLibrary("libxcb-icccm.so.4", "libxcb-icccm4", "xcb-util-wm", "xcb"),
    SystemLibrary("libxcb-image.so.0", "libxcb-image0", "xcb-util-image", "xcb"),
    SystemLibrary("libxcb-keysyms.so.1", "libxcb-keysyms1", "xcb-util-keysyms", "xcb"),
    SystemLibrary("libxcb-render-util.so.0", "libxcb-render-util0", "xcb-util-renderutil", "xcb"),
    SystemLibrary("libxcb-util.so.1", "libxcb-util1", "xcb-util", "xcb"),
    SystemLibrary("libxcb-randr.so.0", "libxcb-randr0", "libxcb", "xcb"),
    SystemLibrary("libxcb-render.so.0", "libxcb-render0", "libxcb", "xcb"),
    SystemLibrary("libxcb-shape.so.0", "libxcb-shape0", "libxcb", "xcb"),
    SystemLibrary("libxcb-shm.so.0", "libxcb-shm0", "libxcb", "xcb"),
    SystemLibrary("libxcb-sync.so.1", "libxcb-sync1", "libxcb", "xcb"),
    SystemLibrary("libxcb-xfixes.so.0", "libxcb-xfixes0", "libxcb", "xcb"),
    SystemLibrary("libxcb-xkb.so.1", "libxcb-xkb1", "libxcb", "xcb"),
    SystemLibrary("libwayland-client.so.0", "libwayland-client0", "libwayland-client", "wayland"),
    SystemLibrary("libwayland-cursor.so.0", "libwayland-cursor0", "libwayland-cursor", "wayland"),
    SystemLibrary("libpulse.so.0", "libpulse0", "pulseaudio-libs", "camera"),
)
"""What PySide6 6.12's QtGui, QtWidgets, QtMultimedia and platform plugins name and no desktop-less image has (ldd)."""


def prepare_qt(offscreen: bool, camera: bool) -> None:
    """Make sure that Qt will start; CommandError, in a sentence, when it would not.

    offscreen: no display is needed; where there is none Qt is told to draw into memory. camera: a missing libpulse is
    told, and FFmpeg takes the pictures.
    """
    if sys.platform == "linux":
        platform = choose_platform(os.environ, offscreen)
        if platform:
            os.environ["QT_QPA_PLATFORM"] = platform
        # what Qt looks for and can do without is of no use to anyone but Qt's developers
        os.environ.setdefault("QT_LOGGING_RULES", "qt.multimedia.symbolsresolver=false;qt.multimedia.ffmpeg.info=false")
        if camera and (lacking := missing(["camera"])):
            print_message(f"{missing_text('Qt’s part for cameras', lacking)} FFmpeg reads the camera meanwhile.")
    # torch before Qt: on Windows Qt's own libraries would otherwise be found first
    import torch  # noqa: F401

    try:
        import PySide6.QtWidgets  # noqa: F401
    except ImportError as error:
        raise CommandError(import_error_text(error)) from error


def choose_platform(
    environment: Mapping[str, str],
    offscreen: bool,
    load: Load | None = None,
    answers: Callable[[str], bool] | None = None,
) -> str:
    """What QT_QPA_PLATFORM has to be set to, "" where Qt's own choice is right; CommandError when nothing would work.

    ``answers``: whether the display of "xcb" or "wayland" can be connected to.
    """
    answers = answers or display_answers
    _demand(missing(["qt"], load), "The window")
    named = environment.get("QT_QPA_PLATFORM", "")
    wished = [part.partition(":")[0] for part in named.split(";") if part]
    if not wished:
        wished = [platform for platform, variable in _VARIABLES.items() if environment.get(variable)]
        wished += ["offscreen"] * offscreen
    if not wished:
        raise CommandError(
            "There is no display to open a window on (neither DISPLAY nor WAYLAND_DISPLAY is set); "
            "--screenshot, classify, deconv and info work without one."
        )
    errors: list[CommandError] = []
    for platform in wished:
        try:
            _check_platform(platform, environment, load, answers)
        except CommandError as error:
            errors.append(error)
        else:
            return platform if errors or platform == "offscreen" else ""
    raise errors[-1]


def _check_platform(
    platform: str, environment: Mapping[str, str], load: Load | None, answers: Callable[[str], bool]
) -> None:
    installed = _platforms(environment)
    if installed and platform not in installed:
        raise CommandError(
            f"QT_QPA_PLATFORM names {platform!r}, which this installation of Qt does not know; "
            f"it knows {', '.join(installed)}."
        )
    platform = "wayland" if platform.startswith("wayland") else platform
    if platform not in ("xcb", "wayland"):  # offscreen, vnc … need no display
        return
    _demand(missing([platform], load), "The window")
    if not answers(platform):
        variable = _VARIABLES[platform]
        display = environment.get(variable)
        which = f"{variable} is {display!r}, which does not answer" if display else f"{variable} is not set"
        raise CommandError(f"No window can be opened: {which}.")


def _platforms(environment: Mapping[str, str]) -> list[str]:
    """The platforms that PySide6's own Qt brings; empty where that cannot be told, as with a system's Qt."""
    found = find_spec("PySide6")
    if found is None or environment.get("QT_QPA_PLATFORM_PLUGIN_PATH") or environment.get("QT_PLUGIN_PATH"):
        return []
    folders = [Path(place) / "Qt" / "plugins" / "platforms" for place in found.submodule_search_locations or ()]
    names = {file.stem.removeprefix("libq") for folder in folders for file in folder.glob("libq*.so")}
    return sorted(names | ({"wayland", "wayland-egl"} if any(name.startswith("wayland") for name in names) else set()))


def missing(parts: Collection[str], load: Load | None = None) -> list[SystemLibrary]:
    """The libraries that keep these parts from loading: their own, or those that their own need in turn."""
    load = load or load_error
    lacking = [load(library.file) for library in LIBRARIES if library.part in parts]
    return [_library(file) for file in dict.fromkeys(lacking) if file]


def missing_text(who: str, lacking: list[SystemLibrary]) -> str:
    """A sentence that names the libraries and the packages to install."""
    files = " and ".join(library.file for library in lacking)
    debian = " ".join(dict.fromkeys(library.debian for library in lacking if library.debian))
    fedora = " ".join(dict.fromkeys(library.fedora for library in lacking if library.fedora))
    sentence = f"{who} needs {files}, which this system lacks"
    if not debian:
        return f"{sentence}."
    return f"{sentence}: `sudo apt install {debian}` (Debian, Ubuntu) or `sudo dnf install {fedora}` (Fedora)."


def import_error_text(error: ImportError) -> str:
    """A sentence for Qt's modules that do not load."""
    file = _named(str(error))
    if not file:
        return f"The window needs PySide6, which does not load ({error})."
    return missing_text("The window", [_library(file)])


def _demand(lacking: list[SystemLibrary], who: str) -> None:
    if lacking:
        raise CommandError(missing_text(who, lacking))


def _library(file: str) -> SystemLibrary:
    return next((library for library in LIBRARIES if library.file == file), SystemLibrary(file, "", ""))


def load_error(file: str) -> str:
    """The library that is missing where the system's loader cannot load ``file``; "" where it can."""
    try:
        ctypes.CDLL(file)
    except OSError as error:
        return _named(str(error)) or file
    return ""


def _named(message: str) -> str:
    """The library that the dynamic linker's message is about, "" when it is about none."""
    found = re.search(r"(lib[\w.+-]+\.so[\w.]*): ", message)
    return found[1] if found else ""


def display_answers(platform: str) -> bool:
    """Whether a display server of Qt's platform "xcb" or "wayland" answers."""
    return _x_answers() if platform == "xcb" else _wayland_answers()


def _x_answers() -> bool:
    """Whether the X server of DISPLAY lets us in, asked as Qt's plugin asks it."""
    try:
        xcb = ctypes.CDLL("libxcb.so.1")
    except OSError:
        return False
    xcb.xcb_connect.restype = ctypes.c_void_p
    connection = ctypes.c_void_p(xcb.xcb_connect(None, None))
    failed = bool(xcb.xcb_connection_has_error(connection))
    xcb.xcb_disconnect(connection)
    return not failed


def _wayland_answers() -> bool:
    path = os.path.join(os.environ.get("XDG_RUNTIME_DIR", ""), os.environ.get("WAYLAND_DISPLAY") or "wayland-0")
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(2.0)
        try:
            connection.connect(path)
        except OSError:
            return False
    return True
