"""The front page: which words are verbs, and what is meant without one."""

from __future__ import annotations

import argparse
import os
from importlib import import_module
from typing import Any

from zfdesk.cli import open as window
from zfdesk.cli.output import CommandError

VERBS = (
    "classify", "deconv", "attribute", "occlude", "scan", "top", "curves", "agreement", "correspondence", "invariance",
    "figure", "render", "record", "maximise", "atlas", "fool", "dream", "invert", "texture", "style", "info", "weights",
    "train", "evaluate", "shards", "bench", "desktop",
)  # fmt: skip
"""Modules of this package, in the order of the help; each registers one verb of its own name."""

_EXAMPLES = """\
examples:
  zfdesk                                   the window on a moving demo
  zfdesk cat.jpg --layer conv4 --unit 12   the window on a picture, looking at one unit
  zfdesk --camera                          the window on the camera
  zfdesk classify holiday/ --top 3         what the network sees in each picture of a folder
  zfdesk occlude cat.jpg -o where.png      which part of the picture the answer hangs on
  zfdesk scan pictures/                    what wakes each unit, over all pictures of a folder
  zfdesk VERB --help                       more on a verb

A file that is called like a verb is named with its folder: ./classify
"""


class _Verbs:
    """What argparse's subparsers are to a verb's module; keeps the short help of each for the front page."""

    def __init__(self) -> None:
        self.parsers: dict[str, argparse.ArgumentParser] = {}
        self._subparsers = argparse.ArgumentParser(prog="zfdesk").add_subparsers()
        self._help: dict[str, str] = {}

    def add_parser(self, name: str, *, help: str, **rest: Any) -> argparse.ArgumentParser:
        """Add the parser of a verb; its help is kept for the list of verbs."""
        rest = {"description": f"{help[0].upper()}{help[1:]}{'' if help.endswith('?') else '.'}", **rest}
        self._help[name] = help
        self.parsers[name] = self._subparsers.add_parser(name, help=help, **rest)
        return self.parsers[name]

    def listed(self) -> str:
        """The verbs and what they do, one a line."""
        return "verbs:\n" + "".join(f"  {name:14} {help_text}\n" for name, help_text in self._help.items())


def parse(argv: list[str]) -> argparse.Namespace:
    """What is asked for; ``run`` in it is the function to call.

    The first word is a verb, or else all words are the window's. Raises SystemExit as argparse does, and CommandError
    for a first word that is neither a verb nor a source.
    """
    verbs = _Verbs()
    for name in VERBS:
        import_module(f"zfdesk.cli.{name}").add_parser(verbs)
    if argv and argv[0] in verbs.parsers:
        return verbs.parsers[argv[0]].parse_args(argv[1:])
    if argv and argv[0] and not argv[0].startswith("-"):
        _check_source(argv[0], list(verbs.parsers))
    parser = window.make_parser(f"{verbs.listed()}\n{_EXAMPLES}")
    arguments, surplus = parser.parse_known_args(argv)
    verb = next((word for word in [arguments.path, *surplus] if word in verbs.parsers), None)
    if verb is not None and not os.path.exists(verb):
        parser.error(f"a verb comes before its options: zfdesk {verb} …")
    if surplus and not surplus[0].startswith("-"):
        parser.error(f"the window opens one source at a time; {surplus[0]!r} is one too many")
    return parser.parse_args(argv)


def _check_source(word: str, verbs: list[str]) -> None:
    """Catches `zfdesk clasify …` before its options are found to be unknown to the window."""
    if os.path.lexists(word) or word.partition(":")[0] in ("demo", "pattern", "camera"):
        return
    if os.path.dirname(word) or os.path.splitext(word)[1]:  # meant as a file
        raise CommandError(f"{word} does not exist.")
    import difflib

    near = difflib.get_close_matches(word, verbs, 1, 0.6)
    advice = f"did you mean `zfdesk {near[0]}`?" if near else f"the verbs are {', '.join(verbs)}."
    raise CommandError(f"{word} is neither a file nor a verb; {advice}")
