"""``zfdesk render`` and ``zfdesk FILE.zfdesk``: a saved session drawn without a display, and shown in the window."""

from __future__ import annotations

import dataclasses
import json
import os
import subprocess
import sys
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from embedded import NAME, SHORT
from PIL import Image

import zfdesk.engine as zf
from zfdesk import session
from zfdesk.cli import main
from zfdesk.live import (
    Computation,
    Demand,
    Request,
    Result,
    Style,
    SweepInput,
    SweepSnapshot,
    SweepState,
    UnitReference,
    View,
)
from zfdesk.pages.view_page import facts_of, result_page
from zfdesk.session import Session
from zfdesk.sources import Frame, SourceReference, read_picture

pytest.importorskip("matplotlib")

EYES = View(
    source=SourceReference("camera"), layer="conv5", unit=127, occluders=(zf.Occluder(60, 70, 40, 30),), watched=(207,)
)  # fmt: skip


def computed(model: zf.Model, view: View, picture: str) -> Result:
    *_, result = Computation().run(
        Request(Frame(read_picture(picture), 12, 1.0, "Front camera"), view, Demand(), model)
    )
    return result


@pytest.fixture(scope="module")
def result(embedded: zf.Model, cat: str) -> Result:
    return computed(embedded, EYES, cat)


@pytest.fixture
def saved(result: Result, tmp_path: Path) -> Path:
    session.save_session(Session(session.moment_of(result), {"A": session.moment_of(result)}), tmp_path / "eyes.zfdesk")
    return tmp_path / "eyes.zfdesk"


def with_network(path: Path, **changes: Any) -> Path:
    """The session as if another network had been in use."""
    kept = session.load_session(path)
    moment = dataclasses.replace(kept.moment, network=dataclasses.replace(kept.moment.network, **changes))
    session.save_session(Session(moment), path)
    return path


def pixels(path: Path) -> np.ndarray:
    with Image.open(path) as image:
        return np.asarray(image.convert("RGB"))


def test_the_same_session_gives_the_same_pixels(saved: Path, loaded: zf.Model, capsys: pytest.CaptureFixture) -> None:
    outputs = [saved.with_name(name) for name in ("one.png", "two.png")]
    for output in outputs:
        assert main(["render", str(saved), "-o", str(output), "--npz", str(output.with_suffix(".npz"))]) == 0
    out, err = capsys.readouterr()
    assert err == ""
    assert "conv5:127 @ (" in out
    assert np.array_equal(*map(pixels, outputs))
    assert outputs[0].with_suffix(".npz").read_bytes() == outputs[1].with_suffix(".npz").read_bytes()
    with Image.open(outputs[0]) as image:
        assert image.width == round(7.16 * 300)
        assert image.info["dpi"] == pytest.approx((300, 300), abs=0.5)


def test_the_page_is_what_the_window_showed(saved: Path, loaded: zf.Model, result: Result, tmp_path: Path) -> None:
    """The numbers in the file are those of a computation that never went through a file."""
    assert main(["render", str(saved), "-o", str(tmp_path / "p.png"), "--npz", str(tmp_path / "p.npz")]) == 0
    with np.load(tmp_path / "p.npz", allow_pickle=False) as arrays:
        kinds = {name: arrays[name] for name in arrays.files if name != "page"}
        page = json.loads(str(arrays["page"]))
    assert np.array_equal(kinds["a_pixels"], result.picture)
    assert np.array_equal(kinds["b_values"], result.unit.map)
    assert np.array_equal(kinds["c_values"], result.unit.pictures[zf.Rule.DECONVNET].reconstruction.values)
    order = [207, *(i for i in np.argsort(-result.probabilities, kind="stable")[:5] if i != 207)]
    assert np.array_equal(kinds["d_values"], result.probabilities[order])
    assert np.array_equal(kinds["d_clean"], result.clean_probabilities[order])
    assert page["caption"] == result_page(result).caption


