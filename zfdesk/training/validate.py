"""How a network in training does on pictures it does not learn from."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

import torch
import torch.nn.functional as F
from torch import Tensor

from zfdesk.runs import Score
from zfdesk.training.class_names import places_of
from zfdesk.training.data import PictureDataset
from zfdesk.training.errors import TrainingError
from zfdesk.training.loader import Unreadable, validation_batches
from zfdesk.training.losses import count_right
from zfdesk.training.network import TrainingNetwork, network_input
from zfdesk.training.process_group import ProcessGroup

_BATCH = 64


class Validation:
    """Pictures to validate on, for a network of ``classes``. ``most``: no more of them, spread evenly; None for all.

    ``on_message``: called with a sentence for each picture that cannot be read. Raises TrainingError where their
    classes are others, or none has a label.
    """

    def __init__(
        self, pictures: PictureDataset, classes: tuple[str, ...], threads: int, on_message: Callable[[str], None],
        most: int | None = None,
    ) -> None:  # fmt: skip
        self.pictures, self._threads, self._most = pictures, threads, most
        self._unreadable = Unreadable(on_message)
        if not pictures.labelled and all(pictures.label(index) < 0 for index in range(len(pictures))):
            raise TrainingError(f"{pictures.source} has no labels, so nothing can be validated on it.")
        try:
            self._places = torch.from_numpy(places_of(pictures.classes, classes))
        except TrainingError as error:
            raise TrainingError(f"The classes of {pictures.source} are not those trained on: {error}") from None

    def __len__(self) -> int:
        count = len(self.pictures)
        return count if self._most is None else min(count, self._most)

    def score(self, network: TrainingNetwork, group: ProcessGroup, bfloat: bool) -> Score | None:
        """Mean loss and right answers of a network in evaluation mode, over all processes.

        None where no picture that could be read has a label. Raises PicturesGoneError.
        """
        loss, known, top1, top5 = 0.0, 0, 0, 0
        batches = validation_batches(
            self.pictures, network.architecture.size, _BATCH, self._threads, self._unreadable,
            (group.rank, group.processes), self._most,
        )  # fmt: skip
        with torch.no_grad():
            for views, labels in batches:
                with torch.autocast(group.device.type, torch.bfloat16, enabled=bfloat):
                    scores = network(network_input(torch.from_numpy(views).to(group.device)))[0].float().cpu()
                wanted = torch.from_numpy(labels)
                wanted = torch.where(wanted >= 0, self._places[wanted.clamp(min=0)], -1)
                if (wanted >= 0).any():
                    loss += float(F.cross_entropy(scores, wanted, ignore_index=-1, reduction="sum"))
                found = count_right(scores, wanted)
                known, top1, top5 = known + found[0], top1 + found[1], top5 + found[2]
        total, first, five, count = group.summed(loss, top1, top5, known)
        return Score(total / count, first / count, five / count) if count else None


@contextmanager
def as_kept(network: TrainingNetwork, mean: Mapping[str, Tensor] | None) -> Iterator[None]:
    """The network in evaluation mode and, where there is one, with the running mean's weights; then as it was."""
    ours, was = network.state_dict(), network.training
    kept = {name: value.clone() for name, value in ours.items()} if mean is not None else {}
    network.eval()
    try:
        with torch.no_grad():
            for name, value in (mean or {}).items():
                ours[name].copy_(value)
        yield
    finally:
        with torch.no_grad():
            for name, value in kept.items():
                ours[name].copy_(value)
        network.train(was)
