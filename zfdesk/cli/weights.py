"""``zfdesk weights``: list, download, choose, describe, import, pack, calibrate and export networks' weights."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zfdesk.cli.common import add_json_option
from zfdesk.cli.output import print_message
from zfdesk.cli.report import named_values, report
from zfdesk.cli.weights_calibrate import add_calibrate_arguments, calibrate_command
from zfdesk.cli.weights_export import add_export_arguments, export_command
from zfdesk.cli.weights_report import add_report_arguments, report_command
from zfdesk.progress import ProgressLine, bytes_text, percent_text

if TYPE_CHECKING:
    from zfdesk.weights.catalogue import CatalogueEntry
    from zfdesk.weights.download import DownloadProgress
    from zfdesk.weights.store import StoredWeights

    Catalogue = tuple[CatalogueEntry, ...]


def add_parser(subparsers: Any, catalogue: Catalogue | None = None) -> None:
    """Register the verb; ``run`` of the parsed arguments is the function to call, which returns the exit code.

    catalogue: another one than `zfdesk.weights.catalogue.CATALOGUE`, for tests.
    """
    verb = subparsers.add_parser(
        "weights",
        help="list, get, choose, describe, import, pack, calibrate, export or measure the network's weights",
        allow_abbrev=False,
    )
    verb.set_defaults(catalogue=catalogue)
    actions = verb.add_subparsers(
        dest="action", required=True, metavar="list|get|use|info|import|pack|calibrate|export|report"
    )

    def action(name: str, help_text: str, run: Callable[[argparse.Namespace], int]) -> argparse.ArgumentParser:
        parser: argparse.ArgumentParser = actions.add_parser(
            name, help=help_text, description=f"{help_text[0].upper()}{help_text[1:]}.", allow_abbrev=False
        )
        parser.set_defaults(run=run)
        return parser

    shown = action("list", "the weights at hand, and the catalogue of those to be had", list_command)

    got = action("get", "download weights of the catalogue, check, convert and keep them", get_command)
    got.add_argument("name", metavar="NAME", help="a name from `zfdesk weights list`")
    got.add_argument("--use", action="store_true", help="use them from now on")
    got.add_argument("--keep", action="store_true", help="keep the downloaded file too")

    used = action("use", "use these weights from now on", use_command)
    used.add_argument("name", metavar="NAME", help="a name from `zfdesk weights list`")

    info = action("info", "what is known of some weights", info_command)
    info.add_argument(
        "name", metavar="NAME|FILE", nargs="?", help="a name from the list, or a file; without it the weights in use"
    )

    imported = action("import", "convert a file of weights and keep it", import_command)
    imported.add_argument(
        "file",
        metavar="FILE",
        type=Path,
        help="torchvision AlexNet or VGG-16, pytorchcv zfnet or zfnetb (.pth, .pt, .zip, .safetensors), the ONNX zoo's "
        "zfnet512 (.onnx), or a checkpoint of zfdesk",
    )
    imported.add_argument("--name", metavar="NAME", help="the name to keep it under; without it the file's own")
    imported.add_argument("--use", action="store_true", help="use it from now on")

    packed = action("pack", "write a network in a quarter of its space, with a little loss", pack_command)
    packed.add_argument("name", metavar="NAME|FILE", help="a name from the list, or a file")
    packed.add_argument(
        "-o", "--output", type=Path, required=True, metavar="FILE.safetensors", help="the file to write"
    )
    packed.add_argument("--provenance", metavar="WORDS", help="where the weights come from; without it, as before")
    packed.add_argument("--licence", metavar="WORDS", help="of the weights; without it, as before")

    calibrated = action(
        "calibrate", "make probabilities mean what they say: one temperature, fitted and folded in", calibrate_command
    )
    add_calibrate_arguments(calibrated)

    exported = action("export", "write a network for other programs: ONNX, or PyTorch's state dict", export_command)
    add_export_arguments(exported)

    measured = action(
        "report", "measure a network and make it a checkout's embedded one (for its makers)", report_command
    )
    add_report_arguments(measured)

    for parser in (shown, got, used, info, imported, packed, calibrated, exported, measured):
        add_json_option(parser)


def list_command(arguments: argparse.Namespace) -> int:
    """Print the weights at hand, the ones in use marked, then the rest of the catalogue; JSON: one list, `_facts`."""
    from zfdesk.weights import store
    from zfdesk.weights.obtain import installed

    catalogue, entries = _catalogue(arguments), store.list_weights()
    theirs = {have.name: entry for entry in catalogue if (have := installed(entry, entries))}
    missing = [entry for entry in catalogue if entry not in theirs.values()]
    facts = [_facts(entry, theirs.get(entry.name)) for entry in entries] + [_catalogue_facts(one) for one in missing]
    report(arguments, facts, lambda: _list_text(entries, theirs, missing))
    return 0


def _list_text(
    entries: Sequence[StoredWeights], theirs: Mapping[str, CatalogueEntry], missing: Sequence[CatalogueEntry]
) -> str:
    """theirs: the catalogue's entries of those that are here, by name. missing: what the catalogue has besides."""
    width = max(map(len, [*(entry.name for entry in entries), *(entry.name for entry in missing)]))
    lines = [f"  {'':{width}}  {'architecture':18}  {'classes':>7}  {'size':>8}  top-1/top-5 error"]
    for entry in entries:
        mark, known = "*" if entry.in_use else " ", theirs.get(entry.name)
        text = entry.error or (
            f"{entry.architecture:18}  {entry.classes:7}  {bytes_text(entry.bytes):>8}  {_errors(known):17}"
            f"  {'' if entry.trained else '(untrained) '}{known.short if known else entry.provenance[:60]}"
        )
        lines.append(f"{mark} {entry.name:{width}}  {text}".rstrip())
    if missing:
        lines.append("\nTo be had (zfdesk weights get NAME):")
    for lacking in missing:
        size = f"{'' if lacking.bytes else '≈'}{bytes_text(lacking.size)}"
        text = lacking.short + _by_file(lacking)
        lines.append(
            f"  {lacking.name:{width}}  {lacking.architecture:18}  {1000:7}  {size:>8}  {_errors(lacking):17}  {text}"
        )
    return "\n".join(lines)


