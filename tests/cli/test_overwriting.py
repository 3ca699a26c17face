"""No verb writes over what it reads, by whatever path; and each file to write has a name of its own kind."""

from __future__ import annotations

import argparse
import os
import shutil
from importlib import import_module
from pathlib import Path

import pytest

from zfdesk.cli import main
from zfdesk.cli.front import VERBS, _Verbs
from zfdesk.cli.overwriting import OUTPUTS


@pytest.fixture
def place(tmp_path: Path, cat: str, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with inputs of every kind, to work in."""
    monkeypatch.chdir(tmp_path)
    shutil.copy(cat, "cat.png")
    Path("folder").mkdir()
    shutil.copy(cat, "folder/dog.png")
    for name in ("map.npz", "map.npy", "own.safetensors", "clip.mp4", "film.mp4.path.json", "figure.npz", "w.onnx"):
        Path(name).write_bytes(b"what was there before")
    Path("same.png").symlink_to("cat.png")
    os.link("cat.png", "hard.png")
    os.link("folder/dog.png", "far.png")
    Path("link").symlink_to("folder")
    return tmp_path


COMMANDS = [
    "deconv cat.png --layer conv5 --unit 1 -o cat.png",
    "deconv cat.png --layer conv5 --unit 1 -o ./folder/../cat.png",
    "deconv cat.png --layer conv5 --unit 1 -o same.png",
    "deconv same.png --layer conv5 --unit 1 -o cat.png",
    "deconv cat.png --layer conv5 --unit 1 -o hard.png",
    "occlude cat.png -o cat.png",
    "occlude cat.png --weights own.safetensors -o same.png",
    "curves cat.png map.npz -o hard.png",
    "render figure.npz -o out.png --npz ./figure.npz",
    "record clip.mp4 -o clip.mp4",
    "record cat.png --path film.mp4.path.json -o film.mp4",
    "record folder -o folder",
    "record folder -o link",
    "figure fig2 folder -o folder/dog.png",
    "figure fig2 folder cat.png -o far.png",
    "figure fig7 cat.png -o out.png --caption-file cat.png",
    "figure training folder -o link/dog.png",
    "shards folder -o folder --teacher lite0",
    "shards cat.png folder -o link",
    "train folder -o folder",
    "train cat.png -o link --validation folder",
    "train --transfer folder --weights own.safetensors -o own.safetensors",
    "evaluate folder -o far.png",
    "weights pack own.safetensors -o own.safetensors",
    "weights calibrate folder own.safetensors -o own.safetensors",
    "cat.png --screenshot same.png",
]  # fmt: skip


@pytest.mark.parametrize("command", COMMANDS)
def test_an_output_that_is_an_input_is_refused(command: str, place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = {path: path.read_bytes() for path in place.rglob("*") if path.is_file()}
    assert main(command.split()) == 1
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert "would be written over" in said
    assert {path: path.read_bytes() for path in place.rglob("*") if path.is_file()} == before


def test_stored_weights_are_not_written_over_by_their_name(
    place: Path, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    stored = home / "weights" / "mine.safetensors"
    stored.parent.mkdir(parents=True, exist_ok=True)
    stored.write_bytes(b"weights")
    assert main(["weights", "pack", "mine", "-o", str(stored)]) == 1
    assert "would be written over" in capsys.readouterr().err
    assert stored.read_bytes() == b"weights"


def test_what_is_no_input_may_be_written_anew(place: Path, loaded: object) -> None:
    Path("out.png").write_bytes(b"of yesterday")
    Path("folder/fig.pdf").write_bytes(b"of yesterday")
    words = ["deconv", "cat.png", "--layer", "conv1", "--unit", "1"]
    assert main([*words, "-o", "out.png"]) == 0
    assert Path("out.png").read_bytes().startswith(b"\x89PNG")
    assert main(["figure", "fig2", "folder", "--layer", "conv1", "--units", "1", "-o", "folder/fig.pdf"]) == 0
    assert Path("folder/fig.pdf").read_bytes().startswith(b"%PDF")


@pytest.mark.parametrize(
    ("command", "said"),
    [
        ("deconv cat.png --layer conv5 --unit 1 -o x.png --npy x.png", "'x.png': its name ends in .npy"),
        ("occlude cat.png --npz x.png", "'x.png': its name ends in .npz"),
        ("figure fig3 -o x.png --npz x", "'x': its name ends in .npz"),
        ("figure fig3 -o x.png --caption-file ./x.png", "x.png and ./x.png are the same file"),
        ("deconv cat.png --layer conv5 --unit 1 -o", "The file to write has an empty name."),
        ("shards folder --teacher lite0 -o", "The file to write has an empty name."),
        ("record clip.mp4 -o", "The file to write has an empty name."),
    ],
)
def test_names_of_files_to_write(command: str, said: str, place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = command.split()
    assert main([*words, ""] if words[-1] == "-o" else words) in (1, 2)
    assert said in capsys.readouterr().err


def test_every_argument_that_names_an_output_is_known() -> None:
    verbs = _Verbs()
    for name in VERBS:
        import_module(f"zfdesk.cli.{name}").add_parser(verbs)
    found = set()
    waiting = list(verbs.parsers.values())
    while waiting:
        for action in waiting.pop()._actions:
            if isinstance(action, argparse._SubParsersAction):
                waiting += action.choices.values()
            elif "--output" in action.option_strings or str(action.metavar).startswith("OUT"):
                found.add(action.dest)
    assert found == set(OUTPUTS) - {"screenshot"}  # which is the window's
