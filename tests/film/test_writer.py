"""What can go wrong with a film: slow encoders, full disks, folders that vanish, a process that is killed."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from test_film import alone, read, record

from zfdesk.film import FilmError, FilmFrame, FilmWriter, Titles, disk, writer
from zfdesk.film.animations import Gif
from zfdesk.film.formats import ENCODERS
from zfdesk.film.pngs import Pngs
from zfdesk.sources.pattern import pattern_frame, pattern_number

NAMES = ("film.mp4", "film.webp", "film.gif", "film")
NOISE = [np.random.default_rng(number).integers(0, 256, (240, 320, 3)).astype(np.uint8) for number in range(40)]


class SlowGif(Gif):
    """Waits with every frame until the test lets it go on."""

    gate = threading.Semaphore(0)

    def add(self, *frame: object) -> None:
        assert self.gate.acquire(timeout=20)
        super().add(*frame)  # type: ignore[arg-type]


@pytest.fixture
def slow(monkeypatch: pytest.MonkeyPatch) -> threading.Semaphore:
    SlowGif.gate = threading.Semaphore(0)
    monkeypatch.setitem(ENCODERS, "gif", SlowGif)  # type: ignore[arg-type]
    return SlowGif.gate


def filled(film: FilmWriter) -> int:
    """Offer frames until one finds no room; how many were taken."""
    for number in range(100):
        if not film.offer(FilmFrame(pattern_frame(number), number / 25)):
            return number
    raise AssertionError("there is always room")


def test_live_what_finds_no_room_is_dropped_and_counted(slow: threading.Semaphore, tmp_path: Path) -> None:
    film = FilmWriter(tmp_path / "film.gif", Titles(), live=True)
    taken = filled(film)
    assert taken <= writer.MOST_WAITING + 1
    for number in range(4):
        assert not film.offer(FilmFrame(pattern_frame(200 + number), 8.0))
    slow.release(100)
    film.finish(taken / 25)
    status = film.wait()
    assert (status.frames, status.dropped) == (taken, 5)
    assert status.sentence.endswith("5 dropped.")
    assert [pattern_number(pixels) for pixels, _, _ in read(tmp_path / "film.gif")] == list(range(taken))


@pytest.mark.parametrize("live", [False, True])
def test_a_program_that_ends_does_not_wait_for_what_waits(
    slow: threading.Semaphore, tmp_path: Path, live: bool
) -> None:
    film = FilmWriter(tmp_path / "film.gif", Titles(), live=live)
    taken = filled(film)
    slow.release(1)
    while not film.status.frames:
        time.sleep(0.005)
    film.finish_at_once()
    slow.release(100)
    status = film.wait()
    assert status.kept
    assert 1 <= status.frames <= 2 < taken  # one was being written
    assert status.frames + status.dropped == taken + 1
    assert len(read(tmp_path / "film.gif")) == status.frames


def test_a_program_that_ends_does_not_wait_for_what_is_being_drawn(tmp_path: Path) -> None:
    drawing, drawn = threading.Event(), threading.Event()

    def draw() -> np.ndarray:
        drawing.set()
        assert drawn.wait(60)
        return pattern_frame(1)

    with FilmWriter(tmp_path / "film.gif", Titles(), live=True) as film:
        assert film.offer(FilmFrame(pattern_frame(0), 0.0))
        assert film.offer(FilmFrame(draw, 0.04))
        assert drawing.wait(60)
        film.finish_at_once()
        drawn.set()
        status = film.wait()
    assert (status.kept, status.frames, status.dropped) == (True, 1, 1)


def test_live_no_more_waits_than_is_written_soon(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A program that is closed ends when they are written."""

    class Heavy(Gif):
        def add(self, *frame: object) -> None:
            time.sleep(0.1)
            super().add(*frame)  # type: ignore[arg-type]

    monkeypatch.setitem(ENCODERS, "gif", Heavy)  # type: ignore[arg-type]
    film = FilmWriter(tmp_path / "film.gif", Titles(), live=True)
    assert film.offer(FilmFrame(pattern_frame(0), 0.0))
    while not film.status.frames:
        time.sleep(0.005)
    assert 1 <= filled(film) <= writer.MOST_WAITING_SECONDS / 0.1 + 1  # one is being written
    film.finish()
    assert film.wait().kept


def test_frame_by_frame_it_waits_and_nothing_is_dropped(slow: threading.Semaphore, tmp_path: Path) -> None:
    film = FilmWriter(tmp_path / "film.gif", Titles())
    done = threading.Event()

    def give() -> None:
        for number in range(30):
            assert film.put(FilmFrame(pattern_frame(number), number / 25))
        done.set()

    giver = threading.Thread(target=give)
    giver.start()
    assert not done.wait(0.3)  # nobody takes them
    slow.release(100)
    assert done.wait(60)
    giver.join()
    film.finish()
    assert film.wait().frames == 30
    assert [pattern_number(pixels) for pixels, _, _ in read(tmp_path / "film.gif")] == list(range(30))