def get_command(arguments: argparse.Namespace) -> int:
    """Download, check, convert and keep; JSON: {"name", "path", "architecture", "sha256", "doubt", "use", "kept"}.

    "kept": the downloaded file, null without --keep.
    """
    from zfdesk.weights import looks_untrained, store
    from zfdesk.weights.catalogue import find_entry
    from zfdesk.weights.obtain import installed, obtain

    entry = find_entry(arguments.name, _catalogue(arguments))
    have = installed(entry, store.list_weights())
    hint, original, progress = "", None, ProgressLine()
    fresh = have is None
    if have is None:
        try:
            kept = obtain(entry, partial(_show_stage, progress, entry.name), keep=arguments.keep)
        except KeyboardInterrupt:
            progress.end()
            print_message(f"Stopped. What has come is kept: `zfdesk weights get {entry.name}` goes on from there.")
            raise
        finally:
            progress.end()
        have = next(stored for stored in store.list_weights() if stored.path == kept.path)
        hint, original = looks_untrained(kept.model), kept.original
        size = bytes_text(have.bytes)
        text = f"Kept as {have.name} ({kept.model.architecture.title}, {have.classes} classes, {size})."
    else:
        text = f"{entry.title} is here already, as {have.name}."
    if arguments.use:
        store.use(have.name, loaded=fresh)
    facts: dict[str, Any] = {
        "name": have.name,
        "path": str(have.path),
        "architecture": have.architecture,
        "sha256": have.sha256,
    }
    facts |= {"doubt": hint, "use": arguments.use, "kept": str(original) if original else None}
    lines = [text]
    lines += [f"The download is {original}."] * bool(original)
    lines += [f"Note: {hint}"] * bool(hint)
    lines += [f"From now on {have.name} is in use." if arguments.use else f"To use it: zfdesk weights use {have.name}"]
    report(arguments, facts, "\n".join(lines))
    return 0


def use_command(arguments: argparse.Namespace) -> int:
    """Use the named weights from now on; JSON: {"use": name}."""
    from zfdesk.weights import store

    store.use(arguments.name)
    report(arguments, {"use": arguments.name}, f"From now on {arguments.name} is in use.")
    return 0


def info_command(arguments: argparse.Namespace) -> int:
    """Print what is known of some weights, reading them whole; JSON: one object."""
    from zfdesk.cli.network import weights_file
    from zfdesk.weights import describe, load, looks_untrained, store
    from zfdesk.weights.obtain import installed

    name = arguments.name
    entries = store.list_weights()
    known = name is None or any(entry.name == name for entry in entries)
    listed = next((entry for entry in _catalogue(arguments) if entry.name == name), None)
    if listed is not None and not known and not Path(name).exists():
        have = installed(listed, entries)
        _show(arguments, _catalogue_facts(listed) | ({"installed_as": have.name} if have else {}))
        return 0
    path = store.find_weights() if name is None else weights_file(name)
    description, model = describe(path), load(path)
    facts = {
        "name": path.stem,
        "path": str(path),
        "architecture": description.architecture.name,
        "title": description.architecture.title,
        "parameters": description.architecture.parameters,
        "classes": len(description.classes),
        "bytes": description.bytes,
        "sha256": model.sha256,
        "trained": description.trained,
        "in_use": path == store.find_weights(),
        "input": _input(description.input, description.architecture.size),
        "packing": description.packing,
        "provenance": description.provenance,
        "licence": description.licence,
        "source": description.source,
        "doubt": looks_untrained(model),
    }
    _show(arguments, facts)
    return 0


