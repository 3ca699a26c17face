"""Foreign weights, converted, answer as they do at home; hostile ones are refused and nothing in them is run."""

from __future__ import annotations

import io
import os
import pickle
import random
import re
import warnings
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
import safetensors.torch
import torch
from onnx import TensorProto, helper, numpy_helper
from peer_nets import MAKERS, State, agrees, picture, random_state, torchvision

import zfdesk.engine as zf
import zfdesk.weights
from zfdesk.engine.kernels import dense

LIGHT = Path(onnx.__file__).parent / "backend/test/data/light/light_zfnet512.onnx"


@pytest.fixture(scope="module")
def alexnet_state() -> State:
    return random_state(torchvision.models.alexnet, num_classes=5)[1]


def stored(state: object, path: Path, **options: Any) -> Path:
    torch.save(state, path, **options)
    return path


# ---- the networks themselves


@pytest.mark.parametrize("peer", MAKERS)
def test_answers_equal_the_peers(peer: str, tmp_path: Path) -> None:
    make, architecture, last = MAKERS[peer]
    net, state = random_state(make, last)
    net.load_state_dict({name: value.contiguous() for name, value in state.items()}, assign=True)
    x = picture()
    with torch.inference_mode():
        wanted = net(x).softmax(1)
    model = zfdesk.weights.import_weights(stored(state, tmp_path / "peer.pth"))
    assert (model.architecture.name, model.name) == (architecture, "peer")
    assert model.classes == zfdesk.weights.describe().classes
    assert peer.split()[0] in model.provenance
    agrees(model, wanted, x)


def test_preprocessing_is_torchvisions(alexnet_state: State, tmp_path: Path) -> None:
    weights = torchvision.models.AlexNet_Weights.IMAGENET1K_V1
    theirs, ours = weights.transforms(), zfdesk.weights.import_weights(stored(alexnet_state, tmp_path / "a.pth")).input
    assert (theirs.crop_size, theirs.resize_size, ours.order) == ([224], [ours.resize], "RGB")
    pixels = np.random.default_rng(1).integers(0, 256, (2, 224, 224, 3), dtype=np.uint8)
    shares = torch.from_numpy(pixels).permute(0, 3, 1, 2) / 255
    wanted = torchvision.transforms.functional.normalize(shares, theirs.mean, theirs.std)
    assert torch.allclose(ours.to_tensor(pixels), wanted, atol=1e-5)


def test_class_names_are_in_torchvisions_order() -> None:
    theirs = torchvision.models.AlexNet_Weights.IMAGENET1K_V1.meta["categories"]
    same = sum(one == two for one, two in zip(theirs, zfdesk.weights.describe().classes, strict=True))
    assert same > 950  # a few are spelled differently ("cardigan" the dog, "sunglass")


def test_zoo_graph_equals_our_declaration_and_its_expected_output() -> None:
    with open(str(LIGHT).replace(".onnx", "_output_0.pb"), "rb") as file:
        wanted = torch.from_numpy(numpy_helper.to_array(TensorProto.FromString(file.read())).copy())
    model = zfdesk.weights.import_weights(LIGHT)
    assert (model.architecture.name, model.architecture.parameters) == ("zfnet512", 87_250_536)
    assert (model.input.order, model.input.mean) == ("BGR", (123.68, 116.779, 103.939))
    assert "prints no preprocessing" in model.provenance
    x = torch.from_numpy(np.arange(3 * 224 * 224, dtype=np.float32).reshape(1, 3, 224, 224) / 150_528)
    for reference in (True, False):
        assert torch.allclose(model.forward(x, reference=reference).probabilities, wanted, atol=1e-7)


