"""Memory does not grow with the folder."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from scan_tools import write_folder

PROGRAM = """if True:
    import sys
    from pathlib import Path
    sys.path.insert(0, sys.argv[1])
    from scan_tools import small_model
    from zfdesk.library import Library, Portraits, scan

    def peak():
        lines = open("/proc/self/status").read().splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) / 1024

    with Library(small_model(), root=Path(sys.argv[2])) as library:
        for step in scan(library, [sys.argv[3]]):
            pass
        scanned = peak()
        portrait = Portraits(library, [Path(sys.argv[3])]).portrait("conv3", 1)
        print(step.done, scanned, peak(), portrait.pictures, step.rate)
"""


@pytest.mark.slow
@pytest.mark.timeout(1500)
@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_ten_thousand_pictures(tmp_path: Path) -> None:
    """The peak of a scan of 10,000 pictures, and of a portrait over them, against those of 1,000."""
    originals = write_folder(tmp_path / "originals", 50)
    peaks = {}
    for count in (1000, 10_000):
        folder = tmp_path / f"pictures{count}"
        for number in range(count):
            path = folder / f"class{number % 7}" / f"p{number:05d}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.hardlink_to(originals[number % 50])
        words = [sys.executable, "-c", PROGRAM, str(Path(__file__).parent), str(tmp_path / "home"), str(folder)]
        told = subprocess.run(words, capture_output=True, text=True, check=True).stdout.split()
        print(*told)
        assert [int(told[0]), int(told[3])] == [count, count]
        peaks[count] = float(told[1]), float(told[2])
    assert peaks[10_000][0] - peaks[1000][0] < 25  # MB
    assert peaks[10_000][1] - peaks[1000][1] < 40
