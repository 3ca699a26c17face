"""The front page: verbs and sources, exit statuses, and what happens to stdout."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from zfdesk import __version__
from zfdesk.cli import front, info, main
from zfdesk.cli.output import CommandError


def told(capsys: pytest.CaptureFixture[str]) -> str:
    """The one line on stderr, without the program's name."""
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("zfdesk: ")
    assert err.count("\n") == 1
    assert err.endswith("\n")
    return err.removeprefix("zfdesk: ").rstrip("\n")


def python(*words: str, **options: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *words], capture_output=True, text=True, encoding="utf-8", timeout=60, **options
    )  # type: ignore[call-overload]


def test_help_names_every_verb_and_gives_examples(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--help"]) == 0
    out, err = capsys.readouterr()
    assert err == ""
    assert all(f"\n  {verb} " in out for verb in front.VERBS)
    assert "zfdesk classify holiday/ --top 3" in out
    assert len(out.splitlines()) <= 64


@pytest.mark.parametrize("verb", front.VERBS)
def test_every_verb_has_help(verb: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([verb, "--help"]) == 0
    assert capsys.readouterr().out.startswith(f"usage: zfdesk {verb} ")


def test_version_through_the_module() -> None:
    done = python("-m", "zfdesk", "--version")
    assert (done.returncode, done.stdout, done.stderr) == (0, f"zfdesk {__version__}\n", "")


def test_help_loads_nothing_heavy() -> None:
    program = (
        "import sys; from zfdesk.cli import main; status = main(['--help']); "
        "heavy = {'torch', 'numpy', 'PIL', 'PySide6', 'av', 'onnx'} & set(sys.modules); "
        "sys.exit(f'loaded {heavy}' if heavy else status)"
    )
    done = python("-c", program)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["clasify"], "clasify is neither a file nor a verb; did you mean `zfdesk classify`?"),
        (["clasify", "a.png", "--json"], "clasify is neither a file nor a verb; did you mean `zfdesk classify`?"),
        (["wieghts", "list"], "wieghts is neither a file nor a verb; did you mean `zfdesk weights`?"),
        (["qqq"], f"qqq is neither a file nor a verb; the verbs are {', '.join(front.VERBS)}."),
        (["nothing.jpg"], "nothing.jpg does not exist."),
        (["no/such"], "no/such does not exist."),
    ],
)
def test_first_word_that_is_nothing(
    words: list[str], sentence: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(words) == 1
    assert told(capsys) == sentence


@pytest.mark.parametrize(
    "words",
    [
        ["--layer", "conv4", "classify"],
        ["--weights", "x", "info", "--json"],
        ["demo", "pattern"],
        ["--nonsense"],
        ["demo", "--camera"],
        ["--unit", "-1"],
        ["--unit", "two"],
        ["--after", "3"],
        ["--after", "0", "--screenshot", "x.png"],
        ["--screenshot", "x.jpg"],
        ["classify"],
        ["info", "--nonsense"],
        ["info", "--architecture", "vgg16", "--list"],
    ],
)
def test_wrong_usage(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(words) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("usage: zfdesk")
    assert "Traceback" not in err


def test_verbs_win_over_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "info").write_text("")
    assert front.parse(["info"]).run is info.info_command
    assert front.parse(["./info"]).path == "./info"


def run_raising(error: BaseException, monkeypatch: pytest.MonkeyPatch) -> int:
    def fail(arguments: object) -> int:
        raise error

    monkeypatch.setattr(info, "info_command", fail)
    return main(["info"])


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (MemoryError(), "There is not enough memory for this."),
        (
            RuntimeError("[enforce fail] . DefaultCPUAllocator: can't allocate memory: you"),
            "There is not enough memory",
        ),
        (OSError(28, "No space left on device"), "The system reports an error: no space left on device."),
        (PermissionError(13, "Permission denied", "a.png"), "a.png: permission denied."),
        (FileNotFoundError("The installation is incomplete."), "The installation is incomplete."),
        (ImportError("No module named 'torch'"), "The installation is incomplete (No module named 'torch')."),
        (ValueError("two\nlines\x1b[31m"), "two lines�[31m"),
        (CommandError("That cannot be."), "That cannot be."),
    ],
)
def test_expected_errors_are_one_line(
    error: Exception, sentence: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_raising(error, monkeypatch) == 1
    assert told(capsys).startswith(sentence)


def test_unexpected_errors_keep_their_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(KeyError):
        run_raising(KeyError("a bug"), monkeypatch)
    monkeypatch.setenv("ZFDESK_TRACEBACK", "1")
    with pytest.raises(ValueError, match="asked for"):
        run_raising(ValueError("asked for"), monkeypatch)


def test_interrupt(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    assert run_raising(KeyboardInterrupt(), monkeypatch) == 130
    assert capsys.readouterr() == ("", "")


PRINTING = """
import sys
from zfdesk.cli import info, main
info.info_command = lambda arguments: print("x" * 300) or 0
sys.exit(main(["info"]))
"""


@pytest.mark.parametrize("unbuffered", ["", "1"])
@pytest.mark.parametrize(
    ("outlet", "status", "error"),
    [("closed pipe", 0, ""), ("/dev/full", 1, "zfdesk: The system reports an error: no space left on device.\n")],
)
def test_stdout_that_takes_nothing(outlet: str, status: int, error: str, unbuffered: str) -> None:
    """A reader that has read enough is no failure, a full disk is one."""
    if outlet == "closed pipe":
        read, write = os.pipe()
        os.close(read)
    elif os.path.exists(outlet):
        write = os.open(outlet, os.O_WRONLY)
    else:
        pytest.skip("needs a device that is always full")
    try:
        done = subprocess.run(
            [sys.executable, "-c", PRINTING],
            env={**os.environ, "PYTHONUNBUFFERED": unbuffered},
            stdout=write,
            stderr=subprocess.PIPE,
            text=True,
            timeout=60,
        )
    finally:
        os.close(write)
    assert (done.returncode, done.stderr) == (status, error)


def test_a_terminal_that_lacks_letters() -> None:
    done = python("-m", "zfdesk", "--help", env={**os.environ, "PYTHONIOENCODING": "ascii"})
    assert done.returncode == 0
    assert "zfdesk VERB \\u2026" in done.stdout