def test_pictures_may_be_drawn_in_the_films_thread(tmp_path: Path) -> None:
    threads = set()

    def draw(number: int) -> Callable[[], np.ndarray]:
        def drawn() -> np.ndarray:
            threads.add(threading.current_thread().name)
            return pattern_frame(number)

        return drawn

    with FilmWriter(tmp_path / "film.gif", Titles()) as film:
        for number in range(8):
            film.put(FilmFrame(draw(number), number / 25))
    assert threads == {"zfdesk-film"}
    assert len(read(tmp_path / "film.gif")) == 8


def test_a_picture_that_cannot_be_drawn_ends_the_film_and_what_was_before_is_kept(tmp_path: Path) -> None:
    def fail() -> np.ndarray:
        raise ValueError("The panels do not fit a page of this size.")

    film = FilmWriter(tmp_path / "film.gif", Titles())
    for number in range(3):
        film.put(FilmFrame(pattern_frame(number), number / 25))
    film.put(FilmFrame(fail, 1.0))
    film.finish()
    status = film.wait()
    assert status.error
    assert status.sentence.startswith("The recording ended early: The panels do not fit a page of this size. Saved")
    assert len(read(tmp_path / "film.gif")) == 3
    first = FilmWriter(tmp_path / "other.gif", Titles())
    first.put(FilmFrame(fail, 0.0))
    first.finish()
    assert "nothing was recorded" in first.wait().sentence
    assert not (tmp_path / "other.gif").exists()


def test_another_size_ends_the_film(tmp_path: Path) -> None:
    film = FilmWriter(tmp_path / "film.gif", Titles())
    film.put(FilmFrame(pattern_frame(0), 0.0))
    film.put(FilmFrame(pattern_frame(1)[:100], 0.04))
    film.finish()
    assert "all frames of a film are uint8 (480, 640, 3)" in film.wait().sentence
    assert len(read(tmp_path / "film.gif")) == 1


def test_without_a_frame_there_is_no_film(tmp_path: Path) -> None:
    with FilmWriter(tmp_path / "film.mp4", Titles()) as film:
        pass
    assert film.status.sentence == "There was no frame to record: no film was made."
    assert alone(tmp_path) == []


# Places


@pytest.mark.parametrize("name", NAMES)
def test_nothing_lies_under_the_name_before_the_end_and_nothing_else_after_it(name: str, tmp_path: Path) -> None:
    film = FilmWriter(tmp_path / name, Titles())
    for number in range(5):
        film.put(FilmFrame(pattern_frame(number), number / 25))
        assert not (tmp_path / name).exists()
    film.finish()
    film.wait()
    assert alone(tmp_path) == (["film"] if name == "film" else [name, f"{name}.json"])


def test_an_older_film_stays_until_the_new_one_is_whole(tmp_path: Path) -> None:
    (tmp_path / "film.gif").write_bytes(b"old")
    film = FilmWriter(tmp_path / "film.gif", Titles())
    film.put(FilmFrame(pattern_frame(0), 0.0))
    assert (tmp_path / "film.gif").read_bytes() == b"old"
    film.finish()
    assert film.wait().kept
    assert len(read(tmp_path / "film.gif")) == 1


def test_an_empty_folder_is_filled_and_a_full_one_refused(tmp_path: Path) -> None:
    (tmp_path / "film").mkdir()
    assert record(tmp_path / "film", NOISE[:2]).status.kept
    with pytest.raises(FilmError, match="film is there already, a folder with something in it"):
        FilmWriter(tmp_path / "film", Titles())
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(FilmError, match="a file: choose another name"):
        FilmWriter(tmp_path / "file", Titles())


def test_places_that_cannot_be_are_told_before_anything_is_recorded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(FilmError, match="does not exist"):
        FilmWriter(tmp_path / "nowhere" / "film.mp4", Titles())
    (tmp_path / "film.mp4").mkdir()
    with pytest.raises(FilmError, match="it is no file"):
        FilmWriter(tmp_path / "film.mp4", Titles())
    with pytest.raises(FilmError, match="ends in"):
        FilmWriter(tmp_path / "film.avi", Titles())
    monkeypatch.setattr(disk, "free_bytes", lambda folder: 5 << 20)
    with pytest.raises(FilmError, match="only 5 MB of disk are free"):
        FilmWriter(tmp_path / "film.webp", Titles())
    monkeypatch.setattr(disk, "free_bytes", lambda folder: 5 << 30)
    monkeypatch.setattr(os, "access", lambda place, mode: False)
    with pytest.raises(FilmError, match="there is no permission to write"):
        FilmWriter(tmp_path / "film.webp", Titles())
    assert not any(thread.name == "zfdesk-film" for thread in threading.enumerate())


