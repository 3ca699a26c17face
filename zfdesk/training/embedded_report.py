"""Measures what is said of the embedded network, and writes it wherever it is said."""

from __future__ import annotations

import dataclasses
import json
import re
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from zfdesk.atomic_write import write_whole
from zfdesk.engine import Model, centre_crop
from zfdesk.engine.class_kinds import class_kinds
from zfdesk.error_reason import error_reason
from zfdesk.resources import resource
from zfdesk.sources import read_picture
from zfdesk.training.calibration import reliability
from zfdesk.training.class_names import places_of
from zfdesk.training.data import open_pictures
from zfdesk.training.errors import TrainingError
from zfdesk.training.evaluate import Evaluation, evaluate
from zfdesk.weights import load
from zfdesk.weights.embedded_facts import FACTS, FEWEST, KindScore, Scores, facts_from, readme_block
from zfdesk.weights.looks_untrained import spread_and_mirror

BEGIN, END = "<!-- embedded network: begin -->", "<!-- embedded network: end -->"
"""Around what is written anew in README and the card."""


def measure(
    file: Path,
    data: Sequence[tuple[str, str]],
    progress: Callable[[str, int, int], None] = lambda name, done, total: None,
    on_message: Callable[[str], None] = lambda sentence: None,
) -> dict[str, Any]:
    """The facts as `zfdesk.weights.embedded_facts.facts_from` takes them.

    data: (what it is called, path) of pictures by class that the network was not trained on, the first with one
    picture a class: kinds are counted on it. Raises TrainingError or CheckpointError.
    """
    model = load(file)
    kinds = class_kinds(model.classes)
    if kinds is None:
        raise TrainingError(f"{file} does not know ImageNet's 1000 classes.")
    found = []
    for name, path in data:
        pictures = open_pictures(path, "val")

        def show(done: int, total: int, name: str = name) -> None:
            progress(name, done, total)

        places = places_of(pictures.classes, model.classes)
        found.append((name, evaluate([model], pictures, places, progress=show, on_message=on_message)))
    spread, mirror = spread_and_mirror(model)
    return {
        "file": file.name,
        "sha256": model.sha256,
        "bytes": file.stat().st_size,
        "spread": round(spread, 2),
        "mirror": round(mirror, 2),
        "demo": {path.name: _answers(model, path) for path in sorted(resource("demo").glob("*.jpg"))},
        "scores": [dataclasses.asdict(_scores(name, one)) for name, one in found],
        "kinds": [dataclasses.asdict(row) for row in _by_kind(found[0][1], kinds.kinds)],
    }


def ship(file: Path, facts: dict[str, Any], checkout: Path) -> list[Path]:
    """Make a network the embedded one of a checkout: the file, its facts, and the tables made from them.

    The card beside it, ``resources/weights/NAME.md``, must be there with the lines `BEGIN` and `END` in it, as must
    README. Another network's file and card are deleted. Returns what was written. Raises TrainingError.
    """
    folder = checkout / "resources" / "weights"
    card, readme = folder / f"{file.stem}.md", checkout / "README.md"
    block = readme_block(facts_from(facts))
    texts = {place: _renewed(place, block) for place in (readme, card)}
    if not (folder / file.name).exists() or not (folder / file.name).samefile(file):
        shutil.copyfile(file, folder / file.name)
    for place, text in texts.items():
        write_whole(place, [re.sub(r"SHA-256 `\w{64}`", f"SHA-256 `{facts['sha256']}`", text).encode()])
    facts_file = checkout / "resources" / FACTS
    write_whole(facts_file, [(json.dumps(facts, indent=1, ensure_ascii=False) + "\n").encode()])
    for other in (*folder.glob("*.safetensors"), *folder.glob("*.md")):
        if other.stem != file.stem:
            other.unlink()
    return [folder / file.name, facts_file, *texts]


def _renewed(place: Path, block: str) -> str:
    try:
        text = place.read_text("utf-8")
    except OSError as error:
        raise TrainingError(f"{place} cannot be read: {error_reason(error)}.") from None
    if text.count(BEGIN) != 1 or text.count(END) != 1:
        raise TrainingError(f"{place} needs the lines {BEGIN} and {END} once each, around the table of scores.")
    before, after = text.split(BEGIN)[0], text.split(END)[1]
    return f"{before}{BEGIN}\n{block}\n{END}{after}"


def _answers(model: Model, path: Path) -> list[tuple[int, str, float]]:
    shares = model.probabilities(centre_crop(read_picture(str(path)), model.architecture.size))[0].numpy()
    return [(int(i), model.classes[i], round(float(shares[i]), 4)) for i in (-shares).argsort(kind="stable")[:5]]


def _scores(name: str, found: Evaluation) -> Scores:
    bins = reliability(found.confidences, found.ranks == 0)
    among = (len(found.places), round(found.top(1, True), 4), round(found.top(5, True), 4))
    return Scores(
        name, len(found.labels), len(found.classes), round(found.top(1), 4), round(found.top(5), 4), among,
        round(bins.error, 4), round(bins.mean_confidence, 4),
    )  # fmt: skip


def _by_kind(found: Evaluation, kinds: tuple[str, ...]) -> list[KindScore]:
    """Of kinds with enough pictures, those that are known best first."""
    wanted, answered = (np.array([kinds[place] for place in places]) for places in (found.labels, found.answers))
    rows = []
    for kind in sorted(set(wanted.tolist())):
        here = wanted == kind
        if here.sum() >= FEWEST:
            shares = (answered[here] == kind, found.ranks[here] < 5, found.ranks[here] < 1)
            rows.append(KindScore(kind, int(here.sum()), *(round(float(share.mean()), 4) for share in shares)))
    return sorted(rows, key=lambda row: (-row.same_kind, -row.top5, row.kind))


__all__ = ["BEGIN", "END", "measure", "ship"]
