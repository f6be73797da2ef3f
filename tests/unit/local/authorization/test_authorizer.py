"""The authorizer over a state of plain dictionaries: which policies are asked, which keys are there, what is kept."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest

from crosswind import iam
from crosswind.iam import PolicyKind
from crosswind.local.authorization.authorizer import Authorizer
from crosswind.local.authorization.callers import Caller
from crosswind.local.authorization.decisions import DecisionLog
from crosswind.local.authorization.denials import WHY
from crosswind.local.authorization.documents import Document, KeptGrant, KeptPrincipal, Member, OrganizationLevel
from crosswind.local.authorization.forwarding import forwarded
from crosswind.local.authorization.need import Need
from crosswind.local.authorization.organization import Organization
from crosswind.local.authorization.parsed import ParsedPolicies, UnreadablePolicyError
from crosswind.local.authorization.policies import PolicyStore
from crosswind.local.edge.call import Call, DeniedError, HttpRequest, Principal, Ruling

HUB, SITE, OTHER = "111111111111", "222222222222", "333333333333"
ROLE = f"arn:aws:iam::{HUB}:role/team/exec"
SESSION = Principal(HUB, f"arn:aws:sts::{HUB}:assumed-role/exec/me", "AROAEXEC:me", "ASIA1")
USER = f"arn:aws:iam::{HUB}:user/ann"
BUCKET = "arn:aws:s3:::data"


def policy(*statements: Mapping[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def allow(action: str, resource: str = "*", **more: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": action, "Resource": resource, **more}


def deny(action: str, **more: Any) -> dict[str, Any]:
    return {**allow(action), "Effect": "Deny", **more}


FULL = Document(policy(allow("*")), "FullAWSAccess")


@dataclass
class State:
    principals: dict[str, KeptPrincipal] = field(default_factory=dict)
    trusts: dict[str, Document] = field(default_factory=dict)
    resources: dict[str, Document] = field(default_factory=dict)
    keys: dict[str, Document] = field(default_factory=dict)
    grants: dict[str, tuple[KeptGrant, ...]] = field(default_factory=dict)
    managed: set[str] = field(default_factory=set)
    members: dict[str, Member] = field(default_factory=dict)
    restricted: bool = False

    def kept_role(self, arn: str) -> KeptPrincipal | None:
        return self.principals.get(arn)

    def kept_user(self, arn: str) -> KeptPrincipal | None:
        return self.principals.get(arn)

    def trust_policy(self, arn: str) -> Document | None:
        return self.trusts.get(arn)

    def resource_policy(self, arn: str, account: str) -> Document | None:
        return self.resources.get(arn.partition("/")[0])

    def restricts_public(self, bucket: str, account: str) -> bool:
        return self.restricted

    def key_policy(self, arn: str) -> Document | None:
        return self.keys.get(arn)

    def key_grants(self, arn: str) -> Sequence[KeptGrant]:
        return self.grants.get(arn, ())

    def key_is_managed(self, arn: str) -> bool:
        return arn in self.managed

    def key_state(self, arn: str) -> str:
        return "Enabled"

    def member(self, account: str) -> Member | None:
        return self.members.get(account)


class GivenNeeds:
    def __init__(self, *needs: Need) -> None:
        self.needs = needs

    def of(self, call: Call) -> tuple[Need, ...]:
        return self.needs


class GivenCallers:
    def __init__(self, context: Mapping[str, str] | None = None, session: tuple[iam.Policy, ...] | None = None) -> None:
        self.context = context or {}
        self.session = session

    def of(self, principal: Principal) -> Caller:
        role = ROLE if "assumed-role" in principal.arn else ""
        who = iam.Principal.of(principal.arn, role_arn=role, unique_id=principal.user_id.partition(":")[0])
        return Caller(who, self.context, self.session)


class Room:
    def __init__(self, state: State, *needs: Need, callers: GivenCallers | None = None, log: DecisionLog | None = None):
        self.log = log or DecisionLog()
        self.state = state
        self.authorizer = Authorizer(
            callers or GivenCallers(),  # type: ignore[arg-type]  # a stand-in with the one method
            GivenNeeds(*needs),  # type: ignore[arg-type]  # as above
            PolicyStore(state),
            Organization(state),
            self.log,
            clock=lambda: 1_800_000_000.0,
        )

    def ask(self, call: Call) -> Ruling | None:
        return self.authorizer.authorize(call)

    def denied(self, call: Call) -> DeniedError:
        with pytest.raises(DeniedError) as caught:
            self.ask(call)
        return caught.value

    def decisions(self, call: Call) -> tuple[iam.Decision, ...]:
        found = self.log.of(call.id)
        assert found is not None
        pairs = zip(found.asked, found.kept, strict=True)
        return tuple(kept if isinstance(kept, iam.Decision) else iam.decide(asked, kept) for asked, kept in pairs)


def a_call(principal: Principal = SESSION, service: str = "s3", operation: str = "GetObject", **more: Any) -> Call:
    http = HttpRequest("GET", "/", {}, {"user-agent": "boto3/1"}, b"")
    return Call("request-1", principal, HUB, "us-east-1", service, operation, {}, http, **more)


def a_need(action: str = "s3:GetObject", resource: str = f"{BUCKET}/k", account: str = HUB, **more: Any) -> Need:
    return Need(action, resource, account, **more)


def a_role(*statements: Mapping[str, Any], boundary: Document | None = None, **more: Any) -> KeptPrincipal:
    document = Document(policy(*statements), "inline", "", HUB)
    return KeptPrincipal(ROLE, "AROAEXEC", (document,) if statements else (), boundary, **more)


def with_role(*statements: Mapping[str, Any], **more: Any) -> State:
    return State({ROLE: a_role(*statements, **more)})


def test_what_needs_no_right_is_not_decided() -> None:
    room = Room(State())
    assert room.ask(a_call()) is None
    assert room.log.counts == {"requests": 0, "allowed": 0, "denied": 0}


def test_a_role_may_what_its_policies_say() -> None:
    room = Room(with_role(allow("s3:GetObject", f"{BUCKET}/*")), a_need())
    assert room.ask(a_call()) == Ruling(HUB)
    room = Room(with_role(allow("s3:PutObject")), a_need())
    error = room.denied(a_call())
    assert (error.code, error.status) == ("AccessDenied", 403)
    assert "no identity-based policy allows the s3:GetObject action" in error.message
    assert "inline" in unquote(error.headers[WHY])


def test_every_need_counts_and_the_first_denial_is_told() -> None:
    needs = (a_need(), a_need("s3:GetObjectTagging"), a_need("s3:GetObjectAcl"))
    room = Room(with_role(allow("s3:GetObject")), *needs)
    assert "s3:GetObjectTagging" in room.denied(a_call()).message
    assert [decision.allowed for decision in room.decisions(a_call())] == [True, False, False]


def test_any_of_several_resources_may_suffice() -> None:
    several = a_need("airflow:CreateWebLoginToken", "arn:a", instead=("arn:b", "arn:c"))
    assert Room(with_role(allow("airflow:*", "arn:c")), several).ask(a_call()) is not None
    assert "arn:a" in Room(with_role(allow("airflow:*", "arn:d")), several).denied(a_call()).message


def test_a_role_made_anew_has_not_the_old_sessions_rights() -> None:
    state = State({ROLE: a_role(allow("*"))._replace(unique_id="AROANEW")})
    Room(state, a_need()).denied(a_call())


def test_a_boundary_and_a_session_policy_are_in_the_way() -> None:
    fence = Document(policy(allow("sqs:*")), "fence", f"arn:aws:iam::{HUB}:policy/fence", HUB)
    room = Room(with_role(allow("s3:*"), boundary=fence), a_need())
    assert "no permissions boundary allows" in room.denied(a_call()).message
    session = iam.parse(policy(allow("sqs:*")), PolicyKind.SESSION)
    room = Room(with_role(allow("s3:*")), a_need(), callers=GivenCallers(session=(session,)))
    assert "no session policy allows" in room.denied(a_call()).message


def test_both_sides_of_another_accounts_bucket() -> None:
    need = a_need(account=SITE)
    granting = Document(policy({**allow("s3:*"), "Principal": {"AWS": ROLE}}), "data", "", SITE)
    state = with_role(allow("s3:GetObject"))
    Room(state, need).denied(a_call())
    state.resources[BUCKET] = granting
    assert Room(state, need).ask(a_call()) == Ruling(SITE), "the call works on the owner's state"
    state.principals[ROLE] = a_role()
    Room(state, need).denied(a_call())


def test_a_public_bucket_is_open_to_anybody_until_that_is_blocked() -> None:
    nobody = Principal("", "", "")
    state = State(resources={BUCKET: Document(policy({**allow("s3:GetObject"), "Principal": "*"}), "data", "", SITE)})
    assert Room(state, a_need(account=SITE)).ask(a_call(nobody)) is not None
    state.restricted = True
    assert Room(state, a_need(account=SITE)).denied(a_call(nobody)).message == "Access Denied"


def test_a_key_lets_in_whom_its_policy_or_a_grant_names() -> None:
    key = f"arn:aws:kms:us-east-1:{HUB}:key/k"
    need = a_need("kms:Decrypt", key)
    closed = Document(policy({**allow("kms:*"), "Principal": {"AWS": USER}}), "k", key, HUB)
    state = with_role(allow("kms:*"))
    state.keys[key] = closed
    Room(state, need).denied(a_call())
    state.grants[key] = (KeptGrant("g", ROLE, ("Decrypt",)),)
    assert Room(state, need).ask(a_call()) is not None


def test_a_role_is_assumed_by_its_trust() -> None:
    target = f"arn:aws:iam::{SITE}:role/etl"
    need = a_need("sts:AssumeRole", target, SITE, context={"sts:ExternalId": "seven"})
    state = with_role(allow("sts:AssumeRole"))
    trust = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": HUB}}
    condition = {"Condition": {"StringEquals": {"sts:ExternalId": "seven"}}}
    state.trusts[target] = Document(policy({**trust, **condition}), "etl", target, SITE)
    call = a_call(service="sts", operation="AssumeRole")
    assert Room(state, need).ask(call) is not None
    assert Room(state, need._replace(context={"sts:ExternalId": "six"})).denied(call).code == "AccessDenied"


def test_a_service_is_held_against_the_trust() -> None:
    state = State()
    trust = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "glue.amazonaws.com"}}
    state.trusts[ROLE] = Document(policy(trust), "exec", ROLE, HUB)
    room = Room(state)
    room.authorizer.authorize_service("glue.amazonaws.com", ROLE, HUB, {})
    with pytest.raises(DeniedError, match=r"lambda\.amazonaws\.com is not authorized to perform: sts:AssumeRole"):
        room.authorizer.authorize_service("lambda.amazonaws.com", ROLE, HUB, {})
    assert room.log.counts == {"requests": 2, "allowed": 1, "denied": 1}
    assert room.log.last is not None
    assert room.log.last.via == "lambda"


def level(name: str, *scps: Document, rcps: tuple[Document, ...] = ()) -> OrganizationLevel:
    return OrganizationLevel(name, name, scps, rcps)


def a_member(*levels: OrganizationLevel, management: str = OTHER, scps: bool = True, rcps: bool = True) -> Member:
    return Member("o-1", management, levels, scps, rcps)


def test_scps_bind_members_only_while_they_are_enabled() -> None:
    fence = Document(policy(deny("s3:*")), "fence", "arn:scp", OTHER)
    bound = a_member(level("Root", FULL), level("account", FULL, fence))
    cases = {
        True: bound,
        False: replace(bound, scps=False),
    }
    for denied, member in cases.items():
        state = with_role(allow("s3:*"))
        state.members[HUB] = member
        room = Room(state, a_need())
        if denied:
            assert "with an explicit deny in a service control policy: arn:scp" in room.denied(a_call()).message
        else:
            assert room.ask(a_call()) is not None
    state = with_role(allow("s3:*"))
    state.members[HUB] = replace(bound, management=HUB)
    assert Room(state, a_need()).ask(a_call()) is not None, "no SCP binds the management account"
    state = with_role(allow("s3:*"), service_linked=True)
    state.members[HUB] = bound
    assert Room(state, a_need()).ask(a_call()) is not None, "nor a service-linked role"


def test_a_root_user_is_bound_by_an_scp_alone() -> None:
    root = Principal(HUB, f"arn:aws:iam::{HUB}:root", HUB, HUB)
    assert Room(State(), a_need()).ask(a_call(root)) is not None
    state = State(members={HUB: a_member(level("Root", FULL), level("account"))})
    assert "service control policy" in Room(state, a_need()).denied(a_call(root)).message


def test_rcps_bind_the_owners_resources() -> None:
    outside = {"Condition": {"StringNotEqualsIfExists": {"aws:PrincipalOrgID": "o-1"}}, "Principal": "*"}
    fence = Document(policy(deny("s3:*", **outside)), "fence", "arn:rcp", OTHER)
    full = Document(policy({**allow("*"), "Principal": "*"}), "RCPFullAWSAccess", "", OTHER)
    granting = Document(policy({**allow("s3:*"), "Principal": {"AWS": ROLE}}), "data", "", SITE)
    state = with_role(allow("s3:*"))
    state.resources[BUCKET] = granting
    state.members[SITE] = a_member(level("Root", FULL, rcps=(full, fence)), level("account", FULL, rcps=(full,)))
    Room(state, a_need(account=SITE)).denied(a_call())
    state.members[HUB] = a_member(level("Root", FULL), level("account", FULL))
    assert Room(state, a_need(account=SITE)).ask(a_call()) is not None, "the caller is of the organization now"


def test_the_keys_of_every_request() -> None:
    room = Room(with_role(allow("*")), a_need(context={"s3:prefix": "raw/"}), callers=GivenCallers({"aws:userid": "u"}))
    room.state.members[HUB] = a_member(level("Root", FULL), level("account", FULL))
    room.ask(a_call())
    (decision,) = room.decisions(a_call())
    keys = {name.lower(): value for name, value in decision.request.context.items()}
    expected = {
        "aws:requestedregion": "us-east-1", "aws:sourceip": "127.0.0.1", "aws:securetransport": "true",
        "aws:currenttime": "2027-01-15T08:00:00Z", "aws:epochtime": "1800000000", "aws:useragent": "boto3/1",
        "aws:viaawsservice": "false", "aws:principalorgid": "o-1", "aws:resourceorgid": "o-1", "s3:prefix": "raw/",
        "aws:userid": "u", "aws:resourceaccount": HUB,
    }  # fmt: skip
    assert {name: keys.get(name) for name in expected} == expected
    assert "aws:calledvia" not in keys


def test_what_a_service_forwards_is_seen() -> None:
    need = a_need("kms:Decrypt", f"arn:aws:kms:us-east-1:{HUB}:key/k", forwarded_by="s3.us-east-1.amazonaws.com")
    room = Room(with_role(allow("*")), a_need(), need)
    room.denied(a_call())
    first, second = (decision.request.context for decision in room.decisions(a_call()))
    assert (first["aws:ViaAWSService"], second["aws:ViaAWSService"]) == ("false", "true")
    assert "aws:SourceIp" in first
    assert "aws:SourceIp" not in second
    assert "aws:CalledVia" not in second, "S3 does not name itself there"


def test_a_chain_of_services() -> None:
    once = forwarded({"aws:SourceIp": "127.0.0.1", "a": "b"}, "cloudformation")
    assert once == {
        "a": "b", "aws:ViaAWSService": "true", "aws:CalledVia": ["cloudformation.amazonaws.com"],
        "aws:CalledViaFirst": "cloudformation.amazonaws.com", "aws:CalledViaLast": "cloudformation.amazonaws.com",
    }  # fmt: skip
    twice = forwarded(once, "dynamodb")
    assert twice["aws:CalledVia"] == ["cloudformation.amazonaws.com", "dynamodb.amazonaws.com"]
    assert (twice["aws:CalledViaFirst"], twice["aws:CalledViaLast"]) == (
        "cloudformation.amazonaws.com", "dynamodb.amazonaws.com"
    )  # fmt: skip


def test_a_document_that_is_no_policy_denies() -> None:
    state = State({ROLE: KeptPrincipal(ROLE, "AROAEXEC", (Document("{", "broken", "", HUB),), None)})
    error = Room(state, a_need()).denied(a_call())
    assert "'broken'" in error.message
    assert HUB in error.message


def test_a_denial_for_want_of_a_readable_document_is_in_the_log(tmp_path: Path) -> None:
    log = DecisionLog(tmp_path / "decisions.jsonl")
    broken = Document("{", "broken", "", OTHER)
    held = State(with_role(allow("s3:*")).principals, resources={f"{BUCKET}2": broken})
    room = Room(held, a_need(), a_need(resource=f"{BUCKET}2/k", account=OTHER), log=log)
    error = room.denied(replace(a_call(), id="blind"))
    assert "'broken'" in unquote(error.headers[WHY])
    rows = asked_of(log, "/_crosswind/decisions")[1]
    assert [(row["resource"], row["resource_account"], row["effect"]) for row in rows["decisions"]] == [
        (f"{BUCKET}/k", HUB, "Allow"), (f"{BUCKET}2/k", OTHER, "ImplicitDeny")
    ]  # fmt: skip
    assert rows["counts"] == {"requests": 1, "allowed": 0, "denied": 1}
    _, told = asked_of(log, "/_crosswind/decisions/last")
    assert (told["request"]["id"], told["allowed"]) == ("blind", False)
    explanation = iam.Explanation.of(told["decisions"][1]["explanation"])
    assert explanation.sentence == error.message
    assert f"resource-based policy 'broken' of account {OTHER} cannot be read" in explanation.sentence
    assert (explanation.owner, explanation.documents[0].policy) == (OTHER, "broken")
    log.close()
    assert json.loads((tmp_path / "decisions.jsonl").read_text()) == told


def test_parsed_policies_are_kept_by_text_and_place() -> None:
    parsed = ParsedPolicies(keep=2)
    text = policy(allow("s3:*"))
    first = parsed.of(Document(text, "a"), PolicyKind.IDENTITY)
    assert parsed.of(Document(str(text), "a"), PolicyKind.IDENTITY) is first
    assert parsed.of(Document(text, "b"), PolicyKind.IDENTITY) is not first
    assert parsed.of(Document(text.encode(), "a"), PolicyKind.IDENTITY).name == "a"
    assert parsed.of(Document(text, "a"), PolicyKind.IDENTITY) is not first, "the oldest is forgotten"
    trust = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": ROLE}}
    document = Document(policy(trust), "t")
    bound = parsed.of(document, PolicyKind.TRUST, {ROLE: "AROA1"})
    assert parsed.of(document, PolicyKind.TRUST, {ROLE: "AROA2"}) is not bound
    with pytest.raises(UnreadablePolicyError):
        parsed.of(Document(b"\xff", "a"), PolicyKind.IDENTITY)


def asked_of(log: DecisionLog, path: str, **query: str) -> tuple[int, Any]:
    routes = log.routes
    prefix = max((one for one in routes if path == one or (one.endswith("/") and path.startswith(one))), key=len)
    answer = routes[prefix](HttpRequest("GET", path, query, {}, b""))
    assert isinstance(answer.body, bytes)
    return answer.status, json.loads(answer.body)


def test_the_log_shows_rows_requests_and_the_last_denial(tmp_path: Path) -> None:
    log = DecisionLog(tmp_path / "decisions.jsonl", keep=3)
    at = "/_crosswind/decisions"
    assert asked_of(log, f"{at}/last")[0] == 404
    state = with_role(allow("s3:GetObject"))
    Room(state, a_need(), log=log).ask(replace(a_call(), id="one"))
    Room(state, a_need(), a_need("s3:GetObjectTagging"), log=log).denied(replace(a_call(), id="two"))
    status, rows = asked_of(log, at)
    assert status == 200
    assert [(row["number"], row["request_id"], row["effect"]) for row in rows["decisions"]] == [
        (1, "one", "Allow"), (2, "two", "Allow"), (3, "two", "ImplicitDeny")
    ]  # fmt: skip
    assert (rows["next"], rows["counts"]) == (3, {"requests": 2, "allowed": 1, "denied": 1})
    assert [row["number"] for row in asked_of(log, at, since="1", denied="1")[1]["decisions"]] == [3]
    assert [row["number"] for row in asked_of(log, at, since="2")[1]["decisions"]] == [3]
    assert asked_of(log, at, since="3")[1]["decisions"] == []
    assert asked_of(log, at, since="x")[0] == 400
    _, told = asked_of(log, f"{at}/one")
    assert (told["schema_version"], told["allowed"], told["request"]["operation"]) == (1, True, "GetObject")
    _, told = asked_of(log, f"{at}/last")
    assert (told["request"]["id"], told["allowed"]) == ("two", False)
    assert told["decisions"][1]["explanation"]["sentence"].startswith(f"User: {SESSION.arn} is not authorized")
    assert asked_of(log, f"{at}/none")[0] == 404
    for number in range(3):
        Room(state, a_need(), log=log).ask(replace(a_call(), id=f"later-{number}"))
    assert asked_of(log, f"{at}/one")[0] == 404, "the oldest are forgotten"
    assert log.counts["requests"] == 5
    log.close()
    lines = [json.loads(line) for line in (tmp_path / "decisions.jsonl").read_text().splitlines()]
    assert [line["request"]["id"] for line in lines] == ["two"]
    assert (tmp_path / "decisions.jsonl").stat().st_mode & 0o077 == 0


def test_the_file_of_denials_does_not_grow_for_ever(tmp_path: Path) -> None:
    path, state = tmp_path / "decisions.jsonl", with_role(allow("s3:GetObject"))
    log = DecisionLog(path, largest=20_000)
    for number in range(100):
        Room(state, a_need("s3:PutObject"), log=log).denied(replace(a_call(), id=f"r{number}"))
        lines = [json.loads(line) for line in path.read_text().splitlines()]
        assert lines[-1]["request"]["id"] == f"r{number}", "each is written within its request"
        assert path.stat().st_size <= 20_000
    assert 1 < len(lines) < 100
    log.close()


@pytest.mark.parametrize(
    ("service", "operation", "action", "code", "status", "words"),
    [
        ("s3", "GetObject", "s3:GetObject", "AccessDenied", 403, 'on resource: "arn:aws:s3:::data/k"'),
        ("iam", "ListRoles", "iam:ListRoles", "AccessDenied", 403, "iam:ListRoles"),
        ("cloudformation", "CreateStack", "cloudformation:CreateStack", "AccessDenied", 403, "because no"),
        ("glue", "GetJob", "glue:GetJob", "AccessDeniedException", 400, "because no"),
        ("kms", "Decrypt", "kms:Decrypt", "AccessDeniedException", 400, "kms:Decrypt"),
        ("lambda", "Invoke", "lambda:InvokeFunction", "AccessDeniedException", 403, "lambda:InvokeFunction"),
        ("mwaa", "GetEnvironment", "airflow:GetEnvironment", "AccessDeniedException", 403, "airflow:GetEnvironment"),
        ("sns", "Publish", "sns:Publish", "AuthorizationError", 403, "sns:Publish"),
        ("sqs", "SendMessage", "sqs:SendMessage", "AccessDenied", 403, "perform: sqs:sendmessage on"),
        ("ec2", "DescribeVpcs", "ec2:DescribeVpcs", "UnauthorizedOperation", 403, "You are not authorized to perform"),
        ("ec2", "CreateVpc", "ec2:CreateVpc", "UnauthorizedOperation", 403, " Encoded authorization failure message: "),
    ],
)
def test_the_words_of_each_service(
    service: str, operation: str, action: str, code: str, status: int, words: str
) -> None:
    headers = {"x-amz-target": f"X.{operation}"} if service in ("sqs", "glue", "kms") else {}
    call = replace(a_call(service=service, operation=operation), http=HttpRequest("POST", "/", {}, headers, b""))
    error = Room(with_role(allow("nothing:AtAll")), a_need(action)).denied(call)
    assert (error.code, error.status) == (code, status)
    assert words in error.message
    assert "\n" not in error.headers[WHY]
    assert len(error.headers[WHY]) <= 6000


def test_a_read_carries_no_encoded_message() -> None:
    call = a_call(service="ec2", operation="DescribeVpcs")
    assert "Encoded" not in Room(with_role(allow("a:B")), a_need("ec2:DescribeVpcs", "*")).denied(call).message


def test_a_long_explanation_is_cut() -> None:
    statements = [allow("s3:PutObject", f"{BUCKET}/{'ü' * 200}{number}") for number in range(40)]
    error = Room(with_role(*statements), a_need(resource=f"{BUCKET}/{'ü' * 900}")).denied(a_call())
    why = error.headers[WHY]
    assert len(why) <= 6000
    assert unquote(why, errors="strict").startswith("User: ")