# Full disks


@pytest.mark.parametrize("name", NAMES)
def test_when_little_disk_is_left_the_film_ends_and_is_whole(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writer, "LOOK_AT_DISK_SECONDS", 0.0)
    film = FilmWriter(tmp_path / name, Titles())
    for number in range(3):
        film.put(FilmFrame(pattern_frame(number), number / 25))
    monkeypatch.setattr(disk, "free_bytes", lambda folder: 1 << 20)
    number = 3
    while film.put(FilmFrame(pattern_frame(number), number / 25)):
        number += 1
        assert number < 100
    status = film.wait()
    assert status.kept
    assert status.error
    assert status.sentence.startswith(
        f"The disk is full: the recording ended there. Saved {name}: {status.frames} frame"
    )
    assert [pattern_number(pixels) for pixels, _, _ in read(tmp_path / name)] == list(range(status.frames))


class Limited:
    """A disk with so much room, shared by all files that are written through it."""

    def __init__(self, room: int) -> None:
        self.room = room
        self.reserved = 0

    def limit_files(self, monkeypatch: pytest.MonkeyPatch) -> None:
        put, give_up, keep = disk.ReservedFile.put, disk.ReservedFile.release_room, disk.ReservedFile.reserve_room

        def limited(file: disk.ReservedFile, view: memoryview) -> int:
            if self.room <= 0:
                raise OSError(errno.ENOSPC, "No space left on device")
            part = view[: self.room]  # the last write on a full disk is a short one
            written = put(file, part)
            self.room -= written
            return written

        def kept(file: disk.ReservedFile, reserve: int) -> None:
            keep(file, reserve)
            self.reserved = reserve
            self.room -= reserve

        def given_up(file: disk.ReservedFile) -> None:
            give_up(file)
            self.room, self.reserved = self.room + self.reserved, 0

        monkeypatch.setattr(disk.ReservedFile, "put", limited)
        monkeypatch.setattr(disk.ReservedFile, "reserve_room", kept)
        monkeypatch.setattr(disk.ReservedFile, "release_room", given_up)


