"""A run folder: what is written is read again, a run in progress is followed, and damage is told in words."""

from __future__ import annotations

import json
import math
import os
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from zfdesk.engine import ARCHITECTURES, random_model
from zfdesk.runs import (
    About,
    Epoch,
    LayerTrainingStatistics,
    Note,
    RunError,
    RunWriter,
    Score,
    Step,
    StrongestEntry,
    read_run,
    read_strongest,
    snapshot_epochs,
    spread,
)
from zfdesk.runs.strongest import read_crop
from zfdesk.weights import load


def about(**changes: object) -> About:
    told: dict[str, object] = {
        "zfdesk": "1.0", "architecture": "zfnet", "recipe": {"name": "modern", "batch": 64, "rates": [0.1, 0.01]},
        "data": ("photos",), "pictures": 100, "validation_pictures": 20, "classes": ("cat", "dög"), "seed": 7,
        "command": "zfdesk train photos", "started": "2026-11-23T11:00:00+00:00", "epochs": 10,
    }  # fmt: skip
    return About(**{**told, **changes})  # type: ignore[arg-type]


def step(number: int, loss: float = 1.0) -> Step:
    return Step(number, number / 10, number * 0.5, loss, 0.01, {"soft": loss / 2}, 160, 30.0)


def test_what_is_written_is_read_again(tmp_path: Path) -> None:
    writer = RunWriter.create(tmp_path / "run", about())
    first = Epoch(10, 1, 5.0, Score(2.0, 0.25, 0.5), None)
    second = Epoch(20, 2, 9.0, Score(1.0, 0.5, 0.75), Score(1.5, 0.4, 0.7))
    for entry in (step(5), first, step(15), second, Note(15, "Resumed at step 15.")):
        writer.log(entry)
    run = read_run(tmp_path / "run")
    assert run.about == about()
    assert run.steps == (step(5), step(15))
    assert run.epochs == (first, second)
    assert run.notes == (Note(15, "Resumed at step 15."),)
    assert (run.damaged, run.ended, run.step) == (0, False, 20)
    assert run.updated == pytest.approx((tmp_path / "run" / "log.jsonl").stat().st_mtime)


def test_the_files_are_what_the_format_says(tmp_path: Path) -> None:
    """Read with json and numpy alone, as another program would."""
    writer = RunWriter.create(tmp_path, about())
    writer.log(step(5))
    writer.statistics(3, {"conv1": LayerTrainingStatistics(spread(np.array([-1.0, 0.5, 1.0])), dead=0.25)})
    told = json.loads((tmp_path / "run.json").read_text())
    assert told["format"] == "zfdesk-run-1"
    assert told["recipe"]["rates"] == [0.1, 0.01]
    line = json.loads((tmp_path / "log.jsonl").read_text())
    assert line == {
        "kind": "step", "step": 5, "epoch": 0.5, "seconds": 2.5, "loss": 1.0, "learning_rate": 0.01,
        "parts": {"soft": 0.5}, "side": 160, "pictures_per_second": 30.0,
    }  # fmt: skip
    with np.load(tmp_path / "statistics" / "epoch-0003.npz") as arrays:
        assert set(arrays) == {"conv1.weight.counts", "conv1.weight.edges", "conv1.dead"}
        assert arrays["conv1.weight.counts"].dtype == np.int64
        assert arrays["conv1.weight.edges"].shape == (65,)
        assert arrays["conv1.dead"] == 0.25


def test_a_run_in_progress_is_followed_without_reading_it_again(tmp_path: Path) -> None:
    writer = RunWriter.create(tmp_path, about())
    writer.log(step(1))
    run = read_run(tmp_path)
    assert run.refresh() is run
    with (tmp_path / "log.jsonl").open("ab") as log:
        log.write(b'{"kind": "step", "step": 2')  # torn
    assert run.refresh() is run
    writer.log(step(3))  # never behind the torn end
    later = run.refresh()
    assert later.steps == (step(1), step(3))
    assert later.damaged == 1
    assert run.steps == (step(1),)
    writer.note(3, "Stopped at step 3.", end=True)
    assert later.refresh().ended


def test_a_resumed_run_forgets_what_it_will_do_again(tmp_path: Path) -> None:
    writer = RunWriter.create(tmp_path, about())
    for number in range(1, 6):
        writer.log(step(number, loss=9.0))
    writer.note(5, "Stopped.", end=True)
    before = read_run(tmp_path)
    writer = RunWriter.resume(tmp_path, 3)
    for number in range(4, 9):
        writer.log(step(number, loss=1.0))
    run = before.refresh()
    assert [one.step for one in run.steps] == list(range(1, 9))
    assert [one.loss for one in run.steps] == [9.0] * 3 + [1.0] * 5
    assert not run.ended
    assert run == read_run(tmp_path)


