"""What S3's operations need.

Expectations: docs.aws.amazon.com/AmazonS3/latest/userguide/using-with-s3-policy-actions.html.
"""

from __future__ import annotations

import pytest

from crosswind.local.authorization.facts import BucketFacts, KeyFacts, ObjectFacts
from crosswind.local.authorization.needs import Needs
from crosswind.local.edge.call import ServiceError
from tests.unit.local.authorization.world import HUB, SITE, FakeFacts, asked, call, implied, keyed, one

BUCKET, OBJECT = "arn:aws:s3:::data", "arn:aws:s3:::data/raw/a b.csv"
AT = {"Bucket": "data", "Key": "raw/a b.csv"}
KMS = ObjectFacts("aws:kms", keyed())


def world(**objects: ObjectFacts) -> FakeFacts:
    facts = FakeFacts(buckets={"data": BucketFacts(SITE, "us-east-1"), "other": BucketFacts(HUB, "us-west-2")})
    facts.keys[keyed()] = KeyFacts(keyed(), ("alias/data",))
    for version, found in (objects or {"latest": ObjectFacts()}).items():
        facts.objects["data", "raw/a b.csv", None if version == "latest" else version] = found
    return facts


@pytest.mark.parametrize(
    ("operation", "parameters", "needs"),
    [
        ("GetObject", {}, ["GetObject"]),
        ("HeadObject", {}, ["GetObject"]),
        ("GetObjectAcl", {}, ["GetObjectAcl"]),
        ("GetObjectTagging", {}, ["GetObjectTagging"]),
        ("GetObjectAttributes", {"ObjectAttributes": ["ETag"]}, ["GetObject", "GetObjectAttributes"]),
        ("PutObject", {}, ["PutObject"]),
        ("PutObject", {"ACL": "bucket-owner-full-control"}, ["PutObject", "PutObjectAcl"]),
        ("PutObject", {"Tagging": "a=1"}, ["PutObject", "PutObjectTagging"]),
        ("PutObject", {"ObjectLockMode": "GOVERNANCE"}, ["PutObject", "PutObjectRetention"]),
        ("DeleteObject", {}, ["DeleteObject"]),
        ("DeleteObject", {"VersionId": "v1"}, ["DeleteObjectVersion"]),
        ("DeleteObject", {"BypassGovernanceRetention": True}, ["DeleteObject", "BypassGovernanceRetention"]),
        ("CreateMultipartUpload", {}, ["PutObject"]),
        ("AbortMultipartUpload", {"UploadId": "u"}, ["AbortMultipartUpload"]),
        ("ListParts", {"UploadId": "u"}, ["ListMultipartUploadParts"]),
    ],
)
def test_object_operations(operation: str, parameters: dict[str, object], needs: list[str]) -> None:
    made = call("s3", operation, {**AT, **parameters})
    assert asked(world(), made) == [(f"s3:{action}", OBJECT) for action in needs]


@pytest.mark.parametrize(
    ("operation", "parameters", "action"),
    [
        ("HeadBucket", {}, "ListBucket"),
        ("ListObjects", {}, "ListBucket"),
        ("ListObjectsV2", {}, "ListBucket"),
        ("ListObjectVersions", {}, "ListBucketVersions"),
        ("ListMultipartUploads", {}, "ListBucketMultipartUploads"),
        ("GetBucketLocation", {}, "GetBucketLocation"),
        ("GetBucketEncryption", {}, "GetEncryptionConfiguration"),
        ("DeleteBucketEncryption", {}, "PutEncryptionConfiguration"),
        ("GetBucketLifecycleConfiguration", {}, "GetLifecycleConfiguration"),
        ("DeleteBucketLifecycle", {}, "PutLifecycleConfiguration"),
        ("GetBucketReplication", {}, "GetReplicationConfiguration"),
        ("DeleteBucketReplication", {}, "PutReplicationConfiguration"),
        ("GetBucketCors", {}, "GetBucketCORS"),
        ("DeletePublicAccessBlock", {}, "PutBucketPublicAccessBlock"),
        ("DeleteBucketPolicy", {}, "DeleteBucketPolicy"),
        ("DeleteBucketTagging", {}, "PutBucketTagging"),
        ("GetObjectLockConfiguration", {}, "GetBucketObjectLockConfiguration"),
        ("GetBucketNotificationConfiguration", {}, "GetBucketNotification"),
    ],
)
def test_bucket_operations(operation: str, parameters: dict[str, object], action: str) -> None:
    need = one(world(), call("s3", operation, {"Bucket": "data", **parameters}))
    assert (need.action, need.resource, need.account) == (f"s3:{action}", BUCKET, SITE)


