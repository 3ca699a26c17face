"""A web server on this machine that serves files, well or badly, and a disk that is full: what downloads meet."""

from __future__ import annotations

import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest


@dataclass
class Served:
    """One file, and what goes wrong with it. ``drop`` and ``stall``: after so many bytes of an answer."""

    data: bytes
    etag: str = '"first"'
    modified: str = ""
    kind: str = "application/octet-stream"
    ranges: bool = True
    length: int | None = None  # what Content-Length lies; -1: none is sent
    drop: list[int] = field(default_factory=list)  # one for each coming answer, the last for all after it too
    stall: int = -1
    status: list[int] = field(default_factory=list)  # one for each coming answer
    place: str = ""  # where it redirects to
    early: int = 0  # so many bytes before those asked for an answer to a Range begins

    def cut(self, wanted: str, condition: str) -> int:
        """The first byte of the answer to a Range header, 0 without one."""
        known = condition in ("", self.etag, self.modified)
        return int(wanted.removeprefix("bytes=").rstrip("-")) - self.early if self.ranges and wanted and known else 0


class Loopback:
    """The running server. ``asked``: (method, path, headers) of every request."""

    def __init__(self, scheme: str = "http") -> None:
        self.files: dict[str, Served] = {}
        self.asked: list[tuple[str, str, Message]] = []
        self.released = threading.Event()  # ends every stall
        self.stalled = threading.Event()
        loopback = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                loopback.asked.append(("GET", self.path, self.headers))
                with suppress(ConnectionError, ssl.SSLError):
                    loopback.answer(self)

            def do_CONNECT(self) -> None:
                loopback.asked.append(("CONNECT", self.path, self.headers))
                self.send_error(407)

            def log_message(self, *_: Any) -> None: ...

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.scheme = scheme

    def serve(self, name: str, data: bytes, **rest: Any) -> str:
        """Offer a file; its address."""
        self.files[f"/{name}"] = Served(data, **rest)
        return self.url(name)

    def url(self, name: str = "") -> str:
        """The address of a file."""
        return f"{self.scheme}://127.0.0.1:{self.server.server_address[1]}/{name}"

    def ranges(self) -> list[str]:
        """The Range headers of all requests so far."""
        return [headers.get("Range", "") for _, _, headers in self.asked]

    def answer(self, handler: BaseHTTPRequestHandler) -> None:
        path = handler.path.partition("127.0.0.1:")[2].partition("/")[2] or handler.path.removeprefix("/")
        served = self.files.get(f"/{path}")
        status = served.status.pop(0) if served and served.status else 200
        if served is None or status >= 400:
            handler.send_error(status if served else 404)
            return
        if served.place:
            handler.send_response(302)
            handler.send_header("Location", served.place)
            handler.end_headers()
            return
        first = served.cut(handler.headers.get("Range", ""), handler.headers.get("If-Range", ""))
        if first >= len(served.data) > 0:
            handler.send_response(416)
            handler.send_header("Content-Range", f"bytes */{len(served.data)}")
            handler.send_header("Content-Length", "0")
            handler.end_headers()
            return
        self._send(handler, served, served.data[first:], first)

    def _send(self, handler: BaseHTTPRequestHandler, served: Served, data: bytes, first: int) -> None:
        handler.send_response(206 if first else 200)
        last = len(served.data) - 1
        told = {
            "Content-Type": served.kind,
            "ETag": served.etag,
            "Last-Modified": served.modified,
            "Content-Length": str(len(data) if served.length is None else served.length),
            "Content-Range": f"bytes {first}-{last}/{last + 1}" if first else "",
        }
        for name, value in told.items():
            if value and value != "-1":
                handler.send_header(name, value)
        handler.end_headers()
        end = len(data)
        if served.drop:
            end = served.drop.pop(0) if len(served.drop) > 1 else served.drop[0]
        if served.stall >= 0:
            end = min(end, served.stall)
        handler.wfile.write(data[:end])
        handler.wfile.flush()
        if served.stall >= 0:
            self.stalled.set()
            self.released.wait(30)
        handler.close_connection = True


@contextmanager
def loopback(context: ssl.SSLContext | None = None) -> Iterator[Loopback]:
    """A server for as long as it is wanted; with ``context`` it speaks https."""
    made = Loopback("https" if context else "http")
    if context:
        made.server.socket = context.wrap_socket(made.server.socket, server_side=True)
        made.server.handle_error = lambda *_: None  # type: ignore[method-assign]
    thread = threading.Thread(target=made.server.serve_forever, args=(0.02,), name="loopback", daemon=True)
    thread.start()
    try:
        yield made
    finally:
        made.released.set()
        made.server.shutdown()
        made.server.server_close()
        thread.join(5)


@contextmanager
def room_for(count: int) -> Iterator[None]:
    """No file can become longer than ``count`` bytes: writing on fails with EFBIG, as on a full disk with ENOSPC."""
    resource = pytest.importorskip("resource")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (count, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
