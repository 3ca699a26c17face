"""The lines of the list of weights: what is at hand, what is to be had, and what each says of itself."""

from __future__ import annotations

from dataclasses import dataclass

from zfdesk.engine import ARCHITECTURES
from zfdesk.progress import bytes_text
from zfdesk.weights import store
from zfdesk.weights.catalogue import CatalogueEntry
from zfdesk.weights.embedded_facts import embedded_facts
from zfdesk.weights.obtain import installed, part_bytes
from zfdesk.weights.store import StoredWeights

COLUMNS = ("weights", "size", "error, top 1 / top 5", "licence", "note")
NOTE = len(COLUMNS) - 1


def weights_state_text(entry: StoredWeights) -> str:
    """What is amiss or special about weights, in a word or two."""
    if entry.error:
        return "cannot be used"
    if not entry.trained:
        return "untrained"
    return "embedded" if entry.embedded else ""


@dataclass(frozen=True)
class Row:
    """One line of the list: weights at hand, a catalogue entry, or both. ``come``: bytes of it downloaded so far."""

    stored: StoredWeights | None
    known: CatalogueEntry | None
    come: int = 0

    @property
    def entry(self) -> CatalogueEntry:
        """What the catalogue says of weights that are not at hand."""
        assert self.known is not None
        return self.known

    @property
    def name(self) -> str:
        """What it is called here."""
        return self.stored.name if self.stored else self.entry.name

    @property
    def is_embedded(self) -> bool:
        """Whether it is the network that ships with the program."""
        return self.stored is not None and self.stored.embedded

    @property
    def to_get(self) -> bool:
        """Whether it can be downloaded."""
        return self.stored is None and not self.entry.by_file

    def columns(self, used: bool) -> list[str]:
        """Its texts, in the order of COLUMNS."""
        stored, known = self.stored, self.known
        errors = f"{known.top1:.1f} / {known.top5:.1f} %" if known else embedded_errors() if self.is_embedded else ""
        licence = (stored.licence if stored else self.entry.licence).partition(" (")[0]
        if stored:
            size = bytes_text(stored.bytes) if stored.bytes else ""
            note = " · ".join(filter(None, ("in use" if used else "", weights_state_text(stored))))
            return [stored.name, size, errors, licence, note]
        entry = self.entry
        size = bytes_text(entry.size) if entry.bytes else f"≈ {bytes_text(entry.size)}"
        return [entry.name, size, errors, licence, self._to_be_had()]

    def _to_be_had(self) -> str:
        if self.entry.by_file:
            return "by file"
        return f"{bytes_text(self.come)} have come" if self.come else "to download"


def embedded_errors() -> str:
    """Its measured errors, in the table's words: of as many pictures as it has classes, one each."""
    score = embedded_facts().scores[0]
    return f"{100 * (1 - score.top1):.1f} / {100 * (1 - score.top5):.1f} %"


def list_rows(catalogue: tuple[CatalogueEntry, ...]) -> list[Row]:
    """What is at hand, then what is to be had."""
    entries = store.list_weights()
    theirs = {have.name: known for known in catalogue if (have := installed(known, entries))}
    missing = [Row(None, known, part_bytes(known)) for known in catalogue if known not in theirs.values()]
    return [Row(entry, theirs.get(entry.name)) for entry in entries] + missing


def stored_lines(stored: StoredWeights, hint: str, digest: str) -> list[str]:
    """What weights at hand are, for people. ``hint``: a doubt about them; ``digest``: their hash, where it is known."""
    if stored.error:  # the sentence names the file
        return [stored.error]
    lines = [stored.provenance or "It does not say where it comes from."]
    title = ARCHITECTURES[stored.architecture]().title
    lines.append(f"{title}: {stored.parameters:,} parameters, {stored.classes:,} classes, {bytes_text(stored.bytes)}")
    lines += [f"Licence: {stored.licence}"] if stored.licence else []
    lines += [f"From {stored.source}"] if stored.source else []
    if not stored.trained:
        lines.append("These weights are known to be untrained: the answers mean nothing.")
    elif hint:
        lines.append(hint)
    lines += [f"SHA-256 {digest}"] if digest else []
    if stored.embedded:
        score = embedded_facts().scores[0]
        lines.append(
            f"Error on {score.pictures:,} pictures it was not trained on, one of each class: {embedded_errors()}"
        )
    return [*lines, "Ships with the program." if stored.embedded else str(stored.path)]


def known_lines(known: CatalogueEntry) -> list[str]:
    """What a catalogue entry is, for people."""
    lines = [
        f"{known.title}, {known.description}",
        f"{known.parameters:,} parameters",
        f"Error on ImageNet's validation set, one central crop: top 1 {known.top1:.2f} %, top 5 {known.top5:.2f} %",
        f"Licence: {known.licence}",
        f"From {known.source}",
    ]
    return [*lines, f"To get it, {known.by_file}."] if known.by_file else lines


__all__ = ["COLUMNS", "NOTE", "Row", "known_lines", "list_rows", "stored_lines", "weights_state_text"]
