"""The checksums of S3's objects and parts: verified when they are sent, kept, and given to who asks.

moto keeps what a client claims, computes some over the transfer coding, and takes CRC32 for what it cannot compute.

Source: docs.aws.amazon.com/AmazonS3/latest/userguide/checking-object-integrity.html. What was uploaded without a
checksum has a CRC64NVME on AWS; here it is computed when it is first asked for, and PutObject does not print it.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from crosswind.local.edge.aws_chunked import payload
from crosswind.local.edge.call import Call, HttpResponse, ServiceError
from crosswind.local.moto_backend.buckets import Buckets, copied
from crosswind.local.moto_backend.crc import crc32c, crc64nvme
from crosswind.local.protocol import parse_input

__all__ = ["Checksums", "Sum", "digest"]

_ALGORITHMS: Mapping[str, Callable[[bytes], bytes]] = {
    "CRC32": lambda data: binascii.crc32(data).to_bytes(4, "big"),
    "CRC32C": crc32c,
    "CRC64NVME": crc64nvme,
    "SHA1": lambda data: hashlib.sha1(data, usedforsecurity=False).digest(),
    "SHA256": lambda data: hashlib.sha256(data).digest(),
}
_HEADER = "x-amz-checksum-"
# Headers that begin like a checksum's and are none.
_NO_SUMS = {"x-amz-checksum-algorithm", "x-amz-checksum-type", "x-amz-checksum-mode"}
_DEFAULT = "CRC64NVME"
_FULL, _COMPOSITE = "FULL_OBJECT", "COMPOSITE"
_LISTED = "crosswind_listed"  # an attribute that we give to moto's uploads: the parts that they were completed from
_IN_XML = re.compile(rb"<Checksum(?!Algorithm)\w+>[^<]*</Checksum\w+>")
_RESULTS = {
    "CopyObject": b"</CopyObjectResult>",
    "UploadPartCopy": b"</CopyPartResult>",
    "CompleteMultipartUpload": b"</CompleteMultipartUploadResult>",
}


@dataclass(frozen=True)
class Sum:
    """A checksum as S3 prints it.

    Args:
        algorithm: `CRC32`, `CRC32C`, `CRC64NVME`, `SHA1` or `SHA256`.
        value: base64; for a composite one with `-` and the number of parts behind it.
        kind: `FULL_OBJECT` or `COMPOSITE`.
    """

    algorithm: str
    value: str
    kind: str = _FULL

    @property
    def header(self) -> str:
        """The header that carries it."""
        return _HEADER + self.algorithm.lower()

    @property
    def member(self) -> str:
        """The member of the API's shapes that carries it."""
        return f"Checksum{self.algorithm}"


def digest(algorithm: str, data: bytes) -> str:
    """The checksum of bytes, base64."""
    return base64.b64encode(_ALGORITHMS[algorithm](data)).decode()


