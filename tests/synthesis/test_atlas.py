"""The unit atlas: made, written, read, gone on with."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from engine_nets import embedded_model, quick_weights

import zfdesk.engine as zf
import zfdesk.resources
from zfdesk.cli import main
from zfdesk.engine.layers import Architecture, Conv, Linear, MaxPool, ReLU, Softmax
from zfdesk.synthesis import atlas as atlases
from zfdesk.synthesis import finished, maximise, of_unit
from zfdesk.synthesis.atlas import AtlasError, atlas_layers, atlas_page, atlas_recipe, make_page, read_atlas
from zfdesk.synthesis.recipes import MaximiseRecipe
from zfdesk.weights import store

LAYERS = (
    Conv("conv1", 5, 5, 2, 1), ReLU("relu1"), MaxPool("pool1", 3, 2, 1), Conv("conv2", 18, 3, 1, 1), ReLU("relu2"),
    Linear("fc8", 4), Softmax("prob"),
)  # fmt: skip
NET = Architecture("small", "Small", LAYERS, 32)


@pytest.fixture(autouse=True)
def model(monkeypatch: pytest.MonkeyPatch) -> zf.Model:
    made = zf.Model(NET, quick_weights(NET, seed=2), name="small", sha256="abc")
    monkeypatch.setattr(store, "load_current", lambda: (made, ""))
    short = replace(MaximiseRecipe(), steps=2)
    monkeypatch.setattr(atlases, "atlas_recipe", lambda stage: short)
    return made


def test_every_unit_has_its_picture(model: zf.Model, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = str(tmp_path / "atlas.zip")
    assert main(["atlas", "-o", path, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["layers"] == {"conv1": 5, "conv2": 18, "fc8": 4}
    atlas = read_atlas(path)
    wanted = finished(maximise(model, [of_unit("conv2", 17)], atlases.atlas_recipe(NET.stage("conv2"))))
    picture = atlas.pages["conv2"].picture(17)
    assert picture.shape == wanted.pictures.shape[1:]
    assert np.abs(picture.astype(int) - wanted.pictures[0]).max() <= 1
    assert atlas.pages["conv2"].values[17] == pytest.approx(wanted.values[0], rel=1e-3)
    with pytest.raises(ValueError, match="no unit 18"):
        atlas.pages["conv2"].picture(18)


def test_what_is_made_already_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = str(tmp_path / "atlas.zip")
    assert main(["atlas", "--layers", "conv1", "-o", path]) == 0
    first = read_atlas(path).pages["conv1"].mosaic
    made: list[str] = []

    def told(model: zf.Model, layer: str, seed: int = 0):
        made.append(layer)
        yield from make_page(model, layer, seed)

    monkeypatch.setattr(atlases, "make_page", told)
    assert main(["atlas", "--layers", "conv1,fc8", "-o", path]) == 0
    assert made == ["fc8"]
    assert np.array_equal(read_atlas(path).pages["conv1"].mosaic, first)


def test_another_file_is_never_written_over(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "mine.zip"
    path.write_bytes(b"a letter")
    assert main(["atlas", "--layers", "conv1", "-o", str(path)]) == 1
    assert "not a unit atlas" in capsys.readouterr().err
    assert path.read_bytes() == b"a letter"
    path = tmp_path / "atlas.zip"
    assert main(["atlas", "--layers", "conv1", "-o", str(path)]) == 0
    assert main(["atlas", "--layers", "conv1", "--seed", "1", "-o", str(path)]) == 1
    assert main(["atlas", "--layers", "conv7", "-o", str(path)]) == 1
    with pytest.raises(AtlasError, match="does not exist"):
        read_atlas(tmp_path / "nowhere.zip")


def test_large_pictures_are_kept_smaller_and_all_layers_are_named() -> None:
    page = atlas_page(
        [np.full((224, 224, 3), value, np.uint8) for value in (10, 200, 90)], [1.0, 2.0, 3.0], MaximiseRecipe()
    )
    assert page.side == 144
    assert page.mosaic.shape == (288, 288, 3)
    assert int(page.picture(1)[70, 70, 0]) == 200
    zfnet = zf.ARCHITECTURES["zfnet"]()
    assert atlas_layers(zfnet) == ("conv1", "conv2", "conv3", "conv4", "conv5", "fc8")
    assert atlas_recipe(zfnet.stage("conv3")).steps == 64
    assert atlas_recipe(zfnet.stage("conv5")).steps == 64
    assert atlas_recipe(zfnet.stage("fc8")).bfloat16
    stands_for = [atlases.made_layer(zfnet, layer) for layer in ("conv1", "norm1", "pool5", "fc6", "prob")]
    assert stands_for == ["conv1", "conv1", "conv5", "fc6", "fc8"]


def test_pictures_of_half_precision_are_told_in_float32(model: zf.Model) -> None:
    units = [of_unit("fc8", unit) for unit in range(4)]
    half = finished(maximise(model, units, replace(MaximiseRecipe(), steps=12, bfloat16=True)))
    whole = finished(maximise(model, units, replace(MaximiseRecipe(), steps=12)))
    seen = model.forward(half.pictures).activations["fc8"]
    assert half.values == pytest.approx([float(seen[unit, unit, 0, 0]) for unit in range(4)], rel=1e-4)
    assert half.values == pytest.approx(whole.values, rel=0.15)
    assert not np.array_equal(half.pictures, whole.pictures)


def test_an_atlas_is_read_layer_by_layer_and_for_its_own_network_alone(
    model: zf.Model, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "atlas.zip"
    assert main(["atlas", "-o", str(path)]) == 0
    monkeypatch.setattr(atlases, "resource", lambda name: path)
    found = atlases.shipped_atlas(model, ("conv2", "conv7"))
    assert found is not None
    assert list(found.pages) == ["conv2"]
    taught = replace(model, sha256="of other classes")
    found = atlases.shipped_atlas(taught)
    assert found is not None
    assert set(found.pages) == {"conv1", "conv2"}
    assert atlases.shipped_atlas(zf.Model(NET, quick_weights(NET, seed=3), name="other")) is None


def test_the_shipped_atlas_is_for_networks_with_the_same_convolutions(
    model: zf.Model, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "atlas.zip"
    assert main(["atlas", "--layers", "conv1", "-o", str(path)]) == 0
    monkeypatch.setattr(atlases, "resource", lambda name: path)
    other_classes = replace(model, weights=model.weights | {"fc8.bias": model.weights["fc8.bias"] + 1})
    found = atlases.shipped_atlas(other_classes)
    assert found is not None
    assert len(found.pages["conv1"].values) == 5
    other = replace(model, weights=model.weights | {"conv2.bias": model.weights["conv2.bias"] + 1})
    assert atlases.shipped_atlas(other) is None


def test_the_atlas_that_ships_reads_and_is_small() -> None:
    path = Path(zfdesk.resources.resource(atlases.SHIPPED))
    assert path.stat().st_size < 12e6
    atlas = read_atlas(path)
    for layer, page in atlas.pages.items():
        stage = zf.ARCHITECTURES["zfnet"]().stage(layer)
        assert len(page.values) == stage.shape[0]
        assert page.picture(0).std() > 1


def test_the_atlas_that_ships_has_every_unit_and_every_class() -> None:
    path = Path(atlases.resource(atlases.SHIPPED))
    atlas, embedded = read_atlas(path), embedded_model()
    wanted = {layer: embedded.architecture.stage(layer).shape[0] for layer in atlas_layers(embedded.architecture)}
    assert {layer: len(page.values) for layer, page in atlas.pages.items()} == wanted
    assert atlas.sha256 == embedded.sha256
    assert path.stat().st_size < 12_000_000
    assert all(page.recipe["steps"] and np.isfinite(page.values).all() for page in atlas.pages.values())
