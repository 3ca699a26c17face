"""A unit on the clean and on the covered picture, from the same seed and with the same stretch."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from zfdesk.engine import Pass, Reconstruction, Rule, Seed, SeedKind, reconstruct
from zfdesk.engine.reconstruct import seed_positions
from zfdesk.live.render import frozen, levels, render_alike, style_values
from zfdesk.live.result import Shades, UnitComparison
from zfdesk.live.view import MapsDisplay, Normalise, UnitReference, View


def common_seed(reference: UnitReference, seed: Seed, clean: Tensor) -> tuple[UnitReference, Seed]:
    """The seed that both pictures are reconstructed from: a picked position stays; else the clean map's strongest.

    clean: that map, (height, width). What is asked is what became of what the unit saw, so the position is where it saw
    it, not where it is strongest now.
    """
    if seed.kind is SeedKind.MAX:
        position = seed_positions(clean, seed)[0]
        return replace(reference, seed=SeedKind.AT, position=position), replace(
            seed, kind=SeedKind.AT, position=position
        )
    if seed.kind is SeedKind.TOPK:
        return reference, replace(seed, positions=seed_positions(clean, seed))
    return reference, seed


@dataclass
class ComparisonStep:
    """Compares, and keeps the clean picture's reconstruction for as long as that picture stays: a dragged occluder
    changes only the other one."""

    _clean: tuple[Pass, Seed, Rule, bool, Reconstruction] | None = None

    def compare(
        self, clean: Pass, covered: Pass, seed: Seed, found: Reconstruction | None, view: View, reason: str
    ) -> UnitComparison:
        """Both maps, both reconstructions by the view's method, and what lies between. ``seed``: by `common_seed`.

        ``found``: the covered picture's, where it is known already. ``reason``: why there can be no reconstruction.
        """
        before, after = (seen.activations[seed.layer][0, seed.unit] for seen in (clean, covered))
        positions = seed_positions(before, seed)
        pictures = change = None
        if not reason:
            found = found or _reconstructed(covered, seed, view)
            first = self._of_clean(clean, seed, view)
            pictures = render_alike(first, found, view.style)
            difference = style_values(found.values, view.style) - style_values(first.values, view.style)
            change = _about_zero(torch.from_numpy(difference if difference.ndim == 2 else difference.mean(2)))
        at = positions[0]
        activations = float(before[at]), float(after[at])
        maps = (*_on_one_range(before, after), _about_zero(after - before))
        return UnitComparison(positions, activations, maps, pictures, change, reason)

    def _of_clean(self, clean: Pass, seed: Seed, view: View) -> Reconstruction:
        key = (seed, view.method, view.lrn_derivative)
        if self._clean is None or self._clean[0] is not clean or self._clean[1:4] != key:
            self._clean = (clean, *key, _reconstructed(clean, seed, view))
        return self._clean[4]


def _reconstructed(seen: Pass, seed: Seed, view: View) -> Reconstruction:
    return reconstruct(seen, seed, view.method, lrn_derivative=view.lrn_derivative or None)


def _on_one_range(before: Tensor, after: Tensor) -> tuple[Shades, Shades]:
    both = torch.stack((before, after))
    signed = bool((both < 0).any())
    shades, low, high = levels(both, MapsDisplay(normalise=Normalise.LAYER), signed)
    if not bool(both.any()):
        low = high = 0.0
    one, other = (
        Shades(frozen(values.numpy()), frozen(image.numpy()), low, high)
        for values, image in zip((before, after), shades, strict=True)
    )
    return one, other


def _about_zero(difference: Tensor) -> Shades:
    shades, low, high = levels(difference[None], MapsDisplay(normalise=Normalise.LAYER), True)
    if not bool(difference.any()):
        low = high = 0.0
    return Shades(frozen(np.ascontiguousarray(difference.numpy())), frozen(shades[0].numpy()), low, high)
