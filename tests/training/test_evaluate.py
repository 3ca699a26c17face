"""Evaluation against brute force in plain numpy and against torchvision's ten crops."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from shard_tools import small_model, write_pictures

import zfdesk.engine as zf
import zfdesk.weights
from zfdesk.cli import main
from zfdesk.cli.evaluate import TABLE_2
from zfdesk.progress import percent_text
from zfdesk.resources import resource
from zfdesk.training.class_names import places_of, read_class_map, wordnet_ids
from zfdesk.training.data import open_pictures
from zfdesk.training.errors import TrainingError
from zfdesk.training.evaluate import Evaluation, Protocol, evaluate, standard_error, views

CLASSES = tuple(f"thing {letter}" for letter in "abcdefghijkl")
OWN = (1, 4, 5, 7, 8, 10, 11)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """63 pictures of 7 of the 12 classes."""
    place = tmp_path_factory.mktemp("data")
    for number in OWN:
        write_pictures(place / CLASSES[number], 9, number, smallest=40)
    return place


def brute(models: list[zf.Model], folder: Path, crops: int = 1) -> tuple[np.ndarray, np.ndarray]:
    """Labels and averaged probabilities, picture by picture with Pillow."""
    labels, answers = [], []
    for label in sorted(OWN, key=lambda number: CLASSES[number]):
        for path in sorted((folder / CLASSES[label]).iterdir()):
            image = Image.open(path).convert("RGB")
            total = []
            for model in models:
                size, resize = model.architecture.size, model.input.resize
                short = min(image.size)
                if crops == 1:
                    side = short * size / resize
                    left, top = (image.width - side) / 2, (image.height - side) / 2
                    box = (left, top, left + side, top + side)
                    seen = [np.asarray(image.resize((size, size), Image.Resampling.BILINEAR, box=box))]
                else:
                    left, top = (image.width - short) / 2, (image.height - short) / 2
                    box = (left, top, left + short, top + short)
                    square = image.resize((resize, resize), Image.Resampling.BILINEAR, box=box)
                    far, middle = resize - size, round((resize - size) / 2)
                    corners = [(0, 0), (far, 0), (0, far), (far, far), (middle, middle)]
                    seen = [np.asarray(square.crop((x, y, x + size, y + size))) for x, y in corners]
                    seen += [crop[:, ::-1] for crop in seen]
                total += [model.forward(np.ascontiguousarray(one), reference=True).probabilities[0] for one in seen]
            labels.append(label)
            answers.append(torch.stack(total).mean(0).numpy())
    return np.array(labels), np.array(answers)


def top(labels: np.ndarray, answers: np.ndarray, k: int) -> float:
    found = torch.from_numpy(answers).topk(k).indices.numpy()
    return float(np.mean([label in row for label, row in zip(labels, found, strict=True)]))


def asked(models: list[zf.Model], folder: Path, protocol: Protocol | None = None) -> Evaluation:
    pictures = open_pictures(str(folder), "val")
    return evaluate(models, pictures, places_of(pictures.classes, models[0].classes), protocol)


@pytest.mark.parametrize("crops", [1, 10])
@pytest.mark.parametrize("seeds", [(0,), (1, 2)])
def test_scores_are_those_of_brute_force(folder: Path, seeds: tuple[int, ...], crops: int) -> None:
    models = [small_model(CLASSES, seed, size=32 + 2 * seed, resize=40) for seed in seeds]
    labels, answers = brute(models, folder, crops)
    found = asked(models, folder, Protocol(crops))
    assert found.labels.tolist() == labels.tolist()
    assert (found.answers == answers.argmax(1)).mean() > 0.98  # a rounded pixel may turn a near draw
    for k in (1, 5):
        assert found.top(k) == pytest.approx(top(labels, answers, k), abs=1.5 / 63)
        assert found.top(k, among=True) == pytest.approx(
            top(np.searchsorted(OWN, labels), answers[:, OWN], k), abs=1.5 / 63
        )
    assert 0.02 < found.top(5) < 0.98
    assert found.top(1, among=True) >= found.top(1)


def test_ten_crops_are_torchvisions(folder: Path) -> None:
    from torchvision_peer import import_torchvision

    import_torchvision()
    from torchvision.transforms import TenCrop

    pixels = np.random.default_rng(0).integers(0, 256, (256, 256, 3), dtype=np.uint8)
    expected = np.stack([np.asarray(crop) for crop in TenCrop(224)(Image.fromarray(pixels))])
    assert np.array_equal(views(pixels, 224, 256, Protocol(10)), expected)


def test_of_a_wide_picture_the_central_square_is_cropped() -> None:
    from torchvision_peer import import_torchvision

    import_torchvision()
    from torchvision.transforms import CenterCrop, Compose, Resize, TenCrop

    image = Image.open(resource("demo/chelsea.jpg")).convert("RGB")
    steps = Compose([Resize(256), CenterCrop(256), TenCrop(224)])
    expected = np.stack([np.asarray(crop) for crop in steps(image)]).astype(int)
    seen = views(np.asarray(image), 224, 256, Protocol(10))
    assert np.abs(seen - expected).mean() < 1.5  # half a pixel of centring, and Pillow's rounding


def test_one_crop_is_what_the_program_sees_elsewhere() -> None:
    image = np.asarray(Image.open(resource("demo/chelsea.jpg")).convert("RGB"))
    assert np.array_equal(views(image, 224, 256, Protocol())[0], zf.centre_crop(image))
    whole = views(image, 224, 256, Protocol(whole=True))[0]
    height, width = image.shape[:2]
    left = (width - height) / 2
    box = (left, 0, left + height, height)
    square = Image.fromarray(image).resize((224, 224), Image.Resampling.BILINEAR, box=box)
    assert np.abs(whole.astype(int) - np.asarray(square)).max() <= 1


def test_classes_and_confusions_are_counted(folder: Path) -> None:
    model = small_model(CLASSES, 3)
    labels, answers = brute([model], folder)
    found = asked([model], folder)
    guessed = found.answers
    pairs: dict[tuple[int, int], int] = {}
    for label, guess in zip(labels.tolist(), guessed.tolist(), strict=True):
        pairs[label, guess] = pairs.get((label, guess), 0) + (label != guess)
    told = found.confused()
    assert {(label, guess): count for label, guess, count in told} == {key: n for key, n in pairs.items() if n}
    assert [count for *_, count in told] == sorted((count for *_, count in told), reverse=True)
    assert found.confused(2) == told[:2]
    for place, count, top1, top5 in found.per_class:
        here = labels == place
        assert count == here.sum() == 9
        assert top1 == np.mean(guessed[here] == place)
        assert top5 == pytest.approx(top(labels[here], answers[here], 5), abs=1.01 / 9)


def test_what_is_taken_for_its_kind() -> None:
    kinds, nothing = ("dog", "dog", "cat", "cup"), np.zeros(4)
    found = Evaluation(kinds, np.arange(4), np.array([0, 1, 2, 3]), np.array([1, 1, 0, 3]), nothing, nothing, nothing)
    assert found.same_kind(kinds) == 0.75


def test_equal_probabilities_are_ordered_by_class() -> None:
    from zfdesk.training.evaluate import ranks_of

    probabilities = np.array([[0.2, 0.2, 0.4, 0.2]] * 4)
    assert ranks_of(probabilities, np.array([0, 1, 2, 3])).tolist() == [1, 2, 0, 3]


def test_the_standard_error_is_that_of_a_share() -> None:
    drawn = np.random.default_rng(0).random((4000, 200)) < 0.3
    assert standard_error(0.3, 200) == pytest.approx(drawn.mean(1).std(), rel=0.05)


def test_names_of_classes() -> None:
    names = zfdesk.weights.load().classes
    assert places_of(names, names).tolist() == list(range(1000))
    mixed = ["n01440764", "217", "Persian_cat", "n04254680_soccer_ball", "class 701", "toilet tissue, bog roll"]
    assert places_of(mixed, names).tolist() == [0, 217, 283, 805, 701, 999]
    assert places_of(["b", "a"], ("a", "b", "c")).tolist() == [1, 0]
    assert places_of(["x", "y", "z"], ("a", "b"), {"x": "b", "z": "0"}).tolist() == [1, -1, 0]
    assert len(set(wordnet_ids())) == 1000
    assert list(wordnet_ids()) == sorted(wordnet_ids())
    for place, known in ((0, "n01440764"), (283, "n02123394"), (574, "n03445777"), (999, "n15075141")):
        assert wordnet_ids()[place] == known
    for wrong, words in (
        (["tench", "unicorn"], "knows no class “unicorn”"),
        (["n01440764", "tench"], "mean the same class"),
        (["1000"], "knows no class “1000”"),
    ):
        with pytest.raises(TrainingError, match=words):
            places_of(wrong, names)
    with pytest.raises(TrainingError, match="knows no class “n01440764”"):
        places_of(["n01440764"], ("a", "b"))  # ids are ImageNet's


def test_a_file_tells_the_classes(tmp_path: Path) -> None:
    (tmp_path / "map.json").write_text('{"x": "b", "z": 0}')
    (tmp_path / "map.tsv").write_text("x\tb\n\nz\t0\n")
    (tmp_path / "map.csv").write_text("x,b\nz, 0\n")
    for name in ("map.json", "map.tsv", "map.csv"):
        assert read_class_map(str(tmp_path / name)) == {"x": "b", "z": "0"}
    (tmp_path / "bad.csv").write_text("x,b\nz\n")
    (tmp_path / "bad.json").write_text("[1]")
    (tmp_path / "empty.csv").write_text("\n")
    for name, words in (
        ("bad.csv", "line 2"),
        ("bad.json", "not a JSON object"),
        ("empty.csv", "names no classes"),
        ("gone", "cannot be read"),
    ):
        with pytest.raises(TrainingError, match=words):
            read_class_map(str(tmp_path / name))


@pytest.fixture
def weights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A checkpoint of a small network."""
    model = small_model(CLASSES, 1)
    monkeypatch.setitem(zf.ARCHITECTURES, model.architecture.name, lambda classes: model.architecture)
    path = tmp_path / "small.safetensors"
    zfdesk.weights.save(model, path)
    return str(path)


