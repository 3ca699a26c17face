"""Many pictures: what wakes each unit of a network, over thousands of them.

    with Library(model) as library:
        for step in scan(library, ["photos/"]):        # resumes, and takes only what is new or changed
            print(f"{step.done} of {step.total}")
        portrait = Portraits(library).portrait("conv5", 12)

`listing` finds the pictures, `records` says what is kept of each, `store` keeps it (in a
`database`; `backlog` says what is left to do), `scanning` is the loop;
`statistics`, `settle` and `portrait` say what it means; `gallery`, `nearest`, `picture_map` and `boxes` show the
pictures by it; `rolling` does the same for the last minutes of a live source, `cluster` on many machines. Also one walk
over pictures that keeps nothing (`strongest`, `spread`), and many networks: what those of a training run made of one
picture, and of
many (`evolution`).
"""

from zfdesk.library.database import LibraryError
from zfdesk.library.evolution import PictureAnswers, UnitAnswer, answer_of_crop, answers_over, look_at, strongest_units
from zfdesk.library.portrait import ClassPreference, Example, Portraits, UnitPortrait, shown
from zfdesk.library.rolling import RollingScan, RollingView
from zfdesk.library.scanning import ScanStep, scan
from zfdesk.library.spread import ActivationSpread, spread_of
from zfdesk.library.store import Library, LibrarySize
from zfdesk.library.strongest import Strongest, strongest_over

__all__ = [
    "ActivationSpread", "ClassPreference", "Example", "Library", "LibraryError", "LibrarySize", "PictureAnswers",
    "Portraits", "RollingScan", "RollingView", "ScanStep", "Strongest", "UnitAnswer", "UnitPortrait", "answer_of_crop",
    "answers_over", "look_at", "scan", "shown", "spread_of", "strongest_over", "strongest_units",
]  # fmt: skip
