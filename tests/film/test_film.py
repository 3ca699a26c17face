"""Films read again with PyAV and Pillow: every frame, its time, its pixels, and what is told about it."""

from __future__ import annotations

import json
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image

from zfdesk.film import FORMATS, FilmError, FilmFrame, FilmWriter, Quality, Titles, form_of, mp4
from zfdesk.sources import read_picture
from zfdesk.sources.pattern import pattern_frame, pattern_number
from zfdesk.sources.video_pixels import rgb_pixels

NAMES = ("film.mp4", "film.webp", "film.gif", "film")
UNEVEN = (0.0, 0.04, 0.08, 0.2, 0.21, 0.5, 1.25)
TITLES = Titles("A clip · conv5:7", "ZFNet; weights <zfnet-v0> & more.", {"layer": "conv5"})
Read = list[tuple[np.ndarray, float, float]]  # pixels, from, until


def record(
    path: Path, frames: list[np.ndarray], times: tuple[float, ...] = (), end: float | None = None, **options: object
) -> FilmWriter:
    times = times or tuple(number / 25 for number in range(len(frames)))
    film = FilmWriter(path, TITLES, **options)  # type: ignore[arg-type]
    for number, (pixels, time) in enumerate(zip(frames, times, strict=True)):
        assert film.put(FilmFrame(pixels, time, {"source_frame": number, "class": "tabby"}))
    film.finish(end)
    film.wait()
    return film


def read_mp4(path: Path) -> Read:
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        base = float(stream.time_base)
        packets = {packet.pts: packet.duration for packet in container.demux(stream) if packet.pts is not None}
        container.seek(0)
        return [
            (rgb_pixels(frame), frame.pts * base, (frame.pts + packets[frame.pts]) * base)
            for frame in container.decode(stream)
        ]


def read_pillow(path: Path) -> Read:
    read, time = [], 0.0
    with Image.open(path) as image:
        for number in range(image.n_frames):
            image.seek(number)
            image.load()
            lasts = image.info["duration"] / 1000
            read.append((np.asarray(image.convert("RGB")), time, time + lasts))
            time += lasts
    return read


def read_folder(path: Path) -> Read:
    told = json.loads((path / "film.json").read_text(encoding="utf-8"))
    times = [line["time"] for line in told["frames"]] + [told["duration"]]
    files = sorted(path.glob("frame-*.png"))
    return [(read_picture(file), times[n], times[n + 1]) for n, file in enumerate(files)]


def read(path: Path) -> Read:
    match form_of(path):
        case "mp4":
            return read_mp4(path)
        case "png":
            return read_folder(path)
    return read_pillow(path)


def alone(folder: Path) -> list[str]:
    """What lies in the folder, hidden things too."""
    return sorted(entry.name for entry in folder.iterdir())


@pytest.mark.parametrize("name", NAMES)
def test_every_frame_comes_back_in_order_with_its_time(name: str, tmp_path: Path) -> None:
    frames = [pattern_frame(7 * number) for number in range(len(UNEVEN))]
    film = record(tmp_path / name, frames, UNEVEN, end=1.5)
    assert film.status.kept
    assert not film.status.error
    found = read(tmp_path / name)
    assert [pattern_number(pixels) for pixels, _, _ in found] == [7 * number for number in range(len(UNEVEN))]
    # a GIF counts hundredths of a second and needs two of them for a frame
    gif = name.endswith("gif")
    close = 0.011 if gif else 0.0006
    assert [begin for _, begin, _ in found] == pytest.approx(list(UNEVEN), abs=close)
    assert found[-1][2] == pytest.approx(1.5, abs=close)


