"""How a server is talked to: safe addresses alone, the environment's proxies, checked certificates, and stopping.

Python's own urllib does the talking. Addresses are https; plain http is taken from this machine alone, for tests and
mirrors of one's own.
"""

from __future__ import annotations

import errno
import http.client
import socket
import ssl
import sys
import threading
import urllib.request
from contextlib import suppress
from typing import Any
from urllib.parse import urlsplit

from zfdesk.cancellation import Cancelled
from zfdesk.weights.safetensors_file import CheckpointError

_LOOPBACK = {"127.0.0.1", "::1", "localhost"}


class DownloadError(CheckpointError):
    """A download that failed. Its text is one sentence for the user."""


class Stop:
    """A wish to stop that another thread may utter; a read that waits for the network is woken."""

    def __init__(self) -> None:
        self._asked = threading.Event()
        self._sockets: list[socket.socket] = []

    def ask(self) -> None:
        """Stop as soon as can be."""
        self._asked.set()
        for connection in tuple(self._sockets):
            _shut(connection)

    @property
    def asked(self) -> bool:
        """Whether to stop."""
        return self._asked.is_set()

    def check(self) -> None:
        """Raise Cancelled when it was asked for."""
        if self.asked:
            raise Cancelled

    def wait(self, seconds: float) -> None:
        """Sleep, or raise Cancelled."""
        self._asked.wait(seconds)
        self.check()

    def shut_when_asked(self, connection: socket.socket) -> None:
        """Shut this connection, now or later, when it is asked to stop."""
        self._sockets[:] = [connection]
        if self.asked:
            _shut(connection)


def _shut(connection: socket.socket) -> None:
    with suppress(OSError):  # it may be closed already
        # the socket's own: an SSL socket would forget its keys under the hands of whoever reads
        socket.socket.shutdown(connection, socket.SHUT_RDWR)


OFFLINE = (
    "What was fetched on another machine can be given as a file: for weights, Import file… or zfdesk weights import."
)


def download_failure_text(reason: Any, host: str, patience: float) -> tuple[str, bool]:
    """A sentence on why a connection failed, and whether it is worth another try at once."""
    if isinstance(reason, DownloadError):  # a redirect that is not followed
        return str(reason), False
    if isinstance(reason, ssl.SSLCertVerificationError):
        return f"The certificate of {host} cannot be trusted ({reason.verify_message}). {OFFLINE}", False
    if isinstance(reason, TimeoutError):
        return f"{host} did not answer for {patience:.0f} seconds. {OFFLINE}", True
    if isinstance(reason, socket.gaierror):
        return f"{host} is not found: there seems to be no connection to the network. {OFFLINE}", False
    if isinstance(reason, ConnectionRefusedError):
        return f"{host} refuses the connection. {OFFLINE}", False
    if isinstance(reason, OSError) and reason.errno in (errno.ENETUNREACH, errno.EHOSTUNREACH):
        return f"There is no way to {host}: there seems to be no connection to the network. {OFFLINE}", False
    if "Tunnel connection failed" in str(reason):
        detail = str(reason).partition(": ")[2] or reason
        return f"The proxy does not let us through to {host} ({detail}). {OFFLINE}", False
    detail = " ".join(str(reason).split())[:100] or type(reason).__name__
    return f"The connection to {host} broke off ({detail.rstrip('.')}).", True


def proxy_text(url: str) -> str:
    """Which proxy is in use, without a password in its address."""
    parts = urlsplit(url)
    proxy = urllib.request.getproxies().get(parts.scheme)
    if not proxy or urllib.request.proxy_bypass(parts.hostname or ""):
        return ""
    return f" The proxy in use is {proxy.rpartition('@')[2].rpartition('//')[2].rstrip('/')}."


def check_address(url: str, before: str = "") -> None:
    """DownloadError unless it is https, or http on this machine (asked for there, if it is a redirect)."""
    parts = urlsplit(url)
    here = parts.hostname in _LOOPBACK and (not before or urlsplit(before).hostname in _LOOPBACK)
    if parts.scheme != "https" and not (parts.scheme == "http" and here):
        raise DownloadError(f"{url[:200]!r} is refused: only https addresses are safe to download from.")


class _Redirects(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, req: Any, fp: Any, code: int, msg: str, headers: Any, newurl: str) -> Any:
        try:
            check_address(newurl, req.full_url)
        except DownloadError:
            fp.close()
            raise
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def _watched(kind: type[http.client.HTTPConnection], stop: Stop) -> Any:
    class Watched(kind):  # type: ignore[valid-type, misc]
        def connect(self) -> None:
            stop.check()
            super().connect()
            stop.shut_when_asked(self.sock)

    return Watched


class _Http(urllib.request.HTTPHandler):
    def __init__(self, stop: Stop) -> None:
        super().__init__()
        self.stop = stop

    def http_open(self, req: Any) -> Any:
        return self.do_open(_watched(http.client.HTTPConnection, self.stop), req)


class _Https(urllib.request.HTTPSHandler):
    def __init__(self, stop: Stop) -> None:
        super().__init__()
        self.stop, self.trust = stop, trusted_certificates()

    def https_open(self, req: Any) -> Any:
        return self.do_open(_watched(http.client.HTTPSConnection, self.stop), req, context=self.trust)


def trusted_certificates() -> ssl.SSLContext:
    """The system's certificates; certifi's where Python finds none (python.org's Python on macOS)."""
    context = ssl.create_default_context()
    paths = ssl.get_default_verify_paths()
    if sys.platform != "win32" and not (paths.cafile or paths.capath):
        import certifi

        context.load_verify_locations(certifi.where())
    return context


def make_opener(stop: Stop) -> urllib.request.OpenerDirector:
    """Not urllib's build_opener, which also opens file:, ftp: and data: addresses."""
    opener = urllib.request.OpenerDirector()
    for handler in (
        urllib.request.ProxyHandler(), _Http(stop), _Https(stop), _Redirects(), urllib.request.UnknownHandler(),
        urllib.request.HTTPDefaultErrorHandler(), urllib.request.HTTPErrorProcessor(),
    ):  # fmt: skip
        opener.add_handler(handler)
    return opener


__all__ = ["Cancelled", "DownloadError", "Stop", "check_address", "download_failure_text", "make_opener", "proxy_text"]
