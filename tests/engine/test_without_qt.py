"""The engine needs no Qt: it imports and works where PySide6 cannot be imported."""

from __future__ import annotations

import subprocess
import sys

PROGRAM = '''
import sys

class Blocked:
    """Answers every import of Qt, or of what draws with it, with an ImportError."""
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in ("PySide6", "shiboken6", "PyQt6", "PyQt5", "pyqtgraph"):
            raise ImportError(f"{name} is blocked")
        return None

sys.meta_path.insert(0, Blocked())
try:
    import PySide6
except ImportError:
    pass
else:
    raise SystemExit("the block does not work")

import pkgutil, importlib
import numpy as np
import zfdesk.engine as zf

for module in pkgutil.iter_modules(zf.__path__):
    importlib.import_module(f"zfdesk.engine.{module.name}")

layers = (zf.Conv("conv1", 4, 5, 2, 1), zf.ReLU("relu1"), zf.MaxPool("pool1", 3, 2), zf.LRN("norm1"),
          zf.Conv("conv2", 3, 3), zf.ReLU("relu2"), zf.Linear("fc6", 4), zf.Softmax("prob"))
model = zf.random_model(zf.Architecture("small", "Small", layers, 32))
frame = np.random.default_rng(0).integers(0, 256, (60, 80, 3), dtype=np.uint8)
seen = model.forward(zf.centre_crop(frame, size=32))
for rule in zf.Rule:
    made = zf.reconstruct(seen, zf.Seed("conv2", seen.strongest_unit("conv2")), rule)
    assert made.values.shape == (32, 32, 3)
assert made.values.any()
loaded = sorted(name for name in sys.modules if "PySide" in name or "shiboken" in name or "pyqtgraph" in name)
assert not loaded, loaded
print("worked without Qt")
'''


def test_engine_works_where_qt_cannot_be_imported() -> None:
    """A fresh interpreter with Qt blocked imports every module of the engine, runs a network and walks it down."""
    done = subprocess.run([sys.executable, "-W", "error", "-c", PROGRAM], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "worked without Qt"
