"""What all of S3's needs are made of: bucket and object ARNs, and the condition keys of the request."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from urllib.parse import parse_qsl, unquote, urlparse

from crosswind.local.authorization.asking import Ask, Context, unknown
from crosswind.local.authorization.facts import BucketFacts
from crosswind.local.authorization.need import Need
from crosswind.local.edge.call import ServiceError

__all__ = ["Place", "object_tags", "request_tags", "source_of"]

# Headers whose values are condition keys, wherever they are sent
# (docs.aws.amazon.com/service-authorization/latest/reference/list_amazons3.html).
_HEADERS: Mapping[str, str] = {
    "if-match": "s3:if-match",
    "if-none-match": "s3:if-none-match",
    "x-amz-acl": "s3:x-amz-acl",
    "x-amz-bucket-object-lock-enabled": "s3:x-amz-bucket-object-lock-enabled",
    "x-amz-content-sha256": "s3:x-amz-content-sha256",
    "x-amz-grant-full-control": "s3:x-amz-grant-full-control",
    "x-amz-grant-read": "s3:x-amz-grant-read",
    "x-amz-grant-read-acp": "s3:x-amz-grant-read-acp",
    "x-amz-grant-write": "s3:x-amz-grant-write",
    "x-amz-grant-write-acp": "s3:x-amz-grant-write-acp",
    "x-amz-metadata-directive": "s3:x-amz-metadata-directive",
    "x-amz-object-lock-legal-hold": "s3:object-lock-legal-hold",
    "x-amz-object-lock-mode": "s3:object-lock-mode",
    "x-amz-object-lock-retain-until-date": "s3:object-lock-retain-until-date",
    "x-amz-object-ownership": "s3:x-amz-object-ownership",
    "x-amz-server-side-encryption": "s3:x-amz-server-side-encryption",
    "x-amz-server-side-encryption-aws-kms-key-id": "s3:x-amz-server-side-encryption-aws-kms-key-id",
    "x-amz-server-side-encryption-customer-algorithm": "s3:x-amz-server-side-encryption-customer-algorithm",
    "x-amz-storage-class": "s3:x-amz-storage-class",
    "x-amz-website-redirect-location": "s3:x-amz-website-redirect-location",
}


class Place:
    """A bucket, and an object in it where there is one, of one call.

    Args:
        ask: the call.
        bucket: the bucket's name; the call's own when not given.
        key: the object's key; the call's own when not given.
    """

    __slots__ = ("account", "ask", "base", "bucket", "bucket_arn", "facts", "key", "object_arn")

    def __init__(self, ask: Ask, bucket: str = "", key: str = "") -> None:
        self.ask = ask
        self.bucket = bucket or str(ask.parameters.get("Bucket", ""))
        if not self.bucket or self.bucket.startswith("arn:"):
            raise unknown(ask.call)  # access points are not offered
        self.key = key or str(ask.parameters.get("Key", ""))
        self.facts: BucketFacts | None = ask.facts.bucket(self.bucket)
        self.account = self.facts.account if self.facts else ask.account
        if not bucket:
            self.expect("ExpectedBucketOwner")
        self.bucket_arn = f"arn:{ask.partition}:s3:::{self.bucket}"
        self.object_arn = f"{self.bucket_arn}/{self.key}"
        self.base = _request_keys(ask) | {"s3:ResourceAccount": self.account}

    def expect(self, member: str) -> None:
        """Refuse a call that names another owner of the bucket than it has.

        Source: docs.aws.amazon.com/AmazonS3/latest/userguide/bucket-owner-condition.html

        Args:
            member: that names the owner.

        Raises:
            ServiceError: AccessDenied (403).
        """
        expected = self.ask.parameters.get(member)
        if expected and self.facts is not None and str(expected) != self.facts.account:
            raise ServiceError("AccessDenied", "Access Denied", 403)

    def on_bucket(self, action: str, context: Context | None = None) -> Need:
        """A need on the bucket."""
        return Need(f"s3:{action}", self.bucket_arn, self.account, {**self.base, **context} if context else self.base)

    def on_object(self, action: str, context: Context | None = None) -> Need:
        """A need on the object."""
        return Need(f"s3:{action}", self.object_arn, self.account, {**self.base, **context} if context else self.base)


def _request_keys(ask: Ask) -> Context:
    http = ask.call.http
    # What a service does by itself (Edge.act) comes with no signature.
    context: Context = {"s3:TlsVersion": "1.3"}
    if "authorization" in http.headers:
        context["s3:authType"] = "REST-HEADER"
        context["s3:signatureversion"] = "AWS4-HMAC-SHA256"
    elif "X-Amz-Signature" in http.query:
        context["s3:authType"] = "REST-QUERY-STRING"
        context["s3:signatureversion"] = "AWS4-HMAC-SHA256"
        context |= _signature_age(http.query.get("X-Amz-Date", ""))
    for header, value in http.headers.items():
        key = _HEADERS.get(header)
        if key:
            context[key] = value
    return context


def _signature_age(date: str) -> Context:
    try:
        made = datetime.strptime(date, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC).timestamp()
    except ValueError:
        return {}
    return {"s3:signatureAge": str(max(0, int((time.time() - made) * 1000)))}


def request_tags(tags: Mapping[str, str]) -> Context:
    """The keys of the object tags that a request sets."""
    context: Context = {f"s3:RequestObjectTag/{key}": value for key, value in tags.items()}
    if tags:
        context["s3:RequestObjectTagKeys"] = list(tags)
    return context


def object_tags(tags: Mapping[str, str]) -> Context:
    """The keys of the tags that an object has."""
    return {f"s3:ExistingObjectTag/{key}": value for key, value in tags.items()}


def source_of(ask: Ask) -> tuple[str, str, str | None]:
    """Bucket, key and version id of what a call copies."""
    text = str(ask.parameters.get("CopySource", ""))
    path, _, query = text.partition("?")
    if not _is_plain(text, path, query):
        raise ServiceError("InvalidArgument", f"Invalid copy source encoding: {text!r}", 400)
    bucket, _, key = unquote(path).lstrip("/").partition("/")
    if bucket.startswith("arn:"):
        raise unknown(ask.call)
    if not bucket or not key:
        text = "Copy Source must mention the source bucket and key: sourcebucket/sourcekey"
        raise ServiceError("InvalidArgument", text, 400)
    return bucket, key, dict(_pairs(query)).get("versionId")


def _is_plain(text: str, path: str, query: str) -> bool:
    """Whether a copy source is a path with at most a version id, and no other kind of URL.

    One that begins with a host or a scheme, or ends in a fragment, has another bucket for a reader of URLs.
    """
    parts = urlparse(text)
    names = [name for name, _ in _pairs(query)]
    return parts.path == path and not text.startswith("//") and names in ([], ["versionId"])


def _pairs(query: str) -> Iterator[tuple[str, str]]:
    yield from parse_qsl(query, keep_blank_values=True)
