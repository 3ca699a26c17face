"""The files that ship with the program: embedded weights, demo pictures, icons."""

from pathlib import Path

_HERE = Path(__file__).resolve().parent
_IN_WHEEL = _HERE / "_resources"
_IN_CHECKOUT = _HERE.parent / "resources"


def resource(name: str) -> Path:
    """Path of a shipped file, e.g. ``resource("demo/chelsea.jpg")``.

    Reads from the installed wheel or, in a checkout, from the top-level ``resources/``.
    Raises FileNotFoundError with a sentence when the installation is incomplete.
    """
    for root in (_IN_WHEEL, _IN_CHECKOUT):
        path = root / name
        if path.exists():
            return path
    raise FileNotFoundError(f"The installation is incomplete: {name} is missing. Install zfdesk again.")
