"""The training itself: steps, epochs, what is kept of them, and how it ends."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from torch import Tensor

from zfdesk import __version__
from zfdesk.cancellation import stop_on_signal
from zfdesk.engine import ARCHITECTURES, Model
from zfdesk.progress import ProgressLine, counted, duration, noun, percent_text
from zfdesk.runs import About, Epoch, RunError, RunWriter, Score, Step, snapshot_epochs
from zfdesk.training.data import open_all, open_pictures, passed_over
from zfdesk.training.errors import TrainingError
from zfdesk.training.fitting import check_pictures, check_plan, check_sides
from zfdesk.training.learner import Learner, NotFiniteError
from zfdesk.training.loader import Batch, Loader
from zfdesk.training.losses import to_device
from zfdesk.training.memory import HeapBound, freed_memory_kept
from zfdesk.training.network import TrainingNetwork, network_input
from zfdesk.training.plan import TrainingPlan
from zfdesk.training.probe import Probe, probe_picture, strongest_answers
from zfdesk.training.process_group import ProcessGroup
from zfdesk.training.recipe import as_json
from zfdesk.training.resident import loader_of
from zfdesk.training.state import TrainerState, read_state, restore, save_state
from zfdesk.training.teaching import TaughtPictures, taught_recipe
from zfdesk.training.throughput import share_sentence
from zfdesk.training.train_config import Ended, TrainConfig
from zfdesk.training.validate import Validation

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
        self.pictures, self.recipe = open_all(config.data), config.recipe
        for sentence in passed_over(self.pictures):
            progress.message(sentence)
        taught, embedding = "", self.pictures.embedding
        if config.teacher is not None:
            if config.teacher_classes:
                self.pictures = TaughtPictures(self.pictures, config.teacher)
            self.recipe, taught = taught_recipe(self.recipe, self.pictures, config.teacher)
            embedding = config.teacher.embedding
        check_pictures(self.pictures, config.teacher is not None, self.recipe)
        self.classes = self.pictures.classes
        self.validation = self._open_validation()
        self.architecture = ARCHITECTURES[config.architecture](len(self.classes))
        self.plan = TrainingPlan(self.recipe, len(self.pictures), self.architecture.size)
        check_plan(self.plan, group.processes)
        self.loader = loader_of(config, self.pictures, self.plan, group, progress.warn)
        self.heap = HeapBound()
        embedding = embedding if self.recipe.embedding_weight else 0
        self.learner = Learner(self.architecture, self.recipe, embedding, config.seed, group, run)
        check_sides(self.network, self.plan)
        self.state = TrainerState()
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
            self._note(taught)
        self.learner.distribute()
        self.stopping = threading.Event()
        self._last: tuple[Score | None, Score | None] = (None, None)
        self._reached: tuple[int, float] | None = None  # side and pictures a second of the last line of the log

    @property
    def network(self) -> TrainingNetwork:
        """The network that is trained."""
        return self.learner.network

    def _open_validation(self) -> Validation | None:
        config = self.config
        if config.validation is None:
            return None
        pictures = open_pictures(config.validation, "val")
        for sentence in passed_over(pictures):
            self.progress.message(sentence)
        return Validation(pictures, self.classes, config.threads, self.progress.warn, config.limit)

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
                yield network_input(to_device(batch.pictures, self.group.device))
                self.heap.trim()

        try:
            left = self.learner.start_from(start, batches())
        finally:
            loader.close()
        if left:
            self.progress.message(f"Begun anew, as they do not fit: {', '.join(left)}.")

    def _resume(self) -> None:
        tensors, state, identity = read_state(self.run)
        ours = self._identity()
        for key in ours:
            if identity.get(key) != ours[key]:
                difference = {"pictures": f"{identity.get(key)} pictures, now there are {ours[key]}"}.get(
                    key, f"another {key}"
                )
                raise TrainingError(f"The state in {self.run} is of a training with {difference}.")
        restore(tensors, self.network, self.learner.optimiser, self.learner.mean_weights)
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
            self.progress.message(
                share_sentence(self.architecture, *self._reached, self.group.device, self.learner.bfloat)
            )
        if interrupted:
            self._save()
        else:
            self._say_end("The training is done.")
        return Ended(state.step, state.seconds, interrupted, len(unreadable), *self._last)

    def take_step(self, batch: Batch, total: _Sum) -> None:
        """One step of the optimiser on one batch; its loss is added to ``total``."""
        state, plan = self.state, self.plan
        probe = Probe(self.network) if self._watched(state.step) else None
        rate = plan.learning_rate(state.step, state.lowered)
        result = self.learner.step(batch, rate, state.step, plan.batch, probe)
        state.step += 1
        state.due = state.step % plan.steps_per_epoch == 0
        state.seen += plan.batch
        state.loss += result.loss * plan.batch
        state.known += result.known
        state.top1 += result.top1
        state.top5 += result.top5
        total.loss, total.steps = total.loss + result.loss, total.steps + 1
        for name, value in result.parts.items():
            total.parts[name] = total.parts.get(name, 0.0) + value
        if probe is not None and self.writer is not None:
            self.learner.check(state.step)
            epoch = 0 if state.step == 1 else state.step // plan.steps_per_epoch
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
        self.learner.check(self.state.step)
        state, plan = self.state, self.plan
        epoch = state.step // plan.steps_per_epoch
        known = max(state.known, 1)
        training = Score(state.loss / max(state.seen, 1), state.top1 / known, state.top5 / known)
        validation = None if self.validation is None else self.learner.score(self.validation)
        self._last = (training, validation)
        if epoch in snapshot_epochs(self.recipe.epochs):
            self.keep_snapshot(epoch)
        elif self.writer is not None:
            self.writer.network(self.exported())
        if self.writer is not None:
            self.writer.log(Epoch(state.step, epoch, state.seconds, training, validation))
        state.due, state.seen, state.loss = False, 0.0, 0.0
        state.known = state.top1 = state.top5 = 0
        text = f"epoch {epoch}: loss {training.loss:.3f}, {_shares(training)}"
        if validation is not None:
            text += f"; validation: {_shares(validation)}"
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
            self._note(sentence)

    # what is kept

    def exported(self) -> Model:
        """The plain declared network as it is now, which says how it was trained."""
        config, recipe = self.config, self.recipe
        epochs = f"{self.state.step / self.plan.steps_per_epoch:g} of {recipe.epochs} {noun(recipe.epochs, 'epoch')}"
        data = ", ".join(Path(path).name for path in config.data)
        start = f", started from {config.start_text}" if config.start_text else ""
        return self.learner.exported(
            self.classes,
            f"trained by zfdesk {__version__}, recipe {recipe.name}, {epochs} of "
            f"{counted(len(self.pictures), 'picture')} ({data}), seed {config.seed}{start}",
        )

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

    def _save(self) -> None:
        if self.group.first:
            learner = self.learner
            learner.check(self.state.step)
            save_state(
                self.run, self.state, self._identity(), self.config.settings(), learner.network, learner.optimiser,
                learner.mean_weights,
            )  # fmt: skip

    def _give_up(self, error: Exception) -> None:
        """Save what was reached, unless that is what is wrong, and say why in the log; as far as the disk lets."""
        with suppress(TrainingError, RunError):
            if not isinstance(error, NotFiniteError):
                self._save()
        with suppress(TrainingError, RunError):
            self._say_end(str(error))

    def _note(self, sentence: str) -> None:
        """On the terminal, and in the log."""
        self.progress.message(sentence)
        if self.writer is not None:
            self.writer.note(self.state.step, sentence)

    def _say_end(self, sentence: str) -> None:
        if self.writer is not None:
            self.writer.note(self.state.step, sentence, end=True)


def _shares(score: Score) -> str:
    return f"top-1 {percent_text(score.top1, 1)}, top-5 {percent_text(score.top5, 1)}"


@freed_memory_kept()
def train(config: TrainConfig, run: Path, group: ProcessGroup, progress: ProgressLine, resume: bool = False) -> Ended:
    """Train a network into the run folder ``run``; with ``resume`` go on from its saved state.

    Ctrl-C or SIGTERM ends it after the step in progress, with its state saved. Raises TrainingError or RunError with
    one sentence; the last good state is then on disk.
    """
    with group.as_one():
        training = Training(config, run, group, progress, resume)
    try:
        # torchrun hands on what the terminal has sent already, and SIGTERM where another process has ended
        with stop_on_signal(signal.SIGTERM, patience=PATIENCE) as training.stopping:
            return training.go()
    finally:
        training.loader.close()


__all__ = ["Training", "train"]