def test_what_the_caption_says(saved: Path, loaded: zf.Model, result: Result, capsys: pytest.CaptureFixture) -> None:
    assert main(["render", str(saved), "-o", str(saved.with_name("p.svg")), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    y, x = result.unit.position
    for part in (
        f"ZFNet, Fig. 3; weights {NAME} (SHA-256 {SHORT})", "Picture: Front camera, frame 12",
        f"conv5:127 @ ({y}, {x}), deconvnet, single activation (max), contrast stretched × ",
        "grey square 40 × 30 at (60, 70)", "Made with zfdesk ",
    ):  # fmt: skip
        assert part in told["caption"]
    assert told["notes"] == []
    words = "".join(ET.parse(saved.with_name("p.svg")).getroot().itertext())
    cat = loaded.classes[int(result.probabilities.argmax())]
    for part in ("conv5:127", cat, f"SHA-256 {SHORT}"):
        assert part in " ".join(words.split())


@pytest.mark.parametrize(
    ("size", "suffix"), [("one-column", ".pdf"), ("two-column", ".svg"), ("one-column", ".png"), ("slide", ".png")]
)
def test_sizes_and_formats(size: str, suffix: str, saved: Path, loaded: zf.Model) -> None:
    output = saved.with_name(f"p{suffix}")
    assert main(["render", str(saved), "-o", str(output), "--size", size, "--dpi", "80"]) == 0
    heads = {".pdf": b"%PDF-", ".svg": b"<?xml", ".png": b"\x89PNG"}
    assert output.read_bytes().startswith(heads[suffix])


@pytest.mark.parametrize(
    "changes",
    [
        {"style": Style.NORM}, {"style": Style.GRAY}, {"layer": "fc8", "unit": 285}, {"layer": "input", "unit": 0},
        {"layer": "prob", "unit": 285}, {"origin": UnitReference("conv4", 12)}, {"occluders": ()},
        {"maps": dataclasses.replace(EYES.maps, colours="jet (paper)")}, {"seed": zf.SeedKind.MAP, "top_k": 20},
        {"layer": "conv1", "unit": 3, "method": zf.Rule.GRADIENT},
    ],
)  # fmt: skip
def test_every_kind_of_view_has_a_page(changes: dict, embedded: zf.Model, cat: str) -> None:
    import zfdesk.figures as figures

    seen = computed(embedded, EYES.change(**changes), cat)
    page = result_page(seen, "one-column")
    assert figures.encode(figures.draw(page), "png", 60).startswith(b"\x89PNG")
    facts = facts_of(seen)
    assert (facts.layer, facts.unit) == (seen.unit.reference.layer, seen.unit.reference.unit)


def test_missing_weights_end_with_a_sentence(saved: Path, loaded: zf.Model, capsys: pytest.CaptureFixture) -> None:
    with_network(saved, name="mine", sha256="ee" * 32)
    assert main(["render", str(saved), "-o", str(saved.with_name("p.png"))]) == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert err == (
        f"zfdesk: It was saved with the weights mine (zfnet, SHA-256 eeeeeeee), which are not installed: {NAME} "
        f"(SHA-256 {SHORT[:8]}) answers differently. Name others with --weights.\n"
    )
    assert not saved.with_name("p.png").exists()
    assert main(["render", str(saved), "-o", str(saved.with_name("p.png")), "--weights", NAME]) == 0
    assert "which are not installed" in capsys.readouterr().err
    assert saved.with_name("p.png").exists()


def test_weights_that_are_not_in_use_are_found(
    saved: Path, embedded: zf.Model, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    other = dataclasses.replace(embedded, sha256="aa" * 32, name="other")
    monkeypatch.setattr("zfdesk.weights.store.load_current", lambda: (other, ""))
    assert main(["render", str(saved), "-o", str(saved.with_name("p.png")), "--json"]) == 0
    assert f"{NAME} (SHA-256 {SHORT})" in json.loads(capsys.readouterr().out)["caption"]


@pytest.mark.parametrize(
    ("words", "status", "sentence"),
    [
        (["no.zfdesk", "-o", "p.png"], 1, "no.zfdesk does not exist."),
        (["eyes.zfdesk", "-o", "p.bmp"], 2, "a figure's name ends in .png, .svg or .pdf"),
        (["eyes.zfdesk", "-o", "no/p.png"], 1, "no/p.png cannot be written"),
        (["eyes.zfdesk", "-o", "p.png", "--npz", "p.png"], 2, "its name ends in .npz"),
        (["cut.zfdesk", "-o", "p.png"], 1, "cut.zfdesk cannot be opened as a session: it is cut short or damaged."),
        (["eyes.zfdesk"], 2, "required"),
    ],
)
def test_what_cannot_be(
    words: list[str], status: int, sentence: str, saved: Path, loaded: zf.Model, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture,
) -> None:  # fmt: skip
    monkeypatch.chdir(saved.parent)
    Path("cut.zfdesk").write_bytes(saved.read_bytes()[:-30])
    before = sorted(os.listdir())
    assert main(["render", *words]) == status
    out, err = capsys.readouterr()
    assert out == ""
    assert sentence in err
    assert sorted(os.listdir()) == before


# The window on a session


def without_display(home: Path) -> dict[str, str]:
    hidden = ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM")
    return {key: value for key, value in os.environ.items() if key not in hidden} | {"ZFDESK_HOME": str(home)}


def test_a_screenshot_of_a_session(saved: Path, home: Path) -> None:
    pytest.importorskip("PySide6.QtWidgets")
    done = subprocess.run(
        [sys.executable, "-m", "zfdesk", str(saved), "--screenshot", str(saved.with_name("w.png"))],
        env=without_display(home), capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert pixels(saved.with_name("w.png")).shape[1] >= 800
    assert not (home / "autosave").exists()  # a screenshot is nobody's work


def test_what_the_window_gets(saved: Path, loaded: zf.Model, monkeypatch: pytest.MonkeyPatch) -> None:
    app = pytest.importorskip("zfdesk.desk.app")
    from zfdesk.cli import preflight

    calls: list[tuple] = []
    monkeypatch.setattr(app, "run", lambda *words, **named: calls.append((*words, named)) or 0)
    monkeypatch.setattr(preflight, "prepare_qt", lambda offscreen, camera: None)
    assert main([str(saved)]) == 0
    assert main([str(saved), "--layer", "conv4", "--unit", "3"]) == 0
    (model, view, shot, _, named), (_, other, *_) = calls
    assert (model.sha256, view, shot) == (loaded.sha256, EYES, "")
    assert named["opened"][1] == saved
    assert named["opened"][0].view == view
    assert (other.layer, other.unit, other.occluders) == ("conv4", 3, EYES.occluders)


def test_a_damaged_session_does_not_open_a_window(saved: Path, loaded: zf.Model, capsys: pytest.CaptureFixture) -> None:
    saved.write_bytes(saved.read_bytes()[:500])
    assert main([str(saved)]) == 1
    assert capsys.readouterr().err == (
        "zfdesk: eyes.zfdesk cannot be opened as a session: it is cut short or damaged.\n"
    )


def test_the_sweep_that_was_kept_is_drawn(
    saved: Path, loaded: zf.Model, result: Result, tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    words = ["render", str(saved), "--sweep", "-o", str(tmp_path / "s.png"), "--npz", str(tmp_path / "s.npz")]
    assert main(words) == 1
    assert capsys.readouterr().err == f"zfdesk: {saved} holds no sweep that can be drawn.\n"
    assert not (tmp_path / "s.png").exists()
    first, *_ = zf.sweep(loaded.forward(result.clean), result.clean, zf.SweepPlan(50, 56), batch=6)
    swept = SweepSnapshot(SweepInput(loaded, result.clean, 12, "Front camera"), first, SweepState.CANCELLED, 10.0)
    kept = session.kept_sweep(swept, loaded)[0]
    session.save_session(Session(session.moment_of(result), {}, kept), saved)
    assert main(words) == 0
    out, err = capsys.readouterr()
    assert err == ""
    assert "Occlusion (Fig. 7)" in out
    assert "Picture: Front camera, frame 12" in out
    assert f"partial: {first.fraction * 100:.0f} % of positions" in out
    with np.load(tmp_path / "s.npz") as arrays:
        index = int(first.clean_probabilities.argmax())
        assert np.array_equal(arrays["d_values"], first.probability(index), equal_nan=True)
        assert np.array_equal(arrays["b_values"], first.activation(first.highest_total_unit), equal_nan=True)
        assert np.array_equal(arrays["e_values"], first.label())
        assert np.array_equal(arrays["a_pixels"], result.clean)
