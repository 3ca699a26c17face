"""Views of pictures, packed into tar files with a teacher's answers or with labels.

The folder follows the WebDataset convention: ``NAME-00000.tar`` … with members KEY.jpg, KEY.npz (``logits`` and
``embedding``, float16) or KEY.cls (the class's index), and ``shards.json``, which tells what is in them. What the
teacher is asked about is the stored JPEG, decoded. KEY is the place in the plan, so that the same plan always gives
the same shards.
"""

from __future__ import annotations

import io
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from zfdesk.progress import duration, noun
from zfdesk.sources import SourceError
from zfdesk.training.errors import ShardsError
from zfdesk.training.pack_plan import PackPlan
from zfdesk.training.prefetch import batches_ahead
from zfdesk.training.shard_writer import BATCH, ShardWriter
from zfdesk.training.teacher import Teacher


@dataclass(frozen=True)
class Packed:
    """What `pack` did: ``views`` and ``shards`` in the folder, ``skipped``: pictures that this run could not read;
    ``seconds`` and ``made``: time and views of this run alone."""

    views: int
    shards: int
    skipped: tuple[str, ...]
    seconds: float
    made: int


def pack(
    plan: PackPlan,
    folder: Path,
    teacher: Teacher | None = None,
    *,
    name: str = "views",
    source: str = "",
    threads: int = 2,
    progress: Callable[[str], None] = lambda text: None,
    on_message: Callable[[str], None] = lambda sentence: None,
) -> Packed:
    """Write the plan's shards into a folder, or those that are not there yet.

    source: where the pictures come from, in words. progress: gets how far it is, in words. on_message: gets a sentence
    for each picture that is left out.
    Raises ShardsError when the folder holds other shards, nothing could be read, or the disk refuses.
    """
    writer = ShardWriter(plan, folder, teacher, name, source)
    start, began, made = writer.next_place, time.monotonic(), 0
    skipped: list[str] = []
    for places, views in _batches(plan, start, teacher, threads):
        kept = []
        for place, view in zip(places, views, strict=True):
            if isinstance(view, str):
                skipped.append(plan.pictures[plan.order[place]])
                on_message(view)
            else:
                kept.append((place, *view))
        writer.add(_members(plan, teacher, kept))
        made += len(kept)
        rate = (places[-1] + 1 - start) / max(time.monotonic() - began, 1e-9)
        done, total = places[-1] + 1, len(plan)
        left, shards = duration((total - done) / rate), len(writer.shards)
        progress(f"{done:,} of {total:,} views, {rate:.1f} a second, {left} left, {shards} {noun(shards, 'shard')}")
    writer.close()
    if not writer.views:
        raise ShardsError("None of the pictures could be read.")
    return Packed(writer.views, len(writer.shards), tuple(skipped), time.monotonic() - began, made)


_View = tuple[bytes, np.ndarray | None]  # the stored JPEG, and its pixels for the teacher


def _batches(
    plan: PackPlan, start: int, teacher: Teacher | None, threads: int
) -> Iterator[tuple[Sequence[int], list[_View | str]]]:
    """Places and their views (or why there is none), in order, prefetched by threads."""

    def make(place: int) -> _View | str:
        try:
            stored = plan.view_at(place)
        except SourceError as error:
            path = plan.pictures[plan.order[place]]
            return f"{str(error).rstrip('.')} ({path})."
        if teacher is None:
            return stored, None
        with Image.open(io.BytesIO(stored), formats=("JPEG",)) as image:
            return stored, teacher.fitted(image)

    return batches_ahead(range(start, len(plan)), BATCH, make, threads)


def _members(
    plan: PackPlan, teacher: Teacher | None, views: list[tuple[int, bytes, np.ndarray | None]]
) -> list[tuple[str, list[tuple[str, bytes]]]]:
    """The files of each view: [(key, [(extension, contents)])]."""
    made = [(f"{place:08}", [("jpg", stored)]) for place, stored, _ in views]
    if plan.labels:
        for (_, files), (place, _, _) in zip(made, views, strict=True):
            files.append(("cls", str(plan.labels[plan.order[place]]).encode()))
    if teacher and views:
        logits, embedding = teacher.ask(np.stack([pixels for *_, pixels in views if pixels is not None]))
        for index, (_, files) in enumerate(made):
            answers = {"logits": logits[index].astype(np.float16)}
            if embedding is not None:
                answers["embedding"] = embedding[index].astype(np.float16)
            file = io.BytesIO()
            np.savez(file, **answers)
            files.append(("npz", file.getvalue()))
    return made


__all__ = ["Packed", "pack"]
