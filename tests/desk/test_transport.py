"""The bar under the picture: shown when there is something to play, and gentle with the source."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest
from desk_tools import settle, wait_until
from PySide6.QtCore import QPoint, QSettings, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QVBoxLayout, QWidget

from zfdesk.desk.actions import ActionTable
from zfdesk.desk.context import AppContext
from zfdesk.desk.live_view.transport import SEEK_MS, SMALLEST, TransportBar, position_text
from zfdesk.desk.state import AppState
from zfdesk.desk.widgets.text import clock
from zfdesk.desk.widgets.theme import apply_theme
from zfdesk.desk.window.features import ACTIONS
from zfdesk.sources import Source, SourceReference, Transport


class Played(Source):
    """A source that only notes what it is asked for."""

    def __init__(self, kind: str, state: Transport | None) -> None:
        super().__init__(SourceReference(kind), kind)
        self.state = state
        self.asked: list[tuple] = []
        self.times: list[float] = []

    def start(self, deliver: object, trouble: object) -> None: ...

    def stop(self) -> None: ...

    @property
    def transport(self) -> Transport | None:
        return self.state

    def play(self) -> None:
        self.asked.append(("play",))

    def pause(self) -> None:
        self.asked.append(("pause",))

    def step(self, count: int) -> None:
        self.asked.append(("step", count))

    def seek(self, seconds: float) -> None:
        self.asked.append(("seek", seconds))
        self.times.append(time.monotonic())

    def set_looping(self, looping: bool) -> None:
        self.asked.append(("loop", looping))

    def next(self) -> None:
        self.asked.append(("next",))

    def previous(self) -> None:
        self.asked.append(("previous",))


CLIP = Transport(playing=True, position=2.5, duration=10.0, looping=True, index=75, count=300)
FOLDER = Transport(playing=False, position=6.0, duration=36.0, looping=True, index=2, count=12)


def with_actions(desk: AppState, settings: QSettings) -> AppContext:
    """A context that knows the actions, and has no window."""
    context = AppContext(desk, settings, desk)
    context.add(ActionTable(context, ACTIONS))
    return context


@pytest.fixture
def bar(application: object, desk: AppState, settings: QSettings) -> Iterator[TransportBar]:
    apply_theme(application, "dark", False)
    holder = QWidget()
    bar = TransportBar(with_actions(desk, settings))
    layout = QVBoxLayout(holder)
    layout.addWidget(bar)
    holder.resize(420, 60)
    holder.show()
    settle(20)
    yield bar
    holder.close()
    holder.deleteLater()
    settle()


def give(bar: TransportBar, kind: str, state: Transport | None) -> Played:
    source = Played(kind, state)
    bar.desk.source = source
    bar.desk.source_changed.emit()
    settle(10)
    return source


def test_words() -> None:
    assert [clock(s) for s in (0, 7.4, 59.96, 61, 3723.5)] == ["0:00.0", "0:07.4", "0:59.9", "1:01.0", "1:02:03.5"]
    assert position_text(CLIP, "clip") == "0:02.5 / 0:10.0"
    assert position_text(FOLDER, "folder") == "3 / 12"
    assert position_text(Transport(True, 61.0, None, True), "clip") == "1:01.0"


def test_it_is_seen_only_while_there_is_something_to_play(bar: TransportBar) -> None:
    assert not bar.isVisible()
    assert not bar.refresh_clock.isActive()
    give(bar, "clip", CLIP)
    assert bar.isVisible()
    assert bar.refresh_clock.isActive()
    give(bar, "picture", None)
    assert not bar.isVisible()
    assert not bar.refresh_clock.isActive()


def test_it_never_opens_as_a_window_of_its_own(nothing_left: None, desk: AppState, settings: QSettings) -> None:
    desk.source = Played("clip", CLIP)
    bar = TransportBar(with_actions(desk, settings))
    settle(20)
    assert not bar.isVisible()
    bar.deleteLater()


def test_what_a_source_has(bar: TransportBar) -> None:
    bar.window().resize(700, 60)
    give(bar, "clip", CLIP)
    assert bar.slider.isVisible()
    assert not bar.next.isVisible()
    assert not bar.previous.isVisible()
    assert "frame 76 of 300" in bar.slider.toolTip()
    for kind in ("folder", "demo"):
        give(bar, kind, FOLDER)
        assert bar.next.isVisible()
        assert bar.previous.isVisible()
        assert bar.label.text() == "3 / 12"
    give(bar, "clip", Transport(True, 1.0, None, False))
    assert not bar.slider.isVisible()
    assert not bar.loop.isChecked()


def test_buttons_ask_the_source(bar: TransportBar) -> None:
    bar.window().resize(700, 60)
    source = give(bar, "demo", CLIP)
    for button in (bar.previous, bar.step_back, bar.play, bar.step_on, bar.next, bar.loop):
        QTest.mouseClick(button, Qt.MouseButton.LeftButton)
    assert source.asked == [("previous",), ("step", -1), ("pause",), ("step", 1), ("next",), ("loop", False)]
    source.state = FOLDER
    bar.refresh()
    QTest.mouseClick(bar.play, Qt.MouseButton.LeftButton)
    assert source.asked[-1] == ("play",)


def test_names_tips_and_sizes(bar: TransportBar) -> None:
    bar.window().resize(700, 60)
    give(bar, "demo", CLIP)
    keys = {action.id: action.keys for action in ACTIONS}
    buttons = {"previous": bar.previous, "step-back": bar.step_back, "play": bar.play, "step-on": bar.step_on,
               "next": bar.next, "loop": bar.loop}  # fmt: skip
    for name, button in buttons.items():
        assert button.accessibleName()
        assert all(key in button.toolTip() for key in keys[name])
        assert min(button.width(), button.height()) >= SMALLEST
    assert bar.play.accessibleName() == "Pause"


def test_it_renews_itself(bar: TransportBar) -> None:
    source = give(bar, "clip", CLIP)
    source.state = Transport(True, 7.0, 10.0, True, 210, 300)
    wait_until(lambda: bar.slider.value() == 7000, 2)
    assert bar.label.text() == "0:07.0 / 0:10.0"


def test_numbers_do_not_make_it_jump(bar: TransportBar) -> None:
    source = give(bar, "clip", CLIP)
    place = bar.slider.geometry()
    for position in (1.1, 4.4, 8.8, 9.9):
        source.state = Transport(True, position, 10.0, True)
        bar.refresh()
        settle(5)
        assert bar.slider.geometry() == place


def test_a_drag_seeks_seldom_and_ends_where_it_was_let_go(bar: TransportBar) -> None:
    source = give(bar, "clip", CLIP)
    slider, middle = bar.slider, bar.slider.height() // 2
    QTest.mousePress(slider, Qt.MouseButton.LeftButton, pos=QPoint(4, middle))
    begun = time.monotonic()
    moves = 0
    while time.monotonic() - begun < 0.3:
        moves += 1
        QTest.mouseMove(slider, QPoint(4 + moves % (slider.width() - 8), middle))
        settle(1)
    QTest.mouseMove(slider, QPoint(slider.width() - 1, middle))
    QTest.mouseRelease(slider, Qt.MouseButton.LeftButton, pos=QPoint(slider.width() - 1, middle))
    seeks = [asked[1] for asked in source.asked if asked[0] == "seek"]
    assert moves > 2 * len(seeks)
    assert all(b - a >= SEEK_MS / 1000 * 0.8 for a, b in zip(source.times, source.times[1:-1], strict=False))
    assert seeks[-1] == 10.0
    assert source.asked[0] == ("pause",)
    assert source.asked[-1] == ("play",)


def test_a_click_on_the_groove_goes_there_and_a_paused_clip_stays_paused(bar: TransportBar) -> None:
    source = give(bar, "clip", Transport(False, 0.0, 10.0, True))
    slider = bar.slider
    QTest.mouseClick(slider, Qt.MouseButton.LeftButton, pos=QPoint(slider.width() // 2, slider.height() // 2))
    assert [asked[0] for asked in source.asked] == ["pause", "seek"]
    assert source.asked[1][1] == pytest.approx(5.0, abs=0.3)
    bar.refresh()
    assert slider.value() == pytest.approx(5000, abs=300)  # it waits for the source rather than jump back


@pytest.mark.parametrize("presenter", [False, True])
@pytest.mark.parametrize("width", [224, 300, 420, 800])
def test_everything_shown_has_room(application: object, bar: TransportBar, width: int, presenter: bool) -> None:
    apply_theme(application, "dark", presenter)
    bar.desk.change(bar.desk.view.change(presenter=presenter))
    bar.window().resize(width, 80)
    give(bar, "demo", Transport(True, 2.5, 35.0, True, 1, 5))
    settle(30)
    assert bar.window().width() == width
    shown = [part for part in bar.findChildren(QWidget) if part.isVisible()]
    assert bar.play in shown
    assert bar.slider in shown
    for part in shown:
        assert bar.rect().contains(part.geometry()), part.accessibleName()
        assert part.width() >= min(part.sizeHint().width(), part.minimumWidth() or SMALLEST)
    apply_theme(application, "dark", False)


def test_with_the_real_demo(bar: TransportBar) -> None:
    bar.desk.worker.start()
    bar.desk.open(SourceReference("demo"))
    wait_until(lambda: bar.isVisible())
    bar.window().resize(700, 60)
    settle(20)
    QTest.mouseClick(bar.next, Qt.MouseButton.LeftButton)
    wait_until(lambda: bar.label.text() == "2 / 5")
    QTest.mouseClick(bar.play, Qt.MouseButton.LeftButton)
    wait_until(lambda: bar.play.accessibleName() == "Play")


def test_a_freeze_halts_what_plays(bar: TransportBar) -> None:
    """Else the bar tells of another picture than the frozen one beside it, and a step goes on from there."""
    desk = bar.desk
    desk.worker.start()
    desk.open(SourceReference("demo"))
    wait_until(lambda: desk.source is not None and desk.source.transport.position > 0)
    desk.change(desk.view.change(frozen=True))
    frozen_at = desk.source.transport.position
    bar.refresh()
    assert bar.play.accessibleName() == "Play"
    settle(150)
    assert desk.source.transport.position == pytest.approx(frozen_at, abs=0.05)
    desk.change(desk.view.change(frozen=False))
    wait_until(lambda: desk.source.transport.position > frozen_at + 0.1)

    desk.change(desk.view.change(frozen=True))
    QTest.mouseClick(bar.play, Qt.MouseButton.LeftButton)
    assert not desk.view.frozen
    assert desk.source.transport.playing

    QTest.mouseClick(bar.play, Qt.MouseButton.LeftButton)
    for frozen in (True, False):
        desk.change(desk.view.change(frozen=frozen))
        assert not desk.source.transport.playing, "what was paused stays so"
