"""The network that ships: a scan against every picture by itself in float64."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from scan_tools import all_of, by_hand, strongest_by_hand

from zfdesk.library import Library, Portraits
from zfdesk.resources import resource
from zfdesk.sources import read_picture
from zfdesk.weights import load

LAYERS = ("conv1", "norm1", "conv3", "conv5", "pool5", "fc6", "fc7", "prob")
RANKS = 9


def cuts(folder: Path, count: int) -> list[Path]:
    """Parts of the demo's pictures, some of them noisy, some the same."""
    rng = np.random.default_rng(3)
    demo = [read_picture(path) for path in sorted(resource("demo").glob("*.jpg"))]
    paths = []
    for number in range(count):
        whole = demo[number % len(demo)]
        side = int(rng.integers(180, min(whole.shape[:2])))
        top, left = (int(rng.integers(0, room - side + 1)) for room in whole.shape[:2])
        cut = whole[top : top + side, left : left + side]
        if number % 3 == 0:
            cut = np.clip(cut + rng.normal(0, 12, (*cut.shape[:2], 1)), 0, 255).astype(np.uint8)
        path = folder / f"kind{number % 4}" / f"p{number:02d}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(cut).save(path)
        if number % 8 == 7:
            path.write_bytes(paths[-1].read_bytes())
        paths.append(path)
    return paths


@pytest.mark.slow
@pytest.mark.timeout(1500)
def test_as_all_pictures_in_float64(tmp_path: Path) -> None:
    """Sets, order and positions of every unit of eight layers, ties by path."""
    model = load()
    paths = cuts(tmp_path / "pictures", 32)
    with Library(model, root=tmp_path / "home") as library:
        assert all_of(library, tmp_path / "pictures").done == 32
        exact = by_hand(model, paths, LAYERS)
        portraits = Portraits(library, [tmp_path / "pictures"], RANKS)
        compared = 0
        for layer in LAYERS:
            values, places = exact[layer]
            floor, width = portraits.statistics(layer).floor, model.architecture.stage(layer).shape[2]
            for found in portraits.ranked(layer, range(values.shape[1])):
                wanted = strongest_by_hand(values, paths, found.unit, RANKS, floor)
                examples = portraits.examples(layer, found)
                assert [one.path for one in examples] == [str(paths[number]) for number in wanted], (layer, found.unit)
                positions = [divmod(int(places[number, found.unit]), width) for number in wanted]
                assert [one.position for one in examples] == positions, (layer, found.unit)
                assert found.unsettled == 0
                compared += len(wanted)
        print(f"{compared} strongest activations of {len(LAYERS)} layers compared")
    assert compared > 50_000
