"""One class that is taught: its key, its name, its pictures, and what the network says of it now."""

from __future__ import annotations

from collections.abc import Callable
from weakref import WeakKeyDictionary

from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QDragEnterEvent,
    QDropEvent,
    QFocusEvent,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QPixmap,
)
from PySide6.QtWidgets import QHBoxLayout, QLineEdit, QSizePolicy, QToolButton, QVBoxLayout, QWidget

from zfdesk.desk.teach.controller import Teaching
from zfdesk.desk.widgets.buttons import tool_button
from zfdesk.desk.widgets.canvas import rgb_image
from zfdesk.desk.widgets.menu import PopupMenu
from zfdesk.desk.widgets.pane import ElidedLabel
from zfdesk.desk.widgets.theme import THEMES, Colours
from zfdesk.live import Sample, TaughtClass
from zfdesk.live.class_set import LEAST_PICTURES

SIDE = 42  # pixels of a thumbnail
GAP, BURST_GAP = 2, 7  # between pictures, and between bursts
LINE = 5


class NameField(QLineEdit):
    """A class's name. What is typed is text, not an action; Return and Esc give the keys back."""

    left = Signal()

    def event(self, event: QEvent) -> bool:
        """Keep what is typed."""
        if isinstance(event, QKeyEvent) and event.type() == QEvent.Type.ShortcutOverride:
            shift = Qt.KeyboardModifier.ShiftModifier | Qt.KeyboardModifier.KeypadModifier
            if not event.modifiers() & ~shift:
                event.accept()
                return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Escape):
            self.left.emit()
        else:
            super().keyPressEvent(event)


