"""Table 1, the paper's and ours beside it: as data, as text for people and as text for spreadsheets."""

from __future__ import annotations

from dataclasses import dataclass

from zfdesk.engine.occlude import OccluderFill
from zfdesk.experiments.parts import RANDOM

PAPER = {
    5: {"right eye": (0.067, 0.007), "left eye": (0.069, 0.007), "nose": (0.079, 0.017), RANDOM: (0.107, 0.017)},
    7: {"right eye": (0.069, 0.015), "left eye": (0.068, 0.013), "nose": (0.069, 0.011), RANDOM: (0.073, 0.014)},
}
"""Table 1, five dogs: score and error by the paper's layer and masked part."""

PAPER_LAYERS = {"conv5": 5, "pool5": 5, "fc7": 7}
"""The paper's layer that one of ours stands beside."""


@dataclass(frozen=True)
class Table1Score:
    """One cell of the table: mean Hamming distance over ``pairs`` of ``pictures``, and its standard error (None for a
    single pair, of which nothing is known)."""

    part: str
    layer: str
    mean: float
    error: float | None
    pairs: int
    pictures: int

    @property
    def paper(self) -> tuple[float, float] | None:
        """The paper's (score, error) for this part and layer; None where it has none."""
        return PAPER.get(PAPER_LAYERS.get(self.layer, 0), {}).get(self.part)


@dataclass(frozen=True)
class Correspondence:
    """The table. ``pictures``: those compared; ``left_out``: sentences on what was marked and could not be used."""

    layers: tuple[str, ...]
    scores: tuple[Table1Score, ...]
    pictures: tuple[str, ...]
    left_out: tuple[str, ...]
    fill: OccluderFill
    draws: int
    seed: int

    @property
    def parts(self) -> tuple[str, ...]:
        """The rows, in order."""
        return tuple(dict.fromkeys(score.part for score in self.scores))

    def table(self) -> list[tuple[str, ...]]:
        """For people: a heading, then a row for each part; for each layer ours and, where it has one, the paper's."""
        heading = ["masked"]
        for layer in self.layers:
            heading.append(layer)
            if layer in PAPER_LAYERS:
                heading.append(f"paper, layer {PAPER_LAYERS[layer]}")
        rows = [(*heading, "pairs")]
        for part in self.parts:
            row = [part]
            for layer in self.layers:
                score = self.score(part, layer)
                row.append(_mean_text(score.mean, score.error))
                if layer in PAPER_LAYERS:
                    row.append(_mean_text(*score.paper) if score.paper else "–")
            rows.append((*row, str(self.score(part, self.layers[0]).pairs)))
        return rows

    def tsv(self) -> str:
        """For spreadsheets: tab-separated, a number a cell, a line for each part and layer; empty where unknown."""
        lines = ["masked\tlayer\tscore\tstandard error\tpairs\tpictures\tpaper's layer\tpaper's score\tpaper's error"]
        for score in self.scores:
            mean, error = score.paper or ("", "")
            known = "" if score.error is None else f"{score.error:.6f}"
            paper = f"{PAPER_LAYERS.get(score.layer, '')}\t{mean}\t{error}"
            lines.append(
                f"{score.part}\t{score.layer}\t{score.mean:.6f}\t{known}\t{score.pairs}\t{score.pictures}\t{paper}"
            )
        return "\n".join(lines) + "\n"

    def score(self, part: str, layer: str) -> Table1Score:
        """One cell. Raises KeyError when there is none."""
        for score in self.scores:
            if (score.part, score.layer) == (part, layer):
                return score
        raise KeyError((part, layer))


def _mean_text(mean: float, error: float | None) -> str:
    return f"{mean:.3f}" if error is None else f"{mean:.3f} ± {error:.3f}"


__all__ = ["PAPER", "PAPER_LAYERS", "Correspondence", "Table1Score"]
