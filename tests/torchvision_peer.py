"""torchvision for the tests, also where its wheel was built for another torch.

A torchvision built for CUDA beside a torch for the CPU cannot load its compiled operators, and ``import torchvision``
then fails on ``torchvision::nms``, which no test here uses. Declaring the two operators it asks for by name makes the
models, weights tables and transforms usable. A matching pair of wheels needs nothing, and nothing is done to it.
"""

from __future__ import annotations

import importlib
import sys
from types import ModuleType

import torch

_DECLARED: list[torch.library.Library] = []
"""Kept alive: the declarations vanish with their Library."""


def import_torchvision() -> ModuleType:
    """``torchvision``, declaring its missing operators only when the plain import fails."""
    try:
        return importlib.import_module("torchvision")
    except RuntimeError as error:
        if "torchvision::nms" not in str(error):
            raise
    for name in [name for name in sys.modules if name == "torchvision" or name.startswith("torchvision.")]:
        del sys.modules[name]  # what the failed import left half made
    library = torch.library.Library("torchvision", "DEF")
    library.define("nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
    library.define("qnms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
    _DECLARED.append(library)
    return importlib.import_module("torchvision")
