"""A local world that knows nothing but decisions: it answers what `why` and `local decisions` ask."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from crosswind.local.state import Running, StateFolder


class DecidedWorld:
    """Answers below `/_crosswind/` as the local world does.

    Attributes:
        rows: the decision log, numbered from 1.
        explained: by request id, and `last`.
    """

    def __init__(self) -> None:
        self.rows: list[dict[str, Any]] = []
        self.explained: dict[str, Mapping[str, Any]] = {}

    def answer(self, path: str) -> Mapping[str, Any] | None:
        """The JSON at a path; None for 404."""
        url = urlsplit(path)
        if url.path == "/_crosswind/health":
            return {"schema_version": 1, "status": "running"}
        if url.path == "/_crosswind/decisions":
            query = parse_qs(url.query)
            since = int(query["since"][0])
            page = self.rows[since : since + 3]
            shown = [row for row in page if "denied" not in query or row["effect"] != "Allow"]
            denied = sum(row["effect"] != "Allow" for row in self.rows)
            counts = {"requests": len(self.rows), "allowed": len(self.rows) - denied, "denied": denied}
            return {"schema_version": 1, "decisions": shown, "next": since + len(page), "counts": counts}
        return self.explained.get(url.path.removeprefix("/_crosswind/decisions/"))

    @contextmanager
    def running(self, root: Path) -> Iterator[Path]:
        """Serve, and say so in a state folder."""
        world = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                found = world.answer(self.path)
                body = json.dumps(found or {"message": f"no such path: {self.path}"}).encode()
                self.send_response(200 if found else 404)
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                """Quiet."""

        state = StateFolder(root, root / "cache").make()
        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        with state.claim():
            state.write(Running(os.getpid(), f"http://127.0.0.1:{server.server_port}", 0.0))
            try:
                yield root
            finally:
                server.shutdown()
                server.server_close()
                thread.join()
