"""How the unit is looked at: method, seed, style, and what stands beside it."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtWidgets import QToolButton, QWidget

from zfdesk.desk.actions import ActionTable
from zfdesk.desk.context import AppContext
from zfdesk.desk.live_view.unit_content import SEED_HINT, SEED_LABELS
from zfdesk.desk.live_view.unit_filter import has_filters, sees_the_picture
from zfdesk.desk.widgets.buttons import tool_button
from zfdesk.desk.widgets.controls import Choice, Controls
from zfdesk.desk.widgets.heat_controls import METHOD_HELPS, METHOD_LABELS
from zfdesk.engine import SeedKind
from zfdesk.live import Style
from zfdesk.live.changes import method_of, pick_position, set_method, set_seed, side_by_side


class UnitControls(Controls):
    """They change the view, and follow it. shown_position: of the unit on the frame that is shown, None for none."""

    def __init__(
        self, context: AppContext, pane: QWidget, shown_position: Callable[[], tuple[int, int] | None]
    ) -> None:
        super().__init__(pane)
        self.desk, self._shown_position = context.state, shown_position
        self.method = Choice({}, "Method: the walks down of the paper, or where the unit looks by any other")
        self.method.offer(METHOD_LABELS, METHOD_HELPS)
        self.method.chosen.connect(lambda name: self.desk.change(set_method(self.desk.view, name)))
        self.seed = Choice(SEED_LABELS, SEED_HINT)
        self.seed.chosen.connect(self._choose_seed)
        self.style_choice = Choice({style: style.value for style in Style}, "How the signed values become a picture")
        self.style_choice.chosen.connect(lambda style: self._change(style=style))
        self.all_methods = self._button("all methods", "Show deconvnet, guided backprop and gradient side by side")
        self.all_methods.clicked.connect(lambda on: self.desk.change(side_by_side(self.desk.view, on)))
        text = "Show the unit's own filters, a tile for each map below ({unit-filters})"
        self.filters = self._button("filters", context.get(ActionTable).with_keys(text))
        self.filters.clicked.connect(lambda on: self._change(filters=on))
        text = "Clean, covered and their difference side by side, while something is covered"
        self.compare_clean = self._button("clean | covered", text)
        self.compare_clean.clicked.connect(lambda on: self._change(compare_clean=on))
        self.freeze = self._button("origin", "Keep this unit here as the origin while you look at other layers (D)")
        self.freeze.clicked.connect(lambda on: self._change(origin=self.desk.view.selected if on else None))
        for widget, name in (
            (self.method, "Method"), (self.seed, "Seed"), (self.style_choice, "Style"),
            (self.all_methods, "All methods"), (self.compare_clean, "Compare with clean"),
            (self.freeze, "Keep as origin"), (self.filters, "Show its filters"),
        ):  # fmt: skip
            self.add(widget, name)

    @staticmethod
    def _button(text: str, hint: str) -> QToolButton:
        button = tool_button(text, checkable=True)
        button.setToolTip(hint)
        return button

    def _change(self, **changes: object) -> None:
        self.desk.change(self.desk.view.change(**changes))

    def _choose_seed(self, seed: SeedKind) -> None:
        view, shown = self.desk.view, self._shown_position()
        if seed is SeedKind.AT and view.looked_at.position is None and shown is not None:
            self.desk.change(pick_position(view, shown))  # nothing was picked yet: what is shown stays
        else:
            self.desk.change(set_seed(view, seed))

    def show_view(self, shows_comparison: bool) -> None:
        """Show the values of the present view."""
        view, model = self.desk.view, self.desk.model
        self.method.show_value(method_of(view))
        self.seed.show_value(view.looked_at.seed)
        self.style_choice.show_value(view.style)
        self.all_methods.setChecked(view.all_methods and not shows_comparison)
        self.compare_clean.setChecked(view.compare_clean)
        self.freeze.setChecked(view.origin is not None)
        self.filters.setChecked(view.filters)
        layer = view.looked_at.layer
        self.set_present(self.seed, model.architecture.stage(layer).spatial)
        self.set_present(self.filters, has_filters(model, layer) and not sees_the_picture(model, layer))


__all__ = ["UnitControls"]
