"""From a catalogue entry to weights in the folder: what is checked, kept and thrown away on the way."""

from __future__ import annotations

import hashlib
import io
import os
import pickle
import random
import re
import shutil
import threading
import time
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from embedded import NAME
from loopback import Loopback, loopback, room_for

import zfdesk.engine as zf
import zfdesk.weights
from zfdesk.weights import store
from zfdesk.weights.catalogue import CATALOGUE, CatalogueEntry, find_entry
from zfdesk.weights.download import DownloadProgress
from zfdesk.weights.obtain import downloads, import_file, installed, obtain, part_bytes
from zfdesk.weights.torch_file import pth_digest
from zfdesk.weights.web import Cancelled, DownloadError, Stop


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


@pytest.fixture(scope="module")
def model() -> zf.Model:
    """The smallest network, 5 MB; its checkpoint stands for any other file of weights."""
    return zf.random_model(zf.ARCHITECTURES["zfnet-no3467"](2), seed=5)


@pytest.fixture(scope="module")
def data(model: zf.Model, tmp_path_factory: pytest.TempPathFactory) -> bytes:
    path = tmp_path_factory.mktemp("peer") / "small.safetensors"
    zfdesk.weights.save(model, path)
    return path.read_bytes()


def entry(server: Loopback, data: bytes, **rest: Any) -> CatalogueEntry:
    """An entry for a file that the server has from now on."""
    served = {key: rest.pop(key) for key in ("drop", "status", "ranges", "stall", "length", "etag") if key in rest}
    url = server.serve(rest.pop("file", "small-1234.safetensors"), data, **served)
    made = CatalogueEntry(
        "small", "Somebody's small network", "for tests", "zfnet-no3467", "MIT", url,
        "sha1", hashlib.sha1(data).hexdigest(), 40.5, 20.25, bytes=len(data),
    )  # fmt: skip
    return replace(made, **rest)


def refused(wanted: CatalogueEntry, left: tuple[str, ...] = ()) -> str:
    """The sentence of a failure, after which only ``left`` is left and nothing else is in use."""
    with pytest.raises(zfdesk.weights.CheckpointError) as caught:
        obtain(wanted, pauses=(), patience=5)
    words = str(caught.value)
    assert words.endswith(".")
    assert "\n" not in words
    assert {path.name for path in downloads().iterdir()} - {"lock"} == set(left)
    assert [known.name for known in store.list_weights()] == [NAME]
    assert store.current() is None
    return words


def test_downloaded_checked_converted_and_kept(server: Loopback, data: bytes, model: zf.Model) -> None:
    wanted, told = entry(server, data), []
    kept = obtain(wanted, lambda stage, progress: told.append((stage, progress)))
    assert list(dict.fromkeys(stage for stage, _ in told)) == ["Downloading", "Checking", "Converting"]
    assert isinstance(told[0][1], DownloadProgress)
    assert told[-1][1] is None
    assert (kept.name, kept.path, kept.original) == ("small", store.folder() / "small.safetensors", None)
    again = zfdesk.weights.load(kept.path)
    assert all(torch.equal(again.weights[name], weight) for name, weight in model.weights.items())  # type: ignore[arg-type]
    assert (again.licence, again.source) == ("MIT", wanted.source)
    assert again.provenance == f"Somebody's small network, for tests; SHA-1 {wanted.hash}"
    known = store.list_weights()[1]
    assert (known.licence, known.source, known.in_use) == ("MIT", wanted.source, False)
    assert installed(wanted, store.list_weights()) == known
    assert installed(CATALOGUE[0], store.list_weights()) is None
    assert [path.name for path in downloads().iterdir()] == ["lock"]


def test_the_download_is_kept_when_asked_and_not_asked_for_again(server: Loopback, data: bytes) -> None:
    wanted = entry(server, data)
    kept = obtain(wanted, keep=True)
    assert kept.original == downloads() / "small-1234.safetensors"
    assert kept.original.read_bytes() == data
    kept.path.unlink()
    obtain(wanted)
    assert len(server.asked) == 1
    assert not kept.original.exists()


def test_a_taken_name_is_not_overwritten(server: Loopback, data: bytes) -> None:
    store.folder().mkdir(parents=True)
    (store.folder() / "small.safetensors").write_bytes(b"something else")
    assert obtain(entry(server, data)).name == "small-2"
    assert (store.folder() / "small.safetensors").read_bytes() == b"something else"


def test_a_broken_off_download_is_gone_on_with(server: Loopback, data: bytes) -> None:
    wanted = entry(server, data, drop=[1_000_000, 0])
    part = f"{wanted.file}.part"
    assert "broke off" in refused(wanted, (part, f"{part}.json"))
    assert part_bytes(wanted) == 1_000_000
    server.files[f"/{wanted.file}"].drop = []
    obtain(wanted)
    assert server.ranges() == ["", "bytes=1000000-"]
    assert part_bytes(wanted) == 0


