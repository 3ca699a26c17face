"""What is to be trained, on what and how; and how it ended."""

from __future__ import annotations

from dataclasses import dataclass

from zfdesk.engine import Model
from zfdesk.runs import Score
from zfdesk.training.loader import TeacherModel
from zfdesk.training.recipe import TrainRecipe

VALIDATION = "validation: "
"""Before the validation pictures' place in ``run.json``'s list of data."""


@dataclass(frozen=True)
class TrainConfig:
    """What is to be trained, on what and how. ``start``: a checkpoint to begin from; ``teacher``: asked while training;
    with ``teacher_classes`` the network learns its classes in place of the pictures'.

    every: seconds between saved states. log_every: steps between lines of the log. limit: most validation pictures,
    None for all. strongest: training pictures searched for Fig. 4 at each snapshot. threads: that decode pictures.
    """

    data: tuple[str, ...]
    recipe: TrainRecipe
    architecture: str = "zfnet"
    validation: str | None = None
    start: Model | None = None
    start_text: str = ""
    teacher: TeacherModel | None = None
    teacher_path: str | None = None
    teacher_classes: bool = False
    seed: int = 0
    command: str = ""
    every: float = 300.0
    log_every: int = 10
    limit: int | None = None
    strongest: int = 256
    threads: int = 2
    on_device: bool = False
    share_of_peak: bool = False
    probe: str | None = None

    def places(self) -> tuple[str, ...]:
        """Of the data, as ``run.json`` lists them."""
        return (*self.data, *([f"{VALIDATION}{self.validation}"] if self.validation else []))

    def settings(self) -> dict[str, str | int | bool | None]:
        """What is needed to go on, beside ``run.json``."""
        return {
            "start_words": self.start_text, "teacher_path": self.teacher_path,
            "teacher_classes": self.teacher_classes, "limit": self.limit, "strongest": self.strongest,
        }  # fmt: skip


@dataclass(frozen=True)
class Ended:
    """How a training ended. ``interrupted``: by Ctrl-C, to be resumed."""

    step: int
    seconds: float
    interrupted: bool
    unreadable: int
    training: Score | None = None
    validation: Score | None = None


__all__ = ["VALIDATION", "Ended", "TrainConfig"]
