"""Arrays as files: the same bytes for the same arrays, and no file makes the program take memory, hang or crash."""

from __future__ import annotations

import io
import struct
import time
import tracemalloc
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from zfdesk import npz
from zfdesk.experiments.heatmap import HeatMapError, read_heat_map
from zfdesk.npz import ArchiveError, NpzLimits
from zfdesk.pages.layout_file import LayoutError, read_page
from zfdesk.runs import RunError
from zfdesk.runs.names import statistics_file
from zfdesk.runs.statistics import read_statistics

ARRAYS = {
    "b": np.arange(6, dtype=np.float32).reshape(2, 3), "a": np.array(3, np.int64), "none": np.zeros((0, 4), np.uint8),
    "columns": np.asfortranarray(np.arange(6.0).reshape(2, 3)), "big": np.arange(3, dtype=">u2"),
    "flags": np.array([True, False]),
}  # fmt: skip
LIMITS = NpzLimits(1 << 20)


@pytest.mark.parametrize("compressed", [True, False])
def test_what_is_written_is_read_again_and_by_numpy(compressed: bool) -> None:
    data = npz.encode(ARRAYS, compressed)
    assert data == npz.encode(dict(reversed(ARRAYS.items())), compressed)
    found = npz.decode(data, LIMITS)
    with np.load(io.BytesIO(data), allow_pickle=False) as theirs:
        for name, array in ARRAYS.items():
            np.testing.assert_array_equal(found[name], array)
            np.testing.assert_array_equal(theirs[name], array)
            assert (found[name].dtype, found[name].flags.writeable) == (array.dtype, False)
    memory = io.BytesIO()
    np.savez_compressed(memory, **ARRAYS)  # type: ignore[arg-type]
    assert npz.decode(memory.getvalue(), LIMITS).keys() == ARRAYS.keys()


def header(descr: str, shape: object, order: object = False, length: int | None = None) -> bytes:
    told = f"{{'descr': {descr!r}, 'fortran_order': {order}, 'shape': {shape}, }}\n".encode()
    return b"\x93NUMPY\1\0" + struct.pack("<H", len(told) if length is None else length) + told


def zipped(*members: tuple[str, bytes], comment: bytes = b"") -> bytes:
    memory = io.BytesIO()
    with zipfile.ZipFile(memory, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.comment = comment
        for name, data in members:
            archive.writestr(name, data)
    return memory.getvalue()


def many() -> bytes:
    return zipped(*((f"{number}.npy", b"") for number in range(40)))


WHOLE = npz.encode(ARRAYS, compressed=False)
HOSTILE: dict[str, Callable[[], bytes]] = {
    "nothing": lambda: b"",
    "no zip": lambda: b"PNG?" * 20,
    "cut": lambda: WHOLE[:-30],
    "a byte changed": lambda: WHOLE.replace(b"NUMPY", b"NUMPX"),
    "a shape of terabytes": lambda: zipped(("a.npy", header("<f4", (1 << 30, 1 << 30)))),
    "a shape below zero": lambda: zipped(("a.npy", header("<f4", (-1, -2)) + bytes(8))),
    "a shape of names": lambda: zipped(("a.npy", header("<f4", "(x,)") + bytes(8))),
    "objects": lambda: zipped(("a.npy", header("|O", (1,)) + b"\x80\4N.")),
    "a record": lambda: zipped(("a.npy", header("<f4", (1,)).replace(b"'<f4'", b"[('x', '<f4')]") + bytes(4))),
    "another version": lambda: zipped(("a.npy", header("<f4", (1,)).replace(b"\1\0", b"\2\0", 1) + bytes(4))),
    "a header that is too long": lambda: zipped(("a.npy", header("<f4", (1,), length=60_000) + bytes(60_000))),
    "a bomb": lambda: zipped(("a.npy", header("|u1", (30 << 20,)) + bytes(30 << 20))),
    "bombs": lambda: zipped(*((f"{n}.npy", header("|u1", (1 << 18,)) + bytes(1 << 18)) for n in range(8))),
    "many members": many,
    "two of one name": lambda: zipped(*((name, header("<f4", ()) + bytes(4)) for name in ("a.npy", "A.npy"))),
    "no array": lambda: zipped(("a.txt", b"text")),
    "a comment": lambda: zipped(("a.npy", header("<f4", (1,)) + bytes(4)), comment=b"PK\5\6" + bytes(18)),
}  # fmt: skip


@pytest.mark.parametrize("what", HOSTILE)
def test_hostile_files_are_refused_in_words_at_once(what: str, tmp_path: Path) -> None:
    data = HOSTILE[what]()
    tracemalloc.start()
    begun = time.process_time()
    with pytest.raises(ArchiveError) as caught:
        npz.decode(data, LIMITS)
    seconds, peak = time.process_time() - begun, tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert str(caught.value)[:3] in ("it ", "an ", "a p", "two", "som")
    assert seconds < 1
    assert peak < 8 << 20
    place = statistics_file(tmp_path, 1)
    place.parent.mkdir(parents=True)
    for path, read, error in (
        (tmp_path / "heat.npz", lambda path: read_heat_map(path, 32), HeatMapError),
        (tmp_path / "figure.npz", read_page, LayoutError),
        (place, lambda _: read_statistics(tmp_path, 1), RunError),
    ):
        path.write_bytes(data)
        with pytest.raises(error) as refused:
            read(path)
        assert "\n" not in str(refused.value)
        assert path.name in str(refused.value)
