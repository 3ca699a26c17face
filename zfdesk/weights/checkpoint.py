"""Weights files: a network's weights with all that is needed to use them, read with suspicion and written whole.

Format ``zfdesk-1``: safetensors whose metadata (texts, JSON where they have parts) are

- ``format`` "zfdesk-1"; ``architecture``: a name of `ARCHITECTURES`; ``classes``: JSON list of names in order;
- ``input``: JSON {size, channels "RGB"/"BGR", range [0, 255], mean, std, resize, crop "center"}, see `InputSpec`;
- ``lrn``: JSON {size, alpha, beta, k, alpha_divided_by_size} of the declared network, where it normalises;
- optional ``packing``, ``provenance`` and ``licence`` (words), ``source`` (the address they were published at),
  ``trained`` ("true"/"false") and ``sha256`` (see `digest`).

Tensors are `Architecture.weight_shapes`: float32 or float16 (widened), or int8 rows with ``NAME.scale`` float32.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from zfdesk.engine.architectures import ARCHITECTURES
from zfdesk.engine.kernels import Weights
from zfdesk.engine.layers import LRN, Architecture
from zfdesk.engine.model import Model
from zfdesk.engine.packed_rows import PackedRows
from zfdesk.engine.picture import InputSpec
from zfdesk.error_reason import error_reason
from zfdesk.resources import resource
from zfdesk.weights.embedded_facts import embedded_facts
from zfdesk.weights.safetensors_file import (
    CheckpointError,
    Header,
    digest,
    opened_file,
    parsed_json,
    read_header,
    read_tensors,
    write_tensors,
)

FORMAT = "zfdesk-1"
MOST_CLASSES = 100_000
LONGEST_TEXT = 10_000  # characters of a class name or of the provenance
_NEEDED = {"format", "architecture", "input", "classes"}
_TEXTS = ("provenance", "packing", "licence", "source")
_KNOWN = _NEEDED | {"lrn", "trained", "sha256", *_TEXTS}


@dataclass(frozen=True)
class Description:
    """What a weights file says of itself; nothing of its tensors was read but their shapes. ``bytes``: of the file."""

    path: Path
    architecture: Architecture
    classes: tuple[str, ...]
    input: InputSpec
    provenance: str
    packing: str
    trained: bool
    bytes: int
    licence: str
    source: str


def embedded() -> Path:
    """The weights file that ships with the program."""
    return resource(f"weights/{embedded_facts().file}")


def load(path: Path | str | None = None) -> Model:
    """The network in a weights file; without ``path`` the embedded one.

    Everything is checked before the network exists: structure, architecture, shapes, types, values and, where the
    file carries one, its hash. Raises CheckpointError with one sentence that says what is wrong.
    """
    place = _place(path)
    with opened_file(place) as file:
        header = read_header(file, place)
        description = _described(header, place)
        hash_of_file = hashlib.sha256()
        tensors = read_tensors(file, header, place, hash_of_file)
    if "sha256" in header.metadata and digest(header.metadata, tensors) != header.metadata["sha256"]:
        raise CheckpointError(f"{place} is damaged: its contents do not match the hash it carries.")
    try:
        return Model(
            description.architecture, _weights(tensors), description.input, description.classes,
            name=place.stem, provenance=description.provenance, sha256=hash_of_file.hexdigest(),
            trained=description.trained, licence=description.licence, source=description.source,
        )  # fmt: skip
    except CheckpointError:
        raise
    except ValueError as error:
        raise CheckpointError(f"{place}: {error}") from None


def describe(path: Path | str | None = None) -> Description:
    """What a weights file says of itself, from its header alone (a millisecond); CheckpointError as for `load`."""
    place = _place(path)
    with opened_file(place) as file:
        return _described(read_header(file, place), place)


def save(model: Model, path: Path | str) -> str:
    """Write a network as a weights file, whole or not at all, and return the file's SHA-256.

    `load` gives back the same numbers, bit by bit: packed rows stay packed, and float32 weights that float16 holds
    exactly (those of the embedded network) take half the space. Raises CheckpointError.
    """
    place = Path(path)
    tensors: dict[str, Tensor] = {}
    for name, weight in model.weights.items():
        if isinstance(weight, PackedRows):
            tensors[name], tensors[name.removesuffix("weight") + "scale"] = weight.rows, weight.scale.float()
        elif weight.dtype not in (torch.float32, torch.float16):
            raise CheckpointError(f"Weights are saved as float32; {name} is {weight.dtype}.")
        else:
            half = weight.half()
            tensors[name] = half if name.endswith(".weight") and torch.equal(half.to(weight.dtype), weight) else weight
    metadata = _metadata(model, tensors)
    metadata["sha256"] = digest(metadata, tensors)
    try:
        return write_tensors(place, tensors, metadata)
    except OSError as error:
        raise CheckpointError(f"{place} cannot be written: {error_reason(error)}.") from None


def _place(path: Path | str | None) -> Path:
    if path is not None:
        return Path(path)
    try:
        return embedded()
    except FileNotFoundError as error:
        raise CheckpointError(str(error)) from None


def _metadata(model: Model, tensors: Mapping[str, Tensor]) -> dict[str, str]:
    spec = model.input
    kinds: dict[str, list[str]] = {}
    for name in sorted(tensors):
        kinds.setdefault(str(tensors[name].dtype).removeprefix("torch."), []).append(name)
    metadata: dict[str, Any] = {
        "format": FORMAT,
        "architecture": model.architecture.name,
        "input": {
            "size": model.architecture.size, "channels": spec.order, "range": [0, 255], "mean": list(spec.mean),
            "std": list(spec.std), "resize": spec.resize, "crop": "center",
        },
        "classes": list(model.classes),
        "packing": "; ".join(f"{kind}: {', '.join(names)}" for kind, names in kinds.items()),
        "provenance": model.provenance,
        "trained": json.dumps(model.trained),
    }  # fmt: skip
    metadata |= {key: value for key, value in (("licence", model.licence), ("source", model.source)) if value}
    if lrn := _lrn(model.architecture):
        metadata["lrn"] = {
            "size": lrn.size, "alpha": lrn.alpha, "beta": lrn.beta, "k": lrn.k, "alpha_divided_by_size": True
        }  # fmt: skip
    return {
        key: value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
        for key, value in metadata.items()
    }


def _lrn(architecture: Architecture) -> LRN | None:
    return next((layer for layer in architecture.layers if isinstance(layer, LRN)), None)


def _weights(tensors: Mapping[str, Tensor]) -> Weights:
    """Packed rows where the file has int8, float32 everywhere else."""
    weights: Weights = {}
    for name, tensor in tensors.items():
        if name.endswith(".scale"):
            continue
        if tensor.dtype == torch.int8:
            weights[name] = PackedRows(tensor, tensors[name.removesuffix("weight") + "scale"])
        else:
            weights[name] = tensor.float()
    return weights


def _described(header: Header, path: Path) -> Description:
    """The metadata and the tensors' names, shapes and types, checked against the architecture."""
    metadata = header.metadata
    if metadata.get("format") != FORMAT:
        found = f"format {metadata['format'][:40]!r}" if "format" in metadata else "no format"
        raise CheckpointError(
            f"{path} is a safetensors file but not a zfdesk checkpoint ({found} in its metadata); "
            "if it is a state dict, import it with `zfdesk weights import`."
        )
    for keys, fault in ((_NEEDED - set(metadata), "lacks"), (set(metadata) - _KNOWN, "has an unknown entry,")):
        if keys:
            raise CheckpointError(f"{path} is damaged: its metadata {fault} {min(keys)[:40]!r}.")
    if metadata["architecture"] not in ARCHITECTURES:
        raise CheckpointError(
            f"{path} is for an unknown architecture, {metadata['architecture'][:40]!r}; "
            f"known are {', '.join(ARCHITECTURES)}."
        )
    classes = _classes(metadata["classes"], path)
    architecture = ARCHITECTURES[metadata["architecture"]](len(classes))
    _check_entries(header, architecture, path)
    _check_lrn(metadata.get("lrn"), architecture, path)
    trained = metadata.get("trained", "true")
    if trained not in ("true", "false"):
        raise CheckpointError(f"{path} is damaged: its metadata 'trained' is neither true nor false.")
    texts = {key: metadata.get(key, "") for key in _TEXTS}
    if longest := next((key for key, text in texts.items() if len(text) > LONGEST_TEXT), ""):
        raise CheckpointError(f"{path}: its {longest} is longer than {LONGEST_TEXT} characters.")
    size = len(header.raw) + sum(entry.end - entry.start for entry in header.entries.values())
    spec = _input(metadata["input"], architecture, path)
    return Description(path, architecture, classes, spec, trained=trained == "true", bytes=size, **texts)


