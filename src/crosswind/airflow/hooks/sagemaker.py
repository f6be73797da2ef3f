"""SageMaker in another account and Region, with S3, CloudWatch Logs and IAM by the same session."""

from __future__ import annotations

from typing import Any

from airflow.providers.amazon.aws.hooks.logs import AwsLogsHook
from airflow.providers.amazon.aws.hooks.s3 import S3Hook
from airflow.providers.amazon.aws.hooks.sagemaker import SageMakerHook

from crosswind.airflow.hooks.cross_account import AssumedSession, SharedSession

__all__ = ["TRAINING_LOG_GROUP", "CrossAccountSageMakerHook"]

TRAINING_LOG_GROUP = "/aws/sagemaker/TrainingJobs"


class _S3(SharedSession, S3Hook):
    pass


class _Logs(SharedSession, AwsLogsHook):
    pass


class CrossAccountSageMakerHook(AssumedSession, SageMakerHook):
    """Airflow's SageMakerHook, made safe for another account and Region.

    Airflow's own builds its S3 and Logs hooks from the connection's id alone: Region, `verify` and
    configuration are lost, and each assumes the role again. Here one AssumeRole serves all, in the hook's
    Region.

    Args:
        aws_conn_id: a connection with `role_arn` and `region_name` in its extra.
        region_name: the Region, when not the connection's.
        account_id: the account in which the hook must act; by default that of the connection's role.
        session_name: the RoleSessionName of the assumed session.
        kwargs: `verify` and `config`, as for SageMakerHook.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.s3_hook = _S3(owner=self)
        self.logs_hook = _Logs(owner=self)

    def read_text(self, bucket: str, key: str) -> str:
        """An object's text, read by the hook's own session."""
        return str(self.s3_hook.get_conn().get_object(Bucket=bucket, Key=key)["Body"].read().decode())

    def stop_training_job(self, name: str) -> None:
        """Ask SageMaker to stop a training job; a job that has ended already is left as it is."""
        client = self.get_conn()
        status = client.describe_training_job(TrainingJobName=name)["TrainingJobStatus"]
        if status in self.non_terminal_states:
            client.stop_training_job(TrainingJobName=name)

    def training_log_tail(self, name: str, lines: int = 100) -> list[str]:
        """The last lines of a training job's logs, over all its instances' streams, in stream order."""
        logs = self.logs_hook.get_conn()
        streams = logs.describe_log_streams(logGroupName=TRAINING_LOG_GROUP, logStreamNamePrefix=f"{name}/")
        tail: list[str] = []
        for stream in streams["logStreams"]:
            events = logs.get_log_events(
                logGroupName=TRAINING_LOG_GROUP,
                logStreamName=stream["logStreamName"],
                limit=lines,
                startFromHead=False,
            )
            tail += [event["message"] for event in events["events"]]
        return tail[-lines:]
