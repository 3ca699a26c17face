"""The ONNX model zoo's ``zfnet512``: its graph compared node by node with our declaration, then its weights taken.

What is computed is our own declaration; an ONNX graph is accepted only when it says the same.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from zfdesk.engine.layers import LRN, Architecture, Conv, Linear, MaxPool, ReLU, Softmax
from zfdesk.weights.checkpoint import MOST_CLASSES
from zfdesk.weights.safetensors_file import CheckpointError, opened_file

MOST_BYTES = (1 << 31) - 1  # protobuf's own limit
_SILENT = {"Dropout", "Identity"}  # nothing happens there when a network only answers


class _MismatchError(Exception):
    """The graph is another one than declared; says where."""


def read_zfnet512(path: Path, make: Callable[[int], Architecture]) -> tuple[Architecture, dict[str, Tensor]]:
    """The declaration (with the file's number of classes) and its weights, float32, in the shapes of
    `Architecture.weight_shapes`, from an .onnx file.

    Raises CheckpointError with one sentence for any other model, external data, or damage.
    """
    import onnx
    from google.protobuf.message import DecodeError

    with opened_file(path) as file:
        data = file.read(MOST_BYTES + 1)
    if len(data) > MOST_BYTES:
        raise CheckpointError(f"{path} is larger than an ONNX file can be.")
    try:
        graph = onnx.ModelProto.FromString(data).graph
    except (DecodeError, ValueError, RecursionError):
        raise CheckpointError(f"{path} is not an ONNX model, or is damaged or cut short.") from None
    del data
    try:
        constants = _constants(graph, path)
        layers = [node for node in graph.node if node.op_type not in {"Constant", "ConstantOfShape"}]
        return _matched(layers, constants, make, _input_name(graph, constants))
    except _MismatchError as error:
        raise CheckpointError(f"{path} is an ONNX model, but not the zoo's zfnet512: {error}.") from None
    except CheckpointError:
        raise
    except (ValueError, TypeError, KeyError, OverflowError, MemoryError) as error:
        raise CheckpointError(f"{path} is a damaged ONNX model ({str(error)[:100] or type(error).__name__}).") from None


class _Constant:
    """A constant of the graph whose shape is known before it is made."""

    def __init__(self, shape: tuple[int, ...], make: Callable[[], np.ndarray]) -> None:
        self.shape, self.make = shape, make


def _constants(graph: Any, path: Path) -> dict[str, _Constant]:
    from onnx import TensorProto, numpy_helper

    def stored(tensor: Any) -> _Constant:
        if tensor.data_location == TensorProto.EXTERNAL or tensor.external_data:
            raise CheckpointError(
                f"{path} keeps its weights in other files (external data), which is refused; "
                "save it as one file: onnx.save(onnx.load(…), …, save_as_external_data=False)."
            )
        return _Constant(tuple(tensor.dims), lambda: numpy_helper.to_array(tensor))

    constants = {tensor.name: stored(tensor) for tensor in graph.initializer}
    for node in graph.node:
        attributes = _attributes(node)
        if node.op_type == "Constant" and hasattr(attributes.get("value"), "dims"):
            constants[node.output[0]] = stored(attributes["value"])
        elif node.op_type == "ConstantOfShape":
            size = constants.get(node.input[0])
            if size is None or len(size.shape) != 1 or size.shape[0] > 8:
                raise _MismatchError(f"the size of {node.output[0]!r} is not written down")
            shape = tuple(int(length) for length in size.make())
            value = (
                float(np.asarray(stored(attributes["value"]).make()).reshape(-1)[0]) if "value" in attributes else 0.0
            )
            constants[node.output[0]] = _Constant(shape, _filled(shape, value))
    return constants


def _filled(shape: tuple[int, ...], value: float) -> Callable[[], np.ndarray]:
    return lambda: np.full(shape, value, np.float32)


def _attributes(node: Any) -> dict[str, Any]:
    from onnx.helper import get_attribute_value

    return {attribute.name: get_attribute_value(attribute) for attribute in node.attribute}


def _input_name(graph: Any, constants: Mapping[str, _Constant]) -> str:
    free = [value.name for value in graph.input if value.name not in constants]
    if len(free) != 1:
        raise _MismatchError(f"it has {len(free)} inputs")
    result: str = free[0]
    return result


def _matched(
    nodes: list[Any], constants: Mapping[str, _Constant], make: Callable[[int], Architecture], start: str
) -> tuple[Architecture, dict[str, Tensor]]:
    """Walk the declared layers and the graph's nodes side by side."""
    classifier = next((node for node in reversed(nodes) if node.op_type == "Gemm"), None)
    if classifier is None or len(classifier.input) < 3 or classifier.input[2] not in constants:
        raise _MismatchError(f"it ends without a fully connected layer (its layers: {_kinds(nodes)})")
    classes = math.prod(constants[classifier.input[2]].shape)
    if not 1 <= classes <= MOST_CLASSES:
        raise _MismatchError(f"it has {classes} classes")
    architecture = make(classes)
    sources: dict[str, str] = {}
    flow, remaining, flat = start, list(nodes), 0
    sizes = iter(architecture.stages[1:])
    for layer in architecture.layers:
        node = None
        while remaining:
            node = remaining.pop(0)
            if list(node.input[:1]) != [flow]:
                raise _MismatchError(f"{node.op_type} does not follow what is before {layer.name}")
            if node.op_type not in _SILENT and not (isinstance(layer, Linear) and _flattens(node, constants, flat)):
                break
            flow, node = node.output[0], None
        _compare(layer, node)
        assert node is not None
        if isinstance(layer, Conv | Linear):
            for part, name in (("weight", node.input[1]), ("bias", node.input[2])):
                sources[f"{layer.name}.{part}"] = name
        if not isinstance(layer, ReLU):
            flat = math.prod(next(sizes).shape)
        flow = node.output[0]
    if left := [node for node in remaining if node.op_type not in _SILENT]:
        raise _MismatchError(f"after its classes comes {left[0].op_type}")
    # all shapes are compared before the first array is made
    shapes = architecture.weight_shapes()
    found = {key: _fitting(constants.get(name), shapes[key], key) for key, name in sources.items()}
    return architecture, {key: _weight(constant, key) for key, constant in found.items()}


def _kinds(nodes: list[Any]) -> str:
    return ", ".join(dict.fromkeys(node.op_type[:20] for node in nodes[:50])) or "none"


def _flattens(node: Any, constants: Mapping[str, _Constant], flat: int) -> bool:
    """Whether a node turns maps into one vector a picture, in (channel, row, column) order."""
    attributes = _attributes(node)
    if node.op_type == "Flatten":
        result: bool = attributes.get("axis", 1) == 1
        return result
    if node.op_type != "Reshape":
        return False
    target = attributes.get("shape") or constants[node.input[1]].make().tolist()
    return len(target) == 2 and target[1] in (flat, -1)


def _compare(layer: Any, node: Any | None) -> None:
    """_MismatchError unless a node computes what the declared layer does."""
    kinds = {Conv: "Conv", ReLU: "Relu", MaxPool: "MaxPool", LRN: "LRN", Linear: "Gemm", Softmax: "Softmax"}
    wanted = kinds[type(layer)]
    if node is None or node.op_type != wanted:
        raise _MismatchError(
            f"in the place of {layer.name} it has {node.op_type[:40] if node is not None else 'nothing'}"
        )
    attributes = _attributes(node)
    if attributes.get("auto_pad", b"NOTSET") != b"NOTSET":
        raise _MismatchError(f"{layer.name} has automatic padding")
    checks: dict[str, tuple[Any, Any]] = {}  # attribute: (value when it is not given, value declared)
    match layer:
        case Conv() | MaxPool():
            checks = {
                "kernel_shape": ([layer.kernel] * 2, [layer.kernel] * 2), "strides": ([1, 1], [layer.stride] * 2),
                "pads": ([0] * 4, [layer.padding] * 4), "dilations": ([1, 1], [1, 1]), "group": (1, 1),
                "ceil_mode": (0, int(isinstance(layer, MaxPool) and layer.ceil)),
            }  # fmt: skip
        case LRN():
            checks = {
                "size": (None, layer.size), "alpha": (1e-4, layer.alpha),
                "beta": (0.75, layer.beta), "bias": (1.0, layer.k),
            }  # fmt: skip
        case Linear():
            checks = {"transA": (0, 0), "transB": (0, 1), "alpha": (1.0, 1.0), "beta": (1.0, 1.0)}
        case Softmax():
            checks = {"axis": (1, attributes.get("axis", 1) if attributes.get("axis", 1) in (1, -1) else 1)}
    for name, (default, declared) in checks.items():
        value = attributes.get(name, default)
        if value != declared and not (isinstance(declared, float) and math.isclose(value, declared, rel_tol=1e-5)):
            raise _MismatchError(f"{layer.name} has {name} {str(value)[:40]}, not {declared}")


def _fitting(constant: _Constant | None, shape: tuple[int, ...], key: str) -> _Constant:
    if constant is None:
        raise _MismatchError(f"{key} is not written down in the file")
    if constant.shape != shape:
        raise _MismatchError(f"{key} has shape {constant.shape}, not {shape}")
    return constant


def _weight(constant: _Constant, key: str) -> Tensor:
    array = constant.make()
    if array.dtype not in (np.float32, np.float16, np.float64) or array.shape != constant.shape:
        raise _MismatchError(f"{key} is of type {array.dtype}")
    return torch.from_numpy(np.array(array, np.float32))
