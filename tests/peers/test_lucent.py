"""What lucent says an objective is worth on the same picture and the same module. lucent is no dependency of ours:

pip install --no-deps torch-lucent kornia==0.4.1; pip install decorator ipython;
pytest -m slow tests/peers/test_lucent.py
"""

from __future__ import annotations

import contextlib
import io
from typing import Any

import numpy as np
import pytest
import torch
from engine_nets import quick_weights
from torchvision_peer import import_torchvision

import zfdesk.engine as zf
from zfdesk.cli.bench_timing import eager_module
from zfdesk.engine.layers import LRN, Architecture, Conv, Linear, MaxPool, ReLU, Softmax
from zfdesk.synthesis import Maximiser, MaximiseRecipe
from zfdesk.synthesis.objectives import WHOLE, Objective, Term, of_class, of_unit
from zfdesk.synthesis.steps import as_tensor, normaliser

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore")]

LAYERS = (
    Conv("conv1", 8, 5, 2, 2), ReLU("relu1"), MaxPool("pool1", 3, 2, 1), LRN("norm1"), Conv("conv2", 10, 3, 1, 1),
    ReLU("relu2"), Linear("fc6", 12), ReLU("relu6"), Linear("fc8", 5), Softmax("prob"),
)  # fmt: skip
NET = Architecture("small", "Small", LAYERS, 40)


@pytest.fixture
def lucent() -> Any:
    """Its objectives and its way to look into a module."""
    try:
        import_torchvision()
        with contextlib.redirect_stdout(io.StringIO()):
            from lucent.optvis import objectives
            from lucent.optvis.render import hook_model
    except (ImportError, RuntimeError, AttributeError):
        pytest.skip("lucent is not installed")
    return objectives, hook_model


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (of_unit("conv2", 7), lambda them: them.neuron("conv2", 7)),
        (of_unit("conv2", 7, (1, 8)), lambda them: them.neuron("conv2", 7, x=8, y=1)),
        (of_unit("conv1", 3, WHOLE), lambda them: them.channel("conv1", 3)),
        (of_class(NET, 2), lambda them: them.channel("fc8", 2)),
        (
            Objective((Term("conv2", 4, WHOLE, 0.5), Term("conv2", 9, WHOLE, -2.0))),
            lambda them: 0.5 * them.channel("conv2", 4) - 2 * them.channel("conv2", 9),
        ),
    ],
)
def test_objectives_are_worth_what_lucent_says(lucent: Any, ours: Objective, theirs: Any) -> None:
    objectives, hook_model = lucent
    model = zf.Model(NET, quick_weights(NET, seed=2))
    picture = np.random.default_rng(1).integers(0, 256, (40, 40, 3), np.uint8)
    module = eager_module(model)
    x = normaliser(model)(as_tensor(picture))
    hook = hook_model(module, lambda: x)
    with torch.no_grad():
        module(x)
        wanted = -float(objectives.as_objective(theirs(objectives))(hook))  # it is made small
    maker = Maximiser(model, [ours], MaximiseRecipe())
    top, left, bottom, right = maker.field
    found = float(maker.true_values(picture[None, top:bottom, left:right])[0])
    assert found == pytest.approx(wanted, rel=1e-5, abs=1e-6)
