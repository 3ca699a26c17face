"""``zfdesk weights export``: a network for use in other programs."""

from __future__ import annotations

import argparse
import os
from pathlib import Path

from zfdesk.cli.output import check_output
from zfdesk.cli.report import report
from zfdesk.progress import bytes_text


def exported_name(text: str) -> str:
    """For argparse: the name of a file that other programs read."""
    if os.path.splitext(text)[1] not in (".onnx", ".pth"):
        raise argparse.ArgumentTypeError(f"{text!r}: a network is exported as .onnx or .pth")
    return text


def add_export_arguments(parser: argparse.ArgumentParser) -> None:
    """Of ``zfdesk weights export``."""
    parser.add_argument("name", metavar="NAME|FILE", help="a name from the list, or a file")
    parser.add_argument(
        "-o", "--output", type=exported_name, required=True, metavar="FILE.(onnx|pth)",
        help="the file to write; beside a .pth a .py with the lines of torch that read it",
    )  # fmt: skip


def export_command(arguments: argparse.Namespace) -> int:
    """Write it; JSON: {"files": [path, …], "bytes"}."""
    from zfdesk.cli.network import weights_file
    from zfdesk.weights import load
    from zfdesk.weights.export import export_model

    check_output(arguments.output)
    files = export_model(load(weights_file(arguments.name)), Path(arguments.output))
    size = sum(file.stat().st_size for file in files)
    text = f"{' and '.join(str(file) for file in files)}: {bytes_text(size)}."
    if len(files) > 1:
        text += f"\nIn Python, beside {files[0].name}: from {files[1].stem} import network, probabilities, CLASSES"
    report(arguments, {"files": [str(file) for file in files], "bytes": size}, text)
    return 0