@pytest.mark.parametrize("name", ["film.mp4", "film.webp", "film.gif"])
def test_a_write_that_finds_the_disk_full_still_leaves_a_whole_film(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    limited = Limited((17 << 20 if name == "film.mp4" else 1 << 20) + 300_000)
    limited.limit_files(monkeypatch)
    film = FilmWriter(tmp_path / name, Titles("A title"))
    for number, pixels in enumerate(NOISE):
        if not film.put(FilmFrame(pixels, number / 25)):
            break
    film.finish()
    status = film.wait()
    assert limited.reserved == 0
    assert "The disk is full" in status.sentence
    assert status.kept
    assert 1 <= status.frames < len(NOISE) or name == "film.mp4"  # an encoder may hold many frames back
    found = read(tmp_path / name)
    assert len(found) == status.frames
    for (pixels, _, _), given in zip(found, NOISE, strict=False):
        # still the right picture, and not the one of another number
        near = [np.abs(pixels.astype(int) - other).mean() for other in NOISE[:8]]
        if any(given is other for other in NOISE[:8]):
            assert NOISE[int(np.argmin(near))] is given


def test_a_disk_that_stays_full_is_told_and_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(file: disk.ReservedFile, view: memoryview) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(disk.ReservedFile, "put", full)
    film = record(tmp_path / "film.gif", NOISE[:1])
    assert not film.status.kept
    assert film.status.sentence == "film.gif could not be written: no space left on device; nothing was recorded."
    assert alone(tmp_path) == []


def test_a_full_disk_among_numbered_pictures_keeps_those_that_are_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from zfdesk.film import pngs

    write, room = pngs.write_all, [700_000]

    def limited(file: object, data: memoryview) -> None:
        write(file, data[: room[0]])  # type: ignore[arg-type]
        room[0] -= len(data)
        if room[0] < 0:
            raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(pngs, "write_all", limited)
    film = FilmWriter(tmp_path / "film", Titles())
    for number, pixels in enumerate(NOISE):
        if not film.put(FilmFrame(pixels, number / 25)):
            break
    film.finish()
    status = film.wait()
    found = read(tmp_path / "film")
    assert 1 <= len(found) == status.frames < 5
    assert all((pixels == given).all() for (pixels, _, _), given in zip(found, NOISE, strict=False))
    assert status.sentence.startswith("The disk is full")


def test_another_error_of_the_disk_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(file: disk.ReservedFile, view: memoryview) -> int:
        raise OSError(errno.EIO, "Input/output error")

    film = FilmWriter(tmp_path / "film.mp4", Titles())
    monkeypatch.setattr(disk.ReservedFile, "put", broken)
    film.put(FilmFrame(NOISE[0], 0.0))
    film.finish()
    assert "input/output error" in film.wait().sentence
    assert alone(tmp_path) == []


def test_a_folder_that_vanishes_is_told(tmp_path: Path) -> None:
    import shutil

    (tmp_path / "there").mkdir()
    film = FilmWriter(tmp_path / "there" / "film.gif", Titles())
    film.put(FilmFrame(NOISE[0], 0.0))
    while (tmp_path / "there").exists():  # the writer may just be making a file in it
        shutil.rmtree(tmp_path / "there", ignore_errors=True)
    film.finish()
    status = film.wait()
    assert not status.kept
    assert status.sentence.startswith("film.gif could not be written: no such file or directory; ")


def test_facts_that_cannot_be_written_cost_no_film(tmp_path: Path) -> None:
    (tmp_path / "film.gif.json").mkdir()
    film = record(tmp_path / "film.gif", NOISE[:2])
    assert film.status.kept
    assert "The facts of its frames could not be written: is a directory." in film.status.sentence
    assert len(read(tmp_path / "film.gif")) == 2


KILLED = """
import sys, numpy as np
from pathlib import Path
from zfdesk.film import FilmWriter, FilmFrame, Titles
film = FilmWriter(Path(sys.argv[1]), Titles())
number = 0
while True:
    film.put(FilmFrame(np.full((240, 320, 3), number % 256, np.uint8), number / 25))
    number += 1
    if number == 60:
        print("going", flush=True)
"""


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="there is no such signal here")
@pytest.mark.parametrize("name", NAMES)
def test_a_process_that_is_killed_leaves_nothing_under_the_name(name: str, tmp_path: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", KILLED, str(tmp_path / name)], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline().strip() == b"going"
        process.send_signal(signal.SIGKILL)
        process.wait(20)
    assert not (tmp_path / name).exists()
    left = alone(tmp_path)
    assert left  # it had begun
    assert all(entry.startswith(".") for entry in left)


def grown_old(folder: Path) -> None:
    for place in folder.iterdir():
        os.utime(place, (1e9, 1e9))


@pytest.mark.skipif(os.name == "nt", reason="what is open cannot be removed there, nor be made to look old")
def test_the_next_recording_removes_what_a_killed_one_left(tmp_path: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", KILLED, str(tmp_path / "film.mp4")], stdout=subprocess.PIPE) as killed:
        try:
            assert killed.stdout is not None
            killed.stdout.readline()
            living = FilmWriter(tmp_path / "other.mp4", Titles())
            assert living.offer(FilmFrame(NOISE[0], 0.0))
            while not list(tmp_path.glob(".other*.room")):
                assert not living.status.over
            grown_old(tmp_path)
            held = alone(tmp_path)
            disk.remove_left(tmp_path)
            after = alone(tmp_path)
        finally:
            killed.send_signal(signal.SIGKILL)
            killed.wait(20)
    living.finish()
    status = living.wait()
    assert after == held, "both were being written"
    assert status.kept
    others = [".film.mp4.part", ".mine.0123abcd.part", "x.0123abcd.part.room"]
    for name in others:
        (tmp_path / name).touch()
    os.utime(tmp_path / next(name for name in held if name.startswith(".film") and name.endswith("room")))
    left = {name for name in held if name.startswith(".film")}
    assert len(left) == 2
    disk.remove_left(tmp_path)
    assert left <= set(alone(tmp_path)), "a moment old"
    grown_old(tmp_path)
    assert record(tmp_path / "next.gif", NOISE[:2]).status.kept
    there = set(alone(tmp_path))
    assert not left & there
    assert {*others, "other.mp4", "next.gif"} <= there


def test_what_of_a_killed_gif_can_be_seen_stays(tmp_path: Path) -> None:
    film, room = tmp_path / ".film.gif.0123abcd.part", tmp_path / ".film.gif.0123abcd.part.room"
    film.write_bytes(b"GIF89a and frames")
    room.write_bytes(bytes(99))
    grown_old(tmp_path)
    disk.remove_left(tmp_path)
    assert [place.name for place in tmp_path.iterdir()] == [film.name]


def test_pngs_are_frames_of_their_own(tmp_path: Path) -> None:
    assert ENCODERS["png"] is Pngs
    record(tmp_path / "film", NOISE[:3])
    assert alone(tmp_path / "film") == ["film.json", "frame-000001.png", "frame-000002.png", "frame-000003.png"]


@pytest.mark.skipif(os.name == "nt", reason="links need a privilege there")
def test_a_link_stays_one(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "film.gif").symlink_to(tmp_path / "real" / "there.gif")
    assert record(tmp_path / "film.gif", NOISE[:1]).status.kept
    assert (tmp_path / "film.gif").is_symlink()
    assert len(read(tmp_path / "real" / "there.gif")) == 1