def test_of_a_step_that_stands_twice_in_the_log_the_later_counts(tmp_path: Path) -> None:
    """A log that was only added to, as another program or a copy may leave it."""
    writer = RunWriter.create(tmp_path, about())
    for number in range(1, 6):
        writer.log(step(number, loss=9.0))
    writer.log(Epoch(5, 1, 2.5, Score(9.0, 0.1, 0.2)))
    writer.note(5, "Stopped.", end=True)
    before = read_run(tmp_path)
    writer.note(3, "Resumed at step 3.")
    for number in range(4, 6):
        writer.log(step(number, loss=1.0))
    run = before.refresh()
    assert [(one.step, one.loss) for one in run.steps] == [(1, 9.0), (2, 9.0), (3, 9.0), (4, 1.0), (5, 1.0)]
    assert run.epochs == ()  # yet to come again
    assert not run.ended
    writer.log(Epoch(5, 1, 2.5, Score(1.0, 0.1, 0.2)))
    writer.log(Epoch(5, 1, 2.5, Score(1.5, 0.1, 0.2)))
    run = run.refresh()
    assert [one.training.loss for one in run.epochs] == [1.5]
    assert len(run.steps) == 5
    assert run == read_run(tmp_path)


def test_another_run_in_the_same_folder(tmp_path: Path) -> None:
    writer = RunWriter.create(tmp_path / "run", about())
    writer.log(step(1))
    run = read_run(tmp_path / "run")
    shutil.rmtree(tmp_path / "run")
    for _ in range(3):  # until the file has another number than the first
        writer = RunWriter.create(tmp_path / "run", about(seed=8, epochs=3))
        if (tmp_path / "run" / "log.jsonl").stat().st_ino != run.place.file:
            break
        (tmp_path / "run").rename(tmp_path / f"away{_}")
    writer.log(step(4))
    later = run.refresh()
    assert later.about.seed == 8
    assert later.steps == (step(4),)


def test_the_last_epoch_ends_a_run(tmp_path: Path) -> None:
    writer = RunWriter.create(tmp_path, about(epochs=2))
    writer.log(Epoch(10, 1, 5.0, Score(2.0, 0.25, 0.5)))
    assert not read_run(tmp_path).ended
    writer.log(Epoch(20, 2, 9.0, Score(2.0, 0.25, 0.5)))
    assert read_run(tmp_path).ended


def test_numbers_that_are_none_survive(tmp_path: Path) -> None:
    writer = RunWriter.create(tmp_path, about())
    writer.log(step(1, loss=math.nan))
    (found,) = read_run(tmp_path).steps
    assert math.isnan(found.loss)
    assert math.isnan(found.parts["soft"])


def test_lines_of_another_program_are_passed_over(tmp_path: Path) -> None:
    writer = RunWriter.create(tmp_path, about())
    with (tmp_path / "log.jsonl").open("ab") as log:
        log.write(b'{"kind": "weather", "step": 1}\n[1]\nnonsense\n{"kind": "step"}\n\xff\xfe\n')
        log.write(b'{"kind": "epoch", "step": 1' + b"0" * 400 + b'.5, "epoch": 2}\n' + b"[" * 100_000 + b"\n")
    writer.log(step(2))
    run = read_run(tmp_path)
    assert run.steps == (step(2),)
    assert run.damaged == 6


ABOUT, ODD = about().to_json(), "its run.json is not what it should be"


def test_a_run_of_a_large_seed_is_read() -> None:
    assert About.from_json(about(seed=10**12).to_json()).seed == 10**12


def test_a_folder_that_is_no_run(tmp_path: Path) -> None:
    with pytest.raises(RunError, match=r"there is no such folder\.$"):
        read_run(tmp_path / "nowhere")
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(RunError, match=r"file is not a training run: it is not a folder\.$"):
        read_run(tmp_path / "file")
    with pytest.raises(RunError, match=r"it has no run\.json\.$"):
        read_run(tmp_path)
    for text, words in (
        ("{", "its run.json is not JSON."),
        ("[" * 100_000, "its run.json is not JSON."),
        ('{"format": "zfdesk-run-9"}', "its run.json is not of the format zfdesk-run-1."),
        (ABOUT.replace('"seed": 7', '"seed": "7"'), f"{ODD}: seed is not a whole number in range."),
        (ABOUT.replace('"seed"', '"sead"'), f"{ODD}: seed is missing."),
    ):
        (tmp_path / "run.json").write_text(text)
        with pytest.raises(RunError) as told:
            read_run(tmp_path)
        assert str(told.value) == f"{tmp_path} is not a training run: {words}"


def test_a_run_that_vanishes_is_told(tmp_path: Path) -> None:
    RunWriter.create(tmp_path / "run", about())
    run = read_run(tmp_path / "run")
    (tmp_path / "run").rename(tmp_path / "elsewhere")
    with pytest.raises(RunError, match="there is no such folder"):
        run.refresh()


def test_a_new_run_needs_an_empty_folder(tmp_path: Path) -> None:
    (tmp_path / "photo.jpg").write_bytes(b"")
    with pytest.raises(RunError, match="is not empty"):
        RunWriter.create(tmp_path, about())
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(RunError, match=r"cannot be made"):
        RunWriter.create(tmp_path / "file" / "run", about())