def test_a_part_that_was_damaged_meanwhile_is_fetched_anew(server: Loopback, data: bytes) -> None:
    wanted = entry(server, data, drop=[1_000_000, 0])
    part = downloads() / f"{wanted.file}.part"
    refused(wanted, (part.name, f"{part.name}.json"))
    part.write_bytes(b"?" * 1_000_000)
    server.files[f"/{wanted.file}"].drop = []
    obtain(wanted)
    assert server.ranges() == ["", "bytes=1000000-", ""]


def test_a_wrong_hash_is_thrown_away(server: Loopback, data: bytes) -> None:
    words = refused(entry(server, data, hash="0123456789abcdef"))
    assert words == (
        f"What came for small is not what the catalogue names: its SHA-1 begins {hashlib.sha1(data).hexdigest()[:8]}, "
        "not 01234567; it was thrown away."
    )
    assert "not 89ab;" in refused(entry(server, data, hash="89ab", algorithm="sha256"))


def test_half_a_file_that_is_passed_off_as_whole(server: Loopback, data: bytes) -> None:
    assert "is not what the catalogue names" in refused(entry(server, data, length=len(data) // 2))


def packed(data: bytes, name: str = "small-1234.pth", **rest: Any) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, data)
        for other, contents in rest.items():
            archive.writestr(other, contents)
    return file.getvalue()


def pth(state: object) -> bytes:
    file = io.BytesIO()
    torch.save(state, file)
    return file.getvalue()


class _Harm:
    def __init__(self, target: Path) -> None:
        self.target = target

    def __reduce__(self) -> tuple[Any, tuple[object, ...]]:
        return os.system, (f"touch {self.target}",)


@pytest.mark.parametrize("wrap", ["pickle", "pth", "zip", "zip of a pickle"])
def test_a_pickle_bomb_with_the_right_hash_does_not_go_off(wrap: str, server: Loopback, tmp_path: Path) -> None:
    harm = {"a": _Harm(tmp_path / "harmed")}
    inside = pickle.dumps(harm) if wrap.endswith("pickle") else pth(harm)
    whole = packed(inside) if wrap.startswith("zip") else inside
    words = refused(entry(server, whole, file="small.pth", hash=hashlib.sha1(inside).hexdigest(), bytes=10**6))
    assert "asks for" in words or "damaged" in words
    assert not (tmp_path / "harmed").exists()


def _flipped(data: bytes, place: int) -> bytes:
    return data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :]


ZIPS: dict[str, tuple[bytes, str]] = {
    "half": (packed(bytes(range(256)) * 400)[:-300], "is a damaged zip"),
    "two in it": (packed(b"a", b_pth=b"", **{"b.pth": b"b"}), "2 .pth files"),
    "none in it": (packed(b"a", "readme.txt"), "readme.txt"),
    "bomb": (packed(bytes(40 << 20)), "would grow"),
    "damaged inside": (_flipped(packed(random.Random(2).randbytes(9999)), 5000), "cannot be unpacked"),
}


@pytest.mark.parametrize("kind", ZIPS)
def test_zips_that_are_not_what_they_should_be(kind: str, server: Loopback) -> None:
    data, words = ZIPS[kind]
    told = refused(entry(server, data, file="small.pth.zip", bytes=10**6))
    assert re.search(words, told)
    assert told.endswith("The download was thrown away.")


def test_a_file_outside_its_folder_stays_inside(server: Loopback, tmp_path: Path) -> None:
    """Nothing is unpacked under a name from the zip."""
    inside = pth({"a": torch.zeros(1)})
    data = packed(inside, "../../../../../../../../" + str(tmp_path / "out.pth"))
    refused(entry(server, data, file="x.zip", hash=hashlib.sha1(inside).hexdigest(), bytes=10**6))
    assert not (tmp_path / "out.pth").exists()


def test_the_hash_is_of_the_pth_inside_a_zip(tmp_path: Path) -> None:
    inside = pth({"a": torch.zeros(99)})
    for name, data in (("a.pth", inside), ("a.zip", packed(inside)), ("legacy.pth", pickle.dumps(b"x" * 99))):
        (tmp_path / name).write_bytes(data)
        wanted = inside if name.startswith("a.") else data
        for algorithm in ("sha1", "sha256"):
            assert pth_digest(tmp_path / name, algorithm) == hashlib.new(algorithm, wanted).hexdigest()


def test_another_network_than_named(server: Loopback, data: bytes) -> None:
    assert "not Somebody's small network" in refused(entry(server, data, architecture="vgg16"))


# ---- the disk


def test_no_room_is_told_before_anything_is_asked(
    server: Loopback, data: bytes, monkeypatch: pytest.MonkeyPatch, home: Path
) -> None:
    usage = type(shutil.disk_usage("/"))
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage(10**9, 10**9 - 2_000_000, 2_000_000))
    words = refused(entry(server, data))
    assert words.startswith(f"There is not enough room in {home}: 2 MB are free, and getting small takes ")
    assert server.asked == []


def test_a_disk_that_fills_up_while_downloading(server: Loopback, data: bytes) -> None:
    wanted = entry(server, data)
    part = f"{wanted.file}.part"
    with room_for(1_000_000):
        assert "the disk is full; what has come is kept" in refused(wanted, (part, f"{part}.json"))
    obtain(wanted)
    assert server.ranges() == ["", "bytes=1000000-"]


