"""The same scan on a Dask cluster: workers scan pictures by portions, this process keeps what they send.

What a worker gives back are the records of its portion themselves; keeping them is a union, so neither order nor
repetition matters, and a portion whose worker died is done by another. Workers need zfdesk and must see the pictures
under the same paths; the weights are sent to them, once each.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from importlib import import_module
from itertools import islice
from typing import Any

from zfdesk.engine import Model
from zfdesk.library.database import LibraryError
from zfdesk.library.listing import ListedPicture
from zfdesk.library.records import Part, encoded, joined
from zfdesk.library.scanning import Chunks, Compute, Scanned, compute_here
from zfdesk.live import Crop

CHUNKS = 8
"""Chunks in a portion: 256 pictures, some seconds of a worker and 12 MB to send back."""

AHEAD = 2
"""Portions that each worker has at hand."""

RETRIES = 3
"""How often a portion that failed is tried again; over how many dead workers is Dask's own setting."""

WAIT = 30.0
"""Seconds to wait for the scheduler, and for a first worker."""


def compute_on(address: str) -> Compute:
    """For `zfdesk.library.scan`: the workers of the scheduler at an address such as tcp://HOST:8786.

    Raises LibraryError where Dask is missing, and while it scans where nobody answers or a worker fails.
    """
    try:
        distributed: Any = import_module("distributed")  # which has no types
    except ImportError as error:
        raise LibraryError("A cluster needs Dask: pip install 'zfdesk[dask]'.") from error

    def compute(model: Model, chunks: Chunks, layers: Sequence[str], crop: Crop) -> Iterator[Scanned]:
        try:
            client = distributed.Client(address, timeout=WAIT, set_as_default=False)
        except (OSError, ValueError, TimeoutError) as error:
            raise LibraryError(f"No Dask scheduler answers at {address}: {error}.") from None
        with client:
            try:
                client.wait_for_workers(1, timeout=WAIT)
            except TimeoutError:
                raise LibraryError(f"The Dask scheduler at {address} has no workers.") from None
            yield from _scanned(client, model, chunks, layers, crop)

    return compute


def _scanned(client: Any, model: Model, chunks: Chunks, layers: Sequence[str], crop: Crop) -> Iterator[Scanned]:
    distributed: Any = import_module("distributed")  # which has no types

    weights = client.scatter(replace(model), broadcast=True, hash=False)  # without what is packed for this machine
    portions = _portions(chunks)

    def asked() -> Any:
        portion = next(portions, None)
        if portion is None:
            return None
        return client.submit(scan_portion, weights, portion, tuple(layers), crop, pure=False, retries=RETRIES)

    workers = max(len(client.scheduler_info(n_workers=-1)["workers"]), 1)
    first = [one for one in (asked() for _ in range(AHEAD * workers)) if one is not None]
    waiting = distributed.as_completed(first, loop=client.loop)
    for future in waiting:
        try:
            scanned = future.result()
        except Exception as error:  # whatever a worker says
            raise LibraryError(f"A worker of the cluster failed: {error}") from error
        yield scanned
        if (further := asked()) is not None:
            waiting.add(further)


def _portions(chunks: Chunks) -> Iterator[list[ListedPicture]]:
    waiting = iter(chunks)
    while portion := [one for chunk in islice(waiting, CHUNKS) for one in chunk]:
        yield portion


def scan_portion(model: Model, portion: list[ListedPicture], layers: tuple[str, ...], crop: Crop) -> Scanned:
    """Scan a portion of pictures: what a worker process does."""
    done = list(compute_here(model, iter([portion]), layers, crop))
    parts = [one.part for one in done if isinstance(one.part, Part)]
    return Scanned(
        [seen for one in done for seen in one.seen],
        encoded(joined(parts), model.architecture) if parts else None,
        [one for each in done for one in each.unreadable],
        [one for each in done for one in each.gone],
    )


__all__ = ["compute_on", "scan_portion"]
