"""The layer strip: every layer with a live thumbnail; its shape and receptive field on hover."""

from __future__ import annotations

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QPoint, QRect, QSignalBlocker, QSize, Qt, QTimer
from PySide6.QtGui import QFont, QFontInfo, QFontMetrics, QPainter, QPen, QPixmap, QResizeEvent
from PySide6.QtWidgets import (
    QListWidget,
    QListWidgetItem,
    QSizePolicy,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QWidget,
)

from zfdesk.desk.context import AppContext
from zfdesk.desk.widgets.canvas import indexed_image
from zfdesk.desk.widgets.colour_tables import table
from zfdesk.desk.widgets.images import drawn_scale
from zfdesk.desk.widgets.pane import Pane
from zfdesk.desk.widgets.theme import THEMES, Colours
from zfdesk.desk.widgets.tsv import table_text
from zfdesk.engine import Stage
from zfdesk.live import LayerSummary, Result
from zfdesk.live.changes import to_layer

THUMB = 32
MOST_ROWS = 2  # what does not fit scrolls: the maps are below
TALL = 900  # screen pixels: a window as high as that has room for a row more, which large type needs
NAME_SHARE = 0.85  # of the size of type: all layers of ZFNet stand in one row of the first window
THUMBNAILS_EVERY_MS = 80  # small pictures at half the frame rate cost half as much, and nobody sees the difference


def shape_text(stage: Stage) -> str:
    """96×110×110, or 4096 for a vector."""
    return "×".join(str(n) for n in stage.shape) if stage.spatial else str(stage.shape[0])


def active_text(summary: LayerSummary) -> str:
    """Share of units active on this frame; "100 %" only where all are."""
    count = summary.stage.shape[0]
    return f"{int(round(summary.active * count) * 100 / count)} % of units"


_ModelIndex = QModelIndex | QPersistentModelIndex


class _List(QListWidget):
    colours: Colours = THEMES["dark"]


class _Row(QStyledItemDelegate):
    def __init__(self, pane: LayersPane) -> None:
        super().__init__(pane)
        self.pane = pane
        self._cards: dict[str, tuple[tuple[object, ...], QPixmap]] = {}

    def sizeHint(self, option: QStyleOptionViewItem, index: _ModelIndex) -> QSize:  # noqa: N802
        metrics = QFontMetrics(_name_font(option.font))
        return QSize(max(THUMB, metrics.horizontalAdvance("norm2")) + 5, THUMB + metrics.height() + 10)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: _ModelIndex) -> None:
        stage: Stage = index.data(Qt.ItemDataRole.UserRole)
        rect: QRect = option.rect
        hovered = bool(option.state & QStyle.StateFlag.State_MouseOver)
        painter.drawPixmap(rect.topLeft(), self._card(stage, rect.size(), hovered, painter))
        layer_summary = self.pane.layer_summaries.get(stage.name)
        if layer_summary is not None:
            painter.drawImage(_thumb(rect), indexed_image(layer_summary.thumbnail, self.pane.table))

    def _card(self, stage: Stage, size: QSize, hovered: bool, like: QPainter) -> QPixmap:
        """All of a row but its thumbnail, drawn anew only when something in it changes: the thumbnails are live."""
        view, colours = self.pane.desk.view, self.pane.list.colours
        origin = view.origin is not None and view.origin.layer == stage.name
        selected = stage.name == view.layer
        ratio = drawn_scale(like)
        key = (size, selected, hovered, origin, colours, like.font().key(), ratio)
        known = self._cards.get(stage.name)
        if known is not None and known[0] == key:
            return known[1]
        card = QPixmap(size * ratio)
        card.setDevicePixelRatio(ratio)
        card.fill(colours.colour("pane"))
        painter = QPainter(card)
        painter.setFont(like.font())
        rect = QRect(QPoint(0, 0), size)
        if selected:
            painter.fillRect(rect, colours.colour("unit", 46))
            painter.fillRect(QRect(0, rect.height() - 3, rect.width(), 3), colours.colour("unit"))
        elif hovered:
            painter.fillRect(rect, colours.colour("raised"))
        painter.setPen(QPen(colours.colour("line")))
        painter.drawRect(_thumb(rect).adjusted(-1, -1, 0, 0))
        font = _name_font(painter.font())
        font.setBold(selected)
        painter.setFont(font)
        painter.setPen(colours.colour("text"))
        painter.drawText(
            rect.adjusted(0, 0, 0, -4),
            Qt.AlignmentFlag.AlignBottom | Qt.AlignmentFlag.AlignHCenter,
            f"◉{stage.name}" if origin else stage.name,
        )
        painter.end()
        self._cards[stage.name] = (key, card)
        return card


def _name_font(font: QFont) -> QFont:
    font = QFont(font)
    font.setPixelSize(max(round(QFontInfo(font).pixelSize() * NAME_SHARE), 10))
    return font


