"""Downloads from a server on this machine that behaves, and from one that does not."""

from __future__ import annotations

import http.client
import random
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import trustme
from loopback import Loopback, loopback, room_for

from zfdesk.weights import web
from zfdesk.weights.download import Cancelled, DownloadError, DownloadProgress, Stop, alone, download_file, forget

DATA = random.Random(1).randbytes(300_000)
AT_ONCE = (0.0, 0.0)


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Loopback]:
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    with loopback() as made:
        yield made


@pytest.fixture
def part(tmp_path: Path) -> Path:
    return tmp_path / "file.part"


def bring(url: str, part: Path, most: int = 1 << 20, **rest: object) -> bool:
    return download_file(url, part, most, pauses=AT_ONCE, patience=5, **rest)  # type: ignore[arg-type]


def refused(url: str, part: Path, most: int = 1 << 20) -> str:
    """The sentence of a download that fails."""
    with pytest.raises(DownloadError) as caught:
        bring(url, part, most)
    words = str(caught.value)
    assert words.endswith(".")
    assert "\n" not in words
    assert len(words) < 400
    return words


def test_a_file_comes_whole_and_progress_is_told(server: Loopback, part: Path) -> None:
    told: list[DownloadProgress] = []
    assert not bring(server.serve("a", DATA), part, on_progress=told.append)
    assert part.read_bytes() == DATA
    assert (told[0].done, told[-1].done, told[-1].total, told[-1].share) == (0, len(DATA), len(DATA), 1.0)
    assert told[-1].speed > 0
    assert sorted(told, key=lambda progress: progress.done) == told


def test_progress_in_words() -> None:
    assert str(DownloadProgress(123_000_000, 249_000_000, 4.2e6)) == "123 of 249 MB · 4.2 MB/s · 30 s left"
    assert str(DownloadProgress(1_000_000, 0, 0)) == "1 MB"
    assert str(DownloadProgress(0, 600_000_000, 1e6)) == "0 of 600 MB · 1.0 MB/s · 10 min left"
    assert DownloadProgress(5, 0, 1).share is None
    assert DownloadProgress(5, 0, 1).seconds_left is None


@pytest.mark.parametrize("marks", [{}, {"etag": "", "modified": "Sun, 01 Nov 2026 10:00:00 GMT"}, {"etag": ""}])
def test_a_dropped_connection_is_taken_up_where_it_broke_off(marks: dict, server: Loopback, part: Path) -> None:
    url = server.serve("a", DATA, drop=[100_000, 70_000, 1 << 30], **marks)
    assert bring(url, part)
    assert part.read_bytes() == DATA
    assert server.ranges() == ["", "bytes=100000-", "bytes=170000-"]
    mark = next(iter(marks.values())) if len(marks) == 1 else marks.get("modified", '"first"')
    assert server.asked[1][2].get("If-Range", "") == mark


def test_a_server_that_always_drops_is_told_of_and_the_next_try_goes_on(server: Loopback, part: Path) -> None:
    url = server.serve("a", DATA, drop=[50_000, 0])
    words = refused(url, part)
    assert "broke off at 50,000 of 300,000 bytes" in words
    assert words.endswith("What has come is kept; the next try goes on from there.")
    assert len(server.asked) == 1 + len(AT_ONCE)
    server.files["/a"].drop = []
    assert bring(url, part)
    assert part.read_bytes() == DATA
    assert server.ranges()[-1] == "bytes=50000-"


def test_another_file_under_the_same_address_begins_anew(server: Loopback, part: Path) -> None:
    url = server.serve("a", DATA, drop=[50_000, 0])
    refused(url, part)
    other = DATA[::-1]
    server.serve("a", other, etag='"second"')
    assert not bring(url, part)
    assert part.read_bytes() == other


def test_without_a_mark_the_length_tells_another_file(server: Loopback, part: Path) -> None:
    url = server.serve("a", DATA, drop=[50_000, 0], etag="")
    refused(url, part)
    server.serve("a", DATA[1000:], etag="")
    bring(url, part)
    assert part.read_bytes() == DATA[1000:]


def test_a_server_without_ranges_begins_anew(server: Loopback, part: Path) -> None:
    url = server.serve("a", DATA, ranges=False, drop=[50_000, 1 << 30])
    assert not bring(url, part)
    assert part.read_bytes() == DATA


