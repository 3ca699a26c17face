"""One walk over many pictures that remembers, for every unit, those that made it most active."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

import numpy as np
import torch
from torch import Tensor

from zfdesk.engine import Model

BATCH = 8
"""Pictures in one forward pass; what is kept does not grow with their number."""


@dataclass(frozen=True, eq=False)
class Strongest:
    """The pictures that make each unit of a layer most active; arrays are read-only, the strongest come first.

    ``activations``: float32 (units, count), each picture's highest one; −inf where there were fewer pictures.
    ``pictures``: int64 (units, count), the picture's place in the order they came, −1 for none. ``positions``: int64
    (units, count, 2), where in the unit's map (y, x). ``seen``: how many pictures there were.
    """

    layer: str
    activations: np.ndarray
    pictures: np.ndarray
    positions: np.ndarray
    seen: int

    @property
    def alive(self) -> np.ndarray:
        """bool (units,): above zero for at least one picture."""
        return self.activations[:, 0] > 0


@torch.inference_mode()
def strongest_over(
    model: Model, pictures: Iterable[np.ndarray], layers: Sequence[str], count: int = 9
) -> dict[str, Strongest]:
    """Walk over ``pictures``, uint8 (size, size, 3) each, once; by layer, the ``count`` strongest of every unit.

    A picture counts once for a unit, with its highest position; of equal ones the first stays. Only the records and one
    batch are in memory. Raises ValueError for an unknown layer, a picture of another size, or a ``count`` below 1.
    """
    if count < 1:
        raise ValueError(f"The number of pictures to keep must be at least 1, not {count}.")
    kept = {name: _Kept(model.architecture.stage(name).shape[0], count) for name in layers}
    seen = 0
    for batch in batches(pictures):
        passed = model.forward(batch, keep=layers)
        for name, record in kept.items():
            record.take(passed.activations[name], seen)
        seen += len(batch)
    return {
        name: record.strongest(name, seen, model.architecture.stage(name).shape[2]) for name, record in kept.items()
    }


def batches(pictures: Iterable[np.ndarray]) -> Iterator[np.ndarray]:
    """Pictures (size, size, 3) in stacks (N, size, size, 3) of up to `BATCH`."""
    waiting = iter(pictures)
    while batch := list(islice(waiting, BATCH)):
        yield np.stack(batch)


class _Kept:
    """The best so far of every unit of one layer."""

    def __init__(self, units: int, count: int) -> None:
        self.values = torch.full((units, count), -torch.inf)
        self.pictures = torch.full((units, count), -1, dtype=torch.int64)
        self.places = torch.full((units, count), -1, dtype=torch.int64)

    def take(self, activations: Tensor, first: int) -> None:
        """activations: (pictures, units, height, width), of the pictures from number ``first`` on."""
        highest, places = activations.flatten(2).max(2)
        numbers = torch.arange(first, first + len(highest)).expand(highest.shape[1], -1)
        values = torch.cat([self.values, highest.T], 1)
        # stable, so that of equal ones the earlier picture stays
        order = values.sort(dim=1, descending=True, stable=True).indices[:, : self.values.shape[1]]
        self.values = values.gather(1, order)
        self.pictures = torch.cat([self.pictures, numbers], 1).gather(1, order)
        self.places = torch.cat([self.places, places.T], 1).gather(1, order)

    def strongest(self, layer: str, seen: int, width: int) -> Strongest:
        places = self.places.numpy()
        positions = np.stack(np.divmod(places, width), -1)
        positions[places < 0] = -1
        arrays = self.values.numpy(), self.pictures.numpy(), positions
        for array in arrays:
            array.setflags(write=False)
        return Strongest(layer, *arrays, seen)
