"""Public weights that `zfdesk.weights.obtain` knows how to bring: what they are, where they lie, how they are checked.

The addresses and hashes are written down here rather than asked of pytorchcv and torchvision, which print the same
(tests/peers/test_catalogue.py compares them): pytorchcv is for the tests alone, and importing torchvision for the sake
of two lines takes as long as importing torch, with every list of weights, and fails where its build does not fit.

A hash is of the .pth file, also where a zip is downloaded. torchvision prints the first eight digits of its SHA-256,
which tell a damaged file from a whole one; against a forged one stand TLS and that nothing in a file is ever run.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import PurePosixPath
from urllib.parse import urlsplit

from zfdesk.engine.architectures import ARCHITECTURES
from zfdesk.engine.picture import InputSpec
from zfdesk.weights.convert import IMAGENET, ZFNET512
from zfdesk.weights.safetensors_file import CheckpointError


@dataclass(frozen=True)
class CatalogueEntry:
    """One set of public weights.

    ``name``: what it is called here, that of its architecture; ``title`` and ``description``: what it is, for people.
    ``source``: the address of the file, or where ``by_file`` says in words how to get it, that of its page.
    ``hash``: how the hexadecimal digits of ``algorithm`` (as in hashlib) over the .pth or .onnx begin.
    ``bytes``: of the file, 0 when nobody prints it. ``top1``, ``top5``: published error in percent, ImageNet
    2012 validation, one central crop. ``input``: the preprocessing the errors were measured with.
    """

    name: str
    title: str
    description: str
    architecture: str
    licence: str
    source: str
    algorithm: str
    hash: str
    top1: float
    top5: float
    bytes: int = 0
    input: InputSpec = IMAGENET
    by_file: str = ""

    @property
    def file(self) -> str:
        """The name of the file."""
        return PurePosixPath(urlsplit(self.source).path).name

    @property
    def parameters(self) -> int:
        """Weights and biases, as declared."""
        return ARCHITECTURES[self.architecture]().parameters

    @property
    def size(self) -> int:
        """Bytes to download; where nobody prints them those of the weights as float32, which hardly shrink in a zip."""
        return self.bytes or 4 * self.parameters

    @property
    def most_bytes(self) -> int:
        """More than this cannot be the file: a tenth for names, padding and a training log's remains."""
        return self.size + self.size // 10 + (1 << 20)

    @property
    def algorithm_text(self) -> str:
        """SHA-1 or SHA-256."""
        return self.algorithm.upper().replace("SHA", "SHA-")

    @property
    def provenance(self) -> str:
        """What is kept with the weights, in words."""
        complete = len(self.hash) == 2 * hashlib.new(self.algorithm).digest_size
        return f"{self.title}, {self.description}; {self.algorithm_text} {self.hash}{'' if complete else '…'}"

    @property
    def short(self) -> str:
        """Title and licence, for lists."""
        return f"{self.title}, {self.licence.partition(' (')[0]}"


CATALOGUE = (
    CatalogueEntry(
        "pytorchcv-zfnet", "pytorchcv's ZFNet", "trained on ImageNet-1k (converted from MXNet/Gluon)",
        "pytorchcv-zfnet", "MIT",
        "https://github.com/osmr/imgclsmob/releases/download/v0.0.395/zfnet-1727-d010ddca.pth.zip",
        "sha1", "d010ddca1eb32a50a8cceb475c792f53e769b631", 39.79, 17.27,
    ),
    CatalogueEntry(
        "pytorchcv-zfnetb", "pytorchcv's ZFNet-b", "the wide one (512-1024-512), trained on ImageNet-1k",
        "pytorchcv-zfnetb", "MIT",
        "https://github.com/osmr/imgclsmob/releases/download/v0.0.400/zfnetb-1490-f6bec24e.pth.zip",
        "sha1", "f6bec24eba037c8e4956704ed5bafaed29966601", 36.37, 14.90,
    ),
    CatalogueEntry(
        "alexnet", "torchvision's AlexNet", "trained on ImageNet-1k (IMAGENET1K_V1)",
        "alexnet", "BSD 3-Clause (torchvision's own; it adds that ImageNet's terms may apply)",
        "https://download.pytorch.org/models/alexnet-owt-7be5be79.pth",
        "sha256", "7be5be79", 43.478, 20.934, bytes=244_408_911,
    ),
    CatalogueEntry(
        "vgg16", "torchvision's VGG-16", "trained on ImageNet-1k (IMAGENET1K_V1); slow on a processor",
        "vgg16", "BSD 3-Clause (torchvision's own; it adds that ImageNet's terms may apply)",
        "https://download.pytorch.org/models/vgg16-397923af.pth",
        "sha256", "397923af", 28.408, 9.618, bytes=553_433_881,
    ),
    CatalogueEntry(
        "zfnet512", "ZFNet-512 of the ONNX model zoo", "trained on ILSVRC 2013 (from Caffe2)",
        "zfnet512", "MIT (as the zoo's page says)",
        "https://github.com/onnx/models/tree/main/validated/vision/classification/zfnet-512",
        "sha256", "c975ca6a24c0a2e1584c6f82667e0ac9c06084fc7769d267f71b4a154d1f1c72", 44.03, 20.59,
        bytes=349_005_501, input=ZFNET512,
        by_file="download zfnet512-12.onnx from the ONNX model zoo (github.com/onnx/models, validated/vision/"
        "classification/zfnet-512/model) and import it",
    ),
)  # fmt: skip
"""In the order of the lists: ZFNet first."""


def find_entry(name: str, catalogue: tuple[CatalogueEntry, ...] = CATALOGUE) -> CatalogueEntry:
    """The entry called ``name``; CheckpointError when there is none."""
    for entry in catalogue:
        if entry.name == name:
            return entry
    import difflib

    names = [entry.name for entry in catalogue]
    near = [known for known in names if known.endswith(f"-{name}")] or difflib.get_close_matches(name, names, 1, 0.5)
    meant = f" Did you mean {near[0]}?" if near else ""
    raise CheckpointError(f"The catalogue has nothing called {name[:80]!r}; it has {', '.join(names)}.{meant}")


def to_get(name: str, catalogue: tuple[CatalogueEntry, ...] = CATALOGUE) -> str:
    """What to do about weights of the catalogue that are not at hand, one sentence; "" for any other name."""
    entry = next((entry for entry in catalogue if entry.name == name), None)
    if entry is None:
        return ""
    how = f"{entry.by_file}: `zfdesk weights import FILE`" if entry.by_file else f"`zfdesk weights get {name}`"
    return f"{name!r} is in the catalogue, but not on this computer yet; to get it: {how}."


__all__ = ["CATALOGUE", "CatalogueEntry", "find_entry", "to_get"]
