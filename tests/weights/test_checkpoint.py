"""Weights files: what is written comes back bit by bit, and nothing damaged or hostile gets in."""

from __future__ import annotations

import json
import os
import pickle
import random
import re
import time
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import safetensors
import safetensors.torch
import torch
from embedded import NAME

import zfdesk.engine as zf
import zfdesk.weights
from zfdesk.engine.packed_rows import PackedRows
from zfdesk.weights.checkpoint import embedded
from zfdesk.weights.embedded_facts import embedded_facts
from zfdesk.weights.safetensors_file import digest, write_tensors

NAMES = ("tench", "Île-de-France dog", "犬")


def small_model() -> zf.Model:
    """The smallest declared network (1.25 M weights): float16-exact, float32 and packed weights, odd numbers."""
    architecture = zf.ARCHITECTURES["zfnet-no3467"](3)
    weights = dict(zf.random_model(architecture, seed=4).weights)
    first = weights["conv1.weight"].half().float()
    first.view(-1)[:4] = torch.tensor(
        [-0.0, 2.0**-24, -65504.0, 1.0]
    )  # kept by float16: signed zero, subnormal, largest
    rows = torch.randint(-127, 128, (3, 9216), dtype=torch.int8, generator=torch.Generator().manual_seed(5))
    weights |= {"conv1.weight": first, "fc8.weight": PackedRows(rows, torch.tensor([0.001, 2.5e-39, 0.0]))}
    spec = zf.InputSpec((1.5, 2.25, 3.1), (58.395, 57.12, 57.375), "BGR", 288)
    return zf.Model(architecture, weights, spec, NAMES, provenance='two\nlines, "quoted" \\ and ü', trained=False)


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("good") / "good.safetensors"
    zfdesk.weights.save(small_model(), path)
    return path


def refused(path: Path) -> str:
    """The sentence a file is refused with: one, ended, and naming the file."""
    with pytest.raises(zfdesk.weights.CheckpointError) as caught:
        zfdesk.weights.load(path)
    words = str(caught.value)
    assert str(path) in words
    assert words.endswith((".", "`."))
    assert "\n" not in words
    assert len(words) < 600 + len(str(path))
    assert not re.search(r"Error|Traceback|0x[0-9a-f]{6}", words)
    return words


# ---- what is good


def test_embedded_network() -> None:
    model = zfdesk.weights.load()
    assert (model.architecture.name, model.name, model.architecture.parameters) == ("zfnet", NAME, 62_357_608)
    assert model.sha256 == embedded_facts().sha256
    assert model.sha256 in embedded().with_suffix(".md").read_text("utf-8"), "its model card"
    assert (model.classes[0], model.classes[285], model.classes[-1]) == ("tench", "Egyptian cat", "toilet tissue")
    assert (model.input, model.trained) == (zf.InputSpec(), True)
    for name, weight in model.weights.items():
        packed = re.fullmatch(r"fc\d\.weight", name) is not None
        assert isinstance(weight, PackedRows) if packed else weight.dtype == torch.float32


def test_embedded_tensors_are_those_the_safetensors_package_reads() -> None:
    theirs, model = safetensors.torch.load_file(embedded()), zfdesk.weights.load()
    for name, weight in model.weights.items():
        if isinstance(weight, PackedRows):
            assert torch.equal(weight.rows, theirs.pop(name))
            assert torch.equal(weight.scale, theirs.pop(name.replace("weight", "scale")))
        else:
            assert torch.equal(weight, theirs.pop(name).float())
    assert not theirs


def test_round_trip_is_exact_to_the_bit(good: Path, tmp_path: Path) -> None:
    before, after = small_model(), zfdesk.weights.load(good)
    for name, weight in before.weights.items():
        other = after.weights[name]
        assert type(other) is type(weight)
        pairs = [(weight.rows, other.rows), (weight.scale, other.scale)] if isinstance(weight, PackedRows) else []
        for one, two in pairs or [(weight, other)]:
            assert one.dtype == two.dtype
            assert one.numpy().tobytes() == two.numpy().tobytes()
    kept = ("architecture", "input", "classes", "provenance", "trained")
    assert [getattr(before, key) for key in kept] == [getattr(after, key) for key in kept]
    assert after.name == "good"
    again = tmp_path / "again.safetensors"
    assert zfdesk.weights.save(after, again) == after.sha256  # the same bytes
    assert again.read_bytes() == good.read_bytes()


