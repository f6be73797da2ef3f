"""What each role may do, and why: every action with the lines that need it, and nothing made up."""

from __future__ import annotations

import pytest

from crosswind.errors import UsageError
from crosswind.prove import Origin
from crosswind.report.rights import Right, RoleRights, named, rights, role_names
from crosswind.report.rights_text import head, headline, lines
from tests.golden.regenerate import TOPOLOGIES
from tests.unit.prove.declared import Declared, new

HUB, DATA = "111111111111", "222222222222"
_KNOWN: dict[str, tuple[Declared, tuple[RoleRights, ...]]] = {}


def of(name: str) -> tuple[Declared, tuple[RoleRights, ...]]:
    """A golden topology and its roles; each is proven once."""
    if name not in _KNOWN:
        declared = Declared.of(TOPOLOGIES[name])
        _KNOWN[name] = declared, rights(declared.topology, declared.places, declared.stacks)
    return _KNOWN[name]


@pytest.fixture(scope="module")
def example() -> Declared:
    return of("unified_pipelines")[0]


@pytest.fixture(scope="module")
def roles() -> tuple[RoleRights, ...]:
    return of("unified_pipelines")[1]


def right(roles: tuple[RoleRights, ...], role: str, sid: str) -> Right:
    (found,) = [each for one in roles if one.name.endswith(role) for each in one.rights if each.statement.sid == sid]
    return found


@pytest.mark.parametrize("name", sorted(TOPOLOGIES))
def test_every_action_of_every_role_has_a_reason(name: str) -> None:
    declared, roles = of(name)
    # Beside the roles of the templates those that are there already, with what their owners are asked to add.
    assert {each.arn for each in roles} >= set(declared.documents().roles)
    for role in roles:
        assert role.rights[0].kind == "trust"
        for each in role.rights:
            for action, asked in each.needs.items():
                assert asked or each.reason, f"{role.name} {each.statement.sid} {action}"
                assert all(one.place.line > 0 and one.calls for one in asked)


def test_a_statement_tells_steps_lines_and_calls(example: Declared, roles: tuple[RoleRights, ...]) -> None:
    found = right(roles, "-cross-account", "ClaimSource")
    step = "pipelines.cross_account_data_processing_dag.steps[1].run"
    assert {action: [str(each.place.path) for each in asked] for action, asked in found.needs.items()} == {
        "s3:GetObject": [step],
        "s3:PutObject": [step],
    }
    (asked,) = found.needs["s3:PutObject"]
    assert asked.words == ("makes a claim",)
    lined = (TOPOLOGIES["unified_pipelines"]).read_text().splitlines()[asked.place.line - 1]
    assert lined.strip() == "- run: mwaa_glue_raw_to_transform"


@pytest.mark.parametrize(
    ("role", "sid", "action"),
    [
        ("-glue-mwaa_glue_raw_to_transform", "WriteSource", "s3:PutObject"),
        ("-cross-account", "RunGlue", "glue:StartJobRun"),
        ("-deployer", "ManageReplication", "s3:PutReplicationConfiguration"),
    ],
)
def test_what_is_told_fails_without_the_action(
    example: Declared, roles: tuple[RoleRights, ...], role: str, sid: str, action: str
) -> None:
    found = right(roles, role, sid)
    edited, statement = example.edited(Origin(found.origin.file, found.origin.path))
    written = [statement["Action"]] if isinstance(statement["Action"], str) else statement["Action"]
    assert action in written
    statement["Action"] = [each for each in written if each != action] or ["s3:GetBucketPolicy"]
    missing = [each for each in new(example.proof, edited.proof) if each.kind.value == "missing"]
    assert missing
    # Of flows that ask the same, a finding names the first.
    assert {each.asks for each in missing} <= {each.place.path for each in found.needs[action]}


def test_a_statement_that_stands_for_a_reason_says_so(roles: tuple[RoleRights, ...]) -> None:
    found = right(roles, "-execution", "UseQueueKey")
    assert "AWS's own" in found.reason
    assert any("stands for a reason: the key of MWAA's queues" in line for line in lines(found, 100))


