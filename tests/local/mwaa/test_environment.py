"""One environment's whole life, with a real Airflow: what is uploaded is what runs, as the execution role."""

from __future__ import annotations

import base64
import contextlib
import json
import urllib.error
import urllib.request
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from crosswind.local.mwaa.airflow import session_members
from tests.local.mwaa.conftest import ACCOUNT, REGION, Hub, fetched, plugins, until

NAME = "hub-1"
SESSION = f"arn:aws:sts::{ACCOUNT}:assumed-role/mwaa-execution/AmazonMWAA-airflow"
REQUIREMENTS = b"--find-links /usr/local/airflow/plugins\ngreeting==1.0\n"
OPTIONS = {
    "secrets.backend": "airflow.providers.amazon.aws.secrets.secrets_manager.SecretsManagerBackend",
    "secrets.backend_kwargs": '{"connections_prefix": "airflow/connections"}',
}


@pytest.fixture(scope="module")
def environment(hub: Hub) -> Iterator[dict[str, Any]]:
    arn = hub.mwaa.create_environment(
        **hub.parameters(
            NAME,
            RequirementsS3Path="requirements.txt",
            RequirementsS3ObjectVersion=hub.put("requirements.txt", REQUIREMENTS),
            PluginsS3Path="plugins.zip",
            PluginsS3ObjectVersion=hub.put("plugins.zip", plugins("first")),
            AirflowConfigurationOptions=OPTIONS,
            Tags={"team": "data"},
        )
    )["Arn"]
    assert hub.mwaa.get_environment(Name=NAME)["Environment"]["Status"] == "CREATING"
    found = hub.settled(NAME)
    assert found["Status"] == "AVAILABLE", found["LastUpdate"]
    assert found["Arn"] == arn
    yield found
    with contextlib.suppress(ClientError):
        hub.mwaa.delete_environment(Name=NAME)


def test_it_is_described_with_mwaas_defaults(hub: Hub, environment: dict[str, Any]):
    assert environment["AirflowVersion"] == "3.3.1"
    assert environment["EnvironmentClass"] == "mw1.small"
    assert environment["LastUpdate"]["Status"] == "SUCCESS"
    assert environment["LoggingConfiguration"]["TaskLogs"]["CloudWatchLogGroupArn"].endswith(
        f"log-group:airflow-{NAME}-Task"
    )
    assert hub.mwaa.list_environments()["Environments"] == [NAME]
    assert hub.rest(NAME, "GET", "/version")["version"] == "3.3.1"


def test_a_run_acts_as_the_execution_role_and_has_what_was_uploaded(hub: Hub, environment: dict[str, Any]):
    dags = until(lambda: hub.rest(NAME, "GET", "/dags")["dags"], 60)
    assert [(dag["dag_id"], dag["is_paused"]) for dag in dags] == [("probe", True)]
    found = hub.run(NAME, "probe")
    assert found["state"] == "success"
    assert found["who"] == SESSION
    assert found["greet"] == {"greeting": "first", "names": {"bucket": "hub-bucket"}, "secret": "from-the-vault"}
    assert found["listing"] == ["dags/names.json", "dags/probe.py"]
    secrets = [record for record in hub.log.since(0)[0] if record["operation"] == "GetSecretValue"]
    assert {record["principal"] for record in secrets} == {SESSION}
    reads = [record for record in hub.log.since(0)[0] if record["resource"].endswith("/requirements.txt")]
    assert {record["principal"] for record in reads if record["operation"] == "GetObject"} == {SESSION}


def test_airflows_errors_come_as_the_services_own(hub: Hub, environment: dict[str, Any]):
    with pytest.raises(hub.mwaa.exceptions.RestApiClientException) as caught:
        hub.rest(NAME, "GET", "/dags/nothing")
    assert caught.value.response["RestApiStatusCode"] == 404
    assert "nothing" in caught.value.response["RestApiResponse"]["detail"]
    with pytest.raises(hub.mwaa.exceptions.ValidationException, match="64 characters"):
        hub.rest(NAME, "GET", "/dags/" + "x" * 60)


def test_query_parameters_reach_airflow(hub: Hub, environment: dict[str, Any]):
    until(lambda: hub.rest(NAME, "GET", "/dags")["dags"], 60)
    assert hub.rest(NAME, "GET", "/dags", QueryParameters={"dag_id_pattern": "nope"})["dags"] == []
    found = hub.rest(NAME, "GET", "/dags", QueryParameters={"dag_id_pattern": "prob", "limit": 1})["dags"]
    assert [dag["dag_id"] for dag in found] == ["probe"]


def test_the_dags_folder_follows_the_bucket(hub: Hub, environment: dict[str, Any]):
    folder = hub.state / "airflow" / f"{ACCOUNT}-{REGION}-{NAME}" / "home" / "dags"
    hub.put("dags/more/second.py", b"from airflow.sdk import DAG\ndag = DAG('second', schedule=None)\n")
    hub.put("dags/../escape.py", b"raise SystemExit")
    second = folder / "more" / "second.py"
    until(second.exists, 15)
    until(lambda: "second" in [dag["dag_id"] for dag in hub.rest(NAME, "GET", "/dags")["dags"]], 30)
    hub.client("s3").delete_object(Bucket="hub-bucket", Key="dags/more/second.py")
    until(lambda: not second.exists(), 15)
    assert not (folder.parent / "escape.py").exists()


