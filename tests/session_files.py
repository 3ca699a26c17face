"""Session files for the tests: a sound one with everything in it, and hundreds that are damaged in one way each."""

from __future__ import annotations

import hashlib
import io
import json
import struct
import warnings
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import combinations, islice
from typing import Any

import numpy as np
from PIL import Image

import zfdesk.engine as zf
from zfdesk.live import (
    Computation,
    Crop,
    CropMode,
    Demand,
    MapsContent,
    MapsDisplay,
    Normalise,
    Request,
    Result,
    SweepInput,
    SweepSnapshot,
    SweepState,
    UnitReference,
    View,
)  # fmt: skip
from zfdesk.session import FORMAT, Session, kept_sweep, moment_of, to_bytes
from zfdesk.sources import Frame, SourceReference

Parts = dict[str, bytes]


def frame_of(
    seed: int = 1, height: int = 60, width: int = 80, number: int = 1203, origin: str = "Front camera"
) -> Frame:
    """A frame of noise: nothing about it survives a lossy file."""
    pixels = np.random.default_rng(seed).integers(0, 256, (height, width, 3), np.uint8)
    pixels.setflags(write=False)
    return Frame(pixels, number, 1.0, origin)


def full_view() -> View:
    """A view with something in every field that can be empty."""
    return View(
        source=SourceReference("camera", "usb-1"), crop=Crop(CropMode.CROP, 0.45, 0.55, 0.7), layer="conv4", unit=5,
        position=(3, 4), seed=zf.SeedKind.AT, method=zf.Rule.GUIDED,
        origin=UnitReference("conv5", 3, zf.SeedKind.TOPK, None, 4),
        occluders=(
            zf.Occluder(4, 5, 9, 7, zf.OccluderShape.ELLIPSE, zf.OccluderFill.NOISE),
            zf.Occluder(20, 18, 6, 6, zf.OccluderShape.SQUARE, zf.OccluderFill.GREY),
        ),
        chosen_occluder=1, maps=MapsDisplay(MapsContent.CHANGE, Normalise.LOCKED, (-0.5, 2.25), 2.0, 0.7, "viridis"),
        pins=(UnitReference("conv1", 2), UnitReference("conv4", 7, zf.SeedKind.AT, (1, 2))), watched=(1, 3),
        frozen=True,
    )  # fmt: skip


def result_of(model: zf.Model, view: View, frame: Frame | None = None) -> Result:
    """What the worker would compute."""
    *_, result = Computation().run(Request(frame or frame_of(), view, Demand(), model))
    return result


def full_session(model: zf.Model) -> Session:
    """A session with everything, and a snapshot on another frame."""
    snapshot = result_of(model, View(layer="conv5", unit=2), frame_of(2, number=1100))
    kept = kept_sweep(swept_of(model), model)[0]
    assert kept is not None
    sweep = replace(kept, seconds=0.25)  # the same whenever it is made
    return Session(moment_of(result_of(model, full_view())), {"A": moment_of(snapshot)}, sweep)


def swept_of(model: zf.Model, batches: int = 3) -> SweepSnapshot:
    """A sweep of another frame that was cancelled after a few batches; all of it where there are no more."""
    picture = zf.centre_crop(frame_of(3).pixels, model.architecture.size)
    steps = zf.sweep(model.forward(picture), picture, zf.SweepPlan(9, 6), "conv5", batch=4)
    *_, sweep = islice(steps, batches)
    state = SweepState.DONE if sweep.complete else SweepState.CANCELLED
    return SweepSnapshot(SweepInput(model, picture, 77, "Front camera"), sweep, state, 10.0)


