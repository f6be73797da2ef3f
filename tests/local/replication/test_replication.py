"""Replication between live buckets of two Regions, seen by boto3."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from crosswind.local.edge.call import ServiceError
from tests.local.conftest import LiveEdge

TRUST = json.dumps({"Version": "2012-10-17", "Statement": []})


def until(check: Callable[[], Any], timeout: float = 10.0) -> Any:
    """The first true value of `check`; a failure when none comes in time."""
    end = time.monotonic() + timeout
    pause = threading.Event()
    while True:
        value = check()
        if value:
            return value
        assert time.monotonic() < end, "it did not happen in time"
        pause.wait(0.02)


class Site:
    """A source in us-east-1 and a destination in us-west-2 of one account, with a role and a rule between."""

    def __init__(self, edge: LiveEdge) -> None:
        self.edge = edge
        self.account = edge.account()
        self.source, self.destination = f"src-{self.account}", f"dst-{self.account}"
        self.east = edge.client("s3", self.account, "us-east-1")
        self.west = edge.client("s3", self.account, "us-west-2")
        self.east.create_bucket(Bucket=self.source)
        self.west.create_bucket(Bucket=self.destination, CreateBucketConfiguration={"LocationConstraint": "us-west-2"})
        edge.client("iam", self.account).create_role(RoleName="replication", AssumeRolePolicyDocument=TRUST)
        self.role = f"arn:aws:iam::{self.account}:role/replication"

    def version(self, *buckets: str, status: str = "Enabled") -> None:
        for bucket in buckets:
            self.east.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": status})

    def rule(self, **more: Any) -> dict[str, Any]:
        return {
            "ID": "transformed",
            "Status": "Enabled",
            "Priority": 1,
            "Filter": {"Prefix": "transformed/"},
            "DeleteMarkerReplication": {"Status": "Enabled"},
            "Destination": {"Bucket": f"arn:aws:s3:::{self.destination}"},
        } | more

    def replicate(self, *rules: dict[str, Any], role: str = "") -> None:
        self.east.put_bucket_replication(
            Bucket=self.source,
            ReplicationConfiguration={"Role": role or self.role, "Rules": list(rules or [self.rule()])},
        )

    def status(self, key: str, bucket: str = "") -> str | None:
        return self.east.head_object(Bucket=bucket or self.source, Key=key).get("ReplicationStatus")

    def settled(self) -> None:
        assert self.edge.replication.wait_idle(10)

    def log(self, operation: str) -> list[Any]:
        return [r for r in self.edge.records(operation=operation) if self.account in r["resource"]]


@pytest.fixture
def bare(live_edge: LiveEdge) -> Site:
    return Site(live_edge)


@pytest.fixture
def site(bare: Site) -> Site:
    bare.version(bare.source, bare.destination)
    bare.replicate()
    return bare


def refusal(call: Callable[..., Any], *args: Any, **kwargs: Any) -> tuple[str, str]:
    with pytest.raises(ClientError) as error:
        call(*args, **kwargs)
    return error.value.response["Error"]["Code"], error.value.response["Error"]["Message"]


def test_an_object_arrives_with_its_version_metadata_and_tags(site: Site) -> None:
    made = site.east.put_object(
        Bucket=site.source,
        Key="transformed/run-1/a b.csv",
        Body=b"1,2,3\n",
        ContentType="text/csv",
        CacheControl="no-store",
        Metadata={"rows": "1"},
        Tagging="team=a&kind=b",
    )
    assert site.status("transformed/run-1/a b.csv") in ("PENDING", "COMPLETED")
    site.settled()
    assert site.status("transformed/run-1/a b.csv") == "COMPLETED"

    there = {"Bucket": site.destination, "Key": "transformed/run-1/a b.csv", "VersionId": made["VersionId"]}
    got = site.west.get_object(**there)
    assert got["Body"].read() == b"1,2,3\n"
    assert got["ReplicationStatus"] == "REPLICA"
    assert (got["ContentType"], got["CacheControl"], got["Metadata"]) == ("text/csv", "no-store", {"rows": "1"})
    here = site.east.head_object(Bucket=site.source, Key="transformed/run-1/a b.csv")
    for name in ("ETag", "LastModified", "VersionId", "ContentLength"):
        assert got[name] == here[name]
    tags = site.west.get_object_tagging(Bucket=there["Bucket"], Key=there["Key"])["TagSet"]
    assert sorted((t["Key"], t["Value"]) for t in tags) == [("kind", "b"), ("team", "a")]


def test_a_replica_has_its_sources_checksum(site: Site) -> None:
    body, parts = b"1,2,3\n", [b"a" * 5 * 1024 * 1024, b"b"]
    site.east.put_object(Bucket=site.source, Key="transformed/one", Body=body, ChecksumAlgorithm="SHA256")
    upload = site.east.create_multipart_upload(Bucket=site.source, Key="transformed/parts", ChecksumAlgorithm="CRC32")
    where = {"Bucket": site.source, "Key": "transformed/parts", "UploadId": upload["UploadId"]}
    sent = [site.east.upload_part(**where, PartNumber=n, Body=part) for n, part in enumerate(parts, 1)]
    listed = [
        {"PartNumber": n, "ETag": part["ETag"], "ChecksumCRC32": part["ChecksumCRC32"]}
        for n, part in enumerate(sent, 1)
    ]
    site.east.complete_multipart_upload(**where, MultipartUpload={"Parts": listed})
    site.settled()
    kept = ("ChecksumSHA256", "ChecksumCRC32", "ChecksumType", "ETag", "VersionId", "ContentLength")
    for key in ("transformed/one", "transformed/parts"):
        here, there = (
            client.head_object(Bucket=bucket, Key=key, ChecksumMode="ENABLED")
            for client, bucket in ((site.east, site.source), (site.west, site.destination))
        )
        assert [here.get(name) for name in kept] == [there.get(name) for name in kept]
        assert (here["ReplicationStatus"], there["ReplicationStatus"]) == ("COMPLETED", "REPLICA")
    assert there["ChecksumType"] == "COMPOSITE"


def test_it_is_pending_until_it_is_written(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    write, gate = site.edge.moto.put_replica, threading.Event()

    def held(*args: Any, **kwargs: Any) -> None:
        assert gate.wait(10)
        write(*args, **kwargs)

    monkeypatch.setattr(site.edge.moto, "put_replica", held)
    site.east.put_object(Bucket=site.source, Key="transformed/k", Body=b"1")
    assert site.status("transformed/k") == "PENDING"
    assert refusal(site.west.head_object, Bucket=site.destination, Key="transformed/k")[0] == "404"
    gate.set()
    until(lambda: site.status("transformed/k") == "COMPLETED")


def test_every_implied_call_is_the_roles_and_is_logged(site: Site) -> None:
    site.east.put_object(Bucket=site.source, Key="transformed/k", Body=b"1", Tagging="a=b")
    site.settled()
    session = f"arn:aws:sts::{site.account}:assumed-role/replication/s3-replication"
    expected = {
        "GetReplicationConfiguration": (site.source, "us-east-1"),
        "GetObjectVersionForReplication": (f"{site.source}/transformed/k", "us-east-1"),
        "GetObjectVersionTagging": (f"{site.source}/transformed/k", "us-east-1"),
        "ReplicateObject": (f"{site.destination}/transformed/k", "us-west-2"),
        "ReplicateTags": (f"{site.destination}/transformed/k", "us-west-2"),
    }
    for operation, (resource, region) in expected.items():
        record = site.log(operation)[-1]
        assert (record["resource"], record["region"]) == (resource, region)
        assert (record["principal"], record["via"], record["status"]) == (session, "s3", 200)


def test_only_what_the_filter_meets_is_replicated(site: Site) -> None:
    site.east.put_object(Bucket=site.source, Key="raw/x", Body=b"1")
    site.east.put_object(Bucket=site.source, Key="transformed/", Body=b"")
    site.settled()
    assert site.status("raw/x") is None
    assert site.status("transformed/", site.destination) == "REPLICA"
    keys = [v["Key"] for v in site.west.list_object_versions(Bucket=site.destination)["Versions"]]
    assert keys == ["transformed/"]


def test_copies_and_multipart_uploads_are_replicated(site: Site) -> None:
    site.east.put_object(Bucket=site.source, Key="raw/x", Body=b"copied", Metadata={"a": "b"})
    site.east.copy_object(
        Bucket=site.source, Key="transformed/copy", CopySource={"Bucket": site.source, "Key": "raw/x"}
    )
    upload = site.east.create_multipart_upload(Bucket=site.source, Key="transformed/parts", ContentType="x/y")
    where = {"Bucket": site.source, "Key": "transformed/parts", "UploadId": upload["UploadId"]}
    bodies = [b"a" * 5 * 1024 * 1024, b"b"]
    parts = [
        {"PartNumber": n, "ETag": site.east.upload_part(**where, PartNumber=n, Body=body)["ETag"]}
        for n, body in enumerate(bodies, 1)
    ]
    done = site.east.complete_multipart_upload(**where, MultipartUpload={"Parts": parts})
    site.settled()
    copy = site.west.get_object(Bucket=site.destination, Key="transformed/copy")
    assert (copy["Body"].read(), copy["Metadata"], copy["ReplicationStatus"]) == (b"copied", {"a": "b"}, "REPLICA")
    whole = site.west.get_object(Bucket=site.destination, Key="transformed/parts")
    assert whole["Body"].read() == b"".join(bodies)
    assert (whole["ETag"], whole["VersionId"], whole["ContentType"]) == (done["ETag"], done["VersionId"], "x/y")


def test_versions_keep_their_order(site: Site) -> None:
    made = [
        site.east.put_object(Bucket=site.source, Key="transformed/k", Body=b"%d" % n)["VersionId"] for n in range(5)
    ]
    site.settled()
    held = site.west.list_object_versions(Bucket=site.destination, Prefix="transformed/k")["Versions"]
    assert [v["VersionId"] for v in held] == made[::-1]
    assert site.west.get_object(Bucket=site.destination, Key="transformed/k")["Body"].read() == b"4"


def test_delete_markers_follow_but_deletions_of_versions_do_not(site: Site) -> None:
    made = site.east.put_object(Bucket=site.source, Key="transformed/k", Body=b"1")
    site.east.put_object(Bucket=site.source, Key="transformed/l", Body=b"1")
    site.settled()
    marker = site.east.delete_object(Bucket=site.source, Key="transformed/k")
    site.east.delete_objects(Bucket=site.source, Delete={"Objects": [{"Key": "transformed/l"}]})
    site.settled()
    markers = site.west.list_object_versions(Bucket=site.destination)["DeleteMarkers"]
    assert {m["Key"] for m in markers} == {"transformed/k", "transformed/l"}
    assert marker["VersionId"] in {m["VersionId"] for m in markers}
    assert refusal(site.west.head_object, Bucket=site.destination, Key="transformed/k")[0] == "404"
    assert site.log("ReplicateDelete")[-1]["status"] == 200

    site.east.delete_object(Bucket=site.source, Key="transformed/k", VersionId=made["VersionId"])
    site.settled()
    assert site.west.head_object(Bucket=site.destination, Key="transformed/k", VersionId=made["VersionId"])


def test_delete_markers_stay_when_the_rule_says_so(bare: Site) -> None:
    bare.version(bare.source, bare.destination)
    bare.replicate(bare.rule(DeleteMarkerReplication={"Status": "Disabled"}))
    bare.east.put_object(Bucket=bare.source, Key="transformed/k", Body=b"1")
    bare.settled()
    bare.east.delete_object(Bucket=bare.source, Key="transformed/k")
    bare.settled()
    assert bare.status("transformed/k", bare.destination) == "REPLICA"


def test_later_tags_follow(site: Site) -> None:
    site.east.put_object(Bucket=site.source, Key="transformed/k", Body=b"1")
    site.settled()
    site.east.put_object_tagging(
        Bucket=site.source, Key="transformed/k", Tagging={"TagSet": [{"Key": "a", "Value": "b"}]}
    )
    site.settled()
    tags = site.west.get_object_tagging(Bucket=site.destination, Key="transformed/k")["TagSet"]
    assert tags == [{"Key": "a", "Value": "b"}]
    assert len(site.west.list_object_versions(Bucket=site.destination)["Versions"]) == 1


def test_what_was_there_before_is_not_replicated(bare: Site) -> None:
    bare.version(bare.source, bare.destination)
    bare.east.put_object(Bucket=bare.source, Key="transformed/old", Body=b"1")
    bare.replicate()
    bare.settled()
    assert bare.status("transformed/old") is None
    assert "Versions" not in bare.west.list_object_versions(Bucket=bare.destination)


def test_a_replica_is_not_replicated_on(site: Site) -> None:
    third = f"third-{site.account}"
    site.east.create_bucket(Bucket=third)
    site.version(third)
    site.west.put_bucket_replication(
        Bucket=site.destination,
        ReplicationConfiguration={
            "Role": site.role,
            "Rules": [site.rule(Destination={"Bucket": f"arn:aws:s3:::{third}"})],
        },
    )
    site.east.put_object(Bucket=site.source, Key="transformed/k", Body=b"1")
    site.settled()
    assert site.status("transformed/k", site.destination) == "REPLICA"
    assert "Versions" not in site.east.list_object_versions(Bucket=third)
    site.west.put_object(Bucket=site.destination, Key="transformed/own", Body=b"1")
    site.settled()
    assert site.status("transformed/own", third) == "REPLICA"


def test_another_account_may_own_the_destination(bare: Site) -> None:
    other = bare.edge.account()
    theirs = bare.edge.client("s3", other, "eu-west-1")
    name = f"theirs-{other}"
    theirs.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    bare.version(bare.source, name)
    bare.replicate(bare.rule(Destination={"Bucket": f"arn:aws:s3:::{name}", "Account": other}))
    bare.east.put_object(Bucket=bare.source, Key="transformed/k", Body=b"1")
    bare.settled()
    assert theirs.get_object(Bucket=name, Key="transformed/k")["ReplicationStatus"] == "REPLICA"
    record = next(r for r in bare.edge.records(operation="ReplicateObject") if name in r["resource"])
    assert (record["account"], record["principal_account"]) == (other, bare.account)


@pytest.mark.parametrize(
    ("breakage", "operation", "error"),
    [
        ("role", "AssumeReplicationRole", "AccessDenied"),
        ("destination", "ReplicateObject", "NoSuchBucket"),
        ("versioning", "ReplicateObject", "InvalidBucketState"),
    ],
)
def test_failures_are_marked_and_their_reason_is_logged(site: Site, breakage: str, operation: str, error: str) -> None:
    if breakage == "role":
        site.edge.client("iam", site.account).delete_role(RoleName="replication")
    elif breakage == "destination":
        site.west.delete_bucket(Bucket=site.destination)
    else:
        site.version(site.destination, status="Suspended")
    site.east.put_object(Bucket=site.source, Key="transformed/k", Body=b"1")
    site.settled()
    assert site.status("transformed/k") == "FAILED"
    record = site.log(operation)[-1]
    assert (record["error"], record["via"]) == (error, "s3")
    assert record["message"]


def test_a_refusal_of_the_authorizer_fails_the_object(site: Site) -> None:
    site.edge.judge.forbidden.add((site.account, "ReplicateObject"))
    site.east.put_object(Bucket=site.source, Key="transformed/k", Body=b"1")
    site.settled()
    assert site.status("transformed/k") == "FAILED"
    assert "s3-replication may not ReplicateObject" in site.log("ReplicateObject")[-1]["message"]


def test_a_passing_fault_is_tried_again(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    write, failures = site.edge.moto.put_replica, iter([RuntimeError("once"), ServiceError("SlowDown", "x", 503)])

    def flaky(*args: Any, **kwargs: Any) -> None:
        for failure in failures:
            raise failure
        write(*args, **kwargs)

    monkeypatch.setattr(site.edge.moto, "put_replica", flaky)
    site.east.put_object(Bucket=site.source, Key="transformed/k", Body=b"1")
    until(lambda: site.status("transformed/k") == "COMPLETED")
    assert len(site.log("ReplicateObject")) == 3


def test_a_late_replica_does_not_become_the_newest(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    write, failures = site.edge.moto.put_replica, iter([ServiceError("SlowDown", "x", 503)])

    def flaky(*args: Any, **kwargs: Any) -> None:
        for failure in failures:
            raise failure
        write(*args, **kwargs)

    monkeypatch.setattr(site.edge.moto, "put_replica", flaky)
    made = [
        site.east.put_object(Bucket=site.source, Key="transformed/k", Body=b"%d" % n)["VersionId"] for n in range(2)
    ]
    site.settled()
    assert [r["parameters"]["VersionId"] for r in site.log("ReplicateObject")] == [made[0], made[1], made[0]]
    assert site.west.get_object(Bucket=site.destination, Key="transformed/k")["VersionId"] == made[1]


def test_the_configuration_is_kept_whole(site: Site) -> None:
    held = site.east.get_bucket_replication(Bucket=site.source)["ReplicationConfiguration"]
    assert held == {"Role": site.role, "Rules": [site.rule()]}
    site.east.delete_bucket_replication(Bucket=site.source)
    code, _ = refusal(site.east.get_bucket_replication, Bucket=site.source)
    assert code == "ReplicationConfigurationNotFoundError"
    site.east.put_object(Bucket=site.source, Key="transformed/k", Body=b"1")
    assert site.status("transformed/k") is None


def test_a_new_bucket_of_the_same_name_has_no_configuration(site: Site) -> None:
    site.east.delete_bucket(Bucket=site.source)
    assert refusal(site.east.get_bucket_replication, Bucket=site.source)[0] == "NoSuchBucket"
    site.east.create_bucket(Bucket=site.source)
    code, _ = refusal(site.east.get_bucket_replication, Bucket=site.source)
    assert code == "ReplicationConfigurationNotFoundError"


def test_versioning_is_asked_of_both_buckets(bare: Site) -> None:
    expected = "Versioning must be 'Enabled' on the bucket to apply a replication configuration"
    assert refusal(bare.replicate) == ("InvalidRequest", expected)
    bare.version(bare.source)
    assert refusal(bare.replicate) == ("InvalidRequest", "Destination bucket must have versioning enabled.")
    bare.version(bare.destination)
    bare.replicate()
    elsewhere = bare.rule(Destination={"Bucket": "arn:aws:s3:::no-such-bucket-here"})
    assert refusal(bare.replicate, elsewhere) == ("InvalidRequest", "Destination bucket must exist.")
    code, message = refusal(bare.version, bare.source, status="Suspended")
    assert code == "InvalidBucketState"
    assert "first delete the replication configuration" in message


def test_malformed_configurations_are_refused(site: Site) -> None:
    assert refusal(site.replicate, role="arn:aws:iam::1:role/x")[0] == "InvalidArgument"
    assert refusal(site.replicate, site.rule(Destination={"Bucket": "just-a-name"}))[0] == "InvalidArgument"
    without = site.rule()
    del without["Priority"]
    code, message = refusal(site.replicate, without)
    assert code == "InvalidRequest"
    assert message.startswith("Priority must be specified for this version")
    without = site.rule()
    del without["DeleteMarkerReplication"]
    assert refusal(site.replicate, without)[1].startswith("DeleteMarkerReplication must be specified")
    tagged = site.rule(Filter={"Tag": {"Key": "a", "Value": "b"}})
    assert refusal(site.replicate, tagged)[0] == "InvalidRequest"
    assert refusal(site.replicate, site.rule(), site.rule(ID="other"))[0] == "InvalidRequest"
