"""What CreateEnvironment and UpdateEnvironment refuse, with AWS's exception and words that name the cause.

Sources: the API reference's constraints (as botocore's model carries them) and the user guide's pages on the
bucket, the network and the environment class.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from crosswind.local.edge.call import ServiceError
from crosswind.local.mwaa.options import check_options
from crosswind.local.mwaa.versions import offered

__all__ = ["bucket_of", "check_create", "check_name", "check_update", "invalid"]

_NAME = re.compile(r"[a-zA-Z][0-9a-zA-Z\-_]{0,79}")
_ROLE = re.compile(r"arn:aws(-[a-z]+)*:iam::\d{12}:role/?[a-zA-Z_0-9+=,.@\-_/]+")
_BUCKET = re.compile(r"arn:aws(-[a-z]+)*:s3:::([a-z0-9.\-]+)")
_WINDOW = re.compile(r"(MON|TUE|WED|THU|FRI|SAT|SUN):([01]\d|2[0-3]):(00|30)")
_CLASSES = ("mw1.micro", "mw1.small", "mw1.medium", "mw1.large", "mw1.xlarge", "mw1.2xlarge")
_ACCESS = ("PRIVATE_ONLY", "PUBLIC_ONLY", "PUBLIC_AND_PRIVATE")

# Taken by AWS, and not to be had here: refused, since an environment without them would be another one.
_UNSUPPORTED = ("StartupScriptS3Path", "StartupScriptS3ObjectVersion", "IdentityCenterConfiguration", "Teams")


def invalid(message: str) -> ServiceError:
    """A ValidationException."""
    return ServiceError("ValidationException", message, 400)


def check_name(name: str) -> None:
    """Refuse a name that AWS refuses."""
    if not _NAME.fullmatch(name):
        raise invalid(f"Name '{name}' must be a letter and up to 79 letters, digits, '-' or '_'")


def bucket_of(arn: str) -> str:
    """The bucket's name in an S3 ARN; raises ServiceError when it is not one."""
    found = _BUCKET.fullmatch(arn)
    if not found:
        raise invalid(f"SourceBucketArn '{arn}' is not the ARN of a bucket, such as arn:aws:s3:::my-airflow-bucket")
    return found.group(2)


def check_create(parameters: Mapping[str, Any]) -> None:
    """Refuse a CreateEnvironment that needs no look at the account to be refused."""
    check_name(str(parameters.get("Name", "")))
    missing = [
        member
        for member in ("ExecutionRoleArn", "SourceBucketArn", "DagS3Path", "NetworkConfiguration")
        if not parameters.get(member)
    ]
    if missing:
        raise invalid(f"missing required members: {', '.join(missing)}")
    network = parameters["NetworkConfiguration"]
    subnets = list(network.get("SubnetIds") or ())
    if len(subnets) != 2 or len(set(subnets)) != 2:
        raise invalid(f"NetworkConfiguration.SubnetIds must name exactly 2 subnets (in 2 zones); got {subnets}")
    _check_groups(network)
    _check_common(parameters)


def check_update(parameters: Mapping[str, Any], current: Mapping[str, Any]) -> None:
    """Refuse an UpdateEnvironment.

    Args:
        parameters: the call's input.
        current: the environment as GetEnvironment shows it.
    """
    _check_common({**current, **parameters})
    if "NetworkConfiguration" in parameters:
        _check_groups(parameters["NetworkConfiguration"])
    wanted, has = parameters.get("AirflowVersion"), str(current["AirflowVersion"])
    if wanted and _order(wanted) < _order(has):
        raise invalid(f"AirflowVersion cannot go down from {has} to {wanted}")


def _check_groups(network: Mapping[str, Any]) -> None:
    groups = list(network.get("SecurityGroupIds") or ())
    if not 1 <= len(groups) <= 5:
        raise invalid(f"NetworkConfiguration.SecurityGroupIds must name 1 to 5 security groups; got {len(groups)}")


def _check_common(parameters: Mapping[str, Any]) -> None:
    role = str(parameters["ExecutionRoleArn"])
    if not _ROLE.fullmatch(role):
        raise invalid(f"ExecutionRoleArn '{role}' is not the ARN of a role")
    bucket_of(str(parameters["SourceBucketArn"]))
    for member in ("DagS3Path", "PluginsS3Path", "RequirementsS3Path"):
        _check_path(member, parameters.get(member))
    for kind in ("Plugins", "Requirements"):
        path, version = parameters.get(f"{kind}S3Path"), parameters.get(f"{kind}S3ObjectVersion")
        # "If specified, then a version is required" (API reference, both members).
        if bool(path) != bool(version):
            raise invalid(f"{kind}S3Path and {kind}S3ObjectVersion must be given together")
    version = parameters.get("AirflowVersion")
    if version is not None and version not in offered():
        raise invalid(f"AirflowVersion '{version}' is not offered here; valid values: {', '.join(offered())}")
    _check_choices(parameters)
    _check_workers(parameters)
    for member in _UNSUPPORTED:
        if parameters.get(member):
            raise invalid(f"{member} is not supported by the local world: Airflow would run without it")
    check_options(parameters.get("AirflowConfigurationOptions") or {})


def _check_path(member: str, path: str | None) -> None:
    if not path:
        return
    if path.startswith(("/", "s3://")) or ".." in path.split("/"):
        raise invalid(f"{member} '{path}' must be relative to the bucket, such as 'dags'")


def _check_choices(parameters: Mapping[str, Any]) -> None:
    choices = (("EnvironmentClass", _CLASSES), ("WebserverAccessMode", _ACCESS))
    for member, valid in choices:
        value = parameters.get(member)
        if value is not None and value not in valid:
            raise invalid(f"{member} '{value}' is not one of {', '.join(valid)}")
    window = parameters.get("WeeklyMaintenanceWindowStart")
    if window is not None and not _WINDOW.fullmatch(window):
        raise invalid(f"WeeklyMaintenanceWindowStart '{window}' is not of the form TUE:03:30 (half hours)")


def _check_workers(parameters: Mapping[str, Any]) -> None:
    for kind in ("Workers", "Webservers"):
        least, most = parameters.get(f"Min{kind}"), parameters.get(f"Max{kind}")
        if least is not None and most is not None and least > most:
            raise invalid(f"Min{kind} ({least}) is above Max{kind} ({most})")
    schedulers = parameters.get("Schedulers")
    micro = parameters.get("EnvironmentClass") == "mw1.micro"
    if schedulers is not None and not (1 if micro else 2) <= schedulers <= (1 if micro else 5):
        raise invalid(f"Schedulers must be {'1' if micro else '2 to 5'} for this environment class; got {schedulers}")


def _order(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split("."))
