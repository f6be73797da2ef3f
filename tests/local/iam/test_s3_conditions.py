"""Rights of S3's conditional writes, versions and copies: what a bucket policy can ask for, and who may."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from crosswind.local.edge.call import Credentials
from tests.local.iam.arena import Arena
from tests.local.iam.people import Account, allow, outcome
from tests.local.iam.stage import Statements

KEY = "transformed/r-1/handover.json"


class Bucket:
    """A bucket of one account, and somebody of its account who may do what a test says."""

    def __init__(self, arena: Arena) -> None:
        self.account = Account(arena, arena.account())
        self.name = f"conditions-{self.account.id}"
        self.root = self.account.root("s3")
        self.account.bucket(self.name)
        self.root.put_bucket_versioning(Bucket=self.name, VersioningConfiguration={"Status": "Enabled"})

    def who(self, *actions: str) -> Any:
        """S3 as a new role with these rights on the bucket."""
        arn = f"arn:aws:s3:::{self.name}"
        rights: Statements = [{"Effect": "Allow", "Action": list(actions), "Resource": [arn, f"{arn}/*"]}]
        return self.account.client("s3", self.account.acting(f"who-{'-'.join(a[3:] for a in actions)}"[:60], rights))

    def on(self, client: Any, operation: str, **more: Any) -> str:
        return outcome(getattr(client, operation), Bucket=self.name, Key=KEY, **more)

    def begun(self, client: Any) -> dict[str, Any]:
        upload = client.create_multipart_upload(Bucket=self.name, Key=KEY)["UploadId"]
        part = client.upload_part(Bucket=self.name, Key=KEY, UploadId=upload, PartNumber=1, Body=b"1")
        return {"UploadId": upload, "MultipartUpload": {"Parts": [{"PartNumber": 1, "ETag": part["ETag"]}]}}


@pytest.fixture
def bucket(arena: Arena) -> Bucket:
    return Bucket(arena)


def write_once(bucket: Bucket) -> Statements:
    """As a site's bucket policy has it."""
    return [
        {
            "Effect": "Deny",
            "Principal": "*",
            "Action": "s3:PutObject",
            "Resource": f"arn:aws:s3:::{bucket.name}/transformed/*/handover.json",
            "Condition": {"Null": {"s3:if-none-match": "true"}, "Bool": {"s3:ObjectCreationOperation": "true"}},
        }
    ]


def test_a_policy_asks_for_the_condition(bucket: Bucket) -> None:
    policy = json.dumps({"Version": "2012-10-17", "Statement": write_once(bucket)})
    bucket.root.put_bucket_policy(Bucket=bucket.name, Policy=policy)
    writer = bucket.who("s3:PutObject", "s3:GetObject")
    for client in (writer, bucket.root):  # a Deny is for root too
        assert bucket.on(client, "put_object", Body=b"1") == "AccessDenied"
        assert bucket.on(client, "put_object", Body=b"1", IfMatch='"0"') == "AccessDenied"
        assert bucket.on(client, "copy_object", CopySource=f"{bucket.name}/raw/x") == "AccessDenied"
    assert bucket.on(writer, "put_object", Body=b"1", IfNoneMatch="*") == "allowed"
    assert bucket.on(writer, "put_object", Body=b"1", IfNoneMatch="*") == "PreconditionFailed"
    assert bucket.on(writer, "complete_multipart_upload", **bucket.begun(writer)) == "AccessDenied"
    assert (
        bucket.on(writer, "complete_multipart_upload", **bucket.begun(writer), IfNoneMatch="*") == "PreconditionFailed"
    )
    assert len(bucket.root.list_object_versions(Bucket=bucket.name)["Versions"]) == 1
    other = {"Bucket": bucket.name, "Key": "transformed/r-1/part.csv", "Body": b"1"}
    assert outcome(writer.put_object, **other) == "allowed"


def test_a_condition_of_an_etag_needs_the_right_to_read(bucket: Bucket) -> None:
    etag = bucket.root.put_object(Bucket=bucket.name, Key=KEY, Body=b"1")["ETag"]
    writer, both = bucket.who("s3:PutObject"), bucket.who("s3:PutObject", "s3:GetObject")
    assert bucket.on(writer, "put_object", Body=b"2", IfMatch=etag) == "AccessDenied"
    assert bucket.on(writer, "put_object", Body=b"2", IfNoneMatch="*") == "PreconditionFailed"
    assert bucket.on(writer, "complete_multipart_upload", **bucket.begun(writer), IfMatch=etag) == "AccessDenied"
    assert bucket.on(both, "put_object", Body=b"2", IfMatch='"0"') == "PreconditionFailed"
    assert bucket.on(both, "put_object", Body=b"2", IfMatch=etag) == "allowed"


