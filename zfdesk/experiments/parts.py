"""Parts marked by hand in a folder's pictures (eyes, nose, …), kept in one small file beside the pictures.

``zfdesk-parts.json`` is ``{"version": 1, "pictures": {"dog.jpg": {"nose": [top, left, height, width]}}}``: whole
numbers in pixels of the picture as zfdesk reads it (upright, at most 2048 long), so that a box outlives any crop. A
person's right eye, as the paper's "right eye", is on the left of the picture: the names are the marker's own business.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Any

from zfdesk.atomic_write import write_whole
from zfdesk.engine.picture import CropBox
from zfdesk.error_reason import error_reason
from zfdesk.weights.safetensors_file import CheckpointError, opened_file, parsed_json

FILE = "zfdesk-parts.json"
VERSION = 1
PARTS = ("right eye", "left eye", "nose")
"""The parts of Table 1."""

RANDOM = "random"
"""Table 1's last row; no part may be called so."""

OBJECT = "object"
"""A mark that is no part and never masked: the box of the whole object, which random masks then lie in."""

LONGEST_NAME = 40
LARGEST_FILE = 16 << 20  # bytes; a thousand pictures with four parts have 0.2 million

PartBox = tuple[int, int, int, int]  # top, left, height, width
Marks = dict[str, dict[str, PartBox]]
"""By picture's file name, by part's name: its box in picture pixels."""


class PartsError(ValueError):
    """Marked parts that cannot be used; ``str()`` is one sentence for people."""


def read_parts(folder: Path) -> Marks:
    """The marks kept in a folder, checked in all but what only the pictures can tell (see `check_marks`,
    `check_boxes`).

    Raises PartsError also when nothing was ever marked there.
    """
    path = folder / FILE
    if not folder.is_dir():
        raise PartsError(f"{folder} is not a folder.")
    if not path.exists() and not path.is_symlink():
        raise PartsError(f"No parts are marked in {folder}: there is no {FILE}. The window's “Mark parts” makes it.")
    if path.is_dir():
        raise PartsError(f"{path} is a folder, not a file of marked parts.")
    try:
        with opened_file(path) as file:
            text = file.read(LARGEST_FILE + 1)
        if len(text) > LARGEST_FILE:
            raise PartsError(f"{path} is too large for a file of marked parts.")
        tree = parsed_json(text, path, "list of marked parts")
    except CheckpointError as error:
        raise PartsError(str(error)) from None
    if tree.get("version") != VERSION or isinstance(tree["version"], bool):
        raise PartsError(
            f"{path} is of version {_shown(tree.get('version'))}; this zfdesk reads version {VERSION} of marked parts."
        )
    pictures = tree.get("pictures")
    if not isinstance(pictures, dict):
        raise PartsError(f"{path} is damaged: it has no list of pictures.")
    return {_picture(name, path): _parts(name, parts, path) for name, parts in pictures.items()}


def write_parts(folder: Path, marks: Mapping[str, Mapping[str, PartBox]]) -> None:
    """Keep marks in a folder, whole or not at all; pictures without a part are left out.

    Raises PartsError when they are none that `read_parts` would take, or when the disk refuses.
    """
    path = folder / FILE
    kept = {
        _picture(name, path): _parts(name, {part: list(box) for part, box in parts.items()}, path)
        for name, parts in marks.items()
        if parts
    }
    lines = [
        f"    {_json(name)}: {{{', '.join(f'{_json(part)}: {_json(list(box))}' for part, box in parts.items())}}}"
        for name, parts in kept.items()
    ]
    body = "{\n" + ",\n".join(lines) + "\n  }" if lines else "{}"
    text = f'{{\n  "version": {VERSION},\n  "pictures": {body}\n}}\n'
    try:
        write_whole(path, [text.encode()])
    except OSError as error:
        raise PartsError(f"{path} cannot be written: {error_reason(error)}.") from None


def check_part_name(name: str) -> str:
    """The name, when a part may be called so. Raises PartsError."""
    if not name or name != name.strip() or len(name) > LONGEST_NAME or not name.isprintable():
        raise PartsError(f"{_shown(name)} is no name for a part: it has 1 to {LONGEST_NAME} letters.")
    if name.casefold() == RANDOM:
        raise PartsError(f"No part can be called {RANDOM}: that is the row of masks at random places.")
    return name


