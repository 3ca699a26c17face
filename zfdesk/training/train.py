"""The training itself: steps, epochs, what is kept of them, and how it ends."""

from __future__ import annotations

import math
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType

import numpy as np
import torch
import torch.distributed as dist
from torch import Tensor
from torch.nn.parallel import DistributedDataParallel

from zfdesk import __version__
from zfdesk.engine import ARCHITECTURES, Model
from zfdesk.progress import ProgressLine, duration, noun
from zfdesk.runs import About, Epoch, RunError, RunWriter, Score, Step, snapshot_epochs
from zfdesk.training.data import open_all, open_pictures, passed_over
from zfdesk.training.errors import TrainingError
from zfdesk.training.fitting import check_pictures, check_plan, check_sides
from zfdesk.training.learning import hits, inputs, losses, on
from zfdesk.training.loader import Answering, Batch, Loader
from zfdesk.training.memory import HeapBound, freed_memory_kept
from zfdesk.training.network import TrainingNetwork, exported, fill, normed, start_from
from zfdesk.training.optimise import RunningMean, limit_filters, make_optimiser
from zfdesk.training.plan import TrainingPlan
from zfdesk.training.probe import Probe, probe_picture, strongest_answers
from zfdesk.training.process_group import ProcessGroup
from zfdesk.training.recipe import as_json
from zfdesk.training.resident import loader_of
from zfdesk.training.state import TrainerState, read_state, restore, save_state
from zfdesk.training.teaching import TaughtPictures, taught_recipe
from zfdesk.training.throughput import share_sentence
from zfdesk.training.train_config import Ended, TrainConfig
from zfdesk.training.validate import Validation, as_kept

PATIENCE = 2.0
"""Seconds after which a second Ctrl-C ends a training at once."""
CALIBRATION = 8
"""Batches on which batch norm is measured when a training starts from a checkpoint."""


@dataclass(eq=False)
class _Sum:
    """Losses since the last line of the log."""

    loss: float = 0.0
    parts: dict[str, float] = field(default_factory=dict)
    steps: int = 0
    since: float = 0.0


