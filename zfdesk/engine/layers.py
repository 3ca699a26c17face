"""A network as data: a tuple of layer declarations, and everything that follows from it.

Shapes, receptive fields, parameter counts, the layer bar and the drawings are derived here from the
declared tuple; nothing of them is written down twice.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

Shape = tuple[int, int, int]  # channels, height, width; a vector is (channels, 1, 1)


@dataclass(frozen=True)
class Conv:
    """Convolution with a bias: ``channels`` filters of ``kernel`` × ``kernel``; all in positions of the map below."""

    name: str
    channels: int
    kernel: int
    stride: int = 1
    padding: int = 0


@dataclass(frozen=True)
class ReLU:
    """Rectification x → max(x, 0)."""

    name: str


@dataclass(frozen=True)
class MaxPool:
    """Max pooling that remembers its switches, the places of the maxima (Section 2.1). ``kernel``, ``stride`` and
    ``padding`` in positions of the map below; ``ceil``: a last window that lies partly outside is kept."""

    name: str
    kernel: int
    stride: int
    padding: int = 0
    ceil: bool = False


@dataclass(frozen=True)
class LRN:
    """Contrast normalisation across maps: x · (k + α/size · Σ x²)^-β over ``size`` neighbouring channels.

    As Krizhevsky et al. 2012, Section 3.3, but α as in torch, divided by ``size``. The paper prints no constants.
    """

    name: str
    size: int = 5
    alpha: float = 1e-4
    beta: float = 0.75
    k: float = 2.0


@dataclass(frozen=True)
class Linear:
    """Fully connected layer with a bias; its input is flattened as (channels, height, width)."""

    name: str
    channels: int


@dataclass(frozen=True)
class Softmax:
    """Scores to class probabilities: exp(x_i) / Σ exp(x_j)."""

    name: str


LayerSpec = Conv | ReLU | MaxPool | LRN | Linear | Softmax


@dataclass(frozen=True)
class ReceptiveField:
    """The square of input pixels that one unit can see (Araujo, Norris & Sim 2019), all in input pixels.

    A unit at row y, column x sees rows ``offset + y·jump`` to ``offset + y·jump + size - 1`` of the network
    input, and the columns likewise. It may hang over the picture's border, where the padding is. ``reach``: the first
    row and column of the picture that no unit sees, where strides leave a rest (zfnet512: 219 of 224); None if all do.
    """

    size: int
    jump: int
    offset: int
    reach: int | None = None

    def box(self, y: int, x: int) -> tuple[int, int, int, int]:
        """(top, left, bottom, right) in input pixels, bottom and right exclusive; not clipped to the picture, but to
        what reaches the unit where the picture's last rows reach none."""
        top, left = self.offset + y * self.jump, self.offset + x * self.jump
        bottom, right = top + self.size, left + self.size
        return (
            (top, left, bottom, right)
            if self.reach is None
            else (top, left, min(bottom, self.reach), min(right, self.reach))
        )

    def unit_at(self, row: float, column: float, shape: Shape) -> tuple[int, int]:
        """The position (y, x) in a map whose receptive field's centre is nearest to an input pixel.

        row, column: of the pixel. shape: of the layer, (channels, height, width).
        """
        _, height, width = shape
        centre = self.offset + (self.size - 1) / 2
        y = round((row - centre) / max(self.jump, 1))
        x = round((column - centre) / max(self.jump, 1))
        return min(max(y, 0), height - 1), min(max(x, 0), width - 1)


@dataclass(frozen=True)
class Stage:
    """One entry of the layer bar: a declared layer together with the rectification that follows it.

    What is shown and reconstructed under ``name`` is the activation after that rectification. ``shape``: (channels,
    height, width). ``multiply_adds``: for one picture.
    """

    name: str
    layer: LayerSpec | None  # None for the input picture
    rectified: bool
    shape: Shape
    receptive_field: ReceptiveField
    parameters: int
    multiply_adds: int

    @property
    def spatial(self) -> bool:
        """Whether the stage has maps, rather than a vector of units."""
        return self.shape[1] * self.shape[2] > 1

    def check_unit(self, unit: int, position: tuple[int, int] | None = None) -> None:
        """Raise ValueError when there is no such unit, or no such position (y, x) on its map."""
        if not 0 <= unit < self.shape[0]:
            raise ValueError(f"{self.name} has units 0 to {self.shape[0] - 1}; there is no unit {unit}.")
        _, height, width = self.shape
        if position is not None and not (0 <= position[0] < height and 0 <= position[1] < width):
            raise ValueError(f"Position {position} lies outside the {height} × {width} map of {self.name}.")


