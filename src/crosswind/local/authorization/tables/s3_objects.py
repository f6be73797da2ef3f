"""Rows of S3's object operations.

Source: docs.aws.amazon.com/AmazonS3/latest/userguide/using-with-s3-policy-actions.html, which lists the rights that
each API operation needs, and the operations' own pages.
"""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import parse_qsl

from crosswind.local.authorization.asking import Ask, Context
from crosswind.local.authorization.facts import ObjectFacts
from crosswind.local.authorization.need import Need
from crosswind.local.authorization.table import Row
from crosswind.local.authorization.tables.s3_keys import reads, writes
from crosswind.local.authorization.tables.s3_requests import Place, object_tags, request_tags, source_of
from crosswind.local.edge.call import ServiceError
from crosswind.local.protocol import parse_input

__all__ = ["ROWS"]

_GRANTS = ("ACL", "GrantFullControl", "GrantRead", "GrantReadACP", "GrantWriteACP")
_CREATES: Context = {"s3:ObjectCreationOperation": "true"}
_PART: Context = {"s3:ObjectCreationOperation": "false"}
_GET = ("GetObject", "GetObjectVersion")


def _versioned(ask: Ask) -> tuple[str | None, Context]:
    version = ask.parameters.get("VersionId")
    return (str(version), {"s3:VersionId": str(version)}) if version else (None, {})


def _found(place: Place, version: str | None) -> ObjectFacts | None:
    found = place.ask.facts.object(place.bucket, place.key, version) if place.facts else None
    return None if found is None or found.marker else found


def _reading(
    place: Place, found: ObjectFacts | None, names: tuple[str, str], version: str | None, context: Context
) -> list[Need]:
    """A read of an object, and what tells the caller that there is none.

    The right has one name without a version, and another with one.

    An object that does not exist is a 404 only to those who may list the bucket, to others a 403
    (docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html).
    """
    tags = object_tags(found.tags) if found else {}
    needs = [place.on_object(names[1 if version else 0], context | tags)]
    if found is None and place.facts is not None:
        needs.append(place.on_bucket("ListBucket"))
    return needs


def _get(ask: Ask) -> list[Need]:
    place = Place(ask)
    version, context = _versioned(ask)
    found = _found(place, version)
    return [*_reading(place, found, _GET, version, context), *reads(place, found)]


def _head(ask: Ask) -> list[Need]:
    # Metadata are not encrypted with the key; checksums are
    # (docs.aws.amazon.com/AmazonS3/latest/API/API_HeadObject.html, ChecksumMode).
    place = Place(ask)
    version, context = _versioned(ask)
    found = _found(place, version)
    needs = _reading(place, found, _GET, version, context)
    if ask.parameters.get("ChecksumMode") == "ENABLED":
        needs += reads(place, found)
    return needs


def _attributes(ask: Ask) -> list[Need]:
    place = Place(ask)
    version, context = _versioned(ask)
    found = _found(place, version)
    return [
        *_reading(place, found, _GET, version, context),
        place.on_object("GetObjectVersionAttributes" if version else "GetObjectAttributes", context),
        *reads(place, found),
    ]


def _of_version(plain: str, versioned: str, *, tags: bool = True) -> Row:
    """A right on an object, another one when a version is named."""

    def row(ask: Ask) -> list[Need]:
        place = Place(ask)
        version, context = _versioned(ask)
        found = _found(place, version) if tags else None
        own = object_tags(found.tags) if found else {}
        return [place.on_object(versioned if version else plain, context | own)]

    return row


def _on_object(action: str) -> Row:
    return _of_version(action, action)


def _header_tags(ask: Ask) -> dict[str, str]:
    return dict(parse_qsl(str(ask.parameters.get("Tagging", "")), keep_blank_values=True))


def _dependents(place: Place, tags: Mapping[str, str]) -> list[Need]:
    """What a write needs beside `s3:PutObject` for its ACL, its tags and its lock."""
    asked, needs = place.ask.parameters, []
    if any(name in asked for name in _GRANTS):
        needs.append(place.on_object("PutObjectAcl"))
    if tags:
        needs.append(place.on_object("PutObjectTagging", request_tags(tags)))
    if "ObjectLockMode" in asked or "ObjectLockRetainUntilDate" in asked:
        needs.append(place.on_object("PutObjectRetention"))
    if "ObjectLockLegalHoldStatus" in asked:
        needs.append(place.on_object("PutObjectLegalHold"))
    return needs


def _matches(place: Place) -> list[Need]:
    """A write on condition of an ETag tells its caller what the object is.

    Source: docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html
    """
    return [place.on_object("GetObject")] if "IfMatch" in place.ask.parameters else []


def _put(ask: Ask) -> list[Need]:
    place, tags = Place(ask), _header_tags(ask)
    return [
        place.on_object("PutObject", _CREATES | request_tags(tags)),
        *_matches(place),
        *_dependents(place, tags),
        *writes(place),
    ]


def _begin_upload(ask: Ask) -> list[Need]:
    place, tags = Place(ask), _header_tags(ask)
    return [
        place.on_object("PutObject", _PART | request_tags(tags)),
        *_dependents(place, tags),
        *writes(place),
    ]


def _upload(ask: Ask, place: Place) -> ObjectFacts | None:
    """The upload in parts that a call goes on with.

    An upload's id is good for its own object alone: with another key there is no such upload
    (docs.aws.amazon.com/AmazonS3/latest/API/API_UploadPart.html, Errors).
    """
    found = ask.facts.upload(place.bucket, str(ask.parameters.get("UploadId", "")))
    if found is not None and found.key not in ("", place.key):
        text = (
            "The specified multipart upload does not exist. The upload ID may be invalid, or the upload may have been"
            " aborted or completed."
        )
        raise ServiceError("NoSuchUpload", text, 404)
    return found


