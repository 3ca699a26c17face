"""A network for use elsewhere: as an ONNX file, or as a state dict of PyTorch's with the few lines that read it.

Both are the declared network in float32, layer by layer, with the normalisation of the picture in front: they take
RGB pictures (N, 3, size, size) in 0–255 as float32 and give the scores and the probabilities.
"""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import torch

from zfdesk.atomic_write import write_whole
from zfdesk.engine.kernels import dense
from zfdesk.engine.layers import LRN, Conv, LayerSpec, Linear, MaxPool, ReLU, Softmax
from zfdesk.engine.model import Model
from zfdesk.engine.packed_rows import PackedRows
from zfdesk.error_reason import error_reason
from zfdesk.weights.safetensors_file import CheckpointError

OPSET, IR_VERSION = 17, 8
"""Of the ONNX file: what ONNX Runtime reads since 1.12 (2022)."""
FIRST_LINE = '"""A network that zfdesk has exported, for PyTorch; its weights lie beside it."""'
"""Of the Python file: one that begins otherwise is not ours, and is not written over."""


def export_model(model: Model, path: Path) -> list[Path]:
    """Write a network as ``.onnx``, or as ``.pth`` with a ``.py`` beside it; returns the files.

    Raises CheckpointError with one sentence for another suffix, a .py that is not ours, and a disk that refuses.
    """
    if path.suffix == ".onnx":
        files = {path: onnx_bytes(model)}
    elif path.suffix == ".pth":
        code = path.with_suffix(".py")
        _check_ours(code)
        files = {path: state_dict_bytes(model), code: torch_code(model, path.name).encode()}
    else:
        raise CheckpointError(f"{path}: a network is exported as .onnx or .pth.")
    for place, data in files.items():
        try:
            write_whole(place, [data])
        except OSError as error:
            raise CheckpointError(f"{place} cannot be written: {error_reason(error)}.") from None
    return list(files)


def onnx_bytes(model: Model) -> bytes:
    """An ONNX file: input "pictures", outputs "scores" and "probabilities", (N, classes).

    Packed rows stay int8 with a scale a row (DequantizeLinear), so that the file is as small as ours. The metadata
    tell ``classes`` (JSON), ``resize`` (the side of the shortest edge before the central crop), ``provenance``,
    ``licence`` and ``source``.
    """
    return _Graph(model).file()


def state_dict_bytes(model: Model) -> bytes:
    """What ``torch.save`` writes of {"conv1.weight": float32 tensor, …}, for ``torch.load(weights_only=True)``."""
    tensors = {name: dense(weight, torch.float32).contiguous() for name, weight in model.weights.items()}
    file = io.BytesIO()
    torch.save(tensors, file)
    return file.getvalue()


def torch_code(model: Model, file: str) -> str:
    """A Python file that makes the network in plain torch and reads its weights from ``file`` beside it."""
    spec, size = model.input, model.architecture.size
    layers = [
        f'    ("{layer.name}", {call}),' for layer, call in zip(model.architecture.layers, _calls(model), strict=True)
    ]
    first_linear = next((i for i, e in enumerate(model.architecture.layers) if isinstance(e, Linear)), len(layers))
    layers.insert(first_linear, '    ("flatten", nn.Flatten()),')
    turned = "x.flip(1)" if spec.order == "BGR" else "x"
    order = "  # blue first" if spec.order == "BGR" else ""
    lines = [
        FIRST_LINE, "from collections import OrderedDict", "from pathlib import Path", "", "import torch",
        "from torch import nn", "", "network = nn.Sequential(OrderedDict([", *layers, "])).eval()",
        f'network.load_state_dict(torch.load(Path(__file__).with_name("{file}"), weights_only=True))',
        "",
        f"MEAN = torch.tensor({list(spec.mean)}).view(3, 1, 1)", f"STD = torch.tensor({list(spec.std)}).view(3, 1, 1)",
        f"CLASSES = {json.dumps(list(model.classes), ensure_ascii=False)}", "", "",
        "def probabilities(pictures):",
        f'    """RGB pictures, float32 (N, 3, {size}, {size}) in 0-255 (shortest side {spec.resize}, centre), to',
        '    (N, classes)."""',
        "    x = (pictures - MEAN) / STD",
        "    with torch.inference_mode():",
        f"        return network({turned}){order}",
        "",
    ]  # fmt: skip
    return "\n".join(lines)


def _calls(model: Model) -> list[str]:
    """How torch makes each layer."""
    shapes = model.architecture.weight_shapes()

    def call(layer: LayerSpec) -> str:
        match layer:
            case Conv():
                inside = shapes[f"{layer.name}.weight"][1]
                return f"nn.Conv2d({inside}, {layer.channels}, {layer.kernel}, {layer.stride}, {layer.padding})"
            case ReLU():
                return "nn.ReLU()"
            case MaxPool():
                ceil = ", ceil_mode=True" if layer.ceil else ""
                return f"nn.MaxPool2d({layer.kernel}, {layer.stride}, {layer.padding}{ceil})"
            case LRN():
                return f"nn.LocalResponseNorm({layer.size}, {layer.alpha}, {layer.beta}, {layer.k})"
            case Linear():
                return f"nn.Linear({shapes[f'{layer.name}.weight'][1]}, {layer.channels})"
            case Softmax():
                return "nn.Softmax(1)"
        raise AssertionError(layer)

    return [call(layer) for layer in model.architecture.layers]