@pytest.mark.parametrize(
    ("name", "mean", "most"),
    [("film.mp4", 1.5, 60), ("film.webp", 1.5, 60), ("film.gif", 3.0, 25), ("film", 0, 0)],
)
def test_pixels_are_close_to_what_was_given(name: str, mean: float, most: int, tmp_path: Path) -> None:
    rows, columns = np.indices((120, 160))
    frames = [np.stack([rows + 3 * shift, columns, 255 - rows], 2).clip(0, 255).astype(np.uint8) for shift in range(5)]
    record(tmp_path / name, frames, quality=Quality.BEST)
    for (pixels, _, _), given in zip(read(tmp_path / name), frames, strict=True):
        differs = np.abs(pixels.astype(int) - given)
        assert differs.mean() <= mean
        assert differs.max() <= most


def test_the_colours_of_an_mp4_are_tagged_as_they_are_coded(tmp_path: Path) -> None:
    red = np.zeros((720, 1280, 3), np.uint8)
    red[...] = 200, 30, 40
    small = red[:240, :320].copy()
    for frames in ([red] * 2, [small] * 2):  # untagged, players take other matrices for large than for small pictures
        record(tmp_path / "film.mp4", frames)
        for pixels, _, _ in read_mp4(tmp_path / "film.mp4"):
            assert np.abs(pixels.astype(int) - (200, 30, 40)).max() <= 3


def test_odd_sides_are_padded_and_nothing_is_distorted(tmp_path: Path) -> None:
    frames = [pattern_frame(number)[:239, :321].copy() for number in range(3)]
    record(tmp_path / "film.mp4", frames, quality=Quality.BEST)
    for (pixels, _, _), given in zip(read_mp4(tmp_path / "film.mp4"), frames, strict=True):
        assert pixels.shape == (240, 322, 3)
        assert np.abs(pixels[:239, :321].astype(int) - given).mean() < 2
        assert np.abs(pixels[239, :321].astype(int) - given[238]).mean() < 3
    for name in ("film.webp", "film.gif", "film"):
        record(tmp_path / name, frames)
        assert read(tmp_path / name)[2][0].shape == (239, 321, 3)


@pytest.mark.parametrize("name", ["film.webp", "film.gif"])
def test_only_what_changed_is_written_and_still_all_of_it_is_seen(name: str, tmp_path: Path) -> None:
    rng = np.random.default_rng(3)
    ground = (rng.integers(0, 4, (25, 38, 1)).repeat(3, 2) * 80).astype(np.uint8).repeat(8, 0).repeat(8, 1)[:, :300]
    frames = []
    for number in range(6):
        pixels = ground.copy()
        pixels[20 + 31 * number : 33 + 31 * number, 41 * number : 9 + 41 * number] = (255, 0, 40 * number)
        frames.append(pixels)
    frames.insert(3, frames[2])  # and one in which nothing changes
    record(tmp_path / name, frames, quality=Quality.BEST)
    whole = (tmp_path / name).stat().st_size
    for (pixels, _, _), given in zip(read(tmp_path / name), frames, strict=True):
        assert np.abs(pixels.astype(int) - given).mean() < (0.01 if name.endswith("gif") else 3)
    record(tmp_path / name, frames[:1], quality=Quality.BEST)
    assert whole < 2 * (tmp_path / name).stat().st_size


def test_a_gif_keeps_grounds_exactly_white_and_few_colours_exactly(tmp_path: Path) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (60, 80, 3)).astype(np.uint8)
    page = np.full((120, 160, 3), 255, np.uint8)
    page[30:90, 40:120] = noise
    record(tmp_path / "film.gif", [page])
    found = read_pillow(tmp_path / "film.gif")[0][0]
    assert (found[:25] == 255).all()


