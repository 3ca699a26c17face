"""Safetensors files, read and written whole and with suspicion.

The format: 8 bytes little-endian length, a JSON header {name: {dtype, shape, data_offsets}, "__metadata__": {str:
str}}, then the tensors' bytes without gaps (https://github.com/huggingface/safetensors, README). The safetensors
package maps the file into memory and checks neither shapes, types nor values. Here the bytes are read once into memory
of our own, and what is hashed and checked is what is used: a file overwritten or cut short behind a mapping would
change the network in use or end the program (SIGBUS).
"""

from __future__ import annotations

import hashlib
import json
import math
import os
import stat
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from io import BufferedReader
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from zfdesk.atomic_write import write_whole
from zfdesk.error_reason import error_reason
from zfdesk.typed_json import PlainError, parsed

DTYPES = {
    "F64": torch.float64, "F32": torch.float32, "F16": torch.float16, "BF16": torch.bfloat16,
    "I64": torch.int64, "I32": torch.int32, "I16": torch.int16, "I8": torch.int8, "U8": torch.uint8, "BOOL": torch.bool,
}  # fmt: skip
LONGEST_HEADER = 16 << 20  # bytes; ours, with 1000 class names, has 22 thousand
DEEPEST_SHAPE = 8
ADVICE = "import it with `zfdesk weights import`"


class CheckpointError(ValueError):
    """A file that cannot be used as weights. Its text is one sentence for the user, with the file and the cause."""


@dataclass(frozen=True)
class TensorEntry:
    """Where one tensor lies. ``start`` and ``end``: bytes from the end of the header."""

    dtype: str
    shape: tuple[int, ...]
    start: int
    end: int


@dataclass(frozen=True)
class Header:
    """A checked header. ``entries``: in file order, filling the file without gaps; ``raw``: its bytes, with length."""

    entries: Mapping[str, TensorEntry]
    metadata: Mapping[str, str]
    raw: bytes = field(repr=False)


@contextmanager
def opened_file(path: Path) -> Iterator[BufferedReader]:
    """An ordinary file, open for reading; CheckpointError for anything else (also while it is read)."""
    try:
        # before opening: opening a pipe would wait for a writer, for ever
        mode = path.stat().st_mode
        if stat.S_ISDIR(mode):
            raise CheckpointError(f"{path} is a folder, not a weights file.")
        if not stat.S_ISREG(mode):
            raise CheckpointError(f"{path} is not an ordinary file.")
        with path.open("rb") as file:
            yield file
    except FileNotFoundError:
        raise CheckpointError(f"There is no file {path}.") from None
    except PermissionError:
        raise CheckpointError(f"{path} may not be read: permission denied.") from None
    except MemoryError:
        raise CheckpointError(f"{path} needs more memory than there is.") from None
    except OSError as error:
        raise CheckpointError(f"{path} cannot be read: {error_reason(error)}.") from None


def what_is(head: bytes) -> str:
    """What a file that starts with ``head`` seems to be, in words; "" when unknown. 64 bytes are enough to tell."""
    if not head:
        return "empty"
    if head[8:9] == b"{" and int.from_bytes(head[:8], "little") <= LONGEST_HEADER:
        return "a safetensors file"
    for magic, kind in (
        (b"PK\x03\x04", "a zip archive (PyTorch's .pth format or a packed download)"),
        (b"PK\x05\x06", "an empty zip archive"),
        (b"\x1f\x8b", "a gzip archive"),
        (b"\x89HDF", "an HDF5 file"),
        (b"\x93NUMPY", "a numpy array"),
        (b"\x89PNG", "a picture"),
        (b"\xff\xd8\xff", "a picture"),
        (b"GIF8", "a picture"),
        (b"%PDF", "a PDF document"),
        (b"version https://git-lfs", "a Git LFS pointer: a note of where the weights are, not the weights themselves"),
        (b"<", "a web page: the download gave a message instead of the file"),
    ):
        if head.lstrip().startswith(magic):
            return kind
    if head[0] == 0x80 and len(head) > 1 and 2 <= head[1] <= 5:
        return "a Python pickle (PyTorch's older .pth format)"
    if head[0] == 0x08 and len(head) > 1 and head[1] < 0x20:
        return "an ONNX model"
    if not any(head):
        return "filled with zero bytes"
    return ""


def read_header(file: BufferedReader, path: Path) -> Header:
    """The header of an open safetensors file, structure and sizes checked; ``path`` is for the messages.

    Raises CheckpointError for another kind of file, or one that is damaged or cut short.
    """
    size = os.fstat(file.fileno()).st_size
    head = file.read(64)
    length = int.from_bytes(head[:8], "little")
    kind = what_is(head) or "damaged, or of an unknown kind"
    if kind != "a safetensors file":
        advice = f"; {ADVICE}" if kind.startswith(("a zip", "a Python", "an ONNX")) else ""
        raise CheckpointError(f"{path} is not a safetensors file: it is {kind}{advice}.")
    if 8 + length > size:
        raise CheckpointError(f"{path} is cut short: its header alone has {length} bytes, the file {size}.")
    file.seek(8)
    raw = file.read(length)
    tree = parsed_json(raw, path, "header")
    metadata = tree.pop("__metadata__", {})
    if not isinstance(metadata, dict) or not all(isinstance(value, str) for value in metadata.values()):
        raise CheckpointError(f"{path} is damaged: its metadata are not texts.")
    entries = sorted(
        ((name, _entry(name, value, path)) for name, value in tree.items()),
        key=lambda item: (item[1].start, item[1].end),
    )
    place = 0
    for name, entry in entries:
        if entry.start != place:
            raise CheckpointError(f"{path} is damaged: tensor {name!r} does not begin where the one before it ends.")
        place = entry.end
    if place != size - 8 - length:
        word = "is cut short" if place > size - 8 - length else "is damaged"
        raise CheckpointError(
            f"{path} {word}: its header announces {place} bytes of tensors, it has {size - 8 - length}."
        )
    return Header(dict(entries), metadata, length.to_bytes(8, "little") + raw)