def test_a_policy_that_roles_share_is_told_for_each_alone() -> None:
    _, roles = of("customer_keys")
    for role in roles:
        for each in role.rights:
            if each.kind != "trust":
                assert {c.flow.who for asked in each.needs.values() for one in asked for c in one.calls} <= {role.arn}


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("unified-pipelines-cross-account", ["unified-pipelines-cross-account"]),
        ("cross-account", ["unified-pipelines-cross-account"]),
        ("ml", ["unified-pipelines-cross-account"]),
        ("hub", ["unified-pipelines-execution"]),
        ("dagcleanup", ["unified-pipelines-lambda-dagcleanup"]),
        ("transformed", ["unified-pipelines-replication-source"]),
        (f"arn:aws:iam::{HUB}:role/unified-pipelines-deployer", ["unified-pipelines-deployer"]),
        ("deployer", ["unified-pipelines-deployer", "unified-pipelines-deployer"]),
    ],
)
def test_a_role_is_named(example: Declared, roles: tuple[RoleRights, ...], name: str, meant: list[str]) -> None:
    assert [each.name for each in named(roles, name, example.topology)] == meant


def test_an_unknown_role_is_told_with_the_known_ones(example: Declared, roles: tuple[RoleRights, ...]) -> None:
    with pytest.raises(UsageError) as raised:
        named(roles, "dagclean", example.topology)
    assert "there is no role dagclean; known: dagcleanup, hub, ml, " in raised.value.message
    assert raised.value.hint == "name one of these, probably dagcleanup"
    with pytest.raises(UsageError) as raised:
        named(roles, "", example.topology)
    assert raised.value.hint == "name one of these"


def test_completion_offers_what_is_known(example: Declared, roles: tuple[RoleRights, ...]) -> None:
    offered = role_names(example.topology, example.stacks)
    assert set(offered) == {title for each in roles for title in (each.name, *each.declared)}
    assert list(offered) == sorted(offered)


@pytest.mark.parametrize("width", [60, 80, 100])
def test_lines_are_no_wider_than_the_terminal(roles: tuple[RoleRights, ...], width: int) -> None:
    for role in roles:
        for text in (
            line for each in (*role.rights, *role.boundary) for line in (*head(role, width), *lines(each, width))
        ):
            # What cannot be broken, such as an ARN, stands alone.
            assert len(text) <= width or len(text.split()) <= 2, text


def test_the_text_of_a_statement(roles: tuple[RoleRights, ...]) -> None:
    (role,) = [each for each in roles if "dagcleanup" in each.declared]
    assert headline(role) == f"unified-pipelines-lambda-dagcleanup in {DATA}, for dagcleanup"
    text = "\n".join(lines(right(roles, "-lambda-dagcleanup", "DeleteDestination"), 100))
    place = right(roles, "-lambda-dagcleanup", "DeleteDestination").needs["s3:DeleteObject"][0].place
    assert text == (
        "DeleteDestination (granted)\n"
        "    on   arn:aws:s3:::unified-pipelines-destination-222222222222-us-west-2/transformed/*\n"
        "    s3:DeleteObject\n"
        f"        {place}\n"
        "            deletes from destination/transformed"
    )


def test_a_boundary_is_told_apart_and_without_reasons(roles: tuple[RoleRights, ...]) -> None:
    (role,) = [each for each in roles if "dagcleanup" in each.declared]
    assert {each.kind for each in role.rights} == {"trust", "policy"}
    assert role.boundary
    for each in role.boundary:
        assert (each.kind, each.needs) == ("boundary", {})
        assert all(action in "\n".join(lines(each, 100)) for action in each.statement.actions)
    assert len(role.as_dict()["boundary"]) == len(role.boundary)


def test_json_has_every_call_of_every_action(roles: tuple[RoleRights, ...]) -> None:
    found = right(roles, "-lambda-dagcleanup", "DeleteDestination").as_dict()
    assert found["effect"] == "Allow"
    assert found["statement"] == "DeleteDestination"
    ((need),) = found["needs"]
    assert need["action"] == "s3:DeleteObject"
    ((asked),) = need["asked_by"]
    assert asked["topology"]["path"] == "jobs.dagcleanup.deletes[1]"
    assert asked["calls"][0]["does"] == "deletes from destination/transformed"
    assert asked["calls"][0]["evidence"] == "observed"
