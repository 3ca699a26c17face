"""What every pane has: a line of facts above, with copy, save and pin on hover, and a picture of itself."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, Qt, QTimer, Signal
from PySide6.QtGui import QEnterEvent
from PySide6.QtWidgets import (
    QAbstractButton,
    QDockWidget,
    QHBoxLayout,
    QLabel,
    QSizePolicy,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from zfdesk.desk.context import AppContext
from zfdesk.desk.widgets.colour_bar import until_renewal
from zfdesk.desk.widgets.drag_out import DragOut
from zfdesk.desk.widgets.text import BETWEEN, fit_facts
from zfdesk.desk.widgets.theme import PRESENTER_PIXELS, Colours, set_role
from zfdesk.live import Demand, Result, UnitReference

QWIDGETSIZE_MAX = (1 << 24) - 1  # Qt's "as high as it likes", which PySide6 does not name
LECTURE_LINES = 40  # of type on the height of a screen: read from the last row
LEAVE_MS = 300
FACTS_EVERY_MS = 200  # text a few times a second; pictures at frame rate


class ElidedLabel(QLabel):
    """A few lines at most, which never widen their pane: facts without room are left out, and only a first one that has
    no room is cut with …. The whole of it is the tool tip.

    ``lines``: at most so many; a second one that was needed once stays until the label has another width. ``steady``:
    it takes the room of all of them from the beginning, because what stands below must never move.
    """

    def __init__(self, parent: QWidget | None = None, lines: int = 1, steady: bool = False) -> None:
        super().__init__(parent)
        self._full_text = self._short = ""
        self._lines, self._fitted_to, self._steady = lines, -1, steady
        self.cut = False
        self.setText(" ")  # a label that never had a text is a pixel lower than it will be
        self._renewal = QTimer(self, singleShot=True, timerType=Qt.TimerType.PreciseTimer)
        self._renewal.timeout.connect(self._renew)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.setTextFormat(Qt.TextFormat.PlainText)

    def say(self, text: str, short: str = "") -> None:
        """Show a text, facts between `BETWEEN`, the first matters most; ``short`` instead where the whole does not fit.
        It appears a few times a second at most."""
        if (text, short) != (self._full_text, self._short):
            self._full_text, self._short = text, short
            if not self._renewal.isActive():
                self._renewal.start(until_renewal())

    def renew_now(self) -> None:
        """Do not wait to show the text: a picture is being taken."""
        if self._renewal.isActive():
            self._renewal.stop()
            self._renew()

    def _renew(self) -> None:
        self.setToolTip(self._full_text)
        self._fit()

    @property
    def full_text(self) -> str:
        """The text before it was cut."""
        return self._full_text

    def resizeEvent(self, event: object) -> None:  # noqa: N802
        if self.width() != self._fitted_to:
            self._fitted_to = self.width()
            self._fit_anew()

    def changeEvent(self, event: QEvent) -> None:  # noqa: N802
        """Another size of type."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.FontChange:
            self._fit_anew()

    def _fit_anew(self) -> None:
        """In another width or size of type: a second line that was needed may be needed no more."""
        if self._lines > 1:
            self.setMinimumHeight(0)
        self._fit()

    def _fit(self) -> None:
        metrics, room = self.fontMetrics(), max(self.width(), 0)

        def fits(text: str) -> bool:
            return metrics.horizontalAdvance(text) <= room

        lines = fit_facts(self._full_text, self._lines, fits)
        all_said = self._full_text in (BETWEEN.join(lines), " ".join(lines)) and all(map(fits, lines))
        if self._short and not all_said:
            lines = fit_facts(self._short, self._lines, fits)
        middle, right = Qt.TextElideMode.ElideMiddle, Qt.TextElideMode.ElideRight
        # a name, without a space, loses its middle: those of a folder's files differ at their ends
        # one that just fits is not asked about: Qt would measure it anew, in parts of a pixel
        shown = [
            line if fits(line) else metrics.elidedText(line, right if " " in line else middle, room) for line in lines
        ]
        self.cut = shown != lines
        blank = [" "] * (self._lines - len(lines)) if self._steady else []
        fitting = "\n".join([*shown, *blank])
        if fitting != self.text():  # setting a text lays out the whole window anew
            self.setText(fitting)
            if len(lines) > 1 or self._steady:  # nothing jumps when a number is shorter for a while
                self.setMinimumHeight(max(self.minimumHeight(), self.sizeHint().height()))


