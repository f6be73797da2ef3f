"""Lists of S3's versions and uploads in parts, and an object's attributes: answered here, from moto's state.

moto's own lists lose entries between two pages, know no time at which an upload began, and copy every object's body.

Source: docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectVersions.html, API_ListMultipartUploads.html,
API_ListParts.html, API_GetObjectAttributes.html.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any
from urllib.parse import quote

from moto.s3.models import FakeKey

from crosswind.local.edge.call import Call, HttpResponse, ServiceError
from crosswind.local.moto_backend.checksums import Checksums
from crosswind.local.moto_backend.preconditions import Preconditions
from crosswind.local.protocol import serialize_output

__all__ = ["Listings"]

_ANSWERED = {"GetObjectAttributes", "ListMultipartUploads", "ListObjectVersions", "ListParts"}
_MOST = 1000
_OWNER = {"ID": "75aa57f09aa0c8caeab4f8c24e99d10f8e7faeebf76c078efc7c6caea54ba06a", "DisplayName": "webfile"}


class Listings(Checksums, Preconditions):
    """Answers what moto answers wrongly."""

    def listed(self, call: Call) -> HttpResponse | None:
        """The answer to a call that is answered here; None for any other.

        Raises:
            ServiceError: `NoSuchBucket`, `NoSuchUpload`, `NoSuchKey`, `NoSuchVersion`, `InvalidArgument`.
        """
        if call.service != "s3" or call.operation not in _ANSWERED:
            return None
        answers: Mapping[str, Callable[[Call, Any], Mapping[str, Any]]] = {
            "GetObjectAttributes": self._attributes,
            "ListMultipartUploads": self._uploads,
            "ListObjectVersions": self._versions,
            "ListParts": self._parts,
        }
        with self.locked("s3", call.account):
            held = self._bucket(str(call.parameters["Bucket"]))
            if held is None:
                fields = {"BucketName": call.parameters["Bucket"]}
                raise ServiceError("NoSuchBucket", "The specified bucket does not exist", 404, fields=fields)
            output = answers[call.operation](call, held)
        return serialize_output("s3", call.operation, output, call.id, call.http)

    def _versions(self, call: Call, held: Any) -> Mapping[str, Any]:
        asked = call.parameters
        after = (str(asked.get("KeyMarker", "")), str(asked.get("VersionIdMarker", "")))
        if after[1] and not after[0]:
            raise _invalid("A version-id marker cannot be specified without a key marker.")
        keys = [key for key in sorted(held.keys) if key.startswith(str(asked.get("Prefix", "")))]
        # The newest first; what was written last comes last in moto's list.
        entries = [(key, str(one.version_id), one) for key in keys for one in reversed(held.keys.getlist(key))]
        page = _Page(asked, "MaxKeys", entries, after)
        output: dict[str, Any] = {"Versions": [], "DeleteMarkers": []}
        for key, version, one in page.entries:
            entry = {
                "Key": page.text(key),
                "VersionId": version,
                "IsLatest": one is held.keys.getlist(key)[-1],
                "LastModified": one.last_modified.replace(microsecond=0),
                "Owner": _OWNER,
            }
            if isinstance(one, FakeKey):
                entry |= {"ETag": one.etag, "Size": one.size, "StorageClass": one.storage_class}
                if one.checksum_algorithm:
                    kept = self.sum_of(one)
                    entry |= {"ChecksumAlgorithm": [kept.algorithm], "ChecksumType": kept.kind}
                output["Versions"].append(entry)
            else:
                output["DeleteMarkers"].append(entry)
        head = {"Name": asked["Bucket"], "MaxKeys": page.size}
        return head | page.output("KeyMarker", "VersionIdMarker") | output

    def _uploads(self, call: Call, held: Any) -> Mapping[str, Any]:
        asked = call.parameters
        after = (str(asked.get("KeyMarker", "")), str(asked.get("UploadIdMarker", "")))
        found = [one for one in held.multiparts.values() if one.key_name.startswith(str(asked.get("Prefix", "")))]
        found.sort(key=lambda one: (one.key_name, self.initiated(one), one.id))
        page = _Page(asked, "MaxUploads", [(one.key_name, one.id, one) for one in found], after)
        uploads = [
            {
                "Key": page.text(key),
                "UploadId": name,
                "Initiated": self.initiated(one),
                "StorageClass": one.storage or "STANDARD",
                "Owner": _OWNER,
                "Initiator": _OWNER,
                **_of_upload(one),
            }
            for key, name, one in page.entries
        ]
        head = {"Bucket": asked["Bucket"], "MaxUploads": page.size}
        return head | page.output("KeyMarker", "UploadIdMarker") | {"Uploads": uploads}

    def _parts(self, call: Call, held: Any) -> Mapping[str, Any]:
        asked = call.parameters
        upload = held.multiparts.get(str(asked["UploadId"]))
        if upload is None or upload.key_name != asked["Key"]:
            text = (
                "The specified upload does not exist. The upload ID may be invalid, or the upload may have been aborted"
                " or completed."
            )
            raise ServiceError("NoSuchUpload", text, 404, fields={"UploadId": asked["UploadId"]})
        first, size = int(asked.get("PartNumberMarker", 0)), _size(asked, "MaxParts")
        numbers = [number for number in sorted(upload.parts) if number > first]
        parts = [_part(number, upload.parts[number]) for number in numbers[:size]]
        return {
            "Bucket": asked["Bucket"],
            "Key": asked["Key"],
            "UploadId": asked["UploadId"],
            "PartNumberMarker": first,
            "NextPartNumberMarker": numbers[:size][-1] if numbers[:size] else first,
            "MaxParts": size,
            "IsTruncated": len(numbers) > size,
            "Parts": parts,
            "StorageClass": upload.storage or "STANDARD",
            "Owner": _OWNER,
            "Initiator": _OWNER,
            **_of_upload(upload),
        }

    def _attributes(self, call: Call, _: Any) -> Mapping[str, Any]:
        asked = call.parameters
        version = str(asked["VersionId"]) if asked.get("VersionId") else None
        found = self.found(str(asked["Bucket"]), str(asked["Key"]), version)
        if not isinstance(found, FakeKey):
            code, what = ("NoSuchVersion", "version") if version else ("NoSuchKey", "key")
            raise ServiceError(code, f"The specified {what} does not exist.", 404, fields={"Key": asked["Key"]})
        kept, parts = self.sum_of(found), found.etag.strip('"').rpartition("-")
        whole: dict[str, Any] = {
            "ETag": found.etag.strip('"'),
            "Checksum": {kept.member: kept.value, "ChecksumType": kept.kind},
            "StorageClass": found.storage_class,
            "ObjectSize": found.size,
        }
        if parts[1]:
            whole["ObjectParts"] = {"TotalPartsCount": int(parts[2])}
        # A header in the request, whose value the model has as a list.
        wanted = {str(name).strip() for name in asked.get("ObjectAttributes", ())}
        output = {name: value for name, value in whole.items() if name in wanted}
        output["LastModified"] = found.last_modified.replace(microsecond=0)
        return output if found.version_id == "null" else output | {"VersionId": found.version_id}


class _Page:
    """One page of a sorted list of (key, id, entry), with S3's prefixes, delimiter and markers.

    Args:
        asked: the call's parameters.
        limit: the member that limits a page.
        entries: all, sorted.
        after: the markers: key and id of the last entry of the page before; without an id all of that key is past.
    """

    def __init__(
        self, asked: Mapping[str, Any], limit: str, entries: Sequence[tuple[str, str, Any]], after: tuple[str, str]
    ) -> None:
        self._asked = asked
        self._encoded = asked.get("EncodingType") == "url"
        self._after = after
        self.size = _size(asked, limit)
        self.entries: list[tuple[str, str, Any]] = []
        self.prefixes: list[str] = []
        self._last: tuple[str, str] = after
        self._truncated = False
        for key, name, entry in _past(entries, after):
            folder = self._folder(key)
            if folder and (folder in self.prefixes or folder == after[0]):
                continue
            if len(self.entries) + len(self.prefixes) >= self.size:
                self._truncated = self.size > 0
                break
            if folder:
                self.prefixes.append(folder)
                self._last = (folder, "")
            else:
                self.entries.append((key, name, entry))
                self._last = (key, name)

    def text(self, key: str) -> str:
        """A key as the caller wants it written."""
        return quote(key, safe="/") if self._encoded else key

    def output(self, key_marker: str, id_marker: str) -> dict[str, Any]:
        """What every page says of itself; the arguments are the members' names."""
        found: dict[str, Any] = {
            "IsTruncated": self._truncated,
            key_marker: self.text(self._after[0]),
            id_marker: self._after[1],
            "Prefix": self.text(str(self._asked.get("Prefix", ""))),
        }
        if self._asked.get("Delimiter"):
            found["Delimiter"] = self.text(str(self._asked["Delimiter"]))
        if self._encoded:
            found["EncodingType"] = "url"
        if self.prefixes:
            found["CommonPrefixes"] = [{"Prefix": self.text(prefix)} for prefix in self.prefixes]
        if self._truncated:
            found[f"Next{key_marker}"] = self.text(self._last[0])
            if self._last[1]:
                found[f"Next{id_marker}"] = self._last[1]
        return found

    def _folder(self, key: str) -> str:
        prefix, delimiter = str(self._asked.get("Prefix", "")), str(self._asked.get("Delimiter", ""))
        end = key.find(delimiter, len(prefix)) if delimiter else -1
        return key[: end + len(delimiter)] if end >= 0 else ""


