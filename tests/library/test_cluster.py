"""The same scan by two worker processes, one of which is killed, is that of one process."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import numpy as np
import pytest
from scan_tools import NAMES, all_of, small_model, write_folder

from zfdesk.library import Library, LibraryError, Portraits, scan
from zfdesk.library.cluster import compute_on

distributed = pytest.importorskip("distributed")

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore"),  # Dask's own
    pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="no SIGKILL here"),
]


def test_two_workers_one_killed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("zfdesk.library.scanning.CHUNK", 4)
    monkeypatch.setattr("zfdesk.library.cluster.CHUNKS", 1)
    model, folder = small_model(), tmp_path / "pictures"
    write_folder(folder, 120)
    (folder / "broken.png").write_bytes(b"no picture")
    with Library(model, root=tmp_path / "one") as one:
        all_of(one, folder)
    cluster = distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None, host="127.0.0.1"
    )
    with cluster, Library(model, root=tmp_path / "two") as two:
        victim = None
        with distributed.Client(cluster.scheduler_address, set_as_default=False) as client:
            pids = client.run(os.getpid)
            assert len(set(pids.values()) | {os.getpid()}) == 3
            for step in scan(two, [folder], compute=compute_on(cluster.scheduler_address)):
                if victim is None and step.done >= 8:
                    victim = next(iter(pids.values()))
                    os.kill(victim, signal.SIGKILL)
        assert victim is not None
        assert (step.phase, step.found, step.done) == ("done", 121, 121)
        assert [Path(path).name for path, _ in two.unreadable()] == ["broken.png"]
        with Library(model, root=tmp_path / "one") as one:
            here, there = Portraits(one, [folder]), Portraits(two, [folder])
            for layer in NAMES:
                ours, theirs = here.statistics(layer), there.statistics(layer)
                assert np.array_equal(ours.active, theirs.active)
                assert np.allclose(ours.sums, theirs.sums, rtol=1e-5, atol=1e-6)
                assert np.allclose(ours.class_sums, theirs.class_sums, rtol=1e-5, atol=1e-6)
                pairs = zip(here.ranked(layer, range(ours.units)), there.ranked(layer, range(ours.units)), strict=True)
                assert all((a.pictures, a.places) == (b.pictures, b.places) for a, b in pairs)


def test_nobody_at_the_address(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("zfdesk.library.cluster.WAIT", 1.0)
    write_folder(tmp_path / "pictures", 2)
    with (
        Library(small_model(), root=tmp_path / "home") as library,
        pytest.raises(LibraryError, match=r"No Dask scheduler answers at tcp://127.0.0.1:9"),
    ):
        list(scan(library, [tmp_path / "pictures"], compute=compute_on("tcp://127.0.0.1:9")))
