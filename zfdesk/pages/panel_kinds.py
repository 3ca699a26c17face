"""All kinds of figure panel, in the order in which they are offered: the ``KINDS`` of each module ``panels_…`` here."""

from __future__ import annotations

import pkgutil
from importlib import import_module

import zfdesk.pages
from zfdesk.pages.panels import FIXED, PanelKind, PanelSpec, Sources

ORDER = ("live", "sweep", "snapshot", "trace", "heat", "invariance", "made", "scan", "portrait", "network")
"""Others follow, by name."""
PREFIX = "panels_"


def found_kinds() -> tuple[PanelKind, ...]:
    """Those of all modules, in order."""
    modules = (module.name for module in pkgutil.iter_modules(zfdesk.pages.__path__))
    names = [name.removeprefix(PREFIX) for name in modules if name.startswith(PREFIX)]
    names.sort(key=lambda name: (ORDER.index(name) if name in ORDER else len(ORDER), name))
    return tuple(kind for name in names for kind in import_module(f"{zfdesk.pages.__name__}.{PREFIX}{name}").KINDS)


KINDS = found_kinds()

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
