"""Which of a network's classes the classes of some pictures are.

A folder is called by its class's name, its index, or, for ImageNet's 1000 classes, its WordNet id (n01440764).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from pathlib import Path

import numpy as np

from zfdesk.progress import noun
from zfdesk.resources import resource
from zfdesk.training.data import PictureDataset
from zfdesk.training.errors import TrainingError
from zfdesk.weights import describe
from zfdesk.weights.checkpoint import embedded

_WORDNET = re.compile(r"(n\d{8})(?:[_ -].*)?")
_FOLDER_HEADS, _CLASS_HEADS = ("folder", "path", "name", "directory"), ("class", "label", "classes", "labels")
_NUMBERED = re.compile(r"class (\d+)")


@lru_cache(maxsize=1)
def wordnet_ids() -> tuple[str, ...]:
    """The WordNet 3.0 ids of ImageNet's 1000 classes in their usual order, which is that of the ids."""
    return tuple(resource("imagenet/wordnet_ids.txt").read_text("ascii").split())


def usual_names(count: int) -> tuple[str, ...]:
    """Names for so many classes known by their indices: the embedded network's, ImageNet's order being everybody's,
    where they are as many."""
    names = describe(embedded()).classes
    return names if len(names) == count else tuple(f"class {index}" for index in range(count))


def places_of(names: Sequence[str], classes: Sequence[str], class_of: Mapping[str, str] | None = None) -> np.ndarray:
    """For each name the index of the class it means, int64; -1 for one that ``class_of`` leaves out.

    classes: the network's. class_of: the class of each name, by its name, index or id; without it a name speaks for
    itself. Raises TrainingError with a sentence for names that mean no class, or two that mean the same.
    """
    if class_of is not None:
        found = [place_of(class_of[name], classes) if name in class_of else -1 for name in names]
        unknown = [
            class_of[name] for name, place in zip(names, found, strict=True) if name in class_of and place is None
        ]
    elif tuple(names) == tuple(classes):
        return np.arange(len(names))
    else:
        found = [place_of(name, classes) for name in names]
        unknown = [name for name, place in zip(names, found, strict=True) if place is None]
    if unknown:
        raise TrainingError(
            f"The network, which has {len(classes)} classes, knows no class {_some(unknown)}; "
            "--classes tells which class each folder is."
        )
    places = np.array(found, np.int64)
    kept = places[places >= 0]
    if not len(kept):
        raise TrainingError(f"--classes tells of none of the pictures' classes, which are {_some(names)}.")
    twice = [name for name, place in zip(names, places, strict=True) if place >= 0 and (kept == place).sum() > 1]
    if twice and class_of is None:
        raise TrainingError(f"{_some(twice)} mean the same class of the network; --classes tells which is which.")
    return places


def read_class_map(path: str) -> dict[str, str]:
    """A file that tells the class of each folder: JSON {folder: class}, or lines of folder and class.

    Between them stands a tab, comma or semicolon, as a spreadsheet writes it, with its mark of the encoding or without;
    the first line may name the columns (folder, path or name; class or label). Raises TrainingError.
    """
    try:
        data = Path(path).read_bytes()
        text = data.decode("utf-16" if data[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        reason = (getattr(error, "strerror", None) or "it is not text").lower()
        raise TrainingError(f"{path} cannot be read: {reason}.") from None
    if path.lower().endswith(".json"):
        try:
            content = json.loads(text)
        except (ValueError, RecursionError):
            raise TrainingError(f"{path} is damaged: it is not JSON.") from None
        if not isinstance(content, dict) or not all(type(value) in (str, int) for value in content.values()):
            raise TrainingError(f"{path} is not a JSON object of folders and classes.")
        found = {name: str(value) for name, value in content.items()}
    else:
        found = dict(_pairs(text, path))
    if not found:
        raise TrainingError(f"{path} names no classes.")
    return found


def _pairs(text: str, path: str) -> Iterator[tuple[str, str]]:
    separator = next((sign for sign in "\t;" if sign in text.partition("\n")[0]), ",")
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip():
            continue
        name, value = (part.strip().strip('"').strip() for part in line.partition(separator)[::2])
        if not value:
            raise TrainingError(f"{path}, line {number}: it wants a folder, a tab, comma or semicolon, and a class.")
        if number > 1 or name.casefold() not in _FOLDER_HEADS or value.casefold() not in _CLASS_HEADS:
            yield name, value


def left_out(pictures: PictureDataset, class_of: Mapping[str, str]) -> list[str]:
    """Sentences on what does not fit together: folders without a class, with their pictures, and lines without any."""
    without = [name for name in pictures.classes if name not in class_of]
    unmatched = [name for name in class_of if name not in pictures.classes]
    sentences = []
    if without:
        count = sum(pictures.classes[pictures.label(index)] in without for index in range(len(pictures)))
        sentences.append(
            f"--classes names no class for {_some(without)}: {count:,} {noun(count, 'picture')} of "
            f"{len(pictures):,} {noun(count, 'is', 'are')} left out."
        )
    if unmatched:
        sentences.append(f"--classes names {_some(unmatched)}, of which there are no pictures.")
    return sentences


def place_of(name: str, classes: Sequence[str]) -> int | None:
    """The class a word means: a name before an index before an id; None for none."""
    table = _table(tuple(classes))
    for word in (name, name.partition(",")[0]):
        if (found := table.get(_plain(word))) is not None:
            return found
    numbered = _NUMBERED.fullmatch(name)
    number = numbered[1] if numbered else name
    if number.isascii() and number.isdecimal() and len(number) < 10 and int(number) < len(classes):
        return int(number)
    wordnet = _WORDNET.fullmatch(name)
    if wordnet and len(classes) == len(wordnet_ids()) and wordnet[1] in wordnet_ids():
        return wordnet_ids().index(wordnet[1])
    return None


@lru_cache(maxsize=4)
def _table(classes: tuple[str, ...]) -> dict[str, int]:
    """Index by plain name; a name that two classes have is not in it."""
    plain = [_plain(name) for name in classes]
    short = [_plain(name.partition(",")[0]) for name in classes]
    table = {word: index for index, word in enumerate(short) if short.count(word) == 1}
    return table | {word: index for index, word in enumerate(plain) if plain.count(word) == 1}


def _plain(name: str) -> str:
    return " ".join(re.split(r"[\s_-]+", name.casefold())).strip()


def _some(names: Sequence[str]) -> str:
    listed = ", ".join(f"“{name}”" for name in names[:4])
    return f"{listed} and {len(names) - 4} more" if len(names) > 4 else listed
