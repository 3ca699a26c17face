"""A folder of malformed pictures and clips: each is answered by a sentence or, where it can be, by a frame."""

import subprocess
import sys
from pathlib import Path

import pytest

from zfdesk.sources import SourceError, open_source, parse_source, read_picture
from zfdesk.sources.clip_reader import ClipReader
from zfdesk.sources.files import file_name

from .collector import check_frame, check_sentence, started
from .malformed import REFUSED, write_malformed

# As in the program, where picture.py sets this filter; pytest puts its own before that one.
pytestmark = [pytest.mark.filterwarnings("ignore::Warning:PIL"), pytest.mark.timeout(60)]

KINDS = ("picture", "clip")


@pytest.fixture(scope="module")
def malformed(tmp_path_factory: pytest.TempPathFactory) -> dict[Path, str]:
    folder = tmp_path_factory.mktemp("malformed")
    return write_malformed(folder)


def answer_to(path: Path) -> str | None:
    """What opening the file as a user does says: the sentence, or None where frames come."""
    try:
        reference = parse_source(str(path))
        source = open_source(reference)
    except SourceError as error:
        return str(error)
    collector = started(source)
    try:
        collector.wait_until(lambda: bool(collector.frames or collector.troubles))
        if source.transport is not None:
            source.step(1000)
            source.seek(0.0)
            source.step(-1)
            source.step(1)
    finally:
        source.stop()
    for sentence in collector.troubles:
        check_sentence(sentence)
    for frame in collector.frames:
        check_frame(frame)
    return None if collector.frames else collector.troubles[0]


def test_there_are_many_and_each_is_answered(malformed: dict[Path, str]) -> None:
    assert len(malformed) >= 60
    shown, refused = [], []
    for path, expected in malformed.items():
        if path.is_dir():  # opened as a folder, which has no pictures
            expected = REFUSED
        sentence = answer_to(path)
        if sentence is None:
            shown.append(path.name)
            assert expected != REFUSED, f"{path.name} was shown"
        else:
            refused.append(path.name)
            check_sentence(sentence)
            assert file_name(path) in sentence
    assert len(refused) >= 60
    assert len(shown) >= 10  # a test of readers that refuse everything would say little


@pytest.mark.parametrize("kind", KINDS)
def test_each_is_answered_by_either_reader(malformed: dict[Path, str], kind: str) -> None:
    for path in malformed:
        try:
            if kind == "picture":
                assert read_picture(path).ndim == 3
            else:
                reader = ClipReader(path)
                reader.pixels()
                reader.move(100)
                reader.close()
        except SourceError as error:
            check_sentence(str(error))


def test_as_a_folder_only_what_can_be_read_is_shown(malformed: dict[Path, str]) -> None:
    folder = next(iter(malformed)).parent
    source = open_source(parse_source(str(folder)))
    collector = started(source)
    collector.wait_for_frames(1)
    transport = source.transport
    assert transport is not None
    assert transport.count is not None
    collector.after(source, *[source.next] * transport.count)
    source.stop()
    assert len({sentence.split(" ")[0] for sentence in collector.troubles}) > 10
    assert len(set(collector.troubles)) == len(collector.troubles)
    for sentence in collector.troubles:
        check_sentence(sentence)


def test_nothing_is_printed(malformed: dict[Path, str]) -> None:
    code = (
        "import sys; from zfdesk.sources import *\n"
        "for path in sys.stdin.read().splitlines():\n"
        "    try:\n"
        "        source = open_source(parse_source(path))\n"
        "        source.start(lambda frame: None, lambda sentence: None); source.step(1000); source.stop()\n"
        "    except SourceError: pass\n"
    )
    paths = "\n".join(str(path) for path in malformed)
    result = subprocess.run([sys.executable, "-c", code], input=paths, capture_output=True, text=True, timeout=60)
    assert (result.returncode, result.stdout, result.stderr) == (0, "", "")
