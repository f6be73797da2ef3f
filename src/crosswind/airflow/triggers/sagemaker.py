"""The wait for a training job in another account, in the triggerer."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

from airflow.exceptions import AirflowException
from airflow.providers.amazon.aws.triggers.base import AwsBaseWaiterTrigger
from airflow.triggers.base import TriggerEvent
from botocore.exceptions import BotoCoreError, ClientError

from crosswind.airflow.hooks.sagemaker import CrossAccountSageMakerHook
from crosswind.errors import CrosswindError

__all__ = ["CrossAccountSageMakerTrainingTrigger"]


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
            failure_message=f"training job {job_name} did not complete",
            status_message=f"training job {job_name} goes on",
            status_queries=["TrainingJobStatus", "SecondaryStatus"],
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
        """Wait; any error becomes an event, since a trigger that raises leaves the job without an owner."""
        try:
            async for event in super().run():
                yield event
        except (AirflowException, BotoCoreError, ClientError, CrosswindError) as error:
            yield TriggerEvent({"status": "error", "message": str(error), "job_name": self.job_name})

    async def on_kill(self) -> None:
        """Stop the training job, when a person ends the deferred task (Airflow calls this from 3.3)."""
        async with await self.hook().get_async_conn() as client:
            await client.stop_training_job(TrainingJobName=self.job_name)