def test_a_gif_of_a_large_picture_keeps_its_colours(tmp_path: Path) -> None:
    """They are chosen from a part of its pixels: from all over it, and what is smooth stays so."""
    y, x = np.mgrid[:600, :900]
    large = np.stack([x * 255 // 899, y * 255 // 599, (x + y) % 512 // 2], 2).astype(np.uint8)
    large[40:60, 40:60] = (255, 176, 0)
    record(tmp_path / "film.gif", [large])
    found = read_pillow(tmp_path / "film.gif")[0][0].astype(int)
    smooth = found.reshape(60, 10, 90, 10, 3).mean((1, 3)) - large.astype(int).reshape(60, 10, 90, 10, 3).mean((1, 3))
    assert np.abs(smooth).mean() < 4
    assert np.abs(found[45:55, 45:55] - (255, 176, 0)).max() == 0


@pytest.mark.parametrize("name", NAMES)
def test_what_it_is_stands_in_the_film_and_beside_it(name: str, tmp_path: Path) -> None:
    film = FilmWriter(tmp_path / name, TITLES)
    film.drag_path = b'{"format": "zfdesk-path-1"}\n'
    with film:
        for number in range(3):
            film.put(
                FilmFrame(pattern_frame(number), number / 25, {"class": "tabby, or moggy", "occluders": [{"top": 3}]})
            )
    told = json.loads(film.facts_file.read_text(encoding="utf-8"))
    assert {key: told[key] for key in ("format", "film", "title", "mode", "width", "height", "dropped", "layer")} == {
        "format": "zfdesk-film-1", "film": name, "title": TITLES.title, "mode": "every frame", "width": 640,
        "height": 480, "dropped": 0, "layer": "conv5",
    }  # fmt: skip
    assert told["duration"] == pytest.approx(3 / 25)
    assert told["frames"][2] == {
        "number": 2, "time": 0.08, "class": "tabby, or moggy", "occluders": [{"top": 3}],
    }  # fmt: skip
    assert film.drag_path_file.read_bytes() == film.drag_path
    match form_of(name):
        case "mp4":
            with av.open(str(tmp_path / name)) as container:
                assert container.metadata["title"] == TITLES.title
                assert container.metadata["comment"] == TITLES.comment
        case "webp":
            with Image.open(tmp_path / name) as image:
                xmp = image.info["xmp"].decode()
            assert TITLES.title in xmp
            assert "&lt;zfnet-v0&gt; &amp; more." in xmp
        case "gif":
            with Image.open(tmp_path / name) as image:
                assert image.info["comment"].decode() == f"{TITLES.title}\n{TITLES.comment}"
        case _:
            with Image.open(tmp_path / name / "frame-000003.png") as image:
                text = image.text
            assert text["Title"] == TITLES.title
            assert text["class"] == "tabby, or moggy"
            assert json.loads(text["occluders"]) == [{"top": 3}]


def test_a_live_film_is_coded_too(tmp_path: Path) -> None:
    record(tmp_path / "film.mp4", [pattern_frame(number) for number in range(5)], live=True)
    assert [pattern_number(pixels) for pixels, _, _ in read_mp4(tmp_path / "film.mp4")] == [0, 1, 2, 3, 4]


def test_without_h264_mpeg4_takes_its_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mp4, "CODECS", ("libnowhere", "mpeg4"))
    assert record(
        tmp_path / "film.mp4", [pattern_frame(number) for number in range(9)], (*UNEVEN, 1.3, 1.4)
    ).status.kept
    found = read_mp4(tmp_path / "film.mp4")
    assert [pattern_number(pixels) for pixels, _, _ in found] == list(range(9))
    assert [begin for _, begin, _ in found] == pytest.approx([*UNEVEN, 1.3, 1.4], abs=1e-3)
    monkeypatch.setattr(mp4, "CODECS", ("libnowhere",))
    film = record(tmp_path / "other.mp4", [pattern_frame(0)])
    assert film.status.sentence.startswith("other.mp4 could not be written: PyAV has no encoder for MP4 here")


def test_names() -> None:
    assert [form_of(name) for name in ("a.mp4", "A.GIF", "b.webp", "folder", "x.y/z")] == [
        "mp4", "gif", "webp", "png", "png",
    ]  # fmt: skip
    assert set(FORMATS) == {"mp4", "webp", "gif", "png"}
    for name in ("a.avi", "a.png", "a.mp4.zip"):
        with pytest.raises(FilmError, match=r"ends in \.mp4, \.webp or \.gif"):
            form_of(name)
