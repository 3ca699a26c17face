"""``zfdesk desktop``: an entry in a Linux desktop's menu, its icon, and .zfdesk files that open by double-click."""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from zfdesk.cli.output import CommandError
from zfdesk.error_reason import error_reason

MIME_TYPE = "application/x-zfdesk-session"

ENTRY = """\
[Desktop Entry]
Type=Application
Name=zfdesk
GenericName=Network viewer
Comment=Look into ZFNet on live pictures
Exec={command} %f
Icon=zfdesk
Terminal=false
Categories=Education;Science;ArtificialIntelligence;
MimeType={mime};
StartupWMClass=zfdesk
"""
"""See the Desktop Entry Specification of freedesktop.org."""

MIME = f"""\
<?xml version="1.0" encoding="UTF-8"?>
<mime-info xmlns="http://www.freedesktop.org/standards/shared-mime-info">
  <mime-type type="{MIME_TYPE}">
    <comment>zfdesk session</comment>
    <sub-class-of type="application/zip"/>
    <glob pattern="*.zfdesk"/>
  </mime-type>
</mime-info>
"""
"""See the Shared MIME-info Database specification of freedesktop.org."""

UPDATES = (("update-mime-database", "mime"), ("update-desktop-database", "applications"))
"""Programs that make a desktop notice, and the folder each is given. One that is not there has nothing to update."""


def add_parser(verbs: Any) -> None:
    """Register the verb."""
    parser = verbs.add_parser(
        "desktop",
        help="an entry in the desktop's menu, and .zfdesk files by double-click (Linux)",
        epilog="The files lie in the user's own folder (XDG_DATA_HOME, else ~/.local/share); nothing else is changed.",
        allow_abbrev=False,
    )
    parser.add_argument("action", choices=("install", "uninstall"), help="write the entry, or take it away again")
    parser.set_defaults(run=desktop_command)


def desktop_command(arguments: argparse.Namespace) -> int:
    """Install or uninstall, and say what was written or removed. Raises CommandError on Windows and macOS."""
    if sys.platform in ("win32", "darwin"):
        raise CommandError("zfdesk desktop is for Linux; here choose zfdesk once for a .zfdesk file, with Open with….")
    folder = _data_home()
    change = _install if arguments.action == "install" else _uninstall
    try:
        changed = change(folder)
    except OSError as error:
        raise CommandError(f"{error.filename or folder} cannot be changed: {error_reason(error)}.") from None
    _update(folder)
    done = "written" if arguments.action == "install" else "removed"
    for path in changed:
        print(f"{path} {done}")
    if not changed:
        print("Nothing is installed.")
    return 0


def _install(folder: Path) -> list[Path]:
    from zfdesk.atomic_write import write_whole
    from zfdesk.resources import resource

    contents = {
        _icon(folder): resource("icons/zfdesk.svg").read_bytes(),
        _mime(folder): MIME.encode(),
        _entry(folder): ENTRY.format(command=exec_line(_program()), mime=MIME_TYPE).encode(),
    }
    for path, data in contents.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(path, [data])
    return list(contents)


def _uninstall(folder: Path) -> list[Path]:
    found = [path for path in (_icon(folder), _mime(folder), _entry(folder)) if os.path.lexists(path)]
    for path in found:
        path.unlink()
    return found


def _entry(folder: Path) -> Path:
    return folder / "applications" / "zfdesk.desktop"


def _mime(folder: Path) -> Path:
    return folder / "mime" / "packages" / "zfdesk.xml"


def _icon(folder: Path) -> Path:
    return folder / "icons" / "hicolor" / "scalable" / "apps" / "zfdesk.svg"


def _data_home() -> Path:
    """XDG_DATA_HOME, which counts only where it is absolute (XDG Base Directory Specification)."""
    chosen = os.environ.get("XDG_DATA_HOME", "")
    return Path(chosen) if os.path.isabs(chosen) else Path.home() / ".local" / "share"


def _program() -> list[str]:
    """How this zfdesk is started, wherever a desktop starts it from."""
    script = os.path.abspath(sys.argv[0])
    if os.path.basename(script) == "zfdesk" and os.access(script, os.X_OK):
        return [script]
    return [sys.executable, "-m", "zfdesk"]


def exec_line(command: list[str]) -> str:
    """A command as the value of Exec: each word in quotes where it needs them, escaped as the specification says."""
    return " ".join(_exec_word(word) for word in command)


def _exec_word(word: str) -> str:
    plain = word.replace("%", "%%")
    if word and all(letter.isalnum() or letter in "/._-%+:,@" for letter in word):
        return plain
    for letter in '\\"`$':
        plain = plain.replace(letter, f"\\{letter}")
    return f'"{plain}"'.replace("\\", "\\\\")  # once more, because the value is a string with escapes of its own


def _update(folder: Path) -> None:
    """Make the desktop notice. What goes wrong there is no failure of ours: it notices at the next login."""
    for program, name in UPDATES:
        if (found := shutil.which(program)) and (folder / name).is_dir():
            subprocess.run([found, str(folder / name)], capture_output=True, check=False, timeout=60)
