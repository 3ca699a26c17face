"""The paper's studies over the engine: Table 1's correspondence, Fig. 5's invariance, curves, transfer (Tables 4–7)."""

from zfdesk.experiments.correspondence import MarkedPicture, correspondence
from zfdesk.experiments.curves import Baseline, InsertionDeletion, insertion_deletion, random_baseline
from zfdesk.experiments.table1 import Correspondence

__all__ = [
    "Baseline",
    "Correspondence",
    "InsertionDeletion",
    "MarkedPicture",
    "correspondence",
    "insertion_deletion",
    "random_baseline",
]
