"""An environment as GetEnvironment shows it: what was asked for, and MWAA's defaults."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from crosswind.local.edge.call import Call
from crosswind.local.mwaa.versions import newest

__all__ = ["changed", "created"]

_STORED = (
    "AirflowConfigurationOptions",
    "DagS3Path",
    "EndpointManagement",
    "EnvironmentClass",
    "ExecutionRoleArn",
    "KmsKey",
    "LoggingConfiguration",
    "MaxWebservers",
    "MaxWorkers",
    "MinWebservers",
    "MinWorkers",
    "NetworkConfiguration",
    "PluginsS3ObjectVersion",
    "PluginsS3Path",
    "RequirementsS3ObjectVersion",
    "RequirementsS3Path",
    "Schedulers",
    "SourceBucketArn",
    "Tags",
    "WebserverAccessMode",
    "WeeklyMaintenanceWindowStart",
    "AirflowVersion",
)
_LOGS = {
    "DagProcessingLogs": "DAGProcessing",
    "SchedulerLogs": "Scheduler",
    "TaskLogs": "Task",
    "WebserverLogs": "WebServer",
    "WorkerLogs": "Worker",
}


def created(call: Call) -> dict[str, Any]:
    """The environment as GetEnvironment will show it: the input, and MWAA's defaults."""
    given = {member: call.parameters[member] for member in _STORED if call.parameters.get(member) is not None}
    partition = str(call.parameters["ExecutionRoleArn"]).split(":")[1]
    name, now = str(call.parameters["Name"]), datetime.now(UTC)
    micro = given.get("EnvironmentClass") == "mw1.micro"
    document = {
        "AirflowVersion": newest(),
        "EndpointManagement": "SERVICE",
        "EnvironmentClass": "mw1.small",
        "MaxWebservers": 1 if micro else 2,
        "MaxWorkers": 1 if micro else 10,
        "MinWebservers": 1 if micro else 2,
        "MinWorkers": 1,
        "Schedulers": 1 if micro else 2,
        "WebserverAccessMode": "PRIVATE_ONLY",
        "WeeklyMaintenanceWindowStart": "SUN:03:30",
        **given,
        "Name": name,
        "Status": "CREATING",
        "Arn": f"arn:{partition}:airflow:{call.region}:{call.account}:environment/{name}",
        "CreatedAt": now,
        "ServiceRoleArn": f"arn:{partition}:iam::{call.account}:role/aws-service-role/airflow.amazonaws.com/"
        "AWSServiceRoleForAmazonMWAA",
        "LastUpdate": {"Status": "PENDING", "CreatedAt": now},
    }
    document["LoggingConfiguration"] = _logging(given.get("LoggingConfiguration", {}), document)
    return document


def changed(given: Mapping[str, Any], current: Mapping[str, Any]) -> dict[str, Any]:
    """What an update changes of an environment.

    Args:
        given: the update's input.
        current: as `created` gave it, or the last update left it.
    """
    changes = {member: given[member] for member in _STORED if member in given}
    if "NetworkConfiguration" in changes:  # an update names security groups only
        changes["NetworkConfiguration"] = {**current["NetworkConfiguration"], **changes["NetworkConfiguration"]}
    if "LoggingConfiguration" in changes:
        wanted = {**current["LoggingConfiguration"], **changes["LoggingConfiguration"]}
        changes["LoggingConfiguration"] = _logging(wanted, current)
    return changes


def _logging(given: Mapping[str, Any], document: Mapping[str, Any]) -> dict[str, Any]:
    """The logging configuration with its log groups, each off until asked for."""
    partition, region, account = (str(document["Arn"]).split(":")[part] for part in (1, 3, 4))
    configuration = {}
    for kind, group in _LOGS.items():
        wanted = given.get(kind, {})
        configuration[kind] = {
            "Enabled": bool(wanted.get("Enabled", False)),
            "LogLevel": wanted.get("LogLevel", "INFO"),
            "CloudWatchLogGroupArn": f"arn:{partition}:logs:{region}:{account}:log-group:"
            f"airflow-{document['Name']}-{group}",
        }
    return configuration
