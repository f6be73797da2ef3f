"""What IAM is told of who asks."""

from __future__ import annotations

import json

import pytest

from crosswind.iam import PolicyKind, PrincipalKind
from crosswind.local.authorization.callers import Callers
from crosswind.local.edge.call import Principal
from crosswind.local.identity import Identities, Terms
from tests.unit.local.edge.fakes import HUB, SITE, FakeBackend, FakePolicy, by

NOW = 1_790_000_000.5  # 2026-09-21T14:13:20Z
MANAGED = f"arn:aws:iam::{SITE}:policy/limits"


def policy(action: str) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": action, "Resource": "*"}]})


class Stage:
    def __init__(self) -> None:
        self.backend = FakeBackend()
        self.identities = Identities(self.backend, lambda: NOW)
        self.callers = Callers(self.identities)


@pytest.fixture
def stage() -> Stage:
    return Stage()


def test_root(stage: Stage) -> None:
    caller = stage.callers.of(stage.identities.root(HUB))
    assert (caller.principal.kind, caller.principal.account) == (PrincipalKind.ROOT, HUB)
    assert caller.context == {"aws:userid": HUB}
    assert caller.session_policies is None


def test_a_session_has_its_roles_path_id_and_tags(stage: Stage) -> None:
    role = stage.backend.add_role("team/etl", tags={"Stage": "test", "Owner": "data"})
    terms = Terms(tags={"stage": "live"}, source_identity="ann")
    _, principal = stage.identities.issue(role, "run", via="glue", terms=terms)
    caller = stage.callers.of(principal)
    assert caller.via == "glue"
    assert caller.principal.arn == f"arn:aws:sts::{SITE}:assumed-role/etl/run"
    assert (caller.principal.role_arn, caller.principal.unique_id) == (role, "AROATEAM/ETL")
    assert caller.context == {
        "aws:userid": "AROATEAM/ETL:run",
        "aws:TokenIssueTime": "2026-09-21T14:13:20Z",
        "aws:MultiFactorAuthPresent": "false",
        "aws:PrincipalTag/Owner": "data",
        "aws:PrincipalTag/stage": "live",
        "aws:SourceIdentity": "ann",
    }
    assert caller.session_policies is None


def test_a_change_of_the_roles_tags_counts_at_once(stage: Stage) -> None:
    role = stage.backend.add_role("etl", tags={"Owner": "data"})
    _, principal = stage.identities.issue(role, "run")

    def tags() -> dict[str, object]:
        context = stage.callers.of(principal).context
        return {key: value for key, value in context.items() if key.startswith("aws:PrincipalTag/")}

    assert stage.callers.of(principal) is stage.callers.of(principal)
    assert tags() == {"aws:PrincipalTag/Owner": "data"}
    stage.backend.add_role("etl", tags={"Owner": "ml", "Cost": "7"})
    assert tags() == {"aws:PrincipalTag/Owner": "ml", "aws:PrincipalTag/Cost": "7"}
    del stage.backend.roles[role]
    assert tags() == {}


def test_session_policies(stage: Stage) -> None:
    role = stage.backend.add_role("etl")
    stage.backend.policies[SITE, MANAGED] = FakePolicy("limits", policy("s3:*"))
    _, principal = stage.identities.issue(role, "run", terms=Terms(policy("glue:*"), (MANAGED,)))
    first, second = stage.callers.of(principal), stage.callers.of(principal)
    assert first.session_policies is not None
    assert [each.kind for each in first.session_policies] == [PolicyKind.SESSION] * 2
    assert [(each.name, each.arn, len(each.statements)) for each in first.session_policies] == [
        ("session policy", "", 1),
        ("limits", MANAGED, 1),
    ]
    assert second.session_policies is not None
    assert all(a is b for a, b in zip(first.session_policies, second.session_policies, strict=True))
    del stage.backend.policies[SITE, MANAGED]
    left = stage.callers.of(principal).session_policies
    assert left is not None
    assert [len(each.statements) for each in left] == [1, 0]


def test_a_user_and_its_token(stage: Stage) -> None:
    keys = stage.backend.add_user("ann", tags={"Team": "data"})
    user = Principal(SITE, f"arn:aws:iam::{SITE}:user/ann", "AIDAANN", keys.access_key)
    caller = stage.callers.of(user)
    lasting = {"aws:userid": "AIDAANN", "aws:username": "ann", "aws:PrincipalTag/Team": "data"}
    assert (caller.principal.kind, caller.principal.unique_id) == (PrincipalKind.USER, "AIDAANN")
    assert caller.context == lasting
    _, token = stage.identities.issue_token(user, 900)
    temporary = {"aws:TokenIssueTime": "2026-09-21T14:13:20Z", "aws:MultiFactorAuthPresent": "false"}
    assert stage.callers.of(token).context == lasting | temporary


def test_services_and_nobody(stage: Stage) -> None:
    service = stage.callers.of(Principal(SITE, "s3.amazonaws.com", "s3.amazonaws.com"))
    assert (service.principal.kind, service.principal.arn) == (PrincipalKind.SERVICE, "s3.amazonaws.com")
    nobody = stage.callers.of(Principal("", "", ""))
    assert nobody.principal.kind is PrincipalKind.ANONYMOUS
    assert nobody.context == {}


def test_a_key_of_the_edge_leads_here(stage: Stage) -> None:
    backend = FakeBackend()
    identities = Identities(backend)
    credentials, _ = identities.issue(backend.add_role("etl"), "run")
    caller = Callers(identities).of(identities.identify(by(credentials, "s3")))
    assert caller.principal.kind is PrincipalKind.SESSION
