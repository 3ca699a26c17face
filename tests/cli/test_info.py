"""``zfdesk info`` against the numbers of the paper."""

from __future__ import annotations

import json
import platform

import pytest
import torch

import zfdesk.engine as zf
from zfdesk.cli import main

# layer: kernel, stride, shape, receptive field (size, jump), parameters, millions of multiply-adds (PAPER.md)
PAPER = {
    "conv1": (7, 2, [96, 110, 110], 7, 2, 14_208, 170.8),
    "pool1": (3, 2, [96, 55, 55], 11, 4, 0, 0.0),
    "conv2": (5, 2, [256, 26, 26], 27, 8, 614_656, 415.3),
    "pool2": (3, 2, [256, 13, 13], 43, 16, 0, 0.0),
    "conv3": (3, 1, [384, 13, 13], 75, 16, 885_120, 149.5),
    "conv4": (3, 1, [384, 13, 13], 107, 16, 1_327_488, 224.3),
    "conv5": (3, 1, [256, 13, 13], 139, 16, 884_992, 149.5),
    "pool5": (3, 2, [256, 6, 6], 171, 32, 0, 0.0),
    "fc6": (None, None, [4096, 1, 1], 224, 224, 37_752_832, 37.7),
    "fc7": (None, None, [4096, 1, 1], 224, 224, 16_781_312, 16.8),
    "fc8": (None, None, [1000, 1, 1], 224, 224, 4_097_000, 4.1),
}


def facts(words: list[str], capsys: pytest.CaptureFixture[str]) -> dict:
    assert main(["info", "--json", *words]) == 0
    out, err = capsys.readouterr()
    assert err == ""
    return json.loads(out)


def test_the_papers_table(loaded: zf.Model, capsys: pytest.CaptureFixture[str]) -> None:
    found = facts([], capsys)
    layers = {layer["layer"]: layer for layer in found["architecture"]["layers"]}
    for name, (kernel, stride, shape, size, jump, parameters, millions) in PAPER.items():
        layer = layers[name]
        assert (layer["kernel"], layer["stride"], layer["shape"]) == (kernel, stride, shape)
        assert (layer["receptive_field"]["size"], layer["receptive_field"]["jump"]) == (size, jump)
        assert layer["parameters"] == parameters
        assert round(layer["multiply_adds"] / 1e6, 1) == millions
    assert found["architecture"]["parameters"] == 62_357_608
    assert found["architecture"]["multiply_adds"] == 1_168_032_896
    assert [layer["padding"] for layer in layers.values() if layer["kind"] == "conv"] == [1, 0, 1, 1, 1]


def test_weights_and_device(loaded: zf.Model, capsys: pytest.CaptureFixture[str]) -> None:
    found = facts([], capsys)
    weights, device = found["weights"], found["device"]
    assert (weights["name"], weights["sha256"]) == (loaded.name, loaded.sha256)
    assert weights["provenance"] == loaded.provenance
    assert weights["input"]["mean"] == list(loaded.input.mean)
    assert device["torch"] == torch.__version__
    assert device["threads"] == torch.get_num_threads()
    assert device["python"] == platform.python_version()
    assert device["cores"] >= 1
    assert device["cpu"]


def test_table_in_words(loaded: zf.Model, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["info"]) == 0
    out, err = capsys.readouterr()
    assert err == ""
    lines = out.splitlines()
    row = next(line.split() for line in lines if line.startswith("conv2"))
    assert row == ["conv2", "5", "2", "0", "256", "×", "26", "×", "26", "27", "8", "-3", "614,656", "415,334,400"]
    assert next(line.split() for line in lines if line.startswith("total")) == ["total", "62,357,608", "1,168,032,896"]
    assert loaded.sha256 in out
    assert all(line == line.rstrip() for line in lines)


def test_other_architectures(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["info", "--json", "--list"]) == 0
    listed = json.loads(capsys.readouterr().out)
    assert [entry["name"] for entry in listed] == list(zf.ARCHITECTURES)
    found = facts(["--architecture", "vgg16"], capsys)
    assert found["weights"] is None
    assert found["architecture"]["parameters"] == 138_357_544
    assert main(["info", "--list"]) == 0
    assert len(capsys.readouterr().out.splitlines()) == len(zf.ARCHITECTURES)


def test_unknown_architecture(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["info", "--architecture", "resnet"]) == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("zfdesk: There is no architecture called 'resnet'; there are zfnet, ")