def test_a_version_needs_another_action_and_names_it() -> None:
    need = one(world(v1=ObjectFacts()), call("s3", "GetObject", {**AT, "VersionId": "v1"}))
    assert need.action == "s3:GetObjectVersion"
    assert need.context["s3:VersionId"] == "v1"


def test_only_what_a_list_sends_is_in_the_context() -> None:
    bare = one(world(), call("s3", "ListObjectsV2", {"Bucket": "data"})).context
    assert not {"s3:prefix", "s3:delimiter", "s3:max-keys"} & bare.keys()
    full = one(world(), call("s3", "ListObjectsV2", {"Bucket": "data", "Prefix": "", "Delimiter": "/", "MaxKeys": 5}))
    assert (full.context["s3:prefix"], full.context["s3:delimiter"], full.context["s3:max-keys"]) == ("", "/", "5")


@pytest.mark.parametrize("found", [None, ObjectFacts(marker=True)])
@pytest.mark.parametrize("operation", ["GetObject", "HeadObject"])
def test_who_may_not_list_is_not_told_that_an_object_is_missing(operation: str, found: ObjectFacts | None) -> None:
    facts = world()
    if found is None:
        facts.objects.clear()
    else:
        facts.objects["data", AT["Key"], None] = found
    needs = Needs(facts).of(call("s3", operation, AT))
    assert [(need.action, need.resource) for need in needs] == [("s3:GetObject", OBJECT), ("s3:ListBucket", BUCKET)]
    assert "s3:prefix" not in needs[1].context


def test_tags_of_the_object_and_of_the_request() -> None:
    need = one(world(latest=ObjectFacts(tags={"team": "ml"})), call("s3", "GetObject", AT))
    assert need.context["s3:ExistingObjectTag/team"] == "ml"
    needs = Needs(world()).of(call("s3", "PutObject", {**AT, "Tagging": "team=ml&a=%20"}))
    for need in needs:
        assert need.context["s3:RequestObjectTag/team"] == "ml"
        assert need.context["s3:RequestObjectTagKeys"] == ["team", "a"]


def test_headers_are_condition_keys() -> None:
    context = one(world(), call("s3", "PutObject", {**AT, "ServerSideEncryption": "AES256"})).context
    assert context["s3:x-amz-server-side-encryption"] == "AES256"
    assert context["s3:ResourceAccount"] == SITE
    assert (context["s3:authType"], context["s3:signatureversion"]) == ("REST-HEADER", "AWS4-HMAC-SHA256")


def test_a_copy_reads_and_writes() -> None:
    facts = world(v2=ObjectFacts(tags={"a": "1"}))
    source = {"Bucket": "data", "Key": "raw/a b.csv", "VersionId": "v2"}
    made = call("s3", "CopyObject", {"Bucket": "other", "Key": "k", "CopySource": "data/raw/a%20b.csv?versionId=v2"})
    assert source["VersionId"] in made.parameters["CopySource"]
    needs = Needs(facts).of(made)
    # The destination first: that is where the call works.
    assert [(need.action, need.resource, need.account) for need in needs] == [
        ("s3:PutObject", "arn:aws:s3:::other/k", HUB),
        ("s3:PutObjectTagging", "arn:aws:s3:::other/k", HUB),
        ("s3:GetObjectVersion", OBJECT, SITE),
        ("s3:GetObjectVersionTagging", OBJECT, SITE),
    ]
    assert needs[0].context["s3:x-amz-copy-source"] == "data/raw/a b.csv"


