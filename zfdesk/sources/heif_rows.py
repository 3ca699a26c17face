"""A decoded HEIF picture that is held once: Pillow's reader would copy it whole, 195 MB for a phone's 48 megapixels."""

from typing import IO

import numpy as np
import pillow_heif
from PIL import Image


class HeifRows:
    """The primary picture, of which bands of rows are taken as from a Pillow image. Raises what pillow_heif raises.

    mode: L, LA, RGB, RGBA, or RGBa for colours that are multiplied with their opacity.
    """

    def __init__(self, stream: IO[bytes]) -> None:
        stream.seek(0)
        file = pillow_heif.open_heif(stream, convert_hdr_to_8bit=True, remove_stride=False)
        picture = file[file.primary_index]
        data = picture.data  # decodes: what the decoder wrote, each row of as many bytes as it needed
        self.mode: str = picture.mode
        self.width, self.height = self.size = picture.size
        self._channels = len(self.mode)
        self._rows = np.frombuffer(data, np.uint8)[: self.height * picture.stride].reshape(self.height, picture.stride)

    @property
    def has_transparency_data(self) -> bool:
        """Whether the picture has an alpha channel."""
        return self.mode[-1] in "Aa"

    def crop(self, box: tuple[int, int, int, int]) -> Image.Image:
        """A copy of left, top, right, bottom."""
        left, top, right, bottom = box
        part = self._rows[top:bottom, left * self._channels : right * self._channels]
        return Image.frombytes(self.mode, (right - left, bottom - top), part.tobytes())
