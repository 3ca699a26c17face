"""Whole trainings as a user runs them: learning, resuming after a kill, several processes, and every way to fail."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import tiny
import torch
from tiny import SMALL, train

from zfdesk.runs import read_run
from zfdesk.training.state import FILE
from zfdesk.weights import load

PROGRAM = [sys.executable, str(Path(tiny.__file__)), "train"]


def steps(run: Path) -> dict[int, tuple[float, float]]:
    """(loss, learning rate) of every step in the log."""
    return {step.step: (step.loss, step.learning_rate) for step in read_run(run).steps}


def started(*words: object, **more: str) -> subprocess.Popen[str]:
    """``zfdesk train`` as a process of its own."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path)), **more}
    return subprocess.Popen(
        [*PROGRAM, *map(str, words)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment
    )


def together(program: Path, *words: object) -> subprocess.CompletedProcess[str]:
    """``zfdesk train`` in two processes, by torchrun; ``program`` is `tiny` or one that does more."""
    runner = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    return subprocess.run(
        [*runner, str(program), "train", *map(str, words)], capture_output=True, text=True, timeout=240,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )  # fmt: skip


def when_logged(run: Path, step: int, process: subprocess.Popen[str]) -> None:
    """Wait until the log has reached a step."""
    ends = time.monotonic() + 120
    while time.monotonic() < ends:
        assert process.poll() is None, process.communicate()
        log = run / "log.jsonl"
        if log.exists() and (run / FILE).exists() and log.read_bytes().count(b'"kind": "step"') >= step:
            return
        time.sleep(0.01)
    process.kill()
    raise AssertionError("the training never came so far")


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A data set, and an uninterrupted run over it."""
    tiny.declare()
    place = tmp_path_factory.mktemp("whole")
    data = tiny.shards(place / "data")
    assert train(data, "-o", place / "run", *SMALL, "--epochs", 40) == 0
    return data, place / "run"


def test_it_learns_and_keeps_all_that_is_declared(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    """Classes that colours tell are told; the network in the run folder answers as validation said."""
    shutil.copytree(folder, tmp_path / "data" / "train")
    tiny.folder(tmp_path / "data" / "val", 3)
    run = tmp_path / "run"
    words = ("--set", "learning_rate=0.1", "--set", "ema=0.9", "--json")
    assert train(tmp_path / "data", "-o", run, *SMALL, "--epochs", 12, *words) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["validation"]["top1"] > 0.85
    seen = read_run(run)
    assert seen.snapshots == (0, 1, 2, 5, 10, 12)
    assert seen.statistics_epochs == (0, 1, 2, 5, 10, 12)
    assert seen.ended
    assert len(seen.steps) == told["steps"] == 36
    assert seen.epochs[-1].validation is not None
    assert seen.epochs[-1].validation.top1 == told["validation"]["top1"]
    assert seen.probe() is not None
    assert seen.about.validation_pictures == 9
    model = load(run / "network.safetensors")
    assert model.classes == ("a", "b", "c")
    from zfdesk.training.data import open_pictures
    from zfdesk.training.loader import Unreadable, validation_batches

    batches = list(validation_batches(open_pictures(str(tmp_path / "data"), "val"), 32, 9, 1, Unreadable(print)))
    right = sum(int((model.forward(v).probabilities.argmax(1).numpy() == labels).sum()) for v, labels in batches)
    assert right / 9 == told["validation"]["top1"]
    statistics = seen.statistics(12)
    assert list(statistics) == ["conv1", "conv2", "fc6", "fc7", "fc8"]
    assert statistics["conv1"].weight is not None
    assert statistics["conv1"].weight.counts.sum() == model.weights["conv1.weight"].numel()
    assert statistics["conv1"].gradient is not None
    assert statistics["fc8"].dead is None


def test_the_strongest_answers_are_those_of_the_snapshot(whole: tuple[Path, Path]) -> None:
    """For Fig. 4: against a plain walk over all pictures with the snapshot's own network."""
    data, run = whole
    from zfdesk.training.data import open_pictures
    from zfdesk.training.views import validation_view

    pictures = open_pictures(str(data))
    views = np.stack([validation_view(pictures.read(index).data, 32, whole=True) for index in range(len(pictures))])
    found = [one for one in read_run(run).strongest() if one.epoch == 5]
    assert {one.layer for one in found} == {"conv1", "conv2"}
    seen = load(run / "snapshots" / "epoch-0005.safetensors").forward(views)
    for one in found:
        maps = seen.activations[one.layer][:, one.unit]
        assert one.activation == pytest.approx(float(maps.max()), rel=1e-4)
        index = next(number for number in range(len(pictures)) if pictures.name(number) == one.picture)
        assert float(maps[index, one.position[0], one.position[1]]) == pytest.approx(one.activation, rel=1e-4)


def test_the_same_seed_gives_the_same_network(whole: tuple[Path, Path], tmp_path: Path) -> None:
    """Bit for bit; another seed another."""
    data, _ = whole
    files = []
    for name, seed in (("one", 3), ("two", 3), ("three", 4)):
        assert train(data, "-o", tmp_path / name, *SMALL, "--epochs", 2, "--seed", seed) == 0
        files.append(load(tmp_path / name / "network.safetensors").weights)
    assert all(torch.equal(files[0][name], files[1][name]) for name in files[0])
    assert not torch.equal(files[0]["conv1.weight"], files[2]["conv1.weight"])


@pytest.mark.parametrize("sign", [signal.SIGKILL, signal.SIGINT])
def test_a_killed_training_goes_on_to_the_step(whole: tuple[Path, Path], tmp_path: Path, sign: signal.Signals) -> None:
    """Killed twice, somewhere in the middle of an epoch: then the same losses and the same file as if it never was."""
    data, straight = whole
    run = tmp_path / "run"
    first = started(data, "-o", run, *SMALL, "--epochs", 40, "--save-every", 0.0005)
    when_logged(run, 20, first)
    first.send_signal(sign)
    _, said = first.communicate(timeout=60)
    if sign == signal.SIGINT:
        assert first.returncode == 130
        assert f"zfdesk train --resume {run}" in said
    again = started("--resume", run, "--threads", 1, "--log-every", 1, "--save-every", 0.0005)
    when_logged(run, 55, again)
    again.kill()
    again.communicate(timeout=60)
    assert 55 <= len(steps(run)) < 120
    assert train("--resume", run, "--threads", 1, "--log-every", 1) == 0
    assert steps(run) == steps(straight)
    assert (run / "network.safetensors").read_bytes() == (straight / "network.safetensors").read_bytes()
    assert sum("Resumed at step" in note.words for note in read_run(run).notes) >= 1


@pytest.mark.parametrize("recipe", ["paper", "modern"])
def test_two_processes_do_what_one_does(folder: Path, tmp_path: Path, recipe: str) -> None:
    """torchrun with gloo: the same losses to rounding, with dropout and with batch norm over both processes."""
    words = [*SMALL, "--recipe", recipe, "--epochs", "3", "--set", "precision=float32", "--batch", "7"]
    assert train(folder, "-o", tmp_path / "one", *words) == 0
    done = together(Path(tiny.__file__), folder, "-o", tmp_path / "two", *words)
    assert done.returncode == 0, done.stderr
    assert "Warning" not in done.stderr
    one, two = steps(tmp_path / "one"), steps(tmp_path / "two")
    assert len(one) == len(two) == 9
    for step, (loss, rate) in one.items():
        assert two[step] == pytest.approx((loss, rate), rel=2e-5)
    ours, theirs = (load(tmp_path / name / "network.safetensors").weights for name in ("one", "two"))
    for name, weight in ours.items():
        torch.testing.assert_close(weight, theirs[name], rtol=1e-3, atol=1e-4)
    assert read_run(tmp_path / "two").about.processes == 2


def fails(capsys: pytest.CaptureFixture, *words: object) -> str:
    """The sentence a training that exits with 1 ends with."""
    capsys.readouterr()
    assert train(*words) == 1
    return capsys.readouterr().err.strip().splitlines()[-1]


def test_what_cannot_begin_is_told(folder: Path, whole: tuple[Path, Path], tmp_path: Path, capsys) -> None:
    """One line each, exit status 1."""
    one = tmp_path / "one"
    shutil.copytree(folder / "a", one / "a")
    run = tmp_path / "run"
    assert "one class only, 'a'" in fails(capsys, one, "-o", run, *SMALL)
    assert "does not exist" in fails(capsys, tmp_path / "none", "-o", run, *SMALL)
    assert "no architecture 'zfnat'" in fails(capsys, folder, "-o", run, "--architecture", "zfnat")
    assert "no field 'speed'" in fails(capsys, folder, "-o", run, *SMALL, "--set", "speed=1")
    assert "FIELD=VALUE" in fails(capsys, folder, "-o", run, *SMALL, "--set", "speed")
    assert "is not empty" in fails(capsys, folder, "-o", whole[1], *SMALL)
    assert "classes of" in fails(capsys, folder, "-o", run, *SMALL, "--validation", tiny.folder(tmp_path / "v", 1, 5))
    assert "is not a training run" in fails(capsys, "--resume", tmp_path / "none")
    assert "what to train on" in fails(capsys, folder)
    assert not run.exists()


def test_resuming_takes_no_options_of_the_order(whole: tuple[Path, Path], capsys) -> None:
    """One sentence that names all that were given; what belongs to this machine is taken."""
    said = "zfdesk: --resume goes on with a run as it was begun: it does not take "
    data, run = whole
    for words in (
        "--recipe paper", "--set batch=4", "--epochs 9", "--batch 4", "--sides 32", "--architecture tiny", "--start x",
        "--validation x", "--validation-pictures 3", "--teacher lite0", "--teacher-classes", "--probe x",
        "--strongest 0", "--seed 3", "--output x",
    ):  # fmt: skip
        assert fails(capsys, "--resume", run, *words.split()) == f"{said}{words.split()[0]}."
    assert fails(capsys, data, "--resume", run, "--epochs", 9, "--set", "ema=0") == f"{said}DATA, --set, --epochs."
    here = ["--threads", 1, "--decoders", 2, "--device", "cpu", "--save-every", 9, "--log-every", 2, "--json"]
    capsys.readouterr()
    assert train("--resume", run, *here) == 0, "it is done"
    assert json.loads(capsys.readouterr().out)["steps"] == 120


@pytest.mark.parametrize("harm", ["cut", "flip", "foreign", "another", "none"])
def test_a_wrong_state_is_refused(whole: tuple[Path, Path], tmp_path: Path, capsys, harm: str) -> None:
    """Cut short, a bit turned, another kind of file, another training's, none: a sentence, and nothing changes."""
    run = tmp_path / "run"
    shutil.copytree(whole[1], run)
    state = run / FILE
    data = state.read_bytes()
    match harm:
        case "cut":
            state.write_bytes(data[:-100])
        case "flip":
            state.write_bytes(data[:-50] + bytes([data[-50] ^ 1]) + data[-49:])
        case "foreign":
            shutil.copy(run / "network.safetensors", state)
        case "another":
            assert train(whole[0], "-o", tmp_path / "other", *SMALL, "--epochs", 1, "--seed", 9) == 0
            shutil.copy(tmp_path / "other" / FILE, state)
        case "none":
            state.unlink()
    words = {"cut": "cut short", "flip": "is damaged", "foreign": "not the state", "none": "no saved state"}
    log = (run / "log.jsonl").read_bytes()
    assert words.get(harm, "is of a training with another") in fails(capsys, "--resume", run)
    assert (run / "log.jsonl").read_bytes() == log


def test_a_loss_that_is_no_number_ends_it(whole: tuple[Path, Path], tmp_path: Path, capsys) -> None:
    """A rate far too high without what holds it: a sentence; the state is that of before, and can be read."""
    run = tmp_path / "run"
    wild = ["--recipe", "paper", "--set", "learning_rate=900000", "--set", "rms_limit=0", "--epochs", "40"]
    assert "no longer a number" in fails(capsys, whole[0], "-o", run, *SMALL, *wild)
    from zfdesk.training.state import read_state

    tensors, state, _ = read_state(run)
    assert all(tensor.isfinite().all() for tensor in tensors.values())
    assert state.step % 3 == 0
    assert "no longer a number" in read_run(run).notes[-1].words
    assert np.isfinite(load(run / "network.safetensors").weights["conv1.weight"].numpy()).all()


def test_a_full_disk_keeps_the_last_good_state(whole: tuple[Path, Path], tmp_path: Path, capsys, monkeypatch) -> None:
    """At a snapshot: a sentence, exit 1; with room again the training goes on from the last state to the same end."""
    from zfdesk.weights import safetensors_file as tensorfile

    data, straight = whole
    run, real, room = tmp_path / "run", tensorfile.write_whole, [9]

    def full(path: Path, parts) -> None:
        room[0] -= 1
        if room[0] < 0:
            raise OSError(28, "No space left on device", str(path))
        real(path, parts)

    monkeypatch.setattr(tensorfile, "write_whole", full)
    said = fails(capsys, data, "-o", run, *SMALL, "--epochs", 40, "--strongest", 0)
    assert "no space left" in said.lower()
    monkeypatch.setattr(tensorfile, "write_whole", real)
    assert 0 < read_run(run).step < 120
    assert train("--resume", run, "--threads", 1, "--log-every", 1) == 0
    assert steps(run) == steps(straight)


def test_a_folder_that_vanishes_saves_what_was_reached(folder: Path, tmp_path: Path, capsys, monkeypatch) -> None:
    """In the middle of a training: a sentence, exit 1, and it goes on once the folder is back."""
    from zfdesk.training.train import Training

    data, run, real = tmp_path / "data", tmp_path / "run", Training.take_step
    shutil.copytree(folder, data)

    def step(self: Training, *how: object) -> None:
        real(self, *how)
        if self.state.step == 7:
            (data / "b").rename(tmp_path / "away")

    monkeypatch.setattr(Training, "take_step", step)
    assert "has vanished during training" in fails(capsys, data, "-o", run, *SMALL, "--epochs", 6)
    assert 7 <= read_run(run).step < 18
    monkeypatch.setattr(Training, "take_step", real)
    (tmp_path / "away").rename(data / "b")
    assert train("--resume", run, "--threads", 1, "--log-every", 1) == 0
    assert train(folder, "-o", tmp_path / "straight", *SMALL, "--epochs", 6) == 0
    assert steps(run) == steps(tmp_path / "straight")


def test_a_start_keeps_the_network_s_answers(whole: tuple[Path, Path], tmp_path: Path) -> None:
    """--start: the first snapshot of the new run answers as the network it began from."""
    data, run = whole
    begun = tmp_path / "run"
    assert train(data, "-o", begun, *SMALL, "--epochs", 1, "--start", run / "network.safetensors") == 0
    views = np.stack([tiny.picture(number, number)[:32, :32] for number in range(9)])
    old, new = load(run / "network.safetensors"), load(begun / "snapshots" / "epoch-0000.safetensors")
    torch.testing.assert_close(old.forward(views).probabilities, new.forward(views).probabilities, rtol=1e-3, atol=1e-5)
    assert "started from network.safetensors" in new.provenance


def test_a_plateau_lowers_the_rate(folder: Path, tmp_path: Path) -> None:
    """Labels that say nothing: after so many epochs without a better one the rate is a tenth, and the log says so."""
    rows = [
        f"{folder}/{'abc'[number % 3]}/{number % 8:03d}.{'jpg' if number % 2 else 'png'},{number * 7 % 2}"
        for number in range(24)
    ]
    manifest = tmp_path / "odd.csv"
    manifest.write_text("path,label\n" + "\n".join(rows))
    how = [*SMALL, "--recipe", "paper", "--epochs", "8", "--set", "patience=2", "--set", "learning_rate=0.001"]
    assert train(manifest, "-o", tmp_path / "run", *how, "--validation", manifest) == 0
    run = read_run(tmp_path / "run")
    assert any("learning rate was lowered to 0.0001" in note.words for note in run.notes)
    assert min(step.learning_rate for step in run.steps) < 0.00011
