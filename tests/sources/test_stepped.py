"""Every frame of a source, in order, as slowly as one likes."""

from itertools import islice
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image

from zfdesk.sources import SourceError, SourceReference
from zfdesk.sources.demo import demo_frame
from zfdesk.sources.pattern import pattern_number
from zfdesk.sources.stepped import Stepped, TimedPicture, step_through

from .collector import number_in, write_clip

UNEVEN = (0, 40, 80, 200, 220, 500)  # milliseconds


def taken(source: Stepped, first: int = 0) -> tuple[list[TimedPicture], list[str]]:
    said: list[str] = []
    return list(source.pictures(first, said.append)), said


@pytest.mark.parametrize("name", ["h264.mp4", "mpeg4.avi", "moving.gif"])
def test_a_clip_gives_every_frame_once_in_order(name: str, tmp_path: Path) -> None:
    kind = {"h264.mp4": ("libx264", "yuv420p"), "mpeg4.avi": ("mpeg4", "yuv420p"), "moving.gif": ("gif", "gray")}
    codec, pixels = kind[name]
    path = write_clip(tmp_path / name, codec=codec, pixel_format=pixels)
    with av.open(str(path)) as container:
        count = sum(1 for _ in container.decode(video=0))
    source = step_through(SourceReference("clip", str(path)))
    pictures, said = taken(source)
    assert [number_in(picture) for picture in pictures] == list(range(count))
    assert [picture.number for picture in pictures] == list(range(count))
    assert [picture.time for picture in pictures] == pytest.approx([number / 10 for number in range(count)], abs=0.002)
    assert (source.paced, source.still, source.endless, said) == (True, False, False, [])
    assert not pictures[0].pixels.flags.writeable


def test_a_clip_from_the_middle_begins_at_zero(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "clip.mp4", codec="libx264")
    pictures, _ = taken(step_through(SourceReference("clip", str(path))), 17)
    assert number_in(pictures[0]) == 17
    assert pictures[0].time == 0.0
    assert pictures[1].time == pytest.approx(0.1)
    assert taken(step_through(SourceReference("clip", str(path))), 10_000) == ([], [])


def test_a_clip_of_uneven_frames_keeps_their_times(tmp_path: Path) -> None:
    frames = [Image.new("L", (32, 32), 10 * number) for number in range(len(UNEVEN))]
    lasts = [after - before for before, after in zip(UNEVEN, (*UNEVEN[1:], 600), strict=True)]
    frames[0].save(tmp_path / "clip.gif", save_all=True, append_images=frames[1:], duration=lasts)
    pictures, _ = taken(step_through(SourceReference("clip", str(tmp_path / "clip.gif"))))
    assert [picture.time for picture in pictures] == pytest.approx([time / 1000 for time in UNEVEN])


def test_a_clip_that_is_cut_short_gives_what_there_is(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "clip.mkv", codec="mpeg4", gop=1)
    path.write_bytes(path.read_bytes()[: path.stat().st_size * 6 // 10])
    pictures, said = taken(step_through(SourceReference("clip", str(path))))
    assert [number_in(picture) for picture in pictures] == list(range(len(pictures)))
    assert 3 < len(pictures) < 20
    assert all("damaged" in sentence for sentence in said)


def test_a_folder_gives_its_pictures_and_passes_over_what_is_none(tmp_path: Path) -> None:
    for number in (1, 2, 10):
        Image.new("RGB", (20, 20), (number, 0, 0)).save(tmp_path / f"picture{number}.png")
    (tmp_path / "picture3.png").write_bytes(b"no picture")
    source = step_through(SourceReference("folder", str(tmp_path)))
    pictures, said = taken(source)
    assert [int(picture.pixels[0, 0, 0]) for picture in pictures] == [1, 2, 10]
    assert [picture.number for picture in pictures] == [0, 1, 3]
    assert [picture.file for picture in pictures] == ["picture1.png", "picture2.png", "picture10.png"]
    assert len(said) == 1
    assert said[0].startswith("picture3.png")
    assert (source.count, source.paced) == (4, False)
    (tmp_path / "empty").mkdir()
    with pytest.raises(SourceError, match="no pictures"):
        step_through(SourceReference("folder", str(tmp_path / "empty")))


def test_what_is_made_has_no_end() -> None:
    pattern = step_through(SourceReference("pattern"))
    pictures = list(islice(pattern.pictures(5, print), 4))
    assert [pattern_number(picture.pixels) for picture in pictures] == [5, 6, 7, 8]
    assert [picture.time for picture in pictures] == pytest.approx([0, 1 / 30, 2 / 30, 3 / 30])
    demo = step_through(SourceReference("demo"))
    assert demo.endless
    shown = next(demo.pictures(90, print))
    assert np.array_equal(shown.pixels, demo_frame(3.0))


def test_one_picture_is_still(tmp_path: Path) -> None:
    Image.new("RGB", (20, 20), (9, 8, 7)).save(tmp_path / "one.png")
    source = step_through(SourceReference("picture", str(tmp_path / "one.png")))
    pictures, _ = taken(source)
    assert source.still
    assert [(picture.number, picture.time) for picture in pictures] == [(0, 0.0)]


@pytest.mark.parametrize("kind", ["camera", "pasted"])
def test_a_camera_waits_for_nobody(kind: str) -> None:
    with pytest.raises(SourceError, match="wait for nobody: record it live"):
        step_through(SourceReference(kind))
