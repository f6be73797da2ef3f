"""Lambda's Runtime API (docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html), one server for one environment."""

from __future__ import annotations

import queue
import sys
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

__all__ = ["Answer", "Invocation", "RuntimeApi"]

_PREFIX = "/2018-06-01/runtime/"


@dataclass(frozen=True)
class Answer:
    """What the function answered.

    Args:
        payload: JSON, as the runtime sent it.
        failed: whether it is an error.
    """

    payload: bytes
    failed: bool = False


@dataclass
class Invocation:
    """One event on its way through an environment.

    Args:
        id: the request id.
        event: JSON.
        arn: InvokedFunctionArn.
        deadline: Unix time in milliseconds.
        client_context: JSON; empty for none.
    """

    id: str
    event: bytes
    arn: str
    deadline: int
    client_context: str = ""
    answered: threading.Event = field(default_factory=threading.Event)
    answer: Answer | None = None

    def settle(self, answer: Answer) -> None:
        """Take the first answer; a later one is passed over."""
        if not self.answered.is_set():
            self.answer = answer
            self.answered.set()


class RuntimeApi:
    """The server that a runtime polls, on the loopback address.

    `ready` is set when the runtime asks for its first event: initialisation is over. `init_error` is set to the
    runtime's report when initialisation failed.
    """

    def __init__(self) -> None:
        self.ready = threading.Event()
        self.init_error: bytes = b""
        self._waiting: queue.Queue[Invocation | None] = queue.Queue()
        self._current: Invocation | None = None
        api = self

        class Handler(_Handler):
            runtime = api

        self._server = _Server(("127.0.0.1", 0), Handler)
        self.address = f"127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, name="runtime-api", daemon=True
        )
        self._thread.start()

    def send(self, invocation: Invocation) -> None:
        """Give an event to the runtime; `invocation.answered` is set when it answers."""
        self._current = invocation
        self._waiting.put(invocation)

    def close(self) -> None:
        """Stop serving; a runtime that polls gets no answer."""
        self._waiting.put(None)
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(timeout=5)

    def next(self) -> Invocation | None:
        """The next event, once there is one; None when the environment closes."""
        self.ready.set()
        return self._waiting.get()

    def report(self, path: str, body: bytes) -> bool:
        """Take what the runtime reports; False for a path that the Runtime API does not have."""
        if path == _PREFIX + "init/error":
            self.init_error = body
            self.ready.set()
            return True
        current = self._current
        for ending, failed in (("/response", False), ("/error", True)):
            if current and path == f"{_PREFIX}invocation/{current.id}{ending}":
                current.settle(Answer(body, failed))
                return True
        return False


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def handle_error(self, request: object, client_address: object) -> None:
        """A runtime that was killed leaves its connection open; that is no error of the server's."""
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)  # type: ignore[arg-type] # typeshed names private types


class _Handler(BaseHTTPRequestHandler):
    runtime: RuntimeApi
    protocol_version = "HTTP/1.1"
    # With Nagle's algorithm on, or headers and body in two packets, each event costs 40 ms.
    disable_nagle_algorithm = True
    wbufsize = -1

    def do_GET(self) -> None:
        """`next` waits for an event."""
        if self.path != _PREFIX + "invocation/next":
            self._reply(404, b"")
            return
        invocation = self.runtime.next()
        if invocation is None:
            self.close_connection = True
            return
        headers = {
            "Lambda-Runtime-Aws-Request-Id": invocation.id,
            "Lambda-Runtime-Deadline-Ms": str(invocation.deadline),
            "Lambda-Runtime-Invoked-Function-Arn": invocation.arn,
        }
        if invocation.client_context:
            headers["Lambda-Runtime-Client-Context"] = invocation.client_context
        self._reply(200, invocation.event, headers)

    def do_POST(self) -> None:
        """`response` and `error` of an event, and `init/error`."""
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self._reply(202 if self.runtime.report(self.path, body) else 404, b'{"status":"OK"}')

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's own name
        """No access log: the edge's request log shows each Invoke."""

    def _reply(self, status: int, body: bytes, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in ({"Content-Type": "application/json"} | (headers or {})).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
        self.wfile.flush()
