"""The weights: which are at hand and which to be had, and the line about the network that comes with the program."""

from __future__ import annotations

from pathlib import Path

from zfdesk.desk.actions import Action
from zfdesk.desk.context import AppContext
from zfdesk.desk.feature import Feature, Opener, with_suffix
from zfdesk.desk.weights.embedded_note import EmbeddedLine


def choose_weights(context: AppContext) -> None:
    """Switch the network's weights."""
    from zfdesk.desk.weights.dialog import show_weights

    show_weights(context)


def import_weights(context: AppContext, path: str) -> None:
    """Keep a file of weights, and show it among the others."""
    from zfdesk.desk.weights.dialog import show_weights

    show_weights(context).import_path(Path(path))


ACTIONS = (Action("weights", "Weights…", ("Ctrl+W",), "Source", command=choose_weights, after="freeze", also="model checkpoint download network pretrained"),)

FEATURE = Feature(
    name="weights", status=(EmbeddedLine,), actions=ACTIONS,
    opens=(Opener(with_suffix(".safetensors", ".pth", ".pt", ".onnx"), import_weights),),
)  # fmt: skip
