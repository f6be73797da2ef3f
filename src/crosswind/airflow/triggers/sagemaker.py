"""The wait for a training job in another account, in the triggerer."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from typing import Any

from airflow.providers.amazon.aws.triggers.base import AwsBaseWaiterTrigger
from airflow.triggers.base import TriggerEvent
from botocore.exceptions import BotoCoreError, ClientError

from crosswind.airflow.hooks.sagemaker import CrossAccountSageMakerHook
from crosswind.errors import CrosswindError

__all__ = ["FAILED_LOOKS", "CrossAccountSageMakerTrainingTrigger"]

FAILED_LOOKS = 10


class CrossAccountSageMakerTrainingTrigger(AwsBaseWaiterTrigger):
    """Wait until a training job ends, with the account, Region and session name of the task that deferred.

    It always ends in an event, `{"status": "success" | "error", "job_name": ..., "message": ...}`: the
    operator then asks SageMaker itself what became of the job, and stops one that nobody waits for.

    Args:
        job_name: the training job.
        waiter_delay: seconds between two looks.
        waiter_max_attempts: how many looks.
        aws_conn_id: the connection, as on the operator.
        region_name: the Region, when not the connection's.
        account_id: the account expected.
        session_name: the RoleSessionName.
        verify: as for Airflow's hooks.
        botocore_config: as for Airflow's hooks.
    """

    def __init__(
        self,
        *,
        job_name: str,
        waiter_delay: int,
        waiter_max_attempts: int,
        aws_conn_id: str | None,
        region_name: str | None = None,
        account_id: str | None = None,
        session_name: str | None = None,
        verify: bool | str | None = None,
        botocore_config: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(
            serialized_fields={"job_name": job_name, "account_id": account_id, "session_name": session_name},
            waiter_name="TrainingJobComplete",
            waiter_args={"TrainingJobName": job_name},
            failure_message="",  # these three and the waiter serve the parent's run, which is replaced
            status_message="",
            status_queries=[],
            return_key="job_name",
            return_value=job_name,
            waiter_delay=waiter_delay,
            waiter_max_attempts=waiter_max_attempts,
            aws_conn_id=aws_conn_id,
            region_name=region_name,
            verify=verify,
            botocore_config=botocore_config,
        )
        self.job_name = job_name
        self.account_id = account_id
        self.session_name = session_name

    def hook(self) -> CrossAccountSageMakerHook:
        """The operator's hook again."""
        return CrossAccountSageMakerHook(
            aws_conn_id=self.aws_conn_id,
            region_name=self.region_name,
            verify=self.verify,
            config=self.botocore_config,
            account_id=self.account_id,
            session_name=self.session_name,
        )

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Look until the job has ended.

        A single failed look (throttling, a network's hiccup) is no reason to give a paid job up; FAILED_LOOKS in
        a row are. A trigger that raises would leave the job without an owner, so each end is an event.
        """
        failed = 0
        async with AsyncExitStack() as stack:
            client: Any = None
            for attempt in range(self.attempts):
                if attempt:
                    await asyncio.sleep(self.waiter_delay)
                try:
                    if client is None:
                        client = await stack.enter_async_context(await self.hook().get_async_conn())
                    answer = await client.describe_training_job(TrainingJobName=self.job_name)
                except (BotoCoreError, ClientError, CrosswindError) as error:
                    failed += 1
                    self.log.warning("Look %d at %s failed: %s", attempt + 1, self.job_name, error)
                    if failed == FAILED_LOOKS:
                        yield self._event("error", f"{failed} looks in a row failed, the last with: {error}")
                        return
                    continue
                failed = 0
                if answer["TrainingJobStatus"] not in CrossAccountSageMakerHook.non_terminal_states:
                    yield self._event("success")
                    return
        yield self._event("error", f"gave up after {self.attempts} looks")

    async def on_kill(self) -> None:
        """Stop the training job, when a person ends the deferred task (Airflow calls this from 3.3)."""
        async with await self.hook().get_async_conn() as client:
            await client.stop_training_job(TrainingJobName=self.job_name)

    def _event(self, status: str, message: str = "") -> TriggerEvent:
        return TriggerEvent({"status": status, "job_name": self.job_name, "message": message})
