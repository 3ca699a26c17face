"""Examples: ready views on the demo's pictures, each a session made here, with a line that says what to try."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from functools import partial

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QLabel, QMainWindow

from zfdesk.desk.actions import Action, ActionTable, CommandFunction
from zfdesk.desk.context import AppContext
from zfdesk.desk.feature import ExampleView, Features, Panes
from zfdesk.desk.session.controller import Sessions
from zfdesk.desk.widgets.buttons import tool_button
from zfdesk.desk.widgets.line_bar import LineBar
from zfdesk.desk.widgets.pane import ElidedLabel
from zfdesk.engine import Model
from zfdesk.live.view import Crop, View
from zfdesk.session import FrameRecord, Reopened, Session, network_facts, reopen
from zfdesk.sources import Frame, KeptSource
from zfdesk.sources.demo import FRAMES_PER_SECOND, demo_frame
from zfdesk.weights import load
from zfdesk.weights.checkpoint import embedded


def session_of(example: ExampleView, model: Model) -> Session:
    """The session that an example is, of that network. Raises SourceError where the demo's pictures are missing."""
    number = round(example.seconds * FRAMES_PER_SECOND)
    frame = Frame(demo_frame(number / FRAMES_PER_SECOND), number, time.perf_counter(), "demo")
    view = example.view.change(crop=Crop.centre_of(model), frozen=True)
    return Session(FrameRecord(view, frame, network_facts(model)))


def made_ready(example: ExampleView, present: Model) -> Reopened:
    """An example, computed with the embedded network: the present one, its body, or read from its file."""
    wanted = embedded().stem
    network = present.base
    if network.name != wanted:
        network = load()
    return reopen(session_of(example, network), network, switch=False)


class ExampleViews(QObject):
    """Shows examples. ``shown``: the one whose line stands below the panes, None without a line.

    The line ends when what it is about is gone: with another example, network or source, once the view is reset or the
    example undone, and when the demo goes on from the example's frame, unless its sentence asks for that. What is
    clicked on meanwhile, units, layers, a class that is taught, leaves it: the sentences ask for it.
    """

    def __init__(self, context: AppContext) -> None:
        super().__init__(context)
        self._context, self._state = context, context.state
        self._ticket = 0
        self.shown: ExampleView | None = None
        self.line: ExampleLine | None = None
        self._about: tuple[Frame, View, Model] | None = None  # what the line is of
        self._then: Callable[[AppContext], object] | None = None  # what waits for the frame to be shown
        state = context.state
        state.result_ready.connect(self._go_on)
        for changed in (state.source_changed, state.view_changed, state.model_changed):
            changed.connect(self._end_where_gone)

    @property
    def all(self) -> tuple[ExampleView, ...]:
        """Return all examples, in the paper's order."""
        return self._context.get(Features).examples

    def show(self, example: ExampleView) -> None:
        """Show an example; what is shown stays until all of it is there."""
        self._ticket += 1
        work, done = partial(made_ready, example, self._state.model), partial(self._on_ready, example, self._ticket)
        self._state.tasks.run("example", work, done, owner=self, threads=1)

    def step(self, steps: int) -> None:
        """The next example, or the one before."""
        if self.shown is not None:
            self.show(self.all[(self.all.index(self.shown) + steps) % len(self.all)])

    def _on_ready(self, example: ExampleView, ticket: int, ready: Reopened | None, error: Exception | None) -> None:
        if ticket != self._ticket:  # overtaken by a later wish
            return
        if ready is None:
            self._context.show_message(str(error), error=True)
            return
        self.finish()
        self._context.get(Sessions).show(ready, None, announce=False)
        self.shown = example
        self._about = ready.session.moment.frame, self._state.view, self._state.model.base
        self.line = ExampleLine(self._context.window, self, example, self._context.get(ActionTable))
        if example.then is None:
            self._context.get(Panes).raise_open("Feature maps")
        else:
            self._then = example.then

    def _go_on(self) -> None:
        """Do what an example does once its frame is shown: a sweep begun before would be of the one before."""
        if self._then is not None and self._about is not None and self._state.frame is self._about[0]:
            then, self._then = self._then, None
            then(self._context)

    def _end_where_gone(self) -> None:
        if self.shown is None or self._about is None:
            return
        state, (frame, view, network) = self._state, self._about
        source = state.source
        if isinstance(source, KeptSource):
            there = source.frame is frame
        else:
            there = self.shown.goes_on and source is not None and source.reference.kind == "demo"
        undone = state.history.following == view
        if not there or undone or state.last_change() == "reset" or state.model.base is not network:
            self.finish()

    def finish(self) -> None:
        """Close the line of the example."""
        line, self.line, self.shown, self._then = self.line, None, None, None
        if line is not None:
            line.finish()


class ExampleLine(LineBar):
    """Which example is shown, and its sentence."""

    def __init__(self, window: QMainWindow, examples: ExampleViews, example: ExampleView, keys: ActionTable) -> None:
        super().__init__(window, "Example")
        place, count = examples.all.index(example) + 1, len(examples.all)
        title = QLabel(f"{place} of {count} · {example.title}")
        title.setObjectName("title")
        self.sentence = ElidedLabel(lines=3)
        self.sentence.setObjectName("sentence")
        self.sentence.say(keys.with_keys(example.text))
        self.sentence.renew_now()
        self.row.addWidget(title)
        self.row.addWidget(self.sentence, 1)
        for text, steps, name in (("‹", -1, "The example before"), ("›", 1, "The next example")):
            button = tool_button(text)
            button.setToolTip(name)
            button.setAccessibleName(name)
            button.setMinimumSize(24, 24)
            button.clicked.connect(lambda _checked=False, steps=steps: examples.step(steps))
            self.row.addWidget(button)
        self._examples = examples
        self.add_close("Close the example's line", "Close this line; the picture stays")
        self.stand()

    def finish(self) -> None:
        examples = self._examples
        if examples.line is self:
            examples.line = examples.shown = None
        super().finish()


def example_actions(examples: Iterable[ExampleView]) -> list[Action]:
    """Return an action for each example."""
    return [
        Action(f"example-{one.place}", f"Example: {one.title}", _key(one), "Examples", command=_shows(one))
        for one in examples
    ]


def _key(example: ExampleView) -> tuple[str]:
    return (f"Alt+{example.place}",)


def _shows(example: ExampleView) -> CommandFunction:
    return lambda context: context.get(ExampleViews).show(example)


__all__ = ["ExampleLine", "ExampleViews", "example_actions", "made_ready", "session_of"]
