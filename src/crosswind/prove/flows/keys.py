"""The use of KMS keys that S3 makes with its caller's rights (forward access), for all flows on encrypted buckets.

Every bucket with a key has an S3 Bucket Key, so what S3 sends as encryption context is the bucket's ARN; the object's
where an upload names its key itself.
Source: docs.aws.amazon.com/AmazonS3/latest/userguide/UsingKMSEncryption.html, .../bucket-key.html.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from crosswind.prove.estate import Actor, Estate
from crosswind.prove.flow import Flow, documented

__all__ = ["administration", "with_keys"]

_PAGE = documented("AmazonS3/latest/userguide/UsingKMSEncryption.html")
_BUCKET_KEY = documented("AmazonS3/latest/userguide/bucket-key.html")
_DECRYPTS = {"s3:GetObject", "s3:GetObjectVersion", "s3:AbortMultipartUpload"}
_ENCRYPTS = {"s3:PutObject"}


def with_keys(estate: Estate, flows: Iterable[Flow]) -> Iterator[Flow]:
    """Each flow, and after it the use of the key that it needs; each use once."""
    buckets = {estate.bucket(name): name for name in estate.topology.buckets if estate.key(name)}
    seen: set[tuple[str, str, str]] = set()
    for flow in flows:
        yield flow
        bucket, slash, _ = flow.resource.partition("/")
        if not buckets or not slash or bucket not in buckets or not flow.who.startswith("arn:"):
            continue
        if flow.action in _DECRYPTS:
            action = "kms:Decrypt"
        elif flow.action in _ENCRYPTS:
            action = "kms:GenerateDataKey"
        else:
            continue
        name = buckets[bucket]
        if (flow.who, action, name) not in seen:
            seen.add((flow.who, action, name))
            yield from _use(estate, flow, action, name)


def _use(estate: Estate, flow: Flow, action: str, name: str) -> Iterator[Flow]:
    region, owner = estate.at(name)
    at = Actor(flow.who, region, owner, flow.asks)
    bucket, key = estate.bucket(name), estate.key(name)
    if flow.who == estate.principals.deployer(owner):  # its role is made before any key
        head, _, identity = key.rpartition("/")
        key = f"{head}/<{identity}>"
    if action == "kms:GenerateDataKey":
        yield from _naming(estate, flow, name)
    for context, page in ((bucket, _PAGE), (f"{bucket}/<key>", _BUCKET_KEY)):
        keys = {
            "kms:ViaService": f"s3.{region}.{estate.url_suffix}",
            "kms:EncryptionContext:aws:s3:arn": context,
        }
        yield at.flow(f"uses the key of {name} through S3", action, key, page, keys)


def _naming(estate: Estate, flow: Flow, name: str) -> Iterator[Flow]:
    """An upload may name the bucket's key, by its ARN or its alias's, as SageMaker does for its output."""
    region, owner = estate.at(name)
    at = Actor(flow.who, region, owner, flow.asks)
    given = dict(flow.context)
    if not estate.topology.buckets[name].is_made:
        return  # nothing refuses any other key there
    for key in dict.fromkeys((estate.key(name), estate.names.key_in_requests(name))):
        named = {
            **given,
            "s3:x-amz-server-side-encryption": "aws:kms",
            "s3:x-amz-server-side-encryption-aws-kms-key-id": key,
        }
        yield at.flow(f"names the key of {name} in an upload", "s3:PutObject", flow.resource, _PAGE, named)


def administration(estate: Estate) -> Iterator[Flow]:
    """The account of a key decides who may use it: without that, nobody could administer it."""
    page = documented("kms/latest/developerguide/key-policy-default.html")
    for name in sorted(estate.topology.buckets):
        if key := estate.key(name):
            region, owner = estate.at(name)
            at = Actor(f"arn:{estate.partition}:iam::{owner}:root", region, owner, f"buckets.{name}.encryption")
            yield at.flow(f"leaves the key of {name} to the account's policies", "kms:*", key, page)
