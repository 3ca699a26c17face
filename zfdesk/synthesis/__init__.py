"""Pictures that are made: what a unit would like to see, what fools the network, what a layer still knows.

    from zfdesk.synthesis import maximise, of_unit
    for sketch in maximise(model, [of_unit("conv5", 17)]):
        sketch.pictures, sketch.values, sketch.finished

Each way to make a picture (`maximise`, `fool`, `dream`, `invert`, `texture`, `transfer`) is an iterator of sketches:
take the next one to go on, leave it to pause, drop it to cancel. All are deterministic with a seed.
"""

from zfdesk.synthesis.dream import dream
from zfdesk.synthesis.fooling import Norm, fool
from zfdesk.synthesis.inversion import invert
from zfdesk.synthesis.maximise import Maximiser, finished, maximise, several
from zfdesk.synthesis.objectives import Objective, Term, along, between, of_class, of_unit, parse_objective
from zfdesk.synthesis.recipes import RECIPES, MaximiseRecipe, recipe_called
from zfdesk.synthesis.steps import Sketch
from zfdesk.synthesis.style import StyleSource, texture, transfer

__all__ = [
    "RECIPES",
    "MaximiseRecipe",
    "Maximiser",
    "Norm",
    "Objective",
    "Sketch",
    "StyleSource",
    "Term",
    "along",
    "between",
    "dream",
    "finished",
    "fool",
    "invert",
    "maximise",
    "of_class",
    "of_unit",
    "parse_objective",
    "recipe_called",
    "several",
    "texture",
    "transfer",
]  # fmt: skip
