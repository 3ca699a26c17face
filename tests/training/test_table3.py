"""Table 3 on a data set of one's own, with tiny networks in the place of the paper's."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from test_train import SMALL, train

from zfdesk.engine import ARCHITECTURES
from zfdesk.runs import read_run
from zfdesk.training import table3
from zfdesk.training.table3 import ROWS, Table3Row


@pytest.fixture(autouse=True)
def _tiny_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = (Table3Row("tiny", "tiny", 38.4, 16.5), Table3Row("tiny-plain", "without all that", 71.3, 50.1, True))
    monkeypatch.setattr(table3, "ROWS", rows)


def test_the_rows_are_declared_and_the_paper_s() -> None:
    """Every row is a declared network; the errors are those of PAPER.md."""
    assert all(row.architecture in ARCHITECTURES for row in ROWS)
    errors = {row.architecture: (row.top1, row.top5) for row in ROWS}
    assert errors["zfnet"] == (38.4, 16.5)
    assert errors["zfnet-512-1024-512"] == (37.5, 16.0)
    assert errors["zfnet-no3467"] == (71.3, 50.1)
    assert len(errors) == 8
    printed = [(row.top1, row.top5) for row in table3.TABLE]
    assert printed[0] == (40.5, 18.1), "the replication"
    assert printed[5:7] == [(41.7, 18.8), (40.0, 18.1)], "its layers 6 and 7"
    assert printed[-1] == (38.3, 16.9)
    assert len(printed) == 12


def test_rows_are_trained_once_and_set_beside_the_paper(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    """The same command again trains nothing, and prints the same table; its errors are those of the runs."""
    words = [folder, "--table3", "-o", tmp_path / "t", *SMALL[2:], "--epochs", 2, "--validation", folder]
    assert train(*words) == 0
    first = capsys.readouterr()
    assert "without all that" in first.err
    logs = {name: (tmp_path / "t" / name / "log.jsonl").read_bytes() for name in ("tiny", "tiny-plain")}
    assert train(*words) == 0
    second = capsys.readouterr()
    assert second.out == first.out
    assert second.err == ""
    for name, log in logs.items():
        assert (tmp_path / "t" / name / "log.jsonl").read_bytes() == log
    assert re.search(r"without all that \*.* 71.3 +50.1", first.out)
    assert train(*words, "--json") == 0
    told = json.loads(capsys.readouterr().out)
    for row in told["rows"]:
        score = read_run(tmp_path / "t" / row["architecture"]).epochs[-1].validation
        assert score is not None
        assert row["top1"] == 1 - score.top1
        assert f"{row['top1'] * 100:.1f}" in first.out
    assert train(*words, "--seed", 5) == 1
    assert "another recipe or seed" in capsys.readouterr().err


def test_a_row_that_was_left_goes_on(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture, monkeypatch) -> None:
    """Interrupted in the first row, the same command does the rest: the same networks as without."""
    from zfdesk.training.train import Training

    words = [folder, "--table3", *SMALL[2:], "--epochs", 2]
    assert train(*words, "-o", tmp_path / "one") == 0
    real = Training.take_step

    def step(self: Training, *how: object) -> None:
        real(self, *how)
        if self.state.step == 4:
            self.stopping.set()

    monkeypatch.setattr(Training, "take_step", step)
    assert train(*words, "-o", tmp_path / "two") == 130
    assert "the same command goes on" in capsys.readouterr().err
    monkeypatch.setattr(Training, "take_step", real)
    assert train(*words, "-o", tmp_path / "two") == 0
    for name in ("tiny", "tiny-plain"):
        ours, theirs = (tmp_path / run / name / "network.safetensors" for run in ("one", "two"))
        assert ours.read_bytes() == theirs.read_bytes()


def test_odd_rows_are_told(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    """An unknown row, rows without the table, the table with --resume."""
    for words, said in (
        ([folder, "--table3", "--rows", "vgg16", "-o", tmp_path / "x"], "no row 'vgg16'"),
        ([folder, "--rows", "tiny", "-o", tmp_path / "x"], "chooses rows of --table3"),
        (["--table3", "--resume", tmp_path / "x"], "goes on by itself"),
    ):
        assert train(*words) == 1
        assert said in capsys.readouterr().err