class Pane(QWidget):
    """A pane of the window. Subclasses fill ``body`` and override `show_result`, `show_view` and `demand`.

    A constructor makes the widgets and connects them; it draws nothing: the window calls `show_view` once all panes are
    made, and whenever the view has changed.
    """

    title = "Pane"
    shows_unit = False  # one that can be pinned
    two_lines = False  # its facts have room for two lines from the beginning: nothing below moves when they come
    follows_occluder = False  # its `show_view` is called at every step of a drag too
    save_asked = Signal(object)
    copy_asked = Signal(object)
    pin_asked = Signal(object)
    copy_menu_asked = Signal(object, object)  # the pane, where on screen
    drag_asked = Signal(object)

    def __init__(self, context: AppContext, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.context, self.desk = context, context.state
        self.setAccessibleName(self.title)
        self.facts = ElidedLabel(lines=2, steady=self.two_lines)
        self.facts.setAccessibleName(f"{self.title}: what is shown")
        set_role(self.facts, "quiet")
        self.head = QHBoxLayout()
        self.head.setContentsMargins(6, 4, 2, 0)
        self.head.setSpacing(2)
        self.head.addWidget(self.facts, 1)
        self._tools = QWidget(self)  # over the title: the facts have all the width
        QHBoxLayout(self._tools).setContentsMargins(0, 0, 0, 0)
        self._tools.layout().setSpacing(2)
        self._tools.hide()
        self._leaving = QTimer(self, singleShot=True, interval=LEAVE_MS)
        self._leaving.timeout.connect(self._leave)
        self.hover_buttons = [
            self._hover_button("▣", f"Copy a screenshot of “{self.title}”; drag it out", self.copy_asked),
            self._hover_button("⇩", f"Save a screenshot of “{self.title}” as PNG…", self.save_asked),
        ]
        if self.shows_unit:
            self.hover_buttons.append(self._hover_button("⊕", "Pin the unit shown here, or unpin it", self.pin_asked))
        copy = self.hover_buttons[0]
        copy.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        copy.customContextMenuRequested.connect(lambda at: self.copy_menu_asked.emit(self, copy.mapToGlobal(at)))
        for handle in (copy, self.facts):
            DragOut(handle, lambda: self.drag_asked.emit(self))
        self.body = QVBoxLayout()
        self.body.setContentsMargins(4, 0, 4, 4)
        self.body.setSpacing(3)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(2)
        layout.addLayout(self.head)
        layout.addLayout(self.body, 1)

    def _hover_button(self, sign: str, hint: str, signal: Signal) -> QToolButton:
        button = QToolButton(text=sign)
        button.setToolTip(hint)
        button.setAccessibleName(hint)
        button.setAutoRaise(True)
        button.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        button.setFixedSize(24, 24)
        set_role(button, "bare")
        button.clicked.connect(lambda: signal.emit(self))
        self._tools.layout().addWidget(button)
        return button

    lecture = False

    def set_lecture(self, lecture: bool) -> None:
        """Show the content alone, in type for a lecture hall, or everything again."""
        self.lecture = lecture
        pixels = max(PRESENTER_PIXELS, self.screen().size().height() // LECTURE_LINES)
        self.setStyleSheet(f"QWidget {{ font-size: {pixels}px; }}" if lecture else "")
        self.facts.setVisible(not lecture)
        self._tools.hide()

    def enterEvent(self, event: QEnterEvent) -> None:  # noqa: N802
        self._leaving.stop()
        if not self.lecture and self._find_dock() is not None:  # a window that closes takes its docks apart
            self._show_tools()

    def leaveEvent(self, event: QEvent) -> None:  # noqa: N802
        self._leaving.start()  # the mouse may be on its way to them

    def _show_tools(self) -> None:
        self._tools.setParent(self.dock)
        self.dock.installEventFilter(self)
        self._place_tools()
        self._tools.show()
        self._tools.raise_()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802
        """The dock has another size."""
        if event.type() == QEvent.Type.Resize and self._tools.isVisible():
            self._place_tools()
        return False

    def _place_tools(self) -> None:
        """In the title bar, left of its own buttons; where there is none, over the facts."""
        dock = self.dock
        own = dock.findChildren(QAbstractButton, options=Qt.FindChildOption.FindDirectChildrenOnly)
        right = min((button.x() for button in own if button.isVisible()), default=dock.width()) - 4
        self._tools.adjustSize()
        title = dock.widget().y()
        self._tools.move(right - self._tools.width(), max((title - self._tools.height()) // 2, 0))

    def _leave(self) -> None:
        if self.underMouse() or self._tools.underMouse():
            self._leaving.start()
        else:
            self._tools.hide()

    @property
    def dock(self) -> QDockWidget:
        """The dock that the pane stands in."""
        dock = self._find_dock()
        assert dock is not None, self.title
        return dock

    def _find_dock(self) -> QDockWidget | None:
        above = self.parentWidget()
        while above is not None and not isinstance(above, QDockWidget):
            above = above.parentWidget()
        return above

    def set_colours(self, colours: Colours) -> None:
        """Take over a theme; the base hands it to every child that paints itself."""
        for child in self.findChildren(QWidget):
            if hasattr(child, "colours"):
                child.colours = colours
                child.update()

    def as_data(self) -> str:
        """The numbers that are shown, as tab-separated text; "" for a pane that shows none."""
        return ""

    def caption_text(self) -> str:
        """Sentences for a caption, of what this pane shows beyond the facts of the view; "" for none."""
        return ""

    def demand(self, demand: Demand) -> Demand:
        """What must be computed while this pane is seen, added to what others ask for."""
        return demand

    def set_seen(self, seen: bool) -> None:
        """Be told whether anyone can see the pane: work for nobody rests."""

    def shown_unit(self) -> UnitReference:
        """The unit that this pane shows, to be pinned."""
        return self.desk.view.selected

    def show_result(self, result: Result) -> None:
        """Draw a new result."""

    def show_view(self) -> None:
        """Follow a changed view, before any result for it has come."""

    def show_facts(self) -> None:
        """Renew the text; called a few times a second."""
