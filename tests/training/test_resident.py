"""Pictures kept on the device: the same views and the same answers as from the threads that decode."""

from __future__ import annotations

import io
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import tiny
import torch
from PIL import Image

from zfdesk.cli import main
from zfdesk.engine import ARCHITECTURES
from zfdesk.training.data import open_pictures
from zfdesk.training.errors import TrainingError
from zfdesk.training.loader import Loader
from zfdesk.training.losses import losses, to_device
from zfdesk.training.plan import TrainingPlan
from zfdesk.training.process_group import ProcessGroup
from zfdesk.training.recipe import RECIPES
from zfdesk.training.resident import ResidentLoader, loader_of, views_of
from zfdesk.training.throughput import operations
from zfdesk.training.train_config import TrainConfig
from zfdesk.training.views import part_seen, rng, shift_of, view_of

RECIPE = replace(RECIPES["modern"], batch=8, epochs=2, sides=(24, 32), shift=0.1)


@pytest.mark.parametrize("seed", range(8))
def test_a_view_is_pillows_to_a_level(seed: int) -> None:
    """Any part of it, larger or smaller, moved and mirrored."""
    noise = np.random.default_rng(seed).integers(0, 256, (9, 9, 3), np.uint8)
    picture = np.array(Image.fromarray(noise).resize((60, 60), Image.Resampling.BICUBIC))
    memory = io.BytesIO()
    Image.fromarray(picture).save(memory, "PNG")
    told, recipe, side = rng(seed, 1, 2), replace(RECIPE, view="scaled", smallest_part=0.2), 40 if seed % 2 else 25
    wanted = view_of(memory.getvalue(), side, recipe, told, False)
    found = views_of(
        torch.from_numpy(picture)[None], np.array([part_seen(60, 60, recipe, told, False)]),
        np.array([recipe.flip and told.flip < 0.5]), np.array([shift_of(recipe.shift, side, told)]), side,
    )[0].numpy()  # fmt: skip
    assert np.abs(found.astype(int) - wanted.astype(int)).max() <= 2
    assert not np.array_equal(wanted, wanted[:, ::-1])


def test_batches_are_those_of_the_decoding_loader(shards: Path) -> None:
    pictures = open_pictures(str(shards))
    plan = TrainingPlan(RECIPE, len(pictures), 32)
    usual, kept = Loader(pictures, plan, 3, 1, print), ResidentLoader(pictures, plan, 3, 1, print)
    try:
        for one, other in zip(usual.batches(0, 4), kept.batches(0, 4), strict=True):
            assert isinstance(other.pictures, torch.Tensor)
            assert other.pictures.shape == one.pictures.shape
            assert np.abs(other.pictures.numpy().astype(int) - one.pictures).max() <= 2
            for name in ("labels", "logits", "embedding", "answered", "colours", "indices"):
                assert np.array_equal(np.asarray(getattr(other, name)), getattr(one, name)), name
            scores = torch.randn(len(one.indices), len(pictures.classes))
            guessed = torch.randn(len(one.indices), pictures.embedding)
            assert losses(scores, guessed, one, RECIPE, 8)[0] == losses(scores, guessed, other, RECIPE, 8)[0]
    finally:
        usual.close()
        kept.close()


def test_what_cannot_be_kept_is_a_sentence(folder: Path, shards: Path) -> None:
    found = open_pictures(str(folder))
    with pytest.raises(TrainingError, match="only square views"):
        ResidentLoader(found, TrainingPlan(RECIPE, len(found), 32), 0, 1, print)

    class Teacher:
        classes, embedding = 3, 0

        def answers(self, pictures: np.ndarray) -> tuple[np.ndarray, None]:
            return np.zeros((len(pictures), 3), np.float32), None

    order = TrainConfig((str(shards),), RECIPE, teacher=Teacher(), on_device=True)
    views, alone = open_pictures(str(shards)), ProcessGroup(0, 1, torch.device("cpu"))
    with pytest.raises(TrainingError, match="stored answers"):
        loader_of(order, views, TrainingPlan(RECIPE, len(views), 32), alone, print)


def test_a_damaged_picture_is_passed_over(shards: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[str] = []
    found = open_pictures(str(shards))
    read = found.read
    monkeypatch.setattr(found, "read", lambda index: replace(read(index), data=b"") if index == 4 else read(index))
    kept = ResidentLoader(found, TrainingPlan(RECIPE, len(found), 32), 0, 1, said.append)
    try:
        seen = np.concatenate([batch.indices for batch in kept.batches(0, 6)])
    finally:
        kept.close()
    assert len(said) == 1
    assert 4 not in seen
    assert 5 in seen


def test_the_verb(shards: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """As a GPU would be used; here on the CPU."""
    words = ["train", str(shards), "-o", str(tmp_path / "run"), *tiny.SMALL, "--epochs", "1", "--strongest", "0"]
    assert main([*words, "--on-device", "--share-of-peak", "--device", "cpu", "--json"]) == 0
    out, err = capsys.readouterr()
    assert json.loads(out)["steps"] == 3
    assert "that a matrix product in" in err
    assert "pictures/s at 32 px" in err


def test_operations_are_counted_forward_and_back() -> None:
    """As counted by hand for the plain network: 4 filters of 5 × 5 × 3 at 7 × 7 places, then 196 × 3."""
    plain = ARCHITECTURES["tiny-plain"](3)
    first, last = 4 * 75 * 49, 3 * 196
    assert operations(plain, 32) == 2 * (2 * first + 3 * last)
    assert operations(plain, 16) < operations(plain, 32)


def test_what_is_there_is_not_copied() -> None:
    here = torch.zeros(3)
    assert to_device(here, torch.device("cpu")) is here