def test_another_range_than_asked_for_is_not_taken(server: Loopback, part: Path) -> None:
    url = server.serve("a", DATA, drop=[50_000, 1 << 30], early=7)
    bring(url, part)
    assert part.read_bytes() == DATA
    assert server.ranges() == ["", "bytes=50000-", ""]


def test_a_part_of_another_address_is_not_gone_on_from(server: Loopback, part: Path) -> None:
    refused(server.serve("a", DATA, drop=[50_000, 0]), part)
    assert not bring(server.serve("b", DATA[::-1]), part)
    assert part.read_bytes() == DATA[::-1]


@pytest.mark.parametrize("note", [b"", b"{}", b'{"url": 3, "total": "x", "mark": []}', b"[" * 10_000])
def test_a_damaged_note_begins_anew(note: bytes, server: Loopback, part: Path) -> None:
    part.write_bytes(b"whatever")
    part.with_name("file.part.json").write_bytes(note)
    assert not bring(server.serve("a", DATA), part)
    assert part.read_bytes() == DATA


def test_a_whole_part_is_not_asked_for_again(server: Loopback, part: Path) -> None:
    url = server.serve("a", DATA)
    bring(url, part)
    assert bring(url, part)
    assert len(server.asked) == 1
    # nor when the first answer did not say how long it is
    forget(part)
    server.serve("a", DATA, length=-1)
    assert not bring(url, part)
    assert bring(url, part)
    assert part.read_bytes() == DATA


def test_servers_that_are_busy_are_asked_again(server: Loopback, part: Path) -> None:
    bring(server.serve("a", DATA, status=[503, 429]), part)
    assert part.read_bytes() == DATA
    assert "“503 Service Unavailable”" in refused(server.serve("b", DATA, status=[503] * 9), part)


@pytest.mark.parametrize("status", [401, 403, 404, 410])
def test_a_refusal_is_told_at_once_and_the_part_stays(status: int, server: Loopback, part: Path) -> None:
    url = server.serve("a", DATA, drop=[50_000, 0])
    refused(url, part)
    server.files["/a"].status, server.asked[:] = [status] * 9, []
    assert f"127.0.0.1 answers “{status} " in refused(url, part)
    assert len(server.asked) == 1
    assert part.read_bytes() == DATA[:50_000]


def test_a_web_page_is_no_file_and_the_part_stays(server: Loopback, part: Path) -> None:
    url = server.serve("a", DATA, drop=[50_000, 0])
    refused(url, part)
    server.serve("a", b"<html>Please log in</html>", kind="text/html; charset=utf-8", ranges=False)
    assert "sent a web page instead of the file" in refused(url, part)
    assert part.read_bytes() == DATA[:50_000]


def test_a_length_that_is_too_long_is_a_broken_connection(server: Loopback, part: Path) -> None:
    url = server.serve("a", DATA, length=300_999, ranges=False)
    assert "broke off at 300,000 of 300,999 bytes" in refused(url, part)
    server.files["/a"].ranges = True  # asked for the rest it admits that there is none
    assert bring(url, part)
    assert part.read_bytes() == DATA


def test_a_length_that_is_too_short_ends_there(server: Loopback, part: Path) -> None:
    bring(server.serve("a", DATA, length=1000), part)
    assert part.read_bytes() == DATA[:1000]  # the hash tells


def test_what_announces_or_sends_too_much_is_not_taken(server: Loopback, part: Path) -> None:
    assert "announces 9,999,999 bytes" in refused(server.serve("a", DATA, length=9_999_999), part)
    assert not part.exists()
    assert "sends more bytes" in refused(server.serve("b", DATA, length=-1), part, most=200_000)
    assert not part.exists()


