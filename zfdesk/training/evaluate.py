"""How often a network is right: top-1 and top-5, per class, what it confuses; one crop or ten, one network or several.

Table 2 of the paper: the shortest side brought to 256, of the central 256 × 256 the corners, the centre and their
mirror images, the probabilities of all crops and all networks averaged.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from zfdesk.engine import Model, centre_box, crop
from zfdesk.error_reason import error_reason
from zfdesk.sources import SourceError, decode_picture
from zfdesk.training.data import PictureDataset
from zfdesk.training.errors import PicturesGoneError, TrainingError
from zfdesk.training.prefetch import batches_ahead

BATCH = 8
"""Pictures in one forward pass, as in `zfdesk classify`: batches of 16 to 64, float32 products for the fully connected
layers and Winograd's filtering are no faster (one core, 24 to 31 ms a picture, all within the noise)."""


@dataclass(frozen=True)
class Protocol:
    """What of a picture is seen. ``crops``: 1, or the paper's 10. ``whole``: the largest central square instead of its
    central 224/256."""

    crops: int = 1
    whole: bool = False

    def __post_init__(self) -> None:
        if self.crops not in (1, 10) or (self.whole and self.crops == 10):
            raise ValueError("There is one crop, the whole central square, or ten crops.")

    def __str__(self) -> str:
        return "ten crops" if self.crops == 10 else "the largest central square" if self.whole else "central crop"


@dataclass(frozen=True, eq=False)
class Evaluation:
    """What was found. Arrays over the pictures: ``labels``, ``answers`` (the most probable class), ``confidences`` (its
    probability), ``ranks`` of the true class (0: it is the most probable; among equals the lower index goes first),
    ``ranks_among`` the data's own classes alone. ``classes``: the network's names. ``places``: which of them the data
    has. ``skipped``: why pictures were left out, a sentence each.
    """

    classes: tuple[str, ...]
    places: np.ndarray
    labels: np.ndarray
    answers: np.ndarray
    confidences: np.ndarray
    ranks: np.ndarray
    ranks_among: np.ndarray
    skipped: tuple[str, ...] = ()

    def top(self, k: int, among: bool = False) -> float:
        """The share of pictures whose class is among the ``k`` most probable ones."""
        return float(((self.ranks_among if among else self.ranks) < k).mean())

    @cached_property
    def per_class(self) -> list[tuple[int, int, float, float]]:
        """(class, pictures, top-1, top-5) of each class that has pictures, in the order of the classes."""
        found = []
        for place in np.unique(self.labels):
            ranks = self.ranks[self.labels == place]
            found.append((int(place), len(ranks), float((ranks < 1).mean()), float((ranks < 5).mean())))
        return found

    def same_kind(self, kinds: Sequence[str]) -> float:
        """The share of pictures taken for some class of their own kind. kinds: of each of the network's classes."""
        return float(np.mean([kinds[a] == kinds[b] for a, b in zip(self.answers, self.labels, strict=True)]))

    def confused(self, most: int | None = None) -> list[tuple[int, int, int]]:
        """(class, answer, pictures) of wrong answers, the most frequent first."""
        wrong = self.answers != self.labels
        pairs, counts = np.unique(np.stack([self.labels[wrong], self.answers[wrong]]), axis=1, return_counts=True)
        order = (-counts).argsort(kind="stable")[:most]
        return [(int(pairs[0, i]), int(pairs[1, i]), int(counts[i])) for i in order]


def standard_error(share: float, count: int) -> float:
    """Of a share found in ``count`` pictures."""
    return float(np.sqrt(share * (1 - share) / count))


def views(pixels: np.ndarray, size: int, resize: int, protocol: Protocol) -> np.ndarray:
    """What a network of input ``size`` sees of a picture, uint8 (crops, size, size, 3).

    resize: the side the shortest edge is brought to, of which a crop takes ``size``.
    """
    height, width = pixels.shape[:2]
    if protocol.crops == 1:
        return crop(pixels, centre_box(height, width, 1.0 if protocol.whole else size / resize), size)[None]
    square, far = crop(pixels, centre_box(height, width, 1.0), resize), resize - size
    middle = round(far / 2)
    corners = ((0, 0), (0, far), (far, 0), (far, far), (middle, middle))
    sides = (square, square[:, ::-1])
    return np.stack([side[top : top + size, left : left + size] for side in sides for top, left in corners])


