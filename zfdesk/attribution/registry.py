"""What a method of attribution is, and what it gives. They register themselves in `methods`; imports no torch."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import TYPE_CHECKING

from zfdesk.cancellation import checkpoint

if TYPE_CHECKING:
    import numpy as np
    from torch import Tensor

    from zfdesk.attribution.cam import CamHead
    from zfdesk.engine import Model, Pass, Seed


@dataclass(frozen=True)
class Options:
    """What a method can be told; each uses what it names in ``Method.options``.

    ``layer``: whose maps are weighted (default: the last convolution). ``samples`` and ``noise`` (standard deviation,
    as a share of the picture's range) of SmoothGrad, with its ``seed``; ``steps`` of integrated gradients on the way
    from the network's mean picture; ``epsilon`` of LRP, as a share of each layer's root mean square; ``head``: of CAM.
    Raises ValueError for numbers out of range.
    """

    layer: str | None = None
    samples: int = 16
    noise: float = 0.15
    steps: int = 24
    epsilon: float = 0.05
    seed: int = 0
    head: CamHead | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        if not (1 <= self.samples <= 1000 and 1 <= self.steps <= 1000):
            raise ValueError("A method takes 1 to 1000 samples or steps.")
        if not (0 <= self.noise <= 10 and 0 <= self.epsilon <= 10):
            raise ValueError("A method's noise and epsilon are shares from 0 to 10.")


MethodFunction = Callable[["Pass", "Seed", Options], "Tensor"]


@dataclass(frozen=True)
class Method:
    """One way to tell what an answer rests on.

    ``function``: of the pass of one picture, a seed whose positions are settled, and options: a signed picture
    (3, size, size) in the network's channel order, or a map (height, width) of any size. ``walk``: one of the three
    rules of `zfdesk.engine.reconstruct`, whose name it bears. ``signed``: whether values below zero speak against.
    ``options``: the fields of `Options` that it heeds. ``classes_only``: it knows classes, and no other units.
    """

    name: str
    label: str
    help: str
    source: str
    function: MethodFunction = field(repr=False)
    walk: bool = False
    signed: bool = True
    options: tuple[str, ...] = ()
    classes_only: bool = False


_METHODS: dict[str, Method] = {}
METHODS: Mapping[str, Method] = MappingProxyType(_METHODS)
"""Every method by name, in the order they are offered."""


def method(
    name: str, label: str, help: str, source: str, *, walk: bool = False, signed: bool = True,
    options: tuple[str, ...] = (), classes_only: bool = False,
) -> Callable[[MethodFunction], MethodFunction]:  # fmt: skip
    """Register a function as a method, see `Method`. Raises ValueError for a name that is taken."""

    def registered(function: MethodFunction) -> MethodFunction:
        if name in _METHODS:
            raise ValueError(f"Two methods are called {name}.")
        _METHODS[name] = Method(name, label, help, source, function, walk, signed, options, classes_only)
        return function

    return registered


@dataclass(frozen=True, eq=False)
class Attribution:
    """What a method found. ``values``: its own, float64 (size, size, 3) RGB or a map (height, width); ``heat``: float64
    (size, size), how much each pixel counts, higher = more, never negative. Both read-only."""

    method: Method
    target: Seed
    options: Options
    values: np.ndarray
    heat: np.ndarray
    classes: tuple[str, ...] = field(default=(), repr=False)
    class_layers: tuple[str, ...] = ()

    @property
    def layer(self) -> str | None:
        """The layer whose maps are weighted, for the methods that do so."""
        return self.options.layer if "layer" in self.method.options else None

    def target_text(self) -> str:
        """The target as text, a class with its name: tabby (fc8:281)."""
        target = self.target
        name = f"{target.layer}:{target.unit}"
        known = target.layer in self.class_layers and target.unit < len(self.classes)
        return f"{self.classes[target.unit]} ({name})" if known else name

    def description(self) -> str:
        """Return the target, the method and all its options as text."""
        texts = {
            "layer": f"at {self.options.layer}", "samples": f"{self.options.samples} samples",
            "noise": f"noise {self.options.noise:g}", "steps": f"{self.options.steps} steps",
            "epsilon": f"ε {self.options.epsilon:g}", "seed": f"seed {self.options.seed}",
            "head": self.options.head.description() if self.options.head else "",
        }  # fmt: skip
        return ", ".join([self.target_text(), self.method.label, *(texts[option] for option in self.method.options)])


def method_called(name: str) -> Method:
    """The method of a name. Raises ValueError where there is none."""
    if name not in METHODS:
        raise ValueError(f"There is no method {name!r}; there are {', '.join(METHODS)}.")
    return METHODS[name]


def class_target(model: Model, index: int) -> Seed:
    """The target that is a class: its score, before the softmax. Raises ValueError for one that does not exist."""
    from zfdesk.engine import Seed

    if not 0 <= index < len(model.classes):
        raise ValueError(f"There is no class {index}; there are 0 to {len(model.classes) - 1}.")
    return Seed(model.architecture.class_layers[0], index)


def attribute(forward_pass: Pass, target: Seed, name: str, options: Options | None = None) -> Attribution:
    """What a unit of ``forward_pass``, the pass of one picture, rests on, by the method called ``name``.

    Raises ValueError for a method, layer, unit or position that does not exist, and for a method that cannot
    answer for this target; `Cancelled` where the thread's work is cancelled, also while a method goes on.
    """
    import numpy as np

    from zfdesk.attribution.preparation import heat_of, layer_for, settled

    chosen, options = method_called(name), options or Options()
    architecture = forward_pass.model.architecture
    if chosen.classes_only and target.layer not in architecture.class_layers:
        raise ValueError(f"{chosen.label} answers for classes, not for a unit of {target.layer}.")
    if "layer" in chosen.options:
        options = replace(options, layer=layer_for(architecture, target.layer, options.layer))
    target = settled(forward_pass, target)
    checkpoint()
    values = chosen.function(forward_pass, target, options)
    if values.ndim == 3:
        values = forward_pass.model.input.to_rgb(values).permute(1, 2, 0)
    array = np.array(values.numpy(), dtype=np.float64)
    heat = heat_of(array, architecture.size)
    for made in (array, heat):
        made.setflags(write=False)
    return Attribution(chosen, target, options, array, heat, forward_pass.model.classes, architecture.class_layers)