class Strip(QWidget):
    """The pictures of a class, the newest last, as many as fit; a click takes one away. Holds stand apart."""

    dropped = Signal(int)

    def __init__(self) -> None:
        super().__init__()
        self.colours: Colours = THEMES["dark"]
        self.samples: tuple[Sample, ...] = ()
        self.message = ""
        self._small: WeakKeyDictionary[Sample, QPixmap] = WeakKeyDictionary()
        self._pointed: int | None = None
        self.setMouseTracking(True)
        self.setFixedHeight(SIDE + 4)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)

    def sizeHint(self) -> QSize:  # noqa: N802
        return QSize(160, SIDE + 4)

    def places(self) -> list[tuple[int, QRectF]]:
        """Which pictures are shown, and where."""
        x, last, found = float(self.width()), None, []
        for place in range(len(self.samples) - 1, -1, -1):
            burst = self.samples[place].burst
            x -= SIDE + (0 if last is None else GAP if burst == last else BURST_GAP)
            if x < (0 if place == 0 else self._count_room()):
                break
            found.append((place, QRectF(x, 2, SIDE, SIDE)))
            last = burst
        if found and found[-1][0] == 0:  # all of them: from the left
            found = [(place, rect.translated(-x, 0)) for place, rect in found]
        return found[::-1]

    def _count_room(self) -> int:
        return self.fontMetrics().horizontalAdvance("+0000") + 4

    def place_at(self, point: QPointF) -> int | None:
        """The picture under the mouse."""
        return next((place for place, rect in self.places() if rect.contains(point)), None)

    def show_shots(self, samples: tuple[Sample, ...], message: str) -> None:
        """Show these; ``message`` where there are none."""
        if samples != self.samples:
            self._pointed = None
        self.samples, self.message = samples, message
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802
        painter = QPainter(self)
        places = self.places()
        if not places:
            painter.setPen(self.colours.colour("quiet"))
            painter.drawText(self.rect().adjusted(4, 0, 0, 0), Qt.AlignmentFlag.AlignVCenter, self.message)
            return
        for place, rect in places:
            painter.drawPixmap(rect, self._thumbnail(self.samples[place]), QRectF(0, 0, SIDE, SIDE))
            if place == self._pointed:
                painter.fillRect(rect, self.colours.colour("background", 150))
                painter.setPen(QPen(self.colours.colour("text"), 2))
                painter.drawText(rect, Qt.AlignmentFlag.AlignCenter, "✕")
                painter.drawRect(rect.adjusted(1, 1, -1, -1))
        hidden = places[0][0]
        if hidden:
            painter.setPen(self.colours.colour("quiet"))
            painter.drawText(self.rect(), Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, f"+{hidden}")

    def _thumbnail(self, sample: Sample) -> QPixmap:
        made = self._small.get(sample)
        if made is None:
            smooth = Qt.TransformationMode.SmoothTransformation
            image = rgb_image(sample.picture).scaled(SIDE, SIDE, Qt.AspectRatioMode.IgnoreAspectRatio, smooth)
            made = self._small[sample] = QPixmap.fromImage(image)
        return made

    def _point_at(self, place: int | None) -> None:
        if place != self._pointed:
            self._pointed = place
            hint = (
                "" if place is None else f"Picture {place + 1} of {len(self.samples)}: a click, or Del, takes it away"
            )
            self.setToolTip(hint)
            self.setAccessibleDescription(hint)
            self.update()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        self._point_at(self.place_at(event.position()))

    def leaveEvent(self, event: QEvent) -> None:  # noqa: N802
        self._point_at(None)

    def mousePressEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        place = self.place_at(event.position())
        if place is not None and event.button() == Qt.MouseButton.LeftButton:
            self.dropped.emit(place)
        else:
            super().mousePressEvent(event)

    def focusInEvent(self, event: QFocusEvent) -> None:  # noqa: N802
        self._point_at(len(self.samples) - 1 if self.samples else None)

    def focusOutEvent(self, event: QFocusEvent) -> None:  # noqa: N802
        self._point_at(None)

    def event(self, event: QEvent) -> bool:
        """Left, right and Del are its own while it has the focus."""
        own = (Qt.Key.Key_Left, Qt.Key.Key_Right, Qt.Key.Key_Delete, Qt.Key.Key_Backspace)
        if isinstance(event, QKeyEvent) and event.type() == QEvent.Type.ShortcutOverride and event.key() in own:
            event.accept()
            return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802
        if not self.samples or event.key() not in (
            Qt.Key.Key_Left, Qt.Key.Key_Right, Qt.Key.Key_Delete, Qt.Key.Key_Backspace,
        ):  # fmt: skip
            super().keyPressEvent(event)
            return
        place = len(self.samples) - 1 if self._pointed is None else self._pointed
        if event.key() in (Qt.Key.Key_Delete, Qt.Key.Key_Backspace):
            self.dropped.emit(place)
            self._point_at(min(place, len(self.samples) - 1) if self.samples else None)
        else:
            step = 1 if event.key() == Qt.Key.Key_Right else -1
            first = self.places()[0][0]
            self._point_at(min(max(place + step, first), len(self.samples) - 1))


class AnswerLine(QWidget):
    """The probability of the class on the frame that is shown, as a line."""

    def __init__(self) -> None:
        super().__init__()
        self.colours: Colours = THEMES["dark"]
        self.value: float | None = None
        self.setFixedHeight(LINE)

    def show_value(self, value: float | None) -> None:
        """None: the network does not answer with this class."""
        if value != self.value:
            self.value = value
            self.update()

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802
        painter = QPainter(self)
        painter.fillRect(self.rect(), self.colours.colour("raised"))
        if self.value is not None:
            painter.fillRect(QRectF(0, 0, self.width() * self.value, self.height()), self.colours.colour("bar"))


