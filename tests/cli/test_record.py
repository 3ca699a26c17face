"""``zfdesk record``: every frame that was asked for, computed as anywhere else; Ctrl-C leaves a whole film."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from PIL import Image

import zfdesk.engine as zf
from zfdesk import session
from zfdesk.cli import main
from zfdesk.engine import Occluder
from zfdesk.live import Computation, Crop, Demand, Request, View
from zfdesk.live.replay import Replay, TimedView, load_path, save_path
from zfdesk.sources import Frame, SourceReference, read_picture
from zfdesk.sources.clip_reader import ClipReader
from zfdesk.sources.demo import demo_frame

FRAMES = 6
Say = Callable[[], tuple[str, str]]


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Six frames of the demo that differ, ten a second."""
    path = tmp_path_factory.mktemp("clips") / "clip.mp4"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=10, options={"crf": "10"})
        stream.width, stream.height, stream.pix_fmt = 640, 480, "yuv420p"
        for number in range(FRAMES):
            pixels = demo_frame(8.0 + 0.8 * number)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(pixels, format="rgb24")))
        container.mux(stream.encode(None))
    return path


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A drag over three positions."""
    moments = (
        TimedView(time, View(occluders=(Occluder(top, 60, 50, 50),), chosen_occluder=0))
        for time, top in ((0.0, 30), (0.25, 80), (0.6, 130))
    )
    save_path(Replay(tuple(moments)), tmp_path / "drag.json")
    return tmp_path / "drag.json"


def facts_of(film: Path) -> dict[str, Any]:
    place = film / "film.json" if film.is_dir() else film.with_name(f"{film.name}.json")
    return json.loads(place.read_text(encoding="utf-8"))


def pictures_of(film: Path) -> list[np.ndarray]:
    if film.is_dir():
        return [read_picture(path) for path in sorted(film.glob("*.png"))]
    with av.open(str(film)) as container:
        return [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]


def test_every_frame_of_a_clip_is_in_the_film_as_it_is_computed_elsewhere(
    clip: Path, loaded: zf.Model, tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    film = tmp_path / "film.mp4"
    assert main(["record", str(clip), "-o", str(film), "--layer", "conv5", "--unit", "7", "--size", "480"]) == 0
    out, err = capsys.readouterr()
    assert out.startswith(f"Saved film.mp4: {FRAMES} frames, 0.6 s, ")
    assert err == ""
    told = facts_of(film)
    assert len(pictures_of(film)) == len(told["frames"]) == FRAMES
    assert [line["source_frame"] for line in told["frames"]] == list(range(FRAMES))
    assert [line["time"] for line in told["frames"]] == pytest.approx([n / 10 for n in range(FRAMES)], abs=1e-3)
    assert (told["layer"], told["unit"], told["mode"], told["width"]) == ("conv5", 7, "every frame", 480)
    assert told["weights"]["sha256"] == loaded.sha256
    reader = ClipReader(clip)
    for line in told["frames"]:
        view = View(crop=Crop.centre_of(loaded), unit=7)
        *_, result = Computation().run(Request(Frame(reader.pixels(), 0, 0.0, ""), view, Demand(), loaded))
        best = int(result.probabilities.argmax())
        assert (line["index"], line["class"]) == (best, loaded.classes[best])
        assert line["probability"] == pytest.approx(float(result.probabilities[best]), abs=1e-3)
        assert line["activation"] == pytest.approx(result.unit.activation, rel=1e-3)
        reader.move(1)
    reader.close()
    assert len({line["probability"] for line in told["frames"]}) == FRAMES


def test_the_picture_in_the_film_is_the_frame(clip: Path, loaded: zf.Model, tmp_path: Path) -> None:
    assert main(["record", str(clip), "-o", str(tmp_path / "film"), "--what", "picture", "--layer", "prob"]) == 0
    reader = ClipReader(clip)
    for drawn in pictures_of(tmp_path / "film"):
        seen = zf.centre_crop(reader.pixels())
        rows, columns = (np.flatnonzero((drawn < 250).any(2).sum(axis) > 600) for axis in (1, 0))
        part = drawn[rows[0] + 4 : rows[-1] - 4, columns[0] + 4 : columns[-1] - 4]
        small = np.asarray(Image.fromarray(part).resize((56, 56), Image.Resampling.BOX)).astype(int)
        given = np.asarray(Image.fromarray(seen).resize((56, 56), Image.Resampling.BOX)).astype(int)
        assert np.abs(small - given).mean() < 6
        reader.move(1)
    reader.close()


def test_a_path_over_a_picture_is_drawn_position_by_position(
    cat: str, path: Path, loaded: zf.Model, tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    film = tmp_path / "film.webp"
    command = ["record", cat, "-o", str(film), "--path", str(path), "--what", "picture,bars", "--size", "400", "--json"]
    assert main(command) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["frames"], told["interrupted"]) == (3, False)
    lines = facts_of(film)["frames"]
    assert [line["time"] for line in lines] == [0.0, 0.25, 0.6]
    assert [[o["top"] for o in line["occluders"]] for line in lines] == [[30], [80], [130]]
    again = load_path(Path(told["path"]))
    assert [(m.time, m.view.occluders) for m in again.moments] == [
        (m.time, m.view.occluders) for m in load_path(path).moments
    ]
    clean = zf.centre_crop(read_picture(cat))
    for line in lines:
        (one,) = line["occluders"]
        covered = zf.occlude(clean, [Occluder(one["top"], one["left"], one["height"], one["width"])], loaded.input.mean)
        probabilities = loaded.forward(covered).probabilities[0].numpy()
        assert line["probability"] == pytest.approx(float(probabilities.max()), abs=1e-3)
    with Image.open(film) as image:
        assert image.n_frames == 3
        image.load()
        assert image.info["duration"] == 250


def test_a_path_leads_over_a_moving_source_until_it_ends(path: Path, loaded: zf.Model, tmp_path: Path) -> None:
    film = tmp_path / "film.gif"
    assert main(["record", "pattern", "-o", str(film), "--path", str(path), "--what", "bars", "--size", "240"]) == 0
    lines = facts_of(film)["frames"]
    assert [line["source_frame"] for line in lines] == list(range(19))  # 0.6 s, 30 a second
    assert [line["occluders"][0]["top"] for line in lines] == [30] * 8 + [80] * 10 + [130]


def test_parts_of_a_source(loaded: zf.Model, tmp_path: Path, clip: Path, capsys: pytest.CaptureFixture) -> None:
    film = tmp_path / "film.gif"
    base = ["-o", str(film), "--what", "bars", "--size", "240"]
    assert main(["record", str(clip), "--frames", "2:5", *base]) == 0
    assert [line["source_frame"] for line in facts_of(film)["frames"]] == [2, 3, 4]
    assert main(["record", "demo", "--frames", "90:93", *base]) == 0
    assert [line["source_frame"] for line in facts_of(film)["frames"]] == [90, 91, 92]
    assert main(["record", str(clip), "--seconds", "0.2", *base]) == 0
    assert len(facts_of(film)["frames"]) == 2
    assert main(["record", str(clip), "--fps", "5", *base]) == 0
    assert [line["source_frame"] for line in facts_of(film)["frames"]] == [0, 2, 4]
    capsys.readouterr()
    second = tmp_path / "second.mp4"
    assert main(["record", "pattern", "--seconds", "1", "-o", str(second), *base[2:], "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["seconds"] == 1.0
    with av.open(str(second)) as container:
        assert container.duration == 1_000_000  # microseconds
    assert main(["record", str(clip), "--frames", "50:", *base]) == 1
    assert capsys.readouterr().err == f"zfdesk: {clip} has no such frames.\n"


def test_a_folder_and_a_picture_in_it_that_cannot_be_read(
    loaded: zf.Model, tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    folder = tmp_path / "pictures"
    folder.mkdir()
    for number in range(3):
        Image.fromarray(demo_frame(5.0 * number)).save(folder / f"{number}.png")
    (folder / "1b.png").write_bytes(b"none")
    film = tmp_path / "film"
    command = ["record", str(folder), "-o", str(film), "--fps", "2", "--what", "picture,maps,map", "--size", "300"]
    assert main(command) == 1
    out, err = capsys.readouterr()
    assert out.startswith("Saved film: 3 frames, 1.5 s")
    assert err.startswith("zfdesk: 1b.png ")
    told = facts_of(film)
    assert [line["source_frame"] for line in told["frames"]] == [0, 1, 3]
    assert [line["file"] for line in told["frames"]] == ["0.png", "1.png", "2.png"]
    assert told["source"] == {"kind": "folder", "name": "pictures"}


def test_a_session_with_a_path(cat: str, path: Path, loaded: zf.Model, tmp_path: Path) -> None:
    view = View(source=SourceReference("camera"), layer="conv4", unit=11, crop=Crop(x=0.4))
    *_, result = Computation().run(Request(Frame(read_picture(cat), 12, 1.0, "Front camera"), view, Demand(), loaded))
    session.save_session(session.Session(session.moment_of(result)), tmp_path / "eyes.zfdesk")
    film = tmp_path / "film.gif"
    asked = ["record", str(tmp_path / "eyes.zfdesk"), "-o", str(film), "--path", str(path), "--size", "500"]
    assert main([*asked, "--bars", "kinds"]) == 0
    told = facts_of(film)
    assert told["bars"] == "kinds"
    assert (told["layer"], told["unit"], told["crop"]["x"], told["source"]) == (
        "conv4", 11, 0.4, {"kind": "session", "name": "Front camera"},
    )  # fmt: skip
    assert [line["source_frame"] for line in told["frames"]] == [12, 12, 12]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["CAT", "-o", "film.mp4"], "is one picture: lead an occluder's path over it to make a film of it."),
        (["demo", "-o", "film.mp4"], "The demo has no end: say how many frames or seconds of it."),
        (["camera", "-o", "film.mp4"], "The frames of a camera wait for nobody: record it live, in the window."),
        (["nothing.mp4", "-o", "film.mp4"], "nothing.mp4 does not exist."),
        (["demo", "--frames", ":2", "-o", "nowhere/film.mp4"], "does not exist."),
        (["demo", "--frames", ":2", "--layer", "conv9", "-o", "film.mp4"], "conv9"),
        (["demo", "--frames", ":2", "--unit", "999", "-o", "film.mp4"], "999"),
        (["demo", "--frames", ":2", "--path", "CAT", "-o", "film.mp4"], "is not a drag path"),
    ],
)
def test_what_cannot_be_is_told_in_a_line(
    arguments: list[str], words: str, cat: str, loaded: zf.Model, tmp_path: Path, capsys: pytest.CaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)
    assert main(["record", *(cat if word == "CAT" else word for word in arguments)]) == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert err.count("\n") == 1
    assert words in err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "arguments",
    [
        ["demo"],
        ["demo", "-o", "film.avi"],
        ["demo", "-o", "f.mp4", "--what", "soup"],
        ["demo", "-o", "f.mp4", "--frames", "5"],
        ["demo", "-o", "f.mp4", "--frames", "5:5"],
        ["demo", "-o", "f.mp4", "--fps", "0"],
        ["demo", "-o", "f.gif", "--fps", "60"],
        ["demo", "-o", "f.mp4", "--seconds", "-1"],
        ["demo", "-o", "f.mp4", "--size", "99999"],
    ],
)
def test_usage(arguments: list[str], capsys: pytest.CaptureFixture) -> None:
    assert main(["record", *arguments]) == 2
    assert "usage: zfdesk record" in capsys.readouterr().err


@pytest.mark.skipif(os.name == "nt", reason="Ctrl-C is sent otherwise there")
@pytest.mark.parametrize("name", ["film.mp4", "film.gif", "film"])
def test_ctrl_c_leaves_a_whole_film_of_what_was_done(name: str, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "zfdesk", "record", "pattern", "--seconds", "1000", "--what", "bars", "-o", name]
    with subprocess.Popen(
        [*command, "--size", "240"], cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "OMP_NUM_THREADS": "1"},
    ) as process:  # fmt: skip
        while not any(entry.name.endswith(".part") for entry in tmp_path.iterdir()):  # it has begun
            assert process.poll() is None, process.communicate()
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=120)
    assert process.returncode == 130, (out, err)
    count = len(facts_of(tmp_path / name)["frames"])
    assert err == f"zfdesk: Interrupted: the film ends after {count} frames.\n"
    assert out.startswith(f"Saved {name}: {count} frames")
    assert len(pictures_of(tmp_path / name)) == count >= 1
    assert not any(entry.name.startswith(".") for entry in tmp_path.iterdir())


_LONG = """
import sys
from zfdesk.cli import main

def resident():
    return next(int(line.split()[1]) // 1024 for line in open("/proc/self/status") if line.startswith("VmRSS"))

from zfdesk.film import FilmWriter
seen, put = [], FilmWriter.put
def counted(film, shot):
    seen.append(resident() if len(seen) % 500 == 0 else 0)
    return put(film, shot)
FilmWriter.put = counted
words = ["record", "pattern", "--what", "picture", "--size", "160", "--frames", "0:10000", "-o", sys.argv[1]]
assert main(words) == 0
print(*[size for size in seen if size])
"""


@pytest.mark.slow
@pytest.mark.timeout(7200)
@pytest.mark.skipif(sys.platform != "linux", reason="memory is read from /proc")
def test_ten_thousand_frames_take_no_more_memory_than_a_thousand(tmp_path: Path) -> None:
    result = subprocess.run(
        [sys.executable, "-c", _LONG, str(tmp_path / "long.mp4")], capture_output=True, text=True, check=True
    )
    sizes = [int(word) for word in result.stdout.split()[-20:]]
    assert len(sizes) == 20
    assert max(sizes[2:]) - sizes[2] < 60  # MB
