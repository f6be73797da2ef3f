"""Checksums through boto3: verified, kept, given to who asks, and the same on a replica."""

from __future__ import annotations

import base64
import hashlib
import zlib
from typing import Any

import pytest
from botocore.exceptions import ClientError
from hypothesis import given
from hypothesis import strategies as st

from crosswind.local.edge.aws_chunked import payload
from crosswind.local.edge.call import HttpRequest, ServiceError
from crosswind.local.moto_backend.checksums import digest
from tests.local.conftest import LiveEdge
from tests.local.s3.test_conditional_writes import Bucket, outcome

BODY = b"1,2,3\n"
PART = b"a" * 5 * 1024 * 1024


def crc32(data: bytes) -> str:
    return base64.b64encode(zlib.crc32(data).to_bytes(4, "big")).decode()


@pytest.fixture
def bucket(live_edge: LiveEdge) -> Bucket:
    return Bucket(live_edge)


def head(bucket: Bucket, key: str = "k", **more: Any) -> Any:
    return bucket.s3.head_object(Bucket=bucket.name, Key=key, ChecksumMode="ENABLED", **more)


def test_known_values() -> None:
    """The check values of the CRC catalogue."""
    text = b"123456789"
    assert base64.b64decode(digest("CRC32", text)).hex() == "cbf43926"
    assert base64.b64decode(digest("CRC32C", text)).hex() == "e3069283"
    assert base64.b64decode(digest("CRC64NVME", text)).hex() == "ae8b14860a799888"


@given(st.lists(st.binary(max_size=40), max_size=5), st.booleans())
def test_the_coding_comes_off(parts: list[bytes], trailing: bool) -> None:
    parts = [part for part in parts if part]
    body = b"".join(b"%x;chunk-signature=ab\r\n%s\r\n" % (len(part), part) for part in parts) + b"0\r\n"
    body += b"x-amz-checksum-crc32: AAAAAA==\r\n\r\n" if trailing else b"\r\n"
    http = HttpRequest("PUT", "/", {}, {"content-encoding": "aws-chunked"}, body)
    trailer = {"x-amz-checksum-crc32": "AAAAAA=="} if trailing else {}
    assert payload(http) == (b"".join(parts), trailer)


@pytest.mark.parametrize("body", [b"", b"5\r\nabc", b"-1\r\n\r\n", b"zz\r\nabc\r\n"])
def test_a_broken_coding_is_refused(body: bytes) -> None:
    with pytest.raises(ServiceError, match="IncompleteBody"):
        payload(HttpRequest("PUT", "/", {}, {"content-encoding": "gzip,aws-chunked"}, body))


@pytest.mark.parametrize("algorithm", ["CRC32", "SHA1", "SHA256"])
def test_a_checksum_is_kept(bucket: Bucket, algorithm: str) -> None:
    expected = digest(algorithm, BODY)
    made = bucket.put(body=BODY, ChecksumAlgorithm=algorithm)
    assert (made[f"Checksum{algorithm}"], made["ChecksumType"]) == (expected, "FULL_OBJECT")
    bucket.put(body=b"newer")
    for found in (head(bucket, VersionId=made["VersionId"]),
                  bucket.s3.get_object(Bucket=bucket.name, Key="k", VersionId=made["VersionId"])):  # fmt: skip
        assert (found[f"Checksum{algorithm}"], found["ChecksumType"]) == (expected, "FULL_OBJECT")
    plain = bucket.s3.head_object(Bucket=bucket.name, Key="k")
    assert not [name for name in plain if name.startswith("Checksum")]


def test_a_given_value_is_verified(bucket: Bucket) -> None:
    assert outcome(bucket.put, body=BODY, ChecksumSHA256=digest("SHA256", b"other")) == ("BadDigest", 400)
    assert outcome(bucket.put, body=BODY, ChecksumSHA256=digest("SHA256", BODY)) == ("ok", 200)
    assert head(bucket)["ChecksumSHA256"] == digest("SHA256", BODY)
    assert len(bucket.versions()) == 1
    other = digest("CRC64NVME", b"other")
    assert outcome(bucket.put, body=BODY, ChecksumCRC64NVME=other) == ("BadDigest", 400)
    assert outcome(bucket.put, body=BODY, ChecksumXXHASH64="AAAA") == ("NotImplemented", 501)


def test_a_body_that_looks_like_a_trailer_is_none(bucket: Bucket) -> None:
    body = b"x-amz-checksum-crc32:AAAAAA==\r\n"
    assert bucket.put(body=body)["ChecksumCRC32"] == head(bucket)["ChecksumCRC32"] == crc32(body)


def test_part_of_an_object_has_no_checksum(bucket: Bucket) -> None:
    bucket.put(body=BODY)
    part = bucket.s3.get_object(Bucket=bucket.name, Key="k", Range="bytes=0-1", ChecksumMode="ENABLED")
    assert (part["Body"].read(), "ChecksumCRC32" in part) == (BODY[:2], False)


def upload(bucket: Bucket, *bodies: bytes, complete: bool = True, **settings: Any) -> Any:
    began = bucket.s3.create_multipart_upload(Bucket=bucket.name, Key="k", **settings)
    where = {"Bucket": bucket.name, "Key": "k", "UploadId": began["UploadId"]}
    algorithm = settings.get("ChecksumAlgorithm", "CRC32")
    parts = []
    for number, body in enumerate(bodies, 1):
        sent = bucket.s3.upload_part(**where, PartNumber=number, Body=body, ChecksumAlgorithm=algorithm)
        parts.append({"PartNumber": number, "ETag": sent["ETag"], f"Checksum{algorithm}": sent[f"Checksum{algorithm}"]})
    if not complete:
        return where, parts
    return bucket.s3.complete_multipart_upload(**where, MultipartUpload={"Parts": parts})


