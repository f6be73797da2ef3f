"""If-None-Match and If-Match at the live edge: one of many writers wins, as on AWS."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.local.conftest import LiveEdge

WRITERS = 16


class Bucket:
    """A bucket of an account of its own, with versioning where a test wants it."""

    def __init__(self, edge: LiveEdge, *, versioned: bool = True) -> None:
        self.account = edge.account()
        self.name = f"conditions-{self.account}"
        self.s3 = edge.client("s3", self.account)
        self.s3.create_bucket(Bucket=self.name)
        if versioned:
            self.s3.put_bucket_versioning(Bucket=self.name, VersioningConfiguration={"Status": "Enabled"})

    def put(self, key: str = "k", body: bytes = b"1", **more: Any) -> Any:
        return self.s3.put_object(Bucket=self.name, Key=key, Body=body, **more)

    def versions(self, key: str = "k") -> list[Any]:
        found: list[Any] = self.s3.list_object_versions(Bucket=self.name, Prefix=key).get("Versions", [])
        return found

    def begun(self, key: str = "k", body: bytes = b"1") -> dict[str, Any]:
        """An upload in parts that waits for its completion."""
        upload = self.s3.create_multipart_upload(Bucket=self.name, Key=key)
        where = {"Bucket": self.name, "Key": key, "UploadId": upload["UploadId"]}
        etag = self.s3.upload_part(**where, PartNumber=1, Body=body)["ETag"]
        return {**where, "MultipartUpload": {"Parts": [{"PartNumber": 1, "ETag": etag}]}}


@pytest.fixture(params=[True, False], ids=["versioned", "plain"])
def bucket(live_edge: LiveEdge, request: pytest.FixtureRequest) -> Bucket:
    return Bucket(live_edge, versioned=request.param)


@pytest.fixture
def versioned(live_edge: LiveEdge) -> Bucket:
    return Bucket(live_edge)


def outcome(call: Callable[..., Any], *args: Any, **kwargs: Any) -> tuple[str, int]:
    """`ok`, or the error's code, and the status."""
    try:
        answer = call(*args, **kwargs)
    except ClientError as error:
        found = error.response
        return found["Error"]["Code"], found["ResponseMetadata"]["HTTPStatusCode"]
    return "ok", answer["ResponseMetadata"]["HTTPStatusCode"]


FAILED = ("PreconditionFailed", 412)


def at_once(work: Callable[[int], Any]) -> Counter[Any]:
    """What many threads get that begin together."""
    gate = threading.Barrier(WRITERS)

    def one(number: int) -> Any:
        gate.wait(10)
        return work(number)

    with ThreadPoolExecutor(WRITERS) as pool:
        return Counter(pool.map(one, range(WRITERS)))


def test_of_many_writers_one_makes_the_object(bucket: Bucket) -> None:
    found = at_once(lambda n: outcome(bucket.put, body=b"%d" % n, IfNoneMatch="*"))
    assert found == {("ok", 200): 1, FAILED: WRITERS - 1}
    assert len(bucket.versions()) == 1


def test_of_many_writers_one_changes_the_object(bucket: Bucket) -> None:
    etag = bucket.put()["ETag"]
    found = at_once(lambda n: outcome(bucket.put, body=b"new %d" % n, IfMatch=etag))
    assert found == {("ok", 200): 1, FAILED: WRITERS - 1}


def test_of_many_completions_one_makes_the_object(bucket: Bucket) -> None:
    begun = [bucket.begun(body=b"%d" % number) for number in range(WRITERS)]
    complete = bucket.s3.complete_multipart_upload
    found = at_once(lambda n: outcome(complete, **begun[n], IfNoneMatch="*"))
    assert found == {("ok", 200): 1, FAILED: WRITERS - 1}
    etag = bucket.s3.head_object(Bucket=bucket.name, Key="k")["ETag"]
    begun = [bucket.begun(body=b"again %d" % number) for number in range(WRITERS)]
    found = at_once(lambda n: outcome(complete, **begun[n], IfMatch=etag))
    assert found == {("ok", 200): 1, FAILED: WRITERS - 1}


