"""What was measured of the embedded network: one file, from which README, the window's help and the tests take it.

``zfdesk weights report`` measures and writes ``resources/weights/embedded.json``; nothing of it is typed by hand.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from zfdesk.resources import resource

FACTS = "weights/embedded.json"
FEWEST = 8
"""Pictures of a kind that its share is told of."""


@dataclass(frozen=True)
class Scores:
    """Shares on pictures it was not trained on. ``among``: (classes, top-1, top-5) among the pictures' own classes.

    ``ece``: the expected calibration error, ``confidence``: the mean probability of the answers.
    """

    data: str
    pictures: int
    classes: int
    top1: float
    top5: float
    among: tuple[int, float, float]
    ece: float
    confidence: float


@dataclass(frozen=True)
class KindScore:
    """Of so many ``pictures`` of a kind: the share taken for some class of it, and top-5 and top-1."""

    kind: str
    pictures: int
    same_kind: float
    top5: float
    top1: float


@dataclass(frozen=True)
class EmbeddedFacts:
    """``file``: in ``resources/weights``.

    ``spread``, ``mirror``: see `zfdesk.weights.looks_untrained`. ``demo``: for each of the demo's pictures the five
    most probable (class index, class, probability). ``scores``: one picture of each class, then Imagenette.
    """

    file: str
    sha256: str
    bytes: int
    spread: float
    mirror: float
    demo: dict[str, tuple[tuple[int, str, float], ...]]
    scores: tuple[Scores, ...]
    kinds: tuple[KindScore, ...]

    @property
    def name(self) -> str:
        """The name in lists of weights: the file's, without its suffix."""
        return self.file.removesuffix(".safetensors")


@lru_cache(maxsize=1)
def embedded_facts() -> EmbeddedFacts:
    """The measured facts. Raises FileNotFoundError where the installation is incomplete."""
    return facts_from(json.loads(resource(FACTS).read_text("utf-8")))


def facts_from(data: dict[str, Any]) -> EmbeddedFacts:
    """What `zfdesk weights report` wrote, as JSON gives it."""
    lists = {
        "demo": {name: tuple((i, word, p) for i, word, p in rows) for name, rows in data["demo"].items()},
        "scores": tuple(Scores(**{**row, "among": tuple(row["among"])}) for row in data["scores"]),
        "kinds": tuple(KindScore(**row) for row in data["kinds"]),
    }
    return EmbeddedFacts(**{**data, **lists})


def readme_block(facts: EmbeddedFacts) -> str:
    """README's and the card's table of scores, and what it knows by kind, in Markdown."""
    lines = ["| | top-1 | top-5 | calibration error |", "|---|---|---|---|"]
    for row in facts.scores:
        lines.append(
            f"| {row.data}, {row.pictures:,} pictures, among all 1000 classes | {_counted(row.top1, row.pictures)} | "
            f"{_counted(row.top5, row.pictures)} | {_share(row.ece)} |"
        )
        classes, top1, top5 = row.among
        if classes < row.classes:
            lines.append(
                f"| the same, among its {classes} classes | {_counted(top1, row.pictures)} | "
                f"{_counted(top5, row.pictures)} | |"
            )
    lines += [
        "",
        "| kind (one picture a class) | pictures | taken for its kind | top-5 | top-1 |",
        "|---|---|---|---|---|",
    ]
    lines += [
        f"| {row.kind} | {row.pictures} | {_share(row.same_kind, 0)} | {_share(row.top5, 0)} | {_share(row.top1, 0)} |"
        for row in facts.kinds
    ]
    return "\n".join(lines)


def known_kinds(facts: EmbeddedFacts, least: float = 0.5) -> str:
    """``dog 74 %, fish 56 % and bird 51 %``: kinds that are taken for themselves in at least ``least`` of pictures."""
    parts = [f"{row.kind} {_share(row.same_kind, 0)}" for row in facts.kinds if row.same_kind >= least]
    return " and ".join(filter(None, [", ".join(parts[:-1]), *parts[-1:]]))


def surest_error(facts: EmbeddedFacts) -> str:
    """What it says of the demo's cup of coffee: ``clear soup (13 %)``."""
    _, name, probability = facts.demo["coffee.jpg"][0]
    return f"{name} ({_share(probability, 0)})"


def _share(value: float, digits: int = 1) -> str:
    return f"{100 * value:.{digits}f} %"


def _counted(share: float, count: int) -> str:
    """With its standard error."""
    return f"{100 * share:.1f} ± {100 * (share * (1 - share) / count) ** 0.5:.1f} %"


__all__ = [
    "FACTS", "FEWEST", "EmbeddedFacts", "KindScore", "Scores", "embedded_facts", "facts_from", "known_kinds",
    "readme_block", "surest_error",
]  # fmt: skip
