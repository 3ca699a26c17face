"""From a declared network to one that learns and back: the same function, whatever batch norm is folded in."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import pytest
import tiny
import torch
import torch.nn.functional as F
from torch import nn

from zfdesk.engine import ARCHITECTURES, LRN, random_model
from zfdesk.training.functions import BatchNorm, band_of, dropout, normalised
from zfdesk.training.network import TrainingNetwork, exported, initialise, network_input, start_from
from zfdesk.training.recipe import MODERN, PAPER

PLAIN = dataclasses.replace(MODERN, batch_norm=False, dropout=0.0)


def pictures(count: int = 12, side: int = 32) -> torch.Tensor:
    """Inputs of the tiny network."""
    generator = np.random.default_rng(side)
    views = [tiny.picture(number, number, max(side, 40))[:side, :side] for number in range(count)]
    noise = generator.integers(0, 256, (count, side, side, 3), dtype=np.uint8)
    return network_input(torch.from_numpy(np.concatenate([np.stack(views), noise])))


def lived(recipe=MODERN, steps: int = 5) -> TrainingNetwork:
    """A network whose batch norm has seen something, with odd scales and shifts."""
    network = TrainingNetwork(tiny.tiny(), recipe, 4)
    initialise(network, 3)
    torch.manual_seed(1)
    with torch.no_grad():
        network.filters_of("fc8").weight *= 100  # or all scores would be alike
    for norm in network.norms.values():
        nn.init.uniform_(norm.weight, -1.5, 1.5)
        nn.init.uniform_(norm.bias, -1, 1)
    network.train()
    for _ in range(steps):
        network(pictures())
    return network.eval()


def with_torch_s_own(network: TrainingNetwork, x: torch.Tensor) -> torch.Tensor:
    """The same network written down with torch's modules alone, in evaluation mode."""
    for stage in network.architecture.stages[1:]:
        layer = stage.layer
        if stage.name in network.filters:
            filters = network.filters_of(stage.name)
            x = filters(x.flatten(1) if isinstance(filters, nn.Linear) else x)
            if (norm := network.norm_of(stage.name)) is not None:
                kind = nn.BatchNorm2d if x.ndim == 4 else nn.BatchNorm1d
                theirs = kind(len(norm.weight)).eval()
                theirs.load_state_dict({**norm.state_dict(), "num_batches_tracked": torch.tensor(0)})
                x = theirs(x)
            x = x.relu() if stage.rectified else x
        elif isinstance(layer, LRN):
            x = F.local_response_norm(x, layer.size, layer.alpha, layer.beta, layer.k)
        elif stage.name.startswith("pool"):
            x = F.max_pool2d(x, layer.kernel, layer.stride, layer.padding)
    return x


def test_the_exported_network_is_the_trained_one() -> None:
    """Batch norm folded into plain layers: scores equal to 1e-4 to torch's own modules, the same first class."""
    network, x = lived(), pictures()
    with torch.no_grad():
        # or one class would win for all pictures
        network.filters_of("fc8").bias -= with_torch_s_own(network, x).mean(0)
        wanted = with_torch_s_own(network, x)
        ours, _ = network(x)
    assert len(set(wanted.argmax(1).tolist())) > 1
    model = exported(network, network.state_dict(), ("a", "b", "c"), "test")
    assert model.weights.keys() == ARCHITECTURES["tiny"](3).weight_shapes().keys()
    scores = model.forward(x).activations["fc8"][:, :, 0, 0]
    assert float((ours - wanted).abs().max()) < 1e-4
    assert float((scores - wanted).abs().max()) < 1e-4
    assert torch.equal(scores.argmax(1), wanted.argmax(1))


def test_a_start_changes_nothing() -> None:
    """A checkpoint's function stays its own, with batch norm measured on a few batches, and without."""
    model, x = random_model(tiny.tiny(), 7), pictures()
    wanted = model.forward(x, reference=True).activations["fc8"][:, :, 0, 0]
    for recipe in (MODERN, PLAIN):
        network = TrainingNetwork(tiny.tiny(), recipe)
        initialise(network, 0)
        assert start_from(network, model, [x[:10], x[10:]]) == []
        with torch.no_grad():
            scores, _ = network.eval()(x)
            assert float((scores - wanted).abs().max()) < 1e-4 * float(wanted.abs().max())
            if recipe.batch_norm:
                learning, _ = network.train()(x)
                # the batch is the one that was measured: its own statistics are those
                assert float((learning - wanted).abs().max()) < 0.05 * float(wanted.abs().max())
        for name in network.norms:
            weight = network.filters_of(name).weight
            fresh = math.sqrt(2 / math.prod(weight.shape[1:]))
            assert float(weight.detach().square().mean().sqrt()) == pytest.approx(fresh, rel=1e-4)


def test_a_start_keeps_what_does_not_fit() -> None:
    """Another number of classes: the last layer begins anew, and is named."""
    model, network = random_model(tiny.tiny(5), 7), TrainingNetwork(tiny.tiny(3), PLAIN)
    initialise(network, 0)
    assert start_from(network, model, []) == ["fc8"]
    assert torch.equal(network.filters_of("conv1").weight, model.weights["conv1.weight"])


