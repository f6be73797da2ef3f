import json
import time
from typing import Any

from crosswind.local.edge.call import Credentials, HttpRequest, Principal, ServiceError
from crosswind.local.mwaa.role import CredentialsEndpoint, ExecutionRole

ROLE = "arn:aws:iam::111111111111:role/mwaa"
ENVIRONMENT = "arn:aws:airflow:us-east-1:111111111111:environment/hub"


class Issuing:
    """Identities that count what they issue, and let it live for a given time."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.asked: list[tuple[str, str, str, str]] = []

    def issue(
        self, role_arn: str, session_name: str, duration: int = 3600, *, via: str = "", source_arn: str = ""
    ) -> tuple[Credentials, Principal]:
        self.asked.append((role_arn, session_name, via, source_arn))
        key = f"ASIA{len(self.asked)}"
        return Credentials(key, "secret", "token", time.time() + self.seconds), Principal("1", role_arn, "x", key)


class NoClients:
    def client(self, service: str, region: str, credentials: Credentials) -> Any:
        raise AssertionError("no client is needed")


def role(identities: Issuing) -> ExecutionRole:
    return ExecutionRole(identities, NoClients(), ROLE, "us-east-1", ENVIRONMENT)


def ask(endpoint: CredentialsEndpoint, path: str, token: str) -> tuple[int, dict[str, str]]:
    answer = endpoint.respond(HttpRequest("GET", path, {}, {"authorization": token}, b""))
    assert isinstance(answer.body, bytes)
    return answer.status, json.loads(answer.body)


def test_a_session_is_kept_while_it_is_fresh_and_replaced_before_it_ends():
    lasting, ending = Issuing(3600), Issuing(60)
    for identities in (lasting, ending):
        session = role(identities)
        session.credentials()
        session.credentials()
    assert lasting.asked == [(ROLE, "AmazonMWAA-airflow", "airflow", ENVIRONMENT)]
    assert len(ending.asked) == 2


def test_the_endpoint_answers_as_the_sdks_container_provider_expects():
    endpoint = CredentialsEndpoint()
    path, token = endpoint.add(role(Issuing(3600)))
    status, found = ask(endpoint, path, token)
    assert status == 200
    assert {name: found[name] for name in ("AccessKeyId", "SecretAccessKey", "Token", "RoleArn")} == {
        "AccessKeyId": "ASIA1",
        "SecretAccessKey": "secret",
        "Token": "token",
        "RoleArn": ROLE,
    }
    assert found["Expiration"].endswith("Z")


def test_a_role_that_was_deleted_is_said_to_the_sdk():
    class Gone(Issuing):
        def issue(
            self, role_arn: str, session_name: str, duration: int = 3600, *, via: str = "", source_arn: str = ""
        ) -> tuple[Credentials, Principal]:
            raise ServiceError("NoSuchEntity", f"The role {role_arn} cannot be found.", 404)

    endpoint = CredentialsEndpoint()
    status, found = ask(endpoint, *endpoint.add(role(Gone(0))))
    assert (status, found["code"]) == (404, "NoSuchEntity")


def test_without_its_token_nothing_is_served():
    endpoint = CredentialsEndpoint()
    path, token = endpoint.add(role(Issuing(3600)))
    other, other_token = endpoint.add(role(Issuing(3600)))
    assert ask(endpoint, path, "")[0] == 401
    assert ask(endpoint, path, other_token)[0] == 401
    assert ask(endpoint, path + "x", token)[0] == 404
    endpoint.remove(path)
    assert ask(endpoint, path, token)[0] == 404
    assert ask(endpoint, other, other_token)[0] == 200
