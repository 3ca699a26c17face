"""A folder of shards being written: tar files of at most 60 MB, and ``shards.json``, which tells what is in them.

One that was interrupted goes on after the last whole shard.
"""

from __future__ import annotations

import io
import json
import tarfile
from pathlib import Path
from typing import Any

from zfdesk.atomic_write import write_whole
from zfdesk.error_reason import error_reason
from zfdesk.training.data_shards import DESCRIPTION, FORMAT
from zfdesk.training.errors import ShardsError
from zfdesk.training.pack_plan import PackPlan
from zfdesk.training.teacher import Teacher

SHARD_BYTES = 58_000_000
BATCH = 32
"""Views the teacher is asked about at once. A shard holds whole batches, so that one that goes on after an
interruption asks in the same batches."""


class ShardWriter:
    """The shards of a folder: those that are whole, and the one being filled, which is in memory until it is whole.

    name: before the number of each file. source: where the pictures come from, in words. Raises ShardsError where the
    folder holds other shards, or the disk refuses.
    """

    def __init__(self, plan: PackPlan, folder: Path, teacher: Teacher | None, name: str, source: str) -> None:
        self.folder, self.name, self.total = folder, name, len(plan)
        self.shards: list[dict[str, Any]] = []
        self.views = 0
        self.next_place = 0  # of the plan, that is not written yet
        self._description: dict[str, Any] = {
            "format": FORMAT,
            "classes": list(plan.classes),
            "views": 0,
            "side": plan.view.side,
            "shards": self.shards,
            "teacher": teacher.facts() if teacher else None,
            "source": source,
            "plan": {
                "pictures": len(plan.pictures),
                "views_of_a_picture": plan.repeats,
                "mixtures": plan.view.mixtures,
                "plain": plan.view.plain,
                "seed": plan.seed,
                "quality": plan.quality,
                "fingerprint": plan.fingerprint(teacher),
            },
            "complete": False,
        }
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise ShardsError(f"{folder} cannot be made: {error_reason(error)}.") from error
        if (folder / DESCRIPTION).exists():
            self._take_over(read_description(folder))
        elif any(folder.glob("*.tar")):
            raise ShardsError(f"{folder} holds other shards ({DESCRIPTION} is missing); choose another folder.")
        for left in folder.glob(f".{name}-*.part"):  # of a run that was killed
            left.unlink(missing_ok=True)
        self._open()
        self._describe()

    def add(self, views: list[tuple[str, list[tuple[str, bytes]]]]) -> None:
        """A batch of views; the shard before it is closed when there is no room for it."""
        need = sum(512 + -(-len(data) // 512) * 512 for _, files in views for _, data in files)
        if self._filled and self._file.tell() + need + 10240 > SHARD_BYTES:
            self._write()
        for key, files in views:
            for extension, data in files:
                member = tarfile.TarInfo(f"{key}.{extension}")
                member.size = len(data)
                self._tar.addfile(member, io.BytesIO(data))
        self._filled += len(views)

    def close(self) -> None:
        """Write what is left."""
        if self._filled:
            self._write()
        self._description["complete"] = True
        self._describe()

    def _open(self) -> None:
        self._file = io.BytesIO()
        self._tar = tarfile.TarFile(fileobj=self._file, mode="w", format=tarfile.USTAR_FORMAT)
        self._filled = 0

    def _write(self) -> None:
        self._tar.close()
        file = f"{self.name}-{len(self.shards):05}.tar"
        data = self._file.getbuffer()
        try:
            write_whole(self.folder / file, [data])
        except OSError as error:
            raise ShardsError(f"{self.folder / file} cannot be written: {error_reason(error)}.") from error
        self.shards.append({"file": file, "views": self._filled, "bytes": len(data)})
        self.views += self._filled
        self._open()
        self._describe()

    def _describe(self) -> None:
        self._description["views"] = self.views
        try:
            write_whole(
                self.folder / DESCRIPTION, [json.dumps(self._description, indent=1, ensure_ascii=False).encode()]
            )
        except OSError as error:
            raise ShardsError(f"{self.folder / DESCRIPTION} cannot be written: {error_reason(error)}.") from error

    def _take_over(self, description: dict[str, Any]) -> None:
        """Go on with what an interrupted run left: the shards that are listed, and one that was not listed yet."""
        if description.get("plan") != self._description["plan"]:
            raise ShardsError(
                f"{self.folder} holds shards of other pictures or settings; name another folder, or delete it."
            )
        for number in range(self.total // BATCH + 1):
            path = self.folder / f"{self.name}-{number:05}.tar"
            if not path.exists():
                break
            try:
                with tarfile.open(path) as tar:
                    keys = [name[:-4] for name in tar.getnames() if name.endswith(".jpg")]
            except (OSError, tarfile.TarError) as error:
                raise ShardsError(f"{path} is damaged; delete it and those after it, and start again.") from error
            self.shards.append({"file": path.name, "views": len(keys), "bytes": path.stat().st_size})
            self.views += len(keys)
            self.next_place = (int(keys[-1]) // BATCH + 1) * BATCH
        self.next_place = min(self.next_place, self.total)


def read_description(folder: Path) -> dict[str, Any]:
    """``shards.json`` of a folder. Raises ShardsError when it is none."""
    try:
        description = json.loads((folder / DESCRIPTION).read_text("utf-8"))
    except FileNotFoundError as error:
        raise ShardsError(f"{folder} holds no shards ({DESCRIPTION} is missing).") from error
    except (OSError, ValueError, RecursionError) as error:
        raise ShardsError(f"{folder / DESCRIPTION} is damaged or cannot be read.") from error
    if (
        not isinstance(description, dict)
        or description.get("format") != FORMAT
        or not isinstance(description.get("shards"), list)
    ):
        raise ShardsError(f"{folder / DESCRIPTION} does not describe shards of this program.")
    return description


__all__ = ["BATCH", "ShardWriter", "read_description"]
