"""A local world in this process, with IAM enforced as in `crosswind local up`, without what runs jobs and Airflow."""

from __future__ import annotations

import itertools
import json
from collections.abc import Mapping
from functools import partial
from typing import Any
from urllib.request import urlopen

from crosswind.local.authorization.decisions import DecisionLog
from crosswind.local.authorization.enforcement import Enforcement
from crosswind.local.clients import Clients
from crosswind.local.cloudformation import CloudFormation
from crosswind.local.edge.call import Call, Credentials, Handler
from crosswind.local.edge.edge import Edge
from crosswind.local.edge.server import EdgeServer
from crosswind.local.engines import GlueDefinitions
from crosswind.local.identity import Identities
from crosswind.local.moto_backend import MotoBackend
from crosswind.local.replication import Replication
from crosswind.local.requestlog import RequestLog
from crosswind.local.sts import Sts

_ACCOUNTS = itertools.count(700_000_000_001)


class Answers:
    """A service's operations that would start a job: here each has one answer, as authorization comes before it."""

    def __init__(self, name: str, answers: Mapping[str, Mapping[str, Any]]) -> None:
        self.name = name
        self.operations: Mapping[str, Handler] = {
            operation: partial(_answer, answer) for operation, answer in answers.items()
        }


def _answer(answer: Mapping[str, Any], _: Call) -> Mapping[str, Any]:
    return answer


_JOBS = (
    Answers("glue", {"StartJobRun": {"JobRunId": "jr_1"}, "BatchStopJobRun": {}}),
    Answers("sagemaker", {"CreateTrainingJob": {"TrainingJobArn": "arn"}, "StopTrainingJob": {}}),
    Answers("lambda", {"Invoke": {"StatusCode": 200}}),
)


class Arena:
    """The world, its endpoint, and what it decided."""

    def __init__(self) -> None:
        self.moto = MotoBackend()
        self.identities = Identities(self.moto)
        self._enforcement = Enforcement(self.moto, self.identities, lambda: self._cloudformation, DecisionLog())
        self.issuer = self._enforcement.issuer
        edge = Edge(self.identities, [Sts(self.identities)], self.moto, self._enforcement.authorizer, RequestLog())
        self._enforcement.attach(edge)
        self._server = EdgeServer(edge)
        self._server.listen()
        self.endpoint = self._server.endpoint
        self.clients = Clients(self.endpoint)
        self._cloudformation = CloudFormation(self.issuer, self.clients)
        self.replication = Replication(edge, self.issuer, self.moto, delay=0.0)
        for service in (self._cloudformation, self.replication, GlueDefinitions(self.moto), *_JOBS):
            edge.add(service)
        edge.add_guard(self.replication.guard)
        for prefix, route in self.replication.routes.items():
            edge.mount(prefix, route)
        edge.add_hook(self.replication.after_call)
        self._server.start()
        self.replication.start()

    def stop(self) -> None:
        """End all of it."""
        for part in (self._cloudformation, self.replication, self._server, self._enforcement):
            part.stop()

    def account(self) -> str:
        """An account id that nobody has used."""
        return str(next(_ACCOUNTS))

    def root(self, service: str, account: str, region: str = "us-east-1") -> Any:
        """A client that acts as an account's root."""
        return self.clients.client(service, region, Credentials(account, "local"))

    def why(self, request_id: str) -> Mapping[str, Any] | None:
        """The explanation of a request's first denial; None when IAM denied nothing of it."""
        found = self.get(f"/_crosswind/decisions/{request_id}")
        denied = [one for one in found["decisions"] if one["effect"] != "Allow"] if found else []
        explanation: Mapping[str, Any] | None = denied[0]["explanation"] if denied else None
        return explanation

    def get(self, path: str) -> Any:
        """A document of the world's own paths; None when there is none."""
        try:
            with urlopen(self.endpoint + path, timeout=30) as answer:
                return json.load(answer)
        except OSError:
            return None
