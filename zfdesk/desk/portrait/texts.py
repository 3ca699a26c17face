"""The portrait in words: tool tips, and the lines below the pictures."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

from zfdesk.figures.facts import RULE_LABELS, number, stretch_text, unit_text, whole, with_minus_sign
from zfdesk.library.pictures import MadePicture, Portrayed, ShownExample
from zfdesk.progress import counted

if TYPE_CHECKING:
    from zfdesk.library import UnitPortrait

MOST_PLACES = 2


def places_text(places: Sequence[Path]) -> str:
    """The folders by their names."""
    names = [place.name or str(place) for place in places[:MOST_PLACES]]
    more = len(places) - len(names)
    return ", ".join(names) + (f" and {more} more" if more else "")


def example_hint(shown: ShownExample, portrayed: Portrayed, weights: str, spatial: bool) -> str:
    """All that is to be said of one example. ``spatial``: whether the unit has a map, not one value."""
    example = shown.example
    position = example.position if spatial else None
    if portrayed.camera:
        where = "a frame of the last minutes"
    else:
        where = example.path + ("" if example.seconds is None else f" at {example.seconds:.2f} s")
    top, left, bottom, right = map(whole, example.box)
    lines = [
        where,
        f"{unit_text(portrayed.layer, portrayed.unit, position)}, activation {number(example.activation)}",
        f"what it sees: rows {top} to {bottom}, columns {left} to {right} of the network's input",
        f"left the patch, right its {RULE_LABELS[portrayed.rule]}{' from this position alone' if spatial else ''}",
    ]
    if shown.stretch:
        lines.append(stretch_text(shown.stretch))
    if example.class_name:
        lines.insert(1, f"class {example.class_name}")
    lines += [shown.reason] if shown.reason else []
    lines.append(f"weights {weights}")
    lines += [] if portrayed.camera else ["Click: opens it at this position" if spatial else "Click: opens it"]
    return "\n".join(lines)


def made_text(made: MadePicture, weights: str) -> tuple[str, str]:
    """The caption of a made picture, and its recipe for the tool tip."""
    unit = unit_text(made.layer, made.unit)
    caption = f"made for {unit}: activation {number(made.value)}"
    recipe = ", ".join(f"{name} {value}" for name, value in made.recipe.items() if value not in (0, 0.0, False, ""))
    hint = (
        f"Activation maximisation of {unit} at the middle of its map, before rectification, from noise "
        f"(seed {made.seed}); its receptive field alone.\nRecipe: {recipe}.\nWeights {weights}. Of the atlas that "
        "comes with zfdesk; zfdesk atlas makes one for other weights.\nClick: the lab makes nine that differ."
    )
    return caption, f"<p>{escape(hint).replace(chr(10), '<br>')}</p>"


def share_text(portrait: UnitPortrait) -> str:
    """How many of the pictures wake the unit, and how strongly."""
    if portrait.dead:
        return f"dead: none of {counted(portrait.pictures, 'picture')} wakes it"
    return f"awake in {100 * portrait.active:.3g} % of the pictures, mean {number(portrait.mean)}"


def class_text(portrait: UnitPortrait) -> str:
    """The classes it answers to most."""
    preferred = [f"{one.name or 'no class'} (× {number(one.times)})" for one in portrait.classes if one.times > 1]
    return "prefers " + ", ".join(preferred) if preferred else ""


def links_to(alike: Sequence[tuple[int, float]]) -> str:
    """Units as links, each with its correlation."""
    if not alike:
        return ""
    links = ", ".join(f'<a href="{unit}">{unit}</a> {with_minus_sign(f"{value:.2f}")}' for unit, value in alike)
    return f"alike: {links}"


__all__ = ["class_text", "example_hint", "links_to", "made_text", "places_text", "share_text"]
