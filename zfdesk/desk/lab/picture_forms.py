"""What is made from a picture: a fooling one, a dream, inversions, a texture, a style."""

from __future__ import annotations

from zfdesk.desk.context import AppContext
from zfdesk.desk.lab.form import Form, NamedSlider, real_number, seed_number, whole_number
from zfdesk.desk.lab.picture_slot import PictureSlot
from zfdesk.desk.widgets.class_field import ClassField
from zfdesk.desk.widgets.controls import Choice
from zfdesk.desk.widgets.pane import ElidedLabel
from zfdesk.desk.widgets.theme import set_role
from zfdesk.synthesis import Norm
from zfdesk.synthesis.orders import (
    Order,
    dream_order,
    fool_order,
    inversion_order,
    style_order,
    texture_order,
)
from zfdesk.synthesis.style import advice

BUDGETS = {Norm.LARGEST: 8.0, Norm.LENGTH: 1500.0}
SIDE, LEAST_SIDE, MOST_SIDE = 224, 64, 1024  # of what is made, in pixels
LAYER, UNIT = "whole layer", "selected unit"
ROW, ALONE = "every layer, a row", "the layer shown"
NO_STYLE = "none"


class FoolForm(Form):
    """A picture that looks the same and is another class."""

    title = "Fool"
    hint = "The picture, hardly changed, taken for any class"

    def __init__(self, context: AppContext) -> None:
        super().__init__(context)
        self.picture = PictureSlot(context, "picture")
        self.target_class = ClassField("taken for…")
        self.target_class.missed.connect(lambda text: context.show_message(f"No class is called “{text}”.", error=True))
        self.norm = Choice(
            {Norm.LARGEST: "largest change (L∞)", Norm.LENGTH: "length of all (L2)"}, "How a change is measured"
        )
        self.budget = real_number(
            "at most", BUDGETS[Norm.LARGEST], 99_999, "The most that is changed, in levels of 255"
        )
        self.steps = whole_number("steps", 40, 1, 1000, "At most so many steps")
        self.norm.chosen.connect(lambda norm: self.budget.setValue(BUDGETS[norm]))
        self.add_strip((self.picture, "Picture"), (self.target_class, "Class it is to be taken for"))
        self.add_strip((self.norm, "Measure"), (self.budget, "Budget"), (self.steps, "Steps"))

    def follow(self) -> None:
        self.target_class.set_names(self.state.model.classes)

    def order(self) -> Order:
        if self.target_class.index < 0:
            raise ValueError("Name the class that the picture is to be taken for.")
        picture, text = self.picture.cropped()
        norm = self.norm.chosen_value
        return fool_order(
            self.state.model, picture, self.target_class.index, self.budget.value(), norm, self.steps.value(), text
        )


class DreamForm(Form):
    """Settings of DeepDream."""

    title = "Dream"
    hint = "A layer, or a unit of it, is shown more of what it sees in a picture"

    def __init__(self, context: AppContext) -> None:
        super().__init__(context)
        self.picture = PictureSlot(context, "picture")
        self.target = Choice({LAYER: LAYER, UNIT: UNIT}, "Who dreams: the layer that is shown, or its selected unit")
        self.octaves = whole_number("octaves", 4, 1, 12, "Sizes, 1.4 apart")
        self.steps = whole_number("steps", 10, 1, 1000, "Steps at each size")
        self.rate = real_number("rate", 1.5, 99, "Mean change of a step, in levels of 255")
        self.side = whole_number("side", 320, LEAST_SIDE, MOST_SIDE, "Longest side of what is made, in pixels")
        self.seed = seed_number()
        self.add_strip((self.picture, "Picture"), (self.target, "Who dreams"), (self.side, "Longest side"))
        self.add_strip((self.octaves, "Octaves"), (self.steps, "Steps"), (self.rate, "Rate"), (self.seed, "Seed"))

    def order(self) -> Order:
        view = self.state.view
        unit = view.unit if self.target.chosen_value == UNIT else None
        picture, text = self.picture.uncropped(self.side.value())
        return dream_order(
            self.state.model, picture, view.layer, unit, self.octaves.value(), self.steps.value(), self.rate.value(),
            self.seed.value(), text,
        )  # fmt: skip


