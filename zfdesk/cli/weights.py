"""``zfdesk weights``: list, choose, describe and import networks' weights."""

from __future__ import annotations

import argparse
import json
import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from zfdesk.engine.store import StoredWeights


def add_parser(subparsers: Any) -> None:
    """Register the verb; ``run`` of the parsed arguments is the function to call, which returns the exit code."""
    verb = subparsers.add_parser("weights", help="list, choose, describe or import the network's weights")
    actions = verb.add_subparsers(dest="action", required=True, metavar="list|use|info|import")

    shown = actions.add_parser("list", help="all weights at hand")
    shown.add_argument("--json", action="store_true", help="print JSON")
    shown.set_defaults(run=list_command)

    used = actions.add_parser("use", help="use these weights from now on")
    used.add_argument("name", help="a name from `zfdesk weights list`")
    used.add_argument("--json", action="store_true", help="print JSON")
    used.set_defaults(run=use_command)

    told = actions.add_parser("info", help="what is known of some weights")
    told.add_argument("name", nargs="?", help="a name from the list, or a file; without it the weights in use")
    told.add_argument("--json", action="store_true", help="print JSON")
    told.set_defaults(run=info_command)

    imported = actions.add_parser("import", help="convert a file of weights and keep it")
    imported.add_argument(
        "file",
        type=Path,
        help="torchvision AlexNet or VGG-16, pytorchcv zfnet or zfnetb (.pth, .pt, .zip, .safetensors), the ONNX zoo's "
        "zfnet512 (.onnx), or a checkpoint of zfdesk",
    )
    imported.add_argument("--name", help="the name to keep it under; without it the file's own")
    imported.add_argument("--use", action="store_true", help="use it from now on")
    imported.add_argument("--json", action="store_true", help="print JSON")
    imported.set_defaults(run=import_command)


def list_command(arguments: argparse.Namespace) -> int:
    """Print all weights at hand, the ones in use marked; JSON: a list of objects, see `_facts`."""
    from zfdesk.engine import store

    entries = store.list_weights()
    if arguments.json:
        _print_json([_facts(entry) for entry in entries])
        return 0
    width = max(len(entry.name) for entry in entries)
    for entry in entries:
        mark = "*" if entry.in_use else " "
        told = entry.trouble or (
            f"{entry.architecture:18}  {entry.classes:5} classes  {_size(entry.bytes):>8}  {entry.sha256[:12]}  "
            f"{'' if entry.trained else '(untrained) '}{entry.provenance[:60]}"
        )
        print(f"{mark} {entry.name:{width}}  {told}".rstrip())
    return 0


def use_command(arguments: argparse.Namespace) -> int:
    """Use the named weights from now on; JSON: {"use": name}."""
    from zfdesk.engine import store

    store.use(arguments.name)
    if arguments.json:
        _print_json({"use": arguments.name})
    else:
        print(f"From now on {arguments.name} is in use.")
    return 0


def info_command(arguments: argparse.Namespace) -> int:
    """Print what is known of some weights, reading them whole; JSON: one object."""
    from zfdesk.engine import describe, doubt, load, store

    name = arguments.name
    # a name of the list goes before a file of the same name
    known = name is None or any(entry.name == name for entry in store.list_weights())
    path = store.find(name) if known or not Path(name).exists() else Path(name)
    told, model = describe(path), load(path)
    facts = {
        "name": path.stem,
        "path": str(path),
        "architecture": told.architecture.name,
        "title": told.architecture.title,
        "parameters": told.architecture.parameters,
        "classes": len(told.classes),
        "bytes": told.bytes,
        "sha256": model.sha256,
        "trained": told.trained,
        "in_use": path == store.find(),
        "input": {
            "size": told.architecture.size,
            "channels": told.input.order,
            "mean": list(told.input.mean),
            "std": list(told.input.std),
            "resize": told.input.resize,
        },
        "packing": told.packing,
        "provenance": told.provenance,
        "doubt": doubt(model),
    }
    if arguments.json:
        _print_json(facts)
        return 0
    for key, value in facts.items():
        if value != "":
            print(f"{key:14}{_words(value)}")
    return 0


def import_command(arguments: argparse.Namespace) -> int:
    """Convert a file and keep it; JSON: {"name", "path", "architecture", "classes", "sha256", "doubt", "use"}."""
    from zfdesk.engine import doubt, import_weights, store

    model = import_weights(arguments.file)
    name = arguments.name or store.name_for(arguments.file)
    path = store.add(model, name)
    if arguments.use:
        store.use(name)
    entry = next(entry for entry in store.list_weights() if entry.path == path)
    hint = doubt(model)
    if arguments.json:
        _print_json(
            {
                "name": name,
                "path": str(path),
                "architecture": entry.architecture,
                "classes": entry.classes,
                "sha256": entry.sha256,
                "doubt": hint,
                "use": arguments.use,
            }
        )
        return 0
    print(f"Kept as {name} ({model.architecture.title}, {entry.classes} classes, {_size(entry.bytes)}).")
    if hint:
        print(f"Note: {hint}")
    if not arguments.use:
        print(f"To use it: zfdesk weights use {name}")
    return 0


def _facts(entry: StoredWeights) -> dict[str, Any]:
    return {
        "name": entry.name,
        "path": str(entry.path),
        "architecture": entry.architecture,
        "parameters": entry.parameters,
        "classes": entry.classes,
        "bytes": entry.bytes,
        "sha256": entry.sha256,
        "trained": entry.trained,
        "provenance": entry.provenance,
        "embedded": entry.embedded,
        "in_use": entry.in_use,
        "trouble": entry.trouble,
    }


def _print_json(value: Any) -> None:
    print(json.dumps(value, indent=2, ensure_ascii=False))


def _words(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, dict):
        return ", ".join(f"{key} {part}" for key, part in value.items())
    return f"{value:,}" if isinstance(value, int) else str(value)


def _size(count: int) -> str:
    power = min(int(math.log10(max(count, 1)) // 3), 3)
    return f"{count / 1000**power:.0f} {('B', 'kB', 'MB', 'GB')[power]}"