def test_a_disk_that_fills_up_while_converting_keeps_the_download(server: Loopback, model: zf.Model) -> None:
    half = replace(model, weights={name: weight.half().float() for name, weight in model.weights.items()})
    zfdesk.weights.save(half, downloads_parent() / "half.safetensors")
    data = (downloads_parent() / "half.safetensors").read_bytes()
    wanted = entry(server, data)
    # the download fits, what it is converted to (with words of ours) does not
    with room_for(len(data)):
        assert "cannot be written" in refused(wanted, (wanted.file,))
    obtain(wanted)
    assert len(server.asked) == 1


def downloads_parent() -> Path:
    store.home().mkdir(parents=True, exist_ok=True)
    return store.home()


# ---- stopping, and two at once


def test_stopped_while_downloading(server: Loopback, data: bytes) -> None:
    wanted, stop = entry(server, data, stall=1_000_000), Stop()

    def wait_and_stop() -> None:
        while part_bytes(wanted) < 1_000_000:
            time.sleep(0.005)
        stop.ask()

    waiter = threading.Thread(target=wait_and_stop, daemon=True)
    waiter.start()
    with pytest.raises(Cancelled):
        obtain(wanted, stop=stop)
    waiter.join(5)
    server.files[f"/{wanted.file}"].stall = -1
    obtain(wanted)
    assert server.ranges() == ["", "bytes=1000000-"]


def test_stopped_while_converting_nothing_is_kept_but_the_download(server: Loopback, data: bytes) -> None:
    stop = Stop()
    wanted = entry(server, data)
    with pytest.raises(Cancelled):
        obtain(wanted, lambda stage, _: stop.ask() if stage == "Converting" else None, stop)
    assert [path.name for path in store.folder().glob("*")] == []
    assert (downloads() / wanted.file).exists()
    obtain(wanted)
    assert len(server.asked) == 1


def test_two_at_once(server: Loopback, data: bytes) -> None:
    wanted = entry(server, data, stall=1000)
    stop = Stop()

    def first() -> None:
        with pytest.raises(Cancelled):
            obtain(wanted, stop=stop)

    thread = threading.Thread(target=first, daemon=True)
    thread.start()
    assert server.stalled.wait(10)
    with pytest.raises(DownloadError, match="A download is under way already"):
        obtain(wanted, pauses=(), patience=1)
    stop.ask()
    thread.join(10)


# ---- the catalogue's own words


def test_names_are_found_and_others_told(home: Path) -> None:
    assert find_entry("alexnet").architecture == "alexnet"
    for wrong, meant in (("zfnet", "pytorchcv-zfnet"), ("zfnetb", "pytorchcv-zfnetb"), ("vgg", "vgg16")):
        with pytest.raises(zfdesk.weights.CheckpointError, match=f"Did you mean {meant}\\?"):
            find_entry(wrong)
    with pytest.raises(
        zfdesk.weights.CheckpointError, match=r"nothing called 'xyz'; it has pytorchcv-zfnet, .*, zfnet512\.$"
    ):
        find_entry("xyz")
    with pytest.raises(zfdesk.weights.CheckpointError, match="to get it: `zfdesk weights get vgg16`"):
        store.use("vgg16")
    with pytest.raises(zfdesk.weights.CheckpointError, match=r"zfnet512-12\.onnx from .* `zfdesk weights import FILE`"):
        store.find_weights("zfnet512")
    assert not home.exists()


def test_what_comes_by_file_is_not_downloaded(home: Path) -> None:
    with pytest.raises(DownloadError, match=r"zfnet512 cannot be downloaded from here: download zfnet512-12\.onnx"):
        obtain(find_entry("zfnet512"))
    assert not home.exists()


@pytest.mark.parametrize("algorithm", ["sha1", "sha256"])
def test_a_file_of_the_catalogue_is_recognised_when_it_is_imported(
    algorithm: str, server: Loopback, data: bytes, tmp_path: Path
) -> None:
    """Fetched by other means, for a machine without a connection."""
    wanted = entry(server, data, algorithm=algorithm, hash=hashlib.new(algorithm, data).hexdigest()[:12])
    (tmp_path / "from a stick.safetensors").write_bytes(data)
    kept = import_file(tmp_path / "from a stick.safetensors", catalogue=(*CATALOGUE, wanted))
    assert (kept.name, kept.model.licence, kept.model.source) == ("small", "MIT", wanted.source)
    assert installed(wanted, store.list_weights()) == store.list_weights()[1]
    other = replace(wanted, hash="00")
    assert import_file(tmp_path / "from a stick.safetensors", catalogue=(other,)).name == "from-a-stick"


def test_an_unknown_file_is_imported_under_its_own_name(data: bytes, tmp_path: Path) -> None:
    (tmp_path / "mine.safetensors").write_bytes(data)
    kept = import_file(tmp_path / "mine.safetensors")
    assert (kept.name, kept.model.source, kept.model.licence) == ("mine", "", "")
    assert import_file(tmp_path / "mine.safetensors", "other").name == "other"
