"""captum's Occlusion on the same layers as torch's own modules, in float32.

Where no occluder is cut off at the edge captum's sliding window goes to the same positions as a clipped sweep. Its
attribution of a pixel is the mean of the drops of all windows that cover it.
"""

from __future__ import annotations

import numpy as np
import pytest
import torch
from captum.attr import Occlusion
from engine_nets import embedded_model, varied_pictures

import zfdesk.engine as zf
from zfdesk.cli.bench_timing import eager_module


@pytest.mark.parametrize(
    ("size", "stride", "fill", "level"),
    [
        (56, 56, zf.OccluderFill.GREY, (128.0, 128.0, 128.0)),  # each pixel is covered once
        (48, 22, zf.OccluderFill.GREY, (128.0, 128.0, 128.0)),  # windows overlap
        (92, 66, zf.OccluderFill.BLACK, (0.0, 0.0, 0.0)),
    ],
)
def test_values_are_captums(size: int, stride: int, fill: zf.OccluderFill, level: tuple[float, ...]) -> None:
    embedded, picture = embedded_model(), varied_pictures()[5]
    plan = zf.SweepPlan(size, stride, fill=fill, overhang=False)
    assert (224 - size) % stride == 0, "or captum cuts its last window off"
    *_, seen = zf.sweep(embedded.forward(picture), picture, plan)
    index = int(seen.clean_probabilities.argmax())
    assert seen.largest_drop(index)[0] > 0.02

    x = embedded.input.to_tensor(picture[None]).contiguous()
    baseline = embedded.input.to_tensor(np.array(level)[None, None, None].repeat(224, 1).repeat(224, 2))
    with torch.inference_mode():
        attribution = Occlusion(eager_module(embedded)).attribute(
            x, (3, size, size), (3, stride, stride), baseline, index, perturbations_per_eval=8
        )
    drops = seen.clean_probabilities[index] - seen.probability(index)
    total, covered = np.zeros((224, 224)), np.zeros((224, 224))
    for (top, left), drop in zip(seen.positions.reshape(-1, 2), drops.ravel(), strict=True):
        total[top : top + size, left : left + size] += drop
        covered[top : top + size, left : left + size] += 1
    assert covered.min() >= 1
    assert np.abs(attribution[0].numpy() - total / covered).max() <= 2e-5