class Checksums(Buckets):
    """Verifies, keeps and gives checksums."""

    def sent_sum(self, call: Call) -> Sum | None:
        """The checksum that comes with an object or a part, verified; None for a call without one.

        Raises:
            ServiceError: `BadDigest` when it is not the content's; `InvalidRequest`, also for what does not fit the
                upload; 501 for an algorithm that is not offered.
        """
        if call.service != "s3" or call.operation not in ("PutObject", "UploadPart", "CompleteMultipartUpload"):
            return None
        if call.operation == "CompleteMultipartUpload":
            self._check_completion(call)
            return None
        body, trailer = payload(call.http)
        found = _claimed({**call.http.headers, **trailer})
        if call.operation == "UploadPart":
            self._check_part(call, found)
        if found is not None and digest(found.algorithm, body) != found.value:
            text = f"The {found.algorithm} you specified did not match the calculated checksum."
            raise ServiceError("BadDigest", text, 400)
        return found

    def keep_sum(self, call: Call, response: HttpResponse, sent: Sum | None) -> HttpResponse:
        """Keep the checksum of what a call made, and put it into the answer; any other answer stays as it is."""
        if call.service != "s3" or response.status >= 300:
            return response
        match call.operation:
            case "PutObject":
                self._set(self._object_of(call, response), sent)
                return _with_headers(response, sent)
            case "UploadPart":
                self._set(self._part(call), sent)
                return _with_headers(response, sent, kind=False)
            case "UploadPartCopy":
                return self._with_source(call, _with_xml(call, response, self._sum_part(call), kind=False))
            case "CopyObject":
                return _with_xml(call, response, self._sum_copy(call, response))
            case "CompleteMultipartUpload":
                return _with_xml(call, response, self._sum_upload(self._object_of(call, response)))
            case "GetObject" | "HeadObject":
                # Of a part of an object nobody has a checksum.
                whole = response.status == 200 and "Range" not in call.parameters
                asked = call.parameters.get("ChecksumMode") == "ENABLED" and "PartNumber" not in call.parameters
                return _with_headers(
                    response, self.sum_of(self._object_of(call, response)) if whole and asked else None
                )
            case _:
                return response

    def sum_of(self, found: Any) -> Sum:
        """The checksum of an object of moto's; the CRC64NVME is computed now where it has no other."""
        if found.checksum_algorithm not in _ALGORITHMS:
            self._set(found, Sum(_DEFAULT, digest(_DEFAULT, found.value)))
        kind = found.checksum_type or _FULL
        suffix = f"-{found.checksum_parts}" if kind == _COMPOSITE else ""
        return Sum(found.checksum_algorithm, f"{found.checksum_value}{suffix}", kind)

    def _with_source(self, call: Call, response: HttpResponse) -> HttpResponse:
        """The version that a part was copied from, which moto does not tell."""
        source = self.found(*copied(call.parameters))
        if source is None or source.version_id == "null":
            return response
        headers = {**response.headers, "x-amz-copy-source-version-id": source.version_id}
        return HttpResponse(response.status, headers, response.body)

    def _object_of(self, call: Call, response: HttpResponse) -> Any:
        version = response.headers.get("x-amz-version-id")
        return self.found(str(call.parameters["Bucket"]), str(call.parameters["Key"]), version or None)

    def _set(self, found: Any, kept: Sum | None) -> None:
        found.checksum_algorithm = kept.algorithm if kept else None
        found.checksum_value = kept.value if kept else None
        found.checksum_type = kept.kind if kept else None
        found.checksum_parts = None

    def _upload(self, call: Call) -> Any:
        held = self._bucket(str(call.parameters["Bucket"]))
        return held.multiparts.get(str(call.parameters["UploadId"])) if held is not None else None

    def _part(self, call: Call) -> Any:
        return self._upload(call).parts[int(call.parameters["PartNumber"])]

    def _check_part(self, call: Call, sent: Sum | None) -> None:
        upload = self._upload(call)
        expected = _algorithm_of(upload) if upload is not None else ""
        if expected and expected != (sent.algorithm if sent else ""):
            actual = sent.algorithm.lower() if sent else "null"
            raise _invalid(
                f"Checksum Type mismatch occurred, expected checksum Type: {expected.lower()},"
                f" actual checksum Type: {actual}"
            )

    def _check_completion(self, call: Call) -> None:
        """The parts' own checksums must be in the list when the whole one is made of them."""
        upload = self._upload(call)
        if upload is None:
            text = (
                "The specified upload does not exist. The upload ID may be invalid, or the upload may have been"
                " aborted or completed."
            )
            raise ServiceError("NoSuchUpload", text, 404)
        if not _algorithm_of(upload) or _kind_of(upload) != _COMPOSITE:
            return
        algorithm = _algorithm_of(upload)
        listed = parse_input("s3", call.operation, call.http).get("MultipartUpload", {}).get("Parts", ())
        setattr(upload, _LISTED, [int(part.get("PartNumber", 0)) for part in listed])
        for part in listed:
            number, given = int(part.get("PartNumber", 0)), part.get(f"Checksum{algorithm}")
            if given is None:
                raise _invalid(
                    f"The upload was created using a {algorithm.lower()} checksum. The complete request must include"
                    f" the checksum for each part. It was missing for part {number} in the request."
                )
            held = upload.parts.get(number)
            if held is not None and held.checksum_value != given:
                text = (
                    "One or more of the specified parts could not be found. The part may not have been uploaded, or"
                    " the specified entity tag may not match the part's entity tag."
                )
                raise ServiceError("InvalidPart", text, 400)

    def _sum_part(self, call: Call) -> Sum | None:
        algorithm, part = _algorithm_of(self._upload(call)), self._part(call)
        made = Sum(algorithm, digest(algorithm, part.value)) if algorithm else None
        self._set(part, made)
        return made

    def _sum_copy(self, call: Call, response: HttpResponse) -> Sum | None:
        """A copy has the algorithm that is asked for, else its source's, over the whole object."""
        made = self._object_of(call, response)
        algorithm = str(call.parameters.get("ChecksumAlgorithm") or made.checksum_algorithm or "")
        if algorithm and algorithm not in _ALGORITHMS:
            raise _unoffered(algorithm)
        kept = Sum(algorithm, digest(algorithm, made.value)) if algorithm else None
        self._set(made, kept)
        return kept

    def _sum_upload(self, made: Any) -> Sum | None:
        upload = made.multipart
        algorithm = _algorithm_of(upload)
        if not algorithm:
            self._set(made, None)
            return None
        if _kind_of(upload) == _FULL:
            self._set(made, Sum(algorithm, digest(algorithm, made.value)))
        else:
            parts = [base64.b64decode(upload.parts[number].checksum_value) for number in getattr(upload, _LISTED)]
            self._set(made, Sum(algorithm, digest(algorithm, b"".join(parts)), _COMPOSITE))
            made.checksum_parts = len(parts)
        return self.sum_of(made)