def test_each_key_of_a_bulk_delete_is_asked() -> None:
    asked_for = {"Objects": [{"Key": "a"}, {"Key": "b&c", "VersionId": "v1"}]}
    assert asked(world(), call("s3", "DeleteObjects", {"Bucket": "data", "Delete": asked_for})) == [
        ("s3:DeleteObject", f"{BUCKET}/a"),
        ("s3:DeleteObjectVersion", f"{BUCKET}/b&c"),
    ]


def test_replication_passes_its_role_to_s3() -> None:
    role = f"arn:aws:iam::{SITE}:role/replicate"
    rules = [{"Status": "Enabled", "Destination": {"Bucket": "arn:aws:s3:::other"}}]
    configuration = {"Role": role, "Rules": rules}
    made = call("s3", "PutBucketReplication", {"Bucket": "data", "ReplicationConfiguration": configuration})
    first, second = Needs(world()).of(made)
    assert (first.action, first.resource) == ("s3:PutReplicationConfiguration", BUCKET)
    assert (second.action, second.resource, second.account) == ("iam:PassRole", role, SITE)
    assert second.context["iam:PassedToService"] == "s3.amazonaws.com"


def test_a_new_bucket_is_the_callers_own_affair() -> None:
    made = call("s3", "CreateBucket", {"Bucket": "data", "CreateBucketConfiguration": {"LocationConstraint": "eu"}})
    need = one(world(), made)
    assert (need.action, need.account, need.context["s3:LocationConstraint"]) == ("s3:CreateBucket", HUB, "eu")


# --- KMS by way of S3 ----------------------------------------------------------------------------------------------


def test_reading_what_a_key_encrypts_needs_the_key() -> None:
    needs = Needs(world(latest=KMS)).of(call("s3", "GetObject", AT))
    key = needs[-1]
    assert [need.action for need in needs] == ["s3:GetObject", "kms:Decrypt"]
    assert (key.resource, key.account, key.forwarded_by) == (keyed(), SITE, "s3.us-east-1.amazonaws.com")
    assert key.context["kms:ViaService"] == "s3.us-east-1.amazonaws.com"
    assert key.context["kms:CallerAccount"] == HUB
    assert key.context["kms:EncryptionContext:aws:s3:arn"] == OBJECT
    assert key.context["kms:EncryptionContextKeys"] == ["aws:s3:arn"]
    assert key.context["kms:ResourceAliases"] == ["alias/data"]


def test_a_head_needs_the_key_only_for_checksums() -> None:
    assert asked(world(latest=KMS), call("s3", "HeadObject", AT)) == [("s3:GetObject", OBJECT)]
    needs = asked(world(latest=KMS), call("s3", "HeadObject", {**AT, "ChecksumMode": "ENABLED"}))
    assert needs[1] == ("kms:Decrypt", keyed())


@pytest.mark.parametrize(("bucket_key", "arn"), [(False, OBJECT), (True, BUCKET)])
def test_writing_under_the_buckets_default_key(bucket_key: bool, arn: str) -> None:
    facts = world()
    facts.buckets["data"] = BucketFacts(SITE, "us-east-1", "aws:kms", keyed(), bucket_key)
    key = Needs(facts).of(call("s3", "PutObject", AT))[-1]
    assert (key.action, key.resource) == ("kms:GenerateDataKey", keyed())
    assert key.context["kms:EncryptionContext:aws:s3:arn"] == arn


