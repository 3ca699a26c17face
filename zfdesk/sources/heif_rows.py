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
        pixels = np.asarray(picture)  # decodes; a view of what the decoder wrote, each row as long as it needed
        self.mode: str = picture.mode
        self.width, self.height = self.size = picture.size
        self._pixels = pixels[:, : self.width]

    @property
    def has_transparency_data(self) -> bool:
        """Whether the picture has an alpha channel."""
        return self.mode[-1] in "Aa"

    def crop(self, box: tuple[int, int, int, int]) -> Image.Image:
        """A copy of left, top, right, bottom."""
        left, top, right, bottom = box
        part = self._pixels[top:bottom, left:right]
        return Image.frombytes(self.mode, (right - left, bottom - top), part.tobytes())
