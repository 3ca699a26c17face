"""``zfdesk weights``: what it prints, keeps and refuses."""

from __future__ import annotations

import argparse
import hashlib
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from embedded import NAME
from loopback import Loopback, loopback

import zfdesk.engine as zf
import zfdesk.weights
from zfdesk.cli.weights import add_parser
from zfdesk.weights import store
from zfdesk.weights.catalogue import CATALOGUE, CatalogueEntry
from zfdesk.weights.download import DownloadError
from zfdesk.weights.obtain import downloads


def run(*words: object, catalogue: tuple[CatalogueEntry, ...] | None = None) -> int:
    """The verb as the main program calls it."""
    parser = argparse.ArgumentParser(prog="zfdesk")
    add_parser(parser.add_subparsers(required=True), catalogue)
    arguments = parser.parse_args(["weights", *map(str, words)])
    code: int = arguments.run(arguments)
    return code


@pytest.fixture
def said(capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Run the verb in an empty home; what it printed (JSON parsed where it was asked for)."""
    monkeypatch.setenv("ZFDESK_HOME", str(tmp_path / "home"))

    def call(*words: object, catalogue: tuple[CatalogueEntry, ...] | None = None) -> Any:
        assert run(*words, catalogue=catalogue) == 0
        out, error = capsys.readouterr()
        assert error == "" or words[0] == "get"
        return json.loads(out) if "--json" in words else out

    return call


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A checkpoint outside the user's folder."""
    path = tmp_path / "my net.safetensors"
    zfdesk.weights.save(zf.random_model(zf.ARCHITECTURES["zfnet-no3467"](2), seed=1), path)
    return path


def test_list(said: Any) -> None:
    heading, embedded, blank, to_be_had, *rest = said("list").splitlines()
    assert heading.split() == ["architecture", "classes", "size", "top-1/top-5", "error"]
    assert embedded.startswith(f"* {NAME} ")
    assert " 1000     66 MB " in embedded
    assert (blank, to_be_had) == ("", "To be had (zfdesk weights get NAME):")
    assert [line.split()[0] for line in rest] == [entry.name for entry in CATALOGUE]
    assert "≈249 MB  39.79 % / 17.27 %  pytorchcv's ZFNet, MIT" in rest[0]
    assert "349 MB" in rest[-1]
    assert "by file, see `zfdesk weights info zfnet512`" in rest[-1]
    assert max(map(len, rest)) < 160
    entry, *theirs = said("list", "--json")
    assert (entry["name"], entry["installed"], entry["in_use"]) == (NAME, True, True)
    assert (entry["parameters"], entry["sha256"]) == (62_357_608, zfdesk.weights.load().sha256)
    assert [(known["name"], known["installed"], known["in_use"]) for known in theirs] == [
        (known.name, False, False) for known in CATALOGUE
    ]
    assert (theirs[2]["bytes"], theirs[0]["bytes"], theirs[0]["top5_error"]) == (244_408_911, None, 17.27)
    assert theirs[0]["hash"] == "sha1:d010ddca1eb32a50a8cceb475c792f53e769b631"


def test_import_use_and_list(said: Any, file: Path) -> None:
    text = said("import", file)
    assert text.splitlines() == [
        "Kept as my-net (ZFNet without layers 3, 4, 6, 7, Table 3, 2 classes, 5 MB).",
        "Note: These weights are known to be untrained: the answers mean nothing.",
        "To use it: zfdesk weights use my-net",
    ]
    assert said("use", "my-net") == "From now on my-net is in use.\n"
    assert [line[:8] for line in said("list").splitlines()[1:3]] == ["  zfnet-", "* my-net"]
    kept = said("import", file, "--name", "again", "--use", "--json")
    assert (kept["name"], kept["architecture"], kept["classes"], kept["use"]) == ("again", "zfnet-no3467", 2, True)
    assert said("use", NAME, "--json") == {"use": NAME}
    assert store.current() is None


def test_info_of_the_network_in_use_a_name_and_a_file(said: Any, file: Path) -> None:
    facts = said("info", "--json")
    assert (facts["name"], facts["parameters"], facts["classes"]) == (NAME, 62_357_608, 1000)
    assert (facts["doubt"], facts["in_use"], facts["trained"]) == ("", True, True)
    assert facts["input"] == {
        "size": 224,
        "channels": "RGB",
        "mean": [123.675, 116.28, 103.53],
        "std": [1, 1, 1],
        "resize": 256,
    }
    text = said("info", file)
    assert f"parameters    {zfdesk.weights.describe(file).architecture.parameters:,}\n" in text
    assert "in_use        no" in text
    assert "doubt         These weights are known to be untrained" in text


def test_damaged_weights_are_listed_with_their_trouble(said: Any, tmp_path: Path) -> None:
    folder = tmp_path / "home" / "weights"
    folder.mkdir(parents=True)
    (folder / "torn.safetensors").write_bytes(b"\x01")
    assert "torn" in said("list")
    assert "is not a safetensors file" in said("list", "--json")[1]["trouble"]


def test_pack(said: Any, file: Path, tmp_path: Path) -> None:
    place = tmp_path / "small.safetensors"
    text = said("pack", file, "-o", place, "--provenance", "packed by hand", "--licence", "CC0-1.0")
    assert re.search(r"^conv1 +float16 +moved by 0\.0\d %$", text, re.MULTILINE)
    assert re.search(r"^fc8 +int8 rows +moved by 0\.\d\d %$", text, re.MULTILINE)
    assert text.splitlines()[-1].startswith(f"{place}: ")
    model = zfdesk.weights.load(place)
    assert (model.provenance, model.licence) == ("packed by hand", "CC0-1.0")
    facts = said("pack", place, "-o", tmp_path / "again.safetensors", "--json")
    assert (facts["bytes"], facts["sha256"]) == (facts["bytes_before"], model.sha256)
    assert {layer["relative"] for layer in facts["layers"]} == {0}


def test_a_name_of_the_list_goes_before_a_folder_called_so(
    said: Any, file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said("import", file, "--name", "mine")
    (tmp_path / "mine").mkdir()
    monkeypatch.chdir(tmp_path)
    listed = Path(said("info", "mine", "--json")["path"])
    assert listed.parent == tmp_path / "home" / "weights"
    assert said("pack", "mine", "-o", "small.safetensors", "--json")["bytes_before"] == listed.stat().st_size


@pytest.mark.parametrize(
    ("words", "answer"),
    [
        (["pack", "none", "-o", "o.safetensors"], f"There are no weights called 'none'; there are {NAME}."),
        (["pack", NAME, "-o", "o.pth"], "o.pth: the name of a weights file ends in .safetensors."),
        (["pack", NAME, "-o", "none/o.safetensors"], "none/o.safetensors cannot be written: "),
        (["use", "none"], f"There are no weights called 'none'; there are {NAME}."),
        (["info", "none"], f"There are no weights called 'none'; there are {NAME}."),
        (["use", "vgg16"], "'vgg16' is in the catalogue, but not on this computer yet; to get it: `zfdesk weights get"),
        (["get", "none"], "The catalogue has nothing called 'none'; it has pytorchcv-zfnet, "),
        (["get", "zfnet512"], "zfnet512 cannot be downloaded from here: download zfnet512-12.onnx from"),
        (["use", "../x"], "'../x' is not a name for weights"),
        (["import", "none.pth"], "There is no file none.pth."),
        (["import", __file__], "weights come as .safetensors, .pth, .pt or .onnx."),
    ],
)
def test_failures_are_one_sentence(words: list[str], answer: str, said: Any) -> None:
    with pytest.raises(zfdesk.weights.CheckpointError) as caught:
        run(*words)
    assert answer in str(caught.value)


def test_wrong_usage_ends_with_two(said: Any) -> None:
    for words in ([], ["lose"], ["use"], ["get"], ["import"], ["list", "--xml"]):
        with pytest.raises(SystemExit) as caught:
            run(*words)
        assert caught.value.code == 2


# ---- the catalogue


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Loopback]:
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    with loopback() as made:
        yield made


@pytest.fixture
def small(server: Loopback, file: Path) -> CatalogueEntry:
    """An entry of 5 MB, of which the server has the file."""
    data = file.read_bytes()
    url = server.serve("small.safetensors", data)
    return CatalogueEntry(
        "small", "Somebody's small network", "for tests", "zfnet-no3467", "MIT", url,
        "sha1", hashlib.sha1(data).hexdigest(), 40.5, 20.25, bytes=len(data),
    )  # fmt: skip


def test_get(said: Any, small: CatalogueEntry, server: Loopback, capsys: pytest.CaptureFixture[str]) -> None:
    catalogue = (small, *CATALOGUE)
    assert run("get", "small", catalogue=catalogue) == 0
    out, error = capsys.readouterr()
    assert out.splitlines() == [
        "Kept as small (ZFNet without layers 3, 4, 6, 7, Table 3, 2 classes, 5 MB).",
        "Note: These weights are known to be untrained: the answers mean nothing.",
        "To use it: zfdesk weights use small",
    ]
    assert error.splitlines()[0] == "Downloading small… 0 %"
    assert error.splitlines()[-3:] == ["Downloading small… 100 %", "Checking small…", "Converting small…"]
    assert store.current() is None
    listed = said("list", "--json", catalogue=catalogue)
    assert [(known["name"], known["installed"]) for known in listed[:3]] == [
        (NAME, True), ("small", True), ("pytorchcv-zfnet", False),
    ]  # fmt: skip
    assert (listed[1]["top1_error"], listed[1]["licence"], listed[1]["source"]) == (40.5, "MIT", small.source)
    line = said("list", catalogue=catalogue).splitlines()[2]
    assert "5 MB  40.50 % / 20.25 %  (untrained) Somebody's small network, MIT" in line
    assert said("info", "small", "--json", catalogue=catalogue)["licence"] == "MIT"
    # once more: nothing is asked for, and it may be put to use
    text = said("get", "small", "--use", catalogue=catalogue)
    assert text == "Somebody's small network is here already, as small.\nFrom now on small is in use.\n"
    assert len(server.asked) == 1
    assert store.current() is not None


def test_get_keeps_the_download_when_asked(said: Any, small: CatalogueEntry) -> None:
    told = said("get", "small", "--keep", "--use", "--json", catalogue=(small,))
    assert (told["name"], told["use"], told["architecture"]) == ("small", True, "zfnet-no3467")
    assert Path(told["kept"]).read_bytes()
    assert told["sha256"] == zfdesk.weights.load(told["path"]).sha256


def test_a_failed_get_is_one_sentence_and_the_network_in_use_stays(
    said: Any, small: CatalogueEntry, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(DownloadError, match="is not what the catalogue names"):
        run("get", "small", "--use", catalogue=(replace(small, hash="00"),))
    assert capsys.readouterr().out == ""
    assert store.current() is None
    assert len(said("list", "--json", catalogue=())) == 1


def test_stopped_with_control_c_the_part_is_kept(
    said: Any, small: CatalogueEntry, server: Loopback, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("zfdesk.weights.download.DownloadProgress", interrupt)  # at the first word of progress
        with pytest.raises(KeyboardInterrupt):
            run("get", "small", catalogue=(small,))
    assert "Stopped. What has come is kept: `zfdesk weights get small` goes on from there." in capsys.readouterr().err
    server.files["/small.safetensors"].drop, server.files["/small.safetensors"].status = [1_000_000], [200, 404]
    with pytest.raises(DownloadError, match="404"):
        run("get", "small", catalogue=(small,))
    capsys.readouterr()
    assert "1 MB of it have come" in said("list", catalogue=(small,))
    server.files["/small.safetensors"].drop = []
    said("get", "small", catalogue=(small,))
    assert server.ranges()[-1] == "bytes=1000000-"
    assert [path.name for path in downloads().iterdir()] == ["lock"]


def test_info_of_what_is_not_here_yet(said: Any) -> None:
    facts = said("info", "pytorchcv-zfnetb", "--json")
    assert (facts["installed"], facts["parameters"], facts["top5_error"]) == (False, 107_627_624, 14.9)
    assert facts["to_get"] == "zfdesk weights get pytorchcv-zfnetb"
    assert facts["input"]["resize"] == 256
    text = said("info", "zfnet512")
    assert "licence       MIT" in text
    assert "zfnet512-12.onnx" in text
    assert "zfdesk weights import FILE" in text


def test_info_of_what_is_here_under_another_name(said: Any, small: CatalogueEntry) -> None:
    (store.folder()).mkdir(parents=True)
    (store.folder() / "small.safetensors").write_bytes(b"in the way")
    said("get", "small", catalogue=(small,))
    (store.folder() / "small.safetensors").unlink()
    assert said("info", "small", "--json", catalogue=(small,))["installed_as"] == "small-2"


def test_registering_the_verb_imports_nothing_heavy() -> None:
    code = "import sys, zfdesk.cli.weights; sys.exit(bool({'torch', 'numpy', 'onnx'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
