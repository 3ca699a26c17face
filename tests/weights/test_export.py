"""Exported networks against ONNX Runtime and plain torch, for every kind of layer and of input."""

from __future__ import annotations

import dataclasses
import json
import runpy
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from engine_nets import embedded_model, quick_weights, varied_pictures

import zfdesk.engine as zf
import zfdesk.weights
from zfdesk.cli import main
from zfdesk.engine import InputSpec
from zfdesk.weights.checkpoint import CheckpointError
from zfdesk.weights.export import export_model
from zfdesk.weights.packing import packed

LAYERS = (
    zf.Conv("conv1", 6, 5, 2, 1), zf.ReLU("relu1"), zf.MaxPool("pool1", 3, 2, 1), zf.LRN("norm1", 5, 0.1, 0.75, 2.0),
    zf.Conv("conv2", 8, 3, 1, 1), zf.ReLU("relu2"), zf.MaxPool("pool2", 3, 2, ceil=True), zf.Linear("fc3", 12),
    zf.ReLU("relu3"), zf.Linear("fc4", 7), zf.Softmax("prob"),
)  # fmt: skip


def network(order: str = "RGB", small: bool = False) -> zf.Model:
    architecture = zf.Architecture("little", "Little", LAYERS, 33)
    spec = InputSpec((120.0, 110.0, 100.0), (58.0, 57.0, 56.0), order, 40)
    classes = tuple(f"Ding {letter} ä" for letter in "abcdefg")
    weights = quick_weights(architecture, seed=3)
    model = zf.Model(architecture, weights, spec, classes, name="little", provenance="made up", licence="MIT")
    return packed(model)[0] if small else model


def pictures(size: int, count: int = 5) -> np.ndarray:
    return np.random.default_rng(1).integers(0, 256, (count, size, size, 3), np.uint8)


def answered(path: Path, seen: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    session = onnxruntime.InferenceSession(path.read_bytes(), providers=["CPUExecutionProvider"])
    given = np.ascontiguousarray(seen.transpose(0, 3, 1, 2), dtype=np.float32)
    scores, probabilities = session.run(["scores", "probabilities"], {"pictures": given})
    return scores, probabilities


@pytest.mark.parametrize("small", [False, True])
@pytest.mark.parametrize("order", ["RGB", "BGR"])
def test_onnx_runtime_says_the_same(order: str, small: bool, tmp_path: Path) -> None:
    model, path = network(order, small), tmp_path / "net.onnx"
    assert export_model(model, path) == [path]
    onnx.checker.check_model(onnx.load(path), full_check=True)
    seen = pictures(33)
    scores, probabilities = answered(path, seen)
    wanted = model.forward(seen, reference=True)
    np.testing.assert_allclose(scores, wanted.activations["fc4"][:, :, 0, 0], rtol=1e-4, atol=1e-4)
    np.testing.assert_allclose(probabilities, wanted.probabilities, atol=1e-5)
    told = {entry.key: entry.value for entry in onnx.load(path).metadata_props}
    assert json.loads(told["classes"]) == list(model.classes)
    assert (told["resize"], told["provenance"], told["licence"]) == ("40", "made up", "MIT")


@pytest.mark.parametrize("order", ["RGB", "BGR"])
def test_torch_says_the_same(order: str, tmp_path: Path) -> None:
    """The lines beside the state dict run as they are, and only plain torch is in them."""
    model, path = network(order, small=True), tmp_path / "net.pth"
    assert export_model(model, path) == [path, tmp_path / "net.py"]
    code = (tmp_path / "net.py").read_text("utf-8")
    assert "zfdesk" not in "\n".join(code.splitlines()[1:])
    compile(code, "net.py", "exec")
    told = runpy.run_path(str(tmp_path / "net.py"))
    seen = pictures(33)
    given = torch.from_numpy(seen.transpose(0, 3, 1, 2).astype(np.float32))
    torch.testing.assert_close(
        told["probabilities"](given), model.forward(seen, reference=True).probabilities, rtol=0, atol=1e-5
    )
    assert tuple(told["CLASSES"]) == model.classes
    state = torch.load(path, weights_only=True)
    assert list(state) == list(model.weights)
    assert all(tensor.dtype == torch.float32 for tensor in state.values())


def test_the_embedded_network(tmp_path: Path) -> None:
    """Photographs and synthetic pictures: probabilities to 1e-5, in no more space than our own file takes."""
    model, path = embedded_model(), tmp_path / "net.onnx"
    export_model(model, path)
    seen = varied_pictures()[::5]
    _, probabilities = answered(path, seen)
    np.testing.assert_allclose(probabilities, model.forward(seen, reference=True).probabilities, atol=1e-5)
    assert path.stat().st_size < 80e6


def test_the_verb(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    model = network()
    monkeypatch.setitem(zf.ARCHITECTURES, "little", lambda classes: model.architecture)
    zfdesk.weights.save(model, tmp_path / "little.safetensors")
    file = str(tmp_path / "little.safetensors")
    assert main(["weights", "export", file, "-o", str(tmp_path / "a.onnx"), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told == {"files": [str(tmp_path / "a.onnx")], "bytes": (tmp_path / "a.onnx").stat().st_size}
    for _ in range(2):  # our own .py is written over
        assert main(["weights", "export", file, "-o", str(tmp_path / "a.pth")]) == 0
        assert "from a import network" in capsys.readouterr().out
    (tmp_path / "mine.py").write_text("print('mine')\n")
    for output, status, sentence in (
        ("mine.pth", 1, "is in the way"),
        ("a.h5", 2, "exported as .onnx or .pth"),
        ("nowhere/a.onnx", 1, "does not exist"),
    ):
        assert main(["weights", "export", file, "-o", str(tmp_path / output)]) == status
        assert sentence in capsys.readouterr().err
    assert (tmp_path / "mine.py").read_text() == "print('mine')\n"
    assert not (tmp_path / "mine.pth").exists()


def test_other_suffixes_are_refused(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match=r"\.onnx or \.pth"):
        export_model(network(), tmp_path / "net.bin")


def test_networks_without_a_softmax_give_their_last_layer(tmp_path: Path) -> None:
    layers = (zf.Conv("conv1", 4, 5, 4), zf.ReLU("relu1"), zf.Linear("fc2", 3))
    model = dataclasses.replace(
        network(), architecture=(bare := zf.Architecture("bare", "Bare", layers, 33)), weights=quick_weights(bare),
        classes=("a", "b", "c"),
    )  # fmt: skip
    export_model(model, tmp_path / "bare.onnx")
    session = onnxruntime.InferenceSession((tmp_path / "bare.onnx").read_bytes())
    seen = pictures(33)
    (found,) = session.run(None, {"pictures": seen.transpose(0, 3, 1, 2).astype(np.float32)})
    wanted = model.forward(seen, reference=True).activations["fc2"][:, :, 0, 0]
    np.testing.assert_allclose(found, wanted, rtol=1e-4, atol=1e-4)
