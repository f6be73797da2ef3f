"""SageMaker in another account and Region, with S3, CloudWatch Logs and IAM by the same session."""

from __future__ import annotations

from typing import Any

from airflow.providers.amazon.aws.hooks.logs import AwsLogsHook
from airflow.providers.amazon.aws.hooks.s3 import S3Hook
from airflow.providers.amazon.aws.hooks.sagemaker import SageMakerHook

from crosswind.airflow.hooks.cross_account import AssumedSession, SharedSession

__all__ = ["CrossAccountSageMakerHook"]


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
        target: where, and for which DAG run: the session is then the one that the process has for it.
        aws_conn_id: without a target, a connection with `role_arn` and `region_name` in its extra.
        region_name: the Region, when not the connection's.
        account_id: the account in which the hook must act; by default that of the connection's role.
        session_name: the RoleSessionName of the assumed session.
        kwargs: `verify` and `config`, as for SageMakerHook.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.s3_hook = _S3(owner=self)
        self.logs_hook = _Logs(owner=self)
