"""One temperature for all of a network's scores (Guo et al. 2017), folded into its last linear layer."""

from __future__ import annotations

import math
from dataclasses import replace

from zfdesk.engine.kernels import Weights
from zfdesk.engine.model import Model
from zfdesk.engine.packed_rows import PackedRows


def divide_scores(model: Model, temperature: float) -> Model:
    """The network whose softmax sees its scores divided by ``temperature``: weights and bias of the last layer are.

    Packed rows keep their int8 values, only their scales change, so that nothing is rounded anew; the order of the
    classes stays as it is. Raises ValueError for a temperature that is not a finite number above 0, or a network that
    does not end with a linear layer and a softmax.
    """
    if not (math.isfinite(temperature) and temperature > 0):
        raise ValueError(f"A temperature is a finite number above 0, not {temperature:g}.")
    name = model.architecture.classifier.name
    weights: Weights = dict(model.weights)
    weight, bias = weights[f"{name}.weight"], weights[f"{name}.bias"]
    assert not isinstance(bias, PackedRows)
    weights[f"{name}.weight"] = (
        PackedRows(weight.rows, weight.scale / temperature) if isinstance(weight, PackedRows) else weight / temperature
    )
    weights[f"{name}.bias"] = bias / temperature
    note = f"scores divided by {temperature:.4g} (temperature, in {name})"
    provenance = "; ".join(part for part in (model.provenance, note) if part)
    return replace(model, weights=weights, provenance=provenance, sha256="", body=None)


__all__ = ["divide_scores"]
