"""The unit atlas: one made picture for every unit of every convolution, and for every class, in one small file.

The file is a zip that other programs can read: ``atlas.json`` and a mosaic a layer, ``conv5.webp`` and so on. In the
JSON, ``layers`` has for each layer the pictures' ``side``, the mosaic's ``columns``, how many ``units`` it has, each
unit's ``values`` (its activation on the picture as it was made, before rectification) and the ``recipe``; ``weights``
names the network, ``seed`` the seed. A mosaic is filled row by row, without gaps.
"""

from __future__ import annotations

import hashlib
import io
import json
import math
import zipfile
from collections.abc import Collection, Iterator, Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image

from zfdesk.atomic_write import write_whole
from zfdesk.engine import LRN, Architecture, Conv, MaxPool, Model, Softmax, Stage
from zfdesk.engine.kernels import dense
from zfdesk.resources import resource
from zfdesk.synthesis.maximise import finished, maximise
from zfdesk.synthesis.objectives import of_unit
from zfdesk.synthesis.recipes import MaximiseRecipe
from zfdesk.synthesis.steps import no_larger

SHIPPED = "atlas/embedded.zip"
BATCH = 16
LARGEST_SIDE = 144
"""Of a picture in the atlas: those of the classes are made of 224 pixels and kept smaller."""
_QUALITY = 82
_LARGEST_MOSAIC = 16383  # a WebP's side


class AtlasError(ValueError):
    """An atlas that cannot be read; ``str()`` is one sentence for people."""


@dataclass(frozen=True, eq=False)
class AtlasPage:
    """One layer of an atlas. ``mosaic``: uint8 (rows · side, columns · side, 3)."""

    mosaic: np.ndarray = field(repr=False)
    side: int
    columns: int
    values: tuple[float, ...]
    recipe: Mapping[str, Any]

    def picture(self, unit: int) -> np.ndarray:
        """The picture of a unit, uint8 (side, side, 3). ValueError for one that is not there."""
        if not 0 <= unit < len(self.values):
            raise ValueError(f"The atlas has units 0 to {len(self.values) - 1} here; there is no unit {unit}.")
        top, left = unit // self.columns * self.side, unit % self.columns * self.side
        return self.mosaic[top : top + self.side, left : left + self.side]


@dataclass(frozen=True, eq=False)
class Atlas:
    """Pages by layer, and the weights they were made for: name, hash of the file, hash of the convolutions alone."""

    weights: str
    sha256: str
    convolutions: str
    seed: int
    pages: Mapping[str, AtlasPage]


def atlas_layers(architecture: Architecture) -> tuple[str, ...]:
    """Every convolution, and the class scores."""
    return (*architecture.convolutions, architecture.class_layers[0])


def atlas_recipe(stage: Stage) -> MaximiseRecipe:
    """Whole pictures, of the classes, get fewer steps, longer ones, in bfloat16: a thousand take a quarter of an hour
    of one core, in place of an hour."""
    recipe = MaximiseRecipe(steps=64)
    return recipe if stage.spatial else replace(recipe, steps=16, rate=0.036, bfloat16=True)


def make_page(model: Model, layer: str, seed: int = 0) -> Iterator[tuple[int, AtlasPage | None]]:
    """How many units are done, after every few, and at last the page."""
    stage = model.architecture.stage(layer)
    recipe, units = atlas_recipe(stage), stage.shape[0]
    pictures: list[np.ndarray] = []
    values: list[float] = []
    for first in range(0, units, BATCH):
        objectives = [of_unit(layer, unit) for unit in range(first, min(first + BATCH, units))]
        sketch = finished(maximise(model, objectives, recipe, seed=seed, every=recipe.steps))
        pictures += list(sketch.pictures)
        values += sketch.values.tolist()
        yield len(values), atlas_page(pictures, values, recipe) if len(values) == units else None


