"""``resources/help.md``: what the help sheet and the first steps say. Its first lines describe its form."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import lru_cache

from zfdesk.attribution import METHODS
from zfdesk.desk.actions import Action, with_keys
from zfdesk.progress import percent_text
from zfdesk.resources import resource
from zfdesk.weights.embedded_facts import Scores, embedded_facts, known_kinds, surest_error

FILE = "help.md"


@dataclass(frozen=True)
class Section:
    """``intro``: its first paragraphs; ``mouse``: (gesture, what it does); ``texts``: (title, text); ``rows``: of its
    table, without the heading."""

    intro: str
    mouse: tuple[tuple[str, str], ...]
    texts: tuple[tuple[str, str], ...]
    rows: tuple[tuple[str, ...], ...]


def help_section(title: str, actions: Iterable[Action]) -> Section:
    """One section, with the keys of these actions; empty where the file has none of that title."""
    return _parsed(with_keys(help_sections().get(title, ""), actions, COMPUTED))


@lru_cache(maxsize=1)
def help_sections() -> dict[str, str]:
    """The sections as they stand in the file, by title."""
    _, *parts = re.split(r"^## (.+)\n", resource(FILE).read_text("utf-8"), flags=re.MULTILINE)
    return dict(zip(parts[::2], parts[1::2], strict=True))


def _parsed(text: str) -> Section:
    head, *parts = re.split(r"^### (.+)\n", text, flags=re.MULTILINE)
    intro = [block for block in re.split(r"\n\n", head) if block and block.lstrip()[:1] not in ("-", "|", "")]
    mouse = re.findall(r"^- (.+?): (.+(?:\n  .+)*)", head, re.MULTILINE)
    table = [line for line in head.splitlines() if line.startswith("|")]
    return Section(
        _line("\n".join(intro)),
        tuple((gesture, _line(does)) for gesture, does in mouse),
        tuple((title, _line(body)) for title, body in zip(parts[::2], parts[1::2], strict=True)),
        tuple(tuple(cell.strip() for cell in line.strip("|").split("|")) for line in table[2:]),
    )


def _line(text: str) -> str:
    return " ".join(text.split())


def _methods() -> str:
    return "; ".join(f"{one.label}: {one.help} ({one.source})" for one in METHODS.values())


def _share(index: int, value: Callable[[Scores], float]) -> Callable[[], str]:
    return lambda: percent_text(value(embedded_facts().scores[index]))


COMPUTED: dict[str, Callable[[], str]] = {
    "methods": _methods,
    "known-kinds": lambda: known_kinds(embedded_facts()),
    "surest-error": lambda: surest_error(embedded_facts()),
    "samples-top1": _share(0, lambda scores: scores.top1),
    "samples-top5": _share(0, lambda scores: scores.top5),
    "imagenette-top1": _share(1, lambda scores: scores.top1),
    "imagenette-top5": _share(1, lambda scores: scores.top5),
}
"""Names in the file that stand for no key, but for what is known of the methods and was measured of the network."""


__all__ = ["COMPUTED", "FILE", "Section", "help_section", "help_sections"]
