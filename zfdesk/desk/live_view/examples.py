"""Ready views of the live view, on the demo's pictures and of the embedded network."""

from __future__ import annotations

from zfdesk.desk.feature import ExampleView
from zfdesk.engine import Occluder, SeedKind
from zfdesk.live import View

CAT, MOTORCYCLE = 9.9, 12.5  # seconds of the demo
EYE = View(layer="conv5", unit=2)

EXAMPLES = (
    ExampleView(
        1, "Edges in conv1 (Fig. 2)",
        "Unit 20 answers to bright diagonals: look where its map is bright and what is led back from there, then click "
        "other maps: each unit of conv1 has one direction or one colour.",
        CAT, View(layer="conv1", unit=20, seed=SeedKind.MAP),
    ),
    ExampleView(
        2, "An eye in conv5 (Fig. 2)",
        "Unit 2 answers to eyes: the frame on the picture is all it can see and the reconstruction is an eye; press "
        "{freeze} to go on and see it find the eyes of other pictures.",
        CAT, EYE, goes_on=True,
    ),
    ExampleView(
        3, "Three methods side by side (4.1)",
        "The same eye led back by deconvnet, guided backpropagation and gradient, the last of Simonyan et al.: compare "
        "how sharp they are, then click other units.",
        CAT, EYE.change(all_methods=True),
    ),
    ExampleView(
        4, "A wheel covered (4.2)",
        "With the wheel covered moped falls from 60 to 35 %: the tick on its bar is the value without the square; drag "
        "the square on to the engine, where it falls further.",
        MOTORCYCLE, View(layer="conv5", unit=216, occluders=(Occluder(112, 172, 68, 68),), chosen_occluder=0),
    ),
)  # fmt: skip


__all__ = ["CAT", "EXAMPLES", "MOTORCYCLE"]
