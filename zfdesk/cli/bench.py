"""``zfdesk bench``: speed as ratios, all measured in one run on the same machine, weights and picture."""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from typing import Any

from zfdesk.cli.bench_report import bench_text
from zfdesk.cli.bench_scan import scan_figures
from zfdesk.cli.bench_timing import eager_module, interleaved, onnx_runtime
from zfdesk.cli.common import add_json_option
from zfdesk.cli.report import report


def add_parser(subparsers: Any) -> None:
    """Register the verb."""
    parser = subparsers.add_parser("bench", help="measure speed and memory on this machine")
    parser.add_argument("--short", action="store_true", help="fewer repetitions: a glance, not a measurement")
    parser.add_argument("--no-live", action="store_true", help="leave the live window out")
    add_json_option(parser)
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Measure and print; JSON: the figures by what they are of."""
    import torch

    from zfdesk.cli.bench_synthesis import synthesis_figures

    repetitions = 5 if arguments.short else 25
    figures: dict[str, Any] = {"cores": os.cpu_count(), "threads": torch.get_num_threads(), "torch": torch.__version__}
    figures |= forward_figures(repetitions)
    figures |= batch_figures(max(repetitions // 4, 2))
    figures |= reconstruction_figures(repetitions)
    figures |= sweep_figures(arguments.short)
    figures |= moved_figures(repetitions)
    figures |= scan_figures(arguments.short)
    figures |= exactness()
    figures["synthesis"] = synthesis_figures(repetitions)
    if not arguments.no_live:
        for name, options in (("live", []), ("live_occluder", ["--occluder"])):
            figures[name] = live_figures(4.0 if arguments.short else 15.0, options)
        figures |= drag_figures(4.0 if arguments.short else 15.0)
    if not arguments.short:
        figures |= training_figures()
    report(arguments, figures, lambda: bench_text(figures))
    return 0


def _demo_picture() -> Any:
    from zfdesk.engine import centre_crop
    from zfdesk.resources import resource
    from zfdesk.sources import read_picture

    return centre_crop(read_picture(resource("demo/chelsea.jpg")))


def forward_figures(repetitions: int) -> dict[str, float]:
    """The forward pass at batch 1 against eager torch and against this machine's own matrix-product peak."""
    import torch

    from zfdesk.weights import load

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


def batch_figures(repetitions: int) -> dict[str, float | str]:
    """Milliseconds a picture for the probabilities of 32 at once, against eager torch and, if it is here, ONNX
    Runtime."""
    import numpy as np
    import torch

    from zfdesk.weights import load

    model, count = load(), 32
    pictures = np.repeat(_demo_picture()[None], count, 0)
    module, x = eager_module(model), model.input.to_tensor(pictures).contiguous()
    calls = {"batch": lambda: model.probabilities(pictures), "batch_eager": lambda: module(x)}
    runtime = onnx_runtime(model, torch.get_num_threads())
    if runtime is not None:
        rgb = np.ascontiguousarray(pictures.transpose(0, 3, 1, 2), np.float32)
        calls["batch_onnx"] = lambda: runtime(rgb)
    with torch.inference_mode():
        figures: dict[str, float | str] = {
            f"{name}_ms": time / count for name, time in interleaved(calls, repetitions).items()
        }
    if runtime is None:
        figures["batch_onnx"] = "not measured: onnxruntime is not installed (pip install onnxruntime)"
    return figures


def reconstruction_figures(repetitions: int) -> dict[str, float | str]:
    """Forward and conv5 reconstruction against captum's NeuronDeconvolution on the same layers.

    captum runs the whole network; ours is measured with the whole forward pass and with one that ends at conv5.
    """
    import warnings

    from zfdesk.engine import Seed, reconstruct
    from zfdesk.weights import load

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


