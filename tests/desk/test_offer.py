"""What the window says and offers is seen, hides no pane, and ends with what it was about."""

from __future__ import annotations

from desk_hands import HandSource
from desk_tools import settle, wait_until
from desk_window import Window
from PySide6.QtWidgets import QWidget

from zfdesk.desk.widgets.notification import Notification

LONG = (
    "What the session shows cannot be computed with the network that is there: it was made with other weights, of 1000 "
    "classes and 224 × 224 pixels, which are not in the list; the network of the window is used instead."
)


def hidden_panes(window: Window, line: QWidget) -> list[str]:
    """Titles of the panes that the line lies over."""
    at = line.geometry()
    return [pane.title for pane, dock in window.docks.items() if dock.isVisible() and dock.geometry().intersects(at)]


def is_seen(window: Window, line: QWidget) -> bool:
    at = line.geometry()
    points = [at.center(), at.topLeft() + at.center() / 50, at.bottomRight() - at.center() / 50]
    found = [window.childAt(point) for point in points]
    return all(one is not None and (one is line or line.isAncestorOf(one)) for one in found)


def test_an_offer_and_a_message_hide_no_pane_and_are_seen(window: Window) -> None:
    offer = Notification(window, "Is this seen?", {"Yes": lambda: None})
    for width, height in ((1440, 900), (1024, 728)):
        window.resize(width, height)
        window.message.say(LONG, error=True)
        settle()
        for line in (offer, window.message):
            assert is_seen(window, line), (width, line)
            assert hidden_panes(window, line) == [], width
    window.run("training")
    wait_until(lambda: window.training is not None and window.training.isVisible())
    for pane in (window.sweep, window.maps, window.training):
        window.docks[pane].show()
        window.docks[pane].raise_()
        wait_until(lambda: is_seen(window, offer))  # docks move to their places
        assert is_seen(window, window.message), pane.title
    offer.finish()


def test_a_message_ends_with_the_source_it_was_about(live: Window) -> None:
    live.desk.message.emit("The camera has gone.", True)
    assert live.message.isVisible()
    live.desk.open_made(HandSource())
    wait_until(lambda: not live.message.isVisible())
    live.desk.message.emit("Snapshot A taken of frame 3.", False)
    assert live.message.isVisible()  # nothing has become of what it says
