"""Requests that say two things at once: what is judged is what is done, whichever of the two it is."""

from __future__ import annotations

import http.client
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import botocore.credentials
import pytest
from botocore.auth import S3SigV4Auth, SigV4Auth
from botocore.awsrequest import AWSRequest

from crosswind.local.edge.call import Credentials
from tests.local.iam.arena import Arena
from tests.local.iam.people import Account, allow

FORM = "application/x-www-form-urlencoded; charset=utf-8"
# Everything that S3 can be asked about a bucket or an object beside its content.
ASIDES = (
    *("abac", "accelerate", "acl", "analytics", "attributes", "cors", "encryption", "intelligent-tiering"),
    *("inventory", "legal-hold", "lifecycle", "location", "logging", "metadataTable", "metrics", "notification"),
    *("object-lock", "ownershipControls", "policy", "policyStatus", "publicAccessBlock", "renameObject"),
    *("replication", "requestPayment", "restore", "retention", "select", "session", "tagging", "torrent"),
    *("uploads", "versioning", "versions", "website"),
)
SECRET = "s3://the-secret"


@dataclass(frozen=True)
class Asked:
    """A raw request, signed for one service."""

    signed_for: str
    method: str = "POST"
    path: str = "/"
    headers: Mapping[str, str] = field(default_factory=dict)
    body: str = ""
    region: str = "us-east-1"


def send(account: Account, credentials: Credentials, asked: Asked) -> tuple[int, str]:
    """The status and the body of the answer."""
    host = urlsplit(account.arena.endpoint).netloc
    request = AWSRequest(
        asked.method, f"http://{host}{asked.path}", headers={"Host": host, **asked.headers}, data=asked.body
    )
    held = botocore.credentials.Credentials(
        credentials.access_key, credentials.secret_key, credentials.session_token or None
    )
    signer = S3SigV4Auth if asked.signed_for == "s3" else SigV4Auth
    signer(held, asked.signed_for, asked.region).add_auth(request)
    connection = http.client.HTTPConnection(host, timeout=30)
    try:
        connection.request(asked.method, asked.path, asked.body, dict(request.headers))
        answer = connection.getresponse()
        return answer.status, answer.read().decode("utf-8", "replace")
    finally:
        connection.close()


@pytest.fixture(scope="module")
def account(arena: Arena) -> Account:
    """An account with a role, a secret, a Glue job and a bucket whose policy and objects are secret."""
    made = Account(arena, arena.account())
    made.role("the-secret-role")
    policy = {"Effect": "Deny", "Principal": "*", "Action": "s3:PutBucketTagging", "Resource": "*", "Sid": "TheSecret"}
    policy["Resource"] = f"arn:aws:s3:::box-{made.id}"
    made.bucket(f"box-{made.id}", "open/x", "secret/the-secret", policy=[policy])
    made.root("s3").put_object(Bucket=f"box-{made.id}", Key="secret/x", Body=SECRET.encode())
    made.bucket(f"other-{made.id}", "the-secret")
    return made


def rights(account: Account, name: str, *actions: str, resource: str = "*") -> Credentials:
    iam = account.root("iam")
    if name not in {role["RoleName"] for role in iam.list_roles()["Roles"]}:
        account.role(name, allow(list(actions), resource))
    return account.session(f"arn:aws:iam::{account.id}:role/{name}")


def form(**fields: str) -> str:
    return "&".join(f"{name}={value}" for name, value in fields.items())


LIST_ROLES = form(Action="ListRoles", Version="2010-05-08")
FREE = form(Action="GetCallerIdentity", Version="2011-06-15")
ALIASES = form(Action="ListAccountAliases", Version="2010-05-08")
QUERY_PROTOCOL = {
    "signed for STS, a body for IAM": Asked("sts", headers={"Content-Type": FORM}, body=LIST_ROLES),
    "a free call in the query, another in the body": Asked(
        "sts", path=f"/?{FREE}", headers={"Content-Type": FORM}, body=LIST_ROLES
    ),
    "an allowed call in the query, another in the body": Asked(
        "iam", path=f"/?{ALIASES}", headers={"Content-Type": FORM}, body=LIST_ROLES
    ),
    "an allowed call in the body, another in the query": Asked(
        "iam", path=f"/?{LIST_ROLES}", headers={"Content-Type": FORM}, body=ALIASES
    ),
    "an allowed call, then another of the same name": Asked(
        "iam", headers={"Content-Type": FORM}, body=f"{LIST_ROLES}&Action=ListAccountAliases"
    ),
    "another call, then an allowed one": Asked(
        "iam", headers={"Content-Type": FORM}, body=f"Action=ListAccountAliases&{LIST_ROLES}"
    ),
    "a target header of another service": Asked(
        "iam",
        headers={"Content-Type": FORM, "X-Amz-Target": "secretsmanager.ListSecrets"},
        body=ALIASES,
    ),
    "IAM's host, signed for S3": Asked(
        "s3",
        headers={
            "Content-Type": FORM,
            "Host": "iam.amazonaws.com",
            "x-amz-content-sha256": "UNSIGNED-PAYLOAD",
        },
        body=LIST_ROLES,
    ),
    "an operation in a header of the world's own": Asked(
        "iam", headers={"Content-Type": FORM, "x-crosswind-operation": "ListRoles"}, body=ALIASES
    ),
}


