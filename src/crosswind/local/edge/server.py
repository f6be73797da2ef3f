"""The listener: one thread a connection, loopback alone."""

from __future__ import annotations

import errno
import ipaddress
import logging
import socket
import socketserver
import threading
from typing import BinaryIO, Protocol, cast

from crosswind.errors import PortInUseError, UsageError
from crosswind.local.edge.call import HttpRequest, HttpResponse
from crosswind.local.edge.http11 import BadRequestError, read_request, wants_close, write_response

__all__ = ["EdgeServer"]

_IDLE = 300.0  # seconds that a kept-alive connection may be silent
_LOG = logging.getLogger(__name__)


class _Handles(Protocol):
    def handle(self, http: HttpRequest) -> HttpResponse: ...


class _Connection(socketserver.StreamRequestHandler):
    timeout = _IDLE
    disable_nagle_algorithm = True
    wbufsize = 0

    def handle(self) -> None:
        server = cast("_Listener", self.server)
        server.opened(self.connection)
        try:
            while self._exchange(server):
                continue
        except (ConnectionError, TimeoutError, ValueError) as error:
            # The peer went away, was silent too long, or the world is stopping: nothing is owed to it.
            _LOG.debug("connection ended: %s", error)
        finally:
            server.closed(self.connection)

    def _exchange(self, server: _Listener) -> bool:
        out = cast("BinaryIO", self.wfile)
        try:
            http = read_request(cast("BinaryIO", self.rfile), self._send_continue)
        except BadRequestError as error:
            body = str(error).encode()
            refusal = HttpResponse(error.status, {"content-type": "text/plain"}, body)
            write_response(out, refusal, head=False, close=True)
            return False
        if http is None:
            return False
        close = wants_close(http)
        write_response(out, server.edge.handle(http), head=http.method == "HEAD", close=close)
        return not close

    def _send_continue(self) -> None:
        self.wfile.write(b"HTTP/1.1 100 Continue\r\n\r\n")


class _Listener(socketserver.ThreadingTCPServer):
    daemon_threads = True
    block_on_close = False
    allow_reuse_address = True
    request_queue_size = 256

    def __init__(self, address: tuple[str, int], edge: _Handles) -> None:
        self.edge = edge
        self._open: set[socket.socket] = set()
        self._guard = threading.Lock()
        if ":" in address[0]:
            self.address_family = socket.AF_INET6
        super().__init__(address, _Connection)

    def opened(self, connection: socket.socket) -> None:
        with self._guard:
            self._open.add(connection)

    def closed(self, connection: socket.socket) -> None:
        with self._guard:
            self._open.discard(connection)

    def end_connections(self) -> None:
        with self._guard:
            connections = list(self._open)
        for connection in connections:
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError as error:
                _LOG.debug("connection was gone already: %s", error)


class EdgeServer:
    """Serves an edge.

    Args:
        edge: answers each request.
        host: a loopback address or `localhost`.
        port: 0 for a free one.
    """

    def __init__(self, edge: _Handles, host: str = "127.0.0.1", port: int = 0) -> None:
        if host != "localhost" and not _loopback(host):
            raise UsageError(f"the local world listens on this machine alone, not on {host}", hint="use 127.0.0.1")
        self._edge = edge
        self._host = host
        self._asked = port
        self._listener: _Listener | None = None
        self._thread: threading.Thread | None = None

    def listen(self) -> None:
        """Take the port, so that it is known; clients that connect wait until `start`.

        Raises:
            PortInUseError: another process has the port.
        """
        try:
            self._listener = _Listener((self._host, self._asked), self._edge)
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                raise
            raise PortInUseError(
                f"port {self._asked} on {self._host} is in use by another process",
                hint="stop that process (`crosswind local down` if it is a local world),"
                " or choose another port with --port (0 takes a free one)",
            ) from error

    def start(self) -> None:
        """Answer; raises PortInUseError as `listen`, which need not come before."""
        if self._listener is None:
            self.listen()
        assert self._listener is not None  # noqa: S101 - `listen` made it
        self._thread = threading.Thread(
            target=self._listener.serve_forever, kwargs={"poll_interval": 0.1}, name="edge", daemon=True
        )
        self._thread.start()

    def stop(self) -> None:
        """End listening and every open connection; may be called twice."""
        listener, thread = self._listener, self._thread
        self._listener = self._thread = None
        if listener is None:
            return
        if thread is not None:
            listener.shutdown()
        listener.server_close()
        listener.end_connections()
        if thread is not None:
            thread.join(timeout=5)

    @property
    def port(self) -> int:
        """The port that is listened on; the one asked for before `start`."""
        return int(self._listener.server_address[1]) if self._listener else self._asked

    @property
    def endpoint(self) -> str:
        """Such as `http://127.0.0.1:4566`."""
        host = f"[{self._host}]" if ":" in self._host else self._host
        return f"http://{host}:{self.port}"

    def __enter__(self) -> EdgeServer:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()


def _loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