def test_an_answer_that_is_no_http(part: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def babble() -> None:
            for _ in range(1 + len(AT_ONCE)):
                connection, _address = listening.accept()
                with connection:
                    connection.recv(1 << 16)
                    connection.sendall(b"hello? is this the mail server?\r\n\r\n")

        thread = threading.Thread(target=babble, daemon=True)
        thread.start()
        assert "broke off" in refused(f"http://127.0.0.1:{listening.getsockname()[1]}/a", part)
        thread.join(5)


def test_nobody_there(part: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
    words = refused(f"http://127.0.0.1:{port}/a", part)
    assert words.startswith("127.0.0.1 refuses the connection. ")
    assert "Import file…" in words


def test_a_silent_server_is_given_up(server: Loopback, part: Path) -> None:
    url = server.serve("a", DATA, stall=1000)
    begun = time.monotonic()
    with pytest.raises(DownloadError, match=r"127\.0\.0\.1 did not answer for 0 seconds"):
        download_file(url, part, 1 << 20, pauses=(), patience=0.2)
    assert time.monotonic() - begun < 3
    assert part.read_bytes() == DATA[:1000]


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (socket.gaierror(-2, "Name or service not known"), "Import file…"),
        (OSError(101, "Network is unreachable"), "There is no way to x.org"),
        (TimeoutError(), "x.org did not answer for 20 seconds."),
        (OSError("Tunnel connection failed: 407 Proxy Authentication Required"), r"\(407 Proxy Authentication Req"),
        (http.client.BadStatusLine("\x00\n\x01"), "broke off"),
        (ConnectionResetError(104, "Connection reset by peer"), "Connection reset by peer"),
    ],
)
def test_failures_in_words(error: Exception, words: str) -> None:
    import re

    assert re.search(words, web.download_failure_text(error, "x.org", 20)[0])


@pytest.mark.parametrize(
    "error",
    [
        socket.gaierror(-2, "Name or service not known"),
        OSError(101, "Network is unreachable"),
        ConnectionRefusedError(111, "Connection refused"),
        TimeoutError(),
        OSError("Tunnel connection failed: 403 Forbidden"),
        ssl.SSLCertVerificationError(1, "self-signed certificate in certificate chain"),
    ],
)
def test_whoever_cannot_get_out_is_told_of_the_way_by_file(error: Exception) -> None:
    error.verify_message = "self-signed certificate"  # type: ignore[attr-defined]
    words = web.download_failure_text(error, "x.org", 20)[0]
    assert "Import file…" in words
    assert "zfdesk weights import" in words


# ---- stopping


@pytest.mark.parametrize("stall", [0, 100_000])
def test_stopping_wakes_a_waiting_read_and_keeps_the_part(stall: int, server: Loopback, part: Path) -> None:
    url, stop, ended = server.serve("a", DATA, stall=stall), Stop(), []

    def work() -> None:
        try:
            download_file(url, part, 1 << 20, stop=stop, patience=20)
        except Cancelled:
            ended.append(time.monotonic())

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    assert server.stalled.wait(10)
    while not part.exists() or part.stat().st_size < stall:
        time.sleep(0.005)
    time.sleep(0.2)  # what came is on the disk; now it waits for more, and not for anything else
    begun = time.monotonic()
    stop.ask()
    thread.join(10)
    assert ended
    assert ended[0] - begun < 0.5
    come = part.read_bytes()
    assert come == DATA[: len(come)]
    server.serve("a", DATA)
    bring(url, part)
    assert part.read_bytes() == DATA


def test_stopped_before_it_began_nothing_is_asked(server: Loopback, part: Path) -> None:
    stop = Stop()
    stop.ask()
    with pytest.raises(Cancelled):
        download_file(server.serve("a", DATA), part, 1 << 20, stop=stop)
    assert server.asked == []


def test_stopped_while_waiting_for_another_try(server: Loopback, part: Path) -> None:
    stop = Stop()
    threading.Timer(0.1, stop.ask).start()
    begun = time.monotonic()
    with pytest.raises(Cancelled):
        download_file(server.serve("a", DATA, drop=[10]), part, 1 << 20, stop=stop, pauses=(20.0,))
    assert time.monotonic() - begun < 5


# ---- the disk


def test_a_full_disk_is_told_of_and_once_there_is_room_it_goes_on(server: Loopback, part: Path) -> None:
    url = server.serve("a", DATA)
    with room_for(100_000):
        assert refused(url, part) == f"{part} cannot be written: the disk is full; what has come is kept."
    assert part.read_bytes() == DATA[:100_000]
    assert bring(url, part)
    assert part.read_bytes() == DATA


