"""Whether a network answers pictures as a trained one does: a hint, never a refusal.

Two numbers over the demo pictures and their mirror images, from the class scores s before the softmax (random networks
are often quite certain, so probabilities tell little):

- spread: how much the scores differ from picture to picture, relative to what they share, |s − mean s| / |mean s|;
- mirror: the cosine between a picture's s − mean s and its mirror image's; a trained network hardly minds mirroring.

Measured by ``python -c "from zfdesk.weights.looks_untrained import print_table; print_table()"`` on the five demo
pictures, 2026-11:

| network                                                            | spread      | mirror      |
|--------------------------------------------------------------------|-------------|-------------|
| the embedded network, as in resources/weights/embedded.json        | 1.37        | 0.96        |
| the same, its input mean forgotten / red and blue exchanged        | 1.29 / 1.19 | 0.96 / 0.95 |
| the same, its input divided by 255, or by ImageNet's deviations    | 0.01 / 0.06 | 0.96 / 0.97 |
| random weights: all architectures, two seeds, both input scales    | 0.28–0.46   | 0.43–0.68   |

So wrong scaling and random weights are noticed, a wrong mean or channel order is not.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch

from zfdesk.engine.architectures import ARCHITECTURES
from zfdesk.engine.model import Model, random_model
from zfdesk.engine.picture import InputSpec, centre_crop
from zfdesk.resources import resource

LEAST_SPREAD = 0.2
LEAST_MIRROR = 0.8


def looks_untrained(model: Model) -> str:
    """One sentence when the weights seem random or their input mis-scaled, else "".

    It runs the network ten times: 0.2 s for ZFNet on two cores, 2 s for VGG-16.
    """
    if not model.trained:
        return "These weights are known to be untrained: the answers mean nothing."
    spread, mirror = spread_and_mirror(model)
    if spread < LEAST_SPREAD:
        return "This network answers every demo picture nearly alike: its weights or its input's scale may be wrong."
    if mirror < LEAST_MIRROR:
        return "This network takes a picture and its mirror image for different things, as untrained networks do."
    return ""


@torch.inference_mode()
def spread_and_mirror(model: Model) -> tuple[float, float]:
    """The spread and the mirror number of a network, see above; (inf, 1) when demo pictures are missing."""
    pictures = _demo_pictures(model)
    if len(pictures) < 3:
        return float("inf"), 1.0
    layer = model.architecture.class_layers[0]
    scores = torch.stack(
        [
            torch.stack([model.forward(np.ascontiguousarray(side)).activations[layer].flatten() for side in sides])
            for sides in ((picture, picture[:, ::-1]) for picture in pictures)
        ]
    ).double()  # (picture, side, class)
    shared = scores.mean((0, 1))
    own = scores - shared
    # what all classes share does not change the answer
    size = float((shared - shared.mean()).norm())
    # all scores equal but for rounding: no answer at all
    spread = float(own.norm(dim=2).mean()) / size if size > 1e-5 * float(shared.norm()) else 0.0
    return spread, float(torch.nn.functional.cosine_similarity(own[:, 0], own[:, 1], dim=1).mean())


def _demo_pictures(model: Model) -> list[np.ndarray]:
    from PIL import Image

    try:
        paths = sorted(resource("demo").glob("*.jpg"))
    except FileNotFoundError:
        return []
    pictures = []
    for path in paths[:8]:
        with Image.open(path) as picture:
            frame = np.asarray(picture.convert("RGB"))
        pictures.append(centre_crop(frame, model.architecture.size, model.input.resize))
    return pictures


def print_table() -> None:
    """Print the numbers of the table above."""
    from zfdesk.weights.checkpoint import load

    def print_row(name: str, model: Model) -> None:
        spread, mirror = spread_and_mirror(model)
        print(f"{name:40} spread {spread:.3f} mirror {mirror:.3f}", flush=True)

    imagenet = (58.395, 57.12, 57.375)
    trained = load()
    print_row(trained.name, trained)
    print_row("  mean forgotten", replace(trained, input=InputSpec(mean=(0, 0, 0))))
    print_row("  red and blue exchanged", replace(trained, input=InputSpec(order="BGR")))
    print_row("  divided by 255", replace(trained, input=InputSpec(mean=(0, 0, 0), std=(255, 255, 255))))
    print_row("  divided by deviations", replace(trained, input=InputSpec(std=imagenet)))
    for name, make in ARCHITECTURES.items():
        for seed in (0, 1):
            model = random_model(make(), seed)
            print_row(f"{name}, seed {seed}", model)
            print_row(f"{name}, seed {seed}, scaled", replace(model, input=InputSpec(std=imagenet)))
