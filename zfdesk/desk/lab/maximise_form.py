"""What a unit would like to see: objective, start, recipe."""

from __future__ import annotations

from enum import StrEnum

from PySide6.QtWidgets import QLineEdit

from zfdesk.desk.context import AppContext
from zfdesk.desk.lab.form import Form, NamedSlider, seed_number, whole_number
from zfdesk.desk.lab.picture_slot import PictureSlot
from zfdesk.desk.lab.recipe_numbers import RecipeNumbers
from zfdesk.desk.widgets.buttons import tool_button
from zfdesk.desk.widgets.class_field import ClassField, class_named
from zfdesk.desk.widgets.controls import Choice
from zfdesk.synthesis import RECIPES, Objective, Term, between, of_class, of_unit, parse_objective, several
from zfdesk.synthesis.objectives import WHOLE, MapPlace
from zfdesk.synthesis.orders import MEAN, NOISE, Order, layer_order, units_order


class Aim(StrEnum):
    """What a picture is made for."""

    UNIT = "selected unit"
    POSITION = "unit at its position"
    MAP = "unit's whole map"
    LAYER = "whole layer, a sheet"
    CLASS = "class score"
    DIFFERENCE = "class minus another"
    MIXED = "units mixed"
    BETWEEN = "between two units"
    WORDS = "in words"