def test_an_upload_in_parts_has_a_composite_checksum(bucket: Bucket) -> None:
    done = upload(bucket, PART, b"b", ChecksumAlgorithm="SHA256")
    digests = b"".join(hashlib.sha256(part).digest() for part in (PART, b"b"))
    expected = base64.b64encode(hashlib.sha256(digests).digest()).decode() + "-2"
    assert (done["ChecksumSHA256"], done["ChecksumType"]) == (expected, "COMPOSITE")
    found = head(bucket)
    assert (found["ChecksumSHA256"], found["ChecksumType"]) == (expected, "COMPOSITE")
    asked = ["Checksum", "ObjectSize", "ObjectParts", "ETag"]
    attributes = bucket.s3.get_object_attributes(Bucket=bucket.name, Key="k", ObjectAttributes=asked)
    assert attributes["Checksum"] == {"ChecksumSHA256": expected, "ChecksumType": "COMPOSITE"}
    assert (attributes["ObjectSize"], attributes["ObjectParts"]["TotalPartsCount"]) == (len(PART) + 1, 2)
    assert attributes["ETag"] == found["ETag"].strip('"')


def test_a_whole_checksum_of_an_upload(bucket: Bucket) -> None:
    done = upload(bucket, PART, b"b", ChecksumAlgorithm="CRC32", ChecksumType="FULL_OBJECT")
    assert done["ChecksumCRC32"] == head(bucket)["ChecksumCRC32"] == crc32(PART + b"b")


def test_an_upload_without_a_word_has_a_crc64nvme(bucket: Bucket) -> None:
    done = upload(bucket, b"parts")
    found = head(bucket)
    assert (found["ChecksumCRC64NVME"], found["ChecksumType"]) == (digest("CRC64NVME", b"parts"), "FULL_OBJECT")
    assert found["VersionId"] == done["VersionId"]


def test_parts_must_fit_their_upload(bucket: Bucket) -> None:
    where, parts = upload(bucket, b"b", complete=False, ChecksumAlgorithm="SHA256")
    with pytest.raises(ClientError, match="expected checksum Type: sha256, actual checksum Type: crc32"):
        bucket.s3.upload_part(**where, PartNumber=2, Body=b"c")
    bare = [{"PartNumber": 1, "ETag": parts[0]["ETag"]}]
    with pytest.raises(ClientError, match="It was missing for part 1 in the request"):
        bucket.s3.complete_multipart_upload(**where, MultipartUpload={"Parts": bare})
    wrong = [{**parts[0], "ChecksumSHA256": digest("SHA256", b"x")}]
    complete = bucket.s3.complete_multipart_upload
    assert outcome(complete, **where, MultipartUpload={"Parts": wrong}) == ("InvalidPart", 400)
    assert outcome(complete, **where, MultipartUpload={"Parts": parts}) == ("ok", 200)


def test_a_copy_keeps_the_algorithm_over_the_whole(bucket: Bucket) -> None:
    upload(bucket, PART, b"b", ChecksumAlgorithm="CRC32")
    source = {"Bucket": bucket.name, "Key": "k"}
    made = bucket.s3.copy_object(Bucket=bucket.name, Key="copy", CopySource=source)["CopyObjectResult"]
    assert (made["ChecksumCRC32"], made["ChecksumType"]) == (crc32(PART + b"b"), "FULL_OBJECT")
    made = bucket.s3.copy_object(Bucket=bucket.name, Key="other", CopySource=source, ChecksumAlgorithm="SHA1")
    assert made["CopyObjectResult"]["ChecksumSHA1"] == head(bucket, "other")["ChecksumSHA1"]
    assert "ChecksumCRC32" not in made["CopyObjectResult"]


def test_a_part_that_is_copied_has_the_uploads_checksum(bucket: Bucket) -> None:
    version = bucket.put("from", BODY)["VersionId"]
    bucket.put("from", b"newer")
    began = bucket.s3.create_multipart_upload(Bucket=bucket.name, Key="to", ChecksumAlgorithm="SHA256")
    where = {"Bucket": bucket.name, "Key": "to", "UploadId": began["UploadId"]}
    source = {"Bucket": bucket.name, "Key": "from", "VersionId": version}
    part = bucket.s3.upload_part_copy(**where, PartNumber=3, CopySource=source, CopySourceRange="bytes=0-2")
    expected = digest("SHA256", BODY[:3])
    assert part["CopyPartResult"]["ChecksumSHA256"] == expected
    assert part["CopySourceVersionId"] == version
    (listed,) = bucket.s3.list_parts(**where)["Parts"]
    assert (listed["PartNumber"], listed["Size"], listed["ChecksumSHA256"]) == (3, 3, expected)
    parts = [{"PartNumber": 3, "ETag": part["CopyPartResult"]["ETag"], "ChecksumSHA256": expected}]
    bucket.s3.complete_multipart_upload(**where, MultipartUpload={"Parts": parts})
    assert bucket.s3.get_object(Bucket=bucket.name, Key="to")["Body"].read() == BODY[:3]
