"""All kinds of figure panel, in the order in which they are offered. A new one has a line in ``KINDS``."""

from __future__ import annotations

from zfdesk.pages.panels import FIXED, PanelKind, PanelSpec, Sources
from zfdesk.pages.panels_heat import HEAT_KINDS
from zfdesk.pages.panels_invariance import INVARIANCE_KINDS
from zfdesk.pages.panels_live import LIVE_KINDS
from zfdesk.pages.panels_made import MADE
from zfdesk.pages.panels_network import NETWORK_KINDS
from zfdesk.pages.panels_portrait import PORTRAIT_KINDS
from zfdesk.pages.panels_scan import SCAN_KINDS
from zfdesk.pages.panels_snapshot import SNAPSHOT_KINDS
from zfdesk.pages.panels_sweep import SWEEP_KINDS
from zfdesk.pages.panels_trace import TRACE

KINDS: tuple[PanelKind, ...] = (
    *LIVE_KINDS,
    *SWEEP_KINDS,
    *SNAPSHOT_KINDS,
    TRACE,
    *HEAT_KINDS,
    *INVARIANCE_KINDS,
    MADE,
    *SCAN_KINDS,
    *PORTRAIT_KINDS,
    *NETWORK_KINDS,
)

_BY_NAME = {kind.name: kind for kind in (*KINDS, FIXED)}


def kind_named(name: str) -> PanelKind:
    """The kind of that name. Raises KeyError."""
    return _BY_NAME[name]


def groups() -> list[str]:
    """The headings, in order."""
    return list(dict.fromkeys(kind.group for kind in KINDS))


def offered(group: str, sources: Sources) -> list[PanelSpec]:
    """All that stands under a heading: of several pinned units one after the other."""
    specs = [spec for kind in KINDS if kind.group == group for spec in kind.specs(sources)]
    return sorted(specs, key=lambda spec: spec.number)


__all__ = ["KINDS", "groups", "kind_named", "offered"]