def test_a_folder_that_may_not_be_written(server: Loopback, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    assert "cannot be written" in refused(server.serve("a", DATA), tmp_path / "file" / "a.part")


def test_one_at_a_time(tmp_path: Path) -> None:
    with alone(tmp_path / "new"), pytest.raises(DownloadError, match="under way already"), alone(tmp_path / "new"):
        pass
    with alone(tmp_path / "new"):
        pass


# ---- where it goes


@pytest.mark.parametrize(
    "url", ["http://example.org/a", "ftp://127.0.0.1/a", "file:///etc/passwd", "data:text/plain,a", "nonsense", ""]
)
def test_only_safe_addresses(url: str, part: Path) -> None:
    assert "only https addresses are safe" in refused(url, part)


def test_redirects_are_followed_to_safe_addresses_alone(server: Loopback, part: Path) -> None:
    server.serve("b", DATA, drop=[50_000, 1 << 30])
    bring(server.serve("a", b"", place=server.url("b")), part)
    assert part.read_bytes() == DATA
    assert [path for _, path, _ in server.asked] == ["/a", "/b", "/a", "/b"]
    assert server.ranges()[2:] == ["bytes=50000-"] * 2
    for place in ("http://example.org/a", "file:///etc/passwd", "ftp://127.0.0.1/a"):
        words = refused(server.serve("c", b"", place=place), part)
        assert "only https" in words or "answers “302" in words
    assert "302" in refused(server.serve("d", b"", place=server.url("d")), part)  # round in a circle


def test_from_https_no_redirect_leads_to_this_machine() -> None:
    with pytest.raises(DownloadError, match="only https"):
        web.check_address("http://127.0.0.1/a", "https://github.com/a")
    web.check_address("https://objects.githubusercontent.com/a", "https://github.com/a")


def test_the_environments_proxy_is_used(server: Loopback, part: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with loopback() as proxy:
        monkeypatch.setenv("http_proxy", proxy.url())
        monkeypatch.setenv("https_proxy", proxy.url().replace("://", "://user:secret@"))
        proxy.serve("a", DATA)
        bring(server.url("a"), part)
        assert [(method, path) for method, path, _ in proxy.asked] == [("GET", server.url("a"))]
        words = refused("https://zfdesk.invalid/a", part)
        assert proxy.asked[-1][:2] == ("CONNECT", "zfdesk.invalid:443")
        assert "does not let us through to zfdesk.invalid (407 Proxy Authentication Required)" in words
        assert words.endswith(f"The proxy in use is 127.0.0.1:{proxy.server.server_address[1]}.")
        monkeypatch.setenv("no_proxy", "127.0.0.1")
        server.serve("a", DATA)
        forget(part)
        bring(server.url("a"), part)
        assert len(server.asked) == 1


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


def test_certificates_are_checked(authority: trustme.CA, part: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    with loopback(context) as server, authority.cert_pem.tempfile() as trusted:
        url = server.serve("a", DATA)
        assert "The certificate of 127.0.0.1 cannot be trusted" in refused(url, part)
        assert server.asked == []
        monkeypatch.setenv("SSL_CERT_FILE", trusted)
        bring(url, part)
        assert part.read_bytes() == DATA
        # the same certificate for another name
        assert "cannot be trusted" in refused(url.replace("127.0.0.1", "localhost"), part)


def test_stopping_wakes_a_waiting_read_over_https(
    authority: trustme.CA, part: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    with loopback(context) as server, authority.cert_pem.tempfile() as trusted:
        monkeypatch.setenv("SSL_CERT_FILE", trusted)
        url, stop = server.serve("a", DATA, stall=100_000), Stop()

        def wait_and_stop() -> None:
            while not part.exists() or part.stat().st_size < 100_000:
                time.sleep(0.005)
            time.sleep(0.2)  # as above
            stop.ask()

        waiter = threading.Thread(target=wait_and_stop, daemon=True)
        waiter.start()
        begun = time.monotonic()
        with pytest.raises(Cancelled):
            download_file(url, part, 1 << 20, stop=stop, patience=20)
        assert time.monotonic() - begun < 5
        waiter.join(5)


def test_where_python_has_no_certificates_certifis_are_trusted(monkeypatch: pytest.MonkeyPatch) -> None:
    nothing = ssl.DefaultVerifyPaths(None, None, "SSL_CERT_FILE", "/none", "SSL_CERT_DIR", "/none")
    monkeypatch.setattr(ssl, "get_default_verify_paths", lambda: nothing)
    monkeypatch.setenv("SSL_CERT_FILE", "/none")
    monkeypatch.setenv("SSL_CERT_DIR", "/none")
    assert len(web.trusted_certificates().get_ca_certs()) > 50
