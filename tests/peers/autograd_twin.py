"""The declared layers as an ordinary `nn.Module`, whose backward pass is the reconstruction under test.

Nothing of `zfdesk.engine.reconstruct` is used: torch's own convolution, pooling, normalisation, linear and softmax
modules with their own derivatives. Only three derivatives are replaced, each by an `autograd.Function`: that of the
rectification, for the deconvnet and for guided back-propagation, and, for both, those of normalisation (where asked)
and softmax, by the identity.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

import zfdesk.engine as zf
from zfdesk.engine.layers import LRN, Conv, Linear, MaxPool, ReLU, Softmax
from zfdesk.engine.packed_rows import PackedRows


class DeconvnetReLU(torch.autograd.Function):
    """Forward max(x, 0); backward the positive part of what comes down."""

    @staticmethod
    def forward(ctx, x: Tensor) -> Tensor:
        """Rectify."""
        return x.clamp(min=0)

    @staticmethod
    def backward(ctx, grad: Tensor) -> Tensor:
        """Zeiler & Fergus 2013, Section 2.1."""
        return grad.clamp(min=0)


class GuidedReLU(torch.autograd.Function):
    """Forward max(x, 0); backward the positive part of what comes down, where x was positive."""

    @staticmethod
    def forward(ctx, x: Tensor) -> Tensor:
        """Rectify and remember where."""
        ctx.save_for_backward(x)
        return x.clamp(min=0)

    @staticmethod
    def backward(ctx, grad: Tensor) -> Tensor:
        """Springenberg et al. 2015."""
        (x,) = ctx.saved_tensors
        return torch.where(x > 0, grad.clamp(min=0), torch.zeros_like(grad))


class PassedDown(torch.autograd.Function):
    """Forward some values already computed from x; backward the identity."""

    @staticmethod
    def forward(ctx, x: Tensor, values: Tensor) -> Tensor:
        """The values."""
        return values.clone()

    @staticmethod
    def backward(ctx, grad: Tensor) -> tuple[Tensor, None]:
        """What comes down, as it is."""
        return grad, None


class Twin(nn.Module):
    """A `Model` again, in float64. ``rule``: a name of `zfdesk.engine.Rule`."""

    def __init__(self, model: zf.Model, rule: str, lrn_derivative: bool | None = None) -> None:
        super().__init__()
        self.rule = rule
        self.derivative = rule != "deconvnet" if lrn_derivative is None else lrn_derivative
        self.declared = model.architecture.layers
        self.parts = nn.ModuleDict()
        maps, before = 3, {stage.name: stage.shape for stage in model.architecture.stages}
        inputs = 0
        for layer in self.declared:
            match layer:
                case Conv(name, channels, kernel, stride, padding):
                    self.parts[name] = nn.Conv2d(maps, channels, kernel, stride, padding)
                    maps = channels
                case MaxPool(name, kernel, stride, padding, ceil):
                    self.parts[name] = nn.MaxPool2d(kernel, stride, padding, ceil_mode=ceil)
                case LRN(name, size, alpha, beta, k):
                    self.parts[name] = nn.LocalResponseNorm(size, alpha, beta, k)
                case Linear(name, channels):
                    weight = model.weights[f"{name}.weight"]
                    inputs = weight.shape[1]
                    self.parts[name] = nn.utils.skip_init(nn.Linear, inputs, channels, dtype=torch.float64)
                    maps = channels
                case Softmax(name):
                    self.parts[name] = nn.Softmax(1)
        assert before.keys() - {"input"} == set(self.parts)
        self.double().requires_grad_(False)
        for name, weight in model.weights.items():
            layer_name, kind = name.split(".")
            if isinstance(weight, PackedRows):
                weight = weight.rows.double() * weight.scale.double()[:, None]
            parameter = getattr(self.parts[layer_name], kind)
            assert parameter.shape == weight.shape
            parameter.copy_(weight)

    def rectify(self, x: Tensor) -> Tensor:
        """max(x, 0) with the backward pass of the rule."""
        if self.rule == "deconvnet":
            return DeconvnetReLU.apply(x)
        return GuidedReLU.apply(x) if self.rule == "guided" else x.relu()

    def forward(self, x: Tensor) -> dict[str, Tensor]:
        """Every stage's activation by name, vectors as (N, units)."""
        found, name = {"input": x}, "input"
        for layer in self.declared:
            if isinstance(layer, ReLU):
                x = self.rectify(x)
            else:
                name, part = layer.name, self.parts[layer.name]
                kept = (isinstance(layer, LRN) and not self.derivative) or (
                    isinstance(layer, Softmax) and self.rule != "gradient"
                )
                if isinstance(layer, Linear):
                    x = x.flatten(1)
                x = PassedDown.apply(x, part(x.detach())) if kept else part(x)
            found[name] = x
        return found

    def walk(self, found: dict[str, Tensor], seed: zf.Seed, positions: tuple[tuple[int, int], ...]) -> Tensor:
        """The backward pass from the seed's positions to the picture, (3, height, width)."""
        value = found[seed.layer]
        start = torch.zeros_like(value)
        layer = next(layer for layer in self.declared if layer.name == seed.layer)
        place = self.declared.index(layer)
        rectified = place + 1 < len(self.declared) and isinstance(self.declared[place + 1], ReLU)
        score = isinstance(layer, Linear | Softmax) and not rectified
        for y, x in positions:
            at = (0, seed.unit) if value.ndim == 2 else (0, seed.unit, y, x)
            start[at] = value[at].detach() if self.rule == "deconvnet" and not score else 1
        (gradient,) = torch.autograd.grad(value, found["input"], start, retain_graph=True)
        return gradient[0]
