"""The peers' networks with random weights that are quick to make and small on disk, and what agreeing means."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torchvision_peer import import_torchvision

import zfdesk.engine as zf

torchvision = import_torchvision()
# its package wants torchvision
from pytorchcv.models.zfnet import zfnet, zfnetb  # noqa: E402

MAKERS: dict[str, tuple[Callable[..., torch.nn.Module], str, float]] = {
    "torchvision alexnet": (torchvision.models.alexnet, "alexnet", 5),
    "torchvision vgg16": (torchvision.models.vgg16, "vgg16", 30),
    "pytorchcv zfnet": (zfnet, "pytorchcv-zfnet", 30),
    "pytorchcv zfnetb": (zfnetb, "pytorchcv-zfnetb", 30),
}
State = dict[str, torch.Tensor]


def random_state(
    make: Callable[..., torch.nn.Module], last: float = 1, **options: int
) -> tuple[torch.nn.Module, State]:
    """The network without memory of its own and a random state dict of it that is quick to make and small on disk.

    All weights are overlapping windows of one random vector: entry (o, i, …) is number 31·o + i·k² + …; so any exchange
    of rows, channels or positions still changes the answer. ``last``: times the last layer's usual size, for answers
    that differ between networks.
    """
    with torch.device("meta"):
        net = make(**options).eval()
    pool = torch.randn(160_000, generator=torch.Generator().manual_seed(0))
    state = {}
    for name, value in net.state_dict().items():
        if value.ndim == 1:
            state[name] = 0.1 * pool[7 : 7 + len(value)]
        else:
            inner = value[0].numel()
            scaled = pool * (2 / inner) ** 0.5 * (last if "classifier.6" in name or "fc3" in name else 1)
            strides = torch.empty(value.shape[1:], device="meta").stride()
            state[name] = scaled.as_strided(tuple(value.shape), (31, *strides))
    return net, state


def picture(seed: int = 3) -> torch.Tensor:
    """A smooth random input, (1, 3, 224, 224)."""
    coarse = torch.randn(1, 3, 14, 14, generator=torch.Generator().manual_seed(seed))
    return torch.nn.functional.interpolate(coarse, 224, mode="bicubic", align_corners=False)


def agrees(model: zf.Model, wanted: torch.Tensor, x: torch.Tensor) -> None:
    """The same probabilities, within 1e-5 on the reference path and 0.005 on the fast one; and not by being flat."""
    assert 0.02 < wanted.max() < 0.98
    assert (model.forward(x, reference=True).probabilities - wanted).abs().max() < 1e-5
    assert (model.forward(x).probabilities - wanted).abs().max() < 0.005
