"""What `zfdesk train --table3` prints: the paper's Table 3 beside one's own errors."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import TYPE_CHECKING

from zfdesk.cli.report import report, table

if TYPE_CHECKING:
    from zfdesk.training.table3 import Filled, Table3Row


def report_table3(arguments: argparse.Namespace, data: Sequence[str], filled: Sequence[Filled]) -> None:
    """The table as text, or with ``--json`` as an object; errors in per cent."""
    from zfdesk.training.table3 import TABLE

    rows = [
        {
            "architecture": one.row.architecture, "words": one.row.label,
            "network": str(one.run / "network.safetensors"),
            "top1": one.top1, "top5": one.top5, "of": "validation" if one.validated else "training",
            "paper": _paper(one.row),
        }
        for one in filled
    ]  # fmt: skip
    others = [{"words": row.label, "paper": _paper(row)} for row in TABLE if not row.architecture]
    facts = {"data": list(data), "errors": "shares from 0 to 1", "rows": rows, "paper_only": others}
    report(arguments, facts, lambda: _page(data, filled, whole=arguments.rows is None))


def _page(data: Sequence[str], filled: Sequence[Filled], whole: bool) -> str:
    """``whole``: with the rows of the paper that cannot be trained here."""
    from zfdesk.training.table3 import TABLE

    lines: list[tuple[str, ...]] = [("error, %", "here top-1", "top-5", "paper top-1", "top-5")]
    found = {one.row: one for one in filled}
    for row in TABLE if whole and found.keys() <= set(TABLE) else found:
        one = found.get(row)
        here = [_percent(one.top1), _percent(one.top5)] if one else ["–", "–"]
        lines.append((row.label + " *" * row.replication, *here, f"{row.top1:.1f}", f"{row.top5:.1f}"))
    validated = all(one.validated for one in filled)
    pictures = "validation pictures" if validated else "training pictures: there is no validation"
    text = f"{table(lines, right=range(1, 5))}\n\nHere: {', '.join(data)}, errors on {pictures}. "
    text += "Paper: ImageNet 2012 validation."
    if any(one.row.replication for one in filled):
        text += "\n* The paper changed its replication of Krizhevsky et al. there; here Fig. 3 is changed."
    return text


def _paper(row: Table3Row) -> dict[str, float | bool | None]:
    train = None if row.train is None else row.train / 100
    return {"train_top1": train, "top1": row.top1 / 100, "top5": row.top5 / 100, "replication": row.replication}


def _percent(share: float | None) -> str:
    return "–" if share is None else f"{share * 100:.1f}"