def test_the_verb(folder: Path, weights: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    model = zfdesk.weights.load(Path(weights))
    found = asked([model], folder)
    assert main(["evaluate", str(folder), "--weights", weights, "--json", "--among"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["pictures"], told["skipped"], told["crops"]) == (63, 0, 1)
    assert told["weights"] == [{"name": "small", "sha256": model.sha256}]
    assert (told["top1"], told["top5"]) == (found.top(1), found.top(5))
    assert told["same_kind"] is None  # its classes are not ImageNet's
    assert told["among"] == {"classes": 7, "top1": found.top(1, True), "top5": found.top(5, True)}
    assert [row["class"] for row in told["classes"]] == [CLASSES[number] for number in OWN]
    assert sum(row["pictures"] for row in told["confusions"]) == round(63 * (1 - found.top(1)))

    assert main(["evaluate", str(folder), "--weights", f"{weights},{weights}", "--ten-crop", "--table2"]) == 0
    page = capsys.readouterr().out
    both = asked([model, model], folder, Protocol(10))
    assert f"{percent_text(both.top(1), 2)} ±" in page
    ours = next(line for line in page.splitlines() if "small, small, ten crops" in line)
    assert ours.endswith(f"{100 - 100 * both.top(1):7.1f}{100 - 100 * both.top(5):8.1f}")
    for words, *_ in TABLE_2:
        assert words in page
    assert "small, small (averaged)" in page
    assert "ten crops" in page


def test_unreadable_pictures_are_named(folder: Path, weights: str, capsys: pytest.CaptureFixture[str]) -> None:
    bad = folder / CLASSES[4] / "rubbish.jpg"
    bad.write_bytes(b"rubbish")
    try:
        assert main(["evaluate", str(folder), "--weights", weights, "--json"]) == 1
    finally:
        bad.unlink()
    told = capsys.readouterr()
    assert "rubbish.jpg" in told.err
    assert (json.loads(told.out)["pictures"], json.loads(told.out)["skipped"]) == (63, 1)


def test_a_manifest_and_a_map(folder: Path, weights: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = [
        {"path": str(path), "label": name}
        for name, number in (("ant", 4), ("bee", 7), ("cow", 8))
        for path in sorted((folder / CLASSES[number]).iterdir())
    ]
    (tmp_path / "list.jsonl").write_text("\n".join(json.dumps(row) for row in rows))
    words = ["evaluate", str(tmp_path / "list.jsonl"), "--weights", weights, "--json"]
    assert main(words) == 1
    assert "knows no class “ant”, “bee”, “cow”" in capsys.readouterr().err
    (tmp_path / "map.csv").write_text(f"ant,{CLASSES[4]}\nbee,7\n")
    assert main([*words, "--classes", str(tmp_path / "map.csv")]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["pictures"] == 18
    whole = asked([zfdesk.weights.load(Path(weights))], folder)
    expected = [row for row in whole.per_class if row[0] in (4, 7)]
    assert [(row["index"], row["pictures"], row["top1"], row["top5"]) for row in told["classes"]] == expected


def test_soft_labels_count_as_the_most_probable_class(
    folder: Path, weights: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = [
        {"path": str(path), "soft": [[0, 0.3], [number, 0.6]]}
        for number in (4, 11)
        for path in sorted((folder / CLASSES[number]).iterdir())
    ]
    (tmp_path / "soft.jsonl").write_text("\n".join(json.dumps(row) for row in rows))
    assert main(["evaluate", str(tmp_path / "soft.jsonl"), "--weights", weights, "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["pictures"], told["skipped"]) == (18, 0)
    whole = asked([zfdesk.weights.load(Path(weights))], folder)
    expected = [row for row in whole.per_class if row[0] in (4, 11)]
    assert [(row["index"], row["pictures"], row["top1"], row["top5"]) for row in told["classes"]] == expected


def test_one_picture_is_not_pictures(
    folder: Path, weights: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "one.csv").write_text(f"path,label\n{next((folder / CLASSES[4]).iterdir())},{CLASSES[4]}\n")
    assert main(["evaluate", str(tmp_path / "one.csv"), "--weights", weights, "--table2"]) == 0
    told = capsys.readouterr()
    assert "\n1 picture of 1 class, central crop;" in told.out
    assert "the last: 1 picture of 1 class." in told.out
    assert "1 pictures" not in told.out + told.err


def test_the_verb_tells_what_is_wrong(
    folder: Path, weights: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    other = small_model(CLASSES[:7], 1, 34)
    monkeypatch.setitem(zf.ARCHITECTURES, other.architecture.name, lambda classes: other.architecture)
    zfdesk.weights.save(other, tmp_path / "other.safetensors")
    (tmp_path / "empty").mkdir()
    (tmp_path / "junk/thing a").mkdir(parents=True)
    (tmp_path / "junk/thing a/x.jpg").write_bytes(b"rubbish")
    for words, sentence in (
        ([str(tmp_path / "gone"), "--weights", weights], "does not exist"),
        ([str(tmp_path / "empty"), "--weights", weights], "no pictures"),
        ([str(folder), "--weights", f"{weights},{tmp_path / 'other.safetensors'}"], "the same classes"),
        ([str(folder), "--weights", "nonesuch"], "no weights called 'nonesuch'"),
        ([str(folder), "--weights", f"{weights},"], "has an empty name"),
        ([str(folder), "--weights", f", {weights}"], "has an empty name"),
        ([str(folder), "--weights", ""], "has an empty name"),
        ([str(folder)], "knows no class"),
        ([str(tmp_path / "junk"), "--weights", weights], "None of the pictures"),
    ):
        assert main(["evaluate", *words]) == 1
        told = capsys.readouterr()
        assert sentence in told.err
        assert told.out == ""
    assert main(["evaluate", str(folder), "--whole", "--ten-crop"]) == 2