@pytest.mark.parametrize("case", QUERY_PROTOCOL)
def test_two_calls_of_the_query_protocol(account: Account, case: str) -> None:
    keys = rights(account, "aliases", "iam:ListAccountAliases", "s3:ListAllMyBuckets")
    _, body = send(account, keys, QUERY_PROTOCOL[case])
    assert "the-secret-role" not in body


def test_one_call_alone_is_done(account: Account) -> None:
    """The rights of this file's callers are real, and so are their signatures."""
    box = f"box-{account.id}"
    aliases = rights(account, "aliases", "iam:ListAccountAliases", "s3:ListAllMyBuckets")
    assert send(account, aliases, Asked("iam", headers={"Content-Type": FORM}, body=ALIASES))[0] == 200
    glue = rights(account, "glue-lists", "glue:ListJobs")
    headers = {"Content-Type": "application/x-amz-json-1.1", "X-Amz-Target": "AWSGlue.ListJobs"}
    assert send(account, glue, Asked("glue", headers=headers, body="{}"))[0] == 200
    lists = rights(account, "lists", "s3:ListBucket", resource=f"arn:aws:s3:::{box}")
    assert send(account, lists, Asked("s3", "GET", f"/{box}?list-type=2"))[0] == 200
    there = {"Host": f"{box}.s3.amazonaws.com"}
    assert send(account, lists, Asked("s3", "GET", "/?list-type=2", headers=there))[0] == 200
    puts = rights(account, "puts", "s3:PutObject", resource=f"arn:aws:s3:::{box}/open/*")
    assert send(account, puts, Asked("s3", "PUT", f"/{box}/open/y?x-id=PutObject", body="1"))[0] == 200
    opens = rights(account, "opens", "s3:GetObject", resource=f"arn:aws:s3:::{box}/open/*")
    assert send(account, opens, Asked("s3", "GET", f"/{box}/open/x"))[0] == 200


TARGETS = {
    "a target of another service": ("glue", "secretsmanager.ListSecrets"),
    "a target of no service": ("glue", "Nothing.ListSecrets"),
    "a target without a service": ("glue", "ListSecrets"),
    "signed for another service": ("secretsmanager", "AWSGlue.ListJobs"),
}


@pytest.mark.parametrize("case", TARGETS)
def test_two_calls_of_json(account: Account, case: str) -> None:
    signed_for, target = TARGETS[case]
    keys = rights(account, "glue-lists", "glue:ListJobs")
    headers = {"Content-Type": "application/x-amz-json-1.1", "X-Amz-Target": target}
    status, body = send(account, keys, Asked(signed_for, headers=headers, body="{}"))
    assert status >= 400, body


@pytest.mark.parametrize("aside", ASIDES)
def test_listing_a_bucket_beside_something_else(account: Account, aside: str) -> None:
    """Who may list sees a list or nothing."""
    keys = rights(account, "lists", "s3:ListBucket", resource=f"arn:aws:s3:::box-{account.id}")
    for query in (f"list-type=2&{aside}", f"{aside}&list-type=2", f"{aside}=1&prefix=open", aside):
        status, body = send(account, keys, Asked("s3", "GET", f"/box-{account.id}?{query}"))
        assert status >= 400 or "<ListBucketResult" in body, (query, body)


@pytest.mark.parametrize("aside", ASIDES)
def test_writing_an_object_beside_something_else(account: Account, aside: str) -> None:
    """Who may put objects below `open/` cannot set anything else, of the object or the bucket."""
    bucket = f"box-{account.id}"
    keys = rights(account, "puts", "s3:PutObject", resource=f"arn:aws:s3:::{bucket}/open/*")
    root = account.root("s3")
    before = state_of(account)
    for path in (
        f"/{bucket}/open/y?{aside}",
        f"/{bucket}?{aside}",
        f"/{bucket}/?{aside}",
        f"/{bucket}?{aside}&x-id=PutObject",
    ):
        for method in ("PUT", "POST", "DELETE"):
            send(account, keys, Asked("s3", method, path, body=SECRET))
    assert state_of(account) == before
    root.delete_object(Bucket=bucket, Key="open/y")