def test_a_header_goes_before_the_default() -> None:
    facts = world()
    facts.buckets["data"] = BucketFacts(SITE, "us-east-1", "aws:kms", keyed())
    assert asked(facts, call("s3", "PutObject", {**AT, "ServerSideEncryption": "AES256"})) == [("s3:PutObject", OBJECT)]
    header = {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": keyed(name="k2")}
    assert asked(facts, call("s3", "PutObject", {**AT, **header}))[1] == ("kms:GenerateDataKey", keyed(name="k2"))


def test_the_aws_managed_key_serves_its_own_account_alone() -> None:
    header = {"ServerSideEncryption": "aws:kms"}
    assert asked(world(), call("s3", "PutObject", {"Bucket": "other", "Key": "k", **header})) == [
        ("s3:PutObject", "arn:aws:s3:::other/k")
    ]
    key = Needs(world()).of(call("s3", "PutObject", {**AT, **header}))[-1]
    assert (key.action, key.account) == ("kms:GenerateDataKey", SITE)


def test_a_multipart_upload_uses_the_key_to_read_its_parts() -> None:
    facts = world()
    facts.uploads["u"] = KMS
    part = call("s3", "UploadPart", {**AT, "UploadId": "u", "PartNumber": 1, "Body": b"x"})
    assert asked(facts, part) == [("s3:PutObject", OBJECT), ("kms:Decrypt", keyed())]
    done = call("s3", "CompleteMultipartUpload", {**AT, "UploadId": "u", "MultipartUpload": {"Parts": []}})
    assert asked(facts, done) == [("s3:PutObject", OBJECT), ("kms:Decrypt", keyed())]


# --- replication ---------------------------------------------------------------------------------------------------


def test_the_replication_role_decrypts_at_the_source_and_encrypts_at_the_destination() -> None:
    version = {"Bucket": "data", "Key": "raw/a b.csv", "VersionId": "v1"}
    read = Needs(world(v1=KMS)).of(implied("GetObjectVersionForReplication", version))
    assert [need.action for need in read] == ["s3:GetObjectVersionForReplication", "kms:Decrypt"]
    assert (read[1].context["kms:ViaService"], read[1].context["kms:CallerAccount"]) == (
        "s3.us-east-1.amazonaws.com",
        SITE,
    )
    west = keyed(HUB, "us-west-2", "k9")
    to = {"Bucket": "other", "Key": "raw/a b.csv", "VersionId": "v1"}
    encrypted = {**to, "SourceEncryption": "aws:kms", "ReplicaKmsKeyID": west}
    write = Needs(world()).of(implied("ReplicateObject", encrypted, region="us-west-2"))
    assert [(need.action, need.account) for need in write] == [("s3:ReplicateObject", HUB), ("kms:Encrypt", HUB)]
    assert write[1].context["kms:ViaService"] == "s3.us-west-2.amazonaws.com"
    assert write[1].context["kms:EncryptionContext:aws:s3:arn"] == "arn:aws:s3:::other/raw/a b.csv"


def test_a_plain_source_gets_a_data_key_of_the_destinations_default() -> None:
    facts, west = world(), keyed(HUB, "us-west-2", "k9")
    facts.buckets["other"] = BucketFacts(HUB, "us-west-2", "aws:kms", west, bucket_key=True)
    to = {"Bucket": "other", "Key": "k", "VersionId": "v1", "SourceEncryption": "AES256"}
    assert asked(facts, implied("ReplicateObject", to, region="us-west-2"))[1:] == [
        ("kms:GenerateDataKey", west),
        ("kms:Decrypt", west),
    ]


def test_an_implied_action_has_no_signature() -> None:
    need = one(world(), implied("GetReplicationConfiguration", {"Bucket": "data"}))
    assert "s3:authType" not in need.context


# --- refusals ------------------------------------------------------------------------------------------------------


def test_access_points_are_refused() -> None:
    made = call("s3", "GetObject", AT)
    point = f"arn:aws:s3:us-east-1:{SITE}:accesspoint/p"
    object.__setattr__(made, "parameters", {"Bucket": point, "Key": "k"})
    with pytest.raises(ServiceError, match="does not know which rights s3:GetObject needs") as refused:
        Needs(world()).of(made)
    assert (refused.value.code, refused.value.status) == ("NotImplemented", 501)
