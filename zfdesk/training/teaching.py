"""What a teacher that is asked while training can teach about given pictures."""

from __future__ import annotations

from dataclasses import replace

from zfdesk.training.class_names import place_of, usual_names
from zfdesk.training.data import PictureDataset
from zfdesk.training.data_entry import StoredPicture
from zfdesk.training.errors import TrainingError
from zfdesk.training.loader import TeacherModel
from zfdesk.training.recipe import TrainRecipe


class TaughtPictures:
    """Pictures with a teacher's classes in place of their own, see `zfdesk.training.data.PictureDataset`.

    A label stays where the class it names is one of the teacher's; the other pictures have its answers alone.
    """

    teacher_classes = 0
    embedding = 0

    def __init__(self, pictures: PictureDataset, teacher: TeacherModel) -> None:
        self._pictures, self.source = pictures, pictures.source
        self.classes = usual_names(teacher.classes)
        places = [place_of(name, self.classes) for name in pictures.classes]
        self._places = [-1 if place is None else place for place in places]
        self.labelled = pictures.labelled and -1 not in self._places

    def __len__(self) -> int:
        return len(self._pictures)

    def name(self, index: int) -> str:
        """The picture's own name."""
        return self._pictures.name(index)

    def label(self, index: int) -> int:
        """Return the picture's class among the teacher's, -1 for none."""
        return self._place(self._pictures.label(index))

    def read(self, index: int) -> StoredPicture:
        """As before, with the label among the teacher's classes and without soft labels."""
        entry = self._pictures.read(index)
        return replace(entry, label=self._place(entry.label), soft=None)

    def _place(self, label: int) -> int:
        return self._places[label] if 0 <= label < len(self._places) else -1


def taught_recipe(recipe: TrainRecipe, pictures: PictureDataset, teacher: TeacherModel) -> tuple[TrainRecipe, str]:
    """The recipe as far as the teacher can teach it, and a sentence where that is not the whole of it, else "".

    Where its classes are not the pictures', its embedding is learned beside the labels, but not its answers. Raises
    TrainingError where nothing can be learned from it, or its classes are the pictures' in another order.
    """
    if not recipe.soft_weight and not recipe.embedding_weight:
        raise TrainingError(
            f"The recipe {recipe.name} learns neither a teacher's answers nor its embedding: train without one, or "
            "set soft_weight or embedding_weight."
        )
    count = len(pictures.classes)
    if teacher.classes == count:
        theirs = usual_names(count)
        for index, name in enumerate(pictures.classes):
            meant = place_of(name, theirs)
            if meant not in (None, index):
                raise TrainingError(
                    f"The class “{name}” is number {index} of {pictures.source}, but number {meant} of the teacher's: "
                    "--teacher-classes puts them in its order."
                )
        return recipe, ""
    if not recipe.soft_weight:
        return recipe, ""
    apart = f"The teacher's {teacher.classes} classes are not the {count} of {pictures.source}"
    if not teacher.embedding or not recipe.embedding_weight:
        raise TrainingError(f"{apart}: nothing is to be learned from it, unless --teacher-classes learns its own.")
    return (
        replace(recipe, soft_weight=0.0, taught_label_weight=recipe.taught_label_weight or recipe.label_weight),
        f"{apart}: the labels are learned, and its embedding beside them, not its answers.",
    )


__all__ = ["TaughtPictures", "taught_recipe"]