def evaluate(
    models: Sequence[Model],
    pictures: PictureDataset,
    places: np.ndarray,
    protocol: Protocol | None = None,
    *,
    threads: int = 2,
    progress: Callable[[int, int], None] = lambda done, total: None,
    on_message: Callable[[str], None] = lambda sentence: None,
) -> Evaluation:
    """Ask the networks, which know the same classes, about every picture whose class has a place.

    places: for each class of the pictures the network's, or -1 (`places_of`). on_message: gets a sentence for each
    picture that cannot be read. Raises TrainingError when none can and has a class, or an answer is not a number. Of
    soft labels the most probable class is the true one.
    """
    if any(model.classes != models[0].classes for model in models):
        raise TrainingError("Only networks that know the same classes in the same order can be averaged.")
    own = np.unique(places[places >= 0])
    tally = _Tally(own)
    skipped: list[str] = []

    def skip(sentence: str) -> None:
        skipped.append(sentence)
        on_message(sentence)

    for labels, seen in readable_batches(models, pictures, places, protocol or Protocol(), threads, progress, skip):
        tally.add(labels, _answers(models, seen))
    labels, answers, confidences, ranks, among = (np.concatenate(part) for part in zip(*tally.found, strict=True))
    return Evaluation(models[0].classes, own, labels, answers, confidences, ranks, among, tuple(skipped))


def readable_batches(
    models: Sequence[Model],
    pictures: PictureDataset,
    places: np.ndarray,
    protocol: Protocol,
    threads: int,
    progress: Callable[[int, int], None],
    on_message: Callable[[str], None],
) -> Iterator[tuple[np.ndarray, list[list[np.ndarray]]]]:
    """Labels (N,) and, for each picture, what each network sees of it (`views`), batch by batch.

    Arguments as for `evaluate`. Raises TrainingError when there are no labels, or no picture can be read and has one.
    """
    if not pictures.labelled:
        raise TrainingError(f"The pictures of {pictures.source} have no labels.")
    some = False
    for done, batch in _batches(models, pictures, places, protocol, threads):
        good = []
        for picture in batch:
            if isinstance(picture, str):
                on_message(picture)
            else:
                good.append(picture)
        if good:
            some = True
            yield np.array([label for label, _ in good]), [seen for _, seen in good]
        progress(done, len(pictures))
    if not some:
        raise TrainingError(f"None of the pictures of {pictures.source} can be read and has a class.")


class _Tally:
    """Labels, answers and their probabilities, ranks and ranks among the data's own classes, batch by batch."""

    def __init__(self, own: np.ndarray) -> None:
        self.own = own
        self.found: list[tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray]] = []

    def add(self, labels: np.ndarray, probabilities: np.ndarray) -> None:
        """probabilities: (N, classes)."""
        among = probabilities[:, self.own]
        inside = np.searchsorted(self.own, labels)
        ranks = ranks_of(probabilities, labels), ranks_of(among, inside)
        self.found.append((labels, probabilities.argmax(1), probabilities.max(1), *ranks))


def ranks_of(probabilities: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """(N, classes) and the true classes (N,) → how many classes go before each; of equal ones the lower index."""
    true = np.take_along_axis(probabilities, labels[:, None], 1)
    before = np.arange(probabilities.shape[1]) < labels[:, None]
    ranks: np.ndarray = ((probabilities > true) | ((probabilities == true) & before)).sum(1)
    return ranks


def _answers(models: Sequence[Model], seen: list[list[np.ndarray]]) -> np.ndarray:
    """Probabilities (N, classes), averaged over networks and crops. seen: for each picture, for each network, crops."""
    total = np.zeros((len(seen), len(models[0].classes)), np.float64)
    for number, model in enumerate(models):
        crops = np.concatenate([picture[number] for picture in seen])
        probabilities = model.probabilities(crops).numpy()
        if not np.isfinite(probabilities).all():
            raise TrainingError(f"{model.name or 'The network'} answers with values that are not numbers.")
        total += probabilities.reshape(len(seen), -1, total.shape[1]).mean(1, dtype=np.float64)
    return total / len(models)


_Seen = tuple[int, list[np.ndarray]]  # the class's place, and the crops for each network


def _batches(
    models: Sequence[Model], pictures: PictureDataset, places: np.ndarray, protocol: Protocol, threads: int
) -> Iterator[tuple[int, list[_Seen | str]]]:
    """How many pictures are done, and a batch of them, or why one cannot be read; decoded by threads ahead of need."""

    def prepare(index: int) -> _Seen | str | None:
        name = pictures.name(index)
        try:
            entry = pictures.read(index)
            label = entry.most_probable
            if not 0 <= label < len(places):
                return f"{name} is left out: it has no label."
            if places[label] < 0:
                return None
            pixels = decode_picture(entry.data, name)
        except PicturesGoneError:
            raise
        except SourceError as error:
            return str(error)
        except (OSError, ValueError) as error:
            return f"{name} cannot be read: {error_reason(error)}."
        inputs = [(model.architecture.size, model.input.resize) for model in models]
        made = {one: views(pixels, *one, protocol) for one in set(inputs)}
        return int(places[label]), [made[one] for one in inputs]

    for batch, made in batches_ahead(range(len(pictures)), BATCH, prepare, threads):
        yield batch[-1] + 1, [one for one in made if one is not None]
