"""Which network something was computed with, in a few facts."""

from __future__ import annotations

from dataclasses import dataclass

from zfdesk.engine import Model


@dataclass(frozen=True)
class NetworkFacts:
    """Which network it was. ``sha256``: of the weights file, "" for weights that were never in one."""

    architecture: str
    name: str = ""
    sha256: str = ""
    classes: int = 0
    trained: bool = True


def network_facts(model: Model) -> NetworkFacts:
    """Which network a model is."""
    return NetworkFacts(model.architecture.name, model.name, model.sha256, len(model.classes), model.trained)
