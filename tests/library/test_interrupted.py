"""A scan that is killed at any moment, a folder that vanishes, a disk that is full, a store that is damaged."""

from __future__ import annotations

import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from scan_tools import NAMES, all_of, small_model, write_folder

from zfdesk.library import Library, LibraryError, Portraits, scan
from zfdesk.library.store import remove

PROGRAM = """if True:
    import sys
    from pathlib import Path
    sys.path.insert(0, sys.argv[1])
    import zfdesk.library.scanning as scanning
    from scan_tools import small_model
    from zfdesk.library import Library, scan
    scanning.KEEP_EVERY, scanning.BATCH, scanning.CHUNK = 0.0, 4, 4
    with Library(small_model(), root=Path(sys.argv[2])) as library:
        for step in scan(library, [sys.argv[3]]):
            print(step.phase, step.done, flush=True)
"""


def begun(home: Path, folder: Path) -> subprocess.Popen[str]:
    """A process that scans, four pictures at a time, and says so."""
    words = [sys.executable, "-c", PROGRAM, str(Path(__file__).parent), str(home), str(folder)]
    return subprocess.Popen(words, stdout=subprocess.PIPE, text=True)


def same(one: Library, two: Library, folder: Path) -> None:
    """Both say the same of every layer."""
    ours, theirs = Portraits(one, [folder]), Portraits(two, [folder])
    for layer in NAMES:
        found, expected = ours.statistics(layer), theirs.statistics(layer)
        assert found.pictures == expected.pictures
        assert np.array_equal(found.active, expected.active)
        units = range(found.units)
        pairs = zip(ours.ranked(layer, units), theirs.ranked(layer, units), strict=True)
        assert all((a.pictures, a.places) == (b.pictures, b.places) for a, b in pairs)


@pytest.mark.slow
@pytest.mark.timeout(3000)  # fifty starts of torch
@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="no SIGKILL here")
def test_killed_fifty_times(tmp_path: Path) -> None:
    """At moments of chance, between the listing and the end; what was kept is whole, and the end is the same."""
    folder, home = tmp_path / "pictures", tmp_path / "home"
    write_folder(folder, 420)
    rng = np.random.default_rng(7)
    kept = 0
    for _ in range(50):
        process = begun(home, folder)
        assert process.stdout is not None
        for _ in range(int(rng.integers(1, 5))):  # lines it has said
            process.stdout.readline()
        time.sleep(float(rng.uniform(0, 0.03)))  # and a moment more, so that it dies anywhere
        process.kill()
        process.wait()
        process.stdout.close()
        with Library(small_model(), root=home) as library:
            there = len(library.pictures([folder]))
            assert there >= kept
            kept = there
            if there:
                assert Portraits(library, [folder]).statistics("conv3").pictures == there
    assert kept > 0
    with Library(small_model(), root=home) as library, Library(small_model(), root=tmp_path / "other") as other:
        assert all_of(library, folder).total == 420 - kept
        all_of(other, folder)
        same(library, other, folder)
        listed = {entry.name for entry in os.scandir(library.folder / "parts")}
        assert len(listed) == len(set(library.pictures([folder]).parts.tolist()))


def test_a_killed_scan_goes_on(tmp_path: Path) -> None:
    folder, home = tmp_path / "pictures", tmp_path / "home"
    write_folder(folder, 60)
    process = begun(home, folder)
    assert process.stdout is not None
    for line in process.stdout:
        if line.startswith("scanning") and int(line.split()[1]) >= 16:
            break
    process.kill()
    process.wait()
    process.stdout.close()
    with Library(small_model(), root=home) as library, Library(small_model(), root=tmp_path / "other") as other:
        kept = len(library.pictures([folder]))
        assert kept >= 12
        assert all_of(library, folder).total == 60 - kept
        all_of(other, folder)
        same(library, other, folder)


