"""The declared networks: Fig. 3, the Table 3 variants, and their relatives.

Each is a tuple of layers and nothing else. Every function takes the number of classes (1000: ImageNet). Paddings of
the paper's networks and the constants of LRN are our choice (the paper prints none); they give its map sizes 110, 55,
26, 13, 13, 13, 6.
"""

from __future__ import annotations

from zfdesk.engine.layers import LRN, Architecture, Conv, LayerSpec, Linear, MaxPool, ReLU, Softmax


def _head(classes: int, widths: tuple[int, ...] = (4096, 4096), first: int = 6) -> tuple[LayerSpec, ...]:
    """Fully connected layers fc6, fc7, … of the given widths, then the classifier."""
    layers: list[LayerSpec] = []
    for number, width in enumerate(widths, first):
        layers += [Linear(f"fc{number}", width), ReLU(f"relu{number}")]
    return (*layers, Linear("fc8", classes), Softmax("prob"))


def _body(maps: tuple[int, ...] = (384, 384, 256), first: Conv | None = None) -> tuple[LayerSpec, ...]:
    """Layers 1 to 5 of Fig. 3: convolution, rectification, pooling, contrast normalisation, in this order.

    ``maps`` are the widths of the 3×3 convolutions conv3, conv4, …; a shorter tuple leaves the last ones out.
    """
    layers: list[LayerSpec] = [
        first or Conv("conv1", 96, 7, 2, 1), ReLU("relu1"), MaxPool("pool1", 3, 2, 1), LRN("norm1"),
        Conv("conv2", 256, 5, 2, 0), ReLU("relu2"), MaxPool("pool2", 3, 2, 1), LRN("norm2"),
    ]  # fmt: skip
    for number, width in enumerate(maps, 6 - len(maps)):
        layers += [Conv(f"conv{number}", width, 3, 1, 1), ReLU(f"relu{number}")]
    return (*layers, MaxPool("pool5", 3, 2))


def zfnet(classes: int = 1000) -> Architecture:
    """Zeiler & Fergus 2013, Fig. 3. 62,357,608 parameters at 1000 classes."""
    return Architecture("zfnet", "ZFNet, Fig. 3", (*_body(), *_head(classes)))


def zfnet_512_1024_512(classes: int = 1000) -> Architecture:
    """Table 3, last row but one: layers 3, 4, 5 with 512, 1024, 512 maps; (b) in Table 2."""
    return Architecture(
        "zfnet-512-1024-512", "ZFNet with 512-1024-512 maps, Table 3", (*_body((512, 1024, 512)), *_head(classes))
    )


def zfnet_fc(width: int, classes: int = 1000) -> Architecture:
    """Table 3: fc6 and fc7 of Fig. 3 with ``width`` units (2048 or 8192 in the paper)."""
    layers = (*_body(), *_head(classes, (width, width)))
    return Architecture(f"zfnet-fc{width}", f"ZFNet with {width} fc units, Table 3", layers)


def zfnet_without_3_4(classes: int = 1000) -> Architecture:
    """Fig. 3 without layers 3 and 4; layer 5 follows layer 2. Table 3 takes them out of its replication of AlexNet."""
    return Architecture("zfnet-no34", "ZFNet without layers 3, 4, Table 3", (*_body((256,)), *_head(classes)))


def zfnet_without_7(classes: int = 1000) -> Architecture:
    """Fig. 3 without layer 7. Table 3 takes it out of its replication of AlexNet."""
    return Architecture("zfnet-no7", "ZFNet without layer 7, Table 3", (*_body(), *_head(classes, (4096,))))


def zfnet_without_6_7(classes: int = 1000) -> Architecture:
    """Fig. 3 without layers 6, 7: the classifier reads pool5. Table 3 takes them out of its replication of AlexNet."""
    return Architecture("zfnet-no67", "ZFNet without layers 6, 7, Table 3", (*_body(), *_head(classes, ())))


def zfnet_without_3_4_6_7(classes: int = 1000) -> Architecture:
    """Fig. 3 without layers 3, 4, 6 and 7. Table 3 takes them out of its replication of AlexNet."""
    return Architecture(
        "zfnet-no3467", "ZFNet without layers 3, 4, 6, 7, Table 3", (*_body((256,)), *_head(classes, ()))
    )


def zfnet_11_4(classes: int = 1000) -> Architecture:
    """Fig. 3 with the first layer of Krizhevsky et al. 2012 (11×11, stride 4), the one Fig. 6 compares with.

    Padding 2 gives conv1 a map of 55; conv2 takes stride 1 and padding 2, so that layers 3 to 5 see 13×13 as in Fig. 3.
    """
    body = _body(first=Conv("conv1", 96, 11, 4, 2))
    # 55 → pool 27 (padding 0) → conv2 27 → pool 13 (padding 0), as in AlexNet
    changed: dict[str, LayerSpec] = {
        "pool1": MaxPool("pool1", 3, 2), "conv2": Conv("conv2", 256, 5, 1, 2), "pool2": MaxPool("pool2", 3, 2),
    }  # fmt: skip
    layers = tuple(changed.get(layer.name, layer) for layer in body)
    return Architecture("zfnet-11-4", "ZFNet with AlexNet's first layer (11×11, stride 4)", (*layers, *_head(classes)))


