"""What `zfdesk train --table3` prints: the paper's Table 3 beside one's own errors."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import TYPE_CHECKING

from zfdesk.cli.output import print_json
from zfdesk.cli.report import table

if TYPE_CHECKING:
    from zfdesk.training.table3 import Filled


def say_table3(arguments: argparse.Namespace, data: Sequence[str], filled: Sequence[Filled]) -> None:
    """The table as text, or with ``--json`` as an object; errors in per cent."""
    if arguments.json:
        rows = [
            {
                "architecture": one.row.architecture, "words": one.row.words,
                "network": str(one.run / "network.safetensors"),
                "top1": one.top1, "top5": one.top5, "of": "validation" if one.validated else "training",
                "paper": {"top1": one.row.top1 / 100, "top5": one.row.top5 / 100, "replication": one.row.replication},
            }
            for one in filled
        ]  # fmt: skip
        print_json({"data": list(data), "errors": "shares from 0 to 1", "rows": rows})
        return
    lines: list[tuple[str, ...]] = [("error, %", "here top-1", "top-5", "paper top-1", "top-5")]
    for one in filled:
        here = [_percent(one.top1), _percent(one.top5)]
        mark = " *" * one.row.replication
        lines.append((one.row.words + mark, *here, f"{one.row.top1:.1f}", f"{one.row.top5:.1f}"))
    print(table(lines, right=range(1, 5)))
    said = (
        "validation pictures" if all(one.validated for one in filled) else "training pictures: there is no validation"
    )
    print(f"\nHere: {', '.join(data)}, errors on {said}. Paper: ImageNet 2012 validation.")
    if any(one.row.replication for one in filled):
        print("* The paper took these layers out of its replication of Krizhevsky et al.; here out of Fig. 3.")


def _percent(share: float | None) -> str:
    return "–" if share is None else f"{share * 100:.1f}"
