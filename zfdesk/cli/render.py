"""``zfdesk render``: the page of a saved session, or a figure's file, without a display."""

from __future__ import annotations

import argparse
import os
from typing import TYPE_CHECKING, Any

from zfdesk.cli.common import add_json_option, add_page_options, add_weights_option
from zfdesk.cli.output import CommandError, check_output, print_message, write_output
from zfdesk.cli.report import report

if TYPE_CHECKING:
    from zfdesk.figures import Page


def add_parser(verbs: Any) -> None:
    """Register the verb."""
    parser = verbs.add_parser(
        "render",
        help="the page of a saved session, or a saved figure, as PNG, SVG or PDF",
        epilog="A session is computed anew from the saved frame, with the weights it was saved with; what differs is "
        "told on stderr. The .npz of a figure is drawn from its arrays, in its own size. The same file gives the same "
        "pixels on one machine.",
        allow_abbrev=False,
    )
    parser.add_argument(
        "session", metavar="FILE.(zfdesk|npz)", help="a session saved in the window, or the .npz of a figure"
    )
    parser.add_argument(
        "--sweep", action="store_true", help="Fig. 7's row of the sweep kept in a session, instead of its page"
    )
    add_page_options(parser, own_size=True)
    add_weights_option(parser)
    add_json_option(parser)
    parser.set_defaults(run=lambda arguments: render_command(parser, arguments))


def render_command(parser: argparse.ArgumentParser, arguments: argparse.Namespace) -> int:
    """Read, compute, draw and write. JSON: {"session", "output", "npz", "caption", "notes"}."""
    outputs = [path for path in (arguments.output, arguments.npz) if path]
    if arguments.sweep and _is_figure(arguments.session):
        parser.error("--sweep is for a session; the .npz of a figure is drawn as it is")
    for path in outputs:
        check_output(path)
    import zfdesk.figures as figures

    page, notes = _of_figure(arguments) if _is_figure(arguments.session) else _of_session(arguments)
    picture = figures.encode(figures.draw(page), figures.format_of(arguments.output), arguments.dpi)
    if arguments.npz:
        write_output(arguments.npz, figures.encode_arrays(page))
    write_output(arguments.output, picture)
    files = {"session": arguments.session, "output": arguments.output, "npz": arguments.npz}
    facts = files | {"caption": page.caption, "notes": notes}
    report(arguments, facts, f"{page.title}: {arguments.output}\n{page.caption}")
    return 0


def _is_figure(path: str) -> bool:
    return os.path.splitext(path)[1].lower() == ".npz"


def _of_figure(arguments: argparse.Namespace) -> tuple[Page, list[str]]:
    from dataclasses import replace

    from zfdesk.pages.layout_file import read_page

    page = read_page(arguments.session)
    return replace(page, size=arguments.size or page.size), []


def _of_session(arguments: argparse.Namespace) -> tuple[Page, list[str]]:
    from pathlib import Path

    from zfdesk.cli.network import model_of
    from zfdesk.pages.view_page import page_of_sweep, result_page
    from zfdesk.session import load_session, reopen

    session = load_session(Path(arguments.session))
    reopened = reopen(session, model_of(session, arguments.weights), switch=False)
    for note in reopened.notes:
        print_message(note)
    size = arguments.size or "two-column"
    if not arguments.sweep:
        return result_page(reopened.result, size), list(reopened.notes)
    if reopened.swept is None:
        raise CommandError(f"{arguments.session} holds no sweep that can be drawn.")
    return page_of_sweep(reopened.swept, reopened.view, size), list(reopened.notes)
