"""From a picture's own colour space, where it names one, to sRGB, by LittleCMS."""

import io
import struct
from functools import lru_cache
from typing import Any

import numpy as np
from PIL import Image, ImageCms

_SPACES = {"RGB": "RGB", "CMYK": "CMYK", "L": "GRAY", "LAB": "Lab"}
"""Pillow's modes of 8 bits to the colour spaces of a profile that fits them."""


def to_srgb(image: Image.Image, profile: bytes | None) -> Image.Image:
    """The picture as RGB in sRGB; with RGBA's transparency as it was.

    image: of the mode L, RGB, RGBA, CMYK or LAB. profile: its embedded ICC profile, with its own rendering intent.
    Without one, or where it is damaged or of another colour space, the plain formulas of its mode hold.
    """
    if image.mode == "RGBA":
        colours = to_srgb(image.convert("RGB"), profile)
        colours.putalpha(image.getchannel("A"))
        return colours
    transform = _transform(profile, image.mode) if profile else None
    if image.mode == "LAB" and transform is None:
        transform = _transform(_lab_profile(), "LAB")
    if transform is not None:
        image = transform.apply(image)
    return image.convert("RGB")


@lru_cache(maxsize=16)
def _transform(profile: bytes, mode: str) -> ImageCms.ImageCmsTransform | None:
    """From a profile to sRGB; None where it is of no use, or changes nothing because it is sRGB itself."""
    try:
        opened = ImageCms.getOpenProfile(io.BytesIO(profile))
        if opened.profile.xcolor_space.strip() != _SPACES[mode]:
            return None
        intent = ImageCms.Intent(ImageCms.getDefaultIntent(opened))
        # without its cache a transform can be used by several threads at once
        made = ImageCms.buildTransform(
            opened, ImageCms.createProfile("sRGB"), mode, "RGB", intent, ImageCms.Flags.NOCACHE
        )
        return None if mode == "RGB" and _changes_nothing(made) else made
    except (ImageCms.PyCMSError, OSError, ValueError, TypeError):  # a damaged profile is no reason to refuse
        return None


def _changes_nothing(transform: Any) -> bool:
    """Whether no colour moves by more than one level, as rounding does: then the file's own values are kept."""
    levels = np.linspace(0, 255, 9).round().astype(np.uint8)
    colours = np.stack(np.meshgrid(levels, levels, levels), axis=-1).reshape(9, 81, 3)
    moved = np.asarray(transform.apply(Image.fromarray(colours))).astype(int) - colours
    return int(np.abs(moved).max()) <= 1


@lru_cache(maxsize=1)
def _lab_profile() -> bytes:
    return ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")).tobytes()


# Colour spaces named by numbers

_D65, _D50 = (0.3127, 0.3290), np.array([0.9642, 1.0, 0.8249])
_PRIMARIES = {
    1: (0.640, 0.330, 0.300, 0.600, 0.150, 0.060, *_D65),  # BT.709 and sRGB
    4: (0.67, 0.33, 0.21, 0.71, 0.14, 0.08, 0.310, 0.316),
    5: (0.64, 0.33, 0.29, 0.60, 0.15, 0.06, *_D65),
    6: (0.630, 0.340, 0.310, 0.595, 0.155, 0.070, *_D65),
    7: (0.630, 0.340, 0.310, 0.595, 0.155, 0.070, *_D65),
    9: (0.708, 0.292, 0.170, 0.797, 0.131, 0.046, *_D65),  # BT.2020
    11: (0.680, 0.320, 0.265, 0.690, 0.150, 0.060, 0.314, 0.351),
    12: (0.680, 0.320, 0.265, 0.690, 0.150, 0.060, *_D65),  # Display P3
    22: (0.630, 0.340, 0.295, 0.605, 0.155, 0.077, *_D65),
}
"""ITU-T H.273, Table 2: x and y of red, green, blue and white."""

_BRADFORD = np.array([[0.8951, 0.2664, -0.1614], [-0.7502, 1.7135, 0.0367], [0.0389, -0.0685, 1.0296]])


