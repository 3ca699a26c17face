"""The loss and its parts, the limit of filters, the running mean: against formulas written down another way."""

from __future__ import annotations

import colorsys
import dataclasses

import numpy as np
import pytest
import tiny
import torch
import torch.nn.functional as F
from torch import nn

from zfdesk.engine.picture import InputSpec
from zfdesk.training.loader import Batch
from zfdesk.training.losses import count_hits, density, inputs, losses
from zfdesk.training.network import TrainingNetwork, initialise
from zfdesk.training.optimise import RunningMean, limit_filters, make_optimiser
from zfdesk.training.recipe import MODERN, PAPER

CPU = torch.device("cpu")


def batch(count: int = 6, answered: bool = True, soft: bool = False, seed: int = 0) -> Batch:
    """Made-up pictures with labels, and a teacher's answers to all but the last."""
    generator = np.random.default_rng(seed)
    given = np.array([answered and row < count - 1 for row in range(count)])
    shares = generator.dirichlet(np.ones(4), count).astype(np.float32) if soft else None
    if shares is not None:
        shares[0] = 0
    return Batch(
        generator.integers(0, 256, (count, 8, 8, 3), dtype=np.uint8), generator.integers(0, 4, count), shares,
        generator.normal(0, 2, (count, 4)).astype(np.float32) if answered else None,
        generator.normal(0, 1, (count, 5)).astype(np.float32) if answered else None,
        given, generator.uniform(-1, 1, (count, 3)).astype(np.float32), np.arange(count), 0,
    )  # fmt: skip


def test_hard_labels_are_cross_entropy() -> None:
    """As torch counts it, with its label smoothing."""
    told, scores = batch(answered=False), torch.randn(6, 4)
    recipe = dataclasses.replace(MODERN, label_smoothing=0.1)
    loss, parts = losses(scores, None, told, recipe, 6)
    wanted = F.cross_entropy(scores, torch.from_numpy(told.labels), label_smoothing=0.1)
    torch.testing.assert_close(loss, wanted)
    assert list(parts) == ["label"]


def test_density_of_maps() -> None:
    """1 for equal values, 1/√n for a single one, 0 for none, and the scale does not matter; held down by its weight."""
    alone = torch.zeros(4, 5, 5)
    alone[2, 3, 1] = 7.0
    maps = torch.stack([torch.full((4, 5, 5), 3.0), alone, torch.zeros(4, 5, 5)])
    torch.testing.assert_close(density(maps), torch.tensor([1.0, 0.1, 0.0]))
    maps = torch.rand(6, 4, 5, 5)
    torch.testing.assert_close(density(maps), density(maps * 100))
    told, scores = batch(answered=False), torch.randn(6, 4)
    recipe = dataclasses.replace(MODERN, density_weight=0.5)
    plain, more = losses(scores, None, told, MODERN, 6, maps)[0], losses(scores, None, told, recipe, 6, maps)
    torch.testing.assert_close(more[0] - plain, 0.5 * density(maps).mean())
    assert more[1].keys() == {"label", "density"}


def test_the_penalty_thins_out_the_last_convolution() -> None:
    """A few steps with nothing but the penalty leave its maps less dense; without one they are not kept."""
    recipe = dataclasses.replace(MODERN, dropout=0.0, density_weight=1.0)
    network = TrainingNetwork(tiny.tiny(4), recipe)
    initialise(network, 0)
    optimiser = make_optimiser(network, recipe)
    x = torch.randn(8, *network.architecture.stages[0].shape, generator=torch.Generator().manual_seed(0)) * 50
    seen = []
    for _ in range(12):
        network(x)
        assert network.last_maps is not None
        loss = density(network.last_maps).mean()
        loss.backward()
        optimiser.step()
        optimiser.zero_grad()
        seen.append(float(loss.detach()))
    assert seen[-1] < 0.95 * seen[0]


def test_soft_labels_are_cross_entropy() -> None:
    """As torch counts it with probabilities; where there are none the label counts."""
    told, scores = batch(answered=False, soft=True), torch.randn(6, 4)
    loss, _ = losses(scores, None, told, dataclasses.replace(MODERN, label_smoothing=0.0), 6)
    shares = torch.from_numpy(told.soft)
    shares[0] = F.one_hot(torch.tensor(told.labels[0]), 4)
    torch.testing.assert_close(loss, F.cross_entropy(scores, shares))


@pytest.mark.parametrize("kind", ["cosine", "mse"])
def test_a_teacher_s_answers(kind: str) -> None:
    """KL divergence and embedding, of those that were answered; the last picture learns its label."""
    told, scores, guessed = batch(), torch.randn(6, 4), torch.randn(6, 5)
    recipe = dataclasses.replace(
        MODERN, temperature=2.0, soft_weight=0.7, embedding_weight=0.3, embedding_loss=kind, label_smoothing=0.0
    )
    loss, parts = losses(scores, guessed, told, recipe, 6)
    soft = F.kl_div(
        F.log_softmax(scores[:5] / 2, 1), F.softmax(torch.from_numpy(told.logits[:5]) / 2, 1), reduction="sum"
    )
    theirs = torch.from_numpy(told.embedding[:5])
    if kind == "cosine":
        apart = F.cosine_embedding_loss(guessed[:5], theirs, torch.ones(5), reduction="sum")
    else:
        apart = F.mse_loss(guessed[:5], theirs, reduction="sum") / 5
    label = F.cross_entropy(scores[5:], torch.from_numpy(told.labels[5:]))
    torch.testing.assert_close(parts["soft"], soft * 4 / 6)
    torch.testing.assert_close(parts["embedding"], apart / 6)
    torch.testing.assert_close(parts["label"], label / 6)
    torch.testing.assert_close(loss, 0.7 * soft * 4 / 6 + 0.3 * apart / 6 + label / 6)


