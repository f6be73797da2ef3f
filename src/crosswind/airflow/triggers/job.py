"""The wait for a remote job of any kind, in the triggerer."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from typing import Any

from airflow.sdk.exceptions import AirflowRuntimeError
from airflow.sdk.execution_time.task_runner import RuntimeTaskInstance
from airflow.triggers.base import BaseTrigger, TriggerEvent
from botocore.config import Config

from crosswind.airflow.hooks.cross_account import TargetClients, clients_of, forget
from crosswind.airflow.jobs.model import RemoteJobs, Submission
from crosswind.airflow.jobs.orphans import state_in
from crosswind.airflow.target import AwsTarget
from crosswind.airflow.triggers.threads import in_thread, in_thread_of_kills
from crosswind.airflow.watch import Watch, watched
from crosswind.errors import UnreachableError

__all__ = ["RemoteJobTrigger"]

_UNKNOWN = "of a state that cannot be asked"
_LOOKED_AFTER = ("deferred", _UNKNOWN)
# A look that failed is made again: better soon than by botocore's five tries of a minute each.
_BRISK = Config(connect_timeout=5, read_timeout=20, retries={"total_max_attempts": 2})


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
        """Stop the job, when a person ends the deferred task (Airflow calls this from 3.3).

        It is called too when another triggerer has taken the trigger over, since this one was not heard of for a
        while. So Airflow is asked: a task that is deferred has its job looked after.
        """
        what = f"{self.submission.kind} job {self.submission.id} in {self.target.text}"
        state = await in_thread_of_kills(self._task_state)
        if state in _LOOKED_AFTER:
            self.log.warning("The task is %s, so %s is left alone here.", state, what)
            return
        self.log.info("Stopping %s.", what)
        await in_thread_of_kills(self._watch().stop)

    def _task_state(self) -> str | None:
        """The state that Airflow's task has now; None when it is gone, or waits to be scheduled."""
        owner = self.submission.attempt.owner
        try:
            answer = RuntimeTaskInstance.get_task_states(
                dag_id=owner.dag_id, task_ids=[owner.task_id], run_ids=[owner.run_id]
            )
        except AirflowRuntimeError as error:
            self.log.error("Airflow does not say what the task does, so its job is left to the reaper: %s", error)
            return _UNKNOWN
        return state_in(answer, owner)

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
            clients = self.clients() if self.botocore_config else _Brisk(self.clients())
            return watched(clients, self.submission, self.log_group, self.timeout_seconds)
        except AirflowRuntimeError as error:
            # Airflow did not give the connection just now; the next look asks again.
            raise UnreachableError(f"connection {self.target.connection!r} cannot be read: {error}") from error


class _Brisk:
    """Clients that wait no longer than a look may; what the task's author has configured goes before.

    Args:
        clients: the target's.
    """

    def __init__(self, clients: TargetClients) -> None:
        self.target = clients.target
        self._clients = clients

    def client(self, service: str, config: Config | None = None) -> Any:
        """A client of a service; `config` goes over the haste."""
        return self._clients.client(service, _BRISK.merge(config) if config else _BRISK)