def _classes(text: str, path: Path) -> tuple[str, ...]:
    names = parsed_json(f'{{"names": {text}}}', path, "list of classes").get("names")
    if not isinstance(names, list) or not 1 <= len(names) <= MOST_CLASSES:
        raise CheckpointError(f"{path}: its classes are not a list of 1 to {MOST_CLASSES} names.")
    if not all(isinstance(name, str) and 0 < len(name) <= LONGEST_TEXT and name.isprintable() for name in names):
        raise CheckpointError(f"{path}: one of its class names is not a readable text.")
    return tuple(names)


def _check_entries(header: Header, architecture: Architecture, path: Path) -> None:
    """Names, shapes and types, before anything is read: a file cannot ask for more memory than its network needs."""
    wanted, entries = architecture.weight_shapes(), header.entries
    scales = {name for name in entries if name.endswith(".scale")}
    missing, extra = sorted(wanted.keys() - entries.keys()), sorted(entries.keys() - wanted.keys() - scales)
    if missing or extra:
        fault = (
            f"lacks {', '.join(missing[:3])}"
            if missing
            else f"has {', '.join(name[:40] for name in extra[:3])} too many"
        )
        raise CheckpointError(f"{path} does not fit {architecture.name}: it {fault}.")
    last = list(wanted)[-1]
    if entries[last].shape != wanted[last] and len(entries[last].shape) == 1:
        raise CheckpointError(
            f"{path} names {architecture.classes} classes, but its network has {entries[last].shape[0]}."
        )
    for name, shape in wanted.items():
        entry, scale = entries[name], name.removesuffix("weight") + "scale"
        if entry.shape != shape:
            raise CheckpointError(f"{path}: {name} has shape {entry.shape}; {architecture.name} needs {shape}.")
        packed = entry.dtype == "I8" and name.endswith(".weight") and len(shape) == 2
        if packed and (scale not in entries or entries[scale].dtype != "F32" or entries[scale].shape != shape[:1]):
            raise CheckpointError(f"{path}: {name} is packed, but has no float32 scale for each of its rows.")
        if packed:
            scales.discard(scale)
        elif entry.dtype not in ("F32", "F16"):
            raise CheckpointError(f"{path}: {name} is of type {entry.dtype}, not float32, float16 or packed rows.")
    if scales:
        raise CheckpointError(f"{path} has {min(scales)[:40]!r}, the scale of nothing.")


