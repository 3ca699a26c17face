"""The quiet line at the end of the status bar: what the embedded network is, and where a full one is to be had."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, Qt, QTimer
from PySide6.QtWidgets import QHBoxLayout, QWidget

from zfdesk.desk.context import AppContext
from zfdesk.desk.settings import EMBEDDED_LINE_CLOSED
from zfdesk.desk.widgets.buttons import tool_button
from zfdesk.weights.catalogue import CATALOGUE
from zfdesk.weights.checkpoint import embedded

MOST_SHARE = 0.42  # of the window's width; where the whole line takes more its short form is shown


class EmbeddedLine(QWidget):
    """There while the embedded network is in use, until it is closed; another embedded network opens it again."""

    def __init__(self, context: AppContext) -> None:
        super().__init__(context.window)
        self.setObjectName("note")
        self.context, self.desk = context, context.state
        self.name = embedded().stem
        title = self.name.replace("zfnet-", "ZFNet ")
        self.text = f"embedded {title}: briefly trained, knows few classes · get the full one…"
        self.short = f"{title}, embedded · full one…"
        self.offer = tool_button(self.text)
        self.offer.setAccessibleName(self.text)
        self.offer.setToolTip("Weights: ZFNet trained on all of ImageNet, and others, to download")
        self.offer.clicked.connect(self._show_full)
        self.close_ = tool_button("×")
        self.close_.setToolTip("Do not say this again; Weights… in the Source menu has it all")
        self.close_.setAccessibleName("Close the line about the embedded network")
        self.close_.clicked.connect(self._close)
        for button in (self.offer, self.close_):
            button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self.offer)
        layout.addWidget(self.close_)
        self.desk.model_changed.connect(self._show_or_hide)
        context.window.installEventFilter(self)
        self._fit()
        self._show_or_hide()

    def _show_or_hide(self) -> None:
        closed = self.context.recall(EMBEDDED_LINE_CLOSED) == self.name
        self.setVisible(self.desk.model.name == self.name and not closed)

    def _close(self) -> None:
        self.context.remember(EMBEDDED_LINE_CLOSED, self.name)
        self._show_or_hide()

    def _show_full(self) -> None:
        from zfdesk.desk.weights.dialog import show_weights

        show_weights(self.context, CATALOGUE[0].name)

    def changeEvent(self, event: QEvent) -> None:  # noqa: N802
        super().changeEvent(event)
        if event.type() in (QEvent.Type.FontChange, QEvent.Type.StyleChange):
            QTimer.singleShot(0, self, self._fit)  # once the button has the new type, too

    def _fit(self) -> None:
        fits = self.offer.fontMetrics().horizontalAdvance(self.text) < MOST_SHARE * self.context.window.width()
        self.offer.setText(self.text if fits else self.short)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802
        if event.type() == QEvent.Type.Resize:
            self._fit()
        return False


__all__ = ["EmbeddedLine"]