def test_the_parts_of_a_batch_add_up() -> None:
    """Two processes' halves give the loss of the whole."""
    told, scores, guessed = batch(), torch.randn(6, 4), torch.randn(6, 5)

    def part(rows: slice) -> torch.Tensor:
        fields = {
            field.name: value[rows] if isinstance(value := getattr(told, field.name), np.ndarray) else value
            for field in dataclasses.fields(told)
        }
        return losses(scores[rows], guessed[rows], Batch(**fields), MODERN, 6)[0]

    torch.testing.assert_close(part(slice(0, 2)) + part(slice(2, 6)), losses(scores, guessed, told, MODERN, 6)[0])


def test_right_answers_are_counted() -> None:
    """Against the label, or the teacher's first class where there is no label."""
    told = batch()
    told.labels[:3] = -1
    scores = torch.from_numpy(told.logits).clone()
    scores[3:] = F.one_hot(torch.from_numpy(told.labels[3:]), 4) * 9.0
    assert count_hits(scores, told) == (6, 6, 6)
    assert count_hits(-scores, told)[1] == 0


def test_colours_change_as_far_as_told() -> None:
    """Brightness against a plain product, saturation against colorsys' idea of it; without jitter nothing changes."""
    told = batch()
    plain = inputs(told, dataclasses.replace(MODERN, jitter=0.0), CPU)
    torch.testing.assert_close(plain, InputSpec().to_tensor(told.pictures))
    for row, colours in enumerate(([1, 0, 0], [0, 0, -1], [0, -1, 0])):
        told.colours[row] = colours
    changed = inputs(told, dataclasses.replace(MODERN, jitter=0.4), CPU)
    mean = torch.tensor(InputSpec().mean).view(3, 1, 1)
    brighter = (plain[0] + mean) * 1.4
    torch.testing.assert_close(changed[0] + mean, brighter.clamp(0, 255))
    pixel, paler = (plain[1] + mean)[:, 3, 3] / 255, (changed[1] + mean)[:, 3, 3] / 255
    assert colorsys.rgb_to_hsv(*paler.tolist())[1] < colorsys.rgb_to_hsv(*pixel.tolist())[1]
    assert float(changed[2].std()) < float(plain[2].std())


def test_filters_are_scaled_back() -> None:
    """Section 3, against a loop: those above the limit come down to it, the others and fully connected ones stay."""
    network = TrainingNetwork(tiny.tiny(), PAPER)
    initialise(network, 0)
    with torch.no_grad():
        network.filters_of("conv1").weight[::2] *= 30
        network.filters_of("fc6").weight *= 30
    before = {name: network.filters_of(name).weight.detach().numpy().copy() for name in network.filters}
    limit_filters(network, 0.1)
    scaled = 0
    for name, old in before.items():
        new = network.filters_of(name).weight.detach().numpy()
        for ours, filters in zip(new, old, strict=True):
            size = np.sqrt((filters.astype(np.float64) ** 2).mean())
            if filters.ndim == 3 and size > 0.1:
                filters = filters * (0.1 / size)
                scaled += 1
            np.testing.assert_allclose(ours, filters, rtol=1e-5)
    assert scaled == 3


def test_weight_decay_spares_biases_and_batch_norm() -> None:
    """Without a gradient a step with decay changes weights alone."""
    recipe = dataclasses.replace(MODERN, weight_decay=0.5, momentum=0.0, learning_rate=0.1)
    network = TrainingNetwork(tiny.tiny(), recipe)
    initialise(network, 0)
    before = {name: value.detach().clone() for name, value in network.named_parameters()}
    optimiser = make_optimiser(network, recipe)
    for parameter in network.parameters():
        parameter.grad = torch.zeros_like(parameter)
    optimiser.step()
    for name, value in network.named_parameters():
        torch.testing.assert_close(value.detach(), before[name] * (0.95 if value.ndim > 1 else 1.0))


def test_the_running_mean() -> None:
    """Against the formula step by step; after the first 32, every fourth step counts with the decay of four."""
    network = nn.Linear(3, 2)
    mean, wanted = RunningMean(network, 0.9), network.weight.detach().clone()
    for step in range(1, 49):
        with torch.no_grad():
            network.weight += 0.1
        mean.update(network, step)
        if step <= 32 or step % 4 == 0:
            decay = min(0.9, (1 + step) / (10 + step)) ** (1 if step <= 32 else 4)
            wanted = decay * wanted + (1 - decay) * network.weight.detach()
    torch.testing.assert_close(mean.tensors["weight"], wanted)
