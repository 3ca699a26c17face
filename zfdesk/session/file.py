"""Sessions to files and back."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from zfdesk import __version__
from zfdesk.atomic_write import write_whole
from zfdesk.engine import OccluderFill, OccluderShape, SweepPlan
from zfdesk.error_reason import error_reason
from zfdesk.live import View
from zfdesk.npz import ArchiveError
from zfdesk.session import archive
from zfdesk.session.content import FrameRecord, Kept, Session
from zfdesk.session.network_facts import NetworkFacts
from zfdesk.session.sweeps import KeptSweep, checked_sweep
from zfdesk.sources import Frame, SourceError
from zfdesk.sources.files import file_name, open_file
from zfdesk.typed_json import PlainError, from_plain, parsed, to_plain

SUFFIX = ".zfdesk"
KIND = "zfdesk session"
FORMAT = 3
"""Goes up when a file could not be read field for field any more; a new field of the view alone does not need that."""


def _with_a_sweep(data: dict[str, Any]) -> dict[str, Any]:
    """Format 1 kept no sweep, and no colours of watched classes: they are given in order."""
    for moment in (data["moment"], *data["snapshots"].values()):
        moment["view"].setdefault("watched_slots", [])
    return {**data, "version": 2, "sweep": None}


def _with_features(data: dict[str, Any]) -> dict[str, Any]:
    """Format 2 gave the scanned folders and the pictures of the lab places of their own."""
    kept: dict[str, Any] = {}
    scan, made = data.pop("scan", []), data.pop("made", None)
    if scan:
        kept["scan"] = {"value": {"places": scan}}
    if made is not None:
        arrays, names, state = (made.pop(key) for key in ("arrays", "names", "state"))
        pictures, values, known = ({"array": name} for name in ("pictures", "values", "known"))
        sketch = {key: made.pop(key) for key in ("step", "steps", "notes")} | {"pictures": pictures, "values": values}
        description = made | {"text": made.pop("words")}
        as_now = {"description": description, "sketch": sketch, "names": names, "state": state}
        kept["made"] = {"value": {"made": as_now, "known": known}, "arrays": arrays}
    return {**data, "version": 3, "kept": kept}


MIGRATIONS: dict[int, Callable[[dict[str, Any]], dict[str, Any]]] = {1: _with_a_sweep, 2: _with_features}
"""By format: from the JSON of that format to that of the next."""

HEAD = "session.json"
SWEEP = "sweep.npz"
MOST_BYTES_OF_HEAD = 1 << 20
MOST_BYTES_OF_FILE = archive.MOST_BYTES
MOST_SNAPSHOTS = 8


class SessionError(ValueError):
    """A session that cannot be read or written. The text is one sentence for the user, with the file and the cause."""


@dataclass(frozen=True)
class FrameHead:
    """One frame: the part that holds its pixels, its size, and what `Frame` says of it."""

    file: str
    height: int
    width: int
    number: int = 0
    origin: str = ""


@dataclass(frozen=True)
class MomentHead:
    """A `FrameRecord` without its pixels and arrays. ``arrays``: the part that holds them, "" for none."""

    view: View
    network: NetworkFacts
    frame: FrameHead
    arrays: str = ""


@dataclass(frozen=True)
class PlanHead:
    """A `SweepPlan`; nothing of it can be left to a default, as the answers are those of that very occluder."""

    size: int
    stride: int
    shape: OccluderShape
    fill: OccluderFill
    overhang: bool

    def __post_init__(self) -> None:
        self.plan()

    def plan(self) -> SweepPlan:
        """As the engine takes it. ValueError where there is no such sweep."""
        return SweepPlan(self.size, self.stride, self.shape, self.fill, self.overhang)


@dataclass(frozen=True)
class SweepHead:
    """A `KeptSweep`; ``arrays``: the part that holds its arrays."""

    plan: PlanHead
    layer: str
    network: NetworkFacts
    arrays: str
    number: int = 0
    origin: str = ""
    live: bool = False
    seconds: float = 0.0


@dataclass(frozen=True)
class KeptHead:
    """A `Kept`; ``arrays``: the part that holds its arrays, "" for none."""

    value: dict[str, Any]
    arrays: str = ""


@dataclass(frozen=True)
class Head:
    """Everything that ``session.json`` holds."""

    format: str
    version: int
    zfdesk: str
    moment: MomentHead
    snapshots: dict[str, MomentHead]
    sweep: SweepHead | None
    parts: dict[str, str]
    kept: dict[str, KeptHead] = field(default_factory=dict)


def to_bytes(session: Session) -> bytes:
    """A session as the bytes of its file; the same session gives the same bytes."""
    parts: dict[str, bytes] = {}
    frames: dict[int, str] = {}  # one part for moments that share a frame
    live = _head_of(session.moment, "live", parts, frames)
    kept = sorted(session.snapshots.items())
    snapshots = {name: _head_of(moment, f"snapshot-{name}", parts, frames) for name, moment in kept}
    sweep = None
    if kept_of := session.sweep:
        parts[SWEEP] = archive.pack_arrays(kept_of.arrays)
        kept_plan = kept_of.plan
        plan = PlanHead(kept_plan.size, kept_plan.stride, kept_plan.shape, kept_plan.fill, kept_plan.overhang)
        sweep = SweepHead(
            plan, kept_of.layer, kept_of.network, SWEEP, kept_of.number, kept_of.origin, kept_of.live, kept_of.seconds
        )
    by_features = {}
    for name, one in session.kept.items():
        if one.arrays:
            parts[f"{name}.npz"] = archive.pack_arrays(one.arrays)
        by_features[name] = KeptHead(one.value, f"{name}.npz" if one.arrays else "")
    hashes = {name: hashlib.sha256(data).hexdigest() for name, data in parts.items()}
    head = Head(KIND, FORMAT, __version__, live, snapshots, sweep, hashes, by_features)
    text = json.dumps(to_plain(head), indent=1, allow_nan=False).encode()
    return archive.pack_members({HEAD: text, **parts})


def _head_of(moment: FrameRecord, name: str, parts: dict[str, bytes], frames: dict[int, str]) -> MomentHead:
    frame = moment.frame
    file = frames.setdefault(id(frame.pixels), f"frame-{len(frames) + 1}.png")
    if file not in parts:
        parts[file] = archive.pack_frame(frame.pixels)
    height, width = frame.pixels.shape[:2]
    arrays = f"{name}.npz" if moment.arrays else ""
    if arrays:
        parts[arrays] = archive.pack_arrays(moment.arrays)
    return MomentHead(moment.view, moment.network, FrameHead(file, height, width, frame.number, frame.origin), arrays)


def save_session(session: Session, path: Path) -> None:
    """Write a session file, whole or not at all: what was there stays until the new one is safely on the disk.

    Raises SessionError.
    """
    try:
        if path.is_dir():
            raise SessionError(f"{file_name(path)} was not saved: there is a folder of that name.")
        write_whole(path, [to_bytes(session)])
    except MemoryError:
        raise SessionError(f"{file_name(path)} was not saved: there is not enough memory.") from None
    except OSError as error:
        reason = error_reason(error)
        raise SessionError(f"{file_name(path)} was not saved: {reason}.") from None


def is_session(path: str | Path) -> bool:
    """Whether a file is meant as a session: by its suffix, or by how it begins."""
    if Path(path).suffix.lower() == SUFFIX:
        return True
    try:
        with open_file(path) as file:
            head = file.read(30 + len(HEAD))
    except (SourceError, OSError):
        return False
    return head[:4] == b"PK\3\4" and head[30:] == HEAD.encode()


def load_session(path: Path) -> Session:
    """Read a session file. Raises SessionError, in a sentence that names the file, for whatever is wrong with it."""
    name = file_name(path)
    try:
        with open_file(path) as file:
            data = file.read(MOST_BYTES_OF_FILE + 1)
    except SourceError as error:
        raise SessionError(str(error)) from None
    except MemoryError:
        raise SessionError(f"{name} needs more memory than there is.") from None
    except OSError as error:
        raise SessionError(f"{name} cannot be read: {error_reason(error)}.") from None
    return from_bytes(data, name)


def from_bytes(data: bytes, name: str = "The session") -> Session:
    """Like `load_session`, from the bytes of a file; ``name`` is how a sentence calls it. Raises SessionError."""
    try:
        if len(data) > MOST_BYTES_OF_FILE:
            raise ArchiveError("it is too large")
        return _session(archive.unpack_members(data))
    except (ArchiveError, PlainError) as error:
        raise SessionError(f"{name} cannot be opened as a session: {_its(str(error))}.") from None


def _its(text: str) -> str:
    """ "it.moment.view.unit is …" as people say it."""
    return text.replace("it.moment.", "its ", 1).replace("it.", "its ", 1) if text.startswith("it.") else text


def _session(parts: dict[str, bytes]) -> Session:
    notes: list[str] = []
    head_json = _head_json(parts.pop(HEAD, b""))
    head = from_plain(Head, head_json, "it", notes)
    if parts.keys() != head.parts.keys():
        raise ArchiveError("its parts are not those it names")
    for name, data in parts.items():
        if hashlib.sha256(data).hexdigest() != head.parts[name]:
            raise ArchiveError(f"its part {name} is not the one that was saved")
    if len(head.snapshots) > MOST_SNAPSHOTS:
        raise ArchiveError(f"it has more than {MOST_SNAPSHOTS} snapshots")
    frames: dict[tuple[str, int, int], np.ndarray] = {}
    moment = _moment(head.moment, parts, frames)
    snapshots = {name: _moment(kept, parts, frames) for name, kept in head.snapshots.items()}
    if len(set(map(str.casefold, snapshots))) < len(snapshots) or not all(map(str.isalnum, snapshots)):
        raise ArchiveError("its snapshots have names that none of ours has")
    by_features = {name: Kept(one.value, _arrays(one.arrays, parts)) for name, one in head.kept.items()}
    sentences = tuple(f"I{_its(note)[1:]}" for note in notes)
    return Session(moment, snapshots, _sweep(head.sweep, parts), by_features, head.zfdesk, sentences)


def _arrays(name: str, parts: Mapping[str, bytes]) -> dict[str, np.ndarray]:
    """The arrays in a part; "" has none."""
    if not name:
        return {}
    if name not in parts:
        raise ArchiveError("a part that it needs is not in it")
    return archive.unpack_arrays(parts[name])


def _sweep(head: SweepHead | None, parts: Mapping[str, bytes]) -> KeptSweep | None:
    if head is None:
        return None
    arrays = _arrays(head.arrays, parts)
    return checked_sweep(
        KeptSweep(head.plan.plan(), head.layer, head.network, arrays, head.number, head.origin, head.live, head.seconds)
    )


def _head_json(content: bytes) -> dict[str, Any]:
    """The checked JSON, brought to the present format."""
    if not content or len(content) > MOST_BYTES_OF_HEAD:
        raise ArchiveError("it is a zip file, but no session" if not content else "it says too much of itself")
    try:
        data = parsed(content)
    except ValueError:
        raise ArchiveError("what it says of itself is damaged") from None
    version, writer = data.get("version"), data.get("zfdesk")
    if data.get("format") != KIND or type(version) is not int or version < 1 or not isinstance(writer, str):
        raise ArchiveError("it says neither what it is nor which version it has")
    if version > FORMAT:
        by = "".join(letter for letter in writer[:20] if letter.isprintable())
        raise ArchiveError(
            f"it was saved by a newer zfdesk ({by}) in format {version}, and this one ({__version__}) reads up to "
            f"format {FORMAT}"
        )
    try:
        for old in range(version, FORMAT):
            data = MIGRATIONS[old](data)
    except (KeyError, TypeError, ValueError, AttributeError):
        raise ArchiveError(f"it is of the old format {version} and damaged") from None
    return data


def _moment(
    head: MomentHead, parts: Mapping[str, bytes], frames: dict[tuple[str, int, int], np.ndarray]
) -> FrameRecord:
    kept = head.frame
    if kept.file not in parts:
        raise ArchiveError("a part that it needs is not in it")
    key = (kept.file, kept.height, kept.width)
    if key not in frames:
        frames[key] = archive.unpack_frame(parts[kept.file], kept.height, kept.width)
    frame = Frame(frames[key], kept.number, time.perf_counter(), kept.origin)
    return FrameRecord(head.view, frame, head.network, _arrays(head.arrays, parts))
