"""The network that ships, as captions and lists name it."""

from pathlib import PurePosixPath

from zfdesk.weights.checkpoint import EMBEDDED, EMBEDDED_SHA256

NAME = PurePosixPath(EMBEDDED).stem
SHORT = EMBEDDED_SHA256[:12]
CATS = {281: "tabby", 285: "Egyptian cat", 282: "tiger cat"}
"""What it takes the demo's cat for, the most probable first."""
CAT = next(iter(CATS))