def of_version(bucket: Bucket, version: str) -> dict[str, tuple[str, Callable[[Any], Any]]]:
    """Calls that name a version, and the right that each needs beside the bucket's own."""
    place = {"Bucket": bucket.name, "Key": KEY}
    source = {**place, "VersionId": version}
    return {
        "get": ("s3:GetObjectVersion", lambda s3: s3.get_object(**source)),
        "head": ("s3:GetObjectVersion", lambda s3: s3.head_object(**source, ChecksumMode="ENABLED")),
        "copy": (
            "s3:GetObjectVersion",
            lambda s3: s3.copy_object(Bucket=bucket.name, Key="raw/copy", CopySource=source),
        ),
        "delete": ("s3:DeleteObjectVersion", lambda s3: s3.delete_object(**source)),
    }


@pytest.mark.parametrize("call", ["get", "head", "copy", "delete"])
def test_a_version_has_rights_of_its_own(bucket: Bucket, call: str) -> None:
    version = bucket.root.put_object(Bucket=bucket.name, Key=KEY, Body=b"1")["VersionId"]
    right, act = of_version(bucket, version)[call]
    plain = bucket.who("s3:PutObject", "s3:GetObject", "s3:DeleteObject")
    assert outcome(act, plain) in ("AccessDenied", "403")
    assert outcome(act, bucket.who("s3:PutObject", right)) == "allowed"


def test_a_part_that_is_copied_from_a_version(bucket: Bucket) -> None:
    version = bucket.root.put_object(Bucket=bucket.name, Key=KEY, Body=b"1")["VersionId"]
    source = {"Bucket": bucket.name, "Key": KEY, "VersionId": version}
    upload = bucket.root.create_multipart_upload(Bucket=bucket.name, Key="raw/copy")["UploadId"]
    part = {"Bucket": bucket.name, "Key": "raw/copy", "UploadId": upload, "PartNumber": 1, "CopySource": source}
    assert outcome(bucket.who("s3:PutObject", "s3:GetObject").upload_part_copy, **part) == "AccessDenied"
    assert outcome(bucket.who("s3:PutObject", "s3:GetObjectVersion").upload_part_copy, **part) == "allowed"


@pytest.mark.parametrize(
    ("operation", "right"),
    [
        ("list_object_versions", "s3:ListBucketVersions"),
        ("list_multipart_uploads", "s3:ListBucketMultipartUploads"),
        ("list_objects_v2", "s3:ListBucket"),
    ],
)
def test_each_list_has_a_right_of_its_own(bucket: Bucket, operation: str, right: str) -> None:
    others = {"s3:ListBucketVersions", "s3:ListBucketMultipartUploads", "s3:ListBucket"} - {right}
    assert outcome(getattr(bucket.who(*sorted(others)), operation), Bucket=bucket.name) == "AccessDenied"
    assert outcome(getattr(bucket.who(right), operation), Bucket=bucket.name) == "allowed"


def test_parts_are_listed_by_who_may(bucket: Bucket) -> None:
    upload = bucket.root.create_multipart_upload(Bucket=bucket.name, Key=KEY)["UploadId"]
    assert bucket.on(bucket.who("s3:PutObject", "s3:ListBucket"), "list_parts", UploadId=upload) == "AccessDenied"
    assert bucket.on(bucket.who("s3:ListMultipartUploadParts"), "list_parts", UploadId=upload) == "allowed"


def test_attributes_need_two_rights(bucket: Bucket) -> None:
    version = bucket.root.put_object(Bucket=bucket.name, Key=KEY, Body=b"1")["VersionId"]
    asked = {"VersionId": version, "ObjectAttributes": ["ObjectSize"]}
    assert bucket.on(bucket.who("s3:GetObjectVersion"), "get_object_attributes", **asked) == "AccessDenied"
    both = bucket.who("s3:GetObjectVersion", "s3:GetObjectVersionAttributes")
    assert bucket.on(both, "get_object_attributes", **asked) == "allowed"


def test_another_accounts_caller_needs_both_sides(bucket: Bucket, arena: Arena) -> None:
    theirs = Account(arena, arena.account())
    keys: Credentials = theirs.acting("copier", allow("s3:*"))
    client = theirs.client("s3", keys)
    assert bucket.on(client, "put_object", Body=b"1", IfNoneMatch="*") == "AccessDenied"
