"""The conditions under which S3 writes and copies: checked and acted upon as one step, under the account's lock.

moto checks some of them, for some operations. Here all of those that S3 documents are checked before it, and taken off
the request; what S3 has not, or what is not offered here, is refused, so that no condition is passed over in silence.

Source: docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html; for the source of a copy
docs.aws.amazon.com/AmazonS3/latest/API/API_CopyObject.html.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from moto.s3.models import FakeKey

from crosswind.local.edge.call import Call, HttpResponse, ServiceError
from crosswind.local.moto_backend.buckets import Buckets, copied
from crosswind.local.protocol import parse_input

__all__ = ["Preconditions"]

_WRITES = {"PutObject", "CompleteMultipartUpload", "CopyObject"}
_COPIES = {"CopyObject", "UploadPartCopy"}
_TARGET = ("IfMatch", "IfNoneMatch")
_SOURCE = ("CopySourceIfMatch", "CopySourceIfNoneMatch", "CopySourceIfModifiedSince", "CopySourceIfUnmodifiedSince")
_HEADERS = {
    "if-match", "if-none-match", "x-amz-copy-source-if-match", "x-amz-copy-source-if-none-match",
    "x-amz-copy-source-if-modified-since", "x-amz-copy-source-if-unmodified-since",
}  # fmt: skip
_BEGAN = "crosswind_initiated"  # an attribute that we give to moto's uploads


class Preconditions(Buckets):
    """Checks conditions where the call goes through."""

    @contextmanager
    def conditionally(self, call: Call) -> Iterator[Call]:
        """The call without its conditions, which hold until the block ends; any other call as it is.

        Raises:
            ServiceError: 412 `PreconditionFailed`, 404 `NoSuchKey`, 409 `ConditionalRequestConflict`; 501 for a
                condition that S3 has not, or that is not offered here.
        """
        _refuse_unoffered(call)
        asked = call.parameters
        if call.service != "s3" or not (
            (call.operation in _WRITES and any(name in asked for name in _TARGET))
            or (call.operation in _COPIES and any(name in asked for name in _SOURCE))
        ):
            yield call
            return
        # Another request of the account waits until this one is through: between check and write nothing happens.
        with self.locked("s3", call.account):
            if call.operation in _COPIES:
                self._check_source(asked)
            if call.operation in _WRITES:
                self._check_target(asked)
            headers = {name: value for name, value in call.http.headers.items() if name not in _HEADERS}
            yield replace(call, http=replace(call.http, headers=headers))

    def note_upload(self, call: Call, response: HttpResponse) -> None:
        """Keep when an upload in parts began, which moto does not: a deletion after that is a conflict."""
        if (call.service, call.operation) == ("s3", "CreateMultipartUpload") and response.status < 300:
            held = self._bucket(str(call.parameters["Bucket"]))
            for upload in list(held.multiparts.values()):
                if not hasattr(upload, _BEGAN):
                    setattr(upload, _BEGAN, datetime.now(UTC))

    def initiated(self, upload: Any) -> datetime:
        """When an upload of moto's began."""
        found: datetime = getattr(upload, _BEGAN, datetime.fromtimestamp(0, UTC))
        return found

    def _check_target(self, asked: Mapping[str, Any]) -> None:
        bucket, key = str(asked["Bucket"]), str(asked["Key"])
        found = self.found(bucket, key, None)
        current = found if isinstance(found, FakeKey) else None
        if "IfNoneMatch" in asked:
            if asked["IfNoneMatch"] != "*":
                raise _not_implemented("If-None-Match")
            if current is not None:
                raise _failed("If-None-Match")
            if found is not None and self._deleted_since(asked, found):
                text = "The conditional request cannot succeed due to a conflicting operation against this resource."
                raise ServiceError("ConditionalRequestConflict", text, 409, fields={"Key": key})
        if "IfMatch" in asked:
            if asked["IfMatch"] == "*":
                raise _not_implemented("If-Match")
            if current is None:
                raise ServiceError("NoSuchKey", "The specified key does not exist.", 404, fields={"Key": key})
            if _bare(asked["IfMatch"]) != _bare(current.etag):
                raise _failed("If-Match")

    def _deleted_since(self, asked: Mapping[str, Any], marker: Any) -> bool:
        """Whether the key was deleted after the upload that is to be completed had begun."""
        held = self._bucket(str(asked["Bucket"]))
        upload = held.multiparts.get(str(asked.get("UploadId", ""))) if held is not None else None
        return upload is not None and marker.last_modified.replace(tzinfo=UTC) > self.initiated(upload)

    def _check_source(self, asked: Mapping[str, Any]) -> None:
        found = self.found(*copied(asked))
        if not isinstance(found, FakeKey):
            return  # moto says that there is none
        modified = found.last_modified.replace(tzinfo=UTC, microsecond=0)
        # Of an ETag and a time that say different things, the ETag counts.
        if "CopySourceIfMatch" in asked:
            if _bare(asked["CopySourceIfMatch"]) != _bare(found.etag):
                raise _failed("x-amz-copy-source-If-Match")
        elif "CopySourceIfUnmodifiedSince" in asked and modified > asked["CopySourceIfUnmodifiedSince"]:
            raise _failed("x-amz-copy-source-If-Unmodified-Since")
        if "CopySourceIfNoneMatch" in asked and _bare(asked["CopySourceIfNoneMatch"]) == _bare(found.etag):
            raise _failed("x-amz-copy-source-If-None-Match")
        if "CopySourceIfModifiedSince" in asked and modified <= asked["CopySourceIfModifiedSince"]:
            raise _failed("x-amz-copy-source-If-Modified-Since")


def _refuse_unoffered(call: Call) -> None:
    if call.service != "s3":
        return
    if call.operation == "DeleteObject":
        for name, header in (
            ("IfMatchLastModifiedTime", "x-amz-if-match-last-modified-time"),
            ("IfMatchSize", "x-amz-if-match-size"),
        ):
            if name in call.parameters:
                raise _not_implemented(header)
    elif call.operation == "DeleteObjects" and b"ETag" in call.http.body:
        asked = parse_input("s3", "DeleteObjects", call.http).get("Delete", {})
        if any("ETag" in item for item in asked.get("Objects", ())):
            raise ServiceError("NotImplemented", "The local world deletes no list of objects on conditions.", 501)


def _bare(etag: Any) -> str:
    return str(etag).strip().strip('"')


def _failed(condition: str) -> ServiceError:
    text = "At least one of the pre-conditions you specified did not hold"
    return ServiceError("PreconditionFailed", text, 412, fields={"Condition": condition})


def _not_implemented(header: str) -> ServiceError:
    text = "A header you provided implies functionality that is not implemented."
    return ServiceError("NotImplemented", text, 501, fields={"Header": header})
