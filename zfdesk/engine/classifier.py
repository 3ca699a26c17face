"""Other classes for a trained network: its last linear layer is replaced, all layers below it stay (Section 5.2)."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import replace

import torch
from torch import Tensor

from zfdesk.engine.model import Model
from zfdesk.engine.packed_rows import PackedRows
from zfdesk.progress import noun

MOST_NAME = 200  # characters of a class name


def with_classes(
    model: Model, names: Sequence[str], weight: Tensor, bias: Tensor, provenance: str = "", name: str = ""
) -> Model:
    """The same network with its classifier replaced: every layer below it is shared with ``model``, not copied.

    weight: (classes, features) of the architecture's ``feature_layer``; bias: (classes,); both are kept as float32.
    ``provenance``: a line that goes before the model's own. ``sha256`` is of what the network is made of, until it is
    saved. Raises ValueError where names and numbers do not fit, or the network does not end with a linear layer and a
    softmax.
    """
    body = model.base
    layer = body.architecture.classifier
    names = tuple(_checked_name(word) for word in names)
    if len(names) < 2:
        raise ValueError("A network needs two classes or more.")
    if len(set(names)) < len(names):
        raise ValueError("Two classes have the same name.")
    layers = tuple(
        replace(layer, channels=len(names)) if other is layer else other for other in body.architecture.layers
    )
    architecture = replace(body.architecture, layers=layers)
    weights = dict(body.weights)
    weights[f"{layer.name}.weight"], weights[f"{layer.name}.bias"] = (
        part.detach().to(torch.float32).clone() for part in (weight, bias)
    )
    digest = hashlib.sha256(f"{body.sha256}\0{body.name}\0{chr(0).join(names)}\0".encode())
    for part in ("weight", "bias"):
        tensor = weights[f"{layer.name}.{part}"]
        assert not isinstance(tensor, PackedRows)
        digest.update(tensor.contiguous().numpy().tobytes())
    history = "\n".join(part for part in (provenance, body.provenance) if part)
    return replace(
        body, architecture=architecture, weights=weights, classes=names, name=name or f"{body.name} taught",
        provenance=history, sha256=digest.hexdigest(), source="", body=body,
    )  # fmt: skip


def taught_text(model: Model, kind: str, classes: int, pictures: int, day: str) -> str:
    """Provenance: "zfnet-v1, its softmax taught on 3 classes, 92 pictures, 2026-11-23".

    kind: "softmax" or "svm". classes, pictures: how many. day: as it shall stand there.
    """
    body = model.base
    what = "softmax" if kind == "softmax" else "classifier (linear SVM)"
    origin, counted = body.name or body.architecture.title, f"{pictures} {noun(pictures, 'picture')}"
    return f"{origin}, its {what} taught on {classes} classes, {counted}, {day}"


def _checked_name(name: str) -> str:
    if not name.strip() or not name.isprintable() or len(name) > MOST_NAME:
        raise ValueError(f"{name[:40]!r} is not a name for a class.")
    return name


__all__ = ["taught_text", "with_classes"]
