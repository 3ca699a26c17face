"""Several processes that train as one, started by torchrun; or one, which is the same with a world of one."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta

import torch
import torch.distributed as dist

from zfdesk.training.errors import TrainingError


@dataclass(frozen=True)
class ProcessGroup:
    """``rank`` of ``processes``; ``device``: that this process computes on."""

    rank: int
    processes: int
    device: torch.device

    @property
    def first(self) -> bool:
        """Whether this is the process that writes and speaks."""
        return self.rank == 0

    def summed(self, *numbers: float) -> list[float]:
        """Each number summed over all processes."""
        if self.processes == 1:
            return list(numbers)
        total = torch.tensor(numbers, dtype=torch.float64, device=self.device)
        dist.all_reduce(total)
        return [float(number) for number in total]

    def union(self, numbers: Iterable[int]) -> set[int]:
        """Return all numbers that any process has."""
        # by sums, which every device has: each process fills its own places in one long row
        mine = [float(number) for number in set(numbers)]
        counts = [int(count) for count in self.summed(*(len(mine) * (r == self.rank) for r in range(self.processes)))]
        before, after = sum(counts[: self.rank]), sum(counts[self.rank + 1 :])
        return {int(number) for number in self.summed(*[0.0] * before, *mine, *[0.0] * after)}

    def any(self, flag: bool) -> bool:
        """Return whether any process has set the flag."""
        return flag if self.processes == 1 else self.summed(float(flag))[0] > 0

    @contextmanager
    def as_one(self) -> Iterator[None]:
        """Where another process is lost meanwhile, TrainingError in place of what torch makes of it."""
        try:
            yield
        except RuntimeError as error:
            lost = isinstance(error, dist.DistError) or "gloo" in str(error).lower()
            if self.processes == 1 or not lost:
                raise
            raise TrainingError("Another process of this training has ended; what it said tells why.") from None

    def wait(self) -> None:
        """Wait until all processes have come here."""
        if self.processes > 1:
            dist.barrier()

    def close(self) -> None:
        """Leave the group."""
        if self.processes > 1:
            dist.destroy_process_group()


def join(device: str) -> ProcessGroup:
    """The place of this process among those torchrun started. ``device``: auto, cpu or cuda. Raises TrainingError."""
    cuda = torch.cuda.is_available()
    if device == "cuda" and not cuda:
        raise TrainingError("There is no CUDA device here; --device cpu trains on the processor.")
    chosen = torch.device("cuda" if cuda and device != "cpu" else "cpu")
    processes = int(os.environ.get("WORLD_SIZE", "1"))
    if processes == 1:
        return ProcessGroup(0, 1, chosen)
    if chosen.type == "cuda":
        chosen = torch.device("cuda", int(os.environ.get("LOCAL_RANK", "0")))
        torch.cuda.set_device(chosen)
    dist.init_process_group("nccl" if chosen.type == "cuda" else "gloo", timeout=timedelta(minutes=30))
    return ProcessGroup(dist.get_rank(), processes, chosen)