def check_marks(folder: Path, marks: Mapping[str, Mapping[str, PartBox]]) -> None:
    """Raise PartsError when a marked picture is no longer there, or when no part is marked on two pictures."""
    missing = [name for name, parts in marks.items() if parts and not (folder / name).is_file()]
    if missing:
        more = f", and {len(missing) - 1} more" if len(missing) > 1 else ""
        raise PartsError(f"{missing[0]}{more} is marked in {folder / FILE}, but not in the folder.")
    if not shared_parts(marks):
        raise PartsError(
            "Comparing needs a part that is marked in at least two pictures; "
            f"in {folder} no part is{' marked at all' if not any(marks.values()) else ''}."
        )


def shared_parts(marks: Mapping[str, Mapping[str, PartBox]]) -> list[str]:
    """The parts marked on two pictures or more: those of Table 1 in its order, then others as they first come.

    The object's box is none of them.
    """
    counts = Counter(part for parts in marks.values() for part in parts if part != OBJECT)
    order = [*PARTS, *(part for part in counts if part not in PARTS)]
    return [part for part in order if counts[part] >= 2]


def check_boxes(name: str, parts: Mapping[str, PartBox], height: int, width: int) -> None:
    """Raise PartsError when a box does not lie wholly on its picture of that size."""
    for part, (top, left, box_height, box_width) in parts.items():
        if top < 0 or left < 0 or top + box_height > height or left + box_width > width:
            raise PartsError(
                f"The {part} of {name} reaches outside the picture: {box_height} × {box_width} at ({top}, {left}) in "
                f"{height} × {width} pixels. Mark it anew."
            )


def to_input(box: PartBox, crop: CropBox, size: int) -> PartBox:
    """A box in picture pixels → network-input pixels, its edges rounded, at least 1 × 1; not clipped.

    ``crop``: what the network sees, in picture pixels, as `zfdesk.engine.crop` takes it; ``size``: the input's side.
    """
    top, left, height, width = box
    across, down = size / (crop[2] - crop[0]), size / (crop[3] - crop[1])
    first_row, first_column = round((top - crop[1]) * down), round((left - crop[0]) * across)
    last_row, last_column = round((top + height - crop[1]) * down), round((left + width - crop[0]) * across)
    return first_row, first_column, max(last_row - first_row, 1), max(last_column - first_column, 1)


def _picture(name: str, path: Path) -> str:
    """A plain file name: nothing in the file may lead out of the folder, on any system."""
    plain = PurePosixPath(name).name == name == PureWindowsPath(name).name
    if not plain or name in ("", ".", "..") or "\0" in name:
        raise PartsError(f"{path} names {_shown(name)}, which is not the name of a picture in the same folder.")
    return name


def _parts(name: str, parts: Any, path: Path) -> dict[str, PartBox]:
    if not isinstance(parts, dict):
        raise PartsError(f"{path} is damaged: the parts of {name} are not listed by name.")
    try:
        return {check_part_name(part): _box(part, name, box) for part, box in parts.items()}
    except PartsError as error:
        raise PartsError(f"{path} is damaged: {error}") from None


def _box(part: str, name: str, box: Any) -> PartBox:
    integers = isinstance(box, list) and len(box) == 4 and all(type(number) is int for number in box)
    if not integers or min(box) < 0 or max(box) > 1 << 30 or min(box[2:]) < 1:
        raise PartsError(f"the {part} of {name} is not a box [top, left, height, width] of whole pixels.")
    return (box[0], box[1], box[2], box[3])


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=True)


def _shown(value: Any) -> str:
    """A value that came from a file, short and fit to be shown."""
    return ascii(value)[:60]


__all__ = [
    "FILE",
    "PARTS",
    "RANDOM",
    "Marks",
    "PartBox",
    "PartsError",
    "check_boxes",
    "check_marks",
    "check_part_name",
    "read_parts",
    "shared_parts",
    "to_input",
    "write_parts",
]  # fmt: skip
