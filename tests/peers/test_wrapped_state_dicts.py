"""State dicts as training scripts save them, and .pth files that are damaged in their zip."""

import struct
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from zfdesk.engine.kernels import dense
from zfdesk.weights import CheckpointError, import_weights
from zfdesk.weights.torch_file import read_state_dict

NETWORK = {
    "features.0.weight": torch.zeros(4, 3, 2, 2),
    "features.0.bias": torch.zeros(4),
    "last.weight": torch.ones(2),
}

WRAPPED: dict[str, Callable[[dict[str, Any]], Any]] = {
    "bare": lambda net: net,
    "Lightning": lambda net: {
        "epoch": 1, "global_step": 7, "state_dict": {f"model.{name}": value for name, value in net.items()},
        "optimizer_states": [{"state": {0: {"exp_avg": torch.zeros(4)}}}], "hyper_parameters": {"lr": 0.1},
    },
    "pytorch-cifar": lambda net: {"net": net, "acc": 51.2, "epoch": 4},
    "weights": lambda net: {"weights": net},
    "nested": lambda net: {"checkpoint": {"inner": {"network": net}}, "scores": {"top1": torch.tensor(0.5)}},
    "DataParallel, compiled": lambda net: {"state_dict": {f"module._orig_mod.{n}": v for n, v in net.items()}},
    "backbone": lambda net: {f"backbone.net.{name}": value for name, value in net.items()},
    "optimiser beside": lambda net: {
        "model": net, "optimizer": {"state": {n: {"exp_avg": v, "exp_avg_sq": v} for n, v in enumerate(net.values())}},
    },
    "average beside": lambda net: {"model": net, "model_ema": {name: value + 1 for name, value in net.items()}},
}  # fmt: skip


@pytest.mark.parametrize("name", WRAPPED)
def test_wrapped_state_dicts_are_found(name: str, tmp_path: Path) -> None:
    torch.save(WRAPPED[name](NETWORK), tmp_path / "w.pth")
    found = read_state_dict(tmp_path / "w.pth")
    assert found.keys() == NETWORK.keys()
    assert all(torch.equal(found[key], NETWORK[key]) for key in NETWORK)


SHAPES = {
    "features.0": (64, 3, 11, 11), "features.3": (192, 64, 5, 5), "features.6": (384, 192, 3, 3),
    "features.8": (256, 384, 3, 3), "features.10": (256, 256, 3, 3), "classifier.1": (4096, 9216),
    "classifier.4": (4096, 4096), "classifier.6": (10, 4096),
}  # fmt: skip
"""torchvision's AlexNet with ten classes, as training scripts for CIFAR-10 have it."""


@pytest.mark.parametrize("wrapping", ["Lightning", "pytorch-cifar"])
def test_a_wrapped_alexnet_is_recognised_and_imported(wrapping: str, tmp_path: Path) -> None:
    state = {}
    for number, (name, shape) in enumerate(SHAPES.items()):
        # of half precision, and all of one number, so that the file stays small
        state[f"{name}.weight"] = torch.tensor(0.01 * (number + 1)).half().expand(shape)
        state[f"{name}.bias"] = torch.arange(float(shape[0])).half()
    torch.save(WRAPPED[wrapping](state), tmp_path / "w.pth")
    model = import_weights(tmp_path / "w.pth")
    assert (model.architecture.name, len(model.classes)) == ("alexnet", 10)
    assert torch.equal(dense(model.weights["fc8.bias"], torch.float32), torch.arange(10.0))
    assert float(dense(model.weights["conv2.weight"], torch.float32)[5, 4, 3, 2]) == pytest.approx(0.02, rel=1e-3)


def test_zips_that_are_no_pytorch_file_are_refused_in_a_sentence(tmp_path: Path) -> None:
    torch.save(NETWORK, tmp_path / "whole.pth")
    with zipfile.ZipFile(tmp_path / "folders.pth", "w") as made:
        made.writestr("folder/", b"")
    with zipfile.ZipFile(tmp_path / "twice.pth", "w") as made:
        made.writestr("archive/data.pkl", b"\x80\x02}q\x00.")
        made.writestr("archive/data.pk2", b"\x80\x02}q\x00.")
    (tmp_path / "twice.pth").write_bytes((tmp_path / "twice.pth").read_bytes().replace(b"data.pk2", b"data.pkl"))
    with zipfile.ZipFile(tmp_path / "nameless.pth", "w") as made:
        made.writestr("archive/data.pkl", b"\x80\x02}q\x00.")
        made.writestr("x", b"1")
    (tmp_path / "nameless.pth").write_bytes(nameless((tmp_path / "nameless.pth").read_bytes()))
    (tmp_path / "cut.pth").write_bytes((tmp_path / "whole.pth").read_bytes()[:-200])
    for name in ("folders.pth", "twice.pth", "nameless.pth", "cut.pth"):
        with pytest.raises(CheckpointError) as caught:
            read_state_dict(tmp_path / name)
        assert "\n" not in str(caught.value)
        assert "codec" not in str(caught.value)


def nameless(archive: bytes) -> bytes:
    """The second member without a name in the directory."""
    place = archive.rfind(b"PK\x01\x02")
    length = struct.unpack_from("<H", archive, place + 28)[0]
    archive = archive[: place + 28] + b"\0\0" + archive[place + 30 : place + 46] + archive[place + 46 + length :]
    end = archive.find(b"PK\x05\x06")
    size = struct.unpack_from("<I", archive, end + 12)[0] - length
    return archive[: end + 12] + struct.pack("<I", size) + archive[end + 16 :]