def _thumb(rect: QRect) -> QRect:
    return QRect(rect.left() + (rect.width() - THUMB) // 2, rect.top() + 4, THUMB, THUMB)


class LayersPane(Pane):
    """The layers in a strip; click, arrows, or the keys u and o, to change."""

    title = "Layers"
    two_lines = True

    def __init__(self, context: AppContext, parent: QWidget | None = None) -> None:
        super().__init__(context, parent)
        desk = self.desk
        self.layer_summaries: dict[str, LayerSummary] = {}
        self.table = table("inferno", False, True)
        self.list = _List()
        self.list.setItemDelegate(_Row(self))
        self.list.setMouseTracking(True)
        self.list.setFlow(QListWidget.Flow.LeftToRight)
        self.list.setWrapping(True)
        self.list.setResizeMode(QListWidget.ResizeMode.Adjust)
        self.list.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        for policy in (self.list.setHorizontalScrollBarPolicy, self.list.setVerticalScrollBarPolicy):
            policy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        self.list.setAccessibleName("Layers of the network")
        self.list.currentItemChanged.connect(self._choose_item)
        self.body.addWidget(self.list)
        self.body.addStretch(1)
        self._renewal = QTimer(self, singleShot=True, interval=THUMBNAILS_EVERY_MS)
        self._renewal.timeout.connect(self.list.viewport().update)
        desk.model_changed.connect(self._fill)
        self._fill()

    def _fill(self) -> None:
        kept = {name: shown for name, shown in self.layer_summaries.items() if self.desk.is_valid_for(name)}
        self.layer_summaries = kept
        with QSignalBlocker(self.list):
            self._fill_list()
        self.show_view()

    def _fill_list(self) -> None:
        self.list.clear()
        for stage in self.desk.model.architecture.stages:
            item = QListWidgetItem(stage.name)
            item.setData(Qt.ItemDataRole.UserRole, stage)
            field = stage.receptive_field
            item.setToolTip(
                f"{stage.name}: {shape_text(stage)}\nreceptive field {field.size} × {field.size} pixels, "
                f"one every {field.jump}\n{stage.parameters:,} parameters, "
                f"{stage.multiply_adds / 1e6:,.1f} M multiply-adds"
            )
            self.list.addItem(item)

    def _choose_item(self, item: QListWidgetItem | None) -> None:
        if item is not None:
            self._choose(item.data(Qt.ItemDataRole.UserRole).name)

    def _choose(self, layer: str) -> None:
        self.desk.change(to_layer(self.desk.view, layer, self.desk.model.architecture, self.desk.result), "layer")

    def set_colours(self, colours: Colours) -> None:
        super().set_colours(colours)
        self.list.scheduleDelayedItemsLayout()  # a new theme may come with another size of type
        self._fit()

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802
        self._fit()

    def _fit(self) -> None:
        """As high as the rows that the cards need at this width; a bar says that there are more."""
        card = self.list.sizeHintForIndex(self.list.model().index(0, 0))
        if not card.isValid() or self.width() < card.width() + 20:
            return
        columns = max((self.width() - 2 * self.list.frameWidth() - 8) // card.width(), 1)
        more = self.desk.view.presenter and self.window().height() >= TALL
        needed, most = -(-self.list.count() // columns), MOST_ROWS + more
        rows, policy = min(needed, most), Qt.ScrollBarPolicy
        self.list.setVerticalScrollBarPolicy(policy.ScrollBarAsNeeded if needed > most else policy.ScrollBarAlwaysOff)
        height = rows * card.height() + 2 * self.list.frameWidth() + 2
        if self.list.height() != height:
            self.list.setFixedHeight(height)

    def show_result(self, result: Result) -> None:
        if result.layer_summaries:
            self.layer_summaries = {layer_summary.stage.name: layer_summary for layer_summary in result.layer_summaries}
            if not self._renewal.isActive():
                self._renewal.start()

    def as_data(self) -> str:
        head = ("layer", "units", "height", "width", "sees pixels", "peak activation", "strongest unit", "active share")
        rows = [
            (
                name,
                *layer_summary.stage.shape,
                layer_summary.stage.receptive_field.size,
                layer_summary.peak,
                layer_summary.strongest,
                "" if name in self.desk.model.architecture.class_layers else layer_summary.active,
            )
            for name, layer_summary in self.layer_summaries.items()
        ]
        return table_text(head, rows) if rows else ""

    def show_view(self) -> None:
        view = self.desk.view
        self.table = table(view.maps.colours, False, True)
        with QSignalBlocker(self.list):
            row = self.desk.model.architecture.index(view.layer)
            if self.list.currentRow() != row:
                self.list.setCurrentRow(row)
        self.list.scrollToItem(self.list.item(row))
        self.list.viewport().update()

    def show_facts(self) -> None:
        architecture = self.desk.model.architecture
        view, shown = self.desk.view, architecture.stage(self.desk.view.layer)
        parts = [shown.name, shape_text(shown)]
        summary = self.layer_summaries.get(view.layer)
        if shown.name != "input":
            parts.append(f"each unit sees {shown.receptive_field.size} px")
            if summary is not None and shown.name not in architecture.class_layers:  # where all are, more or less
                parts.append(f"{active_text(summary)} active")
        self.facts.say(" · ".join([*parts, architecture.title]), " · ".join(parts))