class ClassRow(QWidget):
    """One class: its name, its pictures, what it answers."""

    dropped = Signal(int, object)  # its index, the QMimeData

    def __init__(self, teaching: Teaching, run: Callable[[str], None], index: int, left: Callable[[], None]) -> None:
        """``run``: does an action; ``left``: called when the name's field is left by Return or Esc."""
        super().__init__()
        self._teaching, self._run, self.index = teaching, run, index
        self.colours: Colours = THEMES["dark"]
        self.chosen = False
        self.hold_button = QToolButton()
        self.hold_button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.hold_button.pressed.connect(lambda: teaching.begin_burst(self.index))
        self.hold_button.released.connect(teaching.end_burst)
        self.name = NameField()
        self.name.left.connect(left)
        self.name.editingFinished.connect(self._rename)
        self.name.setMinimumWidth(60)
        self.name.setToolTip("The class's name: type over it")
        self.count = ElidedLabel()
        self.count.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self.answer = AnswerLine()
        self.strip = Strip()
        self.strip.dropped.connect(self._drop)
        self.more = tool_button("⋯", pops_up=True)
        self.more.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.more.setMenu(self._menu())
        head = QHBoxLayout()
        head.setSpacing(4)
        head.addWidget(self.hold_button)
        head.addWidget(self.name, 3)
        head.addWidget(self.count, 2)
        head.addWidget(self.more)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(6, 3, 4, 3)
        layout.setSpacing(2)
        layout.addLayout(head)
        layout.addWidget(self.answer)
        layout.addWidget(self.strip)
        self.setAcceptDrops(True)

    def _menu(self) -> PopupMenu:
        menu = PopupMenu(self)
        entries: tuple[tuple[str, str], ...] = (
            ("Rename", "teach-rename"), ("Up", "teach-up"), ("Down", "teach-down"), ("", ""),
            ("Drop its last 2 seconds", "teach-drop"), ("Remove", "teach-remove"),
        )  # fmt: skip
        for label, action in entries:
            if label:
                menu.addAction(label, self._runner(action))
            else:
                menu.addSeparator()
        return menu

    def _runner(self, action: str) -> Callable[[], None]:
        def run() -> None:
            self._teaching.choose(self.index)
            self._run(action)

        return run

    def show_class(self, known: TaughtClass, chosen: bool, takes_pictures: bool) -> None:
        """Show a class, and whether it is chosen or takes pictures."""
        key = str(self.index + 1) if self.index < 9 else ""
        self.hold_button.setText(f"● {key}" if takes_pictures else f"Hold {key}".strip())
        self.hold_button.setAccessibleName(f"Hold: pictures for {known.name}{f', key {key}' if key else ''}")
        hint = f"Held, pictures of what is seen go to “{known.name}”"
        self.hold_button.setToolTip(f"{hint} (hold {key})" if key else hint)
        if not self.name.hasFocus() or not self.name.isModified():
            self.name.setText(known.name)
        self.name.setAccessibleName(f"Name of class {self.index + 1}")
        self.more.setAccessibleName(f"More for {known.name}")
        self.more.setToolTip(f"More for “{known.name}”")
        count, lacking = len(known.samples), max(LEAST_PICTURES - len(known.samples), 0)
        text = f"{count} picture{'s' if count != 1 else ''}"
        wanted = f"{text}, {lacking} more needed"
        short = f"{count}, {lacking} more" if lacking else str(count)
        self.count.say(wanted if lacking and count else text if count else "", short if count else "")
        self.strip.setAccessibleName(f"Pictures of {known.name}: {count}")
        self.strip.show_shots(known.samples, f"Hold {key}, or drop pictures here." if key else "Drop pictures here.")
        if chosen != self.chosen:
            self.chosen = chosen
            self.update()

    def _rename(self) -> None:
        class_set, name = self._teaching.class_set, self.name.text()
        if self.index < len(class_set.classes) and name != class_set.classes[self.index].name:
            self.name.setModified(False)
            self._teaching.attempt(lambda: class_set.rename(self.index, name), self.index)

    def _drop(self, place: int) -> None:
        class_set = self._teaching.class_set
        self._teaching.change(class_set.drop(self.index, place), self.index)

    def mousePressEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        self._teaching.choose(self.index)
        super().mousePressEvent(event)

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:  # noqa: N802
        if event.mimeData().hasUrls() or event.mimeData().hasImage():
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:  # noqa: N802
        self.dropped.emit(self.index, event.mimeData())
        event.acceptProposedAction()

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802
        if self.chosen:
            painter = QPainter(self)
            painter.fillRect(QRectF(0, 2, 3, self.height() - 4), self.colours.colour("text"))


__all__ = ["AnswerLine", "ClassRow", "NameField", "Strip"]
