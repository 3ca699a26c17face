"""A view with all that belongs to it, as one ``.zfdesk`` file.

The file is a zip (deflated or stored; no encryption, no folders, no comment, at most 32 parts) of

- ``session.json``, always first: `zfdesk.session.file.Head` as JSON, field for field. ``format`` is "zfdesk session",
  ``version`` the format's number (3), ``zfdesk`` the program that wrote it; ``moment`` is what was on screen and
  ``snapshots`` what was kept beside it, by name ("A"), ``sweep`` the occlusion sweep, null for none. A moment has its
  ``view`` (every field of `zfdesk.live.View` under its own name, enumerations by value, tuples as lists), its
  ``network`` (architecture, name and SHA-256 of the weights), its ``frame`` (file, height, width, number, origin) and
  the name of its ``arrays``, "" for none. ``parts`` gives the SHA-256 of every other part.
- ``frame-1.png`` …: the frames, 8-bit RGB, exactly the pixels that the source gave.
- ``live.npz``, ``snapshot-A.npz``: what the network made of them: ``picture`` (uint8, what it saw, occluders drawn in),
  ``probabilities`` and ``clean_probabilities`` (float32, classes), and of the unit that is looked at ``unit_map``,
  ``clean_unit_map`` (float32, height × width) and ``reconstruction`` (float32, height × width × RGB). They are there
  for other programs, and to tell whether the same comes out again; the window computes anew.
- ``sweep.npz``: every answer of the sweep, which is shown again as it was: the arrays of
  `zfdesk.session.sweeps.KeptSweep`. A partial one has rows only for the positions whose ``done`` is 1. ``sweep`` in
  the JSON has its plan (size, stride, shape, fill, overhang), layer, network and of which frame it is.
- ``NAME.npz``: the arrays of what a feature of the window keeps under that name (`zfdesk.desk.feature.keeps`), such as
  the pictures of the lab. ``kept`` in the JSON has the ``value`` of each, and the name of its ``arrays``, "" for none.

The weights are not in it, nor is anything that is executed. The same session gives the same bytes.

Reading is strict about types and forgiving about versions: a field that is missing takes its default, a field or word
that is not known is left out, and each is told. A file of an older ``version`` goes through `MIGRATIONS` first (1 had
no sweep, 2 other places for the lab and the scan); one of a newer is refused. Limits: 192 MB unpacked, 40 million
pixels a frame, 1 MB of JSON.

For example:

    session = load(Path("cat.zfdesk"))
    save_session(Session(moment_of(result), {}), Path("again.zfdesk"))
"""

from zfdesk.session.content import FrameRecord, Kept, Session, moment_of
from zfdesk.session.file import (
    FORMAT,
    MIGRATIONS,
    SUFFIX,
    SessionError,
    from_bytes,
    is_session,
    load_session,
    save_session,
    to_bytes,
)
from zfdesk.session.network_facts import NetworkFacts, network_facts
from zfdesk.session.reopen import Reopened, find_network, reopen
from zfdesk.session.sweeps import KeptSweep, kept_sweep

__all__ = [
    "FORMAT",
    "MIGRATIONS",
    "SUFFIX",
    "FrameRecord",
    "Kept",
    "KeptSweep",
    "NetworkFacts",
    "Reopened",
    "Session",
    "SessionError",
    "find_network",
    "from_bytes",
    "is_session",
    "kept_sweep",
    "load_session",
    "moment_of",
    "network_facts",
    "reopen",
    "save_session",
    "to_bytes",
]  # fmt: skip
