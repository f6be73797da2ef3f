"""No path around the edge: other signatures, other addresses, other calls that lead to the same thing."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any
from urllib.error import HTTPError
from urllib.parse import urlsplit
from urllib.request import Request, urlopen

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError, WaiterError

from crosswind.local.edge.call import Credentials
from tests.local.iam.arena import Arena
from tests.local.iam.people import EVERYTHING, Account, allow, outcome
from tests.local.iam.stage import Statements, document

DENIED = "AccessDenied"


@pytest.fixture
def owner(arena: Arena) -> Account:
    """Who owns a bucket with `open/x` and `secret/x`."""
    account = Account(arena, arena.account())
    account.bucket(bucket_of(account), "open/x", "secret/x")
    return account


@pytest.fixture
def stranger(arena: Arena) -> Account:
    return Account(arena, arena.account())


def bucket_of(account: Account) -> str:
    return f"owned-{account.id}"


def fetch(url: str, method: str = "GET", **headers: str) -> tuple[int, str]:
    try:
        with urlopen(Request(url, method=method, headers=headers), timeout=30) as answer:
            return answer.status, answer.read().decode()
    except HTTPError as error:
        return error.code, error.read().decode()


# -- who signs --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/owned-{}/secret/x", "/owned-{}", "/"])
def test_an_unsigned_request(owner: Account, path: str) -> None:
    status, body = fetch(owner.arena.endpoint + path.format(owner.id))
    assert status == 403
    assert "body" not in body


@pytest.mark.parametrize("method", ["PUT", "DELETE"])
def test_an_unsigned_change(owner: Account, method: str) -> None:
    status, _ = fetch(f"{owner.arena.endpoint}/{bucket_of(owner)}/secret/x", method)
    assert status == 403
    assert outcome(owner.root("s3").head_object, Bucket=bucket_of(owner), Key="secret/x") == "allowed"


def test_an_unsigned_call_of_the_query_protocol(owner: Account) -> None:
    request = Request(owner.arena.endpoint, data=b"Action=ListRoles&Version=2010-05-08")
    with pytest.raises(HTTPError) as caught:
        urlopen(request, timeout=30)
    assert caught.value.code == 403


def test_a_header_that_names_another_account(owner: Account, stranger: Account) -> None:
    """moto would take the account from it."""
    keys = stranger.acting("everything", EVERYTHING)
    iam, s3, sts = (owner.arena.clients._make(name, "us-east-1", keys) for name in ("iam", "s3", "sts"))
    for client in (iam, s3, sts):
        client.meta.events.register("before-sign", lambda request, **_: add_account(request, owner.id))
    assert sts.get_caller_identity()["Account"] == stranger.id
    assert [role["RoleName"] for role in iam.list_roles()["Roles"]] == ["everything"]
    assert s3.list_buckets()["Buckets"] == []
    assert outcome(s3.get_object, Bucket=bucket_of(owner), Key="secret/x") == DENIED
    s3.create_bucket(Bucket=f"mine-{stranger.id}")
    assert bucket_of(owner) in names_of(owner)
    assert f"mine-{stranger.id}" in names_of(stranger)


def add_account(request: Any, account: str) -> None:
    request.headers["x-moto-account-id"] = account


def names_of(account: Account) -> list[str]:
    return [one["Name"] for one in account.root("s3").list_buckets()["Buckets"]]


def test_an_expired_session(owner: Account) -> None:
    role = owner.role("worker", EVERYTHING)
    keys = owner.arena.identities.issue(role, "somebody", -1)[0]
    codes = {
        "s3": "ExpiredToken",
        "sts": "ExpiredToken",
        "glue": "ExpiredTokenException",
        "lambda": "ExpiredTokenException",
    }
    calls = {"s3": "list_buckets", "sts": "get_caller_identity", "glue": "list_jobs", "lambda": "list_functions"}
    for service, code in codes.items():
        assert outcome(getattr(owner.client(service, keys), calls[service])) == code


def test_a_session_whose_role_is_gone(owner: Account) -> None:
    """Not even a role of the same name brings it back."""
    keys = owner.session(owner.role("worker"))
    owner.root("iam").delete_role(RoleName="worker")
    assert outcome(owner.client("sts", keys).get_caller_identity) == "InvalidClientTokenId"
    owner.role("worker", EVERYTHING)
    assert outcome(owner.client("sts", keys).get_caller_identity) == "InvalidClientTokenId"


def test_a_session_token_of_somebody_else(owner: Account) -> None:
    one, other = (owner.session(owner.role(name)) for name in ("one", "other"))
    mixed = Credentials(one.access_key, one.secret_key, other.session_token)
    assert outcome(owner.client("sts", mixed).get_caller_identity) == "InvalidClientTokenId"


def test_a_key_that_was_made_inactive(owner: Account) -> None:
    keys = owner.user("anna", EVERYTHING)
    assert outcome(owner.client("sts", keys).get_caller_identity) == "allowed"
    owner.root("iam").update_access_key(UserName="anna", AccessKeyId=keys.access_key, Status="Inactive")
    assert outcome(owner.client("sts", keys).get_caller_identity) == "InvalidClientTokenId"


# -- who asks ---------------------------------------------------------------------------------------------------


def everybody_of(stranger: Account) -> list[Credentials]:
    return [stranger.user("anna", EVERYTHING), stranger.acting("everything", EVERYTHING), Credentials(stranger.id, "x")]


def test_a_stranger_who_may_everything_at_home(owner: Account, stranger: Account) -> None:
    """Its user, its role and its root: the owner's side allows nobody."""
    bucket = bucket_of(owner)
    target = owner.role("target", EVERYTHING)
    for keys in everybody_of(stranger):
        s3 = stranger.client("s3", keys)
        assert outcome(s3.get_object, Bucket=bucket, Key="open/x") == DENIED
        assert outcome(s3.put_object, Bucket=bucket, Key="open/x", Body=b"") == DENIED
        assert outcome(s3.list_objects_v2, Bucket=bucket) == DENIED
        assert outcome(s3.delete_bucket, Bucket=bucket) == DENIED
        assert outcome(s3.put_bucket_policy, Bucket=bucket, Policy=document(EVERYTHING)) == DENIED
        assert outcome(s3.head_object, Bucket=bucket, Key="open/x") == "403"
        assert outcome(stranger.assume, keys, target) == DENIED


