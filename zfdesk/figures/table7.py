"""Tables 4 to 7: how much each layer tells of another data set, beside the paper's figures."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from zfdesk.figures import panels
from zfdesk.figures.page import Cell, Page, PageSize

FORMAT = "zfdesk transfer"
LAYERS = (1, 2, 3, 4, 5, 7)
KIND_LABELS = {"svm": "linear SVM", "softmax": "softmax"}

# Mean accuracy in % and its deviation, on Caltech-101 with 30 pictures a class and on Caltech-256 with 60.
PAPER_TABLE_7: dict[tuple[str, int], tuple[tuple[float, float], tuple[float, float]]] = {
    ("svm", 1): ((44.8, 0.7), (24.6, 0.4)),
    ("svm", 2): ((66.2, 0.5), (39.6, 0.3)),
    ("svm", 3): ((72.3, 0.4), (46.0, 0.3)),
    ("svm", 4): ((76.6, 0.4), (51.3, 0.1)),
    ("svm", 5): ((86.2, 0.8), (65.6, 0.3)),
    ("svm", 7): ((85.5, 0.4), (71.7, 0.2)),
    ("softmax", 5): ((82.9, 0.4), (65.7, 0.5)),
    ("softmax", 7): ((85.4, 0.4), (72.6, 0.1)),
}
# Caltech-101, softmax on layer 7, by pictures a class.
PAPER_TABLE_4: dict[int, tuple[float, float]] = {15: (83.8, 0.5), 30: (86.5, 0.5)}
PAPER_TABLE_4_UNTRAINED: dict[int, tuple[float, float]] = {15: (22.8, 1.5), 30: (46.5, 1.7)}
# Caltech-256, the same.
PAPER_TABLE_5: dict[int, tuple[float, float]] = {15: (65.7, 0.2), 30: (70.6, 0.2), 45: (72.7, 0.4), 60: (74.2, 0.3)}
PAPER_TABLE_5_UNTRAINED: dict[int, tuple[float, float]] = {
    15: (9.0, 1.4), 30: (22.5, 0.7), 45: (31.2, 0.5), 60: (38.8, 1.4)
}  # fmt: skip
# PASCAL VOC 2012, average precision in %, by the names that torchvision gives its classes.
PAPER_TABLE_6: dict[str, float] = {
    "aeroplane": 96.0, "bicycle": 77.1, "bird": 88.4, "boat": 85.5, "bottle": 55.8, "bus": 85.8, "car": 78.6,
    "cat": 91.2, "chair": 65.0, "cow": 74.4, "diningtable": 67.7, "dog": 87.8, "horse": 86.0, "motorbike": 85.1,
    "person": 90.9, "pottedplant": 52.2, "sheep": 83.6, "sofa": 61.1, "train": 91.8, "tvmonitor": 76.1,
}  # fmt: skip
PAPER_TABLE_6_MEAN = 79.0


@dataclass(frozen=True)
class TransferRow:
    """One line of the table. mean, deviation: shares; deviation is None where there was one round."""

    layer: str
    number: int | None
    kind: str
    per_class: int
    mean: float
    deviation: float | None

    @property
    def per_cent(self) -> str:
        """Per cent, without the sign: ``58.8 ± 0.5``."""
        return _figure((self.mean * 100, None if self.deviation is None else self.deviation * 100))


def paper_text(kind: str, number: int | None, per_class: int) -> str:
    """What the paper has in the place of a row, on its data sets; "" for nothing."""
    parts = []
    for trained, untrained, source in (
        (PAPER_TABLE_4, PAPER_TABLE_4_UNTRAINED, "Caltech-101, {} a class, Table 4"),
        (PAPER_TABLE_5, PAPER_TABLE_5_UNTRAINED, "Caltech-256, {} a class, Table 5"),
    ):
        if kind == "softmax" and number == 7 and per_class in trained:
            figures = f"{_figure(trained[per_class])}, not pretrained {_figure(untrained[per_class])}"
            parts.append(f"{figures} ({source.format(per_class)})")
    if (found := PAPER_TABLE_7.get((kind, number or 0))) is not None:
        parts += [f"{_figure(found[0])} (Caltech-101, 30 a class)"] if per_class == 30 else []
        parts += [f"{_figure(found[1])} (Caltech-256, 60 a class)"] if per_class == 60 else []
    return "; ".join(parts)


def _figure(value: tuple[float, float | None]) -> str:
    mean, deviation = value
    return f"{mean:.1f}" if deviation is None else f"{mean:.1f} ± {deviation:.1f}"


def rows_of(data: Mapping[str, Any]) -> list[TransferRow]:
    """The rows of what ``zfdesk train --transfer --json`` printed. Raises ValueError with a sentence for all else."""
    if data.get("format") != FORMAT or not isinstance(data.get("scores"), list):
        raise ValueError("This is not what `zfdesk train --transfer … --json` printed.")
    rows = []
    for score in data["scores"]:
        try:
            row = TransferRow(
                str(score["layer"]), score["number"], str(score["kind"]), int(score["per_class"]),
                float(score["mean"]), None if score["deviation"] is None else float(score["deviation"]),
            )  # fmt: skip
        except (TypeError, KeyError, ValueError):
            raise ValueError("A score in this result of a transfer is damaged.") from None
        known = row.kind in KIND_LABELS and (row.number is None or type(row.number) is int)
        if not known or not (0 <= row.mean <= 1 and math.isfinite(row.deviation or 0)):
            raise ValueError("A score in this result of a transfer is damaged.")
        rows.append(row)
    if not rows:
        raise ValueError("This result of a transfer has no scores.")
    return rows


def table7_page(data: Mapping[str, Any], size: PageSize = "two-column") -> Page:
    """Accuracy over the layers, softmax and SVM side by side with the paper's, and the figures below.

    data: as `rows_of` takes it. Raises ValueError where fewer than two of the paper's layers are in it.
    """
    rows = rows_of(data)
    numbers = sorted({row.number for row in rows if row.number is not None})
    if len(numbers) < 2:
        raise ValueError("A figure over the layers needs two of them or more: --layers 1,2,3,4,5,7.")
    kinds = [kind for kind in KIND_LABELS if any(row.kind == kind for row in rows)]
    cells = []
    for column, kind in enumerate(kinds):
        own = [row for row in rows if row.kind == kind and row.number is not None]
        label = KIND_LABELS[kind]
        cells.append(Cell(_curves(own, kind, numbers), 0, column, label=label, name=kind))
        cells.append(Cell(panels.Text("\n".join(map(_row_text, own))), 1, column, name=f"{kind}_figures"))
    return Page(tuple(cells), size, "How much each layer tells", _caption(data, rows), letters=False)


def _curves(rows: Sequence[TransferRow], kind: str, numbers: Sequence[int]) -> panels.Curves:
    names, values = [], []
    for per_class in sorted({row.per_class for row in rows}):
        own = {row.number: row.mean * 100 for row in rows if row.per_class == per_class}
        names.append(f"here, {per_class} a class")
        values.append([own.get(number, math.nan) for number in numbers])
    paper = [PAPER_TABLE_7.get((kind, number)) for number in numbers]
    for place, name in ((0, "paper, Caltech-101, 30 a class"), (1, "paper, Caltech-256, 60 a class")):
        names.append(name)
        values.append([math.nan if found is None else found[place][0] for found in paper])
    return panels.Curves(np.array(numbers, float), np.array(values), tuple(names), "layer", "accuracy (%)")


def _row_text(row: TransferRow) -> str:
    paper = PAPER_TABLE_7.get((row.kind, row.number or 0)) if row.per_class in (30, 60) else None
    paper_text = "" if paper is None else f" (paper {_figure(paper[row.per_class == 60])})"
    return f"layer {row.number}, {row.per_class} a class: {row.per_cent} %{paper_text}"


def _caption(data: Mapping[str, Any], rows: Sequence[TransferRow]) -> str:
    per_class = ", ".join(str(count) for count in sorted({row.per_class for row in rows}))
    rounds = data.get("rounds")
    over = "one round" if rounds == 1 else f"± deviation over {rounds} rounds"
    left_out = [str(name) for name in data.get("without", [])]
    return (
        "How much the features of each layer tell of another data set (as Table 7 of Zeiler & Fergus 2013): a softmax "
        "or a linear SVM on the layer's output, pooled and normalised, averaged down to 6 × 6 positions. Network "
        f"{data.get('network') or data.get('architecture')}; {data.get('data')}, {data.get('classes')} classes"
        f"{' without ' + ', '.join(left_out) if left_out else ''}, {per_class} pictures a class taught, up to "
        f"{data.get('tested')} others tested, mean accuracy of the classes, {over} "
        f"(seed {data.get('seed')}). The paper's network was trained on ImageNet's 1.3 million pictures."
    )


__all__ = [
    "LAYERS", "PAPER_TABLE_4", "PAPER_TABLE_5", "PAPER_TABLE_6", "PAPER_TABLE_6_MEAN", "PAPER_TABLE_7", "TransferRow",
    "paper_text", "rows_of", "table7_page",
]  # fmt: skip