def parts_of(data: bytes) -> Parts:
    """The members of a sound file."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def packed(parts: Parts, hashes: bool = True, compression: int = zipfile.ZIP_DEFLATED) -> bytes:
    """A file of these members; ``hashes``: its JSON names them and their hashes, so that deeper checks are met."""
    if hashes:
        head = json.loads(parts["session.json"])
        names = [name for name in parts if name != "session.json"]
        head["parts"] = {name: hashlib.sha256(parts[name]).hexdigest() for name in names}
        parts = parts | {"session.json": json.dumps(head).encode()}
    memory = io.BytesIO()
    with zipfile.ZipFile(memory, "w", compression) as archive:
        for name, data in parts.items():
            archive.writestr(zipfile.ZipInfo(name), data, compression)
    return memory.getvalue()


def with_head(data: bytes, edit: Callable[[dict[str, Any]], None]) -> bytes:
    """The file with other JSON."""
    parts = parts_of(data)
    head = json.loads(parts["session.json"])
    edit(head)
    return packed(parts | {"session.json": json.dumps(head).encode()}, hashes=False)


def with_text(data: bytes, text: bytes) -> bytes:
    """The file with these bytes as its JSON."""
    return packed(parts_of(data) | {"session.json": text}, hashes=False)


def with_part(data: bytes, name: str, part: bytes) -> bytes:
    """The file with another part under that name, its hash set right."""
    return packed(parts_of(data) | {name: part})


# Damage


def cut(data: bytes) -> Iterator[tuple[str, bytes]]:
    for share in range(40):
        yield f"cut to {share}/40", data[: len(data) * share // 40]
    for count in (1, 2, 4, 21, 22, 23, 60):
        yield f"the last {count} bytes cut off", data[:-count]
        yield f"the first {count} bytes cut off", data[count:]
    yield "bytes before it", b"hello" + data
    yield "bytes after it", data + b"hello"
    yield "twice", data + data
    yield "zeros of its size", bytes(len(data))
    middle = len(data) // 2
    yield "a hole of zeros", data[: middle - 600] + bytes(1200) + data[middle + 600 :]


def flipped(data: bytes, count: int = 150) -> Iterator[tuple[str, bytes]]:
    """One bit wrong, at places that chance chose; half of them in the directory, where everything matters."""
    random = np.random.default_rng(7)
    directory = data.rindex(b"PK\1\2") - 200
    for number in range(count):
        low = directory if number % 2 else 0
        place, bit = int(random.integers(low, len(data))), int(random.integers(8))
        flipped = bytearray(data)
        flipped[place] ^= 1 << bit
        yield f"bit {bit} of byte {place} flipped", bytes(flipped)


def wrong_versions(data: bytes) -> Iterator[tuple[str, bytes]]:
    for version in (0, -1, FORMAT + 1, 99, 10**9, 10**30, "1", 1.0, 1.5, True, None, [1], {}):
        yield f"version {version!r}", with_head(data, lambda head, v=version: head.update(version=v))
    for word in ("", "zfdesk", "ZFDESK SESSION", None, 1, ["zfdesk session"]):
        yield f"format {word!r}", with_head(data, lambda head, w=word: head.update(format=w))
    for key in ("format", "version", "zfdesk", "moment", "snapshots", "sweep", "parts"):
        yield f"without {key}", with_head(data, lambda head, k=key: head.pop(k))


def wrong_names(data: bytes) -> Iterator[tuple[str, bytes]]:
    evil = (
        "../evil.txt", "../../../../../../tmp/evil.txt", "/tmp/evil.txt", "/etc/cron.d/evil", "..", ".",
        "./frame-1.png", "a/b.png", "a/../../evil.txt", "..\\evil.txt", "C:\\evil.txt", "C:evil.txt",
        "\\\\server\\share\\evil", "~/evil", "evil\n.png", ".hidden", "con:", "frame\0.png", "x" * 300, "ｆrame.png",
        "folder/",
    )  # fmt: skip
    parts = parts_of(data)
    for name in evil:
        yield f"a part called {name[:30]!r}", packed(parts | {name: b"evil"})
        renamed = {name if key == "frame-1.png" else key: value for key, value in parts.items()}
        head = json.loads(parts["session.json"])
        head["moment"]["frame"]["file"] = name
        yield f"the frame called {name[:30]!r}", packed(renamed | {"session.json": json.dumps(head).encode()})
        array = np_bytes(np.zeros(3, np.float32))
        yield f"an array called {name[:30]!r}", with_part(data, "live.npz", zip_of({name: array}))


def wrong_parts(data: bytes) -> Iterator[tuple[str, bytes]]:
    parts = parts_of(data)
    names = [name for name in parts if name != "session.json"]
    for name in parts:
        yield f"without {name}", packed({key: value for key, value in parts.items() if key != name}, hashes=False)
    for first, second in combinations(names, 2):
        yield f"{first} and {second} swapped", packed(parts | {first: parts[second], second: parts[first]}, False)
    yield "an extra part", packed(parts | {"extra.png": b"x"}, hashes=False)
    memory = io.BytesIO(packed(parts))
    with zipfile.ZipFile(memory, "a") as archive, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # zipfile's own about the name
        archive.writestr("frame-1.png", parts["frame-1.png"])
    yield "a name twice", memory.getvalue()
    yield "a name twice but for its case", packed(parts | {"FRAME-1.png": parts["frame-1.png"]})
    for compression in (zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA):
        yield f"packed in another way ({compression})", packed(parts, True, compression)
    for name in ("flag", "method"):
        encrypted = bytearray(packed(parts))
        for sign, offset in ((b"PK\3\4", 6), (b"PK\1\2", 8)):
            place = -1
            while (place := encrypted.find(sign, place + 1)) >= 0:
                encrypted[place + offset + (0 if name == "flag" else 2)] |= 1 if name == "flag" else 99
        yield f"encrypted by {name}", bytes(encrypted)
    yield "an empty zip", zip_of({})
    yield "another zip", zip_of({"word/document.xml": b"<xml/>"})


def bombs(data: bytes) -> Iterator[tuple[str, bytes]]:
    parts = parts_of(data)
    zeros = bytes(30 << 20)
    yield "30 MB of JSON", packed(parts | {"session.json": zeros}, hashes=False)
    yield "30 MB of blanks as JSON", packed(parts | {"session.json": b" " * (30 << 20) + b"{}"}, hashes=False)
    many = {f"zeros-{number}.npz": zeros for number in range(7)}
    yield "210 MB in seven parts", packed(parts | many, hashes=False)
    for count in (100_000, 60_000):  # more, and no more, than a plain zip can count
        yield f"{count} parts", zip_of({f"p{number}": b"" for number in range(count)})
    yield "40 parts", packed(parts | {f"p{number}": b"" for number in range(40)})
    for size in (2**31, 2**32 - 2):
        yield f"says it is {size} bytes", lying_size(packed(parts), "frame-1.png", size)
    yield "says it is smaller than it is", lying_size(packed(parts), "frame-1.png", 100)
    yield "a zip bomb as arrays", with_part(data, "live.npz", zip_of({f"a{n}.npy": zeros for n in range(7)}))
    for side in (20_000, 60_000, 2**31 - 1):
        yield f"a frame of {side} x {side}", with_frame(data, png_claiming(side, side), side, side)
        yield f"a frame that hides that it is {side} x {side}", with_frame(data, png_claiming(side, side), 60, 80)
    deep = b'{"a":' * 100_000 + b"1" + b"}" * 100_000
    yield "nested 100 000 deep", with_text(data, deep)
    yield "lists 100 000 deep", with_text(data, b"[" * 100_000)
    yield "a number of a million digits", with_text(data, b'{"format":' + b"9" * 900_000 + b"}")


def wrong_json(data: bytes) -> Iterator[tuple[str, bytes]]:
    text = parts_of(data)["session.json"]
    for other in (
        b"",
        b"{}",
        b"[]",
        b"null",
        b"1",
        b'"text"',
        b"\xff\xfe{}",
        text[:-2],
        b"\0" * 99,
    ):
        yield f"JSON that is {other[:12]!r}", with_text(data, other)
    for word in (b"NaN", b"Infinity", b"-Infinity", b"1e999"):
        yield f"{word!r} as a number", with_text(data, text.replace(b'"x": 0.45', b'"x": ' + word, 1))
    yield "a name given twice", with_text(data, text.replace(b'"unit": 5', b'"unit": 5, "unit": 6', 1))
    for path in leaves(json.loads(text)):
        for wrong in ({"a": 1}, [[]]):
            yield f"{wrong} at {path}", with_head(data, lambda head, p=path, w=wrong: put(head, p, w))
    for value in (2**40, -(2**40), 1.5, "7", None, True):
        yield f"unit {value!r}", with_head(data, lambda h, v=value: h["moment"]["view"].update(unit=v))
    for value in (1e300, "0.5", None, False, -1e13):
        yield f"crop {value!r}", with_head(data, lambda h, v=value: h["moment"]["view"]["crop"].update(x=v))
    for value in ("x" * 5000, 5, None, "nul\0"):
        yield f"layer {str(value)[:9]!r}", with_head(data, lambda h, v=value: h["moment"]["view"].update(layer=v))
    for value in ([1], [1, 2, 3], [1, "2"], {"y": 1}, "3, 4", [1.5, 2]):
        yield f"position {value!r}", with_head(data, lambda h, v=value: h["moment"]["view"].update(position=v))
    for value in (0, -5, 2**31):
        yield (
            f"occluder {value}",
            with_head(data, lambda h, v=value: h["moment"]["view"]["occluders"][0].update(height=v)),
        )
    many = [{"layer": "conv1", "unit": 0}] * 1001
    yield "1001 pins", with_head(data, lambda h: h["moment"]["view"].update(pins=many))
    nine = {f"S{number}": None for number in range(9)}
    yield "nine snapshots", with_head(data, lambda h: h.update(snapshots=dict.fromkeys(nine, h["snapshots"]["A"])))
    for name in ("", "../A", "A/B", "A\n"):
        yield f"snapshot {name!r}", with_head(data, lambda h, n=name: h.update(snapshots={n: h["snapshots"]["A"]}))


def wrong_arrays(data: bytes) -> Iterator[tuple[str, bytes]]:
    good = np_bytes(np.arange(6, dtype=np.float32))
    pickled = io.BytesIO()
    np.save(pickled, np.array([{"a": 1}, print], dtype=object), allow_pickle=True)
    yield "a pickle", with_part(data, "live.npz", zip_of({"probabilities.npy": pickled.getvalue()}))
    for name, array in {
        "NaN": np.full(3, np.nan, np.float32), "infinite": np.full(3, np.inf, np.float32), "doubles": np.zeros(3),
        "texts": np.array(["a"]), "complex": np.zeros(2, complex), "big-endian": np.zeros(3, ">f4"),
        "five-dimensional": np.zeros((1,) * 5, np.float32), "Fortran": np.asfortranarray(np.zeros((2, 3), np.float32)),
        "structured": np.zeros(2, "f4,i4"), "dates": np.zeros(2, "M8[s]"),
    }.items():  # fmt: skip
        yield f"{name} as an array", with_part(data, "live.npz", zip_of({"probabilities.npy": np_bytes(array)}))
    for shape in (
        "(10**9, 10**9)",
        "(1000000000,)",
        "(7,)",
        "(5,)",
        "(-6,)",
        "[6]",
        "(6.0,)",
        "(True,)",
        "6",
        "__import__('os')",
    ):
        header = f"{{'descr': '<f4', 'fortran_order': False, 'shape': {shape}, }}".encode()
        header += b" " * (63 - (len(header) + 10) % 64) + b"\n"
        lying = good[:8] + struct.pack("<H", len(header)) + header + good[-24:]
        yield f"an array of shape {shape}", with_part(data, "live.npz", zip_of({"probabilities.npy": lying}))
    for length in (0, 5, 9, 60, len(good) - 1):
        yield f"an array cut to {length}", with_part(data, "live.npz", zip_of({"probabilities.npy": good[:length]}))
    yield "a text as arrays", with_part(data, "live.npz", b"not a zip")


def wrong_sweeps(data: bytes) -> Iterator[tuple[str, bytes]]:
    with np.load(io.BytesIO(parts_of(data)["sweep.npz"])) as read:
        arrays = {name: read[name] for name in read.files}

    def changed(**others: np.ndarray | None) -> bytes:
        kept = {name: array for name, array in (arrays | others).items() if array is not None}
        return with_part(data, "sweep.npz", zip_of({f"{name}.npy": np_bytes(array) for name, array in kept.items()}))

    done, positions = arrays["done"], arrays["positions"]
    for name, array in arrays.items():
        yield f"a sweep without {name}", changed(**{name: None})
        yield f"a sweep with {name} cut", changed(**{name: array[:-1]})
        yield f"a sweep with {name} of another type", changed(**{name: array.astype(np.int64)})
        yield f"a sweep with {name} one number", changed(**{name: array.ravel()[:1].reshape(())})
    yield "a sweep with one more array", changed(more=done)
    yield "a sweep with more done than there is", changed(done=np.ones_like(done))
    yield "a sweep with done of 2", changed(done=done * 2)
    yield (
        "a sweep of which nothing is done",
        changed(done=done * 0, probabilities=arrays["probabilities"][:0], activations=arrays["activations"][:0]),
    )
    yield "a sweep at other positions", changed(positions=positions + np.int32(1))
    yield "a sweep of an oblong picture", changed(picture=arrays["picture"][:, :-1].copy())
    yield (
        "a sweep of no classes",
        changed(
            clean_probabilities=arrays["clean_probabilities"][:0], probabilities=arrays["probabilities"][:, :0].copy()
        ),
    )
    for wrong in ({"size": 0}, {"stride": 0}, {"size": 33}, {"stride": 7}, {"shape": "star"}, {"size": 2**40}):
        yield f"a sweep of {wrong}", with_head(data, lambda head, w=wrong: head["sweep"]["plan"].update(w))
    for wrong in ("", "frame-1.png", "../sweep.npz", "live.npz"):
        yield f"a sweep in {wrong!r}", with_head(data, lambda head, w=wrong: head["sweep"].update(arrays=w))


def wrong_frames(data: bytes) -> Iterator[tuple[str, bytes]]:
    png = parts_of(data)["frame-1.png"]
    for length in (0, 8, 20, 33, 60, len(png) // 2, len(png) - 13, len(png) - 40):
        yield f"a frame cut to {length}", with_part(data, "frame-1.png", png[:length])
    pixels = frame_of().pixels
    for mode in ("L", "RGBA", "P", "1", "I;16"):
        image = (
            Image.fromarray(pixels[:, :, 0].astype(np.uint16))
            if mode == "I;16"
            else Image.fromarray(pixels).convert(mode)
        )
        yield f"a frame of mode {mode}", with_part(data, "frame-1.png", encoded(image, "PNG"))
    for kind in ("JPEG", "BMP", "TIFF", "GIF", "PPM"):
        yield f"a frame as {kind}", with_part(data, "frame-1.png", encoded(Image.fromarray(pixels), kind))
    yield "a frame of another size", with_part(data, "frame-1.png", encoded(Image.fromarray(pixels[:-1]), "PNG"))
    yield (
        "a frame turned",
        with_part(data, "frame-1.png", encoded(Image.fromarray(pixels.transpose(1, 0, 2).copy()), "PNG")),
    )
    for height, width in ((0, 80), (-60, -80), (60, 0), (80, 60), (2**31 - 1, 2**31 - 1)):
        yield f"a frame said to be {height} x {width}", with_frame(data, png, height, width)


def all_damage(data: bytes) -> Iterator[tuple[str, bytes]]:
    """Each damaged file with what was done to it; in all of them something that matters is wrong."""
    for kind in (
        cut,
        wrong_versions,
        wrong_names,
        wrong_parts,
        bombs,
        wrong_json,
        wrong_arrays,
        wrong_sweeps,
        wrong_frames,
    ):
        yield from kind(data)


# Tools


def leaves(value: Any, path: tuple = ()) -> Iterator[tuple]:
    """The paths of all values that hold no others."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        yield from leaves(item, (*path, key))
    if not items:
        yield path


