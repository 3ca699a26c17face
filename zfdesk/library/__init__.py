"""Many pictures: which of them make a unit most active, and how a layer's activations are spread over them."""

from zfdesk.library.scan import Strongest, scan
from zfdesk.library.spread import Spread, spread_of

__all__ = ["Spread", "Strongest", "scan", "spread_of"]
