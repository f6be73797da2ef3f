"""The explanation that docs/how-to/explain-a-denial.md shows is the one that the example's own policies give."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from crosswind.cli import wire
from crosswind.iam import PolicyKind, PolicySet, Principal, Request, decide, explain, parse
from crosswind.report.denial import lines
from crosswind.report.origins import Origins
from crosswind.topology import Names, parse_topology
from tests.unit.synth.conftest import deployed, stacks_of

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "how-to" / "explain-a-denial.md"


def told(session: str, context: Mapping[str, str]) -> list[str]:
    """What `why` says when Airflow's role, in a session, tries the cross-account role of the example."""
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
    caller = Principal.of(f"arn:aws:sts::{topology.hub_account}:assumed-role/{execution}/{session}")
    request = Request("sts:AssumeRole", names.role_arn("cross-account", owner), caller, context=context)

    explanation = explain(decide(request, PolicySet(identity=(own,), resource=trust)))
    return lines(explanation, Origins(topology, places, stacks).of(explanation))


def test_the_denial_shown_is_real() -> None:
    assert "\n".join(told("airflow", {})) in PAGE.read_text()


def test_the_denial_of_the_readme_is_real_but_shortened() -> None:
    (shown,) = re.findall(
        r"^```\n\$ crosswind why\n(.*?)^```", (ROOT / "README.md").read_text(), re.DOTALL | re.MULTILINE
    )
    real = told("me", {"sts:ExternalId": "wrong"})
    left_out = [line for line in real if line not in shown.splitlines()]
    assert set(shown.splitlines()) <= set(real)
    assert all(line.startswith(("  [-] ", "      or owner ")) for line in left_out)
