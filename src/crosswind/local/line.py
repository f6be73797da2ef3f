"""The line to a world that runs: what another process asks of it and orders, through its endpoint."""

from __future__ import annotations

import json
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Mapping
from typing import Any

from crosswind.errors import WorldDownError, WorldError
from crosswind.local.state import Running, StateFolder

__all__ = ["WorldLine"]


class WorldLine:
    """The line to the world of a state folder.

    Args:
        state: the state folder.
    """

    def __init__(self, state: StateFolder) -> None:
        self.state = state

    def running(self) -> Running:
        """The world that runs here; raises WorldDownError when none answers."""
        running = self.state.read()
        if running is None:
            raise WorldDownError(f"no local world runs in {self.state.root}", hint="start one: `crosswind local up`")
        self._get(running, "/_crosswind/health")
        return running

    def requests(self, since: int = 0) -> list[dict[str, Any]]:
        """The request log from number `since` on, oldest first."""
        found: list[dict[str, Any]] = []
        running = self.running()
        while True:
            page = self._get(running, f"/_crosswind/requests?since={since}")
            found += page["requests"]
            if not page["requests"] or page["next"] == since:
                return found
            since = page["next"]

    def decisions(self, since: int = 0, *, denied: bool = False) -> dict[str, Any]:
        """One page of the log of IAM's decisions: `decisions`, oldest first, `next`, and `counts`.

        Args:
            since: the number from which on; `next` of the page before.
            denied: the denials alone.
        """
        only = "&denied=1" if denied else ""
        return self._get(self.running(), f"/_crosswind/decisions?since={since}{only}")

    def decision(self, request_id: str = "last") -> dict[str, Any] | None:
        """What was decided for one request, with its explanations; None when the world does not know it.

        A world that was stopped leaves its denials behind, in its state folder.

        Args:
            request_id: as AWS's answer carried it; `last` for the last denial.
        """
        try:
            running = self.running()
        except WorldDownError:
            left = self._left_behind(request_id)
            if left is None:
                raise
            return left
        return self._found(running, f"/_crosswind/decisions/{urllib.parse.quote(request_id, safe='')}")

    def _left_behind(self, request_id: str) -> dict[str, Any] | None:
        found = None
        if self.state.decisions.is_file():
            for line in self.state.decisions.read_text(encoding="utf-8").splitlines():
                denied = json.loads(line)
                if request_id in ("last", denied["request"]["id"]):
                    found = denied
        return found

    def hold_replicas(
        self, match: str, effect: str, *, seconds: float = 0.0, count: int | None = None, reason: str = ""
    ) -> dict[str, Any]:
        """Hold replicas back, lose, delay or fail them, or release what is held; see `replication.holds`.

        Args:
            match: a shell's pattern over the keys; `*` for all.
            effect: `hold`, `lose`, `delay`, `fail` or `release`.
            seconds: how much later, for `delay`.
            count: the first so many versions alone; None for all.
            reason: one of S3's failure reasons, for `fail`; empty for `DstPutObjectNotPermitted`.

        Returns:
            The `orders` that stand now, and the versions that are `held`.

        Raises:
            WorldError: the order is not valid.
        """
        order = {"match": match, "effect": effect, "seconds": seconds, "count": count, "reason": reason or None}
        return self._post(self.running(), "/_crosswind/replication", order)

    def replicas(self) -> dict[str, Any]:
        """The `orders` that hold replicas back, and the versions that are `held`."""
        return self._get(self.running(), "/_crosswind/replication")

    def hold_answers(
        self, service: str, operation: str, *, seconds: float, principal: str = "", count: int = 1
    ) -> dict[str, Any]:
        """Hold back the next answers of an operation, its work behind it done; see `held_answers`.

        Args:
            service: botocore's name of the service.
            operation: the API operation.
            seconds: for how long, unless they are released before.
            principal: only those of callers in whose ARN this text is.
            count: how many.

        Returns:
            What is `held` now.

        Raises:
            WorldError: the order is not valid.
        """
        order = {"service": service, "operation": operation, "seconds": seconds, "principal": principal, "count": count}
        return self._post(self.running(), "/_crosswind/answers", order)

    def held_answers(self) -> list[dict[str, str]]:
        """The calls whose answers are being held: `service`, `operation`, `principal`."""
        held: list[dict[str, str]] = self._get(self.running(), "/_crosswind/answers")["held"]
        return held

    def release_answers(self) -> None:
        """Let all held answers go, and hold no more."""
        self._post(self.running(), "/_crosswind/answers", {"release": True})

    def airflows(self) -> list[dict[str, Any]]:
        """The MWAA environments of the world, each with the processes of its Airflow; see `mwaa.processes`."""
        found: list[dict[str, Any]] = self._get(self.running(), "/_crosswind/airflow")["environments"]
        return found

    def _found(self, running: Running, path: str) -> dict[str, Any] | None:
        """The answer; None when the world says that there is no such thing."""
        try:
            return self._get(running, path)
        except WorldDownError as error:
            if isinstance(error.__cause__, urllib.error.HTTPError) and error.__cause__.code == 404:
                return None
            raise

    def _post(self, running: Running, path: str, document: Mapping[str, Any]) -> dict[str, Any]:
        request = urllib.request.Request(  # noqa: S310 - our own loopback address
            running.endpoint + path, json.dumps(document).encode(), {"content-type": "application/json"}
        )
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310 - as above
                found: dict[str, Any] = json.load(answer)
                return found
        except urllib.error.HTTPError as error:
            raise WorldError(json.load(error)["message"], hint="correct the order and give it again") from error
        except (urllib.error.URLError, TimeoutError) as error:
            raise WorldDownError(
                f"the local world at {running.endpoint} (process {running.pid}) does not answer: {error}",
                hint="stop it with `crosswind local down`, then `crosswind local up`",
            ) from error

    def _get(self, running: Running, path: str) -> dict[str, Any]:
        try:
            with urllib.request.urlopen(running.endpoint + path, timeout=10) as answer:  # noqa: S310 - our own loopback address
                document: dict[str, Any] = json.load(answer)
                return document
        except (urllib.error.URLError, TimeoutError) as error:
            raise WorldDownError(
                f"the local world at {running.endpoint} (process {running.pid}) does not answer: {error}",
                hint="stop it with `crosswind local down`, then `crosswind local up`",
            ) from error
