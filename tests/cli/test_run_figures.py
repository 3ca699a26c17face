"""``zfdesk figure training`` and ``zfdesk figure fig4`` on a run's folder, as a user calls them."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from run_tools import CLASSES, make_run, some_pictures, tiny_architecture

import zfdesk.engine as zf
import zfdesk.weights
from zfdesk.cli import main
from zfdesk.engine import ARCHITECTURES
from zfdesk.figures import Page
from zfdesk.runs import read_run

EPOCHS = (0, 1, 3)
KEPT = (("conv1", 2), ("conv3", 5), ("conv3", 11))


@pytest.fixture(scope="module", autouse=True)
def tiny() -> Iterator[zf.Model]:
    """The tiny network, declared for as long as these tests run."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(ARCHITECTURES, "tiny", tiny_architecture)
        from dataclasses import replace

        yield replace(zf.random_model(tiny_architecture(), seed=2), classes=CLASSES)


@pytest.fixture(scope="module")
def run(tiny: zf.Model, tmp_path_factory: pytest.TempPathFactory) -> Path:
    from dataclasses import replace

    folder = tmp_path_factory.mktemp("runs") / "run"
    first = replace(zf.random_model(tiny_architecture(), seed=1), classes=CLASSES)
    make_run(folder, first, tiny, EPOCHS, total=4, strongest=KEPT)
    return folder


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Seven pictures, and one that is none."""
    place = tmp_path_factory.mktemp("pictures")
    for number, pixels in enumerate(some_pictures(7, seed=9)):
        Image.fromarray(pixels).save(place / f"p{number}.png")
    (place / "p9.jpg").write_bytes(b"this is no picture")
    return place


def page_of(npz: Path) -> Page:
    with np.load(npz) as arrays:
        return Page.from_data(json.loads(str(arrays["page"])), {name: arrays[name] for name in arrays})


def failed(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    assert main(["figure", *words]) == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert err.count("\n") == 1
    return err


def test_training(run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    npz = tmp_path / "t.npz"
    words = ["training", str(run), "-o", str(tmp_path / "t.png"), "--dpi", "60", "--npz", str(npz), "--json"]
    assert main(["figure", *words, "--layer", "conv2", "--maps", "3", "--filters", "2"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert [panel["name"] for panel in told["panels"]] == [
        "loss", "accuracy", "rate", "weights", "activations", "gradients", "dead", "filters", "probe", "maps",
        "reconstructions",
    ]  # fmt: skip
    for said in ("recipe modern", "seed 7", "640 pictures of 5 classes (photos), 64 held out", "Epoch 3 of 4, step 60"):
        assert said in told["caption"]
    page = page_of(npz)
    panels = {cell.name: cell.panel for cell in page.cells}
    models = [zfdesk.weights.load(read_run(run).snapshot_file(epoch)) for epoch in EPOCHS]
    for row, unit in enumerate(panels["filters"].names):
        for column, model in enumerate(models):
            weight = model.weights["conv1.weight"][int(unit)].permute(1, 2, 0).numpy()
            assert np.array_equal(panels["filters"].values[row, column], weight)
    probe = zf.centre_crop(read_run(run).probe(), 32, 256)
    for column, model in enumerate(models):
        seen = model.forward(probe).activations["conv2"][0]
        units = [int(unit) for unit in panels["maps"].names]
        assert np.allclose(panels["maps"].values[:, column], seen[units].numpy())
    statistics = [read_run(run).statistics(epoch) for epoch in EPOCHS]
    assert panels["dead"].values[1, 2] == statistics[2]["conv2"].dead
    assert panels["maps"].times == ("0", "1", "3")


def test_parts_and_snapshots_of_the_training(run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = ["-o", str(tmp_path / "t.svg"), "--json"]
    assert main(["figure", "training", str(run), *out, "--show", "curves,filters", "--epochs", "3,0"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert [panel["name"] for panel in told["panels"]] == ["loss", "accuracy", "rate", "filters"]
    assert "has no snapshot of epoch 2; there are 0, 1, 3." in failed(
        capsys, "training", str(run), *out, "--epochs", "2"
    )
    assert main(["figure", "training", str(run), *out, "--show", "everything"]) == 2


def test_fig4_of_what_the_run_kept(run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    npz = tmp_path / "f.npz"
    words = ["fig4", str(run), "-o", str(tmp_path / "f.png"), "--dpi", "60", "--npz", str(npz)]
    assert main(["figure", *words]) == 0
    assert "training pictures, as many as the run" in capsys.readouterr().out
    panels = {cell.name: cell.panel for cell in page_of(npz).cells}
    assert panels["conv3_reconstructions"].names == ("5", "11")
    kept = {(one.epoch, one.layer, one.unit): one for one in read_run(run).strongest()}
    model = zfdesk.weights.load(read_run(run).snapshot_file(3))
    crops = [zf.centre_crop(picture, 32, 256) for picture in some_pictures(6)]
    one = kept[3, "conv3", 5]
    whole = model.forward(crops[int(one.picture.split()[1])])
    down = zf.reconstruct(whole, zf.Seed("conv3", 5, zf.SeedKind.AT, one.position)).values
    wanted = zf.cut_field(down, model.architecture.stage("conv3").receptive_field, one.position)
    found = panels["conv3_reconstructions"].values[0, 2]
    assert np.allclose(found, wanted, atol=1e-5 * np.abs(wanted).max())
    assert main(["figure", *words, "--unit", "conv3:11"]) == 0
    assert {cell.name for cell in page_of(npz).cells} == {"conv3_reconstructions", "conv3_patches"}
    capsys.readouterr()
    assert "kept nothing of conv2" in failed(capsys, *words, "--layers", "conv2")
    assert "kept nothing of conv3:1; search it" in failed(capsys, *words, "--unit", "conv3:1")


def test_fig4_over_pictures(run: Path, folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    npz = tmp_path / "f.npz"
    words = ["fig4", str(run), "--pictures", str(folder), "-o", str(tmp_path / "f.png"), "--dpi", "60"]
    assert (
        main(["figure", *words, "--npz", str(npz), "--layers", "conv1,conv3", "--random", "2"]) == 1
    )  # one unreadable
    out, err = capsys.readouterr()
    assert err.count("\n") == 1
    assert "p9.jpg" in err
    assert "Searched: 7 pictures." in out
    assert "2 a layer at random (seed 0)" in out
    panel = {cell.name: cell.panel for cell in page_of(npz).cells}["conv3_patches"]
    assert panel.known is not None
    model, unit = zfdesk.weights.load(read_run(run).snapshot_file(1)), int(panel.names[0])
    crops = [zf.centre_crop(np.array(Image.open(folder / f"p{number}.png")), 32, 256) for number in range(7)]
    maps = [model.forward(crop).activations["conv3"][0, unit].numpy() for crop in crops]
    place = int(np.argmax([found.max() for found in maps]))
    position = tuple(map(int, np.unravel_index(int(maps[place].argmax()), maps[place].shape)))
    assert bool(panel.known[0, 1]) == (maps[place].max() > 0)
    if panel.known[0, 1]:
        field = model.architecture.stage("conv3").receptive_field
        assert np.array_equal(panel.values[0, 1], zf.cut_field(crops[place], field, position, 214))  # type: ignore[arg-type]


def test_what_is_no_run_or_has_nothing(run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = ["-o", str(tmp_path / "t.png")]
    for template in ("training", "fig4"):
        assert "there is no such folder" in failed(capsys, template, str(tmp_path / "none"), *out)
        assert "it has no run.json" in failed(capsys, template, str(tmp_path), *out)
    bare = tmp_path / "bare"
    shutil.copytree(run, bare)
    (bare / "strongest.jsonl").unlink()
    assert "name pictures to search with --pictures FOLDER" in failed(capsys, "fig4", str(bare), *out)
    shutil.rmtree(bare / "snapshots")
    assert "has no snapshots yet" in failed(capsys, "fig4", str(bare), *out)
    assert main(["figure", "training", str(bare), *out, "--dpi", "40"]) == 0  # curves and spread are there
    (bare / "log.jsonl").write_bytes(b"")
    shutil.rmtree(bare / "statistics")
    capsys.readouterr()
    assert "nothing of this run to show yet" in failed(capsys, "training", str(bare), *out)


def test_a_damaged_snapshot_is_told(run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    torn = tmp_path / "torn"
    shutil.copytree(run, torn)
    place = torn / "snapshots" / "epoch-0001.safetensors"
    place.write_bytes(place.read_bytes()[:5000])
    assert "epoch-0001.safetensors" in failed(capsys, "training", str(torn), "-o", str(tmp_path / "t.png"))
    assert not (tmp_path / "t.png").exists()
