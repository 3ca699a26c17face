"""The README's three lines of Python, run as they stand there."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import numpy as np
import pytest

import zfdesk.engine as zf
from zfdesk.sources import read_picture

README = Path(__file__).resolve().parents[2] / "README.md"


def test_three_lines_give_a_reconstruction(
    embedded: zf.Model, cat: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not README.exists():
        pytest.skip("no README beside the tests")
    found = re.findall(r"```python\n(.*?)```", README.read_text(encoding="utf-8"), re.DOTALL)
    [snippet] = [block for block in found if "zfdesk.engine as zf" in block]
    assert len([line for line in snippet.splitlines() if line.strip()]) <= 3
    shutil.copy(cat, tmp_path / "cat.jpg")
    monkeypatch.chdir(tmp_path)
    names: dict[str, object] = {}
    exec(snippet, names)
    array = names["array"]
    assert isinstance(array, np.ndarray)
    assert (array.dtype, array.shape) == (np.float32, (224, 224, 3))
    assert np.isfinite(array).all()
    seen = embedded.forward(zf.centre_crop(read_picture(cat)))
    y, x = divmod(int(seen.activations["conv5"][0].amax(0).argmax()), 13)
    top, left, bottom, right = embedded.architecture.stage("conv5").receptive_field.box(y, x)
    rows, columns = np.nonzero(array.any(2))
    assert len(rows) > 1000
    assert max(top, 0) <= rows.min() <= rows.max() < bottom
    assert max(left, 0) <= columns.min() <= columns.max() < right
