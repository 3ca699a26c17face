"""``zfdesk desktop``: what it writes is read again by pyxdg and by the shared MIME database's own program."""

from __future__ import annotations

import os
import re
import shutil
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from zfdesk.cli import main
from zfdesk.resources import resource

FILES = ("icons/hicolor/scalable/apps/zfdesk.svg", "mime/packages/zfdesk.xml", "applications/zfdesk.desktop")


@pytest.fixture(autouse=True)
def linux(monkeypatch: pytest.MonkeyPatch) -> None:
    """The tests run anywhere; the program that is started is this Python."""
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setattr(sys, "argv", ["pytest"])


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An XDG_DATA_HOME of the test's own."""
    place = tmp_path / "data home"
    monkeypatch.setenv("XDG_DATA_HOME", str(place))
    return place


def script(place: Path) -> Path:
    """An executable that writes down how it was called."""
    place.mkdir(parents=True)
    path = place / "zfdesk"
    path.write_text('#!/bin/sh\nprintf "%s\\n" "$0" "$@" > "$(dirname "$0")/called"\n')
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return path


def command_of(entry: Path) -> list[str]:
    """The words a desktop starts: the string's escapes undone, then the quoting, then the field codes."""
    from xdg.DesktopEntry import DesktopEntry

    value = re.sub(r"\\(.)", r"\1", DesktopEntry(str(entry)).getExec())
    words = re.findall(r'"((?:[^"\\]|\\.)*)"|(\S+)', value)
    return [re.sub(r"\\(.)", r"\1", quoted) if quoted else plain for quoted, plain in words]


def test_install_writes_three_files_and_uninstall_takes_them_away(
    data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["desktop", "install"]) == 0
    out, err = capsys.readouterr()
    assert err == ""
    assert [str(data / name) in line for name, line in zip(FILES, out.splitlines(), strict=True)] == [True] * 3
    assert (data / FILES[0]).read_bytes() == resource("icons/zfdesk.svg").read_bytes()
    assert main(["desktop", "install"]) == 0, "again is no failure"
    capsys.readouterr()
    assert main(["desktop", "uninstall"]) == 0
    assert all(str(data / name) in line for name, line in zip(FILES, capsys.readouterr().out.splitlines(), strict=True))
    assert not [name for name in FILES if (data / name).exists()]
    assert main(["desktop", "uninstall"]) == 0
    assert "Nothing is installed" in capsys.readouterr().out


def test_the_entry_is_valid_and_starts_this_program(data: Path) -> None:
    from xdg.DesktopEntry import DesktopEntry

    assert main(["desktop", "install"]) == 0
    path = data / "applications" / "zfdesk.desktop"
    entry = DesktopEntry(str(path))
    entry.validate()
    assert (entry.getName(), entry.getIcon(), entry.getTerminal()) == ("zfdesk", "zfdesk", False)
    assert entry.getMimeTypes() == ["application/x-zfdesk-session"]
    assert command_of(path) == [sys.executable, "-m", "zfdesk", "%f"]


@pytest.mark.parametrize("folder", ["plain", "with a space", 'a $HOME `b` "c" 100% d\\e'])
@pytest.mark.skipif(os.name == "nt", reason="a shell script is started")
def test_an_installed_script_is_started_from_any_folder(
    folder: str, data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = script(tmp_path / folder)
    monkeypatch.setattr(sys, "argv", [str(path)])
    assert main(["desktop", "install"]) == 0
    *words, field = command_of(data / "applications" / "zfdesk.desktop")
    assert field == "%f"
    words = [word.replace("%%", "%") for word in words]
    subprocess.run([*words, "a b.zfdesk"], check=True)
    assert (path.parent / "called").read_text().splitlines() == [str(path), "a b.zfdesk"]


@pytest.mark.skipif(not shutil.which("update-mime-database"), reason="the shared MIME database's program is not here")
def test_the_mime_type_reaches_the_database(data: Path) -> None:
    assert main(["desktop", "install"]) == 0
    globs = (data / "mime" / "globs2").read_text()
    assert "50:application/x-zfdesk-session:*.zfdesk" in globs
    assert "application/x-zfdesk-session application/zip" in (data / "mime" / "subclasses").read_text()
    assert main(["desktop", "uninstall"]) == 0
    assert "zfdesk" not in (data / "mime" / "globs2").read_text()


def test_a_relative_data_home_does_not_count(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", "relative")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setattr(Path, "home", lambda: tmp_path)
    monkeypatch.chdir(tmp_path)
    assert main(["desktop", "install"]) == 0
    assert (tmp_path / ".local" / "share" / FILES[2]).is_file()
    assert not (tmp_path / "relative").exists()


@pytest.mark.parametrize("platform", ["win32", "darwin"])
def test_elsewhere_it_says_what_to_do(
    platform: str, data: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "platform", platform)
    assert main(["desktop", "install"]) == 1
    assert "Open with" in capsys.readouterr().err
    assert not data.exists()


def test_a_folder_that_cannot_be_written_is_named(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data.write_text("a file where the folder ought to be")
    assert main(["desktop", "install"]) == 1
    err = capsys.readouterr().err
    assert err.count("\n") == 1
    assert str(data) in err