class Training:
    """One training in one process; see `train`."""

    def __init__(
        self, config: TrainConfig, run: Path, group: ProcessGroup, progress: ProgressLine, resume: bool = False
    ) -> None:
        self.config, self.run, self.group, self.progress = config, run, group, progress
        self.recipe, self.device = config.recipe, group.device
        self.pictures = open_all(config.data)
        for sentence in passed_over(self.pictures):
            progress.message(sentence)
        taught = "" if config.teacher is None else self._ask(config.teacher)
        check_pictures(self.pictures, config.teacher is not None, self.recipe)
        self.classes = self.pictures.classes
        self.validation: Validation | None = None
        if config.validation is not None:
            seen = open_pictures(config.validation, "val")
            for sentence in passed_over(seen):
                progress.message(sentence)
            self.validation = Validation(seen, self.classes, config.threads, progress.warn, config.limit)
        self.architecture = ARCHITECTURES[config.architecture](len(self.classes))
        self.plan = TrainingPlan(self.recipe, len(self.pictures), self.architecture.size)
        check_plan(self.plan, group.processes)
        self.loader = loader_of(config, self.pictures, self.plan, group, progress.warn)
        self.heap = HeapBound()
        self.network = self._network()
        self.optimiser = make_optimiser(self.network, self.recipe)
        self.mean = RunningMean(self.network, self.recipe.ema) if self.recipe.ema else None
        self.state = TrainerState()
        self._bfloat = self.recipe.precision == "bfloat16" or (
            self.recipe.precision == "auto" and (self.device.type == "cuda" or fast_bfloat())
        )
        if resume:
            self._resume()
            self.writer = RunWriter.resume(run, self.state.step) if group.first else None
        else:
            self._begin()
            probe = self._probe() if group.first else None
            self.writer = RunWriter.create(run, self._about()) if group.first else None
            if self.writer is not None and probe is not None:
                self.writer.probe(probe)
        if taught:
            progress.message(taught)
            if self.writer is not None:
                self.writer.note(self.state.step, taught)
        self.learner: torch.nn.Module = self.network
        if group.processes > 1:
            # in a group of its own: it never lets go of it, and a thread of a group that is left at the end of Python,
            # just letting go of a tensor, aborts the process
            self.learner = DistributedDataParallel(
                self.network, process_group=dist.new_group(), forward_sync_buffers=False
            )
        self.stopping = threading.Event()
        self._last: tuple[Score | None, Score | None] = (None, None)
        self._reached: tuple[int, float] | None = None  # side and pictures a second of the last line of the log

    def _ask(self, teacher: Answering) -> str:
        if self.config.teacher_classes:
            self.pictures = TaughtPictures(self.pictures, teacher)
        self.recipe, note = taught_recipe(self.config.recipe, self.pictures, teacher)
        return note

    def _network(self) -> TrainingNetwork:
        embedding = self.pictures.embedding
        if self.config.teacher is not None:
            embedding = self.config.teacher.embedding
        embedding = embedding if self.recipe.embedding_weight else 0
        network = TrainingNetwork(self.architecture, self.recipe, embedding)
        fill(network, self.config.seed)
        check_sides(network, self.plan)
        moved: TrainingNetwork = network.to(self.device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        return moved

    def _about(self) -> About:
        config, validation = self.config, self.validation
        return About(
            zfdesk=__version__, architecture=config.architecture, recipe=as_json(config.recipe),
            data=config.places(), pictures=len(self.pictures), validation_pictures=len(validation) if validation else 0,
            classes=self.classes, seed=config.seed, command=config.command,
            started=datetime.now(UTC).isoformat(timespec="seconds"), epochs=self.recipe.epochs,
            processes=self.group.processes,
        )  # fmt: skip

    def _identity(self) -> dict[str, object]:
        """What must be the same when a training goes on."""
        return {
            "recipe": as_json(self.config.recipe), "architecture": self.config.architecture,
            "classes": list(self.classes), "pictures": len(self.pictures), "seed": self.config.seed,
        }  # fmt: skip

    def _begin(self) -> None:
        start = self.config.start
        if start is None:
            return
        if start.classes != self.classes and len(start.classes) == len(self.classes):
            self.progress.message("The classes are called otherwise than in the network that is started from.")
        count = min(CALIBRATION, max(1, self.plan.steps_per_epoch))
        # all processes measure the same pictures, or their statistics would differ
        loader = Loader(self.pictures, self.plan, self.config.seed, self.config.threads, self.progress.message)

        def batches() -> Iterator[Tensor]:
            for batch in loader.batches(0, count):
                yield normed(on(batch.pictures, self.device))
                self.heap.trim()

        try:
            left = start_from(self.network, start, batches())
        finally:
            loader.close()
        if left:
            self.progress.message(f"Begun anew, as they do not fit: {', '.join(left)}.")
        if self.mean is not None:
            self.mean = RunningMean(self.network, self.recipe.ema)

    def _resume(self) -> None:
        tensors, state, identity = read_state(self.run)
        ours = self._identity()
        for key in ours:
            if identity.get(key) != ours[key]:
                difference = {"pictures": f"{identity.get(key)} pictures, now there are {ours[key]}"}.get(
                    key, f"another {key}"
                )
                raise TrainingError(f"The state in {self.run} is of a training with {difference}.")
        restore(tensors, self.network, self.optimiser, self.mean.tensors if self.mean else None)
        self.state = state

    # the loop

    def go(self) -> Ended:
        """Train to the end, or until Ctrl-C. Raises TrainingError or RunError; the last good state is then on disk."""
        state, plan, began = self.state, self.plan, self.state.step
        if self.writer is not None and began:
            self.writer.note(began, f"Resumed at step {began}.")
        started, before = time.monotonic(), state.seconds
        interrupted = False
        try:
            with self.group.as_one():
                if not began:
                    self.keep_snapshot(0)
                    self._save()
                if state.due:
                    self._end_epoch()
                self.heap.trim()
                saved = time.monotonic()
                total = _Sum(since=saved)
                for batch in self.loader.batches(began, plan.steps):
                    self.take_step(batch, total)
                    self.heap.after_step()
                    state.seconds = before + time.monotonic() - started
                    if state.step % self.config.log_every == 0 or state.due:
                        self._log(total)
                        total = _Sum(since=time.monotonic())
                    paused = time.monotonic()
                    if state.due:
                        self._end_epoch()
                        self.heap.trim()
                        saved = time.monotonic()
                    elif self.group.first and paused - saved >= self.config.every:
                        self._save()
                        self.heap.trim()
                        saved = time.monotonic()
                    total.since += time.monotonic() - paused
                    if self.group.any(self.stopping.is_set()):
                        interrupted = state.step < plan.steps
                        break
                unreadable = self.group.union(self.loader.unreadable.found)
        except (TrainingError, RunError) as error:
            self._give_up(error)
            raise
        if self.config.share_of_peak and self._reached is not None:
            self.progress.message(share_sentence(self.architecture, *self._reached, self.device, self._bfloat))
        if interrupted:
            self._save()
        else:
            self._say_end("The training is done.")
        return Ended(state.step, state.seconds, interrupted, len(unreadable), *self._last)

    def take_step(self, batch: Batch, total: _Sum) -> None:
        """One step of the optimiser on one batch; its loss is added to ``total``."""
        state, plan, recipe = self.state, self.plan, self.recipe
        step = state.step
        rate = plan.learning_rate(step, state.lowered)
        for settings in self.optimiser.param_groups:
            settings["lr"] = rate
        self.learner.train()
        probe = Probe(self.network) if self._watched(step) else None
        with torch.autocast(self.device.type, torch.bfloat16, enabled=self._bfloat):
            place = (self.config.seed, step, batch.first, plan.batch)
            scores, guessed = self.learner(inputs(batch, recipe, self.device), place)
        loss, parts = losses(scores, guessed, batch, recipe, plan.batch, self.network.last_maps)
        self.network.last_maps = None
        # DistributedDataParallel takes the mean over processes; each loss is already a share of the whole
        (loss * self.group.processes).backward()
        names, found = list(parts), hits(scores.detach().float(), batch)
        # the last word between processes in a step: where one is lost, the others stand between two steps
        summed = self.group.summed(
            float(loss.detach()), *found, *(float(parts[name].detach()) for name in names)
        )  # fmt: skip
        if not math.isfinite(summed[0]):
            raise self._not_finite("loss is no longer a number", step + 1)
        if probe is not None:
            probe.look()
        if recipe.gradient_limit:
            torch.nn.utils.clip_grad_norm_(self.network.parameters(), recipe.gradient_limit, foreach=True)
        self.optimiser.step()
        self.optimiser.zero_grad(set_to_none=True)
        if recipe.rms_limit:
            limit_filters(self.network, recipe.rms_limit)
        state.step = step + 1
        state.due = state.step % plan.steps_per_epoch == 0
        if self.mean is not None:
            self.mean.update(self.network, state.step)
        state.seen += plan.batch
        state.loss += summed[0] * plan.batch
        state.known += int(summed[1])
        state.top1 += int(summed[2])
        state.top5 += int(summed[3])
        total.loss, total.steps = total.loss + summed[0], total.steps + 1
        for name, value in zip(names, summed[4:], strict=True):
            total.parts[name] = total.parts.get(name, 0.0) + value
        if probe is not None and self.writer is not None:
            epoch = 0 if step == 0 else state.step // plan.steps_per_epoch
            self._check_weights()
            self.writer.statistics(epoch, probe.statistics(self.exported()))

    def _watched(self, step: int) -> bool:
        """Whether this step is looked at closely: the first, and the last before each snapshot."""
        epoch, rest = divmod(step + 1, self.plan.steps_per_epoch)
        return step == 0 or (not rest and epoch in snapshot_epochs(self.recipe.epochs))

    def _log(self, total: _Sum) -> None:
        state, plan = self.state, self.plan
        count = max(total.steps, 1)
        speed = count * plan.batch / max(time.monotonic() - total.since, 1e-9)
        epochs, side = state.step / plan.steps_per_epoch, plan.side(state.step - 1)
        rate = plan.learning_rate(state.step - 1, state.lowered)
        self._reached = side, speed
        if self.writer is not None:
            parts = {name: value / count for name, value in total.parts.items()}
            self.writer.log(Step(state.step, epochs, state.seconds, total.loss / count, rate, parts, side, speed))
        # work still to do, in pixels: larger pictures take longer
        left = plan.pixels(state.step) / side**2 / max(speed, 1e-9)
        self.progress.show(
            f"epoch {epochs:.2f} of {self.recipe.epochs}, loss {total.loss / count:.3f}, {side} px, "
            f"{speed:.0f} pictures/s, {duration(left)} left"
        )

    def _end_epoch(self) -> None:
        """What belongs to the end of an epoch; until all of it is done it is due."""
        self._check_weights()
        state, plan = self.state, self.plan
        epoch = state.step // plan.steps_per_epoch
        known = max(state.known, 1)
        training = Score(state.loss / max(state.seen, 1), state.top1 / known, state.top5 / known)
        validation = self._validated()
        self._last = (training, validation)
        if epoch in snapshot_epochs(self.recipe.epochs):
            self.keep_snapshot(epoch)
        elif self.writer is not None:
            self.writer.network(self.exported())
        if self.writer is not None:
            self.writer.log(Epoch(state.step, epoch, state.seconds, training, validation))
        state.due, state.seen, state.loss = False, 0.0, 0.0
        state.known = state.top1 = state.top5 = 0
        text = f"epoch {epoch}: loss {training.loss:.3f}, top-1 {training.top1:.1%}, top-5 {training.top5:.1%}"
        if validation is not None:
            text += f"; validation: top-1 {validation.top1:.1%}, top-5 {validation.top5:.1%}"
        self.progress.message(f"{text} ({duration(state.seconds)})")
        self._plateau(1 - validation.top1 if validation else training.loss)
        self._save()

    def _plateau(self, error: float) -> None:
        state, recipe = self.state, self.recipe
        if error < state.best:
            state.best, state.waiting = error, 0
            return
        state.waiting += 1
        if recipe.schedule == "plateau" and state.waiting >= recipe.patience:
            state.lowered, state.waiting = state.lowered / 10, 0
            sentence = f"The learning rate was lowered to {recipe.learning_rate * state.lowered:g}: {recipe.patience} "
            sentence += "epochs without a better one."
            self.progress.message(sentence)
            if self.writer is not None:
                self.writer.note(state.step, sentence)

    def _validated(self) -> Score | None:
        if self.validation is None:
            return None
        with as_kept(self.network, self.mean.tensors if self.mean else None):
            return self.validation.score(self.network, self.group, self._bfloat)

    # what is kept

    def exported(self) -> Model:
        """The plain declared network as it is now: the running mean's weights where the recipe has it."""
        tensors: dict[str, Tensor] = self.mean.tensors if self.mean is not None else self.network.state_dict()
        config, recipe = self.config, self.recipe
        epochs = self.state.step / self.plan.steps_per_epoch
        provenance = f"trained by zfdesk {__version__}, recipe {recipe.name}, {epochs:g} of {recipe.epochs} "
        provenance += f"{noun(recipe.epochs, 'epoch')} of "
        provenance += (
            f"{len(self.pictures)} pictures ({', '.join(Path(path).name for path in config.data)}), seed {config.seed}"
        )
        provenance += f", started from {config.start_text}" if config.start_text else ""
        return exported(self.network, tensors, self.classes, provenance)

    def keep_snapshot(self, epoch: int) -> None:
        """A snapshot, and what is looked at there."""
        if self.writer is None:
            return
        model = self.exported()
        self.writer.snapshot(epoch, model)
        self.writer.network(model)
        config = self.config
        for found, crop in strongest_answers(model, self.pictures, config.seed, epoch, config.strongest):
            self.writer.strongest(found, crop)

    def _probe(self) -> np.ndarray | None:
        """The picture that is followed over the snapshots."""
        sets = [self.pictures] if self.validation is None else [self.validation.pictures, self.pictures]
        return probe_picture(self.config.probe, *sets)

    def _check_weights(self) -> None:
        """A loss that is a number can still have had a gradient that is none."""
        tensors = [*self.network.state_dict().values(), *(self.mean.tensors.values() if self.mean else ())]
        if not bool(torch.stack([tensor.isfinite().all() for tensor in tensors]).all()):
            raise self._not_finite("weights are no longer numbers", self.state.step)

    def _not_finite(self, what: str, step: int) -> _NotFiniteError:
        return _NotFiniteError(
            f"The {what} at step {step}; the last good state is kept. A lower learning rate may help: begin a new run "
            f"with --set learning_rate=…, and with --start {self.run / 'network.safetensors'} to keep what was learned."
        )

    def _save(self) -> None:
        if self.group.first:
            self._check_weights()
            mean = self.mean.tensors if self.mean else None
            settings = self.config.settings()
            save_state(self.run, self.state, self._identity(), settings, self.network, self.optimiser, mean)

    def _give_up(self, error: Exception) -> None:
        """Save what was reached, unless that is what is wrong, and say why in the log; as far as the disk lets."""
        with suppress(TrainingError, RunError):
            if not isinstance(error, _NotFiniteError):
                self._save()
        with suppress(TrainingError, RunError):
            self._say_end(str(error))

    def _say_end(self, sentence: str) -> None:
        if self.writer is not None:
            self.writer.note(self.state.step, sentence, end=True)


class _NotFiniteError(TrainingError):
    """The loss, or a weight, is NaN or infinite."""


def fast_bfloat() -> bool:
    """Whether the processor multiplies bfloat16 in hardware: here 45 instead of 27 pictures/s a core at 128 px."""
    return torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported()


@freed_memory_kept()
def train(config: TrainConfig, run: Path, group: ProcessGroup, progress: ProgressLine, resume: bool = False) -> Ended:
    """Train a network into the run folder ``run``; with ``resume`` go on from its saved state.

    Ctrl-C or SIGTERM ends it after the step in progress, with its state saved. Raises TrainingError or RunError with
    one sentence; the last good state is then on disk.
    """
    with group.as_one():
        training = Training(config, run, group, progress, resume)
    asked = math.inf

    def stop(number: int, frame: FrameType | None) -> None:
        nonlocal asked
        # torchrun hands on what the terminal has sent already, and SIGTERM where another process has ended
        if number == signal.SIGINT and time.monotonic() - asked > PATIENCE:
            raise KeyboardInterrupt
        asked = min(asked, time.monotonic())
        training.stopping.set()

    in_main = threading.current_thread() is threading.main_thread()
    was = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM) if in_main}
    try:
        return training.go()
    finally:
        training.loader.close()
        for number, handler in was.items():
            signal.signal(number, handler)


__all__ = ["Training", "fast_bfloat", "train"]