def put(value: Any, path: tuple, new: Any) -> None:
    for key in path[:-1]:
        value = value[key]
    value[path[-1]] = new


def np_bytes(array: np.ndarray) -> bytes:
    memory = io.BytesIO()
    np.save(memory, array)
    return memory.getvalue()


def encoded(image: Image.Image, kind: str) -> bytes:
    memory = io.BytesIO()
    image.save(memory, kind)
    return memory.getvalue()


def zip_of(parts: Parts) -> bytes:
    return packed(parts, hashes=False)


def with_frame(data: bytes, png: bytes, height: int, width: int) -> bytes:
    parts = parts_of(data)
    head = json.loads(parts["session.json"])
    head["moment"]["frame"].update(height=height, width=width)
    return packed(parts | {"frame-1.png": png, "session.json": json.dumps(head).encode()})


def png_claiming(width: int, height: int) -> bytes:
    """A PNG of a few bytes whose header claims that size."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(bytes(10_000))) + chunk(b"IEND", b"")
    )


def lying_size(data: bytes, name: str, size: int) -> bytes:
    """The zip with another unpacked size for one member, in both places where it stands."""
    changed = bytearray(data)
    for sign, offset, place_of_name in ((b"PK\3\4", 22, 30), (b"PK\1\2", 24, 46)):
        place = -1
        while (place := changed.find(sign, place + 1)) >= 0:
            if changed[place + place_of_name :].startswith(name.encode()):
                changed[place + offset : place + offset + 4] = struct.pack("<I", size)
    return bytes(changed)


def sound(model: zf.Model) -> bytes:
    """The bytes of a file with everything in it."""
    return to_bytes(full_session(model))
