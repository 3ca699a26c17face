"""A template's page in another width: as long as nobody has moved its panels, they are arranged anew for it.

Five panels side by side, which are right for two columns, are too small to read in one.
"""

from __future__ import annotations

import math
from dataclasses import replace

from zfdesk.figures.page import PageSize, is_narrow
from zfdesk.figures.panels import Bars, Compare, Curves, Histogram, Labels, Occlusion, Picture, Signed, UnitMap
from zfdesk.pages.composition import Arrangement, Composition, Rectangle, Slot

SMALL = (Picture, UnitMap, Signed, Occlusion, Labels)
"""Of these three stand side by side on a narrow page; of others, or with others among them, two."""


def arranged(composition: Composition) -> Composition:
    """A template's page, made for two columns, that remembers how it was arranged."""
    places = tuple(slot.rectangle for slot in composition.slots)
    return replace(composition, arranged=Arrangement(places, composition.widths))


def resized(composition: Composition, size: PageSize) -> Composition:
    """The same in another size. Frozen panels stay what they are; what was moved by hand stays where it is."""
    made, template = replace(composition, size=size), composition.arranged
    if template is None or len(template.places) != len(composition.slots):
        return made
    before, after = (
        _narrow(composition, template) if is_narrow(each) else template for each in (composition.size, size)
    )
    if Arrangement(tuple(slot.rectangle for slot in composition.slots), composition.widths) != before:
        return made
    slots = tuple(_at(slot, place) for slot, place in zip(composition.slots, after.places, strict=True))
    return replace(made, slots=slots, widths=after.widths)


def _at(slot: Slot, place: Rectangle) -> Slot:
    row, column, rows, columns = place
    return replace(slot, row=row, column=column, rows=rows, columns=columns)


def _narrow(composition: Composition, template: Arrangement) -> Arrangement:
    """The template's panels in the same order in fewer columns; comparisons, of three pictures each, come last."""
    slots, places = composition.slots, list(template.places)
    order = sorted(range(len(slots)), key=lambda index: places[index][:2])
    triples = [index for index in order if isinstance(slots[index].panel, Compare)]
    others = [index for index in order if index not in triples]
    if triples:
        for number, index in enumerate(others):  # a wider one beside each picture, such as bars
            places[index] = (number // 2, number % 2, 1, 1 + number % 2)
        first = (len(others) + 1) // 2
        for number, index in enumerate(triples):
            places[index] = (first + number, 0, 1, 3)
        return Arrangement(tuple(places))
    small = not template.widths and all(isinstance(slots[index].panel, SMALL) for index in others)
    across = math.ceil(len(others) / math.ceil(len(others) / (3 if small else 2)))
    for number, index in enumerate(others):
        row, column = divmod(number, across)
        chart = isinstance(slots[index].panel, Histogram | Curves | Bars)
        last = number == len(others) - 1 and chart
        places[index] = (row, column, 1, across - column if last else 1)
    return Arrangement(tuple(places))


__all__ = ["arranged", "resized"]