def state_of(account: Account) -> str:
    """What a bucket is set to, but for its objects below `open/`."""
    s3, bucket = account.root("s3"), f"box-{account.id}"
    keys = [one["Key"] for one in s3.list_objects_v2(Bucket=bucket)["Contents"] if not one["Key"].startswith("open/")]
    told = {"keys": keys, "policy": s3.get_bucket_policy(Bucket=bucket)["Policy"]}
    told["versioning"] = s3.get_bucket_versioning(Bucket=bucket).get("Status", "")
    told["tags"] = s3.get_object_tagging(Bucket=bucket, Key="open/x")["TagSet"]
    told["buckets"] = [one["Name"] for one in s3.list_buckets()["Buckets"]]
    return json.dumps(told)


HOSTS = (
    "{}.s3.amazonaws.com",
    "{}.s3.us-east-1.amazonaws.com",
    "{}.localhost",
    "{}.s3.localhost",
    "{}.S3.amazonaws.com",
)


@pytest.mark.parametrize("host", HOSTS)
def test_one_bucket_in_the_host_and_another_in_the_path(account: Account, host: str) -> None:
    mine, other = f"box-{account.id}", f"other-{account.id}"
    keys = rights(account, "lists", "s3:ListBucket", resource=f"arn:aws:s3:::{mine}")
    for one, two in ((mine, other), (other, mine)):
        asked = Asked("s3", "GET", f"/{two}?list-type=2", headers={"Host": host.format(one)})
        _, body = send(account, keys, asked)
        assert f"<Name>{other}</Name>" not in body
    status, body = send(account, keys, Asked("s3", "GET", "/?list-type=2", headers={"Host": host.format(other)}))
    assert status >= 400, body


PATHS = (
    "/{0}//secret/x",
    "//{0}/secret/x",
    "/{0}/open/../secret/x",
    "/./{0}/secret/x",
    "/{0}/%2e%2e/{0}/secret/x",
    "/{0}/open/%2E%2E/secret/x",
    "/{0}%2Fsecret%2Fx",
)


@pytest.mark.parametrize("path", PATHS)
def test_a_key_written_otherwise(account: Account, path: str) -> None:
    keys = rights(account, "opens", "s3:GetObject", resource=f"arn:aws:s3:::box-{account.id}/open/*")
    _, body = send(account, keys, Asked("s3", "GET", path.format(f"box-{account.id}")))
    assert SECRET not in body


def test_an_upload_by_a_web_form_is_not_taken(account: Account) -> None:
    """moto would store it, without asking who sends it."""
    bucket = f"box-{account.id}"
    boundary = "x"
    body = "\r\n".join(
        [
            f"--{boundary}",
            'Content-Disposition: form-data; name="key"',
            "",
            "open/by-form",
            f"--{boundary}",
            'Content-Disposition: form-data; name="file"; filename="f"',
            "",
            "content",
            f"--{boundary}--",
            "",
        ]
    )
    connection = http.client.HTTPConnection(urlsplit(account.arena.endpoint).netloc, timeout=30)
    connection.request("POST", f"/{bucket}", body, {"Content-Type": f"multipart/form-data; boundary={boundary}"})
    assert connection.getresponse().status >= 400
    connection.close()
    keys = rights(account, "lists", "s3:ListBucket", resource=f"arn:aws:s3:::{bucket}")
    status, _ = send(
        account,
        keys,
        Asked("s3", "POST", f"/{bucket}", {"Content-Type": f"multipart/form-data; boundary={boundary}"}, body),
    )
    assert status >= 400
    found = account.root("s3").list_objects_v2(Bucket=bucket, Prefix="open/by-form")
    assert found["KeyCount"] == 0


def test_a_key_in_another_partition(account: Account) -> None:
    """Accounts of `aws` and `aws-cn` have nothing in common but the form of their ids."""
    keys = rights(account, "everything", "*")
    asked = Asked("sts", headers={"Content-Type": FORM}, body=FREE, region="cn-north-1")
    status, body = send(account, keys, asked)
    assert (status, "InvalidClientTokenId" in body) == (403, True), body