class MaximiseForm(Form):
    """Settings of activation maximisation."""

    title = "Maximise"
    hint = "The picture that a unit or a class would like to see"

    def __init__(self, context: AppContext) -> None:
        super().__init__(context)
        self.aim = Choice({aim: aim.value for aim in Aim}, "What the picture is to excite")
        self.class_field, self.other_class = ClassField("class"), ClassField("minus class")
        self.units = QLineEdit(placeholderText="units, such as 3, 17")
        self.units.setToolTip("Units of the layer that is shown; each counts as much")
        self.other = whole_number("and unit", 0, 0, 99_999, "The other unit, of the same layer")
        self.share = NamedSlider(
            "Share of the other unit", "How far the way has gone from the selected unit to the other",
            lambda share: f"{share} % of the way",
        )  # fmt: skip
        self.objective_text = QLineEdit(placeholderText="0.5*conv5:17 + 0.5*conv5:40")
        self.objective_text.setMinimumWidth(200)
        self.objective_text.setToolTip(
            "conv5:17, conv5:17@2,3 (row, column), conv5:17/map, class:tabby, a sum of these with + and - and weights, "
            "conv5:17>40@0.3 (30 % of the way)"
        )
        self.count = whole_number("pictures", 1, 1, 16, "So many pictures that differ")
        self._fields = {
            self.class_field: (Aim.CLASS, Aim.DIFFERENCE), self.other_class: (Aim.DIFFERENCE,),
            self.units: (Aim.MIXED,), self.other: (Aim.BETWEEN,), self.share: (Aim.BETWEEN,),
            self.objective_text: (Aim.WORDS,), self.count: tuple(set(Aim) - {Aim.LAYER}),
        }  # fmt: skip
        self._strip = self.add_strip(
            (self.aim, "What the picture is to excite"), (self.class_field, "Class"),
            (self.other_class, "Minus class"), (self.units, "Units to be mixed"), (self.other, "Other unit"),
            (self.share, "Share of the other unit"), (self.objective_text, "Objective in words"),
            (self.count, "How many pictures"),
        )  # fmt: skip
        self._add_recipe()
        self.aim.chosen.connect(self._show_fields)
        for field in (self.class_field, self.other_class):
            field.missed.connect(lambda text: context.show_message(f"No class is called “{text}”.", error=True))
        self._show_fields()

    def _add_recipe(self) -> None:
        self.start = PictureSlot(self.context, "start", (NOISE, MEAN), "What the picture is made from")
        self.seed = seed_number()
        self.recipe = Choice({name: name for name in RECIPES}, "Yosinski's four sets of hyperparameters, or today's")
        self.numbers = RecipeNumbers()
        self.recipe.chosen.connect(lambda name: self.numbers.show_recipe(RECIPES[name]))
        self.numbers.hide()
        self.numbers.refused.connect(lambda sentence: self.context.show_message(sentence, error=True))
        self.more = tool_button("numbers", checkable=True)
        self.more.toggled.connect(self.numbers.setVisible)
        self.numbers.changed.connect(self._name_recipe)
        self.add_strip(
            (self.start, "Start"), (self.seed, "Seed"), (self.recipe, "Recipe"), (self.more, "The recipe's numbers")
        )
        self.rows.addWidget(self.numbers)
        self._name_recipe()

    def _name_recipe(self) -> None:
        name = self.numbers.recipe.name
        self.more.setText("numbers, changed" if name not in RECIPES else "numbers")
        self.more.setToolTip("The recipe's numbers, to be changed")

    def _show_fields(self, _: object = None) -> None:
        chosen = self.chosen
        for widget, kinds in self._fields.items():
            self._strip.set_present(widget, chosen in kinds)

    def choose(self, aim: Aim, count: int) -> None:
        """So many pictures that are to excite that."""
        self.aim.show_value(aim)
        self.count.setValue(count)
        self._show_fields()

    @property
    def chosen(self) -> Aim:
        """What the picture is to excite."""
        return self.aim.chosen_value  # type: ignore[no-any-return]

    def follow(self) -> None:
        """The classes there are, and how many units."""
        classes = self.state.model.classes
        for field in (self.class_field, self.other_class):
            field.set_names(classes)
        count = self.state.model.architecture.stage(self.state.view.layer).shape[0]
        self.other.setMaximum(count - 1)

    def order(self) -> Order:
        model, recipe = self.state.model, self.numbers.recipe
        start, start_text = (self.start.choice, "") if self.start.choice in (NOISE, MEAN) else self.start.cropped()
        if self.chosen is Aim.LAYER:
            return layer_order(model, self.state.view.layer, recipe, start, self.seed.value())
        objectives = [self._objective()]
        if self.count.value() > 1:
            objectives, recipe = several(objectives[0], self.count.value(), recipe)
        return units_order(model, objectives, recipe, start, self.seed.value(), start_text)

    def _objective(self) -> Objective:
        view, architecture = self.state.view, self.state.model.architecture
        match self.chosen:
            case Aim.CLASS:
                return of_class(architecture, self._class(self.class_field))
            case Aim.DIFFERENCE:
                one, other = (of_class(architecture, self._class(f)) for f in (self.class_field, self.other_class))
                less = other.terms[0]
                return Objective((*one.terms, Term(less.layer, less.unit, weight=-1.0)))
            case Aim.MIXED:
                units = _numbers(self.units.text())
                return Objective(tuple(Term(view.layer, unit, weight=1 / len(units)) for unit in units))
            case Aim.BETWEEN:
                return between(view.layer, view.unit, self.other.value(), self.share.value() / 100)
            case Aim.WORDS:
                return parse_objective(self.objective_text.text(), architecture, self._called)
            case Aim.POSITION:
                return of_unit(view.layer, view.unit, self._position())
            case Aim.MAP:
                return of_unit(view.layer, view.unit, WHOLE)
        return of_unit(view.layer, view.unit)

    def _position(self) -> MapPlace:
        """The picked position, else the strongest on the present frame."""
        view, result = self.state.view, self.state.result
        if view.position is not None:
            return view.position
        unit = result.unit if result is not None else None
        if unit is None or (unit.reference.layer, unit.reference.unit) != (view.layer, view.unit):
            raise ValueError("The unit's position is not known yet: click one in its map, or try again in a moment.")
        return unit.position

    def _class(self, field: ClassField) -> int:
        if field.index < 0:
            raise ValueError("Name the class first.")
        return field.index

    def _called(self, text: str) -> int:
        found = class_named(text, self.state.model.classes)
        if found < 0:
            raise ValueError(f"No class is called “{text}”.")
        return found


def _numbers(text: str) -> list[int]:
    parts = text.replace(",", " ").split()
    if not parts or not all(part.isdecimal() and len(part) < 8 for part in parts):
        raise ValueError("Name the units to be mixed by their numbers, such as 3, 17.")
    return [int(part) for part in parts]


__all__ = ["Aim", "MaximiseForm"]
