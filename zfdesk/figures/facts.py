"""What a figure shows, in words: every caption is written here, from facts, and what is unknown is left out."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from zfdesk import __version__
from zfdesk.attribution import METHODS
from zfdesk.engine import Model, Occluder, OccluderFill, Rule, SeedKind

RULE_LABELS = {rule: METHODS[rule].label for rule in Rule}

SEED_LABELS = {
    SeedKind.MAX: "single activation (max)", SeedKind.AT: "single activation (picked)",
    SeedKind.TOPK: "strongest {k}", SeedKind.MAP: "whole map",
}  # fmt: skip
"""Which activations were kept before walking down; {k} is their number."""

FILL_LABELS = {
    OccluderFill.GREY: "grey", OccluderFill.MEAN: "mean-coloured", OccluderFill.BLUR: "blurred",
    OccluderFill.NOISE: "noisy", OccluderFill.BLACK: "black",
}  # fmt: skip
"""What an occluder is filled with."""

HASH_LETTERS = 12
"""How much of a SHA-256 stands in a caption."""


@dataclass(frozen=True)
class Facts:
    """What is known of a picture, a panel or a page. A field that is empty or None is unknown or does not apply.

    network: the architecture's title. weights: their name. sha256: of their file. picture: a file name or what the
    source is called. frame: its number, for a source that has several. position: (y, x) in the layer's map.
    stretch: display levels per unit of value. std: what the network divides its input by, RGB, where it does: a unit of
    value is then so many levels of 255, not one. occluders: in network-input pixels.
    """

    network: str = ""
    weights: str = ""
    sha256: str = ""
    picture: str = ""
    frame: int | None = None
    layer: str = ""
    unit: int | None = None
    position: tuple[int, int] | None = None
    seed: SeedKind | None = None
    seed_count: int = 9
    method: Rule | None = None
    stretch: float | None = None
    std: tuple[float, float, float] | None = None
    occluders: tuple[Occluder, ...] = ()
    version: str = ""

    @staticmethod
    def of_model(model: Model, **others: Any) -> Facts:
        """The facts of a network and of this program, and any others by their names."""
        weights = model.name or ("" if model.trained else "random weights")
        known: dict[str, Any] = {"network": model.architecture.title, "weights": weights, "sha256": model.sha256}
        known["std"] = model.input.divisor
        return Facts(**{**known, "version": __version__, **others})


UNKNOWN = Facts()


def caption(facts: Facts) -> str:
    """Sentences from the facts, in the order of a methods section; "" when nothing is known."""
    sentences = [network_sentence(facts), picture_sentence(facts), unit_sentence(facts)]
    sentences.append(occluders_sentence(facts.occluders))
    sentences.append(f"Made with zfdesk {facts.version}" if facts.version else "")
    return " ".join(f"{sentence}." for sentence in sentences if sentence)


def unit_text(layer: str, unit: int | None = None, position: tuple[int, int] | None = None) -> str:
    """conv4:17 @ (6, 7)."""
    text = layer if unit is None else f"{layer}:{unit}"
    return text if position is None else f"{text} @ ({position[0]}, {position[1]})"


def seed_text(kind: SeedKind, k: int = 9) -> str:
    """Which activations were kept."""
    return SEED_LABELS[kind].format(k=k)


def stretch_text(stretch: float, std: tuple[float, float, float] | None = None) -> str:
    """By how much the contrast of a picture was stretched: display levels per unit of value, which is one level of 255,
    or as many as the network's ``std`` (RGB) where it divides its input by one."""
    text = f"contrast stretched × {number(stretch)}"
    return text if std is None else f"{text} a unit of ({', '.join(number(one) for one in std)}) levels"


def occluder_text(occluder: Occluder) -> str:
    """grey square 50 × 50 at (87, 87); the corner is (top, left)."""
    size = f"{occluder.height} × {occluder.width}"
    return f"{FILL_LABELS[occluder.fill]} {occluder.shape} {size} at ({whole(occluder.top)}, {whole(occluder.left)})"


def with_minus_sign(text: str) -> str:
    """The text of a number with the minus sign of mathematics."""
    return text.replace("-", "−")


def number(value: float) -> str:
    """Three significant figures, short."""
    if not math.isfinite(value):
        return "–"
    if value == 0:
        return "0"
    if 1e-3 <= abs(value) < 1e5:
        return with_minus_sign(f"{float(f'{value:.3g}'):.10g}")
    figures, exponent = f"{value:.1e}".split("e")
    return with_minus_sign(f"{figures}e{int(exponent)}")


def signed(value: float) -> str:
    """Three significant figures with a sign before them: +0.5, −0.5, 0."""
    return f"+{number(value)}" if value > 0 else number(value)


def whole(value: int) -> str:
    """A whole number with the minus sign of mathematics."""
    return with_minus_sign(f"{value}")


def network_sentence(facts: Facts) -> str:
    """ZFNet, Fig. 3; weights zfnet-v2 (SHA-256 …); "" where nothing is known."""
    known = f"SHA-256 {facts.sha256[:HASH_LETTERS]}" if facts.sha256 else ""
    weights = f"{facts.weights} ({known})" if facts.weights and known else facts.weights or known
    if not facts.network:
        return f"Weights {weights}" if weights else ""
    return f"{facts.network}; weights {weights}" if weights else facts.network


def picture_sentence(facts: Facts) -> str:
    """Picture: demo, frame 1203."""
    frame = f"frame {facts.frame}" if facts.frame is not None else ""
    named = ", ".join(part for part in (facts.picture, frame) if part)
    return f"Picture: {named}" if named else ""


def unit_sentence(facts: Facts) -> str:
    """conv4:17 @ (6, 7), deconvnet, single activation (max), contrast stretched × 310."""
    parts = [unit_text(facts.layer, facts.unit, facts.position)] if facts.layer else []
    parts += [RULE_LABELS[facts.method]] if facts.method is not None else []
    parts += [seed_text(facts.seed, facts.seed_count)] if facts.seed is not None else []
    parts += [stretch_text(facts.stretch, facts.std)] if facts.stretch is not None else []
    text = ", ".join(parts)
    return text[:1].upper() + text[1:] if not facts.layer else text


def occluders_sentence(occluders: tuple[Occluder, ...]) -> str:
    """Covered: grey square 50 × 50 at (87, 87), in pixels of the network's input (top, left)."""
    if not occluders:
        return ""
    covered = "; ".join(occluder_text(occluder) for occluder in occluders)
    return f"Covered: {covered}, in pixels of the network's input (top, left)"
