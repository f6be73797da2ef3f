"""The MWAA API: each operation in botocore's shape, over the environments of this world."""

from __future__ import annotations

import base64
import threading
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from crosswind.local.edge.call import Call, Handler, HttpRequest, HttpResponse, ServiceError
from crosswind.local.edge.routes import json_response
from crosswind.local.mwaa.bucket import BucketError, EnvironmentBucket
from crosswind.local.mwaa.document import changed, created
from crosswind.local.mwaa.environment import Environment, Surroundings
from crosswind.local.mwaa.image import Installer
from crosswind.local.mwaa.interpreter import find_interpreter
from crosswind.local.mwaa.processes import processes
from crosswind.local.mwaa.role import Clients, CredentialsEndpoint, ExecutionRole, Identities
from crosswind.local.mwaa.tokens import sign
from crosswind.local.mwaa.validation import bucket_of, check_create, check_update, invalid

__all__ = ["Mwaa", "Route"]

Route = Callable[[HttpRequest], HttpResponse]


class Mwaa:
    """The service `mwaa`.

    Args:
        identities: issues sessions of execution roles.
        clients: makes clients that go through the edge.
        state_dir: takes one folder an environment, `<account>-<region>-<name>`.
        cache_dir: shared by worlds; base environments lie in its `airflow`.
        endpoint_of: the world's URL, asked when an Airflow starts.
        sync_seconds: how often DAGs folders are compared with their buckets.
        start_seconds: how long an Airflow may take to become healthy.
    """

    name = "mwaa"

    def __init__(
        self,
        identities: Identities,
        clients: Clients,
        state_dir: Path,
        cache_dir: Path,
        endpoint_of: Callable[[], str],
        *,
        sync_seconds: float = 3.0,
        start_seconds: float = 180.0,
    ) -> None:
        self._state = state_dir.resolve()
        self._credentials = CredentialsEndpoint()
        self._installer = Installer(cache_dir.resolve() / "airflow")
        self._around = Surroundings(
            credentials=self._credentials,
            role_of=lambda arn, region, source: ExecutionRole(identities, clients, arn, region, source),
            installer=self._installer,
            python=cache(find_interpreter),
            endpoint_of=endpoint_of,
            sync_seconds=sync_seconds,
            start_seconds=start_seconds,
        )
        self._lock = threading.Lock()
        self._environments: dict[tuple[str, str, str], Environment] = {}
        self.operations: Mapping[str, Handler] = {
            "CreateEnvironment": self._create,
            "GetEnvironment": self._get,
            "UpdateEnvironment": self._update,
            "DeleteEnvironment": self._delete,
            "ListEnvironments": self._list,
            "CreateCliToken": self._cli_token,
            "CreateWebLoginToken": self._web_token,
            "InvokeRestApi": self._invoke,
            "TagResource": self._tag,
            "UntagResource": self._untag,
            "ListTagsForResource": self._tags,
        }
        self.routes: Mapping[str, Route] = {
            CredentialsEndpoint.PREFIX: self._credentials.respond,
            "/_crosswind/airflow": self._show,
        }

    def stop(self) -> None:
        """Stop every Airflow, and what is being made; nothing is left running."""
        self._installer.stop()
        with self._lock:
            left = list(self._environments.values())
        threads = [threading.Thread(target=environment.close) for environment in left]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    def _show(self, _: HttpRequest) -> HttpResponse:
        """Every environment with the processes of its Airflow: an operation of this world alone (`processes`)."""
        with self._lock:
            held = sorted(self._environments.items())
        environments = [
            {
                "account": account,
                "region": region,
                "name": name,
                "status": environment.status,
                "url": environment.describe().get("WebserverUrl", ""),
                "home": str(environment.home),
                "logs": str(environment.logs),
                **processes(environment.home),
            }
            for (account, region, name), environment in held
        ]
        return json_response({"schema_version": 1, "environments": environments})

    def _create(self, call: Call) -> Mapping[str, Any]:
        check_create(call.parameters)
        key = (call.account, call.region, str(call.parameters["Name"]))
        if key in self._environments:
            raise invalid(f"an environment named {key[2]} exists already in {call.account}, {call.region}")
        document = created(call)
        self._check_account(document, call)
        folder = self._state / "-".join(key)
        environment = Environment(document, folder, self._around, lambda _: self._forget(key))
        with self._lock:
            if key in self._environments:
                raise invalid(f"an environment named {key[2]} exists already in {call.account}, {call.region}")
            self._environments[key] = environment
        environment.create()
        return {"Arn": document["Arn"]}

    def _get(self, call: Call) -> Mapping[str, Any]:
        return {"Environment": self._find(call).describe()}

    def _update(self, call: Call) -> Mapping[str, Any]:
        environment = self._find(call)
        current = environment.describe()
        check_update(call.parameters, current)
        changes = changed(call.parameters, current)
        self._check_account({**current, **changes}, call)
        environment.update(changes)
        return {"Arn": current["Arn"]}

    def _delete(self, call: Call) -> Mapping[str, Any]:
        self._find(call).delete()
        return {}

    def _list(self, call: Call) -> Mapping[str, Any]:
        size = int(call.parameters.get("MaxResults") or 25)
        with self._lock:
            names = sorted(name for account, region, name in self._environments if (account, region) == _place(call))
        after = _decoded(call.parameters.get("NextToken"))
        names = [name for name in names if name > after]
        page: dict[str, Any] = {"Environments": names[:size]}
        if names[size:]:
            page["NextToken"] = base64.urlsafe_b64encode(names[size - 1].encode()).decode()
        return page

    def _cli_token(self, call: Call) -> Mapping[str, Any]:
        environment = self._find(call)
        host = f"127.0.0.1:{environment.airflow().port}"
        return {
            "CliToken": sign(environment.keys().tokens, "cli", call.principal.arn),
            "WebServerHostname": host,
        }

    def _web_token(self, call: Call) -> Mapping[str, Any]:
        environment = self._find(call)
        identity = call.principal.arn.split(":", 5)[5]
        return {
            "WebToken": sign(environment.keys().tokens, "web", call.principal.arn),
            "WebServerHostname": f"127.0.0.1:{environment.airflow().port}",
            "IamIdentity": identity,
            "AirflowIdentity": identity[-64:],
        }

    def _invoke(self, call: Call) -> Mapping[str, Any]:
        return self._find(call).rest().invoke(call.parameters)

    def _tag(self, call: Call) -> Mapping[str, Any]:
        self._by_arn(call).tag(call.parameters["Tags"], [])
        return {}

    def _untag(self, call: Call) -> Mapping[str, Any]:
        self._by_arn(call).tag({}, list(call.parameters.get("tagKeys") or ()))
        return {}

    def _tags(self, call: Call) -> Mapping[str, Any]:
        return {"Tags": self._by_arn(call).describe().get("Tags", {})}

    def _find(self, call: Call, name: str = "") -> Environment:
        name = name or str(call.parameters["Name"])
        with self._lock:
            environment = self._environments.get((*_place(call), name))
        if environment is None:
            raise ServiceError("ResourceNotFoundException", f"environment {name} not found", 404)
        return environment

    def _by_arn(self, call: Call) -> Environment:
        return self._find(call, str(call.parameters["ResourceArn"]).rpartition("/")[2])

    def _forget(self, key: tuple[str, str, str]) -> None:
        with self._lock:
            self._environments.pop(key, None)

    def _check_account(self, document: Mapping[str, Any], call: Call) -> None:
        """Refuse a role or a bucket that MWAA would refuse, before anything is made."""
        role = self._around.role_of(str(document["ExecutionRoleArn"]), call.region, str(document["Arn"]))
        if role.arn.split(":")[4] != call.account:
            raise invalid(f"ExecutionRoleArn {role.arn} is not a role of account {call.account}")
        try:
            role.credentials()
            EnvironmentBucket(role, bucket_of(str(document["SourceBucketArn"]))).check()
        except (BucketError, ServiceError) as error:
            raise invalid(str(error)) from error


def _place(call: Call) -> tuple[str, str]:
    return (call.account, call.region)


def _decoded(token: str | None) -> str:
    if not token:
        return ""
    try:
        return base64.urlsafe_b64decode(token.encode()).decode()
    except ValueError as error:
        raise invalid("NextToken is not one that ListEnvironments returned") from error
