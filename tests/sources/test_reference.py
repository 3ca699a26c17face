"""What a user's words mean, and what the room's frames and references are."""

import dataclasses
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from zfdesk.sources import SourceError, SourceReference, open_source, parse_source
from zfdesk.sources.frame import frozen_pixels

from .collector import check_sentence, write_clip


def test_words() -> None:
    assert parse_source("demo") == SourceReference("demo")
    assert parse_source("pattern") == SourceReference("pattern")
    assert parse_source("camera") == SourceReference("camera")
    graph = "lavfi:testsrc=size=640x480:rate=30"
    assert parse_source(f"camera:{graph}") == SourceReference("camera", graph)


def test_content_decides(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Image.new("RGB", (8, 8)).save(tmp_path / "a.mp4", "PNG")
    assert parse_source("a.mp4") == SourceReference("picture", str(tmp_path / "a.mp4"))
    write_clip(tmp_path / "clip.avi").rename(tmp_path / "b.jpg")
    assert parse_source("b.jpg") == SourceReference("clip", str(tmp_path / "b.jpg"))
    first, second = Image.new("RGB", (8, 8)), Image.new("RGB", (8, 8), "red")
    first.save(tmp_path / "still.gif")
    assert parse_source("still.gif").kind == "picture"
    first.save(tmp_path / "moving.gif", save_all=True, append_images=[second])
    assert parse_source("moving.gif").kind == "clip"
    assert parse_source(str(tmp_path)) == SourceReference("folder", str(tmp_path))
    Image.new("RGB", (8, 8)).save(tmp_path / "demo", "PNG")
    assert parse_source("./demo").kind == "picture"


def test_what_cannot_be_opened(tmp_path: Path) -> None:
    (tmp_path / "empty.mp4").touch()
    (tmp_path / "notes.txt").write_text("text\n" * 5000)
    (tmp_path / "playlist.m3u8").write_text("#EXTM3U\n#EXTINF:1,\nfile:///etc/passwd\n#EXT-X-ENDLIST\n")
    (tmp_path / "list.ffconcat").write_text("ffconcat version 1.0\nfile /etc/passwd\n")
    os.mkfifo(tmp_path / "pipe.mp4")
    (tmp_path / "dangling").symlink_to("nothing")
    names = ["empty.mp4", "notes.txt", "playlist.m3u8", "list.ffconcat", "pipe.mp4", "dangling", "missing.jpg"]
    for name in names:
        with pytest.raises(SourceError) as caught:
            parse_source(str(tmp_path / name))
        check_sentence(str(caught.value))
        assert str(caught.value).startswith(name)
    for text in ("", "  "):
        with pytest.raises(SourceError):
            parse_source(text)
    with pytest.raises(SourceError, match="no source of the kind"):
        open_source(SourceReference("telescope"))


def test_a_reference_is_plain_data() -> None:
    reference = SourceReference("camera", "/dev/video0")
    assert hash(reference) == hash(SourceReference("camera", "/dev/video0"))
    assert SourceReference(**json.loads(json.dumps(dataclasses.asdict(reference)))) == reference


def test_a_frame_does_not_change_when_its_maker_goes_on() -> None:
    buffer = np.zeros((4, 6, 3), np.uint8)
    view = frozen_pixels(buffer[:2])
    buffer[:] = 9
    assert view.max() == 0
    assert not view.flags.writeable
    assert frozen_pixels(buffer[:, ::2]).flags.c_contiguous


def test_neither_qt_nor_torch_is_imported() -> None:
    code = (
        "import sys; from zfdesk.sources import *; import zfdesk.sources.camera as camera;"
        "open_source(SourceReference('demo')); open_source(SourceReference('pattern')); camera.cameras();"
        "open_source(parse_source('camera:lavfi:testsrc'));"
        "print([name for name in sys.modules if name.split('.')[0] in ('PySide6', 'torch')])"
    )
    result = subprocess.run([sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, check=True)
    assert (result.stdout.strip(), result.stderr) == ("[]", "")