def test_zoo_graph_with_other_weights_equals_the_graph_run_node_by_node(tmp_path: Path) -> None:
    """The light file's constant weights would hide an exchange of any two: the same graph again with random ones."""
    proto = onnx.load(LIGHT)
    shapes = zf.ARCHITECTURES["zfnet512"](1000).weight_shapes()
    kept = [node for node in proto.graph.node if node.op_type != "ConstantOfShape"]
    del proto.graph.node[:]
    proto.graph.node.extend(kept)
    generator = np.random.default_rng(11)
    for name, shape in shapes.items():
        layer, part = name.split(".")
        row = np.tile(generator.standard_normal(50_021, dtype=np.float32), int(np.prod(shape)) // 50_021 + 1)
        scale = (2 / np.prod(shape[1:])) ** 0.5 * (4 if layer == "fc8" else 1) if len(shape) > 1 else 0.1
        array = (row[: int(np.prod(shape))] * np.float32(scale)).reshape(shape)
        proto.graph.initializer.append(numpy_helper.from_array(array, f"gpu_0/{layer}_{part[0]}_0"))
    onnx.save(proto, tmp_path / "zoo.onnx")
    x = picture() * 3
    wanted = _run(proto.graph, x)
    del proto
    agrees(zfdesk.weights.import_weights(tmp_path / "zoo.onnx"), wanted, x)


def _run(graph: Any, x: torch.Tensor) -> torch.Tensor:
    """An ONNX graph by torch, from what its nodes say alone."""
    F = torch.nn.functional
    values = {tensor.name: torch.from_numpy(numpy_helper.to_array(tensor).copy()) for tensor in graph.initializer}
    values["gpu_0/data_0"] = x
    for node in graph.node:
        a = {attribute.name: helper.get_attribute_value(attribute) for attribute in node.attribute}
        i = [values[name] for name in node.input]
        match node.op_type:
            case "Conv":
                y = F.conv2d(F.pad(i[0], a["pads"][::2] * 2), i[1], i[2], a["strides"])
            case "Relu":
                y = i[0].clamp_min(0)
            case "LRN":
                y = F.local_response_norm(i[0], a["size"], a["alpha"], a["beta"], a["bias"])
            case "MaxPool":
                assert not any(a["pads"])
                y = F.max_pool2d(i[0], a["kernel_shape"], a["strides"])
            case "Reshape":
                y = i[0].reshape(i[1].tolist())
            case "Gemm":
                y = i[0] @ i[1].T + i[2]
            case "Softmax":
                y = i[0].softmax(1)
        values[node.output[0]] = y
    return values[graph.output[0].name]


# ---- the ways in which state dicts come


def _zipped(state: State, path: Path) -> Path:
    stored(state, path.with_name("alexnet-0123.pth"))
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.write(path.with_name("alexnet-0123.pth"), "alexnet-0123.pth")
    path.with_name("alexnet-0123.pth").unlink()
    return path


def _safetensors(state: State, path: Path) -> Path:
    safetensors.torch.save_file({name: value.half().contiguous() for name, value in state.items()}, path)
    return path


WAYS: dict[str, Callable[[State, Path], Path]] = {
    "legacy": lambda state, path: stored(state, path, _use_new_zipfile_serialization=False),
    "zip of a .pth": _zipped,
    "safetensors, float16": _safetensors,
    "training checkpoint": lambda state, path: stored(
        {"state_dict": {f"module.{key}": value for key, value in state.items()}, "optimizer": {"lr": 0.1}}, path
    ),
    "compiled": lambda state, path: stored({f"_orig_mod.{name}": value for name, value in state.items()}, path),
    "bfloat16 and double": lambda state, path: stored(
        {name: value.double() if value.ndim == 1 else value.bfloat16() for name, value in state.items()}, path
    ),
    "parameters": lambda state, path: stored({key: torch.nn.Parameter(value) for key, value in state.items()}, path),
}  # fmt: skip


@pytest.mark.parametrize("way", WAYS)
def test_every_way_to_store_a_state_dict(way: str, alexnet_state: State, tmp_path: Path) -> None:
    path = WAYS[way](alexnet_state, tmp_path / "state.pth")
    model = zfdesk.weights.import_weights(path)
    assert model.classes == tuple(f"class {index}" for index in range(5))
    rounded = {"safetensors, float16": torch.float16, "bfloat16 and double": torch.bfloat16}.get(way, torch.float32)
    first, last = (dense(model.weights[name], torch.float32) for name in ("conv1.weight", "fc8.bias"))
    assert torch.equal(first, alexnet_state["features.0.weight"].to(rounded).float())
    exact = way != "safetensors, float16"
    assert torch.allclose(last, alexnet_state["classifier.6.bias"], rtol=0 if exact else 1e-3)
    assert list(tmp_path.iterdir()) == [path]


def test_our_own_checkpoint_is_accepted(tmp_path: Path) -> None:
    model = zf.random_model(zf.ARCHITECTURES["zfnet-no3467"](2))
    digest = zfdesk.weights.save(model, tmp_path / "ours.safetensors")
    assert zfdesk.weights.import_weights(tmp_path / "ours.safetensors").sha256 == digest


def test_an_imported_network_is_kept_exactly(alexnet_state: State, tmp_path: Path) -> None:
    model = zfdesk.weights.import_weights(_safetensors(alexnet_state, tmp_path / "a.safetensors"))
    zfdesk.weights.save(model, tmp_path / "kept.safetensors")
    again = zfdesk.weights.load(tmp_path / "kept.safetensors")
    assert (again.input, again.classes, again.provenance) == (model.input, model.classes, model.provenance)
    assert all(torch.equal(again.weights[name], weight) for name, weight in model.weights.items())  # type: ignore[arg-type]


# ---- what is refused


class _Writes:
    def __init__(self, target: Path) -> None:
        self.target = target

    def __reduce__(self) -> tuple[Callable[..., object], tuple[object, ...]]:
        return os.system, (f"touch {self.target}",)


def refused(path: Path) -> str:
    """The one sentence of the refusal; nothing may appear in the folder."""
    before = set(path.parent.rglob("*"))
    with pytest.raises(zfdesk.weights.CheckpointError) as caught:
        zfdesk.weights.import_weights(path)
    words = str(caught.value)
    assert str(path) in words
    assert words.endswith(".")
    assert "\n" not in words
    assert len(words) < 500 + len(str(path))
    assert set(path.parent.rglob("*")) == before
    return words


def _archive(path: Path, parts: dict[str, bytes], packed: int = zipfile.ZIP_STORED) -> Path:
    with zipfile.ZipFile(path, "w", packed) as archive:
        for name, contents in parts.items():
            archive.writestr(name, contents)
    return path


def _pth(state: object, **options: Any) -> bytes:
    file = io.BytesIO()
    torch.save(state, file, **options)
    return file.getvalue()


def _changed(state: State, **values: Any) -> dict[str, Any]:
    new = dict(state) | {name.replace("__", "."): value for name, value in values.items()}
    return {name: value for name, value in new.items() if value is not None}


def _first(state: State, **parts: Any) -> dict[str, Any]:
    """The state dict with another weight or bias of its first layer."""
    return _changed(state, **{f"features__0__{part}": value for part, value in parts.items()})


def _scripted(path: Path) -> Path:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch.jit is deprecated; such files are about all the same
        torch.jit.script(torch.nn.Linear(2, 2)).save(path)
    return path


def _forged_sizes(path: Path, state: State) -> Path:
    """A zip of a .pth whose directory declares four gigabytes."""
    data = bytearray(_zipped(state, path).read_bytes())
    place = data.rfind(b"PK\x01\x02")
    data[place + 24 : place + 28] = b"\xfe\xff\xff\xff"
    path.write_bytes(data)
    return path


HUGE = torch.zeros(1).expand(1 << 40)
REFUSED: dict[str, tuple[Callable[[State, Path], object], str]] = {
    "hostile zip": (lambda s, p: stored({"x": _Writes(p.parent / "pwned")}, p), "asks for"),
    "hostile legacy": (
        lambda s, p: stored({"x": _Writes(p.parent / "pwned")}, p, _use_new_zipfile_serialization=False), "asks for"
    ),
    "hostile pickle": (lambda s, p: p.write_bytes(pickle.dumps(_Writes(p.parent / "pwned"))), "pickle|damaged"),
    "hostile zip in a zip": (lambda s, p: _archive(p, {"a.pth": _pth(_Writes(p.parent / "pwned"))}), "asks for"),
    "whole module": (lambda s, p: stored(torch.nn.Linear(2, 2), p), "asks for .*Linear"),
    "TorchScript": (lambda s, p: _scripted(p), "TorchScript"),
    "a tensor": (lambda s, p: stored(torch.zeros(3), p), "a Tensor, not a state dict"),
    "a list": (lambda s, p: stored([torch.zeros(3)], p), "a list, not a state dict"),
    "nothing": (lambda s, p: stored({}, p), "nothing, not a state dict"),
    "numbered": (lambda s, p: stored({1: torch.zeros(3)}, p), "keys are not names"),
    "batch normalised": (lambda s, p: stored(_changed(s, features__1__running_mean=torch.zeros(64)), p), "batch norm"),
    "another network": (lambda s, p: stored({"conv1.weight": torch.zeros(64, 3, 7, 7)}, p), "of no network known"),
    "one lacking": (lambda s, p: stored(_first(s, bias=None), p), "of no network known"),
    "wrong shape": (lambda s, p: stored(_first(s, weight=torch.zeros(64, 3, 7, 7)), p), r"not \(64, 3, 11"),
    "huge tensor": (lambda s, p: stored(_first(s, weight=HUGE), p), "has shape"),
    "whole numbers": (lambda s, p: stored(_first(s, bias=torch.zeros(64, dtype=torch.int64)), p), "int64"),
    "complex": (lambda s, p: stored(_first(s, bias=torch.zeros(64) * 1j), p), "complex64"),
    "sparse": (lambda s, p: stored(_first(s, bias=torch.zeros(64).to_sparse()), p), "not an ordinary tensor"),
    "a word": (lambda s, p: stored(_first(s, bias="64 zeros"), p), "not an ordinary tensor"),
    "no classes": (lambda s, p: stored(_changed(s, classifier__6__bias=torch.zeros(0)), p), "no classes"),
    "NaN": (lambda s, p: stored(_first(s, bias=torch.full((64,), float("nan"))), p), "not numbers"),
    "beyond float32": (lambda s, p: stored(_first(s, bias=torch.ones(64).double() * 1e300), p), "not numbers"),
    "zip bomb": (lambda s, p: _archive(p, {"a.pth": bytes(30 << 20)}, zipfile.ZIP_DEFLATED), "would grow"),
    "four gigabytes declared": (lambda s, p: _forged_sizes(p, s), "would take|would grow"),
    "packed PyTorch file": (
        lambda s, p: _archive(p, {"a/data.pkl": bytes(1 << 20), "a/data/0": bytes(1 << 20)}, zipfile.ZIP_DEFLATED),
        "as PyTorch never packs",
    ),
    "two networks": (lambda s, p: _archive(p, {"a.pth": b"", "b.pth": b""}), "2 .pth files"),
    "no network": (lambda s, p: _archive(p, {"readme.txt": b"hello"}), "readme.txt"),
    "empty zip": (lambda s, p: _archive(p, {}), "empty zip"),
    "thrice packed": (lambda s, p: _archive(p, {"a.pth": _archive(p, {"b.pth": b""}).read_bytes()}), "zip in a zip"),
    "nothing but pickle": (lambda s, p: _archive(p, {"a/data.pkl": b"\x80\x02."}), "damaged"),
    "legacy cut": (lambda s, p: p.write_bytes(_pth(s, _use_new_zipfile_serialization=False)[:-1000]), "damaged"),
    "safetensors of another": (lambda s, p: safetensors.torch.save_file({"x": torch.zeros(3)}, p), "of no network"),
    "picture": (lambda s, p: p.write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(99)), "is a picture"),
    "folder": (lambda s, p: p.mkdir(), "is a folder"),
    "missing": (lambda s, p: None, "no file"),
    "noise": (lambda s, p: p.write_bytes(random.Random(1).randbytes(5000)), "unknown kind"),
    "noise, as if pickled": (lambda s, p: p.write_bytes(b"\x80\x02" + random.Random(2).randbytes(500)), "damaged"),
    "noise, as if zipped": (lambda s, p: p.write_bytes(b"PK\x03\x04" + random.Random(3).randbytes(500)), "damaged"),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_not_weights_is_refused_in_words_and_nothing_is_run(
    case: str, alexnet_state: State, tmp_path: Path
) -> None:
    make, words = REFUSED[case]
    path = tmp_path / "hostile.pth"
    make(alexnet_state, path)
    assert re.search(words, refused(path))


def test_a_sparse_file_of_terabytes_is_refused_unread(tmp_path: Path) -> None:
    path = tmp_path / "vast.pth"
    with path.open("wb") as file:
        file.write(b"PK\x03\x04")
        try:
            file.truncate(1 << 40)
        except OSError:
            pytest.skip("this disk has no sparse files")
    assert "larger than any network here" in refused(path)


@pytest.mark.parametrize("legacy", [False, True])
def test_damaged_pth_files_never_end_in_anything_but_words(legacy: bool, alexnet_state: State, tmp_path: Path) -> None:
    """Cut anywhere: refused. Bits flipped: always noticed in a zip's tensors (check sums), in a bare pickle often."""
    data = _pth(alexnet_state, _use_new_zipfile_serialization=not legacy)
    rng, path, noticed = random.Random(9), tmp_path / "damaged.pth", 0
    for length in sorted(rng.randrange(2, len(data)) for _ in range(15)):
        path.write_bytes(data[:length])
        refused(path)
    for place in (rng.randrange(2500 if legacy else len(data)) for _ in range(14 if legacy else 40)):
        path.write_bytes(data[:place] + bytes([data[place] ^ 1 << rng.randrange(8)]) + data[place + 1 :])
        try:
            zfdesk.weights.import_weights(path)
        except zfdesk.weights.CheckpointError:
            noticed += 1
    assert noticed > (6 if legacy else 35)


# ---- ONNX files


def _edited(edit: Callable[[Any], None]) -> Iterator[bytes]:
    proto = onnx.load(LIGHT)
    edit(proto.graph)
    yield proto.SerializeToString()


def _node(graph: Any, kind: str) -> Any:
    return next(node for node in graph.node if node.op_type == kind)


def _external(graph: Any) -> None:
    tensor = TensorProto(name="gpu_0/conv1_w_0", dims=[96, 3, 7, 7], data_type=TensorProto.FLOAT)
    tensor.data_location = TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value="../../../../etc/passwd")
    graph.initializer.append(tensor)


