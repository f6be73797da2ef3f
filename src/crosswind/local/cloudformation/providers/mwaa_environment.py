"""AWS::MWAA::Environment."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from botocore.exceptions import ClientError

from crosswind.local.cloudformation.providers.calls import (
    error_code,
    offering,
    picked,
    tag_changes,
    tag_map,
    texts,
    unless_gone,
)
from crosswind.local.cloudformation.providers.contract import Context, Made, Properties, ResourceError

__all__ = ["MwaaEnvironment"]

_CHANGEABLE = (
    "AirflowConfigurationOptions",
    "AirflowVersion",
    "DagS3Path",
    "EnvironmentClass",
    "ExecutionRoleArn",
    "LoggingConfiguration",
    "MaxWebservers",
    "MaxWorkers",
    "MinWebservers",
    "MinWorkers",
    "PluginsS3ObjectVersion",
    "PluginsS3Path",
    "RequirementsS3ObjectVersion",
    "RequirementsS3Path",
    "Schedulers",
    "SourceBucketArn",
    "StartupScriptS3ObjectVersion",
    "StartupScriptS3Path",
    "WebserverAccessMode",
    "WeeklyMaintenanceWindowStart",
)
_ONCE = ("EndpointManagement", "KmsKey")
_LOG = offering("Enabled", "LogLevel")
_FAILED = {"CREATE_FAILED", "UPDATE_FAILED", "UNAVAILABLE", "CREATING_SNAPSHOT_FAILED"}
_LOG_KINDS = ("DagProcessingLogs", "SchedulerLogs", "TaskLogs", "WebserverLogs", "WorkerLogs")


class MwaaEnvironment:
    """An environment; made, changed and deleted by polling GetEnvironment, as CloudFormation does.

    Args:
        seconds: how long one of these may take.
        every: seconds between two polls.
    """

    type_name = "AWS::MWAA::Environment"
    offers = offering(
        "Name",
        "Tags",
        "WorkerReplacementStrategy",
        *(name for name in _CHANGEABLE if name != "LoggingConfiguration"),
        *_ONCE,
        LoggingConfiguration=dict.fromkeys(_LOG_KINDS, _LOG),
        NetworkConfiguration=offering("SecurityGroupIds", "SubnetIds"),
    )
    attributes = frozenset(
        {
            "Arn",
            "CeleryExecutorQueue",
            "DatabaseVpcEndpointService",
            "WebserverUrl",
            "WebserverVpcEndpointService",
            *(f"LoggingConfiguration.{kind}.CloudWatchLogGroupArn" for kind in _LOG_KINDS),
        }
    )
    tags = "map"

    def __init__(self, seconds: float = 3600.0, every: float = 0.5) -> None:
        self._seconds = seconds
        self._every = every

    def create(self, properties: Properties, context: Context) -> Made:
        mwaa = context.client("mwaa")
        name = str(properties["Name"])
        extra = {"Tags": tag_map(properties["Tags"])} if properties.get("Tags") else {}
        wanted = {**_wanted(properties), **picked(properties, *_ONCE, "NetworkConfiguration")}
        mwaa.create_environment(Name=name, **wanted, **extra)
        context.made(name)
        return self._available(mwaa, name, context)

    def update(self, physical_id: str, old: Properties, new: Properties, context: Context) -> Made:
        mwaa = context.client("mwaa")
        dropped = [key for key in _CHANGEABLE if key in old and key not in new and key != "AirflowConfigurationOptions"]
        if dropped:
            raise ResourceError(
                f"UpdateEnvironment cannot take away [{', '.join(dropped)}]: give a value, or replace the environment",
                "InvalidRequest",
            )
        wanted = _wanted(new)
        if _wanted(old) != wanted:
            strategy = picked(new, "WorkerReplacementStrategy")
            options: dict[str, Any] = (
                {"AirflowConfigurationOptions": {}} if "AirflowConfigurationOptions" in old else {}
            )
            mwaa.update_environment(Name=physical_id, **{**options, **wanted, **strategy})
        made = self._available(mwaa, physical_id, context)
        set_tags, drop_tags = tag_changes(old, new)
        if set_tags:
            mwaa.tag_resource(ResourceArn=made.attributes["Arn"], Tags=set_tags)
        if drop_tags:
            mwaa.untag_resource(ResourceArn=made.attributes["Arn"], tagKeys=drop_tags)
        return made

    def delete(self, physical_id: str, properties: Properties, context: Context) -> None:
        mwaa = context.client("mwaa")
        with unless_gone():
            mwaa.delete_environment(Name=physical_id)

        def gone() -> bool:
            try:
                status = mwaa.get_environment(Name=physical_id)["Environment"]["Status"]
            except ClientError as error:
                if error_code(error) == "ResourceNotFoundException":
                    return True
                raise
            return bool(status == "DELETED")

        context.wait(gone, seconds=self._seconds, every=self._every, what=f"Environment {physical_id}")

    def _available(self, mwaa: Any, name: str, context: Context) -> Made:
        seen: dict[str, Any] = {}

        def ready() -> bool:
            seen.clear()
            seen.update(mwaa.get_environment(Name=name)["Environment"])
            if seen["Status"] in _FAILED or (seen.get("LastUpdate") or {}).get("Status") == "FAILED":
                raise ResourceError(_reason(name, seen), "NotStabilized")
            return bool(seen["Status"] == "AVAILABLE")

        context.wait(ready, seconds=self._seconds, every=self._every, what=f"Environment {name}")
        return Made(name, _attributes(seen))


def _wanted(properties: Properties) -> dict[str, Any]:
    found = picked(properties, *_CHANGEABLE)
    if "AirflowConfigurationOptions" in found:
        found["AirflowConfigurationOptions"] = texts(found["AirflowConfigurationOptions"])
    groups = properties.get("NetworkConfiguration", {}).get("SecurityGroupIds")
    if groups:
        found["NetworkConfiguration"] = {"SecurityGroupIds": groups}
    return found


def _reason(name: str, environment: Mapping[str, Any]) -> str:
    error = (environment.get("LastUpdate") or {}).get("Error") or {}
    text = ": ".join(part for part in (error.get("ErrorCode", ""), error.get("ErrorMessage", "")) if part)
    return f"Environment {name} is {environment['Status']}. {text or 'No error was given.'}"


def _attributes(environment: Mapping[str, Any]) -> dict[str, Any]:
    found = picked(
        environment,
        "Arn",
        "CeleryExecutorQueue",
        "DatabaseVpcEndpointService",
        "WebserverUrl",
        "WebserverVpcEndpointService",
    )
    for kind, log in (environment.get("LoggingConfiguration") or {}).items():
        if "CloudWatchLogGroupArn" in log:
            found[f"LoggingConfiguration.{kind}.CloudWatchLogGroupArn"] = log["CloudWatchLogGroupArn"]
    return found
