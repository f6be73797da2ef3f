"""IAM at the edge, end to end: anonymous callers, other accounts' resources by ARN, forward access, the log."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any
from urllib.error import HTTPError
from urllib.parse import unquote
from urllib.request import Request, urlopen

import pytest
from botocore.exceptions import ClientError

from tests.local.iam.arena import Arena
from tests.local.iam.people import Account, allow, outcome

WHY = "x-crosswind-why"


@pytest.fixture(scope="module")
def arena() -> Iterator[Arena]:
    made = Arena()
    yield made
    made.stop()


@pytest.fixture
def owner(arena: Arena) -> Account:
    return Account(arena, arena.account())


def fetched(url: str, method: str = "GET", **headers: str) -> tuple[int, bytes]:
    try:
        with urlopen(Request(url, method=method, headers=headers), timeout=30) as answer:
            return answer.status, answer.read()
    except HTTPError as error:
        return error.code, error.read()


def anybody(action: str, resource: str, **more: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Principal": "*", "Action": action, "Resource": resource, **more}


def test_a_public_bucket_answers_unsigned_requests(arena: Arena, owner: Account) -> None:
    name = f"public-{owner.id}"
    owner.bucket(name, "open/x", "secret/x", policy=[anybody("s3:GetObject", f"arn:aws:s3:::{name}/open/*")])
    assert fetched(f"{arena.endpoint}/{name}/open/x") == (200, b"body")
    port = arena.endpoint.rpartition(":")[2]
    assert fetched(f"{arena.endpoint}/open/x", Host=f"{name}.s3.localhost:{port}") == (200, b"body")
    status, body = fetched(f"{arena.endpoint}/{name}/secret/x")
    assert (status, b"<Message>Access Denied</Message>" in body) == (403, True)
    assert fetched(f"{arena.endpoint}/{name}/open/x", "DELETE")[0] == 403
    assert fetched(f"{arena.endpoint}/no-{name}/open/x")[0] == 403
    owner.root("s3").put_public_access_block(
        Bucket=name, PublicAccessBlockConfiguration={"RestrictPublicBuckets": True}
    )
    assert fetched(f"{arena.endpoint}/{name}/open/x")[0] == 403
    assert owner.root("s3").get_object(Bucket=name, Key="open/x")["Body"].read() == b"body"


def test_a_secret_of_another_account_by_its_arn(arena: Arena, owner: Account) -> None:
    visitor = Account(arena, arena.account())
    arn = owner.root("secretsmanager").create_secret(Name="s", SecretString="hidden")["ARN"]
    caller = visitor.client("secretsmanager", visitor.acting("reader", allow("secretsmanager:GetSecretValue")))
    assert outcome(caller.get_secret_value, SecretId=arn) == "AccessDeniedException"
    policy = {"Version": "2012-10-17", "Statement": anybody("secretsmanager:GetSecretValue", "*")}
    policy["Statement"]["Principal"] = {"AWS": visitor.id}  # type: ignore[index]  # a statement
    owner.root("secretsmanager").put_resource_policy(SecretId=arn, ResourcePolicy=json.dumps(policy))
    assert caller.get_secret_value(SecretId=arn)["SecretString"] == "hidden"


def test_a_stack_acts_with_its_callers_rights_and_is_seen(owner: Account) -> None:
    via = {"ForAnyValue:StringEquals": {"aws:CalledVia": "cloudformation.amazonaws.com"}}
    rights = [*allow("cloudformation:*"), *allow(["logs:*"], **via)]
    caller = owner.acting("builder", rights)
    template = json.dumps({"Resources": {"G": {"Type": "AWS::Logs::LogGroup", "Properties": {"LogGroupName": "g"}}}})
    cloudformation = owner.client("cloudformation", caller)
    assert outcome(owner.client("logs", caller).create_log_group, logGroupName="h") == "AccessDeniedException"
    cloudformation.create_stack(StackName="s", TemplateBody=template)
    cloudformation.get_waiter("stack_create_complete").wait(
        StackName="s", WaiterConfig={"Delay": 0.05, "MaxAttempts": 200}
    )
    groups = owner.root("logs").describe_log_groups()["logGroups"]
    assert [group["logGroupName"] for group in groups] == ["g"]


def test_a_denial_carries_its_reason_and_is_kept(arena: Arena, owner: Account) -> None:
    glue = owner.client("glue", owner.acting("idle", allow("glue:GetJobs")))
    with pytest.raises(ClientError) as caught:
        glue.get_job(JobName="j")
    metadata = caught.value.response["ResponseMetadata"]
    assert "FIX" in unquote(metadata["HTTPHeaders"][WHY])
    kept = arena.get(f"/_crosswind/decisions/{metadata['RequestId']}")
    assert (kept["allowed"], kept["request"]["operation"]) == (False, "GetJob")
    assert arena.get("/_crosswind/decisions/last")["request"]["id"] == metadata["RequestId"]
    records = arena.get("/_crosswind/requests")["requests"]
    assert next(one for one in records if one["id"] == metadata["RequestId"])["decision"] == "denied"


def test_a_users_boundary_is_in_the_way(owner: Account) -> None:
    iam = owner.root("iam")
    caller = owner.user("ann", allow("logs:*"))
    logs = owner.client("logs", caller)
    assert outcome(logs.describe_log_groups) == "allowed"
    fence = {"Version": "2012-10-17", "Statement": allow("s3:*")}
    arn = iam.create_policy(PolicyName="fence", PolicyDocument=json.dumps(fence))["Policy"]["Arn"]
    iam.put_user_permissions_boundary(UserName="ann", PermissionsBoundary=arn)
    with pytest.raises(ClientError, match="no permissions boundary allows"):
        logs.describe_log_groups()
    iam.delete_user_permissions_boundary(UserName="ann")
    assert outcome(logs.describe_log_groups) == "allowed"


def test_a_malformed_policy_is_never_stored(owner: Account) -> None:
    role = owner.role("r").rpartition("/")[2]
    put = owner.root("iam").put_role_policy
    broken = json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Permit", "Action": "*", "Resource": "*"}]})
    assert outcome(put, RoleName=role, PolicyName="p", PolicyDocument=broken) == "MalformedPolicyDocument"
    assert owner.root("iam").list_role_policies(RoleName=role)["PolicyNames"] == []
