"""The wait for handovers: looks, progress lines, what a failed look means. Knows no Airflow, and never sleeps.

Worker and triggerer wait alike: each takes a step, pauses as long as the step says, and takes the next.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from crosswind.airflow.handover.arrival import ArrivalCheck
from crosswind.airflow.handover.failures import FailureQueue
from crosswind.airflow.handover.look import ArrivalLook, next_delay
from crosswind.airflow.handover.model import Arrival, Reference, Version
from crosswind.airflow.handover.movers.choice import mover_of
from crosswind.airflow.handover.objects import head
from crosswind.airflow.handover.read import read
from crosswind.airflow.jobs.failures import FailureClass, classify
from crosswind.airflow.target import AwsTarget, Clients
from crosswind.airflow.watch import FAILED_LOOKS
from crosswind.errors import CrosswindError, WrongAccountError

__all__ = ["ArrivalStep", "ArrivalWatch", "Awaited", "End"]

_FIRST_PAUSE = 1 / 16  # of `every`: most objects replicate within seconds, and a look costs little


class End(StrEnum):
    """How a wait ended."""

    ARRIVED = "arrived"
    FAILED = "failed"
    """It never will: waiting longer, or trying again, changes nothing."""
    LATE = "late"
    """The time budget is over, and something is missing. What is there and only has to be proven is not late."""
    BLIND = "blind"
    """FAILED_LOOKS looks in a row could not be made."""


@dataclass(frozen=True)
class Awaited:
    """What is waited for, and where; plain data, for a trigger's arguments.

    Args:
        source: where it was published.
        destination: where it must arrive; the same for a replication that is read in place.
        bucket: the destination bucket.
        mover: `crr`, `crr-rtc`, `copy` or `in-place`.
        repair: whether to copy what S3 failed to replicate.
        queue: URL of the queue of S3's failure events; empty when there is none.
        queue_target: where that queue is.
        references: the handovers.
        superseded: prefixes that were passed over.
        deadline: when the time budget is over, ISO 8601 in UTC.
        every: seconds between two looks at most; the first pauses are shorter.
    """

    source: AwsTarget
    destination: AwsTarget
    bucket: str
    mover: str
    repair: bool
    queue: str
    queue_target: AwsTarget
    references: tuple[Reference, ...]
    superseded: tuple[str, ...]
    deadline: str
    every: float

    def document(self) -> dict[str, Any]:
        """It as plain data."""
        return {**asdict(self), "superseded": list(self.superseded), "references": [asdict(r) for r in self.references]}

    @classmethod
    def of(cls, document: Mapping[str, Any]) -> Awaited:
        """What `document()` gave, also after JSON."""
        targets = {name: AwsTarget.of(document[name]) for name in ("source", "destination", "queue_target")}
        references = tuple(Reference.of(each, where="the trigger's arguments") for each in document["references"])
        lists = {"references": references, "superseded": tuple(document["superseded"])}
        return cls(**{**document, **targets, **lists})


@dataclass(frozen=True)
class ArrivalStep:
    """What a step found.

    Args:
        end: how the wait ended; None while it goes on.
        message: why, for all ends but ARRIVED.
        arrivals: all of them, in the order of the references, once all have arrived.
        busy: more can be done right away.
        pause: seconds until the next step.
        error: why this look failed; the wait goes on.
    """

    end: End | None = None
    message: str = ""
    arrivals: tuple[Arrival, ...] = ()
    busy: bool = False
    pause: float = 0.0
    error: Exception | None = None

    def event(self) -> dict[str, Any]:
        """The end of the wait as plain data, for a trigger's event."""
        return {"end": str(self.end), "message": self.message, "arrivals": self.documents()}

    def documents(self) -> list[dict[str, Any]]:
        """The arrivals as JSON has them: Airflow would wrap tuples into types of its own, in XCom and its pages."""
        documents: list[dict[str, Any]] = json.loads(json.dumps([each.document() for each in self.arrivals]))
        return documents

    @classmethod
    def of(cls, event: Mapping[str, Any]) -> ArrivalStep:
        """The step that `event()` gave."""
        arrivals = tuple(Arrival.of(each) for each in event["arrivals"])
        return cls(End(event["end"]), event["message"], arrivals)