def _past(entries: Iterable[tuple[str, str, Any]], after: tuple[str, str]) -> list[tuple[str, str, Any]]:
    """The entries after a marker."""
    key, name = after
    found = [entry for entry in entries if entry[0] > key or (entry[0] == key and name)]
    if name:
        same = [index for index, entry in enumerate(found) if entry[:2] == after]
        # An entry that is gone meanwhile: all that is left of its key comes again, rather than nothing.
        return found[same[0] + 1 :] if same else found
    return found


def _size(asked: Mapping[str, Any], member: str) -> int:
    size = int(asked.get(member, _MOST))
    if size < 0:
        raise _invalid(f"Argument {member} must be an integer between 0 and 2147483647")
    return min(size, _MOST)


def _of_upload(upload: Any) -> dict[str, str]:
    names = {"ChecksumAlgorithm": "x-amz-checksum-algorithm", "ChecksumType": "x-amz-checksum-type"}
    return {member: upload.metadata[name] for member, name in names.items() if upload.metadata.get(name)}


def _part(number: int, part: Any) -> dict[str, Any]:
    found = {"PartNumber": number, "ETag": part.etag, "Size": part.size, "LastModified": part.last_modified}
    if part.checksum_algorithm:
        found[f"Checksum{part.checksum_algorithm}"] = part.checksum_value
    return found


def _invalid(message: str) -> ServiceError:
    return ServiceError("InvalidArgument", message, 400)
