"""Batches of views, made ahead by a few threads while the network computes.

Pillow decodes outside Python's lock, so threads are enough. The batch of a step depends on the step alone; several
processes take slices of the same batch.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Protocol

import numpy as np
from torch import Tensor

from zfdesk.error_reason import error_reason
from zfdesk.training.data import PictureDataset, order
from zfdesk.training.data_entry import StoredPicture
from zfdesk.training.errors import PicturesGoneError, TrainingError
from zfdesk.training.plan import TrainingPlan
from zfdesk.training.prefetch import batches_ahead
from zfdesk.training.views import Rng, rng, validation_view, view_of

CHUNK = 8
"""Pictures that one thread decodes at a time."""
AHEAD = 3
"""Batches that are being made while one is trained on."""
MOST_TRIES = 200
"""Pictures in a row that may be unreadable before the training gives up."""


BatchValues = np.ndarray | Tensor


class TeacherModel(Protocol):
    """A teacher that is asked while training, see `zfdesk.training.teacher`.

    ``classes``: how many it knows. ``embedding``: length of what it gives beside them, 0 for none.
    """

    classes: int
    embedding: int

    def answers(self, pictures: np.ndarray) -> tuple[np.ndarray, np.ndarray | None]:
        """uint8 (N, height, width, 3) → logits (N, classes) and embedding (N, E)."""


@dataclass(frozen=True, eq=False)
class Batch:
    """Some pictures of one step with what is to be learned from them; N may be less than the step's batch.

    pictures: uint8 (N, side, side, 3). labels: int64 (N,), -1 for none. soft: float32 (N, classes), rows of 0 for none,
    or None. logits, embedding: the teacher's, float32, with ``answered`` bool (N,). colours: float32 (N, 3), three
    numbers of chance from -1 to 1. indices: of the pictures. first: the place of the first in the step's batch.
    Where pictures are kept on the device (`zfdesk.training.resident`) all but the last three are tensors there.
    """

    pictures: BatchValues
    labels: BatchValues
    soft: BatchValues | None
    logits: BatchValues | None
    embedding: BatchValues | None
    answered: BatchValues
    colours: np.ndarray
    indices: np.ndarray
    first: int


@dataclass(eq=False)
class _Piece:
    """A picture that has been read and cut to its view."""

    view: np.ndarray
    entry: StoredPicture
    drawn: Rng
    index: int


@dataclass(eq=False)
class Unreadable:
    """Pictures that could not be read; each is reported once."""

    on_message: Callable[[str], None]
    found: dict[int, str] = field(default_factory=dict)

    def add(self, index: int, name: str, error: OSError | ValueError) -> None:
        """Remember one, and why."""
        if index not in self.found:
            self.found[index] = name
            why = error_reason(error)
            self.on_message(f"{name} cannot be read and is left out: {why}.")


class Loader:
    """The batches of a plan. ``share``: (rank, processes). ``threads``: that decode."""

    def __init__(
        self, pictures: PictureDataset, plan: TrainingPlan, seed: int, threads: int, on_message: Callable[[str], None],
        share: tuple[int, int] = (0, 1), teacher: TeacherModel | None = None,
    ) -> None:  # fmt: skip
        self.pictures, self.plan, self.seed, self.teacher = pictures, plan, seed, teacher
        self._classes, (self._rank, self._processes) = len(pictures.classes), share
        self._threads = ThreadPoolExecutor(threads, "decode")
        self.unreadable = Unreadable(on_message)
        self._order = lru_cache(maxsize=2)(lambda epoch: order(seed, epoch, len(pictures)))

    def close(self) -> None:
        """End the threads."""
        self._threads.shutdown(wait=True, cancel_futures=True)

    def batches(self, first: int, last: int) -> Iterator[Batch]:
        """The batches of steps ``first`` to ``last`` (exclusive). Raises TrainingError when pictures are gone."""
        waiting: deque[list[Future[list[_Piece]]]] = deque()
        asked = first
        try:
            for _ in range(first, last):
                while asked < last and len(waiting) < AHEAD:
                    waiting.append(self._ask(asked))
                    asked += 1
                pieces = [piece for future in waiting.popleft() for piece in future.result()]
                yield self._batch(pieces)
        finally:
            for futures in waiting:
                for future in futures:
                    future.cancel()

    def indices(self, step: int) -> list[int]:
        """The pictures of a step that this process takes."""
        plan = self.plan
        epoch, place = divmod(step, plan.steps_per_epoch)
        first, last = self.slice()
        found: list[int] = self._order(epoch)[place * plan.batch : (place + 1) * plan.batch][first:last].tolist()
        return found

    def _ask(self, step: int) -> list[Future[list[_Piece]]]:
        mine, epoch, side = self.indices(step), self.plan.epoch(step), self.plan.side(step)
        return [
            self._threads.submit(self._pieces, mine[start : start + CHUNK], epoch, side)
            for start in range(0, len(mine), CHUNK)
        ]

    def slice(self) -> tuple[int, int]:
        """The places in a step's batch that this process takes."""
        batch = self.plan.batch
        return self._rank * batch // self._processes, (self._rank + 1) * batch // self._processes

    def _pieces(self, indices: list[int], epoch: int, side: int) -> list[_Piece]:
        return [self._piece(index, epoch, side) for index in indices]

    def _piece(self, index: int, epoch: int, side: int) -> _Piece:
        for tried in range(min(MOST_TRIES, len(self.pictures))):
            found = (index + tried) % len(self.pictures)
            drawn = rng(self.seed, epoch, found)
            try:
                entry = self.pictures.read(found)
                check_label(entry, self._classes)
                self._check(entry)
                view = view_of(entry.data, side, self.plan.recipe, drawn, entry.answers is not None)
            except PicturesGoneError:
                raise
            except (OSError, ValueError) as error:
                self.unreadable.add(found, self.pictures.name(found), error)
            else:
                return _Piece(view, entry, drawn, found)
        raise TrainingError(
            f"None of {tried + 1} pictures in a row can be read, from {self.pictures.name(index)} on: "
            "something is wrong with the data."
        )

    def _check(self, entry: StoredPicture) -> None:
        answers = entry.answers
        if answers is not None and (
            len(answers.logits) != self.pictures.teacher_classes
            or (0 if answers.embedding is None else len(answers.embedding)) != self.pictures.embedding
        ):
            raise ValueError("its stored answers are of another size than the others'")

    def _batch(self, pieces: list[_Piece]) -> Batch:
        views = np.stack([piece.view for piece in pieces])
        entries = [piece.entry for piece in pieces]
        answered = np.array([entry.answers is not None for entry in entries])
        logits = embedding = soft = None
        if self.teacher is not None:
            logits, embedding = self.teacher.answers(views)
            logits, answered = np.asarray(logits, np.float32), np.ones(len(pieces), bool)
            embedding = None if embedding is None else np.asarray(embedding, np.float32)
        elif self.pictures.teacher_classes:
            logits = np.zeros((len(pieces), self.pictures.teacher_classes), np.float32)
            if self.pictures.embedding:
                embedding = np.zeros((len(pieces), self.pictures.embedding), np.float32)
            for row, entry in enumerate(entries):
                if entry.answers is not None:
                    logits[row] = entry.answers.logits
                    if embedding is not None:
                        embedding[row] = entry.answers.embedding
        if any(entry.soft is not None for entry in entries):
            none = np.zeros(self._classes, np.float32)
            soft = np.stack([none if entry.soft is None else entry.soft for entry in entries])
        return Batch(
            views, np.array([entry.label for entry in entries], np.int64), soft, logits, embedding, answered,
            np.array([piece.drawn.colours for piece in pieces], np.float32) * 2 - 1,
            np.array([piece.index for piece in pieces], np.int64), self.slice()[0],
        )  # fmt: skip


