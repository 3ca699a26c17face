"""``zfdesk bench``: speed as ratios, all measured in one run on the same machine, weights and picture."""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Any


def add_parser(subparsers: Any) -> None:
    """Register the verb."""
    parser = subparsers.add_parser("bench", help="measure speed and memory on this machine")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--short", action="store_true", help="fewer repetitions: a glance, not a measurement")
    parser.add_argument("--no-live", action="store_true", help="leave the live window out")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Measure and print."""
    import torch

    repetitions = 5 if arguments.short else 25
    figures: dict[str, Any] = {"cores": os.cpu_count(), "threads": torch.get_num_threads(), "torch": torch.__version__}
    figures |= forward_figures(repetitions)
    figures |= reconstruction_figures(repetitions)
    figures |= fidelity()
    if not arguments.no_live:
        for name, options in (("live", []), ("live_occluder", ["--occluder"])):
            figures[name] = live_figures(4.0 if arguments.short else 15.0, options)
    if arguments.json:
        json.dump(figures, sys.stdout, indent=2)
        print()
    else:
        print(report(figures))
    return 0


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


def _demo_picture() -> Any:
    from zfdesk.engine import centre_crop
    from zfdesk.resources import resource
    from zfdesk.sources import read_picture

    return centre_crop(read_picture(resource("demo/chelsea.jpg")))


def forward_figures(repetitions: int) -> dict[str, float]:
    """The forward pass at batch 1 against eager torch and against this machine's own matrix-product peak."""
    import torch

    from zfdesk.engine import load

    model = load()
    picture = _demo_picture()
    module, x = eager_module(model), model.input.to_tensor(picture[None]).contiguous()
    a, b = torch.randn(2048, 2048), torch.randn(2048, 2048)
    with torch.inference_mode():
        times = interleaved(
            {"forward": lambda: model.forward(picture), "eager": lambda: module(x), "product": lambda: a @ b},
            repetitions,
        )
    peak = 2 * 2048**3 / times["product"] / 1e6
    reached = 2 * model.architecture.multiply_adds / times["forward"] / 1e6
    return {
        "forward_ms": times["forward"], "eager_ms": times["eager"], "forward_ratio": times["eager"] / times["forward"],
        "peak_gflops": peak, "forward_share_of_peak": reached / peak,
    }  # fmt: skip


def reconstruction_figures(repetitions: int) -> dict[str, float | str]:
    """Forward and conv5 reconstruction against captum's NeuronDeconvolution on the same layers.

    captum runs the whole network; ours is measured with the whole forward pass and with one that ends at conv5.
    """
    import warnings

    from zfdesk.engine import Seed, load, reconstruct

    try:
        from captum.attr import NeuronDeconvolution
    except ImportError:
        return {"reconstruction": "not measured: captum is not installed (pip install captum)"}
    model = load()
    picture = _demo_picture()
    module, x = eager_module(model), model.input.to_tensor(picture[None]).contiguous()
    seen = model.forward(picture)
    unit = seen.strongest_unit("conv5")
    y, z = reconstruct(seen, Seed("conv5", unit)).positions[0]
    peer = NeuronDeconvolution(module, module.relu5)

    def ours(until: str | None) -> object:
        return reconstruct(model.forward(picture, until=until), Seed("conv5", unit))

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # captum tells at every call that it overrides backward hooks
        times = interleaved(
            {
                "whole": lambda: ours(None),
                "until": lambda: ours("conv5"),
                "captum": lambda: peer.attribute(x, (unit, y, z)),
            },
            repetitions,
        )
    return {
        "reconstruction_ms": times["whole"], "reconstruction_until_conv5_ms": times["until"],
        "captum_ms": times["captum"], "reconstruction_ratio": times["captum"] / times["whole"],
        "reconstruction_until_conv5_ratio": times["captum"] / times["until"],
    }  # fmt: skip


def fidelity() -> dict[str, float | bool]:
    """How far the fast path's answers are from the plain float32 reference on the demo's pictures."""
    from zfdesk.engine import centre_crop, load
    from zfdesk.resources import resource
    from zfdesk.sources import read_picture

    model, largest, same = load(), 0.0, True
    for path in sorted(resource("demo").glob("*.jpg")):
        picture = centre_crop(read_picture(path))
        fast = model.forward(picture).probabilities[0]
        plain = model.forward(picture, reference=True).probabilities[0]
        largest = max(largest, float((fast - plain).abs().max()))
        same = same and fast.topk(5).indices.tolist() == plain.topk(5).indices.tolist()
    return {"fast_path_largest_probability_change": largest, "fast_path_same_top5": same}


def live_figures(seconds: float, options: list[str]) -> dict[str, Any]:
    """The live window on a 640×480 30 fps stream, in a process of its own, offscreen."""
    environment = os.environ | {"QT_QPA_PLATFORM": os.environ.get("QT_QPA_PLATFORM", "offscreen")}
    command = [sys.executable, "-m", "zfdesk.desk.benchmark", "--seconds", str(seconds), *options]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=seconds + 60, check=False)
    if done.returncode:
        return {"failed": (done.stderr.strip().splitlines() or ["no reason was given"])[-1]}
    return dict(json.loads(done.stdout))


def report(figures: dict[str, Any]) -> str:
    """The figures as a page of text."""
    lines = [
        f"{figures['cores']} cores, torch {figures['torch']} with {figures['threads']} threads; medians, one run",
        f"forward, batch 1            {figures['forward_ms']:7.1f} ms",
        f"  eager nn.Sequential       {figures['eager_ms']:7.1f} ms   {figures['forward_ratio']:.2f} × slower",
        f"  share of matrix peak      {figures['forward_share_of_peak']:7.0%}"
        f"      of {figures['peak_gflops']:.0f} GFLOP/s",
    ]
    if "captum_ms" in figures:
        lines += [
            f"forward + conv5 deconvnet   {figures['reconstruction_ms']:7.1f} ms",
            f"  captum NeuronDeconvolution{figures['captum_ms']:7.1f} ms"
            f"   {figures['reconstruction_ratio']:.2f} × slower",
            f"  forward to conv5 only     {figures['reconstruction_until_conv5_ms']:7.1f} ms"
            f"   captum {figures['reconstruction_until_conv5_ratio']:.2f} × slower",
        ]
    else:
        lines.append(f"forward + conv5 deconvnet   {figures['reconstruction']}")
    change = figures["fast_path_largest_probability_change"]
    same = "same top-5" if figures["fast_path_same_top5"] else "TOP-5 DIFFERS"
    lines.append(f"fast path against float32   largest probability change {change:.1e}, {same}")
    for name, words in (("live", "live window, all panes"), ("live_occluder", "… with occluder and 2 pins")):
        live = figures.get(name)
        if live and "failed" in live:
            lines.append(f"{words:28}{live['failed']}")
        elif live:
            lines += [
                f"{words:28}{live['shown_fps']:5.1f} fps shown, frame age median {live['age_median_ms']:.0f} ms,"
                f" p95 {live['age_p95_ms']:.0f} ms",
                f"{'':28}longest GUI block {live['longest_gui_block_ms']:.0f} ms, memory {live['memory_mb']:.0f} MB,"
                f" start-up {live['startup_s']:.2f} s",
            ]
    return "\n".join(lines)
