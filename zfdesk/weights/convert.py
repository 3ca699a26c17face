"""Weights that others trained, made ours: the file's kind is recognised, its tensors renamed and checked.

Known: torchvision's AlexNet and VGG-16 and pytorchcv's zfnet and zfnetb (state dicts, as .pth, .pt, a zip of one, or
.safetensors), the ONNX model zoo's zfnet512 (.onnx), and our own checkpoints. Nothing in a file is ever run.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from zfdesk.engine.architectures import ARCHITECTURES
from zfdesk.engine.kernels import Weights
from zfdesk.engine.layers import Architecture, Conv, Linear
from zfdesk.engine.model import Model
from zfdesk.engine.picture import InputSpec
from zfdesk.weights.checkpoint import FORMAT, MOST_CLASSES, describe, load
from zfdesk.weights.onnx_file import read_zfnet512
from zfdesk.weights.safetensors_file import DTYPES, CheckpointError, opened_file, read_header, read_tensors, what_is
from zfdesk.weights.torch_file import most_bytes, read_state_dict, unwrapped

# torchvision's and pytorchcv's ImageNet mean (0.485, 0.456, 0.406) and deviation (0.229, 0.224, 0.225), in 0–255
IMAGENET = InputSpec(mean=(123.675, 116.28, 103.53), std=(58.395, 57.12, 57.375))

# The zoo's README gives no preprocessing, only the script that its accuracies (top-1 55.97 %) were measured with:
# github.com/intel/neural-compressor, examples/onnxrt/onnx_model_zoo/zfnet/main.py. That squeezes the whole picture to
# 224 × 224 (hence resize 224: our crop takes the whole shortest side), subtracts these means and swaps red and blue.
ZFNET512 = InputSpec(mean=(123.68, 116.779, 103.939), order="BGR", resize=224)
ZFNET512_WORDS = (
    "ZFNet-512 of the ONNX model zoo (from Caffe2). The zoo prints no preprocessing; BGR, 0–255 minus "
    "(123.68, 116.779, 103.939) in RGB order, the picture's whole shortest side on 224 pixels, as in the script behind "
    "its accuracies (intel/neural-compressor, onnx_model_zoo/zfnet)"
)


@dataclass(frozen=True)
class Family:
    """Someone's state dict. ``modules``: its names for our weighted layers, in order."""

    title: str
    architecture: str
    modules: tuple[str, ...]
    input: InputSpec = IMAGENET

    def names(self, architecture: Architecture) -> dict[str, str]:
        """Their tensor's name → ours."""
        layers = [layer.name for layer in architecture.layers if isinstance(layer, Conv | Linear)]
        return {
            f"{theirs}.{part}": f"{ours}.{part}"
            for theirs, ours in zip(self.modules, layers, strict=True)
            for part in ("weight", "bias")
        }


def _numbered(prefix: str, numbers: Iterable[int]) -> tuple[str, ...]:
    return tuple(f"{prefix}.{number}" for number in numbers)


_CV = (
    *("features.stage1.unit1.conv", "features.stage2.unit1.conv"),
    *(f"features.stage3.unit{unit}.conv" for unit in (1, 2, 3)),
    *("output.fc1.fc", "output.fc2.fc", "output.fc3"),
)
FAMILIES = (
    Family(
        "torchvision's AlexNet", "alexnet",
        _numbered("features", (0, 3, 6, 8, 10)) + _numbered("classifier", (1, 4, 6)),
    ),
    Family(
        "torchvision's VGG-16", "vgg16",
        _numbered("features", (0, 2, 5, 7, 10, 12, 14, 17, 19, 21, 24, 26, 28)) + _numbered("classifier", (0, 3, 6)),
    ),
    Family("pytorchcv's zfnet", "pytorchcv-zfnet", _CV),
    Family("pytorchcv's zfnetb", "pytorchcv-zfnetb", _CV),
)  # fmt: skip