def _algorithm_of(upload: Any) -> str:
    return str(upload.metadata.get("x-amz-checksum-algorithm") or "")


def _kind_of(upload: Any) -> str:
    default = _FULL if _algorithm_of(upload) == _DEFAULT else _COMPOSITE
    return str(upload.metadata.get("x-amz-checksum-type") or default)


def _claimed(headers: Mapping[str, str]) -> Sum | None:
    names = [name for name in headers if name.startswith(_HEADER) and name not in _NO_SUMS]
    if len(names) > 1:
        raise _invalid("Expecting a single x-amz-checksum- header. Multiple checksum Types are not allowed.")
    if not names:
        if headers.get("x-amz-sdk-checksum-algorithm"):
            raise _invalid(
                "x-amz-sdk-checksum-algorithm specified, but no corresponding x-amz-checksum-* or x-amz-trailer headers"
                " were found."
            )
        return None
    algorithm = names[0].removeprefix(_HEADER).upper()
    if algorithm not in _ALGORITHMS:
        raise _unoffered(algorithm)
    return Sum(algorithm, headers[names[0]])


def _with_headers(response: HttpResponse, kept: Sum | None, *, kind: bool = True) -> HttpResponse:
    headers = {
        name: value
        for name, value in response.headers.items()
        if not name.startswith(_HEADER) and name != "x-amz-sdk-checksum-algorithm"
    }
    if kept is not None:
        headers[kept.header] = kept.value
        if kind:
            headers["x-amz-checksum-type"] = kept.kind
    return HttpResponse(response.status, headers, response.body)


def _with_xml(call: Call, response: HttpResponse, kept: Sum | None, *, kind: bool = True) -> HttpResponse:
    body = response.body if isinstance(response.body, bytes) else b"".join(response.body)
    body = _IN_XML.sub(b"", body)
    if kept is not None:
        text = f"<{kept.member}>{kept.value}</{kept.member}>"
        text += f"<ChecksumType>{kept.kind}</ChecksumType>" if kind else ""
        end = _RESULTS[call.operation]
        body = body.replace(end, text.encode() + end)
    answer = _with_headers(response, None)
    return HttpResponse(answer.status, {**answer.headers, "content-length": str(len(body))}, body)


def _invalid(message: str) -> ServiceError:
    return ServiceError("InvalidRequest", message, 400)


def _unoffered(algorithm: str) -> ServiceError:
    return ServiceError("NotImplemented", f"The local world does not compute the checksum {algorithm}.", 501)
