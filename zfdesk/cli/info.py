"""``zfdesk info``: the network as a table, its weights, and what it runs on."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from zfdesk.cli.common import add_json_option, add_weights_option
from zfdesk.cli.output import CommandError
from zfdesk.cli.report import named_values, report, table

if TYPE_CHECKING:
    from zfdesk.engine import Architecture, Model, Stage


def add_parser(verbs: Any) -> None:
    """Register the verb."""
    parser = verbs.add_parser("info", help="the network's layers, its weights and the device", allow_abbrev=False)
    choice = parser.add_mutually_exclusive_group()
    add_weights_option(choice)
    choice.add_argument("--architecture", metavar="NAME", help="a declared network, without weights")
    choice.add_argument("--list", action="store_true", help="the names of all declared networks")
    add_json_option(parser)
    parser.set_defaults(run=info_command)


def info_command(arguments: argparse.Namespace) -> int:
    """Print the table; JSON: {"architecture", "weights", "device"}, with --list a list of architectures in short."""
    from zfdesk.engine import ARCHITECTURES

    if arguments.list:
        return _list(arguments)
    if arguments.architecture is None:
        from zfdesk.cli.network import chosen_model

        model = chosen_model(arguments.weights)
        architecture, weights = model.architecture, _weights(model)
    elif arguments.architecture in ARCHITECTURES:
        architecture, weights = ARCHITECTURES[arguments.architecture](), None
    else:
        raise CommandError(
            f"There is no architecture called {arguments.architecture!r}; there are {', '.join(ARCHITECTURES)}."
        )
    facts: dict[str, Any] = {"architecture": _architecture(architecture), "weights": weights, "device": device_facts()}
    parts = (f"\n\n{title}\n{named_values(facts[title], '  ')}" for title in ("weights", "device") if facts[title])
    report(arguments, facts, lambda: _architecture_text(facts["architecture"]) + "".join(parts))
    return 0


def device_facts() -> dict[str, Any]:
    """What the network runs on: {"kind", "cpu", "cores", "threads", "torch", "python", "system"}."""
    import os
    import platform

    import torch

    return {
        "kind": "cpu",
        "cpu": _processor(),
        "cores": os.cpu_count() or 1,
        "threads": torch.get_num_threads(),
        "torch": torch.__version__,
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.release()} {platform.machine()}",
    }


def _processor() -> str:
    """The processor's own name, as far as the system tells it."""
    import platform
    import subprocess
    import sys

    try:
        if sys.platform == "linux":
            with open("/proc/cpuinfo", encoding="utf-8", errors="replace") as file:
                for line in file:
                    if line.startswith("model name"):
                        return line.partition(":")[2].strip()
        elif sys.platform == "darwin":
            asked = ["/usr/sbin/sysctl", "-n", "machdep.cpu.brand_string"]
            return subprocess.run(asked, capture_output=True, text=True, timeout=5).stdout.strip()
    except (OSError, subprocess.SubprocessError):
        pass
    return platform.processor() or platform.machine()


def _weights(model: Model) -> dict[str, Any]:
    return {
        "name": model.name,
        "sha256": model.sha256,
        "trained": model.trained,
        "classes": len(model.classes),
        "input": {
            "size": model.architecture.size,
            "channels": model.input.order,
            "mean": list(model.input.mean),
            "std": list(model.input.std),
            "resize": model.input.resize,
        },
        "provenance": model.provenance,
    }


def _architecture(architecture: Architecture) -> dict[str, Any]:
    return {
        "name": architecture.name,
        "title": architecture.title,
        "input_size": architecture.size,
        "classes": architecture.classes,
        "parameters": architecture.parameters,
        "multiply_adds": architecture.multiply_adds,
        "layers": [_layer(stage) for stage in architecture.stages],
    }


def _layer(stage: Stage) -> dict[str, Any]:
    """kernel, stride and padding are null for layers that have none; shape: channels, height, width."""
    layer, seen = stage.layer, stage.receptive_field
    return {
        "layer": stage.name,
        "kind": type(layer).__name__.lower() if layer else "input",
        "rectified": stage.rectified,
        "kernel": getattr(layer, "kernel", None),
        "stride": getattr(layer, "stride", None),
        "padding": getattr(layer, "padding", None),
        "shape": list(stage.shape),
        "receptive_field": {"size": seen.size, "jump": seen.jump, "offset": seen.offset},
        "parameters": stage.parameters,
        "multiply_adds": stage.multiply_adds,
    }


def _architecture_text(facts: dict[str, Any]) -> str:
    size = facts["input_size"]
    title = f"{facts['name']}: {facts['title']}; input {size} × {size} RGB, {facts['classes']} classes"
    head = ("layer", "kernel", "stride", "padding", "shape", "field", "jump", "offset", "parameters", "multiply-adds")
    rows: list[tuple[str, ...]] = [head]
    for layer in facts["layers"]:
        seen = layer["receptive_field"]
        numbers = [layer["kernel"], layer["stride"], layer["padding"]]
        kernel, stride, padding = ("" if number is None else str(number) for number in numbers)
        counts = [f"{layer[key]:,}" if layer[key] else "" for key in ("parameters", "multiply_adds")]
        shape = " × ".join(map(str, layer["shape"] if layer["shape"][1:] != [1, 1] else layer["shape"][:1]))
        place = (str(seen["size"]), str(seen["jump"]), str(seen["offset"]))
        rows.append((layer["layer"], kernel, stride, padding, shape, *place, *counts))
    rows.append(("total", *[""] * 7, f"{facts['parameters']:,}", f"{facts['multiply_adds']:,}"))
    return f"{title}\n\n{table(rows, right=range(1, len(head)), gap='  ')}"


def _list(arguments: argparse.Namespace) -> int:
    from zfdesk.engine import ARCHITECTURES

    known = [make() for make in ARCHITECTURES.values()]
    keys = ("name", "title", "parameters", "multiply_adds")
    facts = [{key: getattr(architecture, key) for key in keys} for architecture in known]
    lines = (f"{one.name:20}{one.parameters:>12,} parameters  {one.title}" for one in known)
    report(arguments, facts, "\n".join(lines))
    return 0
