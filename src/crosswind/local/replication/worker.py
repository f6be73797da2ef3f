"""The thread that replicates: it takes tasks in order and does what S3 does, under the rule's role."""

from __future__ import annotations

import heapq
import itertools
import logging
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from fnmatch import fnmatchcase

from crosswind.local.moto_backend import MotoBackend, ObjectVersion
from crosswind.local.replication.failures import reason_of
from crosswind.local.replication.holds import Effect, Hold, Holds
from crosswind.local.replication.rules import Rule
from crosswind.local.replication.seams import Acts, Issuer
from crosswind.local.replication.steps import RefusedError, ReplicationTask, Steps

__all__ = ["Reports", "ReplicationWorker"]

_TRIES = 4
_LOG = logging.getLogger(__name__)

Reports = Callable[[ObjectVersion, Rule, str], None]
"""Takes a version that failed, the rule, and S3's reason."""


class ReplicationWorker:
    """Works off a queue in a thread of its own.

    Args:
        acts: the edge, by which every implied call goes.
        identities: opens the role's sessions.
        moto: where the objects are.
        delay: seconds between a write and its replication.
        report: told of each replica that failed.
    """

    def __init__(self, acts: Acts, identities: Issuer, moto: MotoBackend, delay: float, report: Reports) -> None:
        self._steps = Steps(acts, identities, moto)
        self._moto = moto
        self._delay = delay
        self._report = report
        self.holds = Holds()
        self._held: list[ReplicationTask] = []
        self._queue: list[tuple[float, int, ReplicationTask]] = []
        self._order = itertools.count()
        self._changed = threading.Condition()
        self._busy = False
        self._stopping = False
        self._thread: threading.Thread | None = None

    def submit(self, task: ReplicationTask) -> None:
        """Replicate soon."""
        self._push(task, self._delay)

    def order(self, order: Hold) -> None:
        """Hold replicas back, lose, delay or fail them, or release what is held; see `holds`."""
        with self._changed:
            self.holds.give(order)
            if order.effect is not Effect.RELEASE:
                return
            free = [task for task in self._held if fnmatchcase(task.key, order.match)]
            self._held = [task for task in self._held if task not in free]
        for task in free:
            self._push(task, 0.0)

    def held(self) -> list[dict[str, str]]:
        """The versions that are held, as plain data."""
        with self._changed:
            return [{"bucket": task.bucket, "key": task.key, "version_id": task.version_id} for task in self._held]

    def _push(self, task: ReplicationTask, delay: float) -> None:
        with self._changed:
            heapq.heappush(self._queue, (time.monotonic() + delay, next(self._order), task))
            self._changed.notify_all()

    def start(self) -> None:
        """Begin to replicate."""
        self._stopping = False
        self._thread = threading.Thread(target=self._work, name="s3-replication", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End the worker; what waits stays PENDING."""
        with self._changed:
            self._stopping = True
            self._changed.notify_all()
        if self._thread is not None:
            self._thread.join(timeout=10)
            self._thread = None

    def wait_idle(self, timeout: float) -> bool:
        """Wait until nothing is left to replicate but what is held; false when that takes longer than `timeout` s."""
        with self._changed:
            return self._changed.wait_for(lambda: not self._queue and not self._busy, timeout)

    def _work(self) -> None:
        while True:
            task = self._next()
            if task is None:
                return
            try:
                self._attempt(task)
            finally:
                with self._changed:
                    self._busy = False
                    self._changed.notify_all()

    def _next(self) -> ReplicationTask | None:
        with self._changed:
            while not self._stopping:
                wait = self._queue[0][0] - time.monotonic() if self._queue else None
                if wait is not None and wait <= 0:
                    self._busy = True
                    return heapq.heappop(self._queue)[2]
                self._changed.wait(wait)
        return None

    def _attempt(self, task: ReplicationTask) -> None:
        version = self._moto.object_version(task.bucket, task.key, task.version_id)
        if version is None:
            return  # deleted meanwhile: S3 has nothing to replicate either
        if self._held_back(task, version):
            return
        try:
            refused = self._steps.replicate(task, version)
        except RefusedError as error:
            refused = dict.fromkeys(task.rules, error)
        except Exception:  # noqa: BLE001 - a fault of ours may be passing, and the worker must live
            _LOG.exception("replication of %s/%s failed inside the local world", task.bucket, task.key)
            if task.tries + 1 < _TRIES:
                self._again(task)
            elif not task.tags:
                self._status(version, "FAILED")
            return
        if any(one.error.status >= 500 for one in refused.values()) and task.tries + 1 < _TRIES:
            self._again(task)
            return
        if not task.tags:  # a replica stays one
            self._status(version, "FAILED" if refused else "COMPLETED")
        for rule, one in refused.items():
            _LOG.warning("replication of %s/%s failed: %s", task.bucket, task.key, one)
            self._report(version, rule, self._reason(version, rule, one))

    def _held_back(self, task: ReplicationTask, version: ObjectVersion) -> bool:
        """Obey an order that there is for a version; false when its replica may go."""
        with self._changed:  # so that no release comes between the question and the keeping
            order = None if task.delayed or task.tries else self.holds.taken(task.key)
            if order is None:
                return False
            if order.effect is Effect.HOLD:
                self._held.append(task)
        if order.effect is Effect.DELAY:
            self._push(replace(task, delayed=True), order.seconds)
        elif order.effect is Effect.FAIL:
            self._status(version, "FAILED")
            for rule in task.rules:
                self._report(version, rule, order.reason)
        return True

    def _reason(self, version: ObjectVersion, rule: Rule, refused: RefusedError) -> str:
        owner, region = self._moto.bucket_owner(rule.destination), self._moto.bucket_region(rule.destination)
        known = not rule.kms_key or self._moto.kms_key(owner or "", region or "", rule.kms_key) is not None
        return reason_of(refused.operation, refused.error, key_exists=known)

    def _again(self, task: ReplicationTask) -> None:
        self._push(replace(task, tries=task.tries + 1), self._delay * 2**task.tries + 0.05)

    def _status(self, version: ObjectVersion, status: str) -> None:
        if not version.marker:  # S3 gives no status to delete markers
            self._moto.set_replication_status(version.bucket, version.key, version.version_id, status)