def import_command(arguments: argparse.Namespace) -> int:
    """Convert a file and keep it; JSON: {"name", "path", "architecture", "classes", "sha256", "doubt", "use"}."""
    from zfdesk.weights import looks_untrained, store
    from zfdesk.weights.obtain import import_file

    kept = import_file(arguments.file, arguments.name)
    name, path, model = kept.name, kept.path, kept.model
    if arguments.use:
        store.use(name, loaded=True)
    entry = next(entry for entry in store.list_weights() if entry.path == path)
    hint = looks_untrained(model)
    size = bytes_text(entry.bytes)
    lines = [f"Kept as {name} ({model.architecture.title}, {entry.classes} classes, {size})."]
    lines += [f"Note: {hint}"] * bool(hint)
    lines += [f"To use it: zfdesk weights use {name}"] * (not arguments.use)
    facts = {"name": name, "path": str(path), "architecture": entry.architecture, "classes": entry.classes}
    report(arguments, facts | {"sha256": entry.sha256, "doubt": hint, "use": arguments.use}, "\n".join(lines))
    return 0


def pack_command(arguments: argparse.Namespace) -> int:
    """Pack; JSON: {"path", "bytes", "bytes_before", "sha256", "layers": [{"layer", "kind", "relative"}, …]}."""
    from zfdesk.cli.network import weights_file
    from zfdesk.weights import CheckpointError, load, save
    from zfdesk.weights.packing import packed

    place: Path = arguments.output
    if place.suffix != ".safetensors":
        raise CheckpointError(f"{place}: the name of a weights file ends in .safetensors.")
    path = weights_file(arguments.name)
    model, losses = packed(load(path))
    given = {"provenance": arguments.provenance, "licence": arguments.licence}
    hash_of_file = save(replace(model, **{key: value for key, value in given.items() if value is not None}), place)
    before, after = path.stat().st_size, place.stat().st_size
    layers = [asdict(loss) for loss in losses]
    facts = {"path": str(place), "bytes": after, "bytes_before": before, "sha256": hash_of_file, "layers": layers}
    lines = [f"{loss.layer:8}{loss.kind:11}moved by {percent_text(loss.relative, 2)}" for loss in losses]
    sizes = f"{bytes_text(after)}, {bytes_text(before)} before"
    lines.append(f"{place}: {sizes}. What that costs in answers: zfdesk evaluate.")
    report(arguments, facts, "\n".join(lines))
    return 0


def _catalogue(arguments: argparse.Namespace) -> Catalogue:
    from zfdesk.weights.catalogue import CATALOGUE

    given: Catalogue | None = arguments.catalogue
    return CATALOGUE if given is None else given


def _facts(entry: StoredWeights, theirs: CatalogueEntry | None) -> dict[str, Any]:
    return {
        "name": entry.name,
        "installed": True,
        "path": str(entry.path),
        "architecture": entry.architecture,
        "parameters": entry.parameters,
        "classes": entry.classes,
        "bytes": entry.bytes,
        "sha256": entry.sha256,
        "trained": entry.trained,
        "provenance": entry.provenance,
        "licence": entry.licence,
        "source": entry.source,
        "top1_error": theirs.top1 if theirs else None,
        "top5_error": theirs.top5 if theirs else None,
        "embedded": entry.embedded,
        "in_use": entry.in_use,
        "trouble": entry.error,
    }


def _catalogue_facts(entry: CatalogueEntry) -> dict[str, Any]:
    """Of weights that are to be had. "bytes": of the download, null when nobody prints it."""
    from zfdesk.weights.obtain import part_bytes

    return {
        "name": entry.name,
        "installed": False,
        "title": entry.title,
        "words": entry.description,
        "architecture": entry.architecture,
        "parameters": entry.parameters,
        "classes": 1000,
        "bytes": entry.bytes or None,
        "downloaded": part_bytes(entry),
        "licence": entry.licence,
        "source": entry.source,
        "hash": f"{entry.algorithm}:{entry.hash}",
        "top1_error": entry.top1,
        "top5_error": entry.top5,
        "input": _input(entry.input, 224),
        "in_use": False,
        "to_get": f"{entry.by_file}: zfdesk weights import FILE"
        if entry.by_file
        else f"zfdesk weights get {entry.name}",
    }


def _input(spec: Any, size: int) -> dict[str, Any]:
    return {
        "size": size,
        "channels": spec.order,
        "mean": list(spec.mean),
        "std": list(spec.std),
        "resize": spec.resize,
    }


def _errors(entry: CatalogueEntry | None) -> str:
    """Published top-1 and top-5 error."""
    return f"{entry.top1:.2f} % / {entry.top5:.2f} %" if entry else ""


def _by_file(entry: CatalogueEntry) -> str:
    from zfdesk.weights.obtain import part_bytes

    if entry.by_file:
        return f"; by file, see `zfdesk weights info {entry.name}`"
    come = part_bytes(entry)
    return f"; {bytes_text(come)} of it have come" if come else ""


def _show_stage(line: ProgressLine, name: str, stage: str, progress: DownloadProgress | None) -> None:
    """As `zfdesk.weights.obtain` calls it; to a file, one line for each step and tenth of the way."""
    share = progress.share if progress else None
    tenth = "" if share is None else f" {int(share * 10) * 10} %"
    line.show(f"{stage} {name}… {progress or ''}", milestone=f"{stage} {name}…{tenth}")


def _show(arguments: argparse.Namespace, facts: dict[str, Any]) -> None:
    report(arguments, facts, named_values(facts))