def sweep_figures(short: bool) -> dict[str, Any]:
    """A sweep of 50 × 50, stride 8, clipped, against captum's Occlusion and a loop of full passes, per position.

    Short: captum and the loop at 36 of the 529 positions, at which they are as fast.
    ``sweep_share_of_peak``: the multiply-adds that the windows need over this machine's matrix product; Winograd's
    filtering makes do with fewer, so it may be above 1.
    """
    import numpy as np
    import torch

    from zfdesk.engine import SweepPlan, sweep
    from zfdesk.engine.windows import Windows
    from zfdesk.weights import load

    model, picture = load(), _demo_picture()
    clean = model.forward(picture)
    plan = SweepPlan(50, 8, overhang=False)
    coarse = SweepPlan(50, 35, overhang=False) if short else plan
    first = []
    for _ in range(2):  # the first sweep of a network packs its weights
        begun = time.perf_counter()
        next(sweep(clean, picture, plan))
        first.append((time.perf_counter() - begun) * 1e3)
    a, b = torch.randn(2048, 2048), torch.randn(2048, 2048)
    ours, products = [], []
    peers: dict[str, float | str] = {}
    for turn in range(2 if short else 3):
        begun = time.perf_counter()
        *_, seen = sweep(clean, picture, plan)
        ours.append((time.perf_counter() - begun) * 1e3 / seen.done.size)
        products += [interleaved({"product": lambda: a @ b}, 3)["product"]]
        if turn == 0:  # between sweeps, so that a disturbance meets all alike
            peers = _sweep_peers(model, picture, coarse, (8, 32) if short else (1, 4, 8, 16, 32, 64))
    places = plan.positions(*picture.shape[:2]).reshape(-1, 2)
    needed = Windows(clean, picture, plan.occluder(0, 0), "conv5").multiply_adds(places) / len(places)
    each = statistics.median(ours)
    peak = 2 * 2048**3 / statistics.median(products) / 1e6
    figures: dict[str, Any] = {
        "sweep_ms": each, "sweep_positions": len(places), "sweep_first_map_ms": first[1],
        "sweep_first_map_cold_ms": first[0], "sweep_multiply_adds": needed,
        "sweep_share_of_peak": 2 * needed / each / 1e6 / peak, **peers,
    }  # fmt: skip
    for name in ("loop", "captum"):
        if isinstance(peers.get(f"sweep_{name}_ms"), float):
            figures[f"sweep_{name}_ratio"] = figures[f"sweep_{name}_ms"] / each
    if not short:
        figures["sweep_memory_mb"], _ = sweep_memory()
    assert np.isfinite(seen.probabilities).all()
    return figures


