"""What a checkout shows of its embedded network besides the tables of scores, made anew by its own commands."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from zfdesk.atomic_write import write_whole
from zfdesk.cli.output import CommandError

MARKS = "<!-- {name}: begin -->", "<!-- {name}: end -->"
"""Around README's tables of insertion and deletion curves ("curves"), Table 1 ("correspondence") and of Caltech-101
("caltech")."""
BACKGROUND = "BACKGROUND_Google"
"""Caltech-101's pictures of anything: no class of the paper's."""
CAT = "resources/demo/chelsea.jpg"
PICTURES = "docs/pictures.py"
DOGS = "docs/correspondence-boxes.json"
"""Where eyes, nose and the dog are in six of the pictures of one a class, as `zfdesk correspondence` reads it."""


def renew(checkout: Path, on_message: Callable[[str], None], caltech: str = "", samples: str = "") -> list[str]:
    """README's curves of the demo's cat, its pictures of the window, and, from a folder of Caltech-101, Tables 4 and 7.

    samples: a picture of each class; from six of them, with `DOGS`, Table 1.
    Each is made by a process of its own, which sees the network that the checkout ships now. Returns what was written.
    Raises CommandError.
    """
    written = []
    if _has(checkout, "curves"):
        on_message("README's curves …")
        written.append(_replaced(checkout, "curves", curves_block(checkout)))
    if samples and _has(checkout, "correspondence"):
        on_message("README's Table 1 …")
        written.append(_replaced(checkout, "correspondence", correspondence_block(checkout, Path(samples))))
    if caltech and _has(checkout, "caltech"):
        on_message("README's tables of Caltech-101, which take long …")
        written.append(_replaced(checkout, "caltech", caltech_block(checkout, caltech)))
    if (checkout / PICTURES).exists():
        on_message("README's pictures of the window …")
        written += _run(checkout, [str(checkout / PICTURES)]).split()
    return written


def _has(checkout: Path, name: str) -> bool:
    return MARKS[0].format(name=name) in (checkout / "README.md").read_text("utf-8")


def _replaced(checkout: Path, name: str, block: str) -> str:
    begin, end = (mark.format(name=name) for mark in MARKS)
    readme = checkout / "README.md"
    text, renewed = readme.read_text("utf-8"), f"{begin}\n{block}\n{end}"
    text = re.sub(f"{begin}.*?{end}", lambda _: renewed, text, flags=re.DOTALL)
    write_whole(readme, [text.encode()])
    return f"README.md: {name}"


def correspondence_block(checkout: Path, samples: Path) -> str:
    """Table 1 in Markdown, of the dogs whose parts are marked in `DOGS`; CommandError where one is not in samples."""
    from zfdesk.experiments.parts import FILE

    marks = json.loads((checkout / DOGS).read_text("utf-8"))["pictures"]
    with tempfile.TemporaryDirectory() as folder:
        for name in marks:
            found = next(iter(samples.rglob(name)), None)
            if found is None:
                raise CommandError(f"{samples} has no picture {name}, which {DOGS} names.")
            shutil.copyfile(found, Path(folder) / name)
        shutil.copyfile(checkout / DOGS, Path(folder) / FILE)
        facts = json.loads(_zfdesk(checkout, "correspondence", folder, "--json"))
    scores = {(row["part"], row["layer"]): row for row in facts["scores"]}
    layers, papers = facts["layers"], {"pool5": "paper, layer 5", "fc7": "paper, layer 7"}
    heads = " | ".join(f"{layer} | {papers[layer]}" for layer in layers)
    lines = [f"With {facts['weights']['name']}:", "", f"| masked | {heads} |", f"|---{'|---' * 2 * len(layers)}|"]
    for part in dict.fromkeys(row["part"] for row in facts["scores"]):
        cells = [part]
        for layer in layers:
            row = scores[part, layer]
            cells.append(f"{row['score']:.3f} ± {row['standard_error']:.3f}")
            paper = row["paper"]
            cells.append(f"{paper['score']:.3f} ± {paper['error']:.3f}" if paper else "")
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def caltech_block(checkout: Path, folder: str) -> str:
    """Table 4's two rows and Table 7, each in five rounds, in Markdown."""
    asked = (
        "train",
        "--transfer",
        folder,
        *(("--without", BACKGROUND) if (Path(folder) / BACKGROUND).is_dir() else ()),
    )
    layers = json.loads(_zfdesk(checkout, *asked, "--layers", "1,2,3,4,5,7", "--json"))
    counts = json.loads(_zfdesk(checkout, *asked, "--per-class", "15,30", "--json"))
    return caltech_tables(counts, layers)


