"""Class probabilities: the most probable and the watched ones, with what they were without the occluder."""

from __future__ import annotations

from PySide6.QtCore import QRectF, QSize, QStringListModel, Qt
from PySide6.QtGui import QFont, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QCompleter, QHBoxLayout, QLineEdit, QSizePolicy, QWidget

from zfdesk.desk.context import AppContext
from zfdesk.desk.state import AppState
from zfdesk.desk.widgets.buttons import tool_button
from zfdesk.desk.widgets.pane import Pane
from zfdesk.desk.widgets.theme import THEMES, Colours
from zfdesk.desk.widgets.tsv import table_text
from zfdesk.live import Answer, ClassBars, Result, View
from zfdesk.live.bars import BarRow, bar_rows, shows_kinds
from zfdesk.progress import noun, percent_text

LEAST_ROOM = 6  # pixels of a row besides its type, for the bar: rather fewer rows than one over the other


class BarsView(QWidget):
    """One bar a class; a tick where it stood on the clean picture, so that the change is seen before it is read."""

    def __init__(self, desk: AppState, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.desk = desk
        self.colours: Colours = THEMES["dark"]
        self.rows: list[BarRow] = []
        self.occluded = False
        self.answer: Answer | None = None  # which one the rows are of
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumHeight(60)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.setMouseTracking(True)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setAccessibleName("Class probabilities")

    def row_height(self) -> float:
        """Return the height of a row in screen pixels."""
        wanted = self.fontMetrics().height() + 14
        return max(min(wanted, self.height() / max(len(self.rows), 1)), self.fontMetrics().height() + LEAST_ROOM)

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802
        painter = QPainter(self)
        painter.fillRect(self.rect(), self.colours.colour("pane"))
        if not self.rows:
            painter.setPen(self.colours.colour("quiet"))
            painter.drawText(self.rect(), Qt.AlignmentFlag.AlignCenter, "Probabilities appear with the first frame.")
            return
        height = self.row_height()
        metrics = self.fontMetrics()
        figures, change = metrics.horizontalAdvance("100.0 %  "), metrics.horizontalAdvance("▼100.0  ")
        # where there is no room for it beside the names the tick alone shows the change
        change = change if self.occluded and self.width() - figures - change > change else 0
        fitting = max(int(self.height() / height + 1e-6), 1)
        for place, row in enumerate(self.rows[:fitting]):
            self._paint_row(painter, QRectF(0, place * height, self.width(), height), row, figures, change)

    def _paint_row(self, painter: QPainter, area: QRectF, row: BarRow, figures: int, room: int) -> None:
        """``figures`` and ``room``: the widths, in screen pixels, that the probability and its change may take."""
        now, clean = row.probability, row.clean
        slot = None if row.members_text else self.desk.view.slot_of(row.index)
        colour = self.colours.colour("bar") if slot is None else self.colours.watched_colour(slot)
        track = area.adjusted(6, area.height() - 7, -6, -2)
        painter.fillRect(track, self.colours.colour("raised"))
        painter.fillRect(QRectF(track.left(), track.top(), track.width() * now, track.height()), colour)
        if self.occluded:
            x = track.left() + track.width() * clean
            painter.setPen(QPen(self.colours.colour("text"), 2))
            painter.drawLine(int(x), int(track.top()) - 3, int(x), int(track.bottom()) + 1)
        text = area.adjusted(6, 0, -6, -6)
        painter.setPen(self.colours.colour("text"))
        mark = "" if slot is None else "● "
        name = painter.fontMetrics().elidedText(
            mark + row.text,
            Qt.TextElideMode.ElideRight,
            max(int(text.width()) - figures - room, 20),
        )
        painter.drawText(text, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, name)
        right = Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight
        painter.drawText(text, right, percent_text(now, 1))
        if room:
            change = (now - clean) * 100
            kind = "rise" if change > 0.05 else "fall" if change < -0.05 else "quiet"
            painter.setPen(self.colours.colour(kind))
            label = f"{'▲' if kind == 'rise' else '▼' if kind == 'fall' else ' '}{abs(change):.1f}"
            painter.drawText(text.adjusted(0, 0, -figures, 0), right, label)

    def row_at(self, y: float) -> BarRow | None:
        """Return the row at this height; None where there is none."""
        place = int(y / max(self.row_height(), 1))
        return self.rows[place] if 0 <= place < len(self.rows) else None

    def mousePressEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        row = self.row_at(event.position().y())
        if row is not None and event.button() == Qt.MouseButton.LeftButton:
            self.desk.change(toggle_watch(self.desk.view, row.index))

    def mouseMoveEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        row = self.row_at(event.position().y())
        self.setToolTip("" if row is None else self.tip(row))

    def tip(self, row: BarRow) -> str:
        """What a row is, and what a click on it does."""
        named = f"{self.desk.model.classes[row.index]} (class {row.index})"
        if not row.members_text:
            return f"{named}: click to watch it"
        return f"{row.name}: the sum of softmax over its {len(row.members)} classes. Click to watch {named}"


def _alike(one: Answer, other: Answer) -> bool:
    """Whether the clean picture of two answers is the same: a tick of another frame would be a change that is none."""
    return (
        one.request.model is other.request.model
        and one.request.frame is other.request.frame
        and one.crop_box == other.crop_box
    )


def _hurries(answer: Answer, before: Answer | None) -> bool:
    """Whether an answer is shown before the picture it is of: to the hand that moves a square, or of the same frame."""
    if before is None:
        return True
    now, then = answer.request, before.request
    return now.frame is then.frame or now.view.occluders != then.view.occluders or now.model is not then.model


def toggle_watch(view: View, index: int) -> View:
    """The view with a class watched, or no longer."""
    watched = view.watched
    kept = tuple(w for w in watched if w != index)
    return view.change(watched=kept if index in watched else (*watched, index))


LECTURE_SHARE = 11  # of the height of the window: read from the last row
HEADLINE_PIXELS = 28
"""The answer is read from across a room; in presenter mode in twice the size of the text."""


class Headline(QWidget):
    """The most probable class, or kind, and its probability, large."""

    def __init__(self, desk: AppState, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.desk = desk
        self.colours: Colours = THEMES["dark"]
        self.answer: tuple[str, float] | None = None  # the name of a class or kind, its probability
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setAccessibleName("The most probable class")

    lecture = False

    def type_size(self) -> int:
        """Return the size of type in screen pixels."""
        usual = max(HEADLINE_PIXELS, 2 * self.fontInfo().pixelSize())
        return max(usual, self.window().height() // LECTURE_SHARE) if self.lecture else usual

    def sizeHint(self) -> QSize:  # noqa: N802
        return QSize(200, int(1.3 * self.type_size()))

    def show_answer(self, name: str, probability: float) -> None:
        """Show the headline of another answer."""
        if (name, probability) != self.answer:
            self.answer = (name, probability)
            self.setAccessibleDescription(f"{name} {percent_text(probability)}")
            self.update()

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802
        painter = QPainter(self)
        painter.fillRect(self.rect(), self.colours.colour("background"))
        if self.answer is None:
            return
        name, probability = self.answer
        font = QFont(self.font())
        font.setPixelSize(self.type_size())
        painter.setFont(font)
        painter.setPen(self.colours.colour("text"))
        area, text = self.rect().adjusted(6, 0, -6, 0), percent_text(probability)
        room = area.width() - painter.fontMetrics().horizontalAdvance(text + " ")
        painter.drawText(area, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight, text)
        while painter.fontMetrics().horizontalAdvance(name) > room and font.pixelSize() > self.fontInfo().pixelSize():
            font.setPixelSize(font.pixelSize() - 1)  # a long name is set smaller rather than cut
            painter.setFont(font)
        name = painter.fontMetrics().elidedText(name, Qt.TextElideMode.ElideRight, room)
        painter.drawText(area, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, name)


class ClassesPane(Pane):
    """A field to search classes, and the bars of the probabilities."""

    title = "Classes"

    def __init__(self, context: AppContext, parent: QWidget | None = None) -> None:
        super().__init__(context, parent)
        desk = self.desk
        self.headline = Headline(desk)
        self.bars = BarsView(desk)
        self._clean: Answer | None = None  # the newest with the clean picture's probabilities
        self.search = QLineEdit(placeholderText="Find a class to watch…", clearButtonEnabled=True)
        self.search.setAccessibleName("Find a class by name")
        self._names = QStringListModel(self)
        completer = QCompleter(self._names, self)
        completer.setCaseSensitivity(Qt.CaseSensitivity.CaseInsensitive)
        completer.setFilterMode(Qt.MatchFlag.MatchContains)
        completer.activated.connect(self.watch_named)
        self.search.setCompleter(completer)
        self.search.returnPressed.connect(lambda: self.watch_named(self.search.text()))
        fewer, more = tool_button("−"), tool_button("+")
        for button, step, label in ((fewer, -1, "Show fewer classes"), (more, 1, "Show more classes")):
            button.setToolTip(label)
            button.setAccessibleName(label)
            button.clicked.connect(lambda _=False, step=step: self._show_more(step))
        self.row = QWidget()
        row = QHBoxLayout(self.row)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(3)
        row.addWidget(self.search, 1)
        row.addWidget(fewer)
        row.addWidget(more)
        self.body.addWidget(self.headline)
        self.body.addWidget(self.bars, 1)
        self.body.addWidget(self.row)
        desk.model_changed.connect(self._new_names)
        desk.answer_ready.connect(self._show_newest)
        self._new_names()

    def set_lecture(self, lecture: bool) -> None:
        super().set_lecture(lecture)
        self.headline.lecture = lecture
        self.headline.updateGeometry()
        for part in (self.bars, self.row):
            part.setVisible(not lecture)

    def _new_names(self) -> None:
        last = self.desk.model.architecture.stages[-1].name
        if self.bars.rows and self.desk.is_valid_for(last):  # taught anew: the bars stay until the next answer
            return
        self._names.setStringList(list(self.desk.model.classes))
        self.bars.rows = []
        self.headline.answer = None
        self.headline.update()
        self.bars.update()

    def _show_more(self, step: int) -> None:
        view = self.desk.view
        top_k = min(max(view.top_k + step, 1), min(20, len(self.desk.model.classes)))
        self.desk.change(view.change(top_k=top_k), "top k")

    def watch_named(self, text: str) -> None:
        """Watch the class that was typed, and empty the field."""
        wanted = text.strip().casefold()
        matches = [i for i, name in enumerate(self.desk.model.classes) if name.casefold() == wanted]
        matches = matches or [
            i for i, name in enumerate(self.desk.model.classes) if wanted and wanted in name.casefold()
        ]
        if not matches:
            self.desk.message.emit(f"No class is called “{text.strip()}”.", True)
            return
        if matches[0] not in self.desk.view.watched:
            self.desk.change(toggle_watch(self.desk.view, matches[0]))
        self.search.clear()
        self.search.clearFocus()

    def show_result(self, result: Result) -> None:
        newest, shown, self._clean = self.desk.answer, self.bars.answer, result
        if newest is not None and newest.started >= result.started and _hurries(newest, result):
            self.show_answer(newest)
        elif shown is not None and shown.started > result.started and shown.request.model is result.request.model:
            self.show_answer(shown)  # the hand has just let go: bars never go back
        else:
            self.show_answer(result)

    def _show_newest(self) -> None:
        answer, before = self.desk.answer, self.bars.answer
        if answer is not None and self.isVisible() and _hurries(answer, before):
            self.show_answer(answer)
            if before is None or before.request.clean == answer.request.clean:  # else with the picture, not before it
                self.headline.repaint()
                self.bars.repaint()  # before the other panes are drawn

    def show_answer(self, answer: Answer) -> None:
        """Draw the probabilities, with ticks where those of the same frame's clean picture are known."""
        if answer.clean_probabilities is not None:
            self._clean = answer
        known = self._clean.clean_probabilities if self._clean and _alike(self._clean, answer) else None
        now, view, names = answer.probabilities, self.desk.view, answer.request.model.classes
        rows = bar_rows(view, names, now, now if known is None else known)
        self.bars.rows, self.bars.occluded, self.bars.answer = rows, answer.occluded and known is not None, answer
        best = next(iter(bar_rows(view.change(watched=(), top_k=1), names, now, now)))
        self.headline.show_answer(best.name, best.probability)
        self.bars.setAccessibleDescription(", ".join(f"{row.name} {percent_text(row.probability)}" for row in rows[:5]))
        self.bars.update()

    def as_data(self) -> str:
        covered, rows = self.bars.occluded, self.bars.rows
        if self._by_kind:
            head: tuple[str, ...] = ("kind", "classes summed", "probability", "clean probability")
            cells: list[tuple[object, ...]] = [(r.name, len(r.members), r.probability, r.clean) for r in rows]
        else:
            head = ("class", "name", "probability", "clean probability")
            cells = [(r.index, r.name, r.probability, r.clean) for r in rows]
        columns = 4 if covered else 3
        return table_text(head[:columns], [cell[:columns] for cell in cells])

    @property
    def _by_kind(self) -> bool:
        return shows_kinds(self.desk.view, self.desk.model.classes)

    def show_view(self) -> None:
        if self.bars.answer is not None and self.bars.answer.request.model is self.desk.model:
            self.show_answer(self.bars.answer)

    def show_facts(self) -> None:
        answer = self.bars.answer
        if answer is None:
            return
        count = len(answer.request.view.occluders)
        covered = f"{count} {noun(count, 'occluder')}, tick = clean" if answer.occluded else "clean"
        view = self.desk.view
        parts = [f"top {view.top_k}", f"{len(view.watched)} watched", covered]
        if view.bars is ClassBars.KINDS:
            parts.insert(0, "kinds: sums of softmax" if self._by_kind else "no kinds are known of these classes")
        self.facts.say(" · ".join([*parts, answer.request.frame.number_text]))
