"""What is measured against what: calls in turns, and the same network as torch's own modules."""

from __future__ import annotations

import statistics
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Any


def interleaved(calls: dict[str, Callable[[], object]], repetitions: int) -> dict[str, float]:
    """Median milliseconds of each call; taken in turns, so that a disturbance meets all alike."""
    times: dict[str, list[float]] = {name: [] for name in calls}
    for call in calls.values():
        call()
        call()
    for _ in range(repetitions):
        for name, call in calls.items():
            begun = time.perf_counter()
            call()
            times[name].append((time.perf_counter() - begun) * 1e3)
    return {name: statistics.median(values) for name, values in times.items()}


def eager_module(model: Any) -> Any:
    """The same layers and weights as torch's own modules in an nn.Sequential, in float32."""
    import torch
    from torch import nn

    from zfdesk.engine import LRN, Conv, Linear, MaxPool, ReLU
    from zfdesk.engine.kernels import dense

    modules: dict[str, Any] = {}
    shapes = {stage.name: stage.shape for stage in model.architecture.stages}
    before = "input"
    for layer in model.architecture.layers:
        match layer:
            case Conv():
                made: Any = nn.Conv2d(shapes[before][0], layer.channels, layer.kernel, layer.stride, layer.padding)
            case MaxPool():
                made = nn.MaxPool2d(layer.kernel, layer.stride, layer.padding, ceil_mode=layer.ceil)
            case LRN():
                made = nn.LocalResponseNorm(layer.size, layer.alpha, layer.beta, layer.k)
            case ReLU():
                made = nn.ReLU()
            case Linear():
                if "flatten" not in modules:
                    modules["flatten"] = nn.Flatten()
                channels, height, width = shapes[before]
                made = nn.Linear(channels * height * width, layer.channels)
            case _:
                made = nn.Softmax(1)
        if isinstance(layer, Conv | Linear):
            with torch.no_grad():
                made.weight.copy_(dense(model.weights[f"{layer.name}.weight"], torch.float32))
                made.bias.copy_(model.weights[f"{layer.name}.bias"])
        modules[layer.name] = made
        before = layer.name if layer.name in shapes else before
    return nn.Sequential(OrderedDict(modules)).eval()


def onnx_runtime(model: Any, threads: int) -> Callable[[Any], object] | None:
    """What gives the answers to RGB pictures, float32 (N, 3, size, size), by ONNX Runtime; None where it is missing."""
    try:
        import onnxruntime
    except ImportError:
        return None
    from zfdesk.weights.export import onnx_bytes

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    session = onnxruntime.InferenceSession(onnx_bytes(model), options, providers=["CPUExecutionProvider"])
    return lambda pictures: session.run(None, {session.get_inputs()[0].name: pictures})
