"""What a checkout shows of its embedded network besides the tables of scores, made anew by its own commands."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from zfdesk.atomic_write import write_whole
from zfdesk.cli.output import CommandError

BEGIN, END = "<!-- curves: begin -->", "<!-- curves: end -->"
"""Around README's table of insertion and deletion curves."""
CAT = "resources/demo/chelsea.jpg"
PICTURES = "docs/pictures.py"


def renew(checkout: Path, print_message: Callable[[str], None]) -> list[str]:
    """README's curves of the demo's cat and its pictures of the window; returns what was written.

    Each is made by a process of its own, which sees the network that the checkout ships now. Raises CommandError.
    """
    written = []
    readme = checkout / "README.md"
    if BEGIN in readme.read_text("utf-8"):
        print_message("README's curves …")
        block = curves_block(checkout)
        text = re.sub(
            f"{BEGIN}.*?{END}", lambda _: f"{BEGIN}\n{block}\n{END}", readme.read_text("utf-8"), flags=re.DOTALL
        )
        write_whole(readme, [text.encode()])
        written.append("README.md: curves")
    if (checkout / PICTURES).exists():
        print_message("README's pictures of the window …")
        written += _run(checkout, [str(checkout / PICTURES)]).split()
    return written


def curves_block(checkout: Path) -> str:
    """The table in Markdown: the cat's occlusion sweep and gradient, each beside random maps as coarse."""
    with tempfile.TemporaryDirectory() as folder:
        sweep, gradient = str(Path(folder) / "occlude.npz"), str(Path(folder) / "gradient.npy")
        found = json.loads(_zfdesk(checkout, "occlude", CAT, "--npz", sweep, "--json"))
        index = str(found["index"])
        _zfdesk(checkout, "attribute", CAT, "--method", "saliency", "--class", index, "--npy", gradient, "--json")
        told = json.loads(_zfdesk(checkout, "curves", CAT, sweep, gradient, "--class", index, "--json"))
    return _table(told)


def _table(told: dict[str, Any]) -> str:
    of_sweep, of_gradient = told["maps"]
    names = ("`zfdesk occlude`, 50 × 50, stride 8", "gradient of the class's score (fc8), largest magnitude over RGB")
    lines = [
        f"For the demo's cat ({told['class']}, {100 * told['probability']:.1f} %):",
        "",
        "| map | deletion, lower is better | insertion, higher is better |",
        "|---|---|---|",
    ]
    for name, row in zip(names, (of_sweep, of_gradient), strict=True):
        random, (rows, columns) = row["random"], row["cells"]
        beside = (f"{random[kind]['mean']:.3f} ± {random[kind]['sd']:.3f}" for kind in ("deletion", "insertion"))
        lines.append(f"| {name} | {row['deletion']:.3f} | {row['insertion']:.3f} |")
        lines.append(f"| {random['maps']} random maps, {rows} × {columns} | {' | '.join(beside)} |")
    return "\n".join(lines)


def _zfdesk(checkout: Path, *words: str) -> str:
    return _run(checkout, ["-m", "zfdesk", *words])


def _run(checkout: Path, words: list[str]) -> str:
    """What a Python process says on stdout, run on the checkout's own code. Raises CommandError."""
    places = (str(checkout.resolve()), os.environ.get("PYTHONPATH", ""))
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(place for place in places if place)}
    done = subprocess.run([sys.executable, *words], cwd=checkout, env=environment, capture_output=True, text=True)
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["no reason was given"])[-1]
        raise CommandError(f"{' '.join(words)} failed: {last}")
    return done.stdout


__all__ = ["BEGIN", "CAT", "END", "PICTURES", "curves_block", "renew"]