@pytest.mark.parametrize("side", [32, 24, 48])
def test_other_sides_reach_the_same_layers(side: int) -> None:
    """At the declared side the pooling is the declared one, at others adapted to what fc6 wants."""
    network = lived(PLAIN)
    x = pictures(side=side)
    with torch.no_grad():
        scores, _ = network(x)
        if side == 32:
            torch.testing.assert_close(scores, with_torch_s_own(network, x), rtol=1e-5, atol=1e-5)
    assert scores.shape == (24, 3)
    assert scores.isfinite().all()


def test_every_declared_architecture_can_be_built(monkeypatch: pytest.MonkeyPatch) -> None:
    """On the meta device, which holds no numbers: parameters as declared, scores for all classes at two sides."""
    monkeypatch.setattr("zfdesk.training.network.normalised", lambda x, layer, band: x)  # of no use without numbers
    for name, make in ARCHITECTURES.items():
        architecture = make(7)
        with torch.device("meta"):
            network = TrainingNetwork(architecture, dataclasses.replace(MODERN, batch_norm=False), 0).eval()
            assert sum(p.numel() for p in network.parameters()) == architecture.parameters, name
            for side in (architecture.size, architecture.size * 3 // 4):
                scores, _ = network(torch.empty(2, 3, side, side))
                assert scores.shape == (2, 7), name


def test_contrast_normalisation_and_its_gradient() -> None:
    """Against torch's own, whose gradient autograd finds."""
    for layer, channels in ((LRN("n"), 7), (LRN("n", size=4, alpha=0.3, beta=0.6, k=1.5), 5)):
        torch.manual_seed(0)
        ours = torch.randn(3, channels, 4, 5, requires_grad=True)
        theirs = ours.detach().clone().requires_grad_()
        y = normalised(ours, layer, band_of(layer, channels))
        z = F.local_response_norm(theirs, layer.size, layer.alpha, layer.beta, layer.k)
        torch.testing.assert_close(y, z, rtol=1e-5, atol=1e-6)
        signal = torch.randn_like(y)
        y.backward(signal)
        z.backward(signal)
        torch.testing.assert_close(ours.grad, theirs.grad, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("shape", [(6, 4, 3, 5), (9, 4)])
def test_batch_norm_over_processes_is_torch_s(shape: tuple[int, ...], monkeypatch: pytest.MonkeyPatch) -> None:
    """The formula used over several processes, with a world of one: values, gradients, running statistics."""
    torch.manual_seed(0)
    ours, theirs = BatchNorm(4), (nn.BatchNorm2d(4) if len(shape) == 4 else nn.BatchNorm1d(4))
    nn.init.uniform_(ours.weight)
    theirs.load_state_dict({**ours.state_dict(), "num_batches_tracked": torch.tensor(0)})
    monkeypatch.setattr("torch.distributed.all_reduce", lambda tensor: None)
    x = torch.randn(shape) * 3 + 1
    one, other = x.clone().requires_grad_(), x.clone().requires_grad_()
    y, z = ours.over_processes(one), theirs(other)
    signal = torch.randn(shape)
    y.backward(signal)
    z.backward(signal)
    torch.testing.assert_close(y, z)
    torch.testing.assert_close(one.grad, other.grad, rtol=1e-4, atol=1e-6)
    torch.testing.assert_close(ours.weight.grad, theirs.weight.grad)
    for name in ("running_mean", "running_var"):
        torch.testing.assert_close(getattr(ours, name), getattr(theirs, name))


def test_dropout_depends_on_the_place_alone() -> None:
    """Two halves of a batch lose what the whole loses; the mean stays; another step loses others."""
    x = torch.ones(10, 400)
    whole = dropout(x, 0.25, (1, 5, 2), (0, 10))
    halves = [dropout(x[:4], 0.25, (1, 5, 2), (0, 10)), dropout(x[4:], 0.25, (1, 5, 2), (4, 10))]
    assert torch.equal(torch.cat(halves), whole)
    assert whole.unique().tolist() == pytest.approx([0, 4 / 3])
    assert float(whole.mean()) == pytest.approx(1, abs=0.05)
    assert not torch.equal(dropout(x, 0.25, (1, 6, 2), (0, 10)), whole)


def test_first_weights() -> None:
    """The paper's: normal of 0.01, biases 0; the seed fixes them."""
    network = TrainingNetwork(tiny.tiny(), PAPER)
    initialise(network, 1)
    weights = torch.cat([network.filters_of(name).weight.flatten() for name in network.filters])
    assert float(weights.detach().std()) == pytest.approx(0.01, rel=0.05)
    assert all(not network.filters_of(name).bias.any() for name in network.filters)
    again = TrainingNetwork(tiny.tiny(), PAPER)
    initialise(again, 1)
    assert torch.equal(network.filters_of("fc6").weight, again.filters_of("fc6").weight)
    initialise(again, 2)
    assert not torch.equal(network.filters_of("fc6").weight, again.filters_of("fc6").weight)