@dataclass(frozen=True)
class Architecture:
    """A declared network. ``layers`` is all there is to it; the rest is derived.

    ``size`` is the side of the square RGB input picture in pixels.
    """

    name: str
    title: str
    layers: tuple[LayerSpec, ...] = field(repr=False)
    size: int = 224

    @cached_property
    def stages(self) -> tuple[Stage, ...]:
        """The layer bar: the input, then every layer with its rectification folded in.

        Raises ValueError for layers that cannot follow each other, or share a name.
        """
        stages = [Stage("input", None, False, (3, self.size, self.size), ReceptiveField(1, 1, 0), 0, 0)]
        for layer in self.layers:
            last = stages[-1]
            if isinstance(layer, ReLU):
                if not isinstance(last.layer, Conv | Linear):
                    raise ValueError(f"{layer.name}: a rectification must follow a convolution or a linear layer.")
                stages[-1] = Stage(
                    last.name, last.layer, True, last.shape, last.receptive_field, last.parameters, last.multiply_adds
                )
            else:
                stages.append(_next_stage(last, layer, self.size))
        names = [stage.name for stage in stages]
        if len(set(names)) != len(names):
            raise ValueError(f"{self.name}: two layers share a name")
        return tuple(stages)

    def stage(self, name: str) -> Stage:
        """The stage called ``name``. Raises ValueError when there is none."""
        for stage in self.stages:
            if stage.name == name:
                return stage
        raise ValueError(f"{self.name} has no layer {name!r}; it has {', '.join(s.name for s in self.stages)}.")

    def index(self, name: str) -> int:
        """The place of a stage in the layer bar; 0 is the input. Raises ValueError when there is no such stage."""
        return self.stages.index(self.stage(name))

    @property
    def classes(self) -> int:
        """Number of classes."""
        return self.stages[-1].shape[0]

    @property
    def class_layers(self) -> tuple[str, ...]:
        """The layers whose units are the classes: the scores and, after the softmax, the probabilities."""
        softmax = isinstance(self.stages[-1].layer, Softmax)
        return tuple(stage.name for stage in self.stages[-1 - softmax :])

    @property
    def teachable(self) -> bool:
        """Whether the network ends with a linear layer and a softmax, so that other classes can be put there."""
        return len(self.layers) > 1 and isinstance(self.layers[-1], Softmax) and isinstance(self.layers[-2], Linear)

    @property
    def classifier(self) -> Linear:
        """The linear layer below the softmax: fc8 of ZFNet. Raises ValueError where there is none."""
        last = self.layers[-2] if self.teachable else None
        if isinstance(last, Linear):
            return last
        raise ValueError(f"{self.name} does not end with a linear layer and a softmax.")

    @property
    def feature_layer(self) -> str:
        """The layer that the classifier reads: fc7 of ZFNet. Raises ValueError where there is no `classifier`."""
        return self.stages[self.index(self.classifier.name) - 1].name

    def paper_layer(self, number: int) -> str:
        """Layer 1 to 7 as the paper counts them: what the next layer reads, pooled and normalised.

        Layer 1 is norm1, layer 5 is pool5, layer 7 is fc7; one of several convolutions of a number is the last of them.
        Raises ValueError where the network has no such layer below its classes.
        """
        place = -1
        for index, stage in enumerate(self.stages):
            name = stage.name
            if name in (f"conv{number}", f"fc{number}") or name.startswith(f"conv{number}_"):
                place = index
        if place < 0 or self.stages[place].name in self.class_layers:
            raise ValueError(f"{self.name} has no layer {number} below its classes.")
        last = self.stages[place]
        for stage in self.stages[place + 1 :]:
            if stage.parameters or isinstance(stage.layer, Softmax):
                break
            last = stage
        return last.name

    @property
    def convolutions(self) -> tuple[str, ...]:
        """The names of the convolutions, the first one first."""
        return tuple(layer.name for layer in self.layers if isinstance(layer, Conv))

    @property
    def last_convolution(self) -> str:
        """The last convolution that has maps rather than a vector of units: conv5 of ZFNet."""
        return next(stage.name for stage in reversed(self.stages) if stage.spatial and stage.parameters)

    @property
    def parameters(self) -> int:
        """Weights and biases of the whole network."""
        return sum(stage.parameters for stage in self.stages)

    @property
    def multiply_adds(self) -> int:
        """Multiply-adds of convolutions and fully connected layers for one picture."""
        return sum(stage.multiply_adds for stage in self.stages)

    def weight_shapes(self) -> dict[str, tuple[int, ...]]:
        """Names and shapes of all weights and biases, as in torch: (out, in, kernel, kernel), (out, in), (out,)."""
        shapes: dict[str, tuple[int, ...]] = {}
        for before, stage in zip(self.stages, self.stages[1:], strict=False):
            layer = stage.layer
            if isinstance(layer, Conv):
                shapes[f"{layer.name}.weight"] = (layer.channels, before.shape[0], layer.kernel, layer.kernel)
                shapes[f"{layer.name}.bias"] = (layer.channels,)
            elif isinstance(layer, Linear):
                channels, height, width = before.shape
                shapes[f"{layer.name}.weight"] = (layer.channels, channels * height * width)
                shapes[f"{layer.name}.bias"] = (layer.channels,)
        return shapes


