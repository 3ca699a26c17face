"""Features of the pictures of a data set, decoded ahead of the network and computed once."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import torch
from torch import Tensor

from zfdesk.engine import Model, centre_crop
from zfdesk.experiments.layer_features import features_of_layers
from zfdesk.sources import SourceError, decode_picture
from zfdesk.training.data import PictureDataset
from zfdesk.training.errors import PicturesGoneError

CHUNK = 64  # pictures between two words of progress
DECODERS = 2
OnStageProgress = Callable[[str, int, int], None]
"""Called with what is being done, how much of it is done, and how much there is."""


class PictureFeatures:
    """Features of pictures by layer, computed once: 1.5 GB for the six layers of Table 7 on Caltech-101.

    ``known``: the row of a picture; ``lost``: what cannot be read.
    """

    def __init__(
        self, model: Model, pictures: PictureDataset, layers: Sequence[str], on_progress: OnStageProgress
    ) -> None:
        """``layers``: by name, as `features_of_layers` takes them."""
        self.model, self.pictures, self.layers, self._on_progress = model, pictures, layers, on_progress
        self.known: dict[int, int] = {}
        self.lost: set[int] = set()
        self.unreadable: list[str] = []
        self._parts: dict[str, list[Tensor]] = {layer: [] for layer in layers}

    def compute(self, wanted: Sequence[int]) -> None:
        """Look at these pictures, a chunk at a time, decoding ahead of the network."""
        with ThreadPoolExecutor(DECODERS) as pool:
            chunks = [wanted[start : start + CHUNK] for start in range(0, len(wanted), CHUNK)]
            next_chunk = pool.map(self._decoded, chunks[0]) if chunks else iter(())
            for number, chunk in enumerate(chunks):
                self._on_progress("looked at", number * CHUNK, len(wanted))
                decoded = list(next_chunk)
                next_chunk = pool.map(self._decoded, chunks[number + 1]) if number + 1 < len(chunks) else iter(())
                good = list(self._good(chunk, decoded))
                if good:
                    found = features_of_layers(self.model, (picture for _, picture in good), self.layers)
                    for layer, rows in found.items():
                        self._parts[layer].append(rows)
                for index, _ in good:
                    self.known[index] = len(self.known)
        self._on_progress("looked at", len(wanted), len(wanted))

    def _good(self, chunk: Sequence[int], decoded: Sequence[Any]) -> Iterator[tuple[int, np.ndarray]]:
        for index, picture in zip(chunk, decoded, strict=True):
            if isinstance(picture, np.ndarray):
                yield index, picture
            else:
                self.lost.add(index)
                self.unreadable.append(self.pictures.name(index))

    def _decoded(self, index: int) -> np.ndarray | Exception:
        try:
            pixels = decode_picture(self.pictures.read(index).data, self.pictures.name(index))
        except PicturesGoneError:
            raise
        except (OSError, ValueError, SourceError) as error:
            return error
        return centre_crop(pixels, self.model.architecture.size, self.model.input.resize)

    def rows(self, layer: str, indices: Iterable[int]) -> Tensor:
        """Features of some pictures, float32 (N, features)."""
        if len(self._parts[layer]) > 1:
            self._parts[layer] = [torch.cat(self._parts[layer])]
        return self._parts[layer][0][[self.known[index] for index in indices]]


__all__ = ["OnStageProgress", "PictureFeatures"]
