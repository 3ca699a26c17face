"""A sweep as a session keeps it: every answer as it was, exactly, and back to what the window shows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from zfdesk.engine import Model, Sweep, SweepPlan
from zfdesk.live import SweepInput, SweepSnapshot, SweepState
from zfdesk.live.sweeping import project
from zfdesk.npz import ArchiveError
from zfdesk.session.network_facts import NetworkFacts, network_facts

MOST_BYTES = 96 << 20
"""Of a sweep's answers; 50,176 positions, the most there can be with ZFNet, have 252 MB."""

LARGEST_SIDE = 2048  # of the picture swept
NAMES = ("activations", "clean_activations", "clean_probabilities", "done", "picture", "positions", "probabilities")


@dataclass(frozen=True, eq=False)
class KeptSweep:
    """A `Sweep` and what it is of, without the network.

    ``arrays``: ``picture`` (uint8, what was swept), ``positions`` (int32, rows × columns × 2, top and left),
    ``done`` (uint8, rows × columns: 0 where a partial sweep did not come), ``probabilities`` and ``activations``
    (float32, a row for each position that is done, in reading order, × classes or units of ``layer``) and
    ``clean_probabilities`` and ``clean_activations``. ``number``, ``origin``: of the frame. ``live``: it was a round of
    the live sweep. ``seconds``: computing time.
    """

    plan: SweepPlan
    layer: str
    network: NetworkFacts
    arrays: Mapping[str, np.ndarray]
    number: int = 0
    origin: str = ""
    live: bool = False
    seconds: float = 0.0


def kept_sweep(swept: SweepSnapshot | None, model: Model) -> tuple[KeptSweep | None, str]:
    """What a session of ``model`` keeps of a sweep: None where there is none, and, with a sentence, of one too large.

    A sweep of another network is not kept: it is not of what is shown.
    """
    if swept is None or swept.sweep is None or swept.input.model is not model or not swept.sweep.done.any():
        return None, ""
    sweep = swept.sweep
    count = int(sweep.done.sum())
    size = 4 * count * (len(sweep.clean_probabilities) + len(sweep.clean_activations))
    if size > MOST_BYTES:
        reason = f"The sweep of {count:,} positions ({size / 1e6:.0f} MB) is too large for a session"
        return None, f"{reason}: save its arrays by themselves."
    arrays = {
        "picture": sweep.picture,
        "positions": sweep.positions,
        "done": sweep.done.astype(np.uint8),
        "probabilities": sweep.probabilities[sweep.done],
        "activations": sweep.activations[sweep.done],
        "clean_probabilities": sweep.clean_probabilities,
        "clean_activations": sweep.clean_activations,
    }
    network = network_facts(model)
    input = swept.input
    return KeptSweep(
        sweep.plan, sweep.layer, network, arrays, input.number, input.origin, swept.live, sweep.seconds
    ), ""  # fmt: skip


def checked_sweep(kept: KeptSweep) -> KeptSweep:
    """The same. Raises ArchiveError where its arrays do not fit together, before anything large is made of them."""
    arrays, wrong = kept.arrays, ArchiveError("its sweep does not fit together")
    if tuple(sorted(arrays)) != NAMES:
        raise wrong
    picture, done, positions = arrays["picture"], arrays["done"], arrays["positions"]
    count = int((done == 1).sum())
    square = picture.ndim == 3 and picture.shape == (len(picture), len(picture), 3)
    if not square or picture.dtype != np.uint8 or not 1 <= len(picture) <= LARGEST_SIDE:
        raise wrong
    if done.ndim != 2 or done.dtype != np.uint8 or count != np.count_nonzero(done) or not count:
        raise wrong
    for what in ("probabilities", "activations"):
        clean, values = arrays[f"clean_{what}"], arrays[what]
        fits = clean.ndim == 1 and len(clean) and clean.dtype == values.dtype == np.float32
        if not fits or values.shape != (count, len(clean)):
            raise wrong
    try:
        expected = kept.plan.positions(*picture.shape[:2])
    except (ValueError, OverflowError):
        raise wrong from None
    if positions.dtype != np.int32 or done.shape != expected.shape[:2] or not np.array_equal(positions, expected):
        raise wrong
    return kept


def swept_again(kept: KeptSweep, model: Model, unit: int) -> SweepSnapshot | None:
    """The sweep as it was, of ``model``, and ``unit``'s reconstruction, -1 for the strongest map's; None where the
    network has no such layer, classes or size."""
    arrays = kept.arrays
    stage = next((stage for stage in model.architecture.stages if stage.name == kept.layer), None)
    counts = len(arrays["clean_probabilities"]), len(arrays["clean_activations"]), len(arrays["picture"])
    if stage is None or counts != (len(model.classes), stage.shape[0], model.architecture.size):
        return None
    done = _frozen(arrays["done"].astype(bool))
    grown = {}
    for what in ("probabilities", "activations"):
        values = np.full((*done.shape, arrays[what].shape[1]), np.nan, np.float32)
        values[done] = arrays[what]
        grown[what] = _frozen(values)
    sweep = Sweep(
        kept.plan, kept.layer, model, arrays["picture"], arrays["positions"], done, grown["probabilities"],
        grown["activations"], arrays["clean_probabilities"], arrays["clean_activations"], kept.seconds,
    )  # fmt: skip
    input = SweepInput(model, arrays["picture"], kept.number, kept.origin)
    clean = model.forward(arrays["picture"])
    shown = unit if 0 <= unit < stage.shape[0] else sweep.highest_total_unit
    state = SweepState.DONE if sweep.complete else SweepState.CANCELLED
    return SweepSnapshot(input, sweep, state, sweep.positions_per_second, kept.live, project(clean, kept.layer, shown))


def _frozen(array: np.ndarray) -> np.ndarray:
    array.setflags(write=False)
    return array


__all__ = ["KeptSweep", "checked_sweep", "kept_sweep", "swept_again"]
