"""A folder of pictures."""

import os
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from zfdesk.sources import Frame, SourceError, SourceReference, open_source, parse_source
from zfdesk.sources import folder as folder_module
from zfdesk.sources.folder import pictures_in

from .collector import check_frame, check_sentence, started


def put(folder: Path, name: str, gray: int) -> None:
    Image.new("L", (8, 8), gray).save(folder / name)


def gray(frame: Frame) -> int:
    return int(frame.pixels[0, 0, 0])


def test_natural_order(tmp_path: Path) -> None:
    names = ["10.png", "2.png", "img10.jpg", "img2.JPG", "Img1.png", "img02.png", "a1b10.gif", "a1b9.gif", "img.png"]
    for name in [*names, "notes.txt", ".hidden.png"]:
        (tmp_path / name).touch()
    expected = ["2.png", "10.png", "a1b9.gif", "a1b10.gif", "Img1.png", "img2.JPG", "img02.png", "img10.jpg", "img.png"]
    assert pictures_in(tmp_path) == expected


def test_next_and_previous_wrap_around(tmp_path: Path) -> None:
    for name, value in (("img10.png", 30), ("img2.png", 20), ("img1.png", 10)):
        put(tmp_path, name, value)
    source = open_source(parse_source(str(tmp_path)))
    collector = started(source)
    first = collector.wait_for_frames(1)[0]
    check_frame(first)
    rest = collector.after(
        source, source.next, source.next, source.next, source.previous, source.previous, source.previous
    )
    assert [gray(frame) for frame in [first, *rest]] == [10, 20, 30, 10, 30, 20, 10]
    assert [frame.number for frame in collector.frames] == list(range(7))
    name = tmp_path.name
    assert [frame.origin for frame in collector.frames[:3]] == [f"{name}/img{one}.png" for one in (1, 2, 10)]
    assert {frame.source for frame in collector.frames} == {name}
    assert collector.frames[2].number_text == "frame 2 · img10.png"
    collector.after(source, lambda: source.step(2))
    transport = source.transport
    assert transport is not None
    assert (transport.index, transport.count, transport.playing) == (2, 3, False)
    source.stop()
    assert not collector.troubles


def test_unreadable_files_are_passed_over_and_told_of_once(tmp_path: Path) -> None:
    put(tmp_path, "3.png", 30)
    put(tmp_path, "5.png", 50)
    (tmp_path / "1.png").touch()
    (tmp_path / "2.png").mkdir()
    (tmp_path / "4.png").write_bytes((tmp_path / "3.png").read_bytes()[:40])
    (tmp_path / "6.jpg").write_text("text")
    source = open_source(SourceReference("folder", str(tmp_path)))
    collector = started(source)
    first = collector.wait_for_frames(1)[0]
    rest = collector.after(source, source.next, source.next, source.next, source.previous, source.previous)
    source.stop()
    assert [gray(frame) for frame in [first, *rest]] == [30, 50, 30, 50, 30, 50]
    assert [frame.file for frame in [first, *rest]] == ["3.png", "5.png"] * 3  # what is shown, not what was asked for
    assert [sentence.split()[0] for sentence in collector.troubles] == ["1.png", "2.png", "4.png", "6.jpg"]
    for sentence in collector.troubles:
        check_sentence(sentence)


def test_a_picture_that_vanishes(tmp_path: Path) -> None:
    for number in (1, 2, 3):
        put(tmp_path, f"{number}.png", number)
    source = open_source(SourceReference("folder", str(tmp_path)))
    collector = started(source)
    collector.wait_for_frames(1)
    (tmp_path / "2.png").unlink()
    assert gray(collector.after(source, source.next)[0]) == 3
    assert collector.troubles == ["2.png does not exist."]
    (tmp_path / "1.png").unlink()
    (tmp_path / "3.png").unlink()
    source.next()
    assert collector.wait_for_trouble(4)[-1] == f"{tmp_path.name} has no picture that can be read."
    put(tmp_path, "1.png", 7)  # the source lives on, though it does not ask again for what it could not read
    source.stop()


def test_a_slide_show(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(folder_module, "SLIDE_SECONDS", 0.1)
    for number in range(1, 6):
        put(tmp_path, f"{number}.png", number)
    (tmp_path / "3.png").write_text("text")
    (tmp_path / "5.png").write_text("text")
    source = open_source(SourceReference("folder", str(tmp_path)))
    collector = started(source)
    collector.wait_for_frames(1)
    source.play()
    frames = list(collector.wait_for_frames(8))
    source.stop()
    assert [gray(frame) for frame in frames[:8]] == [1, 2, 4, 1, 2, 4, 1, 2]
    # Each stays its time, also after one that was passed over; a busy machine can only make it longer.
    assert np.diff([frame.time for frame in frames[1:8]]).min() > 0.05


def test_a_folder_without_pictures(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="has no picture that can be read"):
        open_source(SourceReference("folder", str(tmp_path)))
    (tmp_path / "a.png").touch()
    (tmp_path / "b.txt").write_text("text")
    with pytest.raises(SourceError, match="has no picture that can be read"):
        open_source(SourceReference("folder", str(tmp_path)))
    with pytest.raises(SourceError, match="does not exist"):
        open_source(SourceReference("folder", str(tmp_path / "missing")))
    with pytest.raises(SourceError, match=r"b\.txt is not a folder"):
        open_source(SourceReference("folder", str(tmp_path / "b.txt")))
    with pytest.raises(SourceError, match="a part of its path is a file"):
        open_source(SourceReference("folder", str(tmp_path / "b.txt" / "c")))


def test_a_large_folder_opens_fast(tmp_path: Path) -> None:
    put(tmp_path, "0.png", 5)
    for number in range(1, 20_000):
        os.mknod(tmp_path / f"{number}.png")
    before = time.perf_counter()
    source = open_source(SourceReference("folder", str(tmp_path)))
    assert time.perf_counter() - before < 2.0  # 0.15 s on two quiet cores; 0.8 s for 100,000
    assert source.transport is not None
    assert source.transport.count == 20_000
