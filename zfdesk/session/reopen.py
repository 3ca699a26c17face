"""From a session that was read to what can be shown here: with which network, and what differs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from zfdesk import __version__
from zfdesk.engine import Model
from zfdesk.live import Computation, Demand, Request, Result, SweepSnapshot, SweepUnit, View
from zfdesk.live.fitting import fitting_view, printable
from zfdesk.session.content import FrameRecord, Session
from zfdesk.session.file import SessionError
from zfdesk.session.network_facts import NetworkFacts, network_facts
from zfdesk.session.sweeps import swept_again
from zfdesk.weights import CheckpointError, load, store

NOTABLE = 0.001  # difference of a probability that is told; fast and plain arithmetic differ by 0.0004 at most


@dataclass(frozen=True, eq=False)
class Reopened:
    """A session as it can be shown here.

    ``view``: fits ``model``. ``result``: of the saved frame, computed here. ``snapshots``: likewise, by name.
    ``swept``: the sweep exactly as it was saved, with its reconstruction.
    ``notes``: sentences on what differs from what was saved.
    """

    session: Session
    model: Model
    view: View
    result: Result
    snapshots: dict[str, Result]
    notes: tuple[str, ...]
    swept: SweepSnapshot | None = None


def reopen(session: Session, present: Model, switch: bool = True) -> Reopened:
    """Compute a session anew, with its own weights where they are at hand, else with ``present``.

    ``switch``: whether to look for its weights at all.
    Raises SessionError when what it shows cannot be computed: nothing has changed then.
    """
    notes = list(session.notes)
    if session.zfdesk and session.zfdesk != __version__:
        notes.insert(0, f"It was saved by zfdesk {printable(session.zfdesk, 20)}; this is {__version__}.")
    model, difference = find_network(session.moment.network, present) if switch else (present, "")
    difference = difference or _difference(session.moment.network, model)
    notes += [difference] if difference else []
    view, changed = fitting_view(session.moment.view, model)
    notes += changed
    result = _computed(session.moment, view, model)
    if not difference and (deviation := _deviation(session.moment, result)):
        notes.append(deviation)
    snapshots = {}
    for name, moment in session.snapshots.items():
        seen_with = fitting_view(moment.view, model)[0]
        if seen_with != moment.view or _difference(moment.network, model):
            notes.append(f"Snapshot {name} was taken with other weights and is left out.")
        else:
            snapshots[name] = _computed(moment, seen_with, model)
    swept = None
    if session.sweep is not None:
        if not _difference(session.sweep.network, model):
            swept = swept_again(session.sweep, model, view.unit if view.sweep.unit is SweepUnit.SELECTED else -1)
        if swept is None:
            notes.append("Its sweep was made with other weights and is left out.")
    return Reopened(session, model, view, result, snapshots, tuple(notes), swept)


def find_network(wanted: NetworkFacts, present: Model) -> tuple[Model, str]:
    """The model with these weights: the present one, or one of the list; else the present one and a sentence."""
    if not _difference(wanted, present):
        return present, ""
    if wanted.sha256:
        for entry in store.list_weights():
            if not entry.error and entry.sha256 == wanted.sha256:
                try:
                    return load(entry.path), ""
                except CheckpointError as error:
                    return present, f"{error} {printable(present.name) or 'The present network'} is used instead."
    return present, _difference(wanted, present)


def _difference(wanted: NetworkFacts, model: Model) -> str:
    """How a model differs from the network that was saved, as a sentence; "" when it is the same."""
    here = network_facts(model)
    if (wanted.sha256, wanted.architecture) == (here.sha256, here.architecture) and (wanted.sha256 or wanted == here):
        return ""
    if wanted.name == here.name:
        return (
            f"It was saved with other weights called {printable(wanted.name) or 'nothing'} ({_hash(wanted.sha256)}) "
            f"than those here ({_hash(here.sha256)}): the answers differ."
        )
    return (
        f"It was saved with the weights {printable(wanted.name) or 'without a name'} "
        f"({printable(wanted.architecture)}, {_hash(wanted.sha256)}), which are not installed: "
        f"{printable(here.name) or 'the present network'} ({_hash(here.sha256)}) answers differently."
    )


def _computed(moment: FrameRecord, view: View, model: Model) -> Result:
    request = Request(moment.frame, view, Demand(), model)
    try:
        *_, result = Computation().run(request)
    except Exception as error:  # whatever a view asks for that cannot be: told, and nothing has changed
        reason = str(error).rstrip(".") if isinstance(error, ValueError | ArithmeticError) else type(error).__name__
        raise SessionError(f"What the session shows cannot be computed: {reason}.") from None
    return result


def _deviation(moment: FrameRecord, result: Result) -> str:
    """Whether other probabilities came out than were saved."""
    saved = moment.arrays.get("probabilities")
    if saved is None or saved.shape != result.probabilities.shape:
        return ""
    most = float(np.abs(saved - result.probabilities).max())
    if most <= NOTABLE:
        return ""
    return f"Computed here, its probabilities differ from the saved ones by up to {most * 100:.1f} points."


def _hash(sha256: str) -> str:
    return f"SHA-256 {printable(sha256, 8)}" if sha256 else "without a file"


__all__ = ["Reopened", "find_network", "reopen"]