def import_weights(path: Path | str) -> Model:
    """The network in a foreign weights file (see above), or in one of ours.

    The class names are ImageNet's when there are 1000 classes. ``sha256`` of the result is that of the file.
    Raises CheckpointError with one sentence that says what was found.
    """
    place = Path(path)
    with opened_file(place) as file:
        head = file.read(64)
        size = file.seek(0, 2)
    if size > most_bytes():
        raise CheckpointError(f"{place} is refused: with {size:,} bytes it is larger than any network here needs.")
    kind = what_is(head)
    if kind == "a safetensors file":
        return _from_safetensors(place)
    if kind.startswith(("a zip", "a Python pickle")):
        return _from_state_dict(read_state_dict(place), place)
    if kind == "an ONNX model":
        return _from_onnx(place)
    raise CheckpointError(
        f"{place} is {kind or 'of an unknown kind'}; weights come as .safetensors, .pth, .pt or .onnx."
    )


def _from_safetensors(path: Path) -> Model:
    with opened_file(path) as file:
        header = read_header(file, path)
        if header.metadata.get("format") == FORMAT:
            return load(path)
        # recognised by names, shapes and types before the tensors are read
        described = {
            name: torch.empty(entry.shape, dtype=DTYPES[entry.dtype], device="meta")
            for name, entry in header.entries.items()
        }
        _recognised(unwrapped(described, path), path)
        return _from_state_dict(unwrapped(read_tensors(file, header, path), path), path)


def _from_onnx(path: Path) -> Model:
    architecture, weights = read_zfnet512(path, ARCHITECTURES["zfnet512"])
    return _model(architecture, dict(weights), ZFNET512, ZFNET512_WORDS, path)


def _from_state_dict(state: dict[str, Any], path: Path) -> Model:
    """``state`` is emptied on the way: two copies of VGG-16 at a time are half a gigabyte too many."""
    family, architecture = _recognised(state, path)
    weights: Weights = {}
    for theirs, ours in family.names(architecture).items():
        weights[ours] = torch.empty(architecture.weight_shapes()[ours]).copy_(state.pop(theirs).detach())
    return _model(architecture, weights, family.input, f"{family.title}, state dict", path)


def _model(architecture: Architecture, weights: Weights, spec: InputSpec, origin: str, path: Path) -> Model:
    with opened_file(path) as file:
        source = hashlib.file_digest(file, "sha256").hexdigest()
    classes = describe().classes if architecture.classes == len(describe().classes) else ()
    provenance = f"{origin}; imported from {path.name}, SHA-256 {source}"
    try:
        return Model(architecture, weights, spec, classes, name=path.stem, provenance=provenance, sha256=source)
    except ValueError as error:
        raise CheckpointError(f"{path}: {error}") from None


def _recognised(state: Mapping[str, Any], path: Path) -> tuple[Family, Architecture]:
    """The family whose names, shapes and types these are; nothing of the values is touched."""
    mismatch = ""
    for family in FAMILIES:
        named = {f"{module}.{part}" for module in family.modules for part in ("weight", "bias")}
        if named != set(state):
            continue
        last = state[f"{family.modules[-1]}.bias"]
        classes = last.shape[0] if isinstance(last, Tensor) and last.ndim == 1 else 0
        if not 1 <= classes <= MOST_CLASSES:
            raise CheckpointError(f"{path} looks like {family.title}, but its classifier has no classes.")
        architecture = ARCHITECTURES[family.architecture](classes)
        wrong = _difference(state, family, architecture)
        if not wrong:
            return family, architecture
        mismatch = mismatch or f"{path} has the names of {family.title}, but {wrong}."
    if mismatch:
        raise CheckpointError(mismatch)
    some = ", ".join(repr(name[:40]) for name in list(state)[:3])
    normalised = " (it has batch normalisation)" if any("running_mean" in name for name in state) else ""
    known = ", ".join(family.title for family in FAMILIES)
    raise CheckpointError(
        f"{path} is a state dict of {len(state)} entries ({some}, …) of no network known here{normalised}; "
        f"known: {known}."
    )


def _difference(state: Mapping[str, Any], family: Family, architecture: Architecture) -> str:
    """In what a state dict differs from the declared network, in words; "" when in nothing."""
    shapes = architecture.weight_shapes()
    for theirs, ours in family.names(architecture).items():
        value = state[theirs]
        if not isinstance(value, Tensor) or value.layout != torch.strided or value.is_quantized or value.is_nested:
            return f"{theirs} is not an ordinary tensor"
        if tuple(value.shape) != shapes[ours]:
            return f"{theirs} has shape {tuple(value.shape)}, not {shapes[ours]}"
        if not value.is_floating_point():
            return f"{theirs} holds {str(value.dtype).removeprefix('torch.')}, not floating-point numbers"
    return ""
