"""Clips as people bring them: mirrored by a front camera, with packets of no bytes, or pictures that move."""

import struct
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image

from zfdesk.sources import Source, SourceError, SourceReference, Transport, open_source, parse_source
from zfdesk.sources.clip import open_clip
from zfdesk.sources.clip_reader import ClipReader
from zfdesk.sources.stepped import step_through

from .collector import check_sentence, gray_of, number_in, started, write_clip
from .test_clip import CORNERS

LETTERS = {(1, 0, 0): "r", (0, 1, 0): "g", (0, 0, 1): "b", (1, 1, 1): "w"}

MATRICES = {
    # a, b, c, d: a pixel goes from (x, y) to (ax + cy, bx + dy); what stands in the corners then, row by row
    "as it is": (1, 0, 0, 1, "rgbw"),
    "mirrored": (-1, 0, 0, 1, "grwb"),
    "upside down": (1, 0, 0, -1, "bwrg"),
    "half a turn": (-1, 0, 0, -1, "wbgr"),
    "a quarter clockwise": (0, 1, -1, 0, "brwg"),
    "a quarter anticlockwise": (0, -1, 1, 0, "gwrb"),
    "transposed": (0, 1, 1, 0, "rbgw"),
    "transposed the other way": (0, -1, -1, 0, "wgbr"),
}


def with_matrix(clip: bytes, a: int, b: int, c: int, d: int) -> bytes:
    """An MP4 whose track is displayed by this matrix."""
    data, one = bytearray(clip), 65536
    place = data.find(b"tkhd") + 4 + 4 + 20 + 16
    data[place : place + 36] = struct.pack(">9i", a * one, b * one, 0, c * one, d * one, 0, 0, 0, 1 << 30)
    return bytes(data)


@pytest.mark.parametrize("name", MATRICES)
def test_the_whole_display_matrix_is_applied(name: str, tmp_path: Path) -> None:
    *matrix, expected = MATRICES[name]
    path = write_clip(tmp_path / "clip.mp4", codec="libx264", pixel_format="yuv444p", picture=CORNERS, count=2)
    path.write_bytes(with_matrix(path.read_bytes(), *matrix))
    pixels = ClipReader(path).pixels()
    assert pixels.shape[:2] == ((48, 64) if matrix[0] else (64, 48))
    shown = "".join(LETTERS[tuple(int(value > 127) for value in pixels[y, x])] for y in (5, -5) for x in (5, -5))
    assert shown == expected