def _entry(name: str, value: Any, path: Path) -> TensorEntry:
    def integers(numbers: Any, count: int | None = None) -> bool:
        right = isinstance(numbers, list) and len(numbers) <= DEEPEST_SHAPE and (count is None or len(numbers) == count)
        return right and all(type(number) is int and 0 <= number < 1 << 62 for number in numbers)

    if not isinstance(value, dict) or set(value) != {"dtype", "shape", "data_offsets"}:
        raise CheckpointError(f"{path} is damaged: tensor {name!r} is not described.")
    dtype, shape, offsets = value["dtype"], value["shape"], value["data_offsets"]
    if not isinstance(dtype, str) or dtype not in DTYPES:
        raise CheckpointError(f"{path}: tensor {name!r} is of an unknown type, {str(dtype)[:20]!r}.")
    if not integers(shape) or not integers(offsets, 2) or offsets[0] > offsets[1]:
        raise CheckpointError(f"{path} is damaged: the shape or place of tensor {name!r} makes no sense.")
    if math.prod(shape) * DTYPES[dtype].itemsize != offsets[1] - offsets[0]:
        raise CheckpointError(f"{path} is damaged: tensor {name!r} of shape {tuple(shape)} has the wrong size.")
    return TensorEntry(dtype, tuple(shape), *offsets)


def parsed_json(text: str | bytes, path: Path, what: str) -> dict[str, Any]:
    """A JSON object, refusing duplicate keys, NaN and Infinity; CheckpointError for whatever is not one."""
    try:
        return parsed(text if isinstance(text, bytes) else text.encode())
    except PlainError as error:
        raise CheckpointError(f"{path} is damaged: its {what}{str(error).removeprefix('it')}.") from None
    except ValueError:  # also UnicodeDecodeError, JSONDecodeError, integers of thousands of digits
        raise CheckpointError(f"{path} is damaged: its {what} cannot be read.") from None


def read_tensors(file: BufferedReader, header: Header, path: Path, whole_file: Any = None) -> dict[str, Tensor]:
    """The tensors of an open file whose header was read and found good, by name, each in memory of its own.

    Shapes and types are those of the header. ``whole_file``: a hashlib object that is fed the whole file. Raises
    CheckpointError where the file became shorter.
    """
    if whole_file is not None:
        whole_file.update(header.raw)
    file.seek(len(header.raw))
    tensors = {}
    for name, entry in header.entries.items():
        tensor = torch.empty(entry.shape, dtype=DTYPES[entry.dtype])
        data = memory(tensor)
        if file.readinto(data) != len(data):
            raise CheckpointError(f"{path} became shorter while it was read.")
        if whole_file is not None:
            whole_file.update(data)
        tensors[name] = tensor
    return tensors


def memory(tensor: Tensor) -> memoryview:
    """The bytes of a contiguous tensor of any shape, uint8, not a copy."""
    return tensor.detach().contiguous().reshape(-1).view(torch.uint8).numpy().data


def digest(metadata: Mapping[str, str], tensors: Mapping[str, Tensor]) -> str:
    """SHA-256, in hexadecimal, over all metadata but ``sha256`` and the tensors' names, types, shapes and bytes.

    It does not depend on the order of either, and so survives a copy by another program.
    """
    names = {dtype: name for name, dtype in DTYPES.items()}
    layout = {name: [names[tensor.dtype], list(tensor.shape)] for name, tensor in tensors.items()}
    rest = {key: value for key, value in metadata.items() if key != "sha256"}
    running = hashlib.sha256(json.dumps([rest, layout], sort_keys=True).encode())
    for name in sorted(tensors):
        running.update(memory(tensors[name]))
    return running.hexdigest()


def write_tensors(path: Path, tensors: Mapping[str, Tensor], metadata: Mapping[str, str]) -> str:
    """Write tensors of any shape as a safetensors file, whole or not at all; returns the file's SHA-256.

    Raises OSError when it cannot be written.
    """
    names = {dtype: name for name, dtype in DTYPES.items()}
    tree: dict[str, Any] = {"__metadata__": dict(sorted(metadata.items()))}
    place = 0
    # the widest first, so that every tensor is aligned to its own type
    order = sorted(tensors, key=lambda name: (-tensors[name].dtype.itemsize, name))
    for name in order:
        tensor = tensors[name]
        end = place + tensor.numel() * tensor.dtype.itemsize
        tree[name] = {"dtype": names[tensor.dtype], "shape": list(tensor.shape), "data_offsets": [place, end]}
        place = end
    text = json.dumps(tree, ensure_ascii=False, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    parts: list[bytes | memoryview] = [len(text).to_bytes(8, "little"), text]
    parts += [memory(tensors[name]) for name in order]
    running = hashlib.sha256()
    for part in parts:
        running.update(part)
    write_whole(path, parts)
    return running.hexdigest()
