"""A caption for panels that were put together by hand: what they share is said once, what differs panel by panel."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from zfdesk.figures.facts import Facts, _network, _occluders, _picture, _unit, caption

_OF_A_METHOD = {"seed": None, "method": None, "stretch": None}
_OF_THE_UNIT = {"layer": "", "unit": None, "position": None, **_OF_A_METHOD}


@dataclass(frozen=True)
class Told:
    """What is known of one panel. name: "(b)", or its label. words: sentences of its own, such as how a map came about.

    of_unit: whether the unit's facts are its subject; bars and curves carry them, but do not show the unit.
    """

    name: str
    facts: Facts
    words: str = ""
    of_unit: bool = True


def without_unit(facts: Facts) -> Facts:
    """The facts without those of a unit."""
    return replace(facts, **_OF_THE_UNIT)  # type: ignore[arg-type]


def without_method(facts: Facts) -> Facts:
    """The facts of what is no reconstruction: a picture with the unit's receptive field, or its map."""
    return replace(facts, **_OF_A_METHOD)  # type: ignore[arg-type]


def joint_caption(panels: Sequence[Told]) -> str:
    """Sentences in the order of a methods section. Panels of one picture and one unit get the caption of its facts."""
    told = [panel if panel.of_unit else replace(panel, facts=without_unit(panel.facts)) for panel in panels]
    lead = [f"{', '.join(names)}: {words}" if len(names) < len(told) else words for words, names in _by_words(told)]
    fullest = max((panel.facts for panel in told), key=lambda facts: len(_unit(facts)), default=Facts())
    if all(panel.facts in (fullest, without_method(fullest), without_unit(fullest)) for panel in told):
        return " ".join([*lead, caption(fullest)]).strip()
    networks = {_network(panel.facts) for panel in told} - {""}
    pictures = {_picture(panel.facts) for panel in told} - {""}
    covered = {_occluders(panel.facts.occluders) for panel in told if panel.facts.picture}
    shared = [words for found in (networks, pictures) if len(found) == 1 for words in found]
    phrases: dict[str, list[str]] = {}
    for panel in told:
        parts = [_network(panel.facts)] if len(networks) > 1 else []
        parts += [_plainer(_picture(panel.facts))] if len(pictures) > 1 else []
        parts += [_unit(panel.facts)]
        parts += [_plainer(_occluders(panel.facts.occluders))] if len(covered) > 1 else []
        if words := ", ".join(part for part in parts if part):
            phrases.setdefault(words, []).append(panel.name)
    sentences = [*shared, *(f"{', '.join(names)}: {words}" for words, names in phrases.items())]
    sentences += [words for words in covered if len(covered) == 1]
    versions = {panel.facts.version for panel in told if panel.facts.version}
    sentences += [f"Made with zfdesk {version}" for version in sorted(versions)]
    return " ".join([*lead, *(f"{words}." for words in sentences if words)])


def _by_words(panels: Sequence[Told]) -> list[tuple[str, list[str]]]:
    """Each panel's own sentences once, with the names of all panels that they are of."""
    found: dict[str, list[str]] = {}
    for panel in panels:
        if panel.words:
            found.setdefault(panel.words, []).append(panel.name)
    return list(found.items())


def _plainer(words: str) -> str:
    """In the middle of a sentence."""
    words = words.removeprefix("Picture: ")
    return words.replace("Covered:", "covered:", 1)
