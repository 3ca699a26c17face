"""The atlas's pictures one by one."""

from __future__ import annotations

import numpy as np

import zfdesk.weights
from zfdesk.library.pictures import MadePictures
from zfdesk.synthesis.atlas import shipped_atlas


def test_a_picture_is_its_own_and_does_not_hold_the_page() -> None:
    model = zfdesk.weights.load()
    atlas = shipped_atlas(model, ("conv5",))
    assert atlas is not None
    pictures = MadePictures(model)
    made = pictures.of_unit("pool5", 3)
    assert made is not None
    assert made.layer == "conv5"
    assert made.picture.base is None
    assert np.array_equal(made.picture, atlas.pages["conv5"].picture(3))
    layer = pictures.of_layer("conv5")
    assert layer is not None
    assert len(layer) == 256
    assert np.array_equal(layer[3], made.picture)
