"""What the owners of resources that are there already must add to them, as data: Crosswind changes nothing of theirs.

To put a bucket's policy is to replace it (docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketPolicy.html), and a
key's or a role's likewise: so statements are told, and it is for their owners to add them. Only what the topology needs
is asked for; what a bucket of Crosswind's own refuses beside (requests without TLS, uploads with another key) is the
owner's to decide.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from crosswind.synth import bucket_statements, guest_statements, handover_statements, key_statements
from crosswind.synth.buckets import foreign_sources
from crosswind.synth.job_roles import JobRole, job_role
from crosswind.synth.layout import Layout, camel
from crosswind.synth.roles import Statement
from crosswind.topology.model import Topology

__all__ = ["OwnerDocument", "owner_documents"]

_SUFFIXES = {"aws-cn": "amazonaws.com.cn"}
_VARIABLE = re.compile(r"\$\{AWS::(\w+)\}")


@dataclass(frozen=True)
class OwnerDocument:
    """What one resource that is there already must have.

    Attributes:
        kind: `bucket`, `key` or `role`.
        name: the bucket's, the key's id, the role's without its path.
        arn: its ARN.
        account: the id of its account.
        region: its Region; empty for a role.
        asks: the key paths in the topology that name it, sorted.
        requires: what no policy can say, in words.
        policies: policy documents to be merged into its own, by what they are: `policy`, and `trust` for a role.
        key: the ARN of the key that encrypts a bucket; empty for none but AWS's own.
    """

    kind: Literal["bucket", "key", "role"]
    name: str
    arn: str
    account: str
    region: str
    asks: tuple[str, ...]
    requires: tuple[str, ...]
    policies: Mapping[str, Mapping[str, Any]] = field(hash=False)
    key: str = ""

    @property
    def count(self) -> int:
        """How many statements are to be added."""
        return sum(len(document["Statement"]) for document in self.policies.values())

    @property
    def file(self) -> str:
        """Where `crosswind synth --out` writes it."""
        return f"owners/{self.kind}-{self.name}.json"

    def as_dict(self) -> dict[str, Any]:
        """It, as plain data."""
        return {
            "schema_version": 1,
            "kind": self.kind,
            "name": self.name,
            "arn": self.arn,
            "account": self.account,
            "region": self.region,
            "asks": list(self.asks),
            "requires": list(self.requires),
            **{name: dict(document) for name, document in self.policies.items()},
        }


def owner_documents(topology: Topology) -> tuple[OwnerDocument, ...]:
    """One document for each resource that is there already, sorted by file.

    Args:
        topology: a topology without faults (`crosswind.topology.check`).
    """
    layout = Layout(topology)
    found = [*_buckets(layout), *_keys(layout), *_roles(layout)]
    return tuple(sorted(found, key=lambda document: document.file))


def _buckets(layout: Layout) -> Iterator[OwnerDocument]:
    for name, declared in layout.topology.buckets.items():
        if declared.is_made:
            continue
        handed_over = sorted({replication.folder for _, replication in layout.handed_over(name)})
        statements = [
            *(handover_statements.guard(layout, name, handed_over) if handed_over else []),
            *bucket_statements.replica_grant(layout, name, foreign_sources(layout, name)),
            *guest_statements.in_bucket(layout, layout.found, name),
        ]
        real = layout.names.bucket(name)
        yield OwnerDocument(
            "bucket",
            real,
            f"arn:{layout.topology.partition}:s3:::{real}",
            layout.bucket_account(name),
            layout.topology.region_of(declared.site),
            (f"buckets.{name}.existing",),
            tuple(_of_bucket(layout, name)),
            {"policy": _document(layout, statements)},
            declared.existing_key or "",
        )


def _of_bucket(layout: Layout, name: str) -> Iterator[str]:
    """What of a bucket no policy can say."""
    declared, topology = layout.topology.buckets[name], layout.topology
    yield f"lies in account {layout.bucket_account(name)}, Region {topology.region_of(declared.site)}"
    if declared.versioning:
        yield "keeps versions: its versioning is Enabled"
    if declared.existing_key:
        yield f"encrypts by default with {declared.existing_key} (SSE-KMS), with an S3 Bucket Key"
    else:
        yield "encrypts by default with keys of S3's own (SSE-S3)"
    brought = [each for sources in foreign_sources(layout, name).values() for each in sources]
    if any(each.owner is None for each in brought):
        yield "owns what lies in it: its Object Ownership is BucketOwnerEnforced"


def _keys(layout: Layout) -> Iterator[OwnerDocument]:
    """One document a key, whatever the number of buckets that it encrypts."""
    of_key: dict[str, list[str]] = {}
    for name, declared in sorted(layout.topology.buckets.items()):
        if declared.existing_key is not None:
            of_key.setdefault(declared.existing_key, []).append(name)
    for arn, buckets in of_key.items():
        statements = [key_statements.enable_iam(layout, buckets[0])]
        for name in buckets:
            sources = sorted(foreign_sources(layout, name))
            uses = [key_statements.replica_use(layout, name, source) for source in sources]
            uses += guest_statements.of_key(layout, layout.found, name)
            statements += [{**each, "Sid": f"{camel(name)}{each['Sid']}"} for each in uses]
        region, account, identity = arn.split(":", 5)[3:]
        yield OwnerDocument(
            "key",
            identity.removeprefix("key/"),
            arn,
            account,
            region,
            tuple(f"buckets.{name}.existing_key" for name in buckets),
            ("is enabled, symmetric, and for encryption and decryption",),
            {"policy": _document(layout, statements)},
        )


def _roles(layout: Layout) -> Iterator[OwnerDocument]:
    """One document a role, whatever the number of jobs that run under it."""
    of_role: dict[str, list[str]] = {}
    for name, job in sorted(layout.topology.jobs.items()):
        if job.existing_role is not None:
            of_role.setdefault(job.existing_role, []).append(name)
    for arn, jobs in of_role.items():
        roles = {name: job_role(layout, layout.found, name) for name in jobs}
        yield OwnerDocument(
            "role",
            arn.rpartition("/")[2],
            arn,
            arn.split(":")[4],
            "",
            tuple(f"jobs.{name}.existing_role" for name in jobs),
            ("has no policy and no permissions boundary that refuses any of this",),
            {"policy": _document(layout, _merged(roles)), "trust": _document(layout, _trusts(roles.values()))},
        )


def _merged(roles: Mapping[str, JobRole]) -> list[Statement]:
    """The statements of all jobs of a role: those of one name as one where that can be, none that another holds."""
    merged: dict[str, Statement] = {}
    for name, role in roles.items():
        for statement in role.statements:
            sid = statement["Sid"]
            both = _both(merged[sid], statement) if sid in merged else statement
            if both is None:
                sid = f"{camel(name)}{sid}"
                both = {**statement, "Sid": sid}
            merged[sid] = both
    return [each for each in merged.values() if not any(_holds(other, each) for other in merged.values())]


def _both(one: Statement, other: Statement) -> Statement | None:
    """One statement that means two of one name; None where it would mean more than they."""
    if one["Action"] != other["Action"]:
        return None
    if one.get("Condition") == other.get("Condition"):
        resources = [*one["Resource"], *(each for each in other["Resource"] if each not in one["Resource"])]
        return {**one, "Resource": resources}
    keys = [_values(each) for each in (one, other)]
    if one["Resource"] != other["Resource"] or keys[0] is None or keys[1] is None or keys[0][:2] != keys[1][:2]:
        return None
    operator, key, left = keys[0]
    right = [value for value in keys[1][2] if value not in left]
    return {**one, "Condition": {operator: {key: [*left, *right]}}}


def _values(statement: Statement) -> tuple[str, str, list[Any]] | None:
    """Operator, key and values of a statement's condition, where it is one of one key with a list of values."""
    condition = statement.get("Condition", {})
    found = [(operator, key, value) for operator, keys in condition.items() for key, value in keys.items()]
    return found[0] if len(found) == 1 and isinstance(found[0][2], list) else None


def _holds(one: Statement, other: Statement) -> bool:
    """Whether a statement allows what another does, on the same resources, and more."""
    same = [one.get(part) == other.get(part) for part in ("Resource", "Condition")]
    return all(same) and set(other["Action"]) < set(one["Action"])


def _trusts(roles: Iterable[JobRole]) -> list[Statement]:
    found = [statement for role in roles for statement in role.trust]
    return [each for index, each in enumerate(found) if each not in found[:index]]


def _document(layout: Layout, statements: Sequence[Statement]) -> dict[str, Any]:
    return {"Version": "2012-10-17", "Statement": [_plain(each, layout.topology.partition) for each in statements]}


def _plain(value: Any, partition: str) -> Any:
    """A value of a template with nothing left of CloudFormation's functions."""
    known = {"Partition": partition, "URLSuffix": _SUFFIXES.get(partition, "amazonaws.com")}
    if isinstance(value, Mapping):
        if set(value) == {"Fn::Sub"}:
            return _VARIABLE.sub(lambda match: known[match[1]], value["Fn::Sub"])
        return {name: _plain(each, partition) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(each, partition) for each in value]
    return value
