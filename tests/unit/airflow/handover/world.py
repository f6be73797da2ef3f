"""Two sites, two buckets, a job that wrote something: what the handover's tests happen in."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from crosswind.airflow.handover.arrival import ArrivalCheck
from crosswind.airflow.handover.model import Handover, Reference, Version
from crosswind.airflow.handover.movers.model import Mover, Replicated
from crosswind.airflow.handover.publish import publish
from crosswind.airflow.target import AwsTarget
from tests.simulator.aws import Aws, AwsClients, Blow, Caller, Crash, Replica
from tests.simulator.aws.errors import refused

PREFIX = "transformed/run-1/"
FILES = {"train/a.csv": b"1,2\n", "train/b.csv": b"3,4\n", "validation/a.csv": b"5,6\n"}
EAST = AwsTarget("222222222222", "us-east-1", "east")
WEST = AwsTarget("222222222222", "us-west-2", "west")
NOW = datetime(2026, 1, 5, 12, tzinfo=UTC)


class CutAt:
    """A process that dies at its n-th call, before it is sent or after S3 has done it."""

    def __init__(self, call: int, blow: Blow) -> None:
        self.left, self._blow = call, blow

    def enter(self, service: str, operation: str) -> Blow | None:
        self.left -= 1
        return self._blow if self.left == 0 else None

    def leave(self, blow: Blow | None) -> None:
        if blow is Blow.CRASH_AFTER:
            raise Crash


class Counting:
    """A steady process that keeps the operations that it called."""

    def __init__(self) -> None:
        self.calls: list[str] = []

    def enter(self, service: str, operation: str) -> Blow | None:
        self.calls.append(operation)
        return None

    def leave(self, blow: Blow | None) -> None:
        return None


class World:
    """The two sites of the example."""

    def __init__(
        self, *, replicates: bool = True, script: Callable[[Any], Replica] | None = None, **limits: int
    ) -> None:
        self.aws = Aws(**limits)
        self.aws.clock.now = (NOW - self.aws.clock.date()).total_seconds()
        self.source = self.aws.s3.create("source", EAST.account, EAST.region)
        self.destination = self.aws.s3.create("destination", WEST.account, WEST.region)
        self.source.guarded = ("/handover.json",)
        if replicates:
            self.source.replicate_to, self.source.folder = self.destination, "transformed/"
        if script:
            self.source.script = script

    def east(self, caller: Caller | None = None) -> AwsClients:
        return self.aws.clients(EAST, caller)

    def west(self, caller: Caller | None = None) -> AwsClients:
        return self.aws.clients(WEST, caller)

    def job(
        self, prefix: str = PREFIX, files: Mapping[str, bytes] = FILES, manifest: Mapping[str, Any] | None = None
    ) -> None:
        """What the Glue job does: data, then its manifest."""
        for name, body in files.items():
            self.aws.s3.write(self.source, f"{prefix}{name}", body)
        document = {"schema_version": 1, "prefix": prefix, "keys": sorted(f"{prefix}{name}" for name in files)} | dict(
            manifest or {}
        )
        self.aws.s3.write(self.source, f"{prefix}manifest.json", json.dumps(document).encode())

    def published(self, prefix: str = PREFIX, files: Mapping[str, bytes] = FILES) -> tuple[Handover, Reference]:
        self.job(prefix, files)
        return publish(self.east(), "source", prefix, {})

    def check(self, handover: Handover, reference: Reference, mover: Mover | None = None, **more: Any) -> ArrivalCheck:
        more.setdefault("now", lambda: NOW)
        return ArrivalCheck(self.east(), self.west(), handover, reference, mover or Replicated("destination"), **more)

    def now_holds(self, version: Version, arrived: Version) -> bool:
        """Whether the destination holds, in a version, the very bytes of the source's version."""
        there = self.destination.version(arrived.key, arrived.version_id)
        here = self.source.version(version.key, version.version_id)
        return there is not None and here is not None and there.origin == version.version_id and there.body == here.body

    def deny(self, operation: str) -> None:
        """From now on an operation of S3 is refused."""

        def refuse(parameters: Mapping[str, Any]) -> dict[str, Any]:
            raise refused("AccessDenied", operation, "Access Denied", 403)

        setattr(self.aws.s3, operation, refuse)

    def answer(self, operation: str, answer: Mapping[str, Any]) -> None:
        """From now on an operation of S3 answers this."""
        setattr(self.aws.s3, operation, lambda parameters: dict(answer))