def _number(value: Any) -> bool:
    return type(value) in (int, float) and math.isfinite(value) and abs(value) < 1e9


def _check_lrn(text: str | None, architecture: Architecture, path: Path) -> None:
    declared = _lrn(architecture)
    if (text is None) != (declared is None):
        word = (
            "normalises, but the file gives no constants for it"
            if declared
            else "does not normalise, but the file says so"
        )
        raise CheckpointError(f"{path}: {architecture.name} {word}.")
    if text is None or declared is None:
        return
    constants = parsed_json(text, path, "list of normalisation constants")
    keys = ("size", "alpha", "beta", "k")
    if set(constants) != {*keys, "alpha_divided_by_size"} or not all(_number(constants[key]) for key in keys):
        raise CheckpointError(f"{path} is damaged: its normalisation constants are not numbers by name.")
    alpha = constants["alpha"] if constants["alpha_divided_by_size"] is True else constants["alpha"] * constants["size"]
    for key, value in (
        ("size", constants["size"]),
        ("alpha", alpha),
        ("beta", constants["beta"]),
        ("k", constants["k"]),
    ):
        if not math.isclose(value, getattr(declared, key), rel_tol=1e-6):
            raise CheckpointError(
                f"{path} was trained with {key} {value:g} in its normalisation; {architecture.name} is declared with "
                f"{getattr(declared, key):g}."
            )


def _input(text: str, architecture: Architecture, path: Path) -> InputSpec:
    data = parsed_json(text, path, "description of the input")
    mean, std, resize = data.get("mean"), data.get("std"), data.get("resize", 256)
    triples = all(isinstance(value, list) and len(value) == 3 and all(map(_number, value)) for value in (mean, std))
    if not triples or type(resize) is not int or not isinstance(data.get("channels"), str):
        raise CheckpointError(f"{path} is damaged: its description of the input lacks mean, std, channels or resize.")
    size = architecture.size
    if data.get("size") != size or data.get("range") != [0, 255] or data.get("crop", "center") != "center":
        raise CheckpointError(f"{path} wants another input than the central {size} × {size} pixels in 0 to 255.")
    if not size <= resize <= 16 * size:
        raise CheckpointError(f"{path} wants pictures resized to {resize} for an input of {size} pixels.")
    try:
        return InputSpec(tuple(map(float, mean)), tuple(map(float, std)), data["channels"], resize)  # type: ignore[arg-type]
    except ValueError as error:
        raise CheckpointError(f"{path}: {error}") from None
