"""Packed weights: how they are rounded, that a file gives them back, and what is left alone."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

import zfdesk.engine as zf
import zfdesk.weights
from zfdesk.engine.packed_rows import PackedRows
from zfdesk.weights.packing import packed

NET = zf.ARCHITECTURES["zfnet-no3467"]


@pytest.fixture(scope="module")
def plain() -> zf.Model:
    return zf.random_model(NET(7), seed=3)


def test_every_weight_is_at_most_half_a_step_away(plain: zf.Model) -> None:
    model, losses = packed(plain)
    assert [(loss.layer, loss.kind) for loss in losses] == [
        *((stage.name, "float16") for stage in plain.architecture.stages if isinstance(stage.layer, zf.Conv)),
        *((stage.name, "int8 rows") for stage in plain.architecture.stages if isinstance(stage.layer, zf.Linear)),
    ]
    for loss in losses:
        before, after = plain.weights[f"{loss.layer}.weight"], model.weights[f"{loss.layer}.weight"]
        assert isinstance(before, torch.Tensor)
        if isinstance(after, PackedRows):
            step = before.abs().amax(1, keepdim=True) / 127
            assert float(((after.dense() - before).abs() / step).max()) <= 0.5 + 1e-4
            assert int(after.rows.abs().amax(1).min()) == 127, "the whole range is used"
            after = after.dense()
        else:
            assert np.array_equal(after.numpy(), before.numpy().astype(np.float16).astype(np.float32))
        assert loss.relative == pytest.approx(float((after - before).norm() / before.norm()), rel=1e-3)
        assert 0 < loss.relative < 0.02
        assert model.weights[f"{loss.layer}.bias"] is plain.weights[f"{loss.layer}.bias"]


def test_a_file_gives_it_back_and_packing_again_changes_nothing(plain: zf.Model, tmp_path: Path) -> None:
    model, _ = packed(plain)
    zfdesk.weights.save(plain, tmp_path / "plain.safetensors")
    zfdesk.weights.save(model, tmp_path / "packed.safetensors")
    assert (tmp_path / "packed.safetensors").stat().st_size < 0.5 * (tmp_path / "plain.safetensors").stat().st_size
    again = zfdesk.weights.load(tmp_path / "packed.safetensors")
    picture = np.random.default_rng(0).integers(0, 256, (224, 224, 3)).astype(np.uint8)
    wanted, found = (one.forward(picture).probabilities for one in (model, again))
    assert np.array_equal(wanted, found)
    twice, losses = packed(again)
    assert all(loss.relative == 0 for loss in losses)
    assert np.array_equal(twice.forward(picture).probabilities, wanted)


def test_what_float16_cannot_hold_and_rows_of_zeros(plain: zf.Model) -> None:
    first, last = f"{plain.architecture.stages[1].name}.weight", f"{plain.architecture.stages[-2].name}.weight"
    huge, empty = plain.weights[first].clone(), plain.weights[last].clone()  # type: ignore[union-attr]
    huge[0, 0, 0, 0] = 1e6
    empty[2] = 0
    model, losses = packed(replace(plain, weights=plain.weights | {first: huge, last: empty}))
    assert (losses[0].kind, losses[0].relative) == ("float32", 0)
    assert model.weights[first] is huge
    assert not model.weights[last].dense()[2].any()  # type: ignore[union-attr]
