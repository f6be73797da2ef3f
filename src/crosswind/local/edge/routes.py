"""The world's own paths: health, the request log, shutdown. Unsigned: the edge lets in no web page."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

from crosswind.local.edge.call import HttpRequest, HttpResponse
from crosswind.local.requestlog import RequestLog

__all__ = ["LocalRoute", "LocalRoutes", "json_response"]

LocalRoute = Callable[[HttpRequest], HttpResponse]
PREFIX = "/_crosswind/"


def json_response(value: Mapping[str, Any], status: int = 200) -> HttpResponse:
    """A JSON answer of the world's own API."""
    return HttpResponse(status, {"content-type": "application/json"}, json.dumps(value).encode())


class LocalRoutes:
    """Answers below `/_crosswind/`.

    Args:
        log: for `requests`.
        mounted: further routes by path prefix, such as `/_crosswind/credentials/`; the longest prefix wins.
        services: names of the services of ours, for `health`.
    """

    def __init__(self, log: RequestLog, mounted: Mapping[str, LocalRoute], services: list[str]) -> None:
        self._log = log
        self.services = services
        self._started = time.time()
        self.shutdown = threading.Event()
        self._mounted: dict[str, LocalRoute] = {
            "/_crosswind/health": self._health,
            "/_crosswind/requests": self._requests,
            "/_crosswind/shutdown": self._shutdown,
        }
        for prefix, route in mounted.items():
            self.mount(prefix, route)

    def mount(self, prefix: str, route: LocalRoute) -> None:
        """Add a route; raises ValueError for a prefix outside `/_crosswind/` or one that is taken."""
        if not prefix.startswith(PREFIX) or prefix in self._mounted:
            raise ValueError(f"cannot mount {prefix}")
        self._mounted[prefix] = route

    def answer(self, http: HttpRequest) -> HttpResponse:
        """The answer; 404 for a path that nobody mounted."""
        for prefix in sorted(self._mounted, key=len, reverse=True):
            if http.path == prefix or (prefix.endswith("/") and http.path.startswith(prefix)):
                return self._mounted[prefix](http)
        return json_response({"message": f"no such path: {http.path}"}, 404)

    def _health(self, _: HttpRequest) -> HttpResponse:
        return json_response(
            {
                "schema_version": 1,
                "status": "running",
                "started": self._started,
                "services": self.services,
                "requests": self._log.count,
            }
        )

    def _requests(self, http: HttpRequest) -> HttpResponse:
        text = http.query.get("since", "0") or "0"
        if not text.isdigit():
            return json_response({"message": f"since must be a number, not {text!r}"}, 400)
        records, following = self._log.since(int(text))
        return json_response({"schema_version": 1, "requests": list(records), "next": following})

    def _shutdown(self, http: HttpRequest) -> HttpResponse:
        if http.method != "POST":
            return json_response({"message": "use POST"}, 405)
        self.shutdown.set()
        return json_response({"schema_version": 1, "status": "stopping"}, 202)
