"""The IAM statements about objects in declared buckets, by folder, and their keys. Each statement stands once, here.

Whoever holds them: roles of jobs and of Airflow, and the policies of buckets that roles of other accounts read.
Action, resource and condition names: docs.aws.amazon.com/service-authorization/latest/reference/list_amazons3.html.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from crosswind.synth import key_statements
from crosswind.synth.arns import bucket_arn, key_arn, object_arn, pattern
from crosswind.synth.keys import key_at, key_parameter
from crosswind.synth.layout import Layout, camel
from crosswind.synth.roles import Statement, allow
from crosswind.synth.template import if_set
from crosswind.topology.model import SparkJob

__all__ = [
    "Paths",
    "delete",
    "find_folders",
    "folders_of_hadoop",
    "list_folders",
    "load",
    "objects",
    "read",
    "reading",
    "use_keys",
    "write",
]

Paths = Mapping[str, tuple[str, ...]]
"""The paths of somebody's, by declared bucket, as `grants.folders` gives them."""


def reading(layout: Layout, name: str, paths: Paths) -> list[Statement]:
    """What a job needs of S3 to read folders; the same stands in the policy of a bucket of another account."""
    probed = folders_of_hadoop(layout, paths, {}) if isinstance(layout.topology.jobs[name], SparkJob) else []
    return [*list_folders(layout, paths), *read(layout, paths), *probed]


def list_folders(layout: Layout, paths: Paths) -> list[Statement]:
    """Listing by folder.

    `IfExists`: S3 answers 404 for a key that is not there only to those who may list, and asks without a prefix;
    with a plain condition a sensor would get 403 for a file that has not come yet.
    """
    return [
        allow(
            f"List{camel(bucket)}",
            ["s3:ListBucket"],
            [bucket_arn(layout, bucket)],
            {"StringLikeIfExists": {"s3:prefix": [pattern(path) for path in paths[bucket]]}},
        )
        for bucket in paths
    ]


def find_folders(layout: Layout, paths: Paths, looked_at: Collection[str]) -> list[Statement]:
    """Listing by folder, for who also looks at single objects, in these buckets and perhaps in more.

    A look at a key that is not there is 404 only for those who may list, and asks without a prefix: where nothing is
    listed, that alone is allowed.
    """
    absent = {"Null": {"s3:prefix": "true"}}
    return [
        *list_folders(layout, paths),
        *(
            allow(f"List{camel(bucket)}", ["s3:ListBucket"], [bucket_arn(layout, bucket)], absent)
            for bucket in sorted(set(looked_at) - set(paths))
        ),
    ]


def load(layout: Layout, paths: Paths) -> list[Statement]:
    """A script, or a configuration: the one object."""
    return objects(layout, "Load", ["s3:GetObject"], paths)


def read(layout: Layout, paths: Paths) -> list[Statement]:
    """Objects as they are now."""
    return objects(layout, "Read", ["s3:GetObject"], paths)


def write(layout: Layout, paths: Paths) -> list[Statement]:
    """Whole objects, and objects in parts."""
    return objects(layout, "Write", ["s3:AbortMultipartUpload", "s3:PutObject"], paths)


def delete(layout: Layout, paths: Paths) -> list[Statement]:
    """In a versioned bucket: a marker on top."""
    return objects(layout, "Delete", ["s3:DeleteObject"], paths)


def objects(layout: Layout, verb: str, actions: Sequence[str], paths: Paths) -> list[Statement]:
    """Any actions on objects, one statement a bucket."""
    return [
        allow(f"{verb}{camel(bucket)}", actions, [object_arn(layout, bucket, path) for path in paths[bucket]])
        for bucket in paths
    ]


def folders_of_hadoop(layout: Layout, touched: Paths, written: Paths) -> list[Statement]:
    """What Glue's file system asks of S3 beside the objects themselves.

    Before it reads or makes a folder it looks for an object of the folder's own name (`transformed`) and for
    Hadoop's marker of an empty folder (`transformed_$folder$`), and it may set that marker. Both keys lie outside
    `transformed/`, and a look at a key that one may not read is 403, not 404.

    Sources: repost.aws/knowledge-center/emr-s3-empty-files;
    docs.aws.amazon.com/AmazonS3/latest/API/API_HeadObject.html ("Permissions").
    """
    marker = "_$folder$"
    probed = [key_arn(layout, b, f"{p}{end}") for b, ps in touched.items() for p in ps for end in ("", marker)]
    marked = [key_arn(layout, b, f"{p}{marker}") for b, ps in written.items() for p in ps]
    statements = [
        allow("FindBuckets", ["s3:GetBucketLocation"], [bucket_arn(layout, bucket) for bucket in touched]),
        allow("FindFolders", ["s3:GetObject"], probed),
    ]
    return [*statements, allow("MarkFolders", ["s3:DeleteObject", "s3:PutObject"], marked)] if marked else statements


def use_keys(
    layout: Layout, site: str, read: Collection[str], written: Collection[str], put: Collection[str] = ()
) -> list[Statement]:
    """The keys of the buckets that a role uses; one of another stack than the role's comes late.

    Args:
        layout: of the topology.
        site: whose stack holds the role.
        read: the buckets that it reads.
        written: those that it writes, in parts too.
        put: those into which it puts whole objects alone.
    """
    statements: list[Any] = []
    for bucket in sorted({*read, *written, *put}):
        use = key_statements.decrypt
        if bucket in written or (bucket in read and bucket in put):
            use = key_statements.encrypt
        elif bucket in put:
            use = key_statements.seal
        if not layout.has_key(bucket):
            continue
        statement = use(layout, bucket, key_at(layout, bucket, site))
        late = layout.makes_key(bucket) and layout.topology.buckets[bucket].site != site
        statements.append(if_set(f"Has{key_parameter(bucket)}", statement) if late else statement)
    return statements