def test_a_folder_that_vanishes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("zfdesk.library.scanning.BATCH", 4)
    monkeypatch.setattr("zfdesk.library.scanning.CHUNK", 4)
    monkeypatch.setattr("zfdesk.library.scanning.KEEP_EVERY", 0.0)
    folder = tmp_path / "pictures"
    write_folder(folder, 40)
    with Library(small_model(), root=tmp_path / "home") as library:

        def scanned() -> None:
            for step in scan(library, [folder]):
                if step.done == 8:
                    shutil.rmtree(folder)

        with pytest.raises(LibraryError, match=r"pictures vanished during the scan; .* pictures, is kept\."):
            scanned()
        kept = len(library.pictures([folder]))
        assert kept >= 8
        with pytest.raises(LibraryError, match=r"pictures does not exist\."):
            all_of(library, folder)
        assert len(library.pictures([folder])) == kept  # a drive that is unplugged comes back


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="permissions do not hold for root, nor there")
def test_no_permission(tmp_path: Path) -> None:
    folder = tmp_path / "pictures"
    write_folder(folder, 6)
    (folder / "class1").chmod(0)
    try:
        with Library(small_model(), root=tmp_path / "home") as library:
            told = [path for step in scan(library, [folder]) for path, _ in step.unreadable]
            assert told == ["There is no permission to read class1."]
            assert len(library.pictures([folder])) == 4
    finally:
        (folder / "class1").chmod(0o755)


def test_a_full_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("zfdesk.library.scanning.BATCH", 4)
    monkeypatch.setattr("zfdesk.library.scanning.CHUNK", 4)
    monkeypatch.setattr("zfdesk.library.scanning.KEEP_EVERY", 0.0)
    import zfdesk.library.store as store

    real, written = store.write_whole, []

    def full(path: Path, parts: list[bytes]) -> None:
        if len(written) == 3:
            raise OSError(28, "No space left on device")
        written.append(path)
        real(path, parts)

    folder = tmp_path / "pictures"
    write_folder(folder, 40)
    with Library(small_model(), root=tmp_path / "home") as library:
        monkeypatch.setattr(store, "write_whole", full)
        with pytest.raises(LibraryError, match=r"no space left on device\. What was scanned until then, 12 pictures"):
            all_of(library, folder)
        monkeypatch.setattr(store, "write_whole", real)
        assert len(library.pictures([folder])) == 12
        assert all_of(library, folder).total == 28


def test_a_database_that_is_full(tmp_path: Path) -> None:
    """SQLite's own word for it, by a limit on its pages."""
    folder = tmp_path / "pictures"
    write_folder(folder, 40)
    with Library(small_model(), root=tmp_path / "home") as library:
        with library.database.reading() as base:
            base.execute(f"PRAGMA max_page_count = {base.execute('PRAGMA page_count').fetchone()[0]}")
        with pytest.raises(LibraryError, match="There is no space left on the disk"):
            all_of(library, folder)
        with library.database.reading() as base:
            base.execute("PRAGMA max_page_count = 1000000")
        assert all_of(library, folder).done == 40


def test_another_version_and_a_damaged_store(tmp_path: Path) -> None:
    folder = tmp_path / "pictures"
    write_folder(folder, 12)
    with Library(small_model(), root=tmp_path / "home") as library:
        all_of(library, folder)
        place = library.folder
    base = sqlite3.connect(place / "index.sqlite")
    base.execute("UPDATE facts SET value = 99 WHERE name = 'version'")
    base.commit()
    base.close()
    with pytest.raises(LibraryError, match=r"another version of zfdesk \(99; this one reads 1\)"):
        Library(small_model(), root=tmp_path / "home")
    (place / "index.sqlite").write_bytes(b"not a database, but as long as one" * 1000)
    with pytest.raises(LibraryError, match="are damaged"):
        Library(small_model(), root=tmp_path / "home")
    assert list((place / "parts").iterdir())  # nothing is thrown away unasked
    remove(place)
    with Library(small_model(), root=tmp_path / "home") as library:
        assert all_of(library, folder).total == 12


def test_a_part_that_is_cut_short_is_scanned_again(tmp_path: Path) -> None:
    folder = tmp_path / "pictures"
    write_folder(folder, 12)
    with Library(small_model(), root=tmp_path / "home") as library:
        all_of(library, folder)
        part = next((library.folder / "parts").iterdir())
        part.write_bytes(part.read_bytes()[:1000])
        with pytest.raises(LibraryError, match="cannot be used"):
            Portraits(library, [folder]).portrait("conv3", 1)
        assert all_of(library, folder).total == 12
        assert Portraits(library, [folder]).portrait("conv3", 1).pictures == 12
