"""The command line: one module a verb, each a thin call into a room.

A verb's module has ``add_parser(verbs)``, which registers it and sets ``run``, the function that gets the parsed
arguments and returns the exit status. Nothing heavy is imported before a verb runs: ``zfdesk --help`` needs no torch.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

# What MemoryError is to Python; torch raises it as a RuntimeError with these words.
_TORCH_OUT_OF_MEMORY = "allocate memory"


def main(argv: Sequence[str] | None = None) -> int:
    """Run ``zfdesk``; the exit status: 0, 1 for a failure told in one line on stderr, 2 for usage, 130 for Ctrl-C.

    argv: without the program's name; by default the process's own. With the environment variable ZFDESK_TRACEBACK set
    a failure comes with its traceback.
    """
    from zfdesk.cli.output import print_message

    try:
        return _run(list(sys.argv[1:] if argv is None else argv))
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:  # whoever read our answer has read enough, as in `zfdesk info | head`
        _give_up_writing()
        return 0
    except Exception as error:
        sentence = _sentence(error)
        if not sentence or os.environ.get("ZFDESK_TRACEBACK"):
            raise
        print_message(sentence)
        _give_up_writing()
        return 1


def _run(argv: list[str]) -> int:
    from zfdesk.cli.front import parse
    from zfdesk.cli.output import prepare_streams
    from zfdesk.cli.overwriting import refuse_overwriting

    prepare_streams()
    try:
        arguments = parse(argv)
        if getattr(arguments, "json", False):
            prepare_streams(json=True)
        refuse_overwriting(arguments)
        status = int(arguments.run(arguments))
    except SystemExit as end:  # argparse: 0 after --help and --version, 2 for usage
        status = end.code if isinstance(end.code, int) else 0
    if sys.stdout is not None:
        sys.stdout.flush()
    return status


def _sentence(error: Exception) -> str:
    """What went wrong, for people; "" for what nobody expected, which is better shown with its traceback."""
    from zfdesk.cli.output import CommandError

    if isinstance(error, MemoryError) or (isinstance(error, RuntimeError) and _TORCH_OUT_OF_MEMORY in str(error)):
        return "There is not enough memory for this."
    if isinstance(error, OSError) and error.strerror:
        reason = error.strerror.lower()
        return f"{error.filename}: {reason}." if error.filename else f"The system reports an error: {reason}."
    if isinstance(error, ImportError):
        return f"The installation is incomplete ({error}). Install zfdesk again."
    expected = isinstance(error, ValueError | ArithmeticError | OSError | CommandError)
    return str(error) if expected or isinstance(error, _source_error()) else ""


def _source_error() -> type[Exception]:
    from zfdesk.sources import SourceError

    return SourceError


def _give_up_writing() -> None:
    """Let go of what stdout cannot take, or Python would complain about it once more when it ends."""
    try:
        if sys.stdout is not None:
            sys.stdout.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