def _part(ask: Ask) -> list[Need]:
    # S3 must read the encrypted parts (docs.aws.amazon.com/AmazonS3/latest/userguide/mpuAndPermissions.html).
    place = Place(ask)
    return [place.on_object("PutObject", _PART), *reads(place, _upload(ask, place))]


def _end_upload(ask: Ask) -> list[Need]:
    place = Place(ask)
    return [place.on_object("PutObject", _CREATES), *_matches(place), *reads(place, _upload(ask, place))]


def _copied(ask: Ask, *, with_tags: bool) -> tuple[list[Need], ObjectFacts | None]:
    bucket, key, version = source_of(ask)
    source = Place(ask, bucket, key)
    source.expect("ExpectedSourceBucketOwner")
    found = _found(source, version)
    context: Context = {"s3:VersionId": version} if version else {}
    needs = _reading(source, found, _GET, version, context)
    if with_tags and found and found.tags:
        action = "GetObjectVersionTagging" if version else "GetObjectTagging"
        needs.append(source.on_object(action, context | object_tags(found.tags)))
    return [*needs, *reads(source, found)], found


def _copy_source(ask: Ask) -> Context:
    return {"s3:x-amz-copy-source": "/".join(source_of(ask)[:2])}


def _copy(ask: Ask) -> list[Need]:
    place = Place(ask)
    replaced = ask.parameters.get("TaggingDirective") == "REPLACE"
    needs, found = _copied(ask, with_tags=not replaced)
    tags = _header_tags(ask) if replaced else (found.tags if found else {})
    return [
        place.on_object("PutObject", _CREATES | _copy_source(ask) | request_tags(tags)),
        *_matches(place),
        *_dependents(place, tags),
        *needs,
        *writes(place),
    ]


def _part_copy(ask: Ask) -> list[Need]:
    place = Place(ask)
    return [
        place.on_object("PutObject", _PART | _copy_source(ask)),
        *_copied(ask, with_tags=False)[0],
        *reads(place, _upload(ask, place)),
    ]


def _bypass(place: Place, context: Context) -> list[Need]:
    if place.ask.parameters.get("BypassGovernanceRetention"):
        return [place.on_object("BypassGovernanceRetention", context)]
    return []


def _delete(ask: Ask) -> list[Need]:
    place = Place(ask)
    version, context = _versioned(ask)
    action = "DeleteObjectVersion" if version else "DeleteObject"
    return [place.on_object(action, context), *_bypass(place, context)]


def _delete_many(ask: Ask) -> list[Need]:
    asked = parse_input("s3", "DeleteObjects", ask.call.http).get("Delete", {})
    needs = []
    for item in asked.get("Objects", ()):
        place = Place(ask, key=str(item.get("Key", "")))
        version = item.get("VersionId")
        context: Context = {"s3:VersionId": str(version)} if version else {}
        needs.append(place.on_object("DeleteObjectVersion" if version else "DeleteObject", context))
        needs += _bypass(place, context)
    # An empty list is malformed to S3; it still may not pass without any right.
    return needs or [Place(ask, key="*").on_object("DeleteObject")]


def _put_tags(ask: Ask) -> list[Need]:
    place = Place(ask)
    version, context = _versioned(ask)
    asked = parse_input("s3", "PutObjectTagging", ask.call.http).get("Tagging", {})
    tags = {str(tag.get("Key", "")): str(tag.get("Value", "")) for tag in asked.get("TagSet", ())}
    found = _found(place, version)
    context = context | request_tags(tags) | (object_tags(found.tags) if found else {})
    return [place.on_object("PutObjectVersionTagging" if version else "PutObjectTagging", context)]


def _put_retention(ask: Ask) -> list[Need]:
    place = Place(ask)
    _, context = _versioned(ask)
    return [place.on_object("PutObjectRetention", context), *_bypass(place, context)]


def _on_upload(action: str) -> Row:
    def row(ask: Ask) -> list[Need]:
        place = Place(ask)
        _upload(ask, place)
        return [place.on_object(action)]

    return row


ROWS: Mapping[str, Row] = {
    "AbortMultipartUpload": _on_upload("AbortMultipartUpload"),
    "CompleteMultipartUpload": _end_upload,
    "CopyObject": _copy,
    "CreateMultipartUpload": _begin_upload,
    "DeleteObject": _delete,
    "DeleteObjectTagging": _of_version("DeleteObjectTagging", "DeleteObjectVersionTagging"),
    "DeleteObjects": _delete_many,
    "GetObject": _get,
    "GetObjectAcl": _of_version("GetObjectAcl", "GetObjectVersionAcl"),
    "GetObjectAttributes": _attributes,
    "GetObjectLegalHold": _on_object("GetObjectLegalHold"),
    "GetObjectRetention": _on_object("GetObjectRetention"),
    "GetObjectTagging": _of_version("GetObjectTagging", "GetObjectVersionTagging"),
    "GetObjectTorrent": _of_version("GetObjectTorrent", "GetObjectVersionTorrent"),
    "HeadObject": _head,
    "ListParts": _on_upload("ListMultipartUploadParts"),
    "PutObject": _put,
    "PutObjectAcl": _of_version("PutObjectAcl", "PutObjectVersionAcl"),
    "PutObjectLegalHold": _on_object("PutObjectLegalHold"),
    "PutObjectRetention": _put_retention,
    "PutObjectTagging": _put_tags,
    "RestoreObject": _on_object("RestoreObject"),
    "SelectObjectContent": _get,
    "UploadPart": _part,
    "UploadPartCopy": _part_copy,
}
"""Operation to row."""