def out_size(size: int, layer: Conv | MaxPool) -> int:
    """The side of a layer's map, given the side of the map below (Dumoulin & Visin 2016, relationship 6)."""
    span = size + 2 * layer.padding - layer.kernel
    if isinstance(layer, MaxPool) and layer.ceil:
        out = -(-span // layer.stride) + 1
        # torch drops a last window that would begin in the padding on the far side
        return out - 1 if (out - 1) * layer.stride >= size + layer.padding else out
    return span // layer.stride + 1


def _reach(stage: Stage, rows: int, size: int) -> int | None:
    """The first row of the input of ``size`` that none of the first ``rows`` of a stage sees; None if all are seen."""
    field = stage.receptive_field
    end = min(field.offset + (rows - 1) * field.jump + field.size, field.reach or size)
    return end if end < size else None


def _next_stage(last: Stage, layer: LayerSpec, size: int) -> Stage:
    channels, height, width = last.shape
    receptive_field = last.receptive_field
    shape = last.shape
    parameters = multiply_adds = 0
    if isinstance(layer, Conv | MaxPool):
        if min(layer.kernel, layer.stride) < 1 or not 0 <= layer.padding < layer.kernel:
            # a window that lay wholly in the padding would see nothing
            raise ValueError(f"{layer.name}: kernel and stride must be at least 1, padding less than the kernel.")
        if isinstance(layer, MaxPool) and 2 * layer.padding > layer.kernel:
            raise ValueError(f"{layer.name}: a pool's padding must be at most half its kernel.")
        used = (out_size(height, layer) - 1) * layer.stride - layer.padding + layer.kernel
        reach = _reach(last, min(used, height), size)
        height, width = out_size(height, layer), out_size(width, layer)
        if height < 1 or width < 1:
            raise ValueError(f"{layer.name}: its input of {last.shape} is smaller than its kernel")
        receptive_field = ReceptiveField(
            receptive_field.size + (layer.kernel - 1) * receptive_field.jump,
            receptive_field.jump * layer.stride,
            receptive_field.offset - layer.padding * receptive_field.jump,
            reach,
        )
        if isinstance(layer, Conv):
            weights = layer.channels * channels * layer.kernel**2
            parameters, multiply_adds = weights + layer.channels, weights * height * width
            channels = layer.channels
        shape = (channels, height, width)
    elif isinstance(layer, Linear):
        multiply_adds = layer.channels * channels * height * width
        parameters = multiply_adds + layer.channels
        shape = (layer.channels, 1, 1)
        reach = _reach(last, height, size)
        receptive_field = ReceptiveField(reach or size, size, 0)
    return Stage(layer.name, layer, False, shape, receptive_field, parameters, multiply_adds)