def write_repeats(path: Path, codec: str, options: dict[str, str]) -> None:
    """Ten tenths of a second; the frames 2, 3 and 5 to 9 are packets without a byte."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=10)
        stream.width, stream.height, stream.pix_fmt, stream.options = 64, 48, "yuv420p", options
        stream.time_base = stream.codec_context.time_base = Fraction(1, 10)
        packets = []
        for number in (0, 1, 4):
            frame = av.VideoFrame.from_ndarray(np.full((48, 64, 3), gray_of(number), np.uint8), format="rgb24")
            frame.pts, frame.time_base = number, Fraction(1, 10)
            packets += stream.encode(frame)
        packets += stream.encode(None)
        for number in (2, 3, 5, 6, 7, 8, 9):
            packet = av.Packet(b"")
            packet.pts = packet.dts = number
            packet.time_base, packet.stream, packet.duration = Fraction(1, 10), stream, 1
            packets.append(packet)
        for packet in sorted(packets, key=lambda packet: packet.dts * packet.time_base):
            container.mux(packet)


@pytest.mark.parametrize(("codec", "options"), [("mpeg4", {}), ("libx264", {"bf": "2"})])
def test_a_packet_without_a_byte_repeats_the_frame(codec: str, options: dict[str, str], tmp_path: Path) -> None:
    write_repeats(tmp_path / "repeats.nut", codec, options)
    reference = SourceReference("clip", str(tmp_path / "repeats.nut"))
    taken = list(step_through(reference).pictures(0, pytest.fail))
    assert [picture.time for picture in taken] == pytest.approx([n / 10 for n in range(10)])
    shown = [round((picture.pixels.mean() - 16) / 8) for picture in taken]
    assert shown == [0, 1, 1, 1, 4, 4, 4, 4, 4, 4]
    reader = ClipReader(reference.location)
    assert reader.frame_at(0.35).time == pytest.approx(0.3)
    assert reader.frame_at(0.0).time == 0
    assert reader.frame_at(5.0).time == pytest.approx(0.9)
    assert reader.end == pytest.approx(1.0)
    assert reader.move(-3).time == pytest.approx(0.6)
    assert not reader.damaged
    reader.close()


# Pictures that move


def frames(count: int = 12) -> list[Image.Image]:
    return [Image.new("RGB", (64, 48), (gray_of(number),) * 3) for number in range(count)]


def write_animation(path: Path, durations: list[int] | int = 100, count: int = 12) -> Path:
    options: dict[str, object] = {".webp": {"lossless": True}, ".avif": {"quality": 95}}.get(path.suffix, {})
    first, *others = frames(count)
    first.save(path, save_all=True, append_images=others, duration=durations, **options)
    return path


ANIMATED = ["moving.webp", "moving.png", "moving.apng", "moving.avif"]


@pytest.mark.parametrize("name", ANIMATED)
def test_an_animated_picture_is_a_clip(name: str, tmp_path: Path) -> None:
    reference = parse_source(str(write_animation(tmp_path / name)))
    assert reference.kind == "clip"
    source = open_source(reference)
    source.pause()
    collector = started(source)
    collector.wait_for_frames(1)
    forwards = collector.after(source, *[lambda: source.step(1)] * 13)
    backwards = collector.after(source, *[lambda: source.step(-1)] * 3)
    leaps = collector.after(source, lambda: source.seek(0.55), lambda: source.seek(99), lambda: source.seek(-1))
    state = transport_of(source)
    source.stop()
    assert number_in(collector.frames[0]) == 0
    assert [number_in(frame) for frame in forwards] == [*range(1, 12), 11, 11]
    assert [number_in(frame) for frame in backwards] == [10, 9, 8]
    assert [number_in(frame) for frame in leaps] == [5, 11, 0]
    assert (state.index, state.count, state.duration) == (0, 12, pytest.approx(1.2))
    assert not collector.troubles


def transport_of(source: Source) -> Transport:
    transport = source.transport
    assert transport is not None
    return transport


@pytest.mark.parametrize("name", ["moving.webp", "moving.png", "moving.avif"])
def test_uneven_frames_keep_their_times(name: str, tmp_path: Path) -> None:
    path = write_animation(tmp_path / name, [40, 200, 100, 60], 4)
    taken = list(step_through(parse_source(str(path))).pictures(0, pytest.fail))
    assert [picture.time for picture in taken] == pytest.approx([0, 0.04, 0.24, 0.34])
    assert [round((picture.pixels.mean() - 16) / 8) for picture in taken] == [0, 1, 2, 3]


def test_an_animated_picture_keeps_its_transparency(tmp_path: Path) -> None:
    for name in ("moving.webp", "moving.png", "moving.avif"):
        shown = [Image.new("RGBA", (16, 16), (200, 0, 0, alpha)) for alpha in (0, 128, 255)]
        shown[0].save(tmp_path / name, save_all=True, append_images=shown[1:], duration=100)
        taken = list(step_through(parse_source(str(tmp_path / name))).pictures(0, pytest.fail))
        seen = [picture.pixels[8, 8].tolist() for picture in taken]
        np.testing.assert_allclose(seen, [(255, 255, 255), (227, 127, 127), (200, 0, 0)], atol=6)


def test_the_still_in_front_of_an_animated_png_is_not_part_of_it(tmp_path: Path) -> None:
    first, *others = frames(4)
    first.save(tmp_path / "a.png", save_all=True, append_images=others, default_image=True, duration=100)
    reader = open_clip(tmp_path / "a.png")
    assert (reader.count, reader.claimed_duration) == (3, pytest.approx(0.3))
    assert round((reader.pixels().mean() - 16) / 8) == 1
    reader.close()


@pytest.mark.parametrize("damage", [lambda data: data[: len(data) * 2 // 3]])
def test_an_animation_cut_short_shows_what_there_is_or_is_refused(
    damage: Callable[[bytes], bytes], tmp_path: Path
) -> None:
    noise = np.random.default_rng(0)
    shown = [Image.fromarray(noise.integers(0, 256, (32, 32, 3), np.uint8)) for _ in range(6)]
    for name in ("moving.webp", "moving.png"):
        shown[0].save(tmp_path / name, save_all=True, append_images=shown[1:], duration=100)
        (tmp_path / name).write_bytes(damage((tmp_path / name).read_bytes()))
        told: list[str] = []
        try:
            stepped = step_through(parse_source(str(tmp_path / name)))
        except SourceError as error:
            check_sentence(str(error))
            continue
        assert 1 <= len(list(stepped.pictures(0, told.append))) < 6
        assert len(told) == 1
        assert "damaged" in told[0]


def test_what_record_writes_can_be_read_back(tmp_path: Path) -> None:
    from zfdesk.film import FilmFrame, FilmWriter, Titles

    film = FilmWriter(tmp_path / "film.webp", Titles("a title"), 10.0)
    for number in range(5):
        film.put(FilmFrame(np.full((48, 64, 3), gray_of(number), np.uint8), number / 10))
    film.finish()
    film.wait()
    taken = list(step_through(parse_source(str(tmp_path / "film.webp"))).pictures(0, pytest.fail))
    assert [round((picture.pixels.mean() - 16) / 8) for picture in taken] == [0, 1, 2, 3, 4]
    assert [picture.time for picture in taken] == pytest.approx([0, 0.1, 0.2, 0.3, 0.4])