def test_a_condition_of_an_etag_needs_the_object(bucket: Bucket) -> None:
    assert outcome(bucket.put, IfMatch='"0"') == ("NoSuchKey", 404)
    etag = bucket.put()["ETag"]
    assert outcome(bucket.put, IfMatch='"0"') == FAILED
    assert outcome(bucket.put, IfMatch=etag.strip('"')) == ("ok", 200)
    bucket.s3.delete_object(Bucket=bucket.name, Key="k")
    assert outcome(bucket.put, IfMatch=etag) == ("NoSuchKey", 404)
    assert outcome(bucket.put, IfNoneMatch="*") == ("ok", 200)


def test_the_answer_names_the_condition(bucket: Bucket) -> None:
    bucket.put()
    with pytest.raises(ClientError) as error:
        bucket.put(IfNoneMatch="*")
    assert error.value.response["Error"]["Condition"] == "If-None-Match"
    assert error.value.response["Error"]["Message"] == "At least one of the pre-conditions you specified did not hold"


def test_a_deletion_during_an_upload_is_a_conflict(versioned: Bucket) -> None:
    versioned.put()
    before, after = versioned.begun(), None
    versioned.s3.delete_object(Bucket=versioned.name, Key="k")
    after = versioned.begun()
    complete = versioned.s3.complete_multipart_upload
    assert outcome(complete, **before, IfNoneMatch="*") == ("ConditionalRequestConflict", 409)
    assert outcome(complete, **before, IfMatch='"0"') == ("NoSuchKey", 404)
    assert outcome(complete, **after, IfNoneMatch="*") == ("ok", 200)


def test_what_s3_has_not_is_refused(bucket: Bucket) -> None:
    etag = bucket.put()["ETag"]
    assert outcome(bucket.put, IfNoneMatch=etag) == ("NotImplemented", 501)
    assert outcome(bucket.put, IfMatch="*") == ("NotImplemented", 501)
    items = [{"Key": "k", "ETag": etag}]
    assert outcome(bucket.s3.delete_objects, Bucket=bucket.name, Delete={"Objects": items}) == ("NotImplemented", 501)


def test_a_copy_has_conditions_on_both_sides(bucket: Bucket) -> None:
    etag = bucket.put("from")["ETag"]
    asked = {"Bucket": bucket.name, "CopySource": {"Bucket": bucket.name, "Key": "from"}}
    copy = bucket.s3.copy_object
    past, future = (datetime.now(UTC) + timedelta(days=days) for days in (-1, 1))
    assert outcome(copy, **asked, Key="to", IfNoneMatch="*", CopySourceIfMatch=etag) == ("ok", 200)
    assert outcome(copy, **asked, Key="to", IfNoneMatch="*") == FAILED
    assert outcome(copy, **asked, Key="to", IfMatch='"0"') == FAILED
    assert outcome(copy, **asked, Key="to", IfMatch=etag) == ("ok", 200)
    assert outcome(copy, **asked, Key="to", CopySourceIfMatch='"0"') == FAILED
    assert outcome(copy, **asked, Key="to", CopySourceIfNoneMatch=etag) == FAILED
    assert outcome(copy, **asked, Key="to", CopySourceIfUnmodifiedSince=past) == FAILED
    assert outcome(copy, **asked, Key="to", CopySourceIfModifiedSince=future) == FAILED
    assert outcome(copy, **asked, Key="to", CopySourceIfMatch=etag, CopySourceIfUnmodifiedSince=past) == ("ok", 200)
    upload = bucket.s3.create_multipart_upload(Bucket=bucket.name, Key="parts")["UploadId"]
    part = {**asked, "Key": "parts", "UploadId": upload, "PartNumber": 1}
    assert outcome(bucket.s3.upload_part_copy, **part, CopySourceIfMatch='"0"') == FAILED
    assert outcome(bucket.s3.upload_part_copy, **part, CopySourceIfMatch=etag) == ("ok", 200)
