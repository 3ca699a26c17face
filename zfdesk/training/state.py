"""What is needed to go on exactly where a training stopped: one file, replaced whole or not at all.

RUN/state/training.safetensors holds the network, the optimiser's memory and the running mean; its metadata say where
the training stands (JSON), and carry a hash, so that a damaged or foreign file is refused rather than used.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from io import BufferedReader
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from zfdesk.error_reason import error_reason
from zfdesk.training.errors import TrainingError
from zfdesk.weights.safetensors_file import (
    CheckpointError,
    Header,
    digest,
    opened_file,
    read_header,
    read_tensors,
    write_tensors,
)

FORMAT = "zfdesk-training-2"
FILE = Path("state") / "training.safetensors"


@dataclass
class TrainerState:
    """Where a training stands: what is not in tensors and does not follow from the step."""

    step: int = 0
    seconds: float = 0.0
    lowered: float = 1.0
    """What the plateaus have lowered the learning rate by."""
    best: float = float("inf")
    """Best validation error so far."""
    waiting: int = 0
    """Epochs since then."""
    seen: float = 0.0
    loss: float = 0.0
    known: int = 0
    top1: int = 0
    top5: int = 0
    """Of the epoch in progress: pictures, their losses' sum, those with a class, right answers."""
    due: bool = False
    """Whether the steps of an epoch are done, but not yet what belongs to its end."""


def save_state(
    run: Path, state: TrainerState, identity: Mapping[str, Any], settings: Mapping[str, Any],
    network: torch.nn.Module, optimiser: torch.optim.Optimizer, mean: Mapping[str, Tensor] | None,
) -> None:  # fmt: skip
    """Write RUN/state. ``identity``: what must be the same when it is read; ``settings``: for `read_settings`.

    Raises TrainingError in a sentence.
    """
    tensors = {f"network.{name}": value.detach().cpu() for name, value in network.state_dict().items()}
    for name, value in (mean or {}).items():
        tensors[f"mean.{name}"] = value.cpu()
    for name, parameter in network.named_parameters():
        for key, value in optimiser.state.get(parameter, {}).items():
            if isinstance(value, Tensor):
                tensors[f"optimiser.{key}.{name}"] = value.detach().cpu()
    # a float16 or scalar tensor is written as it is; channels-last ones by their values in order
    tensors = {name: value.contiguous() for name, value in tensors.items()}
    data = {key: (None if value == float("inf") else value) for key, value in asdict(state).items()}
    metadata = {"format": FORMAT, "standing": json.dumps(data)}
    metadata |= {"identity": json.dumps(identity, ensure_ascii=False), "settings": json.dumps(settings)}
    metadata["sha256"] = digest(metadata, tensors)
    place = run / FILE
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        write_tensors(place, tensors, metadata)
    except OSError as error:
        why = error_reason(error)
        kept = "; the last good one is kept" if place.exists() else ""
        raise TrainingError(f"The state of the training cannot be saved in {place.parent}: {why}{kept}.") from None


def read_state(run: Path) -> tuple[dict[str, Tensor], TrainerState, dict[str, Any]]:
    """The tensors, where it stands, and its identity. Raises TrainingError for no, a foreign or damaged one."""
    place = run / FILE
    with _state_file(place) as (file, header):
        tensors = read_tensors(file, header, place)
    if digest(header.metadata, tensors) != header.metadata.get("sha256"):
        raise TrainingError(f"{place} is damaged: its contents do not match the hash it carries.")
    data = json.loads(header.metadata["standing"])
    data["best"] = float("inf") if data["best"] is None else data["best"]
    return tensors, TrainerState(**data), json.loads(header.metadata["identity"])


def read_settings(run: Path) -> dict[str, Any]:
    """The settings a state was saved with. Raises TrainingError as `read_state` does, but does not read all of it."""
    with _state_file(run / FILE) as (_, header):
        try:
            settings = json.loads(header.metadata["settings"])
        except (KeyError, ValueError):
            raise TrainingError(f"{run / FILE} is damaged: its settings cannot be read.") from None
    if not isinstance(settings, dict):
        raise TrainingError(f"{run / FILE} is damaged: its settings cannot be read.")
    return settings


@contextmanager
def _state_file(place: Path) -> Iterator[tuple[BufferedReader, Header]]:
    if not place.exists():
        raise TrainingError(f"{place.parent.parent} has no saved state to go on from ({FILE}).")
    try:
        with opened_file(place) as file:
            header = read_header(file, place)
            if header.metadata.get("format") != FORMAT:
                raise TrainingError(f"{place} is not the state of a training of this version of zfdesk.")
            yield file, header
    except CheckpointError as error:
        raise TrainingError(str(error)) from None


def restore(
    tensors: Mapping[str, Tensor], network: torch.nn.Module, optimiser: torch.optim.Optimizer,
    mean: dict[str, Tensor] | None,
) -> None:  # fmt: skip
    """Put a saved state back. Raises TrainingError where it is another network's."""
    ours = network.state_dict()
    wanted = {f"network.{name}": value for name, value in ours.items()}
    wanted |= {f"mean.{name}": value for name, value in (mean or {}).items()}
    for name, value in wanted.items():
        if name not in tensors or tensors[name].shape != value.shape:
            raise TrainingError(f"The saved state does not fit the network: {name} is missing or of another shape.")
    with torch.no_grad():
        for name, value in wanted.items():
            value.copy_(tensors[name])
    for name, parameter in network.named_parameters():
        memory = {}
        for key in ("momentum_buffer", "exp_avg", "exp_avg_sq", "step"):
            stored = tensors.get(f"optimiser.{key}.{name}")
            if stored is not None and (stored.shape == parameter.shape or key == "step"):
                like = (
                    torch.empty_like(parameter) if key != "step" else torch.empty_like(stored, device=parameter.device)
                )
                memory[key] = like.copy_(stored)
        if memory:
            optimiser.state[parameter] = memory
