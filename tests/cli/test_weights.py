"""``zfdesk weights``: what it prints, keeps and refuses."""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import zfdesk.engine as zf
from zfdesk.cli.weights import add_parser
from zfdesk.engine import store


def run(*words: object) -> int:
    """The verb as the main program calls it."""
    parser = argparse.ArgumentParser(prog="zfdesk")
    add_parser(parser.add_subparsers(required=True))
    arguments = parser.parse_args(["weights", *map(str, words)])
    code: int = arguments.run(arguments)
    return code


@pytest.fixture
def said(capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Run the verb in an empty home; what it printed (JSON parsed where it was asked for)."""
    monkeypatch.setenv("ZFDESK_HOME", str(tmp_path / "home"))

    def call(*words: object) -> Any:
        assert run(*words) == 0
        out, error = capsys.readouterr()
        assert error == ""
        return json.loads(out) if "--json" in words else out

    return call


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A checkpoint outside the user's folder."""
    path = tmp_path / "my net.safetensors"
    zf.save(zf.random_model(zf.ARCHITECTURES["zfnet-no3467"](2), seed=1), path)
    return path


def test_list(said: Any) -> None:
    text = said("list")
    assert text.startswith("* zfnet-v0")
    assert " 1000 classes" in text
    assert "66 MB" in text
    assert "1a66663a7392" in text
    (entry,) = said("list", "--json")
    assert (entry["name"], entry["in_use"], entry["parameters"]) == ("zfnet-v0", True, 62_357_608)
    assert entry["sha256"] == zf.load().sha256


def test_import_use_and_list(said: Any, file: Path) -> None:
    text = said("import", file)
    assert text.splitlines() == [
        "Kept as my-net (ZFNet without layers 3, 4, 6, 7, Table 3, 2 classes, 5 MB).",
        "Note: These weights are known to be untrained: the answers mean nothing.",
        "To use it: zfdesk weights use my-net",
    ]
    assert said("use", "my-net") == "From now on my-net is in use.\n"
    assert [line[:8] for line in said("list").splitlines()] == ["  zfnet-", "* my-net"]
    kept = said("import", file, "--name", "again", "--use", "--json")
    assert (kept["name"], kept["architecture"], kept["classes"], kept["use"]) == ("again", "zfnet-no3467", 2, True)
    assert said("use", "zfnet-v0", "--json") == {"use": "zfnet-v0"}
    assert store.current() is None


def test_info_of_the_network_in_use_a_name_and_a_file(said: Any, file: Path) -> None:
    facts = said("info", "--json")
    assert (facts["name"], facts["parameters"], facts["classes"]) == ("zfnet-v0", 62_357_608, 1000)
    assert (facts["doubt"], facts["in_use"], facts["trained"]) == ("", True, True)
    assert facts["input"] == {
        "size": 224,
        "channels": "RGB",
        "mean": [123.675, 116.28, 103.53],
        "std": [1, 1, 1],
        "resize": 256,
    }
    text = said("info", file)
    assert f"parameters    {zf.describe(file).architecture.parameters:,}\n" in text
    assert "in_use        no" in text
    assert "doubt         These weights are known to be untrained" in text


def test_damaged_weights_are_listed_with_their_trouble(said: Any, tmp_path: Path) -> None:
    folder = tmp_path / "home" / "weights"
    folder.mkdir(parents=True)
    (folder / "torn.safetensors").write_bytes(b"\x01")
    assert "torn" in said("list")
    assert "is not a safetensors file" in said("list", "--json")[1]["trouble"]


@pytest.mark.parametrize(
    ("words", "answer"),
    [
        (["use", "none"], "There are no weights called 'none'; there are zfnet-v0."),
        (["info", "none"], "There are no weights called 'none'; there are zfnet-v0."),
        (["use", "../x"], "'../x' is not a name for weights"),
        (["import", "none.pth"], "There is no file none.pth."),
        (["import", __file__], "weights come as .safetensors, .pth, .pt or .onnx."),
    ],
)
def test_failures_are_one_sentence(words: list[str], answer: str, said: Any) -> None:
    with pytest.raises(zf.CheckpointError) as caught:
        run(*words)
    assert answer in str(caught.value)


def test_wrong_usage_ends_with_two(said: Any) -> None:
    for words in ([], ["lose"], ["use"], ["import"], ["list", "--xml"]):
        with pytest.raises(SystemExit) as caught:
            run(*words)
        assert caught.value.code == 2


def test_registering_the_verb_imports_nothing_heavy() -> None:
    code = "import sys, zfdesk.cli.weights; sys.exit(bool({'torch', 'numpy', 'onnx'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
