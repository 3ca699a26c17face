"""What is kept of a training beside its network: histograms, the probe picture, and Fig. 4's strongest answers."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from zfdesk.engine import Conv, Linear, Model
from zfdesk.engine.kernels import dense
from zfdesk.error_reason import error_reason
from zfdesk.runs import LayerTrainingStatistics, StrongestEntry, spread
from zfdesk.sources import SourceError
from zfdesk.sources.picture import decode_picture
from zfdesk.training.data import PictureDataset
from zfdesk.training.errors import PicturesGoneError, TrainingError
from zfdesk.training.network import TrainingNetwork
from zfdesk.training.views import validation_view

UNITS = 6
"""Units of each convolution that Fig. 4 follows; which ones, the seed says."""
_BATCH = 16


class Probe:
    """Looks on during one step: activations and gradients by layer, and the share of units that answer nowhere."""

    def __init__(self, network: TrainingNetwork) -> None:
        self.network = network
        self.found: dict[str, LayerTrainingStatistics] = {}
        network.watched = {}

    def look(self) -> None:
        """After the backward pass, before the weights are changed: keep the histograms, let the activations go."""
        seen, self.network.watched = self.network.watched or {}, None
        for name, activation in seen.items():
            values = activation.detach().float()
            dead = None
            if self.network.architecture.stage(name).rectified:
                across = [0, *range(2, values.ndim)]
                dead = float((values.amax(across) <= 0).float().mean())
            gradient = self.network.filters_of(name).weight.grad
            self.found[name] = LayerTrainingStatistics(
                activation=spread(values), gradient=None if gradient is None else spread(gradient), dead=dead
            )

    def statistics(self, model: Model) -> dict[str, LayerTrainingStatistics]:
        """All that was seen, with the histogram of the exported network's weights."""
        return {
            name: LayerTrainingStatistics(
                spread(dense(model.weights[f"{name}.weight"], torch.float32)), one.activation, one.gradient, one.dead
            )
            for name, one in self.found.items()
        }


def probe_picture(path: str | None, *sets: PictureDataset) -> np.ndarray | None:
    """The picture that is followed, uint8 (height, width, 3): a file, else the first that can be read of the sets.

    Raises SourceError or TrainingError for a file that cannot be read.
    """
    if path is not None:
        try:
            return decode_picture(Path(path).read_bytes(), path)
        except OSError as error:
            raise TrainingError(f"{path} cannot be read: {error_reason(error)}.") from None
    for pictures in sets:
        for index in range(min(len(pictures), 20)):
            try:
                return decode_picture(pictures.read(index).data, pictures.name(index))
            except PicturesGoneError:
                raise
            except (OSError, ValueError, SourceError):
                continue
    return None


def chosen_units(model: Model, seed: int) -> dict[str, list[int]]:
    """A few units of each convolution, by the seed; those of a hidden layer too small for them are all taken."""
    chosen = {}
    for number, stage in enumerate(model.architecture.stages):
        if isinstance(stage.layer, Conv):
            generator = np.random.Generator(np.random.Philox(key=[seed, number]))
            chosen[stage.name] = sorted(generator.permutation(stage.shape[0])[:UNITS].tolist())
        if isinstance(stage.layer, Linear):
            break
    return chosen


def strongest_answers(
    model: Model, pictures: PictureDataset, seed: int, epoch: int, most: int
) -> list[tuple[StrongestEntry, np.ndarray]]:
    """The strongest answer of each chosen unit over ``most`` training pictures spread evenly, with its crop.

    The crop is what the unit's receptive field sees of the network's input, uint8 (height, width, 3).
    """
    units = chosen_units(model, seed)
    if not units or most < 1:
        return []
    size, count = model.architecture.size, len(pictures)
    indices = range(count) if most >= count else [place * count // most for place in range(most)]
    best: dict[tuple[str, int], tuple[float, int, tuple[int, int], np.ndarray]] = {}
    views: list[np.ndarray] = []
    names: list[int] = []

    def flush() -> None:
        if not views:
            return
        seen = model.forward(np.stack(views), keep=units)
        for layer, chosen in units.items():
            _update(best, layer, chosen, seen.activations[layer], views, names)
        views.clear()
        names.clear()

    for index in indices:
        try:
            views.append(validation_view(pictures.read(index).data, size, whole=True))
        except PicturesGoneError:
            raise
        except (OSError, ValueError):
            continue
        names.append(index)
        if len(views) == _BATCH:
            flush()
    flush()
    return [_found(model, pictures, epoch, key, value) for key, value in best.items()]


def _update(
    best: dict[tuple[str, int], tuple[float, int, tuple[int, int], np.ndarray]], layer: str, chosen: list[int],
    activation: Tensor, views: list[np.ndarray], names: list[int],
) -> None:  # fmt: skip
    maps = activation[:, chosen].flatten(2)
    width = activation.shape[3]
    value, place = maps.max(2)
    top, picture = value.max(0)
    for row, unit in enumerate(chosen):
        now = float(top[row])
        if (layer, unit) not in best or now > best[layer, unit][0]:
            one = int(picture[row])
            y, x = divmod(int(place[one, row]), width)
            best[layer, unit] = (now, names[one], (y, x), views[one])


def _found(
    model: Model, pictures: PictureDataset, epoch: int, key: tuple[str, int],
    value: tuple[float, int, tuple[int, int], np.ndarray],
) -> tuple[StrongestEntry, np.ndarray]:  # fmt: skip
    (layer, unit), (activation, index, position, view) = key, value
    top, left, bottom, right = model.architecture.stage(layer).receptive_field.box(*position)
    crop = view[max(top, 0) : bottom, max(left, 0) : right]
    return StrongestEntry(epoch, layer, unit, pictures.name(index), position, activation), crop


__all__ = ["Probe", "chosen_units", "probe_picture", "strongest_answers"]
