"""Colours, fonts and the style sheet: one table, a dark and a light twin."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QFont, QPalette, QPen
from PySide6.QtWidgets import QApplication, QWidget

from zfdesk.resources import resource


@dataclass(frozen=True)
class Colours:
    """One meaning per colour; every pair of marks differs in lightness too, for the colour-blind."""

    background: str
    pane: str
    raised: str
    line: str
    text: str
    on_field: str  # text on the field colour
    quiet: str
    unit: str  # the selected unit and its position
    field: str  # receptive field and crop
    stale: str
    error: str
    bar: str
    rise: str
    fall: str
    watched: tuple[str, ...]  # of watched classes, by their slot: Okabe & Ito 2008, on a light page darker

    def colour(self, name: str, alpha: int = 255) -> QColor:
        """One of the colours, by its name."""
        colour = QColor(getattr(self, name))
        colour.setAlpha(alpha)
        return colour

    def watched_colour(self, slot: int) -> QColor:
        """That of the watched class with a slot of `View.watched_slots`, in every pane."""
        return QColor(self.watched[slot % len(self.watched)])


THEMES = {
    "dark": Colours(
        background="#15171c",
        pane="#1c1f26",
        raised="#262a33",
        line="#2b303a",
        text="#d9dce3",
        on_field="#10131a",
        quiet="#8b93a1",
        unit="#ffb000",
        field="#35c2ff",
        stale="#7a6a3a",
        error="#ff6b5e",
        bar="#4c78b5",
        rise="#5ad1c8",
        fall="#ff8f5e",
        watched=("#56b4e9", "#e69f00", "#009e73", "#cc79a7", "#f0e442", "#d55e00", "#999999"),
    ),
    "light": Colours(
        background="#eceef2",
        pane="#ffffff",
        raised="#f3f5f8",
        line="#cfd4dc",
        text="#1b1f27",
        on_field="#ffffff",
        quiet="#5c6573",
        unit="#a66300",
        field="#0072b2",
        stale="#cdb970",
        error="#c0281a",
        bar="#5580b8",
        rise="#00796f",
        fall="#b8480f",
        watched=("#448fb9", "#b57d00", "#009b71", "#bc6f9a", "#7a7300", "#d55e00", "#888888"),
    ),
}


def mark_pens(name: str, width: float, style: Qt.PenStyle = Qt.PenStyle.SolidLine) -> tuple[QPen, QPen]:
    """What a mark over a picture is drawn with, one after the other: a colour of the dark theme within black.

    It is seen on light and on dark, whatever the page around the picture is.
    """
    return QPen(QColor(0, 0, 0), width + 2), QPen(THEMES["dark"].colour(name), width, style)


NORMAL_PIXELS, PRESENTER_PIXELS = 13, 20


def set_role(widget: QWidget, role: str) -> None:
    """Give a widget its colours by what it says: one of the roles of the style sheet below.

    "quiet", "error", "chosen", "" for plain text; "thin" for a bar; "bare" for a button that is a sign alone; "ground"
    for what lies behind a page.
    """
    if widget.property("role") != role:
        widget.setProperty("role", role)
        widget.style().unpolish(widget)  # a sheet is not asked again for a property that changes
        widget.style().polish(widget)


def tabular(font: QFont) -> QFont:
    """The font with figures of equal width, so that numbers do not make the text beside them jump."""
    font = QFont(font)
    font.setFeature(QFont.Tag("tnum"), 1)
    return font


def apply_theme(application: QApplication, theme: str, presenter: bool) -> Colours:
    """Dress the whole application; returns the colours for what paints itself."""
    colours = THEMES[theme]
    pixels = PRESENTER_PIXELS if presenter else NORMAL_PIXELS
    sheet = _sheet(colours, pixels, theme)
    if application.styleSheet() == sheet:  # every widget there is would be dressed anew
        return colours
    font = tabular(application.font())
    font.setPixelSize(pixels)
    application.setFont(font)
    palette = QPalette()
    roles = {
        QPalette.ColorRole.Window: colours.background, QPalette.ColorRole.Base: colours.pane,
        QPalette.ColorRole.AlternateBase: colours.raised, QPalette.ColorRole.Button: colours.raised,
        QPalette.ColorRole.WindowText: colours.text, QPalette.ColorRole.Text: colours.text,
        QPalette.ColorRole.ButtonText: colours.text, QPalette.ColorRole.ToolTipBase: colours.raised,
        QPalette.ColorRole.ToolTipText: colours.text, QPalette.ColorRole.PlaceholderText: colours.quiet,
        QPalette.ColorRole.Highlight: colours.field, QPalette.ColorRole.HighlightedText: colours.on_field,
        QPalette.ColorRole.Link: colours.field,
    }  # fmt: skip
    for role, value in roles.items():
        palette.setColor(role, QColor(value))
    palette.setColor(QPalette.ColorGroup.Disabled, QPalette.ColorRole.Text, QColor(colours.quiet))
    palette.setColor(QPalette.ColorGroup.Disabled, QPalette.ColorRole.ButtonText, QColor(colours.quiet))
    application.setPalette(palette)
    application.setStyleSheet(sheet)
    return colours


def _sheet(c: Colours, pixels: int, theme: str) -> str:
    pad, row = max(2, pixels // 5), max(24, round(pixels * 1.25) + 8)  # row: of a dialog's lists
    down, up = (resource(f"icons/{way}-{theme}.svg").as_posix() for way in ("down", "up"))
    # the size of type stands here too: Qt does not hand the application's font to every widget that is there already
    return f"""
    QWidget {{ font-size: {pixels}px; }}
    QMainWindow, QMainWindow::separator {{ background: {c.background}; }}
    QMainWindow::separator {{ width: 5px; height: 5px; }}
    QMainWindow::separator:hover {{ background: {c.field}; }}
    QDockWidget {{ color: {c.quiet}; titlebar-close-icon: none; }}
    QDockWidget::title {{ background: {c.background}; padding: 2px 6px; font-size: {pixels}px; }}
    QToolBar {{ background: {c.background}; border: 0; spacing: 3px; padding: 3px 6px; }}
    QToolBar::separator {{ background: {c.line}; width: 1px; margin: 4px 5px; }}
    QToolButton, QPushButton, QComboBox {{ background: {c.raised}; color: {c.text}; border: 1px solid {c.line};
        border-radius: 4px; padding: {pad - 1}px {pad * 2 + 1}px; min-height: {pixels + 7}px; }}
    QToolButton:hover, QPushButton:hover, QComboBox:hover {{ border-color: {c.field}; }}
    QToolButton:focus, QPushButton:focus, QComboBox:focus {{ border-color: {c.field}; }}
    QToolButton:checked, QPushButton:checked {{ background: {c.field}; color: {c.on_field}; }}
    QToolButton:disabled, QPushButton:disabled {{ color: {c.quiet}; }}
    QToolBarExtension {{ image: url({down}); padding: 3px; min-width: {pixels}px; }}
    QToolButton::menu-indicator {{ image: none; width: 0; }}
    QComboBox::drop-down {{ border: 0; width: {pixels + 4}px; }}
    QComboBox::down-arrow {{ image: url({down}); width: {pixels - 1}px; height: {pixels - 1}px; }}
    QSpinBox::up-button, QDoubleSpinBox::up-button, QSpinBox::down-button, QDoubleSpinBox::down-button {{
        border: 0; background: transparent; width: {pixels + 2}px; }}
    QSpinBox::up-arrow, QDoubleSpinBox::up-arrow {{ image: url({up}); width: {pixels - 3}px; height: {pixels - 3}px; }}
    QSpinBox::down-arrow, QDoubleSpinBox::down-arrow {{ image: url({down}); width: {pixels - 3}px;
        height: {pixels - 3}px; }}
    QComboBox {{ combobox-popup: 0; }}
    QComboBox QAbstractItemView::item {{ min-height: {pixels + 9}px; padding: 0 4px; }}
    QComboBox QAbstractItemView {{ background: {c.raised}; color: {c.text}; border: 1px solid {c.line};
        outline: 0; selection-background-color: {c.field}; selection-color: {c.on_field}; }}
    QLineEdit, QSpinBox, QDoubleSpinBox {{ background: {c.pane}; color: {c.text}; border: 1px solid {c.line};
        border-radius: 4px; padding: {pad}px; min-height: {pixels + 5}px; }}
    QLineEdit:focus, QSpinBox:focus {{ border-color: {c.field}; }}
    QMenuBar {{ background: {c.background}; color: {c.text}; }}
    QMenuBar::item:selected, QMenu::item:selected {{ background: {c.field}; color: {c.on_field}; }}
    QMenu {{ background: {c.raised}; color: {c.text}; border: 1px solid {c.line}; }}
    QMenu::item {{ padding: {pad + 1}px 22px; }}
    QMenu::item:disabled {{ color: {c.quiet}; }}
    QMenu::separator {{ background: {c.line}; height: 1px; margin: 3px 8px; }}
    QStatusBar {{ background: {c.background}; color: {c.quiet}; }}
    QStatusBar::item {{ border: 0; }}
    QToolTip {{ background: {c.raised}; color: {c.text}; border: 1px solid {c.line}; padding: 3px; }}
    QScrollBar:vertical {{ background: {c.pane}; width: 10px; }}
    QScrollBar:horizontal {{ background: {c.pane}; height: 10px; }}
    QScrollBar::handle {{ background: {c.line}; border-radius: 4px; min-height: 24px; min-width: 24px; }}
    QScrollBar::add-line, QScrollBar::sub-line {{ width: 0; height: 0; }}
    QTabBar::tab {{ background: {c.background}; color: {c.quiet}; padding: {pad}px 10px; border: 0; }}
    QTabBar QToolButton {{ padding: 0; }}
    QTabBar::tab:selected {{ color: {c.text}; border-bottom: 2px solid {c.field}; }}
    QSlider::groove:horizontal {{ background: {c.line}; height: 4px; border-radius: 2px; }}
    QSlider::handle:horizontal {{ background: {c.text}; width: 12px; margin: -5px 0; border-radius: 6px; }}
    QListView, QTreeView, QTableView, QTextBrowser {{ background: {c.pane}; color: {c.text};
        border: 1px solid {c.line}; }}
    *[role="quiet"] {{ color: {c.quiet}; }}
    *[role="error"] {{ color: {c.error}; }}
    *[role="chosen"] {{ font-weight: bold; }}
    QScrollArea[role="ground"] {{ background: {c.background}; }}
    QProgressBar[role="thin"] {{ border: 0; border-radius: 2px; background: {c.line}; }}
    QProgressBar[role="thin"]::chunk {{ border-radius: 2px; background: {c.field}; }}
    QToolButton[role="bare"] {{ padding: 0; border: 0; background: transparent; }}
    QPlainTextEdit {{ background: {c.pane}; color: {c.text}; border: 1px solid {c.line}; border-radius: 4px; }}
    QPlainTextEdit:focus {{ border-color: {c.field}; }}
    QDialog QPushButton, QDialog QComboBox, QDialog QLineEdit {{ min-height: {row - 4}px; }}
    QDialog QPushButton:default {{ border-color: {c.field}; }}
    QDialog QListView::item, QDialog QTreeView::item {{ min-height: {row}px; padding: 0 6px; }}
    #cells::item {{ min-height: 0; padding: 0 3px; }}
    #notification {{ background: {c.raised}; border: 0; border-top: 1px solid {c.field};
        border-left: 5px solid {c.field}; }}
    #notification[role="error"] {{ border-top: 1px solid {c.error}; border-left: 5px solid {c.error}; }}
    #notification QLabel {{ color: {c.text}; background: transparent; }}
    #palette {{ background: {c.raised}; border: 1px solid {c.field}; border-radius: 6px; }}
    #palette QListWidget {{ background: {c.raised}; border: 0; outline: 0; }}
    #palette QLabel {{ color: {c.quiet}; }}
    QToolBar[role="line"] {{ border-top: 1px solid {c.line}; spacing: 8px; padding: 1px 8px; }}
    QToolBar[role="line"] QLabel {{ color: {c.text}; background: transparent; }}
    QToolBar[role="line"] #title {{ font-weight: bold; }}
    QToolBar[role="line"] #title:disabled, QToolBar[role="line"] #sentence {{ color: {c.quiet}; }}
    QToolBar[role="line"] #mark {{ color: {c.field}; font-weight: bold; }}
    QToolBar[role="line"] QToolButton {{ border: 0; background: transparent; padding: 0; min-height: 24px; }}
    #keys {{ background: {c.raised}; color: {c.text}; border: 1px solid {c.line}; padding: 10px; }}
    #recording {{ color: {c.error}; border: 1px solid {c.error}; font-weight: bold; background: {c.pane};
        padding: 0 8px; min-height: 19px; }}
    #recording:hover {{ background: {c.raised}; }}
    #note QToolButton {{ border: 1px solid transparent; background: transparent; color: {c.quiet}; min-height: 22px;
        min-width: 22px; padding: 0 4px; }}
    #note QToolButton:hover {{ color: {c.text}; }}
    #note QToolButton:focus {{ border-color: {c.field}; }}
    QHeaderView::section {{ background: {c.raised}; color: {c.quiet}; border: 0; padding: 3px 6px; }}
    """