def test_the_cli_takes_its_token_only(hub: Hub, environment: dict[str, Any]):
    granted = hub.mwaa.create_cli_token(Name=NAME)
    status, answer = post_cli(granted["WebServerHostname"], granted["CliToken"], "version")
    assert status == 200
    assert base64.b64decode(answer["stdout"]).decode().strip().endswith("3.3.1")
    web = hub.mwaa.create_web_login_token(Name=NAME)
    assert web["IamIdentity"] == "root"
    for wrong in ("", granted["CliToken"] + "0", web["WebToken"]):
        assert post_cli(granted["WebServerHostname"], wrong, "version")[0] == 403
    login = f"http://{web['WebServerHostname']}/aws_mwaa/login?token="
    with fetched(login + web["WebToken"]) as page:
        assert page.status == 200
        assert b"Airflow" in page.read()
    with pytest.raises(urllib.error.HTTPError, match="403"):
        fetched(login + granted["CliToken"])


def test_the_web_server_answers_to_loopback_names_only(hub: Hub, environment: dict[str, Any]):
    url = f"{environment['WebserverUrl']}/api/v2/monitor/health"
    with urllib.request.urlopen(url, timeout=10) as page:
        assert page.status == 200
    rebound = urllib.request.Request(url, headers={"Host": "rebound.example"})
    with pytest.raises(urllib.error.HTTPError, match="400"):
        urllib.request.urlopen(rebound, timeout=10)


def test_tags(hub: Hub, environment: dict[str, Any]):
    arn = environment["Arn"]
    hub.mwaa.tag_resource(ResourceArn=arn, Tags={"stage": "test"})
    hub.mwaa.untag_resource(ResourceArn=arn, tagKeys=["team"])
    assert hub.mwaa.list_tags_for_resource(ResourceArn=arn)["Tags"] == {"stage": "test"}


def test_the_credentials_path_serves_no_stranger(hub: Hub, environment: dict[str, Any]):
    path = next(iter(hub.service._credentials._served))
    with pytest.raises(urllib.error.HTTPError, match="401"):
        fetched(f"{hub.endpoint}/_crosswind/credentials/{path}")


def test_an_update_that_fails_leaves_the_old_build_in_service(hub: Hub, environment: dict[str, Any]):
    broken = hub.put("requirements.txt", b"no-such-package-as-this==9.9.9\n")
    hub.mwaa.update_environment(Name=NAME, RequirementsS3Path="requirements.txt", RequirementsS3ObjectVersion=broken)
    found = hub.settled(NAME)
    assert found["Status"] == "UPDATE_FAILED"
    assert "no-such-package-as-this" in found["LastUpdate"]["Error"]["ErrorMessage"]
    assert found["RequirementsS3ObjectVersion"] == environment["RequirementsS3ObjectVersion"]
    assert hub.rest(NAME, "GET", "/version")["version"] == "3.3.1"


def test_a_changed_wheel_of_the_same_version_is_what_runs_after_an_update(hub: Hub, environment: dict[str, Any]):
    version = hub.put("plugins.zip", plugins("second"))
    hub.mwaa.update_environment(Name=NAME, PluginsS3Path="plugins.zip", PluginsS3ObjectVersion=version)
    with pytest.raises(hub.mwaa.exceptions.ValidationException, match="UPDATING"):
        hub.mwaa.delete_environment(Name=NAME)
    found = hub.settled(NAME)
    assert found["Status"] == "AVAILABLE", found["LastUpdate"]
    assert found["PluginsS3ObjectVersion"] == version
    before = len(hub.rest(NAME, "GET", "/dags/probe/dagRuns")["dag_runs"])
    assert before >= 1  # the metadata database was kept
    assert hub.run(NAME, "probe")["greet"]["greeting"] == "second"


def test_delete_leaves_no_process(hub: Hub, environment: dict[str, Any]):
    held = hub.service._environments[ACCOUNT, REGION, NAME]
    session = held.airflow().pid
    assert len(session_members(session)) > 4
    hub.mwaa.delete_environment(Name=NAME)

    def gone() -> bool:
        try:
            hub.mwaa.get_environment(Name=NAME)
        except hub.mwaa.exceptions.ResourceNotFoundException:
            return True
        return False

    until(gone, 30)
    assert session_members(session) == []
    assert sorted(path.name for path in held.folder.iterdir()) == ["logs"]
    assert hub.mwaa.list_environments()["Environments"] == []


def post_cli(host: str, token: str, command: str) -> tuple[int, Any]:
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "text/plain"}
    try:
        with fetched(f"http://{host}/aws_mwaa/cli", headers, command.encode()) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        return error.code, None