def test_a_bucket_policy_that_lets_root_of_another_account_in(owner: Account, stranger: Account) -> None:
    bucket = bucket_of(owner)
    grant = {"Effect": "Allow", "Principal": {"AWS": stranger.root_arn}, "Action": "s3:GetObject"}
    grant["Resource"] = f"arn:aws:s3:::{bucket}/open/*"
    owner.root("s3").put_bucket_policy(Bucket=bucket, Policy=document([grant]))
    s3 = stranger.client("s3", Credentials(stranger.id, "x"))
    assert outcome(s3.get_object, Bucket=bucket, Key="open/x") == "allowed"
    assert outcome(s3.get_object, Bucket=bucket, Key="secret/x") == DENIED


def test_passing_a_role_of_another_account(owner: Account, stranger: Account) -> None:
    glue = [{"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "glue.amazonaws.com"}}]
    foreign = owner.role("job", EVERYTHING, glue)
    client = stranger.client("glue", stranger.acting("everything", EVERYTHING))
    command = {"Name": "glueetl", "ScriptLocation": "s3://b/k"}
    with pytest.raises(ClientError, match="iam:PassRole") as caught:
        client.create_job(Name="j", Role=foreign, Command=command)
    assert caught.value.response["Error"]["Code"] == "AccessDeniedException"


# -- S3's other calls -------------------------------------------------------------------------------------------


@pytest.fixture
def visitor(owner: Account) -> Any:
    """Who may read and write below `open/` and list nothing."""
    return owner.acting("visitor", allow(["s3:GetObject", "s3:PutObject", "s3:DeleteObject"], objects(owner, "open/*")))


def objects(owner: Account, keys: str) -> str:
    return f"arn:aws:s3:::{bucket_of(owner)}/{keys}"


@pytest.mark.parametrize("style", ["path", "virtual"])
@pytest.mark.parametrize(("key", "expected"), [("open/x", 200), ("secret/x", 403)])
def test_both_ways_to_address_a_bucket(
    owner: Account, visitor: Credentials, style: str, key: str, expected: int
) -> None:
    """A presigned URL, whose host need not be known to anybody but the edge."""
    port = owner.arena.endpoint.rpartition(":")[2]
    s3 = addressed(f"http://localhost:{port}", visitor, style)
    url = urlsplit(s3.generate_presigned_url("get_object", Params={"Bucket": bucket_of(owner), "Key": key}))
    assert url.netloc.startswith(bucket_of(owner)) == (style == "virtual")
    status, _ = fetch(f"{owner.arena.endpoint}{url.path}?{url.query}", Host=url.netloc)
    assert status == expected


def addressed(endpoint: str, keys: Credentials, style: str) -> Any:
    return boto3.client(
        "s3",
        region_name="us-east-1",
        endpoint_url=endpoint,
        aws_access_key_id=keys.access_key,
        aws_secret_access_key=keys.secret_key,
        aws_session_token=keys.session_token or None,
        config=Config(s3={"addressing_style": style}, signature_version="s3v4"),
    )


@pytest.mark.parametrize("key", ["open/%2e%2e/secret/x", "open%2F..%2Fsecret/x", "//secret/x", "secret%2Fx"])
def test_keys_that_are_written_otherwise(owner: Account, visitor: Credentials, key: str) -> None:
    """What IAM decides is the key that S3 looks up, however it is written."""
    s3 = owner.client("s3", visitor)
    url = s3.generate_presigned_url("get_object", Params={"Bucket": bucket_of(owner), "Key": "open/x"})
    path, _, query = url.partition("?")
    status, body = fetch(f"{path.replace('open/x', key)}?{query}")
    assert status in (403, 404)
    assert body != "body"


def test_copying_what_one_may_not_read(owner: Account, visitor: Credentials) -> None:
    s3, bucket = owner.client("s3", visitor), bucket_of(owner)
    for source in ({"Bucket": bucket, "Key": "secret/x"}, f"{bucket}/secret%2Fx", f"/{bucket}/secret/x"):
        assert outcome(s3.copy_object, Bucket=bucket, Key="open/y", CopySource=source) == DENIED
    assert outcome(s3.copy_object, Bucket=bucket, Key="open/y", CopySource=f"{bucket}/open/x") == "allowed"
    upload = s3.create_multipart_upload(Bucket=bucket, Key="open/z")["UploadId"]
    part = {"Bucket": bucket, "Key": "open/z", "UploadId": upload, "PartNumber": 1}
    assert outcome(s3.upload_part_copy, **part, CopySource=f"{bucket}/secret/x") == DENIED


def test_an_old_version_needs_a_right_of_its_own(owner: Account, visitor: Credentials) -> None:
    root, bucket = owner.root("s3"), bucket_of(owner)
    root.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    version = root.put_object(Bucket=bucket, Key="open/x", Body=b"new")["VersionId"]
    s3 = owner.client("s3", visitor)
    assert outcome(s3.get_object, Bucket=bucket, Key="open/x") == "allowed"
    assert outcome(s3.get_object, Bucket=bucket, Key="open/x", VersionId=version) == DENIED
    assert outcome(s3.delete_object, Bucket=bucket, Key="open/x", VersionId=version) == DENIED


def test_deleting_several_of_which_one_is_not_allowed(owner: Account, visitor: Credentials) -> None:
    s3, bucket = owner.client("s3", visitor), bucket_of(owner)
    wanted = {"Objects": [{"Key": "open/x"}, {"Key": "secret/x"}]}
    answer = s3.delete_objects(Bucket=bucket, Delete=wanted)
    assert [(one["Key"], one["Code"]) for one in answer["Errors"]] == [("secret/x", DENIED)]
    assert [one["Key"] for one in answer["Deleted"]] == ["open/x"]
    left = owner.root("s3").list_objects_v2(Bucket=bucket)["Contents"]
    assert [one["Key"] for one in left] == ["secret/x"]


def test_a_presigned_url_has_the_rights_of_who_signed(owner: Account, visitor: Credentials) -> None:
    s3, bucket = owner.client("s3", visitor), bucket_of(owner)
    for key, expected in (("open/x", 200), ("secret/x", 403)):
        url = s3.generate_presigned_url("get_object", Params={"Bucket": bucket, "Key": key})
        assert fetch(url)[0] == expected
    url = s3.generate_presigned_url("put_object", Params={"Bucket": bucket, "Key": "secret/y"})
    assert fetch(url, "PUT")[0] == 403
    other = s3.generate_presigned_url("get_object", Params={"Bucket": bucket, "Key": "open/x"})
    assert fetch(other.replace("open/x", "secret/x"))[0] == 403


def test_uploading_in_parts_without_a_right(owner: Account, visitor: Credentials) -> None:
    s3, bucket = owner.client("s3", visitor), bucket_of(owner)
    assert outcome(s3.create_multipart_upload, Bucket=bucket, Key="secret/y") == DENIED
    upload = owner.root("s3").create_multipart_upload(Bucket=bucket, Key="secret/y")["UploadId"]
    part = {"Bucket": bucket, "Key": "secret/y", "UploadId": upload}
    assert outcome(s3.upload_part, **part, PartNumber=1, Body=b"1") == DENIED
    assert outcome(s3.complete_multipart_upload, **part, MultipartUpload={"Parts": []}) == DENIED
    assert outcome(s3.abort_multipart_upload, **part) == DENIED
    assert outcome(s3.list_parts, **part) == DENIED


def test_what_is_not_there_is_told_to_who_may_list(owner: Account) -> None:
    """404 for them, 403 for others: nobody else learns which keys exist."""
    bucket = bucket_of(owner)
    reads = allow("s3:GetObject", objects(owner, "*"))
    lists = allow("s3:ListBucket", f"arn:aws:s3:::{bucket}")
    blind, seeing = owner.acting("blind", reads), owner.acting("seeing", [*reads, *lists])
    assert outcome(owner.client("s3", blind).get_object, Bucket=bucket, Key="open/none") == DENIED
    assert outcome(owner.client("s3", seeing).get_object, Bucket=bucket, Key="open/none") == "NoSuchKey"


def public_read(bucket: str) -> Statements:
    return [
        {"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": f"arn:aws:s3:::{bucket}/open/*"}
    ]


def test_who_does_not_sign_reads_what_is_public(owner: Account) -> None:
    s3, bucket, url = owner.root("s3"), bucket_of(owner), f"{owner.arena.endpoint}/{bucket_of(owner)}"
    s3.delete_public_access_block(Bucket=bucket)
    s3.put_bucket_policy(Bucket=bucket, Policy=document(public_read(bucket)))
    assert fetch(f"{url}/open/x") == (200, "body")
    assert fetch(f"{url}/secret/x")[0] == 403
    assert fetch(f"{url}/open/x", "PUT")[0] == 403
    restricted = {"RestrictPublicBuckets": True}
    s3.put_public_access_block(Bucket=bucket, PublicAccessBlockConfiguration=restricted)
    assert fetch(f"{url}/open/x")[0] == 403


def test_a_public_policy_is_not_taken_where_they_are_blocked(owner: Account) -> None:
    """docs.aws.amazon.com/AmazonS3/latest/userguide/access-control-block-public-access.html, BlockPublicPolicy."""
    s3, bucket = owner.root("s3"), bucket_of(owner)
    s3.put_public_access_block(Bucket=bucket, PublicAccessBlockConfiguration={"BlockPublicPolicy": True})
    assert outcome(s3.put_bucket_policy, Bucket=bucket, Policy=document(public_read(bucket))) == DENIED
    narrow = [{**public_read(bucket)[0], "Principal": {"AWS": owner.root_arn}}]
    assert outcome(s3.put_bucket_policy, Bucket=bucket, Policy=document(narrow)) == "allowed"


# -- several resources in one call ------------------------------------------------------------------------------

KEY, ITEM = {"id": {"S": "1"}}, {"Item": {"id": {"S": "1"}}}
SEVERAL: dict[str, tuple[str, str, dict[str, Any], str]] = {
    "a batch of reads": ("dynamodb", "batch_get_item", {"RequestItems": {"open": {"Keys": [KEY]}}}, "table/{}"),
    "a batch of writes": (
        "dynamodb",
        "batch_write_item",
        {"RequestItems": {"open": [{"PutRequest": ITEM}]}},
        "table/{}",
    ),
    "a transaction": (
        "dynamodb",
        "transact_get_items",
        {"TransactItems": [{"Get": {"TableName": "open", "Key": KEY}}]},
        "table/{}",
    ),
    "several jobs": ("glue", "batch_get_jobs", {"JobNames": ["open"]}, "job/{}"),
    "several secrets": ("secretsmanager", "batch_get_secret_value", {"SecretIdList": ["open"]}, "secret:{}-??????"),
}


@pytest.mark.parametrize("case", SEVERAL)
def test_one_of_several_that_is_not_allowed(owner: Account, case: str) -> None:
    service, operation, asked, form = SEVERAL[case]
    for name in ("open", "closed"):
        if service == "dynamodb":
            owner.root("dynamodb").create_table(
                TableName=name,
                KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
                AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
                BillingMode="PAY_PER_REQUEST",
            )
        elif service == "secretsmanager":
            owner.root(service).create_secret(Name=name, SecretString=f"{name}-text")
    own = f"arn:aws:{service}:us-east-1:{owner.id}:{form.format('open')}"
    listed = allow("secretsmanager:BatchGetSecretValue")
    keys = owner.acting("partly", [*allow(f"{service}:*", own), *listed])
    call = getattr(owner.client(service, keys), operation)
    assert outcome(call, **asked) == "allowed"
    closed = json.loads(json.dumps(asked).replace('"open"', '"closed"'))
    assert told(call, closed) in ("AccessDeniedException", "AccessDenied")
    both = {key: merged(value, closed[key]) for key, value in asked.items()}
    assert told(call, both) in ("AccessDeniedException", "AccessDenied")


def merged(one: Any, other: Any) -> Any:
    return {**one, **other} if isinstance(one, dict) else [*one, *other]


def told(call: Any, asked: dict[str, Any]) -> str:
    """The error's code; that of the first item which alone was refused, as BatchGetSecretValue does."""
    try:
        answer = call(**asked)
    except ClientError as error:
        return str(error.response["Error"]["Code"])
    return str(answer["Errors"][0]["ErrorCode"]) if answer.get("Errors") else "allowed"


# -- other services' help ---------------------------------------------------------------------------------------


def test_what_a_stack_may_do(owner: Account) -> None:
    """CloudFormation cannot give its caller a role that the caller could not make."""
    caller = owner.acting("builder", allow(["cloudformation:*", "s3:*"]))
    trusted = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": owner.id}}
    role = {
        "RoleName": "ladder",
        "AssumeRolePolicyDocument": json.loads(document([trusted])),
        "ManagedPolicyArns": ["arn:aws:iam::aws:policy/AdministratorAccess"],
    }
    template = {"Resources": {"Role": {"Type": "AWS::IAM::Role", "Properties": role}}}
    cloudformation = owner.client("cloudformation", caller)
    cloudformation.create_stack(
        StackName="ladder", TemplateBody=json.dumps(template), Capabilities=["CAPABILITY_NAMED_IAM"]
    )
    waiter = cloudformation.get_waiter("stack_create_complete")
    with pytest.raises(WaiterError, match="ROLLBACK_COMPLETE"):
        waiter.wait(StackName="ladder", WaiterConfig={"Delay": 0.05, "MaxAttempts": 200})
    reasons = [
        one.get("ResourceStatusReason", "")
        for one in cloudformation.describe_stack_events(StackName="ladder")["StackEvents"]
    ]
    assert any("not authorized to perform: iam:CreateRole" in one for one in reasons), reasons
    assert outcome(owner.root("iam").get_role, RoleName="ladder") == "NoSuchEntity"


def test_a_stack_with_a_role_needs_the_right_to_pass_it(owner: Account) -> None:
    trusted = [
        {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "cloudformation.amazonaws.com"}}
    ]
    role = owner.role("administrator", EVERYTHING, trusted)
    caller = owner.acting("builder", allow("cloudformation:*"))
    template = json.dumps({"Resources": {"T": {"Type": "AWS::Logs::LogGroup"}}})
    create = owner.client("cloudformation", caller).create_stack
    assert outcome(create, StackName="s", TemplateBody=template, RoleARN=role) == DENIED


def test_a_template_in_a_bucket_that_its_caller_may_not_read(owner: Account) -> None:
    """CloudFormation reads a template with its caller's rights."""
    bucket, template = bucket_of(owner), json.dumps({"Resources": {"T": {"Type": "AWS::Logs::LogGroup"}}})
    owner.root("s3").put_object(Bucket=bucket, Key="secret/template.json", Body=template.encode())
    caller = owner.client("cloudformation", owner.acting("builder", allow("cloudformation:*")))
    url = f"https://{bucket}.s3.us-east-1.amazonaws.com/secret/template.json"
    with pytest.raises(ClientError, match=r"S3 error: Access Denied|AccessDenied|not authorized"):
        caller.create_stack(StackName="s", TemplateURL=url)
    root = owner.client("cloudformation", Credentials(owner.id, "x"))
    assert outcome(root.create_stack, StackName="s", TemplateURL=url) == "allowed"


# -- the world's own paths --------------------------------------------------------------------------------------


def unsigned_paths(arena: Arena) -> list[str]:
    return ["/_crosswind/requests", "/_crosswind/decisions", "/_crosswind/decisions/last", "/_crosswind/health"]


def test_the_worlds_own_paths_show_no_secret(owner: Account) -> None:
    """They are unsigned, for `crosswind why`: keys that sign, tokens and bodies stay out of them."""
    arena, bucket = owner.arena, bucket_of(owner)
    keys = owner.user("anna", allow("s3:GetObject"))
    session = owner.session(owner.role("worker"))
    owner.client("s3", keys).get_object(Bucket=bucket, Key="secret/x")
    create: Callable[..., Any] = owner.client("secretsmanager", session).create_secret
    assert outcome(create, Name="s", SecretString="the-secret-text") == "AccessDeniedException"
    owner.root("secretsmanager").create_secret(Name="t", SecretString="the-secret-text")
    for path in unsigned_paths(arena):
        status, text = fetch(arena.endpoint + path)
        assert status == 200
        for secret in (keys.secret_key, session.secret_key, session.session_token, "the-secret-text"):
            assert secret not in text


def test_the_worlds_own_paths_change_nothing_for_a_web_page(owner: Account) -> None:
    for path in (*unsigned_paths(owner.arena), "/_crosswind/shutdown"):
        assert fetch(owner.arena.endpoint + path, Origin="https://example.com")[0] == 403