class ArrivalWatch:
    """One wait, for one or several handovers. What is proven is kept from look to look, also over new credentials.

    Args:
        awaited: what for.
        connect: gives the clients of a target.
        renew: drops a target's credentials that have expired.
        log: where the looks are told.
        now: the time, with a time zone.
    """

    def __init__(
        self,
        awaited: Awaited,
        *,
        connect: Callable[[AwsTarget], Clients],
        renew: Callable[[AwsTarget], None],
        log: logging.Logger,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._awaited = awaited
        self._connect = connect
        self._renew = renew
        self._log = log
        self._now = now
        self._checks: dict[str, ArrivalCheck] = {}
        self._kept: dict[str, Mapping[str, Any]] = {}
        self._arrivals: dict[str, Arrival] = {}
        self._pauses = 0
        self._failed = 0
        self._all_there = False

    def step(self) -> ArrivalStep:
        """Look once at all that is missing; blocks as long as the calls take, never raises what a service answered.

        The look comes before the clock: who was not looked at while nobody could look is not late.
        """
        try:
            looks = {each: self._look(each) for each in self._open()}
            self._failed = 0
        except (BotoCoreError, ClientError, CrosswindError) as error:
            return self._after(error)
        for reference, look in looks.items():
            self._log.info("%s: %s", reference.prefix, look.text)
            if look.arrival is not None:
                self._arrivals[reference.prefix] = look.arrival
        if hopeless := [look.text for look in looks.values() if look.hopeless]:
            return ArrivalStep(End.FAILED, "\n".join(hopeless))
        if not self._open():
            return ArrivalStep(End.ARRIVED, arrivals=tuple(self._arrivals[r.prefix] for r in self._awaited.references))
        missing = {reference: look for reference, look in looks.items() if look.missing}
        self._all_there = not missing
        if missing and self._over:
            return ArrivalStep(End.LATE, "\n".join(self._lacks(*each) for each in missing.items()))
        return self._wait(busy=any(look.busy for look in looks.values()))

    # -- one look ------------------------------------------------------------------------------------------

    def _open(self) -> list[Reference]:
        return [each for each in self._awaited.references if each.prefix not in self._arrivals]

    def _look(self, reference: Reference) -> ArrivalLook:
        if reference.prefix not in self._checks:
            self._checks[reference.prefix] = self._check(reference)
        return self._checks[reference.prefix].look()

    def _check(self, reference: Reference) -> ArrivalCheck:
        awaited = self._awaited
        source, destination = self._connect(awaited.source), self._connect(awaited.destination)
        return ArrivalCheck(
            source,
            destination,
            read(source, reference),
            reference,
            mover_of(awaited.mover, source, destination, awaited.bucket),
            FailureQueue(self._connect(awaited.queue_target), awaited.queue) if awaited.queue else None,
            repair=awaited.repair,
            superseded=awaited.superseded,
            progress=self._kept.get(reference.prefix),
            now=self._now,
        )

    # -- what comes of it ----------------------------------------------------------------------------------

    @property
    def _over(self) -> bool:
        return self._now() >= datetime.fromisoformat(self._awaited.deadline)

    def _wait(self, *, busy: bool = False) -> ArrivalStep:
        if busy:
            return ArrivalStep(busy=True)
        self._pauses += 1
        pause = next_delay(self._pauses, self._awaited.every * _FIRST_PAUSE, self._awaited.every)
        left = (datetime.fromisoformat(self._awaited.deadline) - self._now()).total_seconds()
        # The last look falls on the deadline, not behind it; a failed one leaves the clock to the next.
        return ArrivalStep(pause=min(pause, max(left, self._awaited.every * _FIRST_PAUSE)))

    def _after(self, error: Exception) -> ArrivalStep:
        failure = classify(error)
        if failure.kind is FailureClass.DATA or isinstance(error, WrongAccountError):
            return ArrivalStep(End.FAILED, failure.message)
        if failure.refresh:
            self._reconnect()
        self._log.warning("A look failed: %s", failure.message)
        if failure.kind is not FailureClass.THROTTLED:
            self._failed += 1
        if self._failed >= FAILED_LOOKS:
            return ArrivalStep(End.BLIND, f"{self._failed} looks in a row failed, the last with: {failure.message}")
        if self._over and not self._all_there:
            return ArrivalStep(End.LATE, f"The last look failed: {failure.message}")
        return replace(self._wait(), error=error)

    def _reconnect(self) -> None:
        for target in {self._awaited.source, self._awaited.destination, self._awaited.queue_target}:
            self._renew(target)
        self._kept |= {prefix: check.progress for prefix, check in self._checks.items()}
        self._checks.clear()

    # -- too late ------------------------------------------------------------------------------------------

    def _lacks(self, reference: Reference, look: ArrivalLook) -> str:
        """What is missing of one handover, and what its source says of it."""
        try:
            source = self._connect(self._awaited.source)
            named = [f"{each.key} ({self._said(source, reference, each)})" for each in look.named]
        except (BotoCoreError, ClientError, CrosswindError) as error:
            named = [f"what its source says could not be asked: {error}"]
        more = f"; and {look.missing - len(look.named)} more" if look.missing > len(look.named) else ""
        return (
            f"s3://{self._awaited.bucket}/{reference.prefix}: {look.missing} of {reference.objects} objects,"
            f" {look.missing_bytes} of {reference.size} bytes are missing {look.lag_seconds:.0f} s after publication:"
            f" {'; '.join(named)}{more}"
        )

    def _said(self, source: Clients, reference: Reference, version: Version) -> str:
        answer = head(source, reference.bucket, version.key, version.version_id)
        if answer is None:
            return "gone at the source"
        if self._awaited.mover == "copy":
            return "not copied"
        return f"ReplicationStatus at the source: {answer.get('ReplicationStatus') or 'none'}"
