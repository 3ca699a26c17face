"""The thread that draws the page as matplotlib does, latest-only: a newer request replaces one that was not begun."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from zfdesk.desk.tasks import error_text
from zfdesk.figures.page import Page
from zfdesk.live import LatestSlot

if TYPE_CHECKING:
    from zfdesk.figures.drawing import PageFigure
    from zfdesk.figures.pixels import CellPlace

LEAST_DPI, MOST_SIDE = 20.0, 6000  # pixels of a page on screen
REST_SECONDS = 0.6  # without a request, before the page is made ready for copying and dragging
GREYS = np.array([0.299, 0.587, 0.114], np.float32)


@dataclass(frozen=True, eq=False)
class DrawRequest:
    """A page as it is to be seen. ``dpi``: device pixels an inch; 0: as large as fits ``room``, width and height in
    device pixels. ``grey``: as a black and white printer would. ``print_dpi``: of the copy that is made ready."""

    page: Page
    dpi: float
    room: tuple[int, int]
    grey: bool = False
    print_dpi: float = 300


@dataclass(frozen=True, eq=False)
class Drawn:
    """``pixels``: uint8 (height, width, 3), read-only; None with a ``error``, a sentence."""

    request: DrawRequest
    pixels: np.ndarray | None
    dpi: float = 0.0
    inches: tuple[float, float] = (0.0, 0.0)
    places: tuple[CellPlace, ...] = ()
    error: str = ""


class Drawer:
    """All methods may be called from any thread and return at once. ``drawn`` holds the newest page."""

    def __init__(self) -> None:
        self.drawn: LatestSlot[Drawn] = LatestSlot()
        self.count = 0  # of pages laid out, for those who measure
        self._request: DrawRequest | None = None
        self._ready: tuple[Page, float, bytes] | None = None
        self._known: tuple[Page, PageFigure, tuple[CellPlace, ...]] | None = None
        self._wake = threading.Condition()
        self._stopped = self._busy = False
        self._thread: threading.Thread | None = None

    def ask(self, request: DrawRequest) -> None:
        """Draw this, and forget what was asked before and is not begun."""
        with self._wake:
            self._request = request
            if self._thread is None and not self._stopped:
                self._thread = threading.Thread(target=self._work, name="zfdesk-page", daemon=True)
                self._thread.start()
            self._wake.notify()

    def stop(self) -> None:
        """End; what is being drawn just now is drawn to its end and thrown away."""
        with self._wake:
            self._stopped = True
            self._wake.notify()

    @property
    def busy(self) -> bool:
        """Whether something is being drawn, or waits."""
        with self._wake:
            return self._busy or self._request is not None

    def ready(self, page: Page, dpi: float) -> bytes | None:
        """The page as PNG for copying, if it is made already."""
        ready = self._ready
        return ready[2] if ready is not None and ready[0] is page and ready[1] == dpi else None

    def _work(self) -> None:
        import torch

        torch.set_num_threads(1)
        last: DrawRequest | None = None
        while True:
            with self._wake:
                self._busy = False
                if self._request is None and not self._stopped:
                    self._wake.wait(REST_SECONDS if last is not None else None)
                if self._stopped:
                    return
                request, self._request = self._request, None
                self._busy = request is not None
            if request is not None:
                last = request
                self.drawn.put(self._draw(request))
            elif last is not None:
                self._prepare(last)
                last = None

    def _draw(self, request: DrawRequest) -> Drawn:
        try:
            return self._page(request)
        except Exception as error:  # the builder goes on
            return Drawn(request, None, error=error_text(error, "The page cannot be drawn", "to draw this page"))

    def _page(self, request: DrawRequest) -> Drawn:
        from zfdesk.figures.drawing import draw
        from zfdesk.figures.pixels import cell_places, pixels

        if self._known is None or self._known[0] is not request.page:
            figure = draw(request.page)
            self.count += 1
            self._known = request.page, figure, cell_places(figure, request.page)
        _, figure, places = self._known
        width, height = (float(side) for side in figure.get_size_inches())
        dpi = request.dpi or min(request.room[0] / width, request.room[1] / height)
        dpi = max(min(dpi, MOST_SIDE / max(width, height)), LEAST_DPI)
        drawn = pixels(figure, dpi)
        if request.grey:
            drawn = np.repeat((drawn @ GREYS).astype(np.uint8)[..., None], 3, axis=2)
        return Drawn(request, drawn, dpi, (width, height), places)

    def _prepare(self, request: DrawRequest) -> None:
        from zfdesk.figures.files import encode

        known = self._known
        if known is None or known[0] is not request.page or self.ready(request.page, request.print_dpi) is not None:
            return
        try:
            self._ready = request.page, request.print_dpi, encode(known[1], "png", request.print_dpi)
        except (ValueError, MemoryError):  # told when it is asked for
            self._ready = None


__all__ = ["DrawRequest", "Drawer", "Drawn"]
