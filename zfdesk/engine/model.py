"""A declared network with its weights, and the forward pass (Section 2).

For example:

    model = load()
    forward_pass = model.forward(centre_crop(picture))
    forward_pass.activations["conv5"], forward_pass.switches["pool5"], forward_pass.probabilities
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from types import MappingProxyType

import numpy as np
import torch
from torch import Tensor

from zfdesk.engine.kernels import BatchKernels, FastKernels, ReferenceKernels, Weights, dense, max_pool
from zfdesk.engine.layers import LRN, Architecture, Conv, Linear, MaxPool, Softmax, Stage
from zfdesk.engine.packed_rows import PackedRows
from zfdesk.engine.picture import InputSpec


@dataclass(frozen=True, eq=False)
class Pass:
    """All that one forward pass leaves behind for N pictures.

    ``activations``: by stage name (see `Architecture.stages`), tensors (N, channels, height, width), float32 (float64
    for an input of that type), vectors as (N, units, 1, 1); "input" is the normalised picture. Never written to.
    ``switches``: by pooling stage, int64 of the pooled shape: the flat position y·W + x of each window's maximum.
    """

    model: Model
    activations: Mapping[str, Tensor]
    switches: Mapping[str, Tensor]

    @property
    def probabilities(self) -> Tensor:
        """Class probabilities, 0 to 1, (N, classes). Raises ValueError for a pass that ended below them."""
        last = self.model.architecture.stages[-1].name
        if last not in self.activations:
            raise ValueError(f"This pass ended at {list(self.activations)[-1]}: it has no probabilities.")
        return self.activations[last][:, :, 0, 0]

    def strongest_unit(self, layer: str, picture: int = 0) -> int:
        """The unit of ``layer`` with the highest single activation."""
        return int(self.activations[layer][picture].amax((1, 2)).argmax())

    def highest_total_unit(self, layer: str, picture: int = 0) -> int:
        """The unit of ``layer`` with the highest total activation, summed over its map."""
        return int(self.activations[layer][picture].sum((1, 2), dtype=torch.float64).argmax())

    def select(self, picture: int) -> Pass:
        """The pass of one picture of a batch."""
        part = slice(picture, picture + 1)
        return Pass(
            self.model,
            MappingProxyType({name: value[part] for name, value in self.activations.items()}),
            MappingProxyType({name: value[part] for name, value in self.switches.items()}),
        )


@dataclass(frozen=True, eq=False)
class Model:
    """An architecture with weights that fit it, immutable.

    ``classes``: the class names in order. ``sha256``: hash of the checkpoint file, "" for weights made in memory; of a
    network that was taught other classes and is in no file, of what it is made of.
    ``provenance``: where the weights come from, in words. ``trained``: False when they are known to be random.
    ``licence`` of the weights and ``source``, the address they were published at; "" when not known. ``body``: the
    network that this one shares all but its classifier with, see `zfdesk.engine.classifier`.
    Raises ValueError when weights are missing, superfluous, of the wrong shape or not finite.
    """

    architecture: Architecture
    weights: Weights = field(repr=False)
    input: InputSpec = field(default_factory=InputSpec)
    classes: tuple[str, ...] = field(default=(), repr=False)
    name: str = ""
    provenance: str = ""
    sha256: str = ""
    trained: bool = True
    licence: str = ""
    source: str = ""
    body: Model | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        check_weights(self.architecture, self.weights)
        if not self.classes:
            names = tuple(f"class {index}" for index in range(self.architecture.classes))
            object.__setattr__(self, "classes", names)
        if len(self.classes) != self.architecture.classes:
            raise ValueError(
                f"There are {len(self.classes)} class names for a network of {self.architecture.classes} classes."
            )

    @cached_property
    def _fast(self) -> FastKernels:
        if self.body is not None:
            return self.body._fast.with_classifier(self.architecture, self.weights)
        return FastKernels(self.architecture, self.weights)

    @cached_property
    def _reference(self) -> ReferenceKernels:
        return ReferenceKernels(self.weights)

    @cached_property
    def _batch(self) -> BatchKernels:
        if self.body is not None:
            return self.body._batch.with_classifier(self.architecture, self.weights, self._fast)
        return BatchKernels(self.architecture, self.weights, self._fast)

    @property
    def base(self) -> Model:
        """The network below the classes that were taught; the network itself where none were."""
        return self.body or self

    def kernels(self, dtype: torch.dtype, reference: bool = False) -> ReferenceKernels:
        """What computes the layers: the fast kernels for float32, else, or if asked for, the plain reference."""
        return self._reference if reference or dtype != torch.float32 else self._fast

    def batch_kernels(self, dtype: torch.dtype) -> ReferenceKernels:
        """What computes the layers of many windows at once: fast for float32, else the plain reference."""
        return self._reference if dtype != torch.float32 else self._batch

    @cached_property
    def _filters(self) -> dict[str, Tensor]:
        return {} if self.body is None else self.body._filters

    def filters(self, layer: str, dtype: torch.dtype = torch.float32) -> Tensor:
        """The filters of a convolution, (out, in, kernel, kernel), channels-last; those in float32 are made once."""
        made = self._filters.get(layer)
        if made is None or made.dtype != dtype:
            with torch.inference_mode(False):  # whoever asks first: gradients may go through them later
                weight = dense(self.weights[f"{layer}.weight"], dtype)
                made = weight.contiguous(memory_format=torch.channels_last)
            if dtype == torch.float32:
                self._filters[layer] = made
        return made

    @torch.inference_mode()
    def forward(
        self,
        pictures: np.ndarray | Tensor,
        reference: bool = False,
        until: str | None = None,
        keep: Collection[str] | None = None,
    ) -> Pass:
        """Run the network and keep every layer's activation, the switches and the probabilities.

        pictures: uint8 (size, size, 3) or (N, size, size, 3) RGB as `zfdesk.engine.crop` gives, or a normalised
        float32 or float64 tensor (N, 3, size, size). ``reference``: plain torch operations in the tensor's own
        precision instead of the fast float32 path, which gives the same numbers to 1e-5 of a layer's largest value.
        ``until``: the last layer wanted; what lies above it is not computed (None: all). ``keep``: the only layers
        wanted (then ``until`` says nothing): many pictures take less time so, and far less memory. Raises ValueError on
        another shape or type, on NaN or infinite values in a tensor, or a layer that does not exist.
        """
        stages, index = self.architecture.stages, self.architecture.index
        stages = stages[: max(index(layer) for layer in keep or [until or stages[-1].name]) + 1]
        split = next((place for place, stage in enumerate(stages) if isinstance(stage.layer, Linear)), len(stages))
        x = self._checked(pictures)
        kernels = self.kernels(x.dtype, reference)
        if kernels is self._fast:
            x = x.contiguous(memory_format=torch.channels_last)
        parts = [_run(kernels, stages[:split], part, keep) for part in x.split(len(x) if keep is None else CHUNK)]
        tops, activations, switches = (_joined(values) for values in zip(*parts, strict=True))
        _, vectors, _ = _run(kernels, stages[split:], tops[""], keep)
        return Pass(self, MappingProxyType(activations | vectors), MappingProxyType(switches))

    def probabilities(self, pictures: np.ndarray | Tensor) -> Tensor:
        """Class probabilities of pictures, 0 to 1, (N, classes), and nothing else. Takes and raises as `forward`."""
        return self.forward(pictures, keep=[self.architecture.stages[-1].name]).probabilities

    def _checked(self, pictures: np.ndarray | Tensor) -> Tensor:
        size = self.architecture.size
        if isinstance(pictures, Tensor):
            fits = pictures.ndim == 4 and tuple(pictures.shape[1:]) == (3, size, size) and len(pictures) > 0
            # torch has no half-precision normalisation on a CPU
            if not (fits and pictures.dtype in (torch.float32, torch.float64)):
                given = f"{pictures.dtype} {tuple(pictures.shape)}"
                raise ValueError(f"The input must be a float32 or float64 tensor (N, 3, {size}, {size}), not {given}.")
            # a rectification would make zeros of them, and plausible probabilities
            if not all(end.isfinite() for end in torch.aminmax(pictures)):
                raise ValueError("The input holds values that are not numbers (NaN or infinite).")
            return pictures
        if not isinstance(pictures, np.ndarray):
            raise ValueError(f"Pictures must be a numpy array or a tensor, not {type(pictures).__name__}.")
        batch = pictures[None] if pictures.ndim == 3 else pictures
        if batch.ndim != 4 or batch.shape[1:] != (size, size, 3) or batch.dtype != np.uint8 or len(batch) == 0:
            raise ValueError(f"Pictures must be uint8 ({size}, {size}, 3), not {pictures.dtype} {pictures.shape}.")
        return self.input.to_tensor(batch)


CHUNK = 6
"""Pictures whose maps are computed together where not all are kept: what a layer reads is then still in the cache, and
the blocks of memory are small enough to be used again (glibc returns those of over 32 MB to the system)."""

TensorsByName = dict[str, Tensor]


def _run(
    kernels: ReferenceKernels, stages: Sequence[Stage], x: Tensor, keep: Collection[str] | None
) -> tuple[TensorsByName, TensorsByName, TensorsByName]:
    """The last stage's output, named "", and the activations and switches that are wanted (None: all)."""
    activations, switches = {}, {}
    for stage in stages:
        wanted = keep is None or stage.name in keep
        match stage.layer:
            case Conv() as layer:
                x = kernels.conv(layer, x, stage.rectified)
            case MaxPool() as layer:
                x, chosen = max_pool(layer, x)
                if wanted:
                    switches[stage.name] = chosen
            case LRN() as layer:
                x = kernels.lrn(layer, x)
            case Linear() as layer:
                # reshape, not view: fc6 wants (channel, row, column) order whatever the memory order
                x = kernels.linear(layer, x.reshape(x.shape[0], -1), stage.rectified)[:, :, None, None]
            case Softmax():
                x = x.softmax(1)
        if wanted:
            activations[stage.name] = x
    return {"": x}, activations, switches


