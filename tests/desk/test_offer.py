"""What the window offers is seen, whatever is opened after it."""

from __future__ import annotations

from desk_tools import settle, wait_until
from desk_window import Window

from zfdesk.desk.widgets.notification import Offer


def test_an_offer_stays_above_panes_that_come_later(window: Window) -> None:
    offer = Offer(window, "Is this seen?", {"Yes": lambda: None})
    settle()

    def seen() -> bool:
        at = offer.geometry()
        points = [at.center(), at.topLeft() + at.center() / 50, at.bottomRight() - at.center() / 50]
        found = [window.childAt(point) for point in points]
        return all(one is not None and (one is offer or offer.isAncestorOf(one)) for one in found)

    assert seen()
    window.run("training")
    wait_until(lambda: window.training is not None and window.training.isVisible())
    settle()
    assert seen()
    for pane in (window.sweep, window.maps, window.training):
        window.docks[pane].show()
        window.docks[pane].raise_()
        settle()
        assert seen(), pane.title
    offer.finish()