def _check_ours(code: Path) -> None:
    try:
        with code.open(encoding="utf-8", errors="replace") as file:
            ours = file.readline().rstrip() == FIRST_LINE
    except FileNotFoundError:
        return
    except OSError as error:
        raise CheckpointError(f"{code} cannot be read: {error_reason(error)}.") from None
    if not ours:
        raise CheckpointError(f"{code} is in the way: the lines that read the weights would be written there.")


class _Graph:
    """The nodes and constants of an ONNX file, layer after layer."""

    def __init__(self, model: Model) -> None:
        from onnx import helper, numpy_helper

        self._helper, self._arrays, self._model = helper, numpy_helper, model
        self._nodes: list[Any] = []
        self._constants: list[Any] = []

    def file(self) -> bytes:
        """Return the bytes of the .onnx file."""
        from onnx import TensorProto

        model, helper = self._model, self._helper
        last = self._layers(self._normalised())
        softmax = isinstance(model.architecture.layers[-1], Softmax)
        outputs = ["scores", "probabilities"] if softmax else [last]
        size, count = model.architecture.size, model.architecture.classes
        graph = helper.make_graph(
            self._nodes, model.architecture.name,
            [helper.make_tensor_value_info("pictures", TensorProto.FLOAT, ["N", 3, size, size])],
            [helper.make_tensor_value_info(name, TensorProto.FLOAT, ["N", count]) for name in outputs],
            self._constants,
        )  # fmt: skip
        made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR_VERSION)
        made.producer_name = "zfdesk"
        helper.set_model_props(made, self._metadata())
        return bytes(made.SerializeToString())

    def _metadata(self) -> dict[str, str]:
        model = self._model
        metadata = {
            "classes": json.dumps(list(model.classes), ensure_ascii=False),
            "input": "RGB, 0-255, float32, not normalised",
            "resize": str(model.input.resize),
            "provenance": model.provenance,
            "licence": model.licence,
            "source": model.source,
        }
        return {key: value for key, value in metadata.items() if value}

    def _normalised(self) -> str:
        spec = self._model.input
        mean, std = (np.array(value, np.float32).reshape(1, 3, 1, 1) for value in (spec.mean, spec.std))
        x = self._node("Sub", ["pictures", self._constant("input.mean", mean)], "input.centred")
        if spec.std != (1.0, 1.0, 1.0):
            x = self._node("Div", [x, self._constant("input.std", std)], "input.scaled")
        if spec.order == "BGR":
            x = self._node("Gather", [x, self._constant("input.order", np.array([2, 1, 0]))], "input.bgr", axis=1)
        return x

    def _layers(self, x: str) -> str:
        layers, flat = self._model.architecture.layers, False
        for index, layer in enumerate(layers):
            scores = index + 1 < len(layers) and isinstance(layers[index + 1], Softmax)
            match layer:
                case Conv():
                    x = self._node(
                        "Conv", [x, *self._weights(layer.name)], layer.name, kernel_shape=[layer.kernel] * 2,
                        strides=[layer.stride] * 2, pads=[layer.padding] * 4,
                    )  # fmt: skip
                case ReLU():
                    x = self._node("Relu", [x], layer.name)
                case MaxPool():
                    x = self._node(
                        "MaxPool", [x], layer.name, kernel_shape=[layer.kernel] * 2, strides=[layer.stride] * 2,
                        pads=[layer.padding] * 4, ceil_mode=int(layer.ceil),
                    )  # fmt: skip
                case LRN():
                    attributes = {"alpha": layer.alpha, "beta": layer.beta, "bias": layer.k, "size": layer.size}
                    x = self._node("LRN", [x], layer.name, **attributes)
                case Linear():
                    if not flat:
                        x, flat = self._node("Flatten", [x], "flatten"), True
                    name = "scores" if scores else layer.name
                    x = self._node("Gemm", [x, *self._weights(layer.name)], name, transB=1)
                case Softmax():
                    x = self._node("Softmax", [x], "probabilities", axis=1)
        return x

    def _weights(self, name: str) -> list[str]:
        weight, bias = self._model.weights[f"{name}.weight"], self._model.weights[f"{name}.bias"]
        if isinstance(weight, PackedRows):
            rows = self._constant(f"{name}.rows", weight.rows.numpy())
            scale = self._constant(f"{name}.scale", weight.scale.float().numpy())
            given = self._node("DequantizeLinear", [rows, scale], f"{name}.weight", axis=0)
        else:
            given = self._constant(f"{name}.weight", dense(weight, torch.float32).contiguous().numpy())
        return [given, self._constant(f"{name}.bias", dense(bias, torch.float32).numpy())]

    def _constant(self, name: str, values: np.ndarray) -> str:
        self._constants.append(self._arrays.from_array(values, name))
        return name

    def _node(self, kind: str, inputs: list[str], output: str, **attributes: Any) -> str:
        self._nodes.append(self._helper.make_node(kind, inputs, [output], name=f"{output}/{kind}", **attributes))
        return output


__all__ = ["export_model", "onnx_bytes", "state_dict_bytes", "torch_code"]
