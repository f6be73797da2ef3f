from typing import Any

import pytest

from crosswind.local.edge.call import ServiceError
from crosswind.local.mwaa.validation import check_create, check_update


def given(**changes: Any) -> dict[str, Any]:
    return {
        "Name": "hub-1",
        "ExecutionRoleArn": "arn:aws:iam::111111111111:role/mwaa",
        "SourceBucketArn": "arn:aws:s3:::hub",
        "DagS3Path": "dags",
        "NetworkConfiguration": {"SubnetIds": ["subnet-1", "subnet-2"], "SecurityGroupIds": ["sg-1"]},
        **changes,
    }


def test_a_plain_environment_passes():
    check_create(given())


@pytest.mark.parametrize("arn", ["arn:aws-cn:iam::111111111111:role/x", "arn:aws-us-gov:iam::111111111111:role/p/x"])
def test_other_partitions_pass(arn: str):
    check_create(given(ExecutionRoleArn=arn))


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"Name": "1hub"}, "Name"),
        ({"Name": "h" * 81}, "Name"),
        ({"Name": "hub.x"}, "Name"),
        ({"ExecutionRoleArn": "mwaa"}, "ExecutionRoleArn"),
        ({"SourceBucketArn": "arn:aws:s3:::Hub_X"}, "SourceBucketArn"),
        ({"DagS3Path": ""}, "DagS3Path"),
        ({"DagS3Path": "/dags"}, "DagS3Path"),
        ({"DagS3Path": "s3://hub/dags"}, "DagS3Path"),
        ({"NetworkConfiguration": {"SubnetIds": ["a"], "SecurityGroupIds": ["s"]}}, "exactly 2"),
        ({"NetworkConfiguration": {"SubnetIds": ["a", "a"], "SecurityGroupIds": ["s"]}}, "exactly 2"),
        ({"NetworkConfiguration": {"SubnetIds": ["a", "b"]}}, "SecurityGroupIds"),
        ({"RequirementsS3Path": "requirements.txt"}, "RequirementsS3ObjectVersion"),
        ({"PluginsS3ObjectVersion": "v"}, "PluginsS3Path"),
        ({"AirflowVersion": "2.10.3"}, "valid values: .*3.3.1"),
        ({"EnvironmentClass": "mw1.huge"}, "mw1.small"),
        ({"WebserverAccessMode": "OPEN"}, "PRIVATE_ONLY"),
        ({"WeeklyMaintenanceWindowStart": "MON:03:15"}, "TUE:03:30"),
        ({"MinWorkers": 3, "MaxWorkers": 2}, "MinWorkers"),
        ({"Schedulers": 1}, "2 to 5"),
        ({"Schedulers": 2, "EnvironmentClass": "mw1.micro"}, "must be 1"),
        ({"StartupScriptS3Path": "startup.sh", "StartupScriptS3ObjectVersion": "v"}, "StartupScript"),
        ({"AirflowConfigurationOptions": {"core.executor": "CeleryExecutor"}}, "core.executor"),
    ],
)
def test_what_is_refused(changes: dict[str, Any], word: str):
    with pytest.raises(ServiceError, match=word) as caught:
        check_create(given(**changes))
    assert (caught.value.code, caught.value.status) == ("ValidationException", 400)


def test_an_update_is_checked_together_with_what_is_there():
    current = {
        **given(),
        "AirflowVersion": "3.3.1",
        "RequirementsS3Path": "r.txt",
        "RequirementsS3ObjectVersion": "1",
    }
    check_update({"RequirementsS3ObjectVersion": "2"}, current)
    with pytest.raises(ServiceError, match="MaxWorkers"):
        check_update({"MinWorkers": 30}, {**current, "MaxWorkers": 10})
