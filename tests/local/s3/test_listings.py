"""Lists of versions, uploads and parts through boto3: complete over any pages, in S3's order."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.local.conftest import LiveEdge
from tests.local.s3.test_conditional_writes import Bucket, outcome


@pytest.fixture
def bucket(live_edge: LiveEdge) -> Bucket:
    return Bucket(live_edge)


def pages(bucket: Bucket, operation: str, size: int, **more: Any) -> list[Any]:
    config = {"PageSize": size}
    found = bucket.s3.get_paginator(operation).paginate(Bucket=bucket.name, PaginationConfig=config, **more)
    return list(found)


@pytest.mark.parametrize("size", [1, 2, 3, 100])
def test_versions_over_pages(bucket: Bucket, size: int) -> None:
    expected = []
    for key in ("a", "b c+&", "d/1", "d/2"):
        made = [bucket.put(key)["VersionId"] for _ in range(3)]
        marker = [bucket.s3.delete_object(Bucket=bucket.name, Key=key)["VersionId"]] if key == "d/1" else []
        expected += [(key, version) for version in [*marker, *made[::-1]]]
    found, latest = [], []
    for page in pages(bucket, "list_object_versions", size):
        entries = [*page.get("DeleteMarkers", []), *page.get("Versions", [])]
        assert len(entries) <= size
        found += [(entry["Key"], entry["VersionId"]) for entry in entries]
        latest += [(entry["Key"], entry["VersionId"]) for entry in entries if entry["IsLatest"]]
    assert sorted(found) == sorted(expected)
    # A page lists its markers and its versions apart: each in order.
    lone = expected[6]
    assert [one for one in found if one != lone] == [one for one in expected if one != lone]
    assert sorted(key for key, _ in latest) == ["a", "b c+&", "d/1", "d/2"]
    assert set(latest) <= {expected[0], expected[3], expected[6], expected[10]}


def test_versions_below_a_prefix_and_folders(bucket: Bucket) -> None:
    for key in ("raw/x", "t/r1/a", "t/r1/b", "t/r2/a", "t/z", "u"):
        bucket.put(key)
    for size in (1, 2, 10):
        found = pages(bucket, "list_object_versions", size, Prefix="t/", Delimiter="/")
        folders = [one["Prefix"] for page in found for one in page.get("CommonPrefixes", [])]
        keys = [one["Key"] for page in found for one in page.get("Versions", [])]
        assert (folders, keys) == (["t/r1/", "t/r2/"], ["t/z"])
    none = bucket.s3.list_object_versions(Bucket=bucket.name, MaxKeys=0)
    assert (none["IsTruncated"], "Versions" in none) == (False, False)
    after = bucket.s3.list_object_versions(Bucket=bucket.name, KeyMarker="t/r2/a")
    assert [one["Key"] for one in after["Versions"]] == ["t/z", "u"]
    (entry,) = bucket.s3.list_object_versions(Bucket=bucket.name, Prefix="u")["Versions"]
    assert (entry["Size"], entry["StorageClass"], entry["ChecksumAlgorithm"]) == (1, "STANDARD", ["CRC32"])


def test_a_marker_of_a_version_alone_is_refused(bucket: Bucket) -> None:
    call = bucket.s3.list_object_versions
    assert outcome(call, Bucket=bucket.name, VersionIdMarker="x") == ("InvalidArgument", 400)
    assert outcome(call, Bucket=f"no-{bucket.name}") == ("NoSuchBucket", 404)


@pytest.mark.parametrize("size", [1, 2, 100])
def test_uploads_over_pages(bucket: Bucket, size: int) -> None:
    began = [
        bucket.s3.create_multipart_upload(Bucket=bucket.name, Key=key, ChecksumAlgorithm="SHA256")["UploadId"]
        for key in ("b", "a", "a", "c/d")
    ]
    found = [one for page in pages(bucket, "list_multipart_uploads", size) for one in page.get("Uploads", [])]
    assert [one["UploadId"] for one in found] == [began[1], began[2], began[0], began[3]]
    assert all(abs(one["Initiated"] - datetime.now(UTC)) < timedelta(minutes=1) for one in found)
    assert {one["ChecksumAlgorithm"] for one in found} == {"SHA256"}
    listed = bucket.s3.list_multipart_uploads(Bucket=bucket.name, Prefix="c/")["Uploads"]
    assert [one["Key"] for one in listed] == ["c/d"]


def test_parts_over_pages_whatever_their_numbers(bucket: Bucket) -> None:
    where = {"Bucket": bucket.name, "Key": "k"}
    where["UploadId"] = bucket.s3.create_multipart_upload(**where)["UploadId"]
    for number in (7, 2, 9):
        bucket.s3.upload_part(**where, PartNumber=number, Body=b"%d" % number)
    first = bucket.s3.list_parts(**where, MaxParts=2)
    assert [part["PartNumber"] for part in first["Parts"]] == [2, 7]
    assert (first["IsTruncated"], first["NextPartNumberMarker"]) == (True, 7)
    rest = bucket.s3.list_parts(**where, PartNumberMarker=7)
    assert [part["PartNumber"] for part in rest["Parts"]] == [9]
    assert rest["IsTruncated"] is False
    assert outcome(bucket.s3.list_parts, **{**where, "Key": "other"}) == ("NoSuchUpload", 404)
    bucket.s3.abort_multipart_upload(**where)
    assert outcome(bucket.s3.list_parts, **where) == ("NoSuchUpload", 404)
    parts = {"Parts": [{"PartNumber": 7, "ETag": '"x"'}]}
    complete = bucket.s3.complete_multipart_upload
    assert outcome(complete, **where, MultipartUpload=parts) == ("NoSuchUpload", 404)


def test_a_version_is_asked_for_by_its_id(bucket: Bucket) -> None:
    first, _second = bucket.put(body=b"1")["VersionId"], bucket.put(body=b"2")
    got = bucket.s3.get_object(Bucket=bucket.name, Key="k", VersionId=first)
    assert (got["Body"].read(), got["VersionId"]) == (b"1", first)
    copied = bucket.s3.copy_object(
        Bucket=bucket.name, Key="copy", CopySource={"Bucket": bucket.name, "Key": "k", "VersionId": first}
    )
    assert copied["CopySourceVersionId"] == first
    assert bucket.s3.get_object(Bucket=bucket.name, Key="copy")["Body"].read() == b"1"
    gone = "00000000-0000-0000-0000-000000000000"
    assert outcome(bucket.s3.get_object, Bucket=bucket.name, Key="k", VersionId=gone) == ("NoSuchVersion", 404)
    assert outcome(bucket.s3.head_object, Bucket=bucket.name, Key="k", VersionId=gone)[1] == 404
    asked = {"Bucket": bucket.name, "Key": "k", "VersionId": gone, "ObjectAttributes": ["ETag"]}
    assert outcome(bucket.s3.get_object_attributes, **asked) == ("NoSuchVersion", 404)
