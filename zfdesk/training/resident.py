"""Pictures decoded once and kept where the network is: for a GPU, which is faster than the threads that decode.

Views are cut by two matrix products a picture, with the weights of Pillow's bilinear filter: the same part, mirrored
and moved by the same numbers of chance as `zfdesk.training.views` would, to a level or two of 255.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from zfdesk.training.data import PictureDataset
from zfdesk.training.data_entry import StoredPicture
from zfdesk.training.errors import PicturesGoneError, TrainingError
from zfdesk.training.loader import AHEAD, Batch, Loader, check_label
from zfdesk.training.plan import TrainingPlan
from zfdesk.training.prefetch import batches_ahead
from zfdesk.training.process_group import ProcessGroup
from zfdesk.training.train_config import TrainConfig
from zfdesk.training.views import opened, part_seen, rng, shift_of, validation_view

CHUNK = 256
"""Pictures that are brought to the device at a time."""


@dataclass(frozen=True, eq=False)
class _Wanted:
    """The views of one step, before they are cut: rows of what is held, parts (left, top, right, bottom) float64
    (N, 4), mirrored bool (N,), moved int64 (N, 2: across, down), colours float32 (N, 3)."""

    indices: np.ndarray
    parts: np.ndarray
    mirrored: np.ndarray
    moved: np.ndarray
    colours: np.ndarray
    side: int


class ResidentLoader(Loader):
    """See `Loader`; the batches hold tensors on ``device``. Raises TrainingError for pictures that are not square, or
    do not fit."""

    def __init__(
        self, pictures: PictureDataset, plan: TrainingPlan, seed: int, threads: int, tell: Callable[[str], None],
        share: tuple[int, int] = (0, 1), device: torch.device | None = None,
    ) -> None:  # fmt: skip
        super().__init__(pictures, plan, seed, threads, tell, share)
        self.device = device or torch.device("cpu")
        count = len(pictures)
        self._size, self._row = np.zeros(count, np.int64), np.zeros(count, np.int64)  # 0: cannot be read
        self._labels = torch.full((count,), -1)
        self._answered = torch.zeros(count, dtype=torch.bool)
        classes, embedding = pictures.teacher_classes, pictures.embedding
        self._logits = torch.zeros(count, classes) if classes else None
        self._embedding = torch.zeros(count, embedding) if classes and embedding else None
        try:
            self._held = self._hold(threads)
            self._labels, self._answered = self._labels.to(self.device), self._answered.to(self.device)
            self._logits = None if self._logits is None else self._logits.to(self.device)
            self._embedding = None if self._embedding is None else self._embedding.to(self.device)
        except (torch.OutOfMemoryError, MemoryError):
            raise TrainingError(f"{count:,} pictures do not fit into the memory of {self.device}.") from None

    def _hold(self, threads: int) -> dict[int, Tensor]:
        """All pictures, by side: uint8 (N, side, side, 3)."""
        parts: dict[int, list[Tensor]] = {}
        counts: dict[int, int] = {}
        for indices, made in batches_ahead(list(range(len(self.pictures))), CHUNK, self._decoded, threads):
            found = [(index, *one) for index, one in zip(indices, made, strict=True) if one is not None]
            for size in sorted({len(picture) for _, picture, _ in found}):
                own = [(index, picture, entry) for index, picture, entry in found if len(picture) == size]
                parts.setdefault(size, []).append(torch.from_numpy(np.stack([p for _, p, _ in own])).to(self.device))
                for index, _, entry in own:
                    self._size[index], self._row[index] = size, counts.get(size, 0)
                    counts[size] = counts.get(size, 0) + 1
                    self._remember(index, entry)
        if not parts:
            raise TrainingError(f"None of the pictures of {self.pictures.source} can be read.")
        return {size: torch.cat(found) for size, found in parts.items()}

    def _decoded(self, index: int) -> tuple[np.ndarray, StoredPicture] | None:
        try:
            entry = self.pictures.read(index)
            check_label(entry, len(self.pictures.classes))
            self._check(entry)
            size = opened(entry.data).size
            if size[0] == size[1]:
                return validation_view(entry.data, size[0], whole=True), entry
        except PicturesGoneError:
            raise
        except (OSError, ValueError) as error:
            self.unreadable.add(index, self.pictures.name(index), error)
            return None
        raise TrainingError(
            f"{self.pictures.name(index)} is {size[0]} × {size[1]} pixels: only square views can be kept on the device "
            "(zfdesk shards makes them)."
        )

    def _remember(self, index: int, entry: StoredPicture) -> None:
        self._labels[index] = entry.label
        if entry.soft is not None:
            raise TrainingError("Soft labels cannot be kept on the device: train without --on-device.")
        if entry.answers is not None and self._logits is not None:
            self._answered[index] = True
            self._logits[index] = torch.from_numpy(np.asarray(entry.answers.logits, np.float32))
            if self._embedding is not None and entry.answers.embedding is not None:
                self._embedding[index] = torch.from_numpy(np.asarray(entry.answers.embedding, np.float32))

    def batches(self, first: int, last: int) -> Iterator[Batch]:
        """The batches of steps ``first`` to ``last`` (exclusive)."""
        waiting: deque[Future[_Wanted]] = deque()
        asked = first
        for _ in range(first, last):
            while asked < last and len(waiting) < AHEAD:
                waiting.append(self._threads.submit(self._wanted, asked))
                asked += 1
            yield self._cut(waiting.popleft().result())

    def _wanted(self, step: int) -> _Wanted:
        epoch, side = self.plan.epoch(step), self.plan.side(step)
        found = [self._readable(index) for index in self.indices(step)]
        drawn = [rng(self.seed, epoch, index) for index in found]
        recipe, sizes = self.plan.recipe, self._size[found]
        whole = self._answered[torch.tensor(found, device=self._answered.device)].tolist()
        parts = [
            part_seen(size, size, recipe, draw, answered)
            for size, draw, answered in zip(sizes.tolist(), drawn, whole, strict=True)
        ]
        return _Wanted(
            np.array(found), np.array(parts, np.float64), np.array([recipe.flip and draw.flip < 0.5 for draw in drawn]),
            np.array([shift_of(recipe.shift, side, draw) for draw in drawn], np.int64),
            np.array([draw.colours for draw in drawn], np.float32) * 2 - 1, side,
        )  # fmt: skip

    def _readable(self, index: int) -> int:
        while not self._size[index]:
            index = (index + 1) % len(self._size)
        return index

    def _cut(self, wanted: _Wanted) -> Batch:
        rows, sizes = torch.from_numpy(wanted.indices).to(self.device), self._size[wanted.indices]
        views = torch.empty((len(rows), wanted.side, wanted.side, 3), dtype=torch.uint8, device=self.device)
        for size, held in self._held.items():
            here = np.flatnonzero(sizes == size)
            if len(here):
                place = torch.from_numpy(here).to(self.device)
                picked = held[torch.from_numpy(self._row[wanted.indices[here]]).to(self.device)]
                views[place] = views_of(
                    picked, wanted.parts[here], wanted.mirrored[here], wanted.moved[here], wanted.side
                )
        return Batch(
            views, self._labels[rows], None, None if self._logits is None else self._logits[rows],
            None if self._embedding is None else self._embedding[rows], self._answered[rows], wanted.colours,
            wanted.indices, self.slice()[0],
        )  # fmt: skip


def loader_of(
    config: TrainConfig, pictures: PictureDataset, plan: TrainingPlan, group: ProcessGroup, tell: Callable[[str], None]
) -> Loader:
    """The batches of a training: decoded as they are needed, or kept on the device. Raises TrainingError."""
    share = (group.rank, group.processes)
    if not config.on_device:
        return Loader(pictures, plan, config.seed, config.threads, tell, share, config.teacher)
    if config.teacher is not None:
        raise TrainingError("--on-device trains on stored answers: a teacher is not asked. Pack them by zfdesk shards.")
    return ResidentLoader(pictures, plan, config.seed, config.threads, tell, share, group.device)


def views_of(pictures: Tensor, parts: np.ndarray, mirrored: np.ndarray, moved: np.ndarray, side: int) -> Tensor:
    """Parts of pictures scaled to ``side``, moved with reflected edges, and mirrored: uint8 (N, side, side, 3).

    pictures: uint8 (N, height, width, 3). parts: (N, 4) left, top, right, bottom in pixels. mirrored: bool (N,).
    moved: (N, 2) pixels of the view, across and down.
    """
    count, height, width, _ = pictures.shape
    device, places = pictures.device, torch.arange(side, device=pictures.device)
    boxes = torch.from_numpy(parts).to(device, torch.float32)
    offsets = torch.from_numpy(moved).to(device)
    across = _weights(boxes[:, 0], boxes[:, 2], width, side)
    down = _weights(boxes[:, 1], boxes[:, 3], height, side)
    flipped = torch.from_numpy(mirrored).to(device)[:, None]
    columns = _reflected(torch.where(flipped, side - 1 - places, places) + offsets[:, :1], side)
    rows = _reflected(places + offsets[:, 1:], side)
    across = across.gather(1, columns[:, :, None].expand(-1, -1, width))
    down = down.gather(1, rows[:, :, None].expand(-1, -1, height))
    tall = down @ pictures.float().reshape(count, height, width * 3)
    wide = tall.reshape(count, side, width, 3).transpose(2, 3) @ across.transpose(1, 2)[:, None]
    return wide.transpose(2, 3).round_().clamp_(0, 255).to(torch.uint8)


def _weights(low: Tensor, high: Tensor, size: int, side: int) -> Tensor:
    """Of Pillow's bilinear filter from ``low`` to ``high`` of ``size`` pixels to ``side``: float32 (N, side, size)."""
    scale = ((high - low) / side)[:, None, None]
    middle = low[:, None, None] + (torch.arange(side, device=low.device)[None, :, None] + 0.5) * scale
    apart = (torch.arange(size, device=low.device) + 0.5 - middle) / scale.clamp(min=1)
    found = (1 - apart.abs()).clamp_(min=0)
    return found / found.sum(2, keepdim=True)


def _reflected(places: Tensor, side: int) -> Tensor:
    """Places beyond 0 … side − 1 come back, as numpy's "reflect" has it."""
    places = places.abs()
    return torch.where(places >= side, 2 * (side - 1) - places, places)


__all__ = ["ResidentLoader", "loader_of", "views_of"]
