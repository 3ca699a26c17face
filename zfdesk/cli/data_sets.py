"""Data sets of torchvision's on the command line: ``torchvision:NAME[,OPTION=VALUE…][@ROOT]`` and ``--download``."""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterable

from zfdesk.cli.output import CommandError

DATA_SETS_HELP = """\
DATA may also be a data set that torchvision reads: torchvision:NAME@FOLDER, for instance torchvision:Caltech101@data,
with options of its own after commas (torchvision:VOCDetection,year=2007@data). Without @FOLDER it is looked for in the
folder datasets of zfdesk's own data; --download fetches it there.
"""


def add_download_option(parser: argparse.ArgumentParser) -> None:
    """``--download``."""
    parser.add_argument("--download", action="store_true", help="fetch a torchvision:NAME that is not there yet")


def download_data_sets(arguments: argparse.Namespace, names: Iterable[str | None]) -> None:
    """Fetch those of ``names`` that are data sets of torchvision's, where ``--download`` was given."""
    if not arguments.download:
        return
    from zfdesk.training.data import is_data_set_name
    from zfdesk.training.data_torchvision import download

    wanted = dict.fromkeys(name for name in names if name and is_data_set_name(name))
    if not wanted:
        raise CommandError("--download fetches data sets of torchvision's: torchvision:NAME.")
    if int(os.environ.get("WORLD_SIZE", "1")) > 1:
        raise CommandError("--download goes with one process: fetch the data first, then start several.")
    for name in wanted:
        download(name)
