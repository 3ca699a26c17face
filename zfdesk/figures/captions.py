"""A caption for panels that were put together by hand: what they share is said once, what differs panel by panel."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from zfdesk.figures.facts import Facts, caption, network_sentence, occluders_sentence, picture_sentence, unit_sentence

_OF_A_METHOD = {"seed": None, "method": None, "stretch": None}
_OF_THE_UNIT = {"layer": "", "unit": None, "position": None, **_OF_A_METHOD}


@dataclass(frozen=True)
class PanelFacts:
    """What is known of one panel. name: "(b)", or its label. text: sentences of its own, such as how a map came about.

    of_unit: whether the unit's facts are its subject; bars and curves carry them, but do not show the unit.
    """

    name: str
    facts: Facts
    text: str = ""
    of_unit: bool = True


def without_unit(facts: Facts) -> Facts:
    """The facts without those of a unit."""
    return replace(facts, **_OF_THE_UNIT)  # type: ignore[arg-type]


def without_method(facts: Facts) -> Facts:
    """The facts of what is no reconstruction: a picture with the unit's receptive field, or its map."""
    return replace(facts, **_OF_A_METHOD)  # type: ignore[arg-type]


def joint_caption(panels: Sequence[PanelFacts]) -> str:
    """Sentences in the order of a methods section. Panels of one picture and one unit get the caption of its facts."""
    known = [panel if panel.of_unit else replace(panel, facts=without_unit(panel.facts)) for panel in panels]
    lead = [
        f"{', '.join(names)}: {sentence}" if len(names) < len(known) else sentence
        for sentence, names in _by_sentence(known)
    ]
    fullest = max((panel.facts for panel in known), key=lambda facts: len(unit_sentence(facts)), default=Facts())
    if all(panel.facts in (fullest, without_method(fullest), without_unit(fullest)) for panel in known):
        return " ".join([*lead, caption(fullest)]).strip()
    networks = {network_sentence(panel.facts) for panel in known} - {""}
    pictures = {picture_sentence(panel.facts) for panel in known} - {""}
    covered = {occluders_sentence(panel.facts.occluders) for panel in known if panel.facts.picture}
    shared = [sentence for found in (networks, pictures) if len(found) == 1 for sentence in found]
    phrases: dict[str, list[str]] = {}
    for panel in known:
        parts = [network_sentence(panel.facts)] if len(networks) > 1 else []
        parts += [_plainer(picture_sentence(panel.facts))] if len(pictures) > 1 else []
        parts += [unit_sentence(panel.facts)]
        parts += [_plainer(occluders_sentence(panel.facts.occluders))] if len(covered) > 1 else []
        if sentence := ", ".join(part for part in parts if part):
            phrases.setdefault(sentence, []).append(panel.name)
    sentences = [*shared, *(f"{', '.join(names)}: {sentence}" for sentence, names in phrases.items())]
    sentences += [sentence for sentence in covered if len(covered) == 1]
    versions = {panel.facts.version for panel in known if panel.facts.version}
    sentences += [f"Made with zfdesk {version}" for version in sorted(versions)]
    return " ".join([*lead, *(f"{sentence}." for sentence in sentences if sentence)])


def _by_sentence(panels: Sequence[PanelFacts]) -> list[tuple[str, list[str]]]:
    """Each panel's own sentences once, with the names of all panels that they are of."""
    found: dict[str, list[str]] = {}
    for panel in panels:
        if panel.text:
            found.setdefault(panel.text, []).append(panel.name)
    return list(found.items())


def _plainer(sentence: str) -> str:
    """In the middle of a sentence."""
    sentence = sentence.removeprefix("Picture: ")
    return sentence.replace("Covered:", "covered:", 1)