@lru_cache(maxsize=16)
def profile_of_code_points(primaries: int, transfer: int) -> bytes | None:
    """An ICC profile of the colour primaries and transfer function that H.273 gives these numbers.

    None where they mean sRGB, or nothing that is known. The curve of BT.709 and its like is taken for sRGB's, as
    viewers do. Of the HDR curves (16: PQ, 18: HLG) white is ITU-R BT.2408's, 203 cd/m² or a signal of 75 %.
    """
    space, curve = _PRIMARIES.get(primaries, _PRIMARIES[1]), _light(transfer)
    if space is _PRIMARIES[1] and curve is None:
        return None
    x, y = np.array(space[0::2]), np.array(space[1::2])
    xyz = np.stack([x, y, 1 - x - y]) / y  # a column each: red, green, blue, white
    cones = _BRADFORD @ xyz[:, 3]
    adapted = np.linalg.inv(_BRADFORD) @ np.diag(_BRADFORD @ _D50 / cones) @ _BRADFORD
    colours = adapted @ (xyz[:, :3] * np.linalg.solve(xyz[:, :3], xyz[:, 3]))
    return _matrix_profile(colours, _srgb_light() if curve is None else curve)


_SIGNAL = np.linspace(0, 1, 4096)


def _srgb_light() -> np.ndarray:
    return np.where(_SIGNAL <= 0.04045, _SIGNAL / 12.92, ((_SIGNAL + 0.055) / 1.055) ** 2.4)


def _light(transfer: int) -> np.ndarray | None:
    """The light, 1 for white, of each of `_SIGNAL`; None for what is taken for sRGB's curve."""
    if transfer == 16:  # ITU-R BT.2100, Table 4
        root = _SIGNAL ** (32 / 2523)
        return 10_000 / 203 * (np.maximum(root - 107 / 128, 0) / (2413 / 128 - 2392 / 128 * root)) ** (8192 / 1305)
    if transfer == 18:  # Table 5, with the gamma of a display of 1,000 cd/m²
        a, b, c = 0.17883277, 0.28466892, 0.55991073
        scene = np.where(_SIGNAL <= 0.5, _SIGNAL**2 / 3, (np.exp((_SIGNAL - c) / a) + b) / 12)
        white = (np.exp((0.75 - c) / a) + b) / 12
        return np.asarray((scene / white) ** 1.2)
    power = {4: 2.2, 5: 2.8, 8: 1.0}.get(transfer)
    return None if power is None else np.asarray(_SIGNAL**power)


def _matrix_profile(colours: np.ndarray, light: np.ndarray) -> bytes:
    """ICC.1:2001-04, sections 6.1 to 6.5. ``colours``: XYZ of red, green and blue, a column each, adapted to D50."""

    def numbers(values: np.ndarray) -> bytes:
        return struct.pack(">3i", *(round(float(value) * 65536) for value in values))

    levels = np.rint(light.clip(0, 1) * 65535).astype(">u2")
    parts = {
        b"desc": b"desc\0\0\0\0" + struct.pack(">I", 6) + b"H.273\0" + bytes(78),
        b"cprt": b"text\0\0\0\0none\0",
        b"wtpt": b"XYZ \0\0\0\0" + numbers(_D50),
        **{name: b"XYZ \0\0\0\0" + numbers(colours[:, n]) for n, name in enumerate((b"rXYZ", b"gXYZ", b"bXYZ"))},
        b"rTRC": b"curv\0\0\0\0" + struct.pack(">I", len(levels)) + levels.tobytes(),
    }
    begin = 132 + 12 * (len(parts) + 2)
    places, body = {}, b""
    for name, data in parts.items():
        places[name] = (begin + len(body), len(data))
        body += data + bytes(-len(data) % 4)
    places |= dict.fromkeys((b"gTRC", b"bTRC"), places[b"rTRC"])
    table = struct.pack(">I", len(places)) + b"".join(struct.pack(">4sII", name, *at) for name, at in places.items())
    head = struct.pack(">I4sI4s4s4s", begin + len(body), b"lcms", 0x02400000, b"mntr", b"RGB ", b"XYZ ")
    head += bytes(12) + b"acsp" + bytes(28) + numbers(_D50)
    return head + bytes(128 - len(head)) + table + body
