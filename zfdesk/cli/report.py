"""What a verb found, as JSON or as text, from the same facts."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from zfdesk.cli.output import print_json

if TYPE_CHECKING:
    from zfdesk.engine import Model


def report(arguments: argparse.Namespace, facts: Any, text: str | Callable[[], str]) -> None:
    """Print the facts as JSON where ``--json`` asks for it, else the text. ``text``: a function is called only then."""
    if arguments.json:
        print_json(facts)
    else:
        print(text if isinstance(text, str) else text())


def provenance(model: Model) -> dict[str, Any]:
    """Which network and program numbers come from: {"architecture", "weights": {"name", "sha256"}, "zfdesk"}."""
    from zfdesk import __version__

    return {
        "architecture": model.architecture.name,
        "weights": {"name": model.name, "sha256": model.sha256},
        "zfdesk": __version__,
    }


def table(rows: Sequence[Sequence[str]], right: Collection[int] = (), gap: str = "   ") -> str:
    """Rows of cells as lines with aligned columns. ``right``: columns whose cells end in one line, as numbers do."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]

    def line(row: Sequence[str]) -> str:
        cells = (
            cell.rjust(width) if place in right else cell.ljust(width)
            for place, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        return gap.join(cells).rstrip()

    return "\n".join(line(row) for row in rows)


def named_values(facts: Mapping[str, Any], indent: str = "") -> str:
    """A line for each fact, its name before it; facts that are empty are left out."""
    lines = (f"{indent}{key:14}{_value(value)}".rstrip() for key, value in facts.items() if value not in ("", None))
    return "\n".join(lines)


def _value(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Mapping):
        return ", ".join(f"{key} {part}" for key, part in value.items())
    return f"{value:,}" if isinstance(value, int) else str(value)


__all__ = ["named_values", "provenance", "report", "table"]
