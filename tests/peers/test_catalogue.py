"""The catalogue against what pytorchcv and torchvision print themselves, and its files, brought from a server, against
their own networks."""

from __future__ import annotations

import gc
import hashlib
import io
import re
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from loopback import Loopback, loopback
from peer_nets import MAKERS, agrees, picture, random_state, torchvision
from pytorchcv.models.common import model_store
from torch.hub import HASH_REGEX

import zfdesk.engine as zf
import zfdesk.weights
from zfdesk.weights.catalogue import CATALOGUE, CatalogueEntry, find_entry
from zfdesk.weights.obtain import obtain

PEERS = {
    "pytorchcv-zfnet": "pytorchcv zfnet",
    "pytorchcv-zfnetb": "pytorchcv zfnetb",
    "alexnet": "torchvision alexnet",
    "vgg16": "torchvision vgg16",
}
QUICK = ("pytorchcv-zfnet",)
ENUMS = {
    "alexnet": torchvision.models.AlexNet_Weights.IMAGENET1K_V1,
    "vgg16": torchvision.models.VGG16_Weights.IMAGENET1K_V1,
}


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("ZFDESK_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


@pytest.fixture
def server() -> Iterator[Loopback]:
    with loopback() as made:
        yield made


# ---- what is printed


@pytest.mark.parametrize("name", ["zfnet", "zfnetb"])
def test_pytorchcvs_own_table(name: str) -> None:
    entry = find_entry(f"pytorchcv-{name}")
    parameters, error, sha1, release = model_store.get_model_metainfo(name)
    address = f"{model_store.imgclsmob_repo_url}/releases/download/{release}/{name}-{error}-{sha1[:8]}.pth.zip"
    assert entry.source == address
    assert (entry.algorithm, entry.hash, entry.parameters) == ("sha1", sha1, parameters)
    assert entry.top5 == int(error) / 100
    with open(model_store.get_model_metainfos_file_path(), encoding="utf-8") as table:
        row = next(line.replace('"', "").split(",") for line in table if line.startswith(f'"{name}"'))
    assert row[7:10] == ["in1k", "224", "0.875"]
    assert entry.input.resize == 224 / 0.875


@pytest.mark.parametrize("name", ENUMS)
def test_torchvisions_own_enums(name: str) -> None:
    entry, weights = find_entry(name), ENUMS[name]
    assert entry.source == weights.url
    assert (entry.algorithm, entry.hash) == ("sha256", HASH_REGEX.search(weights.url)[1])
    assert entry.parameters == weights.meta["num_params"]
    assert abs(entry.bytes / 2**20 - weights.meta["_file_size"]) < 0.001
    accuracy = weights.meta["_metrics"]["ImageNet-1K"]
    assert entry.top1 == pytest.approx(100 - accuracy["acc@1"])
    assert entry.top5 == pytest.approx(100 - accuracy["acc@5"])
    theirs = weights.transforms()
    assert (theirs.crop_size, theirs.resize_size, entry.input.order) == ([224], [entry.input.resize], "RGB")
    assert [255 * share for share in theirs.mean] == pytest.approx(entry.input.mean)
    assert [255 * share for share in theirs.std] == pytest.approx(entry.input.std)


def test_every_entry_is_complete() -> None:
    assert [entry.name for entry in CATALOGUE] == [*PEERS, "zfnet512"]
    for entry in CATALOGUE:
        assert zf.ARCHITECTURES[entry.architecture]().classes == 1000
        assert entry.title
        assert entry.description
        assert entry.licence
        assert re.fullmatch("[0-9a-f]{8,64}", entry.hash)
        assert len(entry.hash) <= len(hashlib.new(entry.algorithm).hexdigest())
        assert entry.source.startswith("https://")
        assert entry.by_file or entry.file.endswith((".pth", ".pth.zip"))
        assert 0 < entry.top5 < entry.top1 < 50
        assert entry.size >= 3.9 * entry.parameters
        assert entry.most_bytes > entry.size


# ---- the files


def offered(name: str, server: Loopback) -> tuple[CatalogueEntry, torch.nn.Module]:
    """An entry whose file, of the true architecture with random weights, lies on the server; and the peer's network."""
    make, _, last = MAKERS[PEERS[name]]
    net, state = random_state(make, last)
    net.load_state_dict({key: value.contiguous() for key, value in state.items()}, assign=True)
    file = io.BytesIO()
    # the format of the time they were published in
    torch.save(state, file, _use_new_zipfile_serialization=False)
    entry, data = find_entry(name), file.getvalue()
    digest = hashlib.new(entry.algorithm, data).hexdigest()
    if entry.file.endswith(".zip"):
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr(entry.file.removesuffix(".zip"), data)
        data = packed.getvalue()
    return replace(entry, source=server.serve(entry.file, data), hash=digest[: len(entry.hash)]), net


@pytest.mark.parametrize(
    "name",
    [name if name in QUICK else pytest.param(name, marks=pytest.mark.slow) for name in PEERS],
)
def test_downloaded_and_converted_it_answers_as_the_peer_does(name: str, server: Loopback) -> None:
    entry, net = offered(name, server)
    x = picture()
    with torch.inference_mode():
        wanted = net(x).softmax(1)
    del net
    kept = obtain(entry)
    path, told = kept.path, (kept.model.architecture.name, kept.name)
    assert told == (entry.architecture, entry.name)
    del kept
    gc.collect()
    model = zfdesk.weights.load(path)
    assert (model.input, model.classes) == (entry.input, zfdesk.weights.describe().classes)
    assert (model.licence, model.source) == (entry.licence, entry.source)
    agrees(model, wanted, x)


MEASURE = """
import re, sys
from dataclasses import replace
from zfdesk.weights.catalogue import find_entry
from zfdesk.weights.obtain import obtain
def peak():  # not getrusage: that starts with the memory of whoever started this process
    return int(re.search(r"VmHWM:\\s*(\\d+) kB", open("/proc/self/status").read())[1]) * 1024
before = peak()
entry = replace(find_entry(sys.argv[1]), source=sys.argv[2], hash=sys.argv[3])
obtain(entry)
print(before, peak())
"""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="/proc is Linux's")
def test_converting_vgg_16_needs_less_than_two_gigabytes(server: Loopback) -> None:
    """A file of full size: nothing in it is shared."""
    net = torchvision.models.vgg16()
    file = io.BytesIO()
    torch.save(net.state_dict(), file, _use_new_zipfile_serialization=False)
    data = file.getvalue()
    del net, file
    entry = find_entry("vgg16")
    assert abs(len(data) - entry.bytes) < 1 << 20
    url = server.serve(entry.file, data)
    done = subprocess.run(
        [sys.executable, "-c", MEASURE, "vgg16", url, hashlib.sha256(data).hexdigest()],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    before, most = map(int, done.stdout.split())
    print(f"{before / 1e9:.2f} GB before, {most / 1e9:.2f} GB at most")
    assert most < 2_000_000_000
