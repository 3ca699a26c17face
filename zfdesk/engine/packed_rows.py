"""Matrices as int8 rows with a scale each, and fast products with them that are as exact as float32.

A product of one vector takes as long as reading the matrix: bytes are what counts. `IntegerRows` reads a byte a number,
`HalfRows` two; dense float32 would be four.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

import torch
from torch import Tensor


@dataclass(frozen=True, eq=False)
class PackedRows:
    """A matrix as int8 rows (out, in), each with its float32 scale (out,): weight = rows · scale[:, None]."""

    rows: Tensor
    scale: Tensor

    @property
    def shape(self) -> torch.Size:
        """(outputs, inputs), as of the dense matrix."""
        return self.rows.shape

    def dense(self, dtype: torch.dtype = torch.float32) -> Tensor:
        """The matrix itself, (out, in), of ``dtype``."""
        return self.rows.to(dtype) * self.scale.to(dtype)[:, None]

    def transposed_product(self, signal: Tensor) -> Tensor:
        """signal (n, out) times the matrix (out, in): (n, in). In slices, so that the dense matrix never exists."""
        scaled = signal * self.scale.to(signal.dtype)
        result = signal.new_zeros(signal.shape[0], self.rows.shape[1])
        for rows, part in zip(self.rows.split(256), scaled.split(256, dim=1), strict=True):
            result.addmm_(part, rows.to(signal.dtype))
        return result


LONGEST_ROW = (2**31 - 1) // (255 * 128)
"""Numbers in a row whose sum 32 bits hold, whatever they are."""


class IntegerRows:
    """The product with `PackedRows` in integers: an input is written as three digits to the base of 256, which the
    processor multiplies with int8 and adds in 32 bits without any rounding.

    24 bits are those of float32; the errors are those of reading the input, a tenth of what float32 sums have.
    """

    DIGITS = 3

    def __init__(self, weight: PackedRows) -> None:
        self._packed: Tensor = torch.ops.onednn.qlinear_prepack(weight.rows, None)
        self._scale, self._zeros = weight.scale, torch.zeros(len(weight.scale), dtype=torch.int64)

    def __call__(self, x: Tensor, bias: Tensor) -> Tensor:
        """x · weightᵀ + bias: x (n, in), float32; bias (out,) → (n, out)."""
        if bool(x.amin() < 0):  # digits have no sign
            return self(x.clamp_min(0), bias) - self(x.neg().clamp_min_(0), torch.zeros_like(bias))
        unit = x.amax(1, keepdim=True).clamp_min_(1e-30).div_(255)  # of the first digit; not finite where x is not
        digits = torch.empty(self.DIGITS, *x.shape, dtype=torch.uint8)
        rest = x / unit
        for place, digit in enumerate(digits, start=1):
            digit.copy_(rest if place < self.DIGITS else rest.round().clamp_max_(255))
            rest = rest.sub_(digit).mul_(256)
        first, *others = self._multiplied(digits.flatten(0, 1)).view(self.DIGITS, len(x), -1).flip(0)
        for more in others:
            first = first.div_(256).add_(more)
        return torch.addcmul(bias, first, unit)

    def _multiplied(self, digits: Tensor) -> Tensor:
        result: Tensor = torch.ops.onednn.qlinear_pointwise(
            digits, 1.0, 0, self._packed, self._scale, self._zeros, None, 1.0, 0, torch.float32, "none", [], ""
        )
        return result


LONGEST_SUM = 4096
"""Products that fbgemm adds one after the other into one float32: with ZFNet's 9216 the rounding grew to 8e-6 of fc6's
largest value, in three parts it is 2e-6."""


class HalfRows:
    """The product with `PackedRows`, whose integers are read in half precision; exact but for the order of sums."""

    def __init__(self, weight: PackedRows) -> None:
        count = -(-weight.shape[1] // LONGEST_SUM)
        parts = weight.rows.tensor_split(count, 1)
        self._widths = [part.shape[1] for part in parts]
        self._parts: list[Any] = [
            torch.ops.quantized.linear_prepack_fp16(part.float().contiguous(), None) for part in parts
        ]
        self._scale = weight.scale

    def __call__(self, x: Tensor, bias: Tensor) -> Tensor:
        """x · weightᵀ + bias: x (n, in), float32; bias (out,) → (n, out)."""
        multiply = torch.ops.quantized.linear_dynamic_fp16
        first, *others = (multiply(x, part) for x, part in zip(x.split(self._widths, 1), self._parts, strict=True))
        for other in others:
            first.add_(other)
        return torch.addcmul(bias, first, self._scale)


@cache
def multiplies_integers() -> bool:
    """Whether oneDNN multiplies bytes fast here, with AVX-512's VNNI, and as exactly as `IntegerRows` needs.

    Processors without it add pairs of products in 16 bits, which overflows, or take longer than `HalfRows`.
    """
    if not torch.cpu.get_capabilities().get("avx512_vnni"):
        return False
    weight = PackedRows(torch.tensor([[127], [-128]], dtype=torch.int8).repeat(1, 64), torch.tensor([1.0, 0.5]))
    try:
        product = IntegerRows(weight)(torch.full((1, 64), 3.0), torch.zeros(2))
    except (RuntimeError, AttributeError):
        return False
    return torch.allclose(product, torch.tensor([[64 * 381.0, -64 * 192.0]]), rtol=1e-6)


@cache
def reads_half_precision() -> bool:
    """Whether torch multiplies float32 with half-precision matrices here, without rounding the float32.

    Its fbgemm does, on x86.
    """
    try:
        packed = torch.ops.quantized.linear_prepack_fp16(torch.tensor([[1.0, 0.0], [-128.0, 127.0]]), None)
        x = torch.tensor([[1 + 2.0**-20, 3.0]])
        product = torch.ops.quantized.linear_dynamic_fp16(x, packed)
    except (RuntimeError, AttributeError):
        return False
    return torch.equal(product, torch.tensor([[1 + 2.0**-20, 253 - 2.0**-13]]))


def fast_product(weight: PackedRows) -> IntegerRows | HalfRows | None:
    """The fastest product that is exact here; None where that is float32's."""
    if multiplies_integers() and weight.shape[1] <= LONGEST_ROW:
        return IntegerRows(weight)
    return HalfRows(weight) if reads_half_precision() else None
