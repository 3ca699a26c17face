"""Many pictures: which of them make a unit most active, and how a layer's activations are spread over them.

Also many networks: what those of a training run made of one picture, and of many (`evolution`).
"""

from zfdesk.library.evolution import Answer, Look, answer_of_crop, answers_over, look_at, strongest_units
from zfdesk.library.scan import Strongest, scan
from zfdesk.library.spread import Spread, spread_of

__all__ = [
    "Answer",
    "Look",
    "Spread",
    "Strongest",
    "answer_of_crop",
    "answers_over",
    "look_at",
    "scan",
    "spread_of",
    "strongest_units",
]