def caltech_tables(counts: dict[str, Any], layers: dict[str, Any] | None) -> str:
    """What ``--per-class 15,30`` and ``--layers 1,2,3,4,5,7`` said, beside the paper; None: Table 4 alone."""
    from zfdesk.figures.table7 import LAYERS, PAPER_TABLE_4, PAPER_TABLE_4_UNTRAINED, PAPER_TABLE_7, rows_of

    names = {"softmax": "softmax", "svm": "SVM"}
    lines = [
        f"Caltech-101 with {counts['network']} (softmax on {counts['scores'][0]['layer']}, seed {counts['seed']}, "
        f"{counts['rounds']} rounds, ± deviation), beside Table 4:",
        "",
        "| pictures a class | here | paper | paper, not pretrained |",
        "|---|---|---|---|",
    ]
    for row in rows_of(counts):
        paper, plain = PAPER_TABLE_4[row.per_class], PAPER_TABLE_4_UNTRAINED[row.per_class]
        beside = (f"{mean} ± {deviation} %" for mean, deviation in (paper, plain))
        lines.append(f"| {row.per_class} | {row.per_cent} % | {' | '.join(beside)} |")
    if layers is None:
        return "\n".join(lines)
    lines += ["", f"Layer by layer (30 a class, {layers['rounds']} rounds, seed {layers['seed']}), beside Table 7:"]
    lines += [""]
    lines += [f"| layer | {' | '.join(map(str, LAYERS))} |", f"|---{'|---' * len(LAYERS)}|"]
    for kind in ("softmax", "svm"):
        own = {row.number: f"{row.per_cent} %" for row in rows_of(layers) if row.kind == kind}
        lines.append(f"| {names[kind]}, here | {' | '.join(own.get(number, '') for number in LAYERS)} |")
    for kind in ("svm", "softmax"):
        found = (PAPER_TABLE_7.get((kind, number)) for number in LAYERS)
        cells = [f"{one[0][0]} %" if one else "" for one in found]
        lines.append(f"| {names[kind]}, paper | {' | '.join(cells)} |")
    return "\n".join(lines)


def curves_block(checkout: Path) -> str:
    """The table in Markdown: the cat's occlusion sweep and gradient, each beside random maps as coarse."""
    with tempfile.TemporaryDirectory() as folder:
        sweep, gradient = str(Path(folder) / "occlude.npz"), str(Path(folder) / "gradient.npy")
        found = json.loads(_zfdesk(checkout, "occlude", CAT, "--npz", sweep, "--json"))
        index = str(found["index"])
        _zfdesk(checkout, "attribute", CAT, "--method", "saliency", "--class", index, "--npy", gradient, "--json")
        facts = json.loads(_zfdesk(checkout, "curves", CAT, sweep, gradient, "--class", index, "--json"))
    return _table(facts)


def _table(facts: dict[str, Any]) -> str:
    of_sweep, of_gradient = facts["maps"]
    names = ("`zfdesk occlude`, 50 × 50, stride 8", "gradient of the class's score (fc8), largest magnitude over RGB")
    lines = [
        f"For the demo's cat ({facts['class']}, {100 * facts['probability']:.1f} %):",
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


def _zfdesk(checkout: Path, *arguments: str) -> str:
    return _run(checkout, ["-m", "zfdesk", *arguments])


def _run(checkout: Path, arguments: list[str]) -> str:
    """What a Python process says on stdout, run on the checkout's own code. Raises CommandError."""
    places = (str(checkout.resolve()), os.environ.get("PYTHONPATH", ""))
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(place for place in places if place)}
    done = subprocess.run([sys.executable, *arguments], cwd=checkout, env=environment, capture_output=True, text=True)
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["no reason was given"])[-1]
        raise CommandError(f"{' '.join(arguments)} failed: {last}")
    return done.stdout


__all__ = [
    "CAT", "DOGS", "MARKS", "PICTURES", "caltech_block", "caltech_tables", "correspondence_block", "curves_block",
    "renew",
]  # fmt: skip