def test_snapshots_are_networks_and_listed(tmp_path: Path) -> None:
    model = random_model(ARCHITECTURES["zfnet"](3), seed=1)
    writer = RunWriter.create(tmp_path, about())
    writer.snapshot(0, model)
    writer.snapshot(12, model)
    writer.network(model)
    (tmp_path / "snapshots" / "notes.txt").write_text("mine")
    (tmp_path / "snapshots" / ".epoch-0003.safetensors.part").write_text("half")
    run = read_run(tmp_path)
    assert run.snapshots == (0, 12)
    for place in (run.snapshot_file(12), run.network):
        found = load(place)
        assert all(torch.equal(found.weights[name], model.weights[name]) for name in model.weights)


def test_histograms_are_numpys() -> None:
    values = np.random.default_rng(3).normal(0.2, 1.0, 10_000).astype(np.float32)
    found = spread(values)
    counts, edges = np.histogram(values, 64, (-np.abs(values).max(), np.abs(values).max()))
    assert np.abs(found.counts - counts).sum() <= 4  # a value on an edge may round to either side
    assert np.allclose(found.edges, edges)
    assert found.counts.sum() == 10_000
    positive = spread(torch.tensor([0.5, 2.0, math.nan, math.inf]))
    assert (positive.edges[0], positive.edges[-1], positive.counts.sum()) == (0.5, 2.0, 2)
    assert spread(torch.zeros(0)).counts.sum() == 0
    assert spread(torch.zeros(5)).counts.sum() == 5


def test_damaged_statistics_are_told(tmp_path: Path) -> None:
    writer = RunWriter.create(tmp_path, about())
    writer.statistics(1, {"conv1": LayerTrainingStatistics(spread(np.arange(9.0)), dead=0.0)})
    run = read_run(tmp_path)
    assert run.statistics_epochs == (1,)
    place = tmp_path / "statistics" / "epoch-0001.npz"
    whole = place.read_bytes()
    place.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(RunError, match=r"is damaged\.$"):
        run.statistics(1)
    np.savez(place, **{"conv1.weight.counts": np.arange(3), "conv1.weight.edges": np.array([0.0, 2.0, 1.0, 3.0])})
    with pytest.raises(RunError, match="its histogram of conv1's weights is none"):
        run.statistics(1)
    np.savez(place, **{"conv1.weight.counts": np.array([{}], object)}, allow_pickle=True)
    with pytest.raises(RunError, match="damaged"):
        run.statistics(1)
    with pytest.raises(RunError, match="is missing"):
        run.statistics(2)


def test_strongest_answers(tmp_path: Path) -> None:
    writer = RunWriter.create(tmp_path, about())
    assert read_strongest(tmp_path) == ()
    pixels = np.random.default_rng(0).integers(0, 256, (20, 30, 3), np.uint8)
    for activation in (1.0, 2.5):
        writer.strongest(StrongestEntry(1, "conv5", 12, "a/b.jpg", (3, 4), activation), pixels)
    with (tmp_path / "strongest.jsonl").open("ab") as lines:
        lines.write(b'{"snapshot": "epoch-0002", "layer"')
    (found,) = read_strongest(tmp_path)
    assert found == StrongestEntry(1, "conv5", 12, "a/b.jpg", (3, 4), 2.5, "strongest/epoch-0001-conv5-12.png")
    assert np.array_equal(read_crop(tmp_path, found), pixels)
    (tmp_path / "secret.png").write_bytes((tmp_path / found.crop).read_bytes())
    for crop in ("strongest/../secret.png", "secret.png", str(tmp_path / "secret.png"), r"strongest/..\secret.png"):
        with pytest.raises(RunError, match="none of the run's"):
            read_crop(tmp_path, replace(found, crop=crop))


def test_a_probe_picture(tmp_path: Path) -> None:
    writer = RunWriter.create(tmp_path, about())
    run = read_run(tmp_path)
    assert run.probe() is None
    pixels = np.random.default_rng(0).integers(0, 256, (256, 300, 3), np.uint8)
    writer.probe(pixels)
    assert np.array_equal(run.probe(), pixels)
    (tmp_path / "probe.png").write_bytes(b"half")
    with pytest.raises(RunError, match="no picture"):
        run.probe()


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_full_disk_is_told_and_nothing_is_lost(tmp_path: Path) -> None:
    writer = RunWriter.create(tmp_path, about())
    (tmp_path / "log.jsonl").unlink()
    os.symlink("/dev/full", tmp_path / "log.jsonl")
    with pytest.raises(RunError, match=r"log\.jsonl cannot be written: no space left on device\.$"):
        writer.log(step(1))


def test_the_papers_snapshots() -> None:
    assert snapshot_epochs(64) == (0, 1, 2, 5, 10, 20, 30, 40, 64)
    assert snapshot_epochs(7) == (0, 1, 2, 5, 7)
    assert snapshot_epochs(0) == (0,)
