"""How the activations of every layer are spread over many pictures, and which units never answer."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from zfdesk.engine import Linear, Model
from zfdesk.library.strongest import batches

BINS = 64


@dataclass(frozen=True, eq=False)
class ActivationSpread:
    """A layer's activations over many pictures.

    ``counts``: int64 (bins,) of those that are not zero, between ``edges``, float64 (bins + 1,). ``zeros``: how many
    are exactly zero, ``values``: how many there are. ``alive``: bool (units,), whether a unit was ever above zero.
    """

    layer: str
    counts: np.ndarray
    edges: np.ndarray
    zeros: int
    values: int
    alive: np.ndarray


@torch.inference_mode()
def spread_of(model: Model, pictures: Iterable[np.ndarray], layers: Sequence[str]) -> dict[str, ActivationSpread]:
    """Walk over ``pictures``, uint8 (size, size, 3) each, once; by layer, how its activations are spread.

    The range grows by doubling, which merges bins in pairs, so that nothing need be known beforehand. Raises ValueError
    for an unknown layer, a picture of another size, or no pictures at all.
    """
    counted: dict[str, _Counted] = {}
    for name in layers:
        stage = model.architecture.stage(name)
        signed = name == "input" or (isinstance(stage.layer, Linear) and not stage.rectified)
        counted[name] = _Counted(stage.shape[0], signed)
    for batch in batches(pictures):
        passed = model.forward(batch, keep=layers)
        for name, record in counted.items():
            record.take(passed.activations[name])
    if not all(record.values for record in counted.values()):
        raise ValueError("There are no pictures to count activations over.")
    return {name: record.spread(name) for name, record in counted.items()}


class _Counted:
    """Bins from 0, or symmetric about 0, to ``high``."""

    def __init__(self, units: int, signed: bool) -> None:
        self.signed, self.high = signed, 0.0
        self.counts = torch.zeros(BINS, dtype=torch.int64)
        self.zeros = self.values = 0
        self.alive = torch.zeros(units, dtype=torch.bool)

    def take(self, activations: Tensor) -> None:
        """activations: (pictures, units, height, width)."""
        self.alive |= activations.amax((0, 2, 3)) > 0
        flat = activations.flatten()
        shown = flat[flat != 0]
        self.values += flat.numel()
        self.zeros += flat.numel() - shown.numel()
        if not shown.numel():
            return
        limit = float(shown.abs().max())
        self.high = self.high or limit
        while self.high < limit:
            self.high *= 2
            self.counts = self._merged()
        low = -self.high if self.signed else 0.0
        place = ((shown.double() - low) * (BINS / (self.high - low))).long().clamp_(0, BINS - 1)
        self.counts += torch.bincount(place, minlength=BINS)

    def _merged(self) -> Tensor:
        """The same counts over twice the range."""
        pairs = self.counts.view(-1, 2).sum(1)
        out, begin = torch.zeros_like(self.counts), BINS // 4 if self.signed else 0
        out[begin : begin + len(pairs)] = pairs
        return out

    def spread(self, layer: str) -> ActivationSpread:
        high = self.high or 1.0
        edges = np.linspace(-high if self.signed else 0.0, high, BINS + 1)
        return ActivationSpread(layer, self.counts.numpy(), edges, self.zeros, self.values, self.alive.numpy())
