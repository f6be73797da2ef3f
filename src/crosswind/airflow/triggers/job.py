"""The wait for a remote job of any kind, in the triggerer."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from typing import Any

from airflow.sdk.exceptions import AirflowRuntimeError
from airflow.triggers.base import BaseTrigger, TriggerEvent

from crosswind.airflow.hooks.cross_account import TargetClients, clients_of, forget
from crosswind.airflow.jobs.model import RemoteJobs, Submission
from crosswind.airflow.target import AwsTarget
from crosswind.airflow.triggers.threads import in_thread
from crosswind.airflow.watch import Watch, watched
from crosswind.errors import UnreachableError

__all__ = ["RemoteJobTrigger"]


class RemoteJobTrigger(BaseTrigger):
    """Wait until a remote job ends, as the task that deferred would: same account, Region, session name, settings.

    It ends in an event, `Step.event` of `crosswind.airflow.watch`: the job's end, or why the wait was given up. The
    operator then goes on, or stops the job. The job's own lines go into the task's log meanwhile.

    Args:
        target: `AwsTarget.document()`.
        submission: `Submission.document()`.
        check_interval: seconds between two looks.
        max_attempts: how many looks.
        log_group: the job's log group; empty for the service's own.
        timeout_seconds: of a function.
        verify: as for Airflow's hooks.
        botocore_config: as for Airflow's hooks.
    """

    def __init__(
        self,
        *,
        target: Mapping[str, str],
        submission: Mapping[str, Any],
        check_interval: float,
        max_attempts: int,
        log_group: str = "",
        timeout_seconds: float = 0,
        verify: bool | str | None = None,
        botocore_config: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__()
        self.target = AwsTarget.of(target)
        self.submission = Submission.of(submission)
        self.check_interval = check_interval
        self.max_attempts = max_attempts
        self.log_group = log_group
        self.timeout_seconds = timeout_seconds
        self.verify = verify
        self.botocore_config = botocore_config

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """The trigger as data."""
        return f"{type(self).__module__}.{type(self).__qualname__}", {
            "target": self.target.document(),
            "submission": self.submission.document(),
            "check_interval": self.check_interval,
            "max_attempts": self.max_attempts,
            "log_group": self.log_group,
            "timeout_seconds": self.timeout_seconds,
            "verify": self.verify,
            "botocore_config": dict(self.botocore_config) if self.botocore_config else None,
        }

    def clients(self) -> TargetClients:
        """The operator's clients again."""
        return clients_of(self.target, verify=self.verify, botocore_config=self.botocore_config)

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Look until the job has ended, or too many looks have failed."""
        watch = self._watch()
        while True:
            step = await in_thread(watch.step)
            if step.over:
                yield TriggerEvent(step.event(self.submission))
                return
            await asyncio.sleep(step.pause)

    async def on_kill(self) -> None:
        """Stop the job, when a person ends the deferred task (Airflow calls this from 3.3)."""
        self.log.info("Stopping %s job %s in %s.", self.submission.kind, self.submission.id, self.target.text)
        await in_thread(self._watch().stop)

    def _watch(self) -> Watch:
        return Watch(
            self.submission,
            connect=self._jobs,
            renew=lambda: forget(self.target),
            every=self.check_interval,
            attempts=self.max_attempts,
            log=self.log,
        )

    def _jobs(self) -> RemoteJobs:
        try:
            return watched(self.clients(), self.submission, self.log_group, self.timeout_seconds)
        except AirflowRuntimeError as error:
            # Airflow did not give the connection just now; the next look asks again.
            raise UnreachableError(f"connection {self.target.connection!r} cannot be read: {error}") from error