def atlas_page(pictures: list[np.ndarray], values: list[float], recipe: MaximiseRecipe) -> AtlasPage:
    """Pictures of one size, uint8 (side, side, 3), as a page. ValueError where they are too many for one."""
    shown = [no_larger(picture, LARGEST_SIDE) for picture in pictures]
    side, columns = shown[0].shape[0], math.ceil(math.sqrt(len(shown)))
    rows = -(-len(shown) // columns)
    if max(rows, columns) * side > _LARGEST_MOSAIC:
        raise ValueError(f"{len(shown)} pictures of {side} pixels are too many for one page of an atlas.")
    mosaic = np.zeros((rows * side, columns * side, 3), np.uint8)
    for number, picture in enumerate(shown):
        top, left = number // columns * side, number % columns * side
        mosaic[top : top + side, left : left + side] = picture
    return AtlasPage(mosaic, side, columns, tuple(values), asdict(recipe))


def convolutions_hash(model: Model) -> str:
    """SHA-256 of all convolutions' weights and biases: networks that share it share the pictures of their units."""
    found = hashlib.sha256()
    for stage in model.architecture.stages:
        if isinstance(stage.layer, Conv):
            for part in ("weight", "bias"):
                found.update(dense(model.weights[f"{stage.name}.{part}"], torch.float32).contiguous().numpy().tobytes())
    return found.hexdigest()


def shipped_atlas(model: Model, layers: Collection[str] | None = None) -> Atlas | None:
    """The atlas that comes with the program, for a network with the embedded one's convolutions; None for others.

    layers: read these alone, as far as there are pages. Of a network that shares the convolutions alone, as one that
    was taught other classes does, those alone have pages.
    """
    try:
        path = resource(SHIPPED)
        known = read_atlas(path, ())  # a page is 64 MB of pixels: first whether it is wanted
        if known.convolutions != convolutions_hash(model):
            return None
        if known.sha256 != model.sha256:
            convolutions = set(model.architecture.convolutions)
            layers = convolutions if layers is None else convolutions.intersection(layers)
        return read_atlas(path, layers)
    except (AtlasError, FileNotFoundError):
        return None


def made_layer(architecture: Architecture, layer: str) -> str:
    """The layer whose made pictures are those of a layer's units: what pools, normalises or makes probabilities of
    units keeps them."""
    place = architecture.index(layer)
    while isinstance(architecture.stages[place].layer, MaxPool | LRN | Softmax):
        place -= 1
    return architecture.stages[place].name


def write_atlas(path: Path | str, atlas: Atlas) -> None:
    """Write an atlas, whole or not at all. Raises OSError."""
    memory = io.BytesIO()
    with zipfile.ZipFile(memory, "w", zipfile.ZIP_STORED) as archive:
        layers = {}
        for layer, page in atlas.pages.items():
            layers[layer] = {
                "side": page.side, "columns": page.columns, "units": len(page.values),
                "values": [float(f"{value:.5g}") for value in page.values], "recipe": dict(page.recipe),
            }  # fmt: skip
            picture = io.BytesIO()
            # small pictures are sharp, and cost little: what WebP smooths away would be all of them
            options: dict[str, Any] = {"lossless": True} if page.side < 64 else {"quality": _QUALITY}
            Image.fromarray(page.mosaic).save(picture, "WEBP", method=6, **options)
            archive.writestr(_entry(f"{layer}.webp"), picture.getvalue())
        contents = {
            "weights": {"name": atlas.weights, "sha256": atlas.sha256, "convolutions": atlas.convolutions},
            "seed": atlas.seed,
            "layers": layers,
        }
        archive.writestr(_entry("atlas.json"), json.dumps(contents, ensure_ascii=False))
    write_whole(Path(path), [memory.getvalue()])


def read_atlas(path: Path | str, layers: Collection[str] | None = None) -> Atlas:
    """An atlas from its file; ``layers``: of these alone, as far as there are pages. Raises AtlasError."""
    try:
        with zipfile.ZipFile(path) as archive:
            contents = json.loads(archive.read("atlas.json"))
            pages = {
                layer: _read_page(archive, layer, facts)
                for layer, facts in contents["layers"].items()
                if layers is None or layer in layers
            }
        return Atlas(
            contents["weights"]["name"],
            contents["weights"]["sha256"],
            contents["weights"]["convolutions"],
            int(contents["seed"]),
            pages,
        )
    except FileNotFoundError:
        raise AtlasError(f"{path} does not exist.") from None
    except Exception as error:  # damaged files make zipfile, json and Pillow raise nearly anything
        raise AtlasError(f"{path} is not a unit atlas, or it is damaged.") from error


def _read_page(archive: zipfile.ZipFile, layer: str, facts: Mapping[str, Any]) -> AtlasPage:
    with Image.open(io.BytesIO(archive.read(f"{layer}.webp"))) as picture:
        mosaic = np.array(picture if picture.mode == "RGB" else picture.convert("RGB"))
    page = AtlasPage(mosaic, int(facts["side"]), int(facts["columns"]), tuple(facts["values"]), facts["recipe"])
    rows = -(-len(page.values) // page.columns)
    if mosaic.shape != (rows * page.side, page.columns * page.side, 3):
        raise ValueError(f"the mosaic of {layer} has another size than is said of it")
    mosaic.setflags(write=False)
    return page


def _entry(name: str) -> zipfile.ZipInfo:
    return zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))  # the same atlas is the same file
