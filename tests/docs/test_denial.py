"""The explanation that docs/how-to/explain-a-denial.md shows is the one that the example's own policies give."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from crosswind.cli import wire
from crosswind.iam import PolicyKind, PolicySet, Principal, Request, decide, explain, parse
from crosswind.report.denial import lines
from crosswind.report.origins import Origins
from crosswind.topology import Names, parse_topology
from tests.unit.synth.conftest import deployed, stacks_of

PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "explain-a-denial.md"


def test_the_denial_shown_is_real() -> None:
    topology, places = parse_topology(wire.example().read_text())
    names = Names(topology)
    stacks = stacks_of(topology)
    roles: dict[str, Any] = {
        role["RoleName"]: role for each in deployed(stacks).values() for role in each.of("AWS::IAM::Role").values()
    }
    execution, target = names.role("execution"), names.role("cross-account")
    granted = roles[execution]["Policies"][0]
    own = parse(granted["PolicyDocument"], PolicyKind.IDENTITY, name="granted", account=topology.hub_account)
    owner = topology.account_of("ml")
    trust = parse(roles[target]["AssumeRolePolicyDocument"], PolicyKind.TRUST, account=owner)
    caller = Principal.of(f"arn:aws:sts::{topology.hub_account}:assumed-role/{execution}/airflow")
    request = Request("sts:AssumeRole", names.role_arn("cross-account", owner), caller)

    told = explain(decide(request, PolicySet(identity=(own,), resource=trust)))
    shown = lines(told, Origins(topology, places, stacks).of(told))
    assert "\n".join(shown) in PAGE.read_text()
