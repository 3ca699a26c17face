"""A recipe's numbers, all of them, to be seen and changed."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from PySide6.QtCore import QSignalBlocker, Signal
from PySide6.QtWidgets import QDoubleSpinBox, QSpinBox, QVBoxLayout, QWidget

from zfdesk.desk.lab.form import real_number, whole_number
from zfdesk.desk.widgets.buttons import tool_button
from zfdesk.desk.widgets.controls import Choice, Controls
from zfdesk.synthesis import RECIPES, MaximiseRecipe
from zfdesk.synthesis.recipes import Parametrisation, Policy

CHANGED = ", changed"
_INTEGERS = {
    "steps": ("steps", 100_000, "Steps of the optimisation"),
    "jitter": ("jitter", 64, "Most shift before each look, in pixels"),
    "blur_every": ("blur every", 1000, "A Gaussian blur after so many steps (Yosinski); 0: never"),
}
_REALS = {
    "rate": ("rate", 1e9, 4, "Length of a step"),
    "progress": ("progress", 1e6, 2, "So far a step should raise the objective (Yosinski); counts for that policy"),
    "noise": ("noise", 255.0, 1, "Standard deviation of the noise it starts from, of 255 levels"),
    "scale": ("scale", 0.9, 2, "Most change of size before each look, as a share"),
    "rotation": ("turn", 180.0, 1, "Most turn before each look, in degrees"),
    "total_variation": ("smooth", 1000.0, 1, "Weight of the total variation, as a share of the objective"),
    "contrast": ("contrast", 100.0, 2, "Weight of the distance from the mean colour, as a share of the objective"),
    "diversity": ("diverse", 100.0, 2, "Weight of the likeness of pictures made together"),
    "slope": ("slope", 4.0, 2, "Frequencies are scaled by 1/f to this power"),
    "decay": ("decay", 0.99, 4, "L2 decay towards the mean after each step (Yosinski)"),
    "blur_radius": ("blur", 20.0, 2, "Radius of the blur, in pixels (Yosinski)"),
    "small_norm_percentile": ("small norms", 100.0, 0, "Pixels below this percentile of all norms become the mean"),
    "small_contribution_percentile": (
        "small contributions", 100.0, 0, "Pixels below this percentile of all contributions become the mean"),
}  # fmt: skip
_POLICIES = {Policy.ADAM: "Adam", Policy.CONSTANT: "constant rate", Policy.PROGRESS: "by progress"}
_PARAMETRISATIONS = {Parametrisation.FREQUENCIES: "frequencies", Parametrisation.PIXELS: "pixels"}


class RecipeNumbers(QWidget):
    """All fields of a `MaximiseRecipe`. ``changed``: one of them is another, or another recipe was chosen."""

    changed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.recipe = MaximiseRecipe()
        self.fields: dict[str, QSpinBox | QDoubleSpinBox] = {}
        for name, (label, high, hint) in _INTEGERS.items():
            self.fields[name] = whole_number(label, 0, 0, high, hint)
        for name, (label, most, decimals, hint) in _REALS.items():
            self.fields[name] = real_number(label, 0, most, hint, decimals, 10.0**-decimals * 5)
        self.policy = Choice(_POLICIES, "How far a step goes")
        self.parametrisation = Choice(_PARAMETRISATIONS, "What is stepped: the picture's frequencies or its pixels")
        hint = "Steps in colours that are independent in natural pictures"
        self.decorrelated = tool_button("decorrelated colours", hint, checkable=True)
        hint = "Half the time on a processor that has it; the pictures differ a little"
        self.bfloat16 = tool_button("bfloat16", hint, checkable=True)
        strip = Controls()
        for choice, name in ((self.policy, "Policy"), (self.parametrisation, "Parametrisation")):
            strip.add(choice, name)
        for button, name in ((self.decorrelated, "Decorrelated colours"), (self.bfloat16, "bfloat16")):
            strip.add(button, name)
            button.clicked.connect(self._apply)
        for name, field in self.fields.items():
            strip.add(field, name.replace("_", " "))
            field.valueChanged.connect(self._apply)
        self.policy.chosen.connect(self._apply)
        self.parametrisation.chosen.connect(self._apply)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(strip)
        self.show_recipe(self.recipe)

    def show_recipe(self, recipe: MaximiseRecipe) -> None:
        """Show the numbers of a recipe."""
        self.recipe = recipe
        for name, field in self.fields.items():
            with QSignalBlocker(field):
                field.setValue(getattr(recipe, name))
        self.policy.show_value(recipe.policy)
        self.parametrisation.show_value(recipe.parametrisation)
        self.decorrelated.setChecked(recipe.decorrelated)
        self.bfloat16.setChecked(recipe.bfloat16)
        self.changed.emit()

    def _apply(self, _: object = None) -> None:
        """The numbers as they stand; one that cannot be goes back, and why is told by ``refused``."""
        base = self.recipe.name.removesuffix(CHANGED)
        try:
            recipe = replace(self.recipe, name=base, **self._chosen())
        except ValueError as error:
            self.refused.emit(str(error))
            self.show_recipe(self.recipe)
            return
        self.recipe = recipe if recipe == RECIPES.get(base) else replace(recipe, name=f"{base}{CHANGED}")
        self.changed.emit()

    def _chosen(self) -> dict[str, Any]:
        """All fields but the name; what was not touched keeps all its digits."""
        chosen: dict[str, Any] = {}
        for name, field in self.fields.items():
            known = getattr(self.recipe, name)
            decimals = field.decimals() if isinstance(field, QDoubleSpinBox) else 0
            chosen[name] = known if field.value() == round(known, decimals) else field.value()
        chosen["policy"] = self.policy.chosen_value
        chosen["parametrisation"] = self.parametrisation.chosen_value
        return chosen | {"decorrelated": self.decorrelated.isChecked(), "bfloat16": self.bfloat16.isChecked()}

    refused = Signal(str)


__all__ = ["CHANGED", "RecipeNumbers"]