def _joined(parts: Sequence[TensorsByName]) -> TensorsByName:
    if len(parts) == 1:
        return parts[0]
    return {name: torch.cat([part[name] for part in parts]) for name in parts[0]}


def check_weights(architecture: Architecture, weights: Weights) -> None:
    """Raise ValueError unless ``weights`` are exactly those the architecture declares, and finite."""
    wanted = architecture.weight_shapes()
    missing, extra = sorted(wanted.keys() - weights.keys()), sorted(weights.keys() - wanted.keys())
    if missing or extra:
        lack, surplus = f"lack {', '.join(missing[:3])}", f"have {', '.join(extra[:3])} too many"
        differences = " and ".join([lack] * bool(missing) + [surplus] * bool(extra))
        raise ValueError(f"These weights do not fit {architecture.name}: they {differences}.")
    for name, shape in wanted.items():
        weight = weights[name]
        if tuple(weight.shape) != shape:
            raise ValueError(f"{name} has shape {tuple(weight.shape)}; {architecture.name} needs {shape}.")
        numbers = weight.scale if isinstance(weight, PackedRows) else weight
        if isinstance(weight, PackedRows) and (weight.rows.dtype != torch.int8 or tuple(numbers.shape) != shape[:1]):
            raise ValueError(f"{name} is not packed as int8 rows with one scale a row.")
        if not numbers.is_floating_point():
            raise ValueError(f"{name} holds {numbers.dtype}, not floating-point numbers.")
        # of its ends alone: isfinite of all takes twice the memory of a layer, and NaN goes into both ends
        if not all(end.isfinite() for end in torch.aminmax(numbers)):
            raise ValueError(f"{name} holds values that are not numbers (NaN or infinite).")


def random_model(architecture: Architecture, seed: int = 0, dtype: torch.dtype = torch.float32) -> Model:
    """The architecture with random weights, for tests and to show what an untrained network does.

    Weights are normal with variance 2 / inputs (He et al. 2015), biases with deviation 0.01.
    """
    generator = torch.Generator().manual_seed(seed)
    weights: Weights = {}
    for name, shape in architecture.weight_shapes().items():
        fan_in = int(np.prod(shape[1:])) if len(shape) > 1 else 1
        scale = (2 / fan_in) ** 0.5 if len(shape) > 1 else 0.01
        weights[name] = torch.randn(shape, generator=generator, dtype=dtype) * scale
    return Model(architecture, weights, provenance=f"random weights, seed {seed}", trained=False)


__all__ = ["Model", "Pass", "check_weights", "dense", "random_model"]
