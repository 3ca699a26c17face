"""Trainings that fail at their end, their beginning, or in one process of several: nothing is lost or passed over."""

from __future__ import annotations

import io
import json
import shutil
import struct
from pathlib import Path

import numpy as np
import pytest
import tiny
import torch
from PIL import Image
from test_train import fails, started, steps, together, when_logged
from tiny import SMALL, train

from zfdesk.runs import read_run
from zfdesk.sources.picture import decode_picture
from zfdesk.training.data import open_pictures
from zfdesk.training.errors import TrainingError
from zfdesk.training.recipe import MODERN
from zfdesk.training.state import FILE, read_state
from zfdesk.training.train import Training
from zfdesk.training.validate import Validation
from zfdesk.training.views import rng, validation_view, view_of
from zfdesk.weights import load

AGAIN = ["--threads", "1", "--log-every", "1"]


@pytest.mark.parametrize("where", ["validation", "snapshot", "log"])
def test_the_end_of_an_epoch_that_failed_is_made_up_for(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    """What failed after the last step of an epoch is done when the training goes on: as if nothing had been."""
    words = [*SMALL, "--epochs", 2, "--validation", folder]
    assert train(folder, "-o", tmp_path / "straight", *words) == 0
    owner, name = {
        "validation": (Validation, "score"), "snapshot": (Training, "keep_snapshot"), "log": (Training, "_plateau"),
    }[where]  # fmt: skip
    real, calls = getattr(owner, name), []

    def failing(*how: object) -> object:
        calls.append(how)
        if len(calls) == (3 if where == "snapshot" else 2):
            raise TrainingError("It has vanished.")
        return real(*how)

    monkeypatch.setattr(owner, name, failing)
    run = tmp_path / "run"
    assert fails(capsys, folder, "-o", run, *words) == "zfdesk: It has vanished."
    monkeypatch.setattr(owner, name, real)
    assert train("--resume", run, *AGAIN) == 0
    seen, straight = read_run(run), read_run(tmp_path / "straight")
    assert [epoch.epoch for epoch in seen.epochs] == [1, 2]
    assert [(e.training, e.validation) for e in seen.epochs] == [(e.training, e.validation) for e in straight.epochs]
    assert seen.snapshots == (0, 1, 2)
    assert (run / "network.safetensors").read_bytes() == (tmp_path / "straight/network.safetensors").read_bytes()


def test_weights_that_are_no_numbers_are_never_saved(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The loss was one: the gradient was not. The state is of before, and goes on."""
    real = Training.take_step

    def step(self: Training, *how: object) -> None:
        real(self, *how)
        if self.state.step == 6:
            with torch.no_grad():
                self.network.filters_of("fc8").weight[0, 0] = torch.nan

    monkeypatch.setattr(Training, "take_step", step)
    run = tmp_path / "run"
    for ema in ("0", "0.9"):
        shutil.rmtree(run, ignore_errors=True)
        said = fails(capsys, folder, "-o", run, *SMALL, "--epochs", 3, "--set", f"ema={ema}")
        assert "weights are no longer numbers at step 6; the last good state is kept" in said
        assert f"--start {run / 'network.safetensors'}" in said
        tensors, state, _ = read_state(run)
        assert state.step == 3
        assert all(tensor.isfinite().all() for tensor in tensors.values())
        assert load(run / "network.safetensors").weights["fc8.weight"].isfinite().all()
        assert read_run(run).ended
    monkeypatch.setattr(Training, "take_step", real)
    assert train("--resume", run, *AGAIN) == 0
    assert read_run(run).epochs[-1].epoch == 3


def test_a_start_that_failed_leaves_no_folder_in_the_way(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No probe, or no room for the first state: the same command, mended, goes through."""
    run, words = tmp_path / "run", [*SMALL, "--epochs", 1]
    assert "nothere.jpg" in fails(capsys, folder, "-o", run, *words, "--probe", tmp_path / "nothere.jpg")
    assert not run.exists()
    from zfdesk.training import state

    real = state.write_tensors

    def full(*how: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(state, "write_tensors", full)
    said = fails(capsys, folder, "-o", run, *words)
    assert "no space left" in said
    assert "last good one" not in said  # there is none
    assert (run / "run.json").exists()
    monkeypatch.setattr(state, "write_tensors", real)
    assert train(folder, "-o", run, *words) == 0
    assert [epoch.epoch for epoch in read_run(run).epochs] == [1]
    shutil.rmtree(run / "state")  # to save room: the run is still one
    assert "is not empty" in fails(capsys, folder, "-o", run, *words)
    assert [epoch.epoch for epoch in read_run(run).epochs] == [1]


def test_a_folder_of_others_is_never_taken(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    """Folders called as a run's are no run; empty ones, of a disk that was full, are not in the way."""
    run, words = tmp_path / "run", [*SMALL, "--epochs", 1]
    (run / "snapshots").mkdir(parents=True)
    (run / "snapshots" / "mine.txt").write_text("mine")
    assert "is not empty" in fails(capsys, folder, "-o", run, *words)
    assert (run / "snapshots" / "mine.txt").read_text() == "mine"
    (run / "snapshots" / "mine.txt").unlink()
    (run / "log.jsonl").touch()
    assert train(folder, "-o", run, *words) == 0


def test_what_a_kill_left_is_cleared_away(folder: Path, tmp_path: Path) -> None:
    """Half-written files beside the network, the snapshots and the state."""
    run = tmp_path / "run"
    assert train(folder, "-o", run, *SMALL, "--epochs", 1) == 0
    left = [run / ".network.safetensors.0123abcd.part", run / "snapshots" / ".epoch-0001.safetensors.0123abcd.part"]
    left.append(run / FILE.parent / ".training.safetensors.0123abcd.part")
    for path in left:
        path.write_bytes(b"half")
    assert train("--resume", run, *AGAIN) == 0
    assert not any(path.exists() for path in left)


def test_a_few_steps_are_in_the_network_that_is_kept(folder: Path, tmp_path: Path) -> None:
    """The running mean of three steps is not the start."""
    run = tmp_path / "run"
    assert train(folder, "-o", run, *SMALL, "--epochs", 1, "--set", "ema=0.999") == 0
    start, kept = load(run / "snapshots/epoch-0000.safetensors"), load(run / "network.safetensors")
    trained = read_state(run)[0]["network.filters.fc8.weight"]
    moved = (trained - start.weights["fc8.weight"]).norm()
    assert (kept.weights["fc8.weight"] - start.weights["fc8.weight"]).norm() > 0.3 * moved > 0


def test_speed_is_that_of_the_steps(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A snapshot that takes long is not counted as slow steps."""
    import time

    real = Training.keep_snapshot

    def slow(self: Training, epoch: int) -> None:
        time.sleep(1)
        real(self, epoch)

    monkeypatch.setattr(Training, "keep_snapshot", slow)
    assert train(folder, "-o", tmp_path / "run", *SMALL, "--epochs", 2) == 0
    speeds = [step.pictures_per_second for step in read_run(tmp_path / "run").steps]
    assert min(speeds) > 8  # a batch of 8 and that second


@pytest.mark.parametrize(
    ("how", "words"),
    [
        (["--architecture", "tiny", "--sides", "16", "--batch", "1"], "two pictures in a step"),
        (["--architecture", "zfnet-no3467", "--sides", "16"], "16 pixels are too small for"),
    ],
)
def test_what_cannot_be_computed_is_told_before(folder: Path, tmp_path: Path, capsys, how, words: str) -> None:
    """Not by torch, in the middle."""
    assert words in fails(capsys, folder, "-o", tmp_path / "run", "--epochs", 1, *how)
    assert not (tmp_path / "run").exists()


# pictures


def odd_jpeg(orientation: int) -> bytes:
    """A JPEG whose EXIF block turns it and has an entry of a wrong type, which Pillow reads but cannot write."""
    file = io.BytesIO()
    Image.fromarray(tiny.picture(0, 0)).save(file, "JPEG", quality=95)
    entries = [(0x0111, 2, 6, 50), (0x0112, 3, 1, orientation << 16), (0x829A, 3, 2, 1 << 16 | 3)]
    block = b"MM\0*" + struct.pack(">IH", 8, len(entries)) + b"".join(struct.pack(">HHII", *one) for one in entries)
    block = b"Exif\0\0" + block + b"\0\0\0\0hello\0"
    data = file.getvalue()
    return data[:2] + b"\xff\xe1" + struct.pack(">H", len(block) + 2) + block + data[2:]


@pytest.mark.parametrize("orientation", range(1, 9))
def test_an_odd_exif_block_turns_the_picture_and_nothing_else(orientation: int) -> None:
    """As the rest of zfdesk reads it, in each of the eight orientations."""
    data = odd_jpeg(orientation)
    upright = decode_picture(data)
    height, width = upright.shape[:2]
    side = min(height, width)
    left, top = (width - side) / 2, (height - side) / 2
    box = (left, top, left + side, top + side)
    wanted = np.asarray(Image.fromarray(upright).resize((side, side), Image.Resampling.BILINEAR, box=box))
    assert np.abs(validation_view(data, side, whole=True).astype(int) - wanted).max() <= 1
    assert view_of(data, 32, MODERN, rng(0, 0, 0), whole=False).shape == (32, 32, 3)


def test_hidden_folders_are_no_classes(folder: Path, tmp_path: Path) -> None:
    """Thumbnails of a file manager."""
    data = tmp_path / "data"
    shutil.copytree(folder, data)
    shutil.copytree(data / "a", data / ".thumbs")
    assert open_pictures(str(data)).classes == ("a", "b", "c")


def test_validation_names_what_it_leaves_out(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    """Once, not after each epoch."""
    seen = tmp_path / "seen"
    shutil.copytree(folder, seen)
    (seen / "a" / "000.png").write_bytes(b"junk")
    assert train(folder, "-o", tmp_path / "run", *SMALL, "--epochs", 2, "--validation", seen) == 0
    assert capsys.readouterr().err.count("000.png cannot be read and is left out") == 1


# shards


def shards_with(place: Path, changed: dict[str, bytes], listed: bool = True) -> Path:
    """Shards of `tiny.shards` with other bytes for some members; without ``listed`` there is no shards.json."""
    import tarfile

    tiny.shards(place)
    for path in place.glob("*.tar"):
        with tarfile.open(path) as tar:
            members = [(one.name, tar.extractfile(one).read()) for one in tar]  # type: ignore[union-attr]
        with tarfile.open(path, "w") as tar:
            for name, data in members:
                member = tarfile.TarInfo(name)
                member.size = len(changed.get(name, data))
                tar.addfile(member, io.BytesIO(changed.get(name, data)))
    if not listed:
        (place / "shards.json").unlink()
    return place


def test_damaged_shards_are_named_and_left_out(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    """A class beyond the classes, one that is a word, answers that are no arrays: in training and in validation."""
    changed = {"00000000.npz": b"PK\x03\x04abc", "00000003.cls": b"7", "00000005.cls": b"cat"}
    data = shards_with(tmp_path / "data", changed)
    run = tmp_path / "run"
    assert train(data, "-o", run, *SMALL, "--epochs", 2, "--validation", data) == 0
    said = capsys.readouterr().err
    for key, why in (("00", "its stored answers are damaged"), ("03", "its class 7 is not one"), ("05", "class 'cat'")):
        lines = [line for line in said.splitlines() if f"000000{key} cannot be read and is left out: " in line]
        assert len(lines) == 2  # by training and by validation
        assert all(why in line for line in lines)
    last = read_run(run).epochs[-1]
    assert last.validation is not None
    assert "of 24 pictures" in load(run / "network.safetensors").provenance


def test_a_damaged_class_does_not_hide_the_others(tmp_path: Path) -> None:
    """Classes that are counted, not named."""
    data = shards_with(tmp_path / "data", {"00000005.cls": b"cat", "00000006.cls": b"999999999"}, listed=False)
    assert open_pictures(str(data)).classes == ("class 0", "class 1", "class 2")


def test_answers_that_cannot_be_read_at_all(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    """One sentence."""
    data = shards_with(tmp_path / "data", {f"{number:08d}.npz": b"PK\x03\x04abc" for number in range(24)})
    assert "None of the teacher's answers" in fails(capsys, data, "-o", tmp_path / "run", *SMALL)


# Table 3


def test_table3_keeps_to_its_pictures(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture, monkeypatch) -> None:
    """Rows that were trained on others are not shown as these."""
    from zfdesk.training import table3

    monkeypatch.setattr(table3, "ROWS", (table3.Table3Row("tiny", "tiny", 38.4, 16.5),))
    more = tiny.folder(tmp_path / "more", 9)
    words = ["--table3", "-o", tmp_path / "t", *SMALL[2:], "--epochs", 1]
    assert train(folder, *words) == 0
    assert "other pictures" in fails(capsys, more, *words)
    shutil.move(more, tmp_path / "moved")
    assert train(folder, *words) == 0
    changed = tiny.folder(tmp_path / "data", 8)
    assert train(changed, *words[:1], "-o", tmp_path / "u", *words[3:]) == 0
    (changed / "a" / "000.png").unlink()
    assert "other pictures" in fails(capsys, changed, *words[:1], "-o", tmp_path / "u", *words[3:])


# several processes


def test_all_processes_tell_what_they_cannot_read(folder: Path, tmp_path: Path) -> None:
    """Each names its own; the number at the end is of all."""
    data = tmp_path / "data"
    shutil.copytree(folder, data)
    junk = [data / kind / name for kind in "abc" for name in ("002.png", "005.jpg")]
    for path in junk:
        path.write_bytes(b"junk")
    done = together(Path(tiny.__file__), data, "-o", tmp_path / "run", *SMALL, "--epochs", 2, "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["unreadable"] == 6
    for path in junk:
        assert f"{path.relative_to(data)} cannot be read" in done.stderr


def test_a_process_that_is_lost_ends_the_others_with_a_sentence(folder: Path, tmp_path: Path) -> None:
    """One process's pictures are gone: the first saves what was reached, says why, and the training goes on later."""
    data, run = tmp_path / "data", tmp_path / "run"
    shutil.copytree(folder, data)
    gone = tmp_path / "gone.py"
    gone.write_text(
        f"import sys; sys.path[:0] = {[str(Path(tiny.__file__).parent)]!r}\n"
        "import os, tiny\n"
        "from zfdesk.training.loader import Loader\n"
        "from zfdesk.training.errors import PicturesGoneError\n"
        "real = Loader.batches\n"
        "def batches(self, first, last):\n"
        "    for number, batch in enumerate(real(self, first, last)):\n"
        "        if number == 4 and os.environ['RANK'] == '1':\n"
        "            raise PicturesGoneError('The folder has vanished.')\n"
        "        yield batch\n"
        "Loader.batches = batches\n"
        "tiny.declare()\n"
        "from zfdesk.cli import main\n"
        "sys.exit(main())\n"
    )
    done = together(gone, data, "-o", run, *SMALL, "--epochs", 4)
    assert done.returncode == 1
    assert "zfdesk: The folder has vanished." in done.stderr
    assert "RuntimeError" not in done.stderr
    seen = read_run(run)
    assert seen.ended
    assert read_state(run)[1].step == 4
    assert train("--resume", run, *AGAIN) == 0
    assert train(folder, "-o", tmp_path / "straight", *SMALL, "--epochs", 4) == 0
    assert set(steps(run)) == set(steps(tmp_path / "straight"))


def test_sigterm_saves_the_state(tmp_path: Path) -> None:
    """As a cluster ends a job."""
    run = tmp_path / "run"
    process = started(tiny.shards(tmp_path / "data"), "-o", run, *SMALL, "--epochs", 400)
    when_logged(run, 10, process)
    process.terminate()
    _, said = process.communicate(timeout=60)
    assert process.returncode == 130
    assert f"zfdesk train --resume {run}" in said
    assert read_state(run)[1].step >= 10