def zfnet_lrn_pool(classes: int = 1000, maps: tuple[int, int, int] = (384, 384, 256)) -> Architecture:
    """pytorchcv's ``zfnet`` (and ``zfnetb``: maps 512, 1024, 512): normalisation before pooling, no pooling padding.

    Its pools round up (``ceil``), so the map sizes are those of Fig. 3 all the same.
    """
    layers: list[LayerSpec] = [
        Conv("conv1", 96, 7, 2, 1), ReLU("relu1"), LRN("norm1"), MaxPool("pool1", 3, 2, ceil=True),
        Conv("conv2", 256, 5, 2, 0), ReLU("relu2"), LRN("norm2"), MaxPool("pool2", 3, 2, ceil=True),
    ]  # fmt: skip
    for number, width in enumerate(maps, 3):
        layers += [Conv(f"conv{number}", width, 3, 1, 1), ReLU(f"relu{number}")]
    layers.append(MaxPool("pool5", 3, 2, ceil=True))
    wide = maps != (384, 384, 256)
    return Architecture(
        "pytorchcv-zfnetb" if wide else "pytorchcv-zfnet",
        "ZFNet as pytorchcv trained it" + (" (512-1024-512)" if wide else ""),
        (*layers, *_head(classes)),
    )


def zfnet512(classes: int = 1000) -> Architecture:
    """The ONNX model zoo's ``zfnet512`` (from Caffe2): layers 3–5 of 512 maps, fc7 of 1024, no padding in layers 1–2.

    As in the zoo's own graph (87,250,536 parameters, its 349 MB); its README: "4th layer has 512 maps instead of 1024".
    """
    layers: list[LayerSpec] = [
        Conv("conv1", 96, 7, 2), ReLU("relu1"), LRN("norm1", alpha=5e-4), MaxPool("pool1", 3, 2),
        Conv("conv2", 256, 5, 2), ReLU("relu2"), LRN("norm2", alpha=5e-4), MaxPool("pool2", 3, 2),
        Conv("conv3", 512, 3, 1, 1), ReLU("relu3"),
        Conv("conv4", 512, 3, 1, 1), ReLU("relu4"),
        Conv("conv5", 512, 3, 1, 1), ReLU("relu5"), MaxPool("pool5", 2, 2),
    ]  # fmt: skip
    return Architecture("zfnet512", "ZFNet-512 of the ONNX model zoo", (*layers, *_head(classes, (4096, 1024))))


def alexnet(classes: int = 1000) -> Architecture:
    """torchvision's AlexNet ("One weird trick", Krizhevsky 2014): no normalisation."""
    layers: list[LayerSpec] = [
        Conv("conv1", 64, 11, 4, 2), ReLU("relu1"), MaxPool("pool1", 3, 2),
        Conv("conv2", 192, 5, 1, 2), ReLU("relu2"), MaxPool("pool2", 3, 2),
        Conv("conv3", 384, 3, 1, 1), ReLU("relu3"),
        Conv("conv4", 256, 3, 1, 1), ReLU("relu4"),
        Conv("conv5", 256, 3, 1, 1), ReLU("relu5"), MaxPool("pool5", 3, 2),
    ]  # fmt: skip
    return Architecture("alexnet", "AlexNet (torchvision)", (*layers, *_head(classes)))


def vgg16(classes: int = 1000) -> Architecture:
    """torchvision's VGG-16 (Simonyan & Zisserman 2014, configuration D)."""
    layers: list[LayerSpec] = []
    for block, (width, depth) in enumerate(((64, 2), (128, 2), (256, 3), (512, 3), (512, 3)), 1):
        for number in range(1, depth + 1):
            layers += [Conv(f"conv{block}_{number}", width, 3, 1, 1), ReLU(f"relu{block}_{number}")]
        layers.append(MaxPool(f"pool{block}", 2, 2))
    return Architecture("vgg16", "VGG-16 (torchvision)", (*layers, *_head(classes)))


ARCHITECTURES = {
    "zfnet": zfnet,
    "zfnet-512-1024-512": zfnet_512_1024_512,
    "zfnet-fc2048": lambda classes=1000: zfnet_fc(2048, classes),
    "zfnet-fc8192": lambda classes=1000: zfnet_fc(8192, classes),
    "zfnet-no34": zfnet_without_3_4,
    "zfnet-no7": zfnet_without_7,
    "zfnet-no67": zfnet_without_6_7,
    "zfnet-no3467": zfnet_without_3_4_6_7,
    "zfnet-11-4": zfnet_11_4,
    "pytorchcv-zfnet": zfnet_lrn_pool,
    "pytorchcv-zfnetb": lambda classes=1000: zfnet_lrn_pool(classes, (512, 1024, 512)),
    "zfnet512": zfnet512,
    "alexnet": alexnet,
    "vgg16": vgg16,
}
"""Every declared network by name: a function of the number of classes."""