def test_saved_file_is_plain_safetensors_and_small(good: Path) -> None:
    with safetensors.safe_open(good, "pt") as file:
        assert json.loads(file.metadata()["classes"]) == list(NAMES)
        types = {name: file.get_slice(name).get_dtype() for name in file.keys()}  # noqa: SIM118
    assert types["conv1.weight"] == "F16"
    assert types["conv2.weight"] == "F32"
    assert types["fc8.weight"] == "I8"
    assert types["conv1.bias"] == "F32"


def test_a_file_written_by_the_safetensors_package_loads(good: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy.safetensors"
    with safetensors.safe_open(good, "pt") as file:
        safetensors.torch.save_file({name: file.get_tensor(name) for name in file.keys()}, copy, file.metadata())  # noqa: SIM118
    assert torch.equal(
        zfdesk.weights.load(copy).weights["conv2.weight"], zfdesk.weights.load(good).weights["conv2.weight"]
    )


def test_description_reads_the_header_alone(good: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("zfdesk.weights.checkpoint.read_tensors", lambda *_: pytest.fail("read the tensors"))
    told, model = zfdesk.weights.describe(good), small_model()
    assert (told.architecture, told.classes, told.input) == (model.architecture, model.classes, model.input)
    assert (told.provenance, told.trained, told.bytes) == (model.provenance, False, good.stat().st_size)
    assert "int8: fc8.weight" in told.packing


def test_saving_is_whole_or_not_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place = tmp_path / "kept.safetensors"
    place.write_bytes(b"the older file")

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(zfdesk.weights.CheckpointError, match=r"cannot be written: no space left on device\.$"):
        zfdesk.weights.save(small_model(), place)
    assert place.read_bytes() == b"the older file"
    assert list(tmp_path.iterdir()) == [place]
    with pytest.raises(zfdesk.weights.CheckpointError, match="cannot be written"):
        zfdesk.weights.save(small_model(), tmp_path / "no" / "such" / "folder.safetensors")


def test_float64_weights_are_not_saved_rounded(tmp_path: Path) -> None:
    model = zf.random_model(zf.ARCHITECTURES["zfnet-no3467"](2), dtype=torch.float64)
    with pytest.raises(zfdesk.weights.CheckpointError, match="float64"):
        zfdesk.weights.save(model, tmp_path / "x.safetensors")


@pytest.mark.slow
def test_loading_the_embedded_network_and_its_first_answer_take_under_a_second() -> None:
    zfdesk.weights.load().forward(np.zeros((224, 224, 3), np.uint8))
    start = time.perf_counter()
    zfdesk.weights.load().forward(np.zeros((224, 224, 3), np.uint8))
    assert time.perf_counter() - start < 1.0


# ---- damage


def test_every_flipped_bit_is_noticed(good: Path, tmp_path: Path) -> None:
    data = bytearray(good.read_bytes())
    chance, end = random.Random(6), 8 + int.from_bytes(data[:8], "little")
    places = [*range(end), *(chance.randrange(end, len(data)) for _ in range(60)), len(data) - 1]
    path = tmp_path / "flipped.safetensors"
    path.write_bytes(data)
    for place in places:
        with path.open("r+b") as file:
            file.seek(place)
            file.write(bytes([data[place] ^ 1 << chance.randrange(8)]))
        refused(path)
        with path.open("r+b") as file:
            file.seek(place)
            file.write(data[place : place + 1])
    assert path.read_bytes() == data


def test_every_truncation_is_noticed(good: Path, tmp_path: Path) -> None:
    data, chance, path = good.read_bytes(), random.Random(7), tmp_path / "short.safetensors"
    end = 8 + int.from_bytes(data[:8], "little")
    for length in {
        0,
        1,
        7,
        8,
        9,
        16,
        100,
        end - 1,
        end,
        end + 1,
        len(data) - 1,
        *(chance.randrange(len(data)) for _ in range(40)),
    }:
        path.write_bytes(data[:length])
        refused(path)
    path.write_bytes(data + b"\0")
    assert "is damaged" in refused(path)


class _Writes:
    """Pickled, it asks the reader to make a file."""

    def __init__(self, target: Path) -> None:
        self.target = target

    def __reduce__(self) -> tuple[Callable[..., object], tuple[object, ...]]:
        return os.system, (f"touch {self.target}",)


def _hostile_files(folder: Path, good: Path) -> dict[str, tuple[bytes, str]]:
    """Name → contents and what its refusal must say."""
    chance, whole = random.Random(8), good.read_bytes()
    trap = pickle.dumps(_Writes(folder / "pwned"))
    with zipfile.ZipFile(folder / "packed", "w") as archive:
        archive.writestr("archive/data.pkl", trap)
    packed = (folder / "packed").read_bytes()
    (folder / "packed").unlink()

    def header(text: str | bytes, rest: bytes = b"") -> bytes:
        raw = text.encode() if isinstance(text, str) else text
        return len(raw).to_bytes(8, "little") + raw + rest

    def tensor(dtype: object = "F32", shape: object = (2,), offsets: object = (0, 8)) -> bytes:
        return header(json.dumps({"x": {"dtype": dtype, "shape": shape, "data_offsets": offsets}}), bytes(8))

    import_it = "zfdesk weights import"
    return {
        "empty": (b"", "empty"),
        "zeros": (bytes(5000), "zero bytes"),
        "pickle": (trap, import_it),
        "protocol 0": (pickle.dumps(_Writes(folder / "pwned"), 0), "unknown kind"),
        "torch zip": (packed, import_it),
        "web page": (b"<!DOCTYPE html><html><title>404</title></html>", "web page"),
        "lfs pointer": (b"version https://git-lfs.github.com/spec/v1\noid sha256:1a66\nsize 66168768\n", "Git LFS"),
        "png": (b"\x89PNG\r\n\x1a\n" + bytes(100), "a picture"),
        "onnx": (b"\x08\x03\x12\x02hi" + bytes(100), import_it),
        "gzip": (b"\x1f\x8b\x08" + bytes(100), "gzip"),
        "text": (b"these are not the weights you are looking for", "unknown kind"),
        "gigabytes of header": (b"\xff\xff\xff\xff\xff\x00\x00\x00{" + bytes(100), "unknown kind|damaged"),
        "long header": ((15 << 20).to_bytes(8, "little") + b"{" + bytes(100), "cut short"),
        "gigabytes of tensor": (tensor("F32", [1 << 34], [0, 1 << 36]), "cut short"),
        "overflowing shape": (tensor("F32", [1 << 61, 1 << 61], [0, 8]), "wrong size"),
        "negative shape": (tensor("F32", [-2], [0, 8]), "makes no sense"),
        "shape of texts": (tensor("F32", ["2"], [0, 8]), "makes no sense"),
        "shape of floats": (tensor("F32", [2.0], [0, 8]), "makes no sense"),
        "shape of truths": (tensor("F32", [True, 2], [0, 8]), "makes no sense"),
        "a thousand axes": (tensor("F32", [1] * 1000, [0, 4]), "makes no sense"),
        "offsets backwards": (tensor("F32", [2], [8, 0]), "makes no sense"),
        "gap": (tensor("F32", [1], [4, 8]), "does not begin"),
        "unknown type": (tensor("F8_E4M3", [8], [0, 8]), "unknown type"),
        "type of wrong type": (tensor(["F32"], [2], [0, 8]), "unknown type"),
        "nothing described": (header('{"x": 3}'), "not described"),
        "header a list": (header("{} []"), "cannot be read"),
        "nested": (header('{"x":' + "[" * 100_000 + "]" * 100_000 + "}"), "nested too deeply|cannot be read"),
        "endless digits": (header('{"x":' + "9" * 10_000 + "}"), "cannot be read"),
        "not a number": (header('{"x": NaN}'), "holds NaN, which is not a number"),
        "same name twice": (header('{"x": 1, "x": 2}'), "gives a name twice"),
        "not unicode": (header(b'{"\xff\xfe": 1}'), "cannot be read"),
        "metadata a list": (header('{"__metadata__": ["zfdesk-1"]}'), "not texts"),
        "metadata of numbers": (header('{"__metadata__": {"format": 1}}'), "not texts"),
        "no metadata": (header("{}"), "not a zfdesk checkpoint"),
        "another format": (header('{"__metadata__": {"format": "zfdesk-9"}}'), "zfdesk-9"),
        "format alone": (header('{"__metadata__": {"format": "zfdesk-1"}}'), "lacks"),
        **{f"noise {n}": (chance.randbytes(chance.randrange(1, 4000)), "") for n in range(8)},
        **{f"noisy rest {n}": (whole[: 400 * n + 9] + chance.randbytes(3000), "") for n in range(8)},
    }


def test_hostile_files_are_refused_in_words_and_nothing_is_run(good: Path, tmp_path: Path) -> None:
    corpus = _hostile_files(tmp_path, good)
    assert len(corpus) >= 40
    model = zfdesk.weights.load(good)
    picture = np.full((224, 224, 3), 77, np.uint8)
    answer = model.forward(picture).probabilities
    for name, (contents, words) in corpus.items():
        path = tmp_path / "hostile"
        path.write_bytes(contents)
        assert re.search(words, refused(path)), name
        assert [entry.name for entry in tmp_path.iterdir()] == ["hostile"], name
    assert torch.equal(model.forward(picture).probabilities, answer)  # the network in use stays


def test_places_that_are_no_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, good: Path) -> None:
    assert "is a folder" in refused(tmp_path)
    assert "There is no file" in refused(tmp_path / "missing.safetensors")
    assert "cannot be read" in refused(tmp_path / ("long" * 200))
    if hasattr(os, "mkfifo"):
        os.mkfifo(tmp_path / "pipe")
        assert "not an ordinary file" in refused(tmp_path / "pipe")  # and does not wait for a writer

    def locked(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", locked)  # chmod does not keep root out
    assert "permission denied" in refused(good)


# ---- sound files that say the wrong thing


def _forged(good: Path, path: Path, metadata: dict[str, str | None], tensors: dict[str, torch.Tensor | None]) -> Path:
    """The good file with some entries changed (None: left out), and a hash that fits."""
    with safetensors.safe_open(good, "pt") as file:
        told = file.metadata() | metadata
        held = {name: file.get_tensor(name) for name in file.keys()} | tensors  # noqa: SIM118
    told = {key: value for key, value in told.items() if value is not None}
    held = {key: value for key, value in held.items() if value is not None}
    write_tensors(path, held, told | {"sha256": digest(told, held)})
    return path


_INPUT = {"size": 224, "channels": "RGB", "range": [0, 255], "mean": [1, 2, 3], "std": [1, 1, 1], "resize": 256}
_LRN = {"size": 5, "alpha": 1e-4, "beta": 0.75, "k": 2.0, "alpha_divided_by_size": True}


def _but(whole: dict[str, object], **changed: object) -> str:
    return json.dumps(whole | changed)


WRONG_LABELS: dict[str, tuple[dict[str, str | None], str]] = {
    "unknown architecture": ({"architecture": "resnet50"}, "unknown architecture, 'resnet50'"),
    "another architecture": ({"architecture": "zfnet"}, "does not fit zfnet: it lacks"),
    "alexnet": ({"architecture": "alexnet"}, "does not fit alexnet"),
    "too few classes": ({"classes": '["a", "b"]'}, "names 2 classes, but its network has 3"),
    "no classes": ({"classes": "[]"}, "not a list of 1 to"),
    "classes a text": ({"classes": '"abc"'}, "not a list of 1 to"),
    "classes of numbers": ({"classes": "[1, 2, 3]"}, "not a readable text"),
    "class without a name": ({"classes": '["a", "b", ""]'}, "not a readable text"),
    "class with control characters": ({"classes": '["a", "b", "\\u001b[2J"]'}, "not a readable text"),
    "classes that end the object": ({"classes": '["a"]}, {"x": ["b", "c"]'}, "cannot be read"),
    "classes missing": ({"classes": None}, "lacks 'classes'"),
    "an unknown entry": ({"sha257": "0"}, "unknown entry, 'sha257'"),
    "trained perhaps": ({"trained": "perhaps"}, "neither true nor false"),
    "endless provenance": ({"provenance": "x" * 20_000}, "longer than"),
    "lrn missing": ({"lrn": None}, "gives no constants"),
    "lrn alpha": ({"lrn": _but(_LRN, alpha=5e-4)}, "trained with alpha 0.0005 .* declared with 0.0001"),
    "lrn alpha undivided": ({"lrn": _but(_LRN, alpha_divided_by_size=False)}, "trained with alpha 0.0005"),
    "lrn size": ({"lrn": _but(_LRN, size=3)}, "trained with size 3"),
    "lrn infinite": ({"lrn": _but(_LRN).replace("0.75", "1e999")}, "not numbers"),
    "lrn a list": ({"lrn": "[]"}, "is not an object"),
    "lrn a truth": ({"lrn": _but(_LRN, k=True)}, "not numbers"),
    "input mean of two": ({"input": _but(_INPUT, mean=[1, 2])}, "lacks mean"),
    "input mean of texts": ({"input": _but(_INPUT, mean=["1", "2", "3"])}, "lacks mean"),
    "input std zero": ({"input": _but(_INPUT, std=[1, 0, 1])}, "std positive"),
    "input order": ({"input": _but(_INPUT, channels="GRB")}, "neither RGB nor BGR"),
    "input range": ({"input": _but(_INPUT, range=[0, 1])}, "wants another input"),
    "input size": ({"input": _but(_INPUT, size=227)}, "wants another input"),
    "input resize": ({"input": _but(_INPUT, resize=100)}, "resized to 100"),
    "input nested": ({"input": "[" * 100_000}, "nested too deeply|cannot be read"),
}  # fmt: skip


@pytest.mark.parametrize("case", WRONG_LABELS)
def test_metadata_that_do_not_fit_are_refused(case: str, good: Path, tmp_path: Path) -> None:
    metadata, words = WRONG_LABELS[case]
    assert re.search(words, refused(_forged(good, tmp_path / "forged", metadata, {})))


def _with(values: torch.Tensor, value: float) -> torch.Tensor:
    values.view(-1)[-1] = value
    return values


_HALF = torch.zeros(96, 3, 7, 7, dtype=torch.float16)
WRONG_TENSORS: dict[str, tuple[dict[str, torch.Tensor | None], str]] = {
    "missing": ({"conv2.bias": None}, "lacks conv2.bias"),
    "superfluous": ({"conv9.bias": torch.zeros(3)}, "has conv9.bias too many"),
    "transposed": ({"conv1.weight": torch.zeros(3, 96, 7, 7)}, r"conv1.weight has shape \(3, 96, 7, 7\)"),
    "flattened": ({"conv1.weight": torch.zeros(96, 147)}, "conv1.weight has shape"),
    "whole numbers": ({"conv1.bias": torch.zeros(96, dtype=torch.int32)}, "of type I32"),
    "double": ({"conv1.bias": torch.zeros(96, dtype=torch.float64)}, "of type F64"),
    "packed convolution": ({"conv1.weight": torch.zeros(96, 3, 7, 7, dtype=torch.int8)}, "of type I8"),
    "scale missing": ({"fc8.scale": None}, "no float32 scale"),
    "scale too short": ({"fc8.scale": torch.ones(2)}, "no float32 scale"),
    "scale of half precision": ({"fc8.scale": torch.ones(3).half()}, "no float32 scale"),
    "scale of nothing": ({"conv1.scale": torch.ones(96)}, "the scale of nothing"),
    "NaN": ({"conv2.bias": _with(torch.zeros(256), float("nan"))}, "conv2.bias holds values that are not numbers"),
    "NaN in float16": ({"conv1.weight": _with(_HALF.clone(), float("nan"))}, "conv1.weight holds values"),
    "infinite float16": ({"conv1.weight": _with(_HALF.clone(), float("-inf"))}, "conv1.weight holds values"),
    "infinite scale": ({"fc8.scale": _with(torch.ones(3), float("inf"))}, "fc8.weight holds values"),
}  # fmt: skip


@pytest.mark.parametrize("case", WRONG_TENSORS)
def test_tensors_that_do_not_fit_are_refused(case: str, good: Path, tmp_path: Path) -> None:
    tensors, words = WRONG_TENSORS[case]
    assert re.search(words, refused(_forged(good, tmp_path / "forged", {}, tensors)))


def test_a_network_without_normalisation_says_nothing_of_it(good: Path, tmp_path: Path) -> None:
    model = zf.random_model(zf.ARCHITECTURES["zfnet-no3467"](3))
    pieces = {
        name: torch.zeros(()).expand(shape) for name, shape in zf.ARCHITECTURES["alexnet"](3).weight_shapes().items()
    }
    names = dict.fromkeys(model.weights) | {"fc8.scale": None} | {key: value.half() for key, value in pieces.items()}
    path = _forged(good, tmp_path / "alexnet", {"architecture": "alexnet"}, names)
    assert "does not normalise" in refused(path)


# ---- doubt


def test_doubt_is_for_random_and_badly_fed_networks_alone() -> None:
    trained = zfdesk.weights.load()
    assert zfdesk.weights.looks_untrained(trained) == ""
    wrong = replace(trained, input=zf.InputSpec(mean=(0, 0, 0), std=(255, 255, 255)))
    assert "nearly alike" in zfdesk.weights.looks_untrained(wrong)
    chance = zf.random_model(zf.ARCHITECTURES["zfnet-no67"](100), seed=3)
    assert "untrained" in zfdesk.weights.looks_untrained(chance)
    assert "mirror image" in zfdesk.weights.looks_untrained(replace(chance, trained=True))
    still = {name: torch.full_like(weight, 0.02) for name, weight in chance.weights.items()}  # type: ignore[arg-type]
    assert zfdesk.weights.looks_untrained(replace(chance, weights=still, trained=True))