def _sweep_peers(model: Any, picture: Any, plan: Any, batches: tuple[int, ...]) -> dict[str, float | str]:
    """Milliseconds a position of full passes in a loop, and of captum's Occlusion at the batch that suits it best."""
    import numpy as np
    import torch

    from zfdesk.engine import occlude

    places = plan.positions(*picture.shape[:2]).reshape(-1, 2)
    begun = time.perf_counter()
    for part in np.array_split(places, -(-len(places) // 32)):
        covered = [occlude(picture, [plan.occluder(*place)], model.input.mean) for place in part]
        model.forward(np.stack(covered))
    figures: dict[str, float | str] = {"sweep_loop_ms": (time.perf_counter() - begun) * 1e3 / len(places)}
    try:
        from captum.attr import Occlusion
    except ImportError:
        return figures | {"sweep_captum": "not measured: captum is not installed (pip install captum)"}
    peer, x = Occlusion(eager_module(model)), model.input.to_tensor(picture[None]).contiguous()
    grey = model.input.to_tensor(np.full_like(picture, 128)[None])
    index = int(model.forward(picture).probabilities.argmax())

    def milliseconds(stride: int, batch: int) -> float:
        along = -(-(224 - plan.size) // stride) + 1
        begun = time.perf_counter()
        with torch.inference_mode():
            peer.attribute(x, (3, plan.size, plan.size), (3, stride, stride), grey, index, perturbations_per_eval=batch)
        result: float = (time.perf_counter() - begun) * 1e3 / along**2
        return result

    milliseconds(50, 4)
    tried = {batch: milliseconds(max(plan.stride, 24), batch) for batch in batches}
    best = min(tried, key=lambda batch: tried[batch])
    return figures | {"sweep_captum_ms": milliseconds(plan.stride, best), "sweep_captum_batch": best}


def sweep_memory() -> tuple[float, int]:
    """Megabytes that a sweep of stride 4 adds to the most that a process with a live network holds; its positions."""
    program = """if True:
        import sys
        import numpy as np, psutil, zfdesk.engine as zf, zfdesk.weights

        def most():
            if sys.platform == "win32":
                return psutil.Process().memory_info().peak_wset / 2**20
            if sys.platform == "linux":  # a child's ru_maxrss begins at its parent's
                lines = open("/proc/self/status").read().splitlines()
                return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) / 1024
            import resource
            return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2 ** (20 if sys.platform == "darwin" else 10)

        model = zfdesk.weights.load()
        picture = np.random.default_rng(0).integers(0, 256, (224, 224, 3), np.uint8)
        clean = model.forward(picture)
        before = most()
        *_, seen = zf.sweep(clean, picture, zf.SweepPlan(50, 4))
        seen.probabilities, seen.activations, seen.label()
        print(most() - before, seen.done.size)
    """
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=280, check=True)
    megabytes, positions = done.stdout.split()
    return float(megabytes), int(positions)


def moved_figures(repetitions: int) -> dict[str, float]:
    """An occluder dragged to the middle, an edge and a corner: what changed against a full pass; one thread too."""
    import torch

    from zfdesk.engine import Occluder, forward_changed, occlude
    from zfdesk.weights import load

    model, picture = load(), _demo_picture()
    clean = model.forward(picture)
    covered = [occlude(picture, [Occluder(top, left)]) for top, left in ((87, 87), (60, 110), (100, 0), (174, 174))]
    threads, figures = torch.get_num_threads(), {}
    for name, count in (("moved", threads), ("moved_1_thread", 1)):
        torch.set_num_threads(count)
        times = interleaved(
            {
                "changed": lambda: [forward_changed(clean, picture, one) for one in covered],
                "full": lambda: [model.forward(one) for one in covered],
            },
            max(repetitions // 4, 3),
        )
        figures[f"{name}_ms"] = times["changed"] / len(covered)
        figures[f"{name}_full_ms"] = times["full"] / len(covered)
        figures[f"{name}_ratio"] = times["full"] / times["changed"]
    torch.set_num_threads(threads)
    return figures


def exactness() -> dict[str, float]:
    """How far probabilities, and activations in parts of their layer's largest, are from float64 on the demo's
    pictures, with a square over each and without."""
    from zfdesk.engine import Occluder, centre_crop, forward_changed, occlude
    from zfdesk.resources import resource
    from zfdesk.sources import read_picture
    from zfdesk.weights import load

    model, probability, activation = load(), 0.0, 0.0
    for path in sorted(resource("demo").glob("*.jpg")):
        picture = centre_crop(read_picture(path))
        covered = occlude(picture, [Occluder(80, 80)])
        clean = model.forward(picture)
        for seen in (clean, forward_changed(clean, picture, covered)):
            exact = model.forward(seen.activations["input"].double())
            probability = max(probability, float((seen.probabilities - exact.probabilities).abs().max()))
            for name, value in exact.activations.items():
                error = (seen.activations[name] - value).abs().max() / value.abs().max()
                activation = max(activation, float(error))
    return {"largest_probability_error": probability, "largest_activation_error": activation}


def live_figures(seconds: float, options: list[str]) -> dict[str, Any]:
    """The live window on a 640×480 30 fps stream, in a process of its own, offscreen."""
    environment = os.environ | {"QT_QPA_PLATFORM": os.environ.get("QT_QPA_PLATFORM", "offscreen")}
    return _of_process(["zfdesk.desk.benchmark", "--seconds", str(seconds), *options], environment, seconds + 60)


def drag_figures(seconds: float) -> dict[str, Any]:
    """How long after the hand the class bars show a dragged square where it is, over a still picture and a stream."""
    environment = os.environ | {"QT_QPA_PLATFORM": os.environ.get("QT_QPA_PLATFORM", "offscreen")}
    figures: dict[str, Any] = {}
    for name, options in (("still", []), ("stream", ["--stream"])):
        command = ["zfdesk.desk.drag_benchmark", "--seconds", str(seconds), *options]
        found = _of_process(command, environment, seconds + 60)
        figures |= {f"drag_{name}_{key}": value for key, value in found.items()}
    return figures


def training_figures() -> dict[str, Any]:
    """A step of training with freed memory kept, as `zfdesk train` does, against malloc's own way; in turns."""
    found: dict[str, list[float]] = {"": [], "--give-back": []}
    for _ in range(2):
        for option, speeds in found.items():
            figures = _of_process(["zfdesk.training.benchmark", *filter(None, [option])], dict(os.environ), 280)
            if "failed" in figures:
                return {"training": figures["failed"]}
            speeds.append(figures["pictures_per_second"])
    kept, given = (max(speeds) for speeds in found.values())
    return {"training_pictures_per_second": kept, "training_memory_ratio": kept / given}


def _of_process(called: list[str], environment: dict[str, str], seconds: float) -> dict[str, Any]:
    """The JSON object that a module prints as a program."""
    done = subprocess.run(
        [sys.executable, "-m", *called],
        env=environment,
        capture_output=True,
        text=True,
        timeout=seconds,
        check=False,
    )
    if done.returncode:
        return {"failed": (done.stderr.strip().splitlines() or ["no reason was given"])[-1]}
    return dict(json.loads(done.stdout))
