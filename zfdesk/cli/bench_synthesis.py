"""The part of ``zfdesk bench`` on made pictures: steps a second, against eager torch and against lucent.

A step, here and there: the objective of one unit forwards and backwards to the pixels, and Adam's update; one unit at a
time, no transformations. Eager torch runs the same layers over the whole picture, as a plain optimiser does; lucent
(pip install torch-lucent) its own loop, ``render_vis``, over the same module with its transformations off.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

LAYERS = ("conv3", "conv5", "fc8")


def synthesis_figures(repetitions: int) -> dict[str, Any]:
    """Milliseconds of a step by layer, and how many times as long the others take."""
    import torch

    from zfdesk.cli.bench_timing import eager_module, interleaved
    from zfdesk.synthesis import Maximiser, MaximiseRecipe, of_unit
    from zfdesk.weights import load

    model = load()
    module = eager_module(model)
    for part in module.parameters():
        part.requires_grad_(False)
    recipe = replace(MaximiseRecipe(steps=1_000_000, jitter=0, scale=0, rotation=0), total_variation=0, contrast=0)
    figures: dict[str, Any] = {}
    for layer in LAYERS:
        objective = of_unit(layer, 7)
        one, eight = (Maximiser(model, [objective] * count, recipe) for count in (1, 8))
        calls: dict[str, Callable[[], object]] = {
            "one": one.step, "eight": eight.step, "eager": _eager_step(module, layer),
        }  # fmt: skip
        lucent = _lucent_step(module, layer)
        if lucent is not None:
            calls["lucent"] = lucent
        times = interleaved(calls, repetitions)
        figures[layer] = {
            "step_ms": times["one"], "step_of_8_ms": times["eight"] / 8, "eager_ms": times["eager"],
            "eager_ratio": times["eager"] / times["one"], "steps_per_second": 1e3 / times["one"],
        }  # fmt: skip
        if lucent is not None:
            figures[layer]["lucent_ms"] = times["lucent"]
            figures[layer]["lucent_ratio"] = times["lucent"] / times["one"]
    if "lucent_ms" not in figures["conv5"]:
        figures["lucent"] = "not measured: lucent is not installed (pip install --no-deps torch-lucent kornia==0.4.1)"
    figures["torch_threads"] = torch.get_num_threads()
    return figures


def _eager_step(module: Any, layer: str) -> Callable[[], object]:
    """One step of Adam on a whole picture, by torch's own modules and optimiser, up to the layer."""
    import torch

    names = [name for name, _ in module.named_children()]
    part = module[: names.index(layer) + 1]
    x = torch.randn(1, 3, 224, 224).requires_grad_()
    adam = torch.optim.Adam([x], 0.05)

    def step() -> None:
        adam.zero_grad()
        y = part(x)
        (-(y[0, 7] if y.ndim == 2 else y[0, 7, y.shape[2] // 2, y.shape[3] // 2])).backward()
        adam.step()

    return step


def _lucent_step(module: Any, layer: str) -> Callable[[], object] | None:
    """A step of lucent's own loop on the same module; None where it is not installed."""
    import contextlib
    import io

    import torch

    try:
        with contextlib.redirect_stdout(io.StringIO()):
            from lucent.optvis import objectives, param
            from lucent.optvis.render import hook_model
    except (ImportError, RuntimeError, AttributeError):
        return None
    parameters, image = param.image(224, fft=True, decorrelate=True)
    adam = torch.optim.Adam(parameters, 0.05)
    place = "channel" if layer.startswith("fc") else "neuron"
    objective = objectives.as_objective(getattr(objectives, place)(layer, 7))
    hook = hook_model(module, image)

    def step() -> None:
        adam.zero_grad()
        module(image())
        objective(hook).backward()
        adam.step()

    return step


def synthesis_report(figures: dict[str, Any]) -> list[str]:
    """Lines for the page."""
    lines = ["a step of maximisation       one unit   each of 8   eager torch, whole picture       lucent"]
    for layer in LAYERS:
        found = figures[layer]
        lucent = f"{found['lucent_ms']:7.1f} ms {found['lucent_ratio']:4.1f} ×" if "lucent_ms" in found else ""
        lines.append(
            f"  {layer:24}{found['step_ms']:9.1f} ms{found['step_of_8_ms']:9.1f} ms{found['eager_ms']:12.1f} ms"
            f" {found['eager_ratio']:5.2f} × slower   {lucent}"
        )
    return [*lines, f"  lucent                    {figures['lucent']}"] if "lucent" in figures else lines
