"""The portrait of the selected unit, and the scan that all panes about many pictures speak of."""

from __future__ import annotations

from zfdesk.desk.context import AppContext
from zfdesk.desk.feature import Feature
from zfdesk.desk.scan import ScanController


def _make(context: AppContext) -> None:
    context.add(ScanController(context))


def _connect(context: AppContext) -> None:
    context.get(ScanController).begin()


FEATURE = Feature(name="portrait", make=_make, connect=_connect)