def check_label(entry: StoredPicture, classes: int) -> None:
    """ValueError where its label is not one of so many classes."""
    if entry.label >= classes:
        raise ValueError(f"its class {entry.label} is not one of the {classes}")


def validation_batches(
    pictures: PictureDataset, size: int, batch: int, threads: int, unreadable: Unreadable,
    share: tuple[int, int] = (0, 1), most: int | None = None,
) -> Iterator[tuple[np.ndarray, np.ndarray]]:  # fmt: skip
    """(uint8 (N, size, size, 3), labels int64 (N,)): what validation sees of all pictures, or ``most``, spread evenly.

    ``share``: (rank, processes); each process sees every ``processes``-th picture. Pictures that cannot be read are
    left out and told to ``unreadable``.
    """
    rank, processes = share
    count = len(pictures)
    chosen = range(count) if most is None or most >= count else [place * count // most for place in range(most)]
    mine = list(chosen)[rank::processes]

    def made(index: int) -> tuple[np.ndarray, int] | None:
        try:
            entry = pictures.read(index)
            check_label(entry, len(pictures.classes))
            whole = entry.answers is not None
            return validation_view(entry.data, size, whole), entry.most_probable
        except PicturesGoneError:
            raise
        except (OSError, ValueError) as error:
            unreadable.add(index, pictures.name(index), error)
            return None

    for _, pieces in batches_ahead(mine, batch, made, threads):
        found = [piece for piece in pieces if piece is not None]
        if found:
            yield np.stack([view for view, _ in found]), np.array([label for _, label in found], np.int64)