def _sized(name: str, shape: list[int]) -> Callable[[Any], None]:
    def edit(graph: Any) -> None:
        tensor = next(tensor for tensor in graph.initializer if tensor.name == f"gpu_0/{name}__SHAPE")
        tensor.CopyFrom(numpy_helper.from_array(np.array(shape, np.int64), tensor.name))

    return edit


def _attribute(kind: str, name: str, value: object) -> Callable[[Any], None]:
    def edit(graph: Any) -> None:
        node = _node(graph, kind)
        kept = [attribute for attribute in node.attribute if attribute.name != name]
        del node.attribute[:]
        node.attribute.extend([*kept, helper.make_attribute(name, value)])

    return edit


def _kind(old: str, new: str) -> Callable[[Any], None]:
    return lambda graph: setattr(_node(graph, old), "op_type", new)


ONNX_REFUSED: dict[str, tuple[Callable[[Any], None], str]] = {
    "external data": (_external, "external data"),
    "another LRN": (_attribute("LRN", "alpha", 1e-4), "norm1 has alpha"),
    "another stride": (_attribute("Conv", "strides", [4, 4]), "conv1 has strides"),
    "another padding": (_attribute("Conv", "pads", [1, 1, 1, 1]), "conv1 has pads"),
    "lopsided padding": (_attribute("MaxPool", "pads", [0, 0, 1, 1]), "pool1 has pads"),
    "dilated": (_attribute("Conv", "dilations", [2, 2]), "conv1 has dilations"),
    "rounding up": (_attribute("MaxPool", "ceil_mode", 1), "pool1 has ceil_mode"),
    "untransposed": (_attribute("Gemm", "transB", 0), "fc6 has transB"),
    "another activation": (_kind("Relu", "Tanh"), "in the place of relu1 it has Tanh"),
    "quantised": (_kind("Conv", "QLinearConv"), "in the place of conv1 it has QLinearConv"),
    "wide conv4": (_sized("conv4_w_0", [1024, 512, 3, 3]), r"conv4.weight has shape \(1024, 512, 3, 3\)"),
    "terabytes": (_sized("conv1_w_0", [1 << 20, 1 << 20, 7, 7]), "conv1.weight has shape"),
    "negative": (_sized("conv1_w_0", [-96, 3, 7, 7]), "conv1.weight has shape"),
    "a billion classes": (_sized("fc8_b_0", [1 << 30]), "has shape|classes"),
    "two inputs": (lambda graph: graph.input.append(helper.make_tensor_value_info("y", 1, [1])), "has 2 inputs"),
    "no layers": (lambda graph: graph.ClearField("node"), "without a fully connected layer"),
}


@pytest.mark.parametrize("case", ONNX_REFUSED)
def test_other_onnx_models_are_refused_in_words(case: str, tmp_path: Path) -> None:
    edit, words = ONNX_REFUSED[case]
    path = tmp_path / "model.onnx"
    path.write_bytes(next(_edited(edit)))
    with pytest.raises(zfdesk.weights.CheckpointError, match=words):
        zfdesk.weights.import_weights(path)
    refused(path)


def test_other_files_of_the_zoo_and_damaged_ones_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "model.onnx"
    for name in ("light_bvlc_alexnet", "light_squeezenet", "light_vgg19"):
        with pytest.raises(zfdesk.weights.CheckpointError, match="not the zoo's zfnet512"):
            zfdesk.weights.import_weights(LIGHT.with_stem(name))
    data, rng = LIGHT.read_bytes(), random.Random(10)
    for length in (rng.randrange(2, len(data)) for _ in range(15)):
        path.write_bytes(data[:length])
        refused(path)