class InversionForm(Form):
    """Settings of feature inversion."""

    title = "Invert"
    hint = "What each layer still knows of a picture"

    def __init__(self, context: AppContext) -> None:
        super().__init__(context)
        self.picture = PictureSlot(context, "picture")
        self.layers = Choice({ROW: ROW, ALONE: ALONE}, "Which layers are inverted")
        self.steps = whole_number("steps", 200, 1, 10_000, "Steps for each layer")
        self.seed = seed_number()
        self.add_strip(
            (self.picture, "Picture"), (self.layers, "Layers"), (self.steps, "Steps"), (self.seed, "Seed")
        )  # fmt: skip

    def order(self) -> Order:
        alone = self.layers.chosen_value == ALONE
        picture, text = self.picture.cropped()
        layers = (self.state.view.layer,) if alone else ()
        return inversion_order(self.state.model, picture, layers, self.steps.value(), self.seed.value(), text)


class _Gram(Form):
    """What texture and style share: size, steps, and which network gives the known results."""

    def __init__(self, context: AppContext) -> None:
        super().__init__(context)
        self.side = whole_number("side", SIDE, LEAST_SIDE, MOST_SIDE, "Longest side of what is made, in pixels")
        self.steps = whole_number("steps", 200, 1, 10_000, "Steps")
        self.advice = ElidedLabel(lines=2)
        set_role(self.advice, "quiet")

    def follow(self) -> None:
        text = advice(self.state.model.architecture)
        self.advice.say(text)
        self.advice.setVisible(bool(text))


class TextureForm(_Gram):
    """Settings of texture synthesis."""

    title = "Texture"
    hint = "A picture whose maps are active together as an example's are, wherever"

    def __init__(self, context: AppContext) -> None:
        super().__init__(context)
        self.picture = PictureSlot(context, "like")
        self.seed = seed_number()
        self.add_strip(
            (self.picture, "Example"), (self.side, "Longest side"), (self.steps, "Steps"), (self.seed, "Seed")
        )
        self.rows.addWidget(self.advice)

    def order(self) -> Order:
        example, text = self.picture.uncropped(self.side.value())
        return texture_order(self.state.model, example, self.steps.value(), self.seed.value(), text)


class StyleForm(_Gram):
    """Settings of style transfer."""

    title = "Style"
    hint = "A picture drawn in the style of another, or of two mixed"

    def __init__(self, context: AppContext) -> None:
        super().__init__(context)
        self.content = PictureSlot(context, "content")
        self.style_slot = PictureSlot(context, "style")
        self.second = PictureSlot(context, "second style", (NO_STYLE,))
        self.mix = NamedSlider(
            "Share of the second style", "Share of the second style", lambda share: f"second {share} %"
        )
        self.weight = NamedSlider(
            "Weight of the content", "Weight of the content against the style, from 0.01 to 100",
            lambda place: f"content × {_weight(place):.3g}",
        )  # fmt: skip
        self.add_strip((self.content, "Content"), (self.style_slot, "Style"), (self.second, "Second style"))
        strip = self.add_strip(
            (self.weight, "Weight of the content"), (self.mix, "Share of the second style"),
            (self.side, "Longest side"), (self.steps, "Steps"),
        )  # fmt: skip
        strip.set_present(self.mix, False)
        self.second.changed.connect(lambda: strip.set_present(self.mix, self.second.choice != NO_STYLE))
        self.rows.addWidget(self.advice)

    @property
    def content_weight(self) -> float:
        """Return the content's weight, as the slider says."""
        return _weight(self.weight.value())

    def order(self) -> Order:
        side = self.side.value()
        content, text = self.content.uncropped(side)
        styles = [self.style_slot.uncropped(side)]
        shares = [1.0]
        if self.second.choice != NO_STYLE:
            styles.append(self.second.uncropped(side))
            shares = [1 - self.mix.value() / 100, self.mix.value() / 100]
        weighted_styles = [(picture, share, name) for (picture, name), share in zip(styles, shares, strict=True)]
        return style_order(self.state.model, content, weighted_styles, self.content_weight, self.steps.value(), text)


def _weight(place: int) -> float:
    """1 in the slider's middle, a hundredth and a hundredfold at its ends."""
    return float(f"{10 ** ((place - 50) / 25):.3g}")


__all__ = ["DreamForm", "FoolForm", "InversionForm", "StyleForm", "TextureForm"]
