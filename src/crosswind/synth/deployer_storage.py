"""The deployer's IAM statements for buckets, what lies in them, and their keys. Each statement stands once, here."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from crosswind.synth import handover_statements, key_statements, provider_statements
from crosswind.synth.arns import arn, bucket_arn, key_arn, object_arn
from crosswind.synth.grants import split_ref
from crosswind.synth.layout import Layout, camel
from crosswind.synth.roles import Statement, allow
from crosswind.synth.template import sub
from crosswind.topology.model import GlueJob, SageMakerJob

__all__ = ["storage", "survey_keys"]


def storage(layout: Layout, account: str) -> list[Statement]:
    """Buckets at home, the files that deploy puts into every bucket, and the emptying of all before a removal."""
    mine = [name for site in layout.sites(account) for name, _ in layout.buckets(site)]
    home = [name for site in layout.home_sites(account) for name, _ in layout.buckets(site)]
    arns: list[Any] = [bucket_arn(layout, name) for name in home]
    every: list[Any] = [bucket_arn(layout, name) for name in mine]
    files = _files(layout, mine)
    contents: list[Any] = [key_arn(layout, name, "*") for name in mine]
    statements: list[Statement] = []
    if layout.is_hub(account):
        airflow = f"arn:${{AWS::Partition}}:s3:::{layout.names.airflow_bucket}"
        arns.append(sub(airflow))
        every.append(sub(airflow))
        files += [sub(f"{airflow}/{key}") for key in ("dags/*", "plugins.zip", "requirements.txt")]
        contents.append(sub(f"{airflow}/*"))
        statements.append(allow("RemoveDags", ["s3:DeleteObject"], [sub(f"{airflow}/dags/*")]))
    if arns:
        statements.append(provider_statements.manage_buckets(arns))
    statements += provider_statements.manage_keys(layout, home)
    if every:
        statements += [
            allow("UploadFiles", ["s3:GetObject", "s3:PutObject"], files),
            *_use_keys(layout, account, "EncryptUploads", "kms:GenerateDataKey"),
            # A removal empties every bucket, and deletes one that no stack holds any more.
            allow(
                "EmptyBuckets",
                ["s3:DeleteBucket", "s3:ListBucket", "s3:ListBucketVersions", "s3:PutReplicationConfiguration"],
                every,
            ),
            allow("EmptyOfObjects", ["s3:DeleteObjectVersion"], contents),
        ]
    return [*statements, *_replicas(layout, mine), *_records(layout, account, mine)]


def _replicas(layout: Layout, mine: Sequence[str]) -> list[Statement]:
    """`run` tells of replicas, whose status is told by version."""
    arrived = {(r.destination, r.folder) for r in layout.topology.replications.values() if r.destination in mine}
    arns = [object_arn(layout, bucket, folder) for bucket, folder in sorted(arrived)]
    return [allow("SeeReplicas", ["s3:GetObjectVersion"], arns)] if arns else []


def _records(layout: Layout, account: str, mine: Sequence[str]) -> list[Statement]:
    """`lineage` reads what models were made from and whether they are the same still, and the handovers behind them."""
    jobs = [job for job in layout.topology.jobs.values() if isinstance(job, SageMakerJob)]
    models = {split_ref(folder) for job in jobs for folder in job.writes}
    sources = {(r.source, r.folder) for r in layout.topology.replications.values()}
    told = (handover_statements.lineage_arn, handover_statements.model_arn)
    lineage = [record_arn(layout, *each) for each in sorted(models) if each[0] in mine for record_arn in told]
    handovers = [handover_statements.handover_arn(layout, *each) for each in sorted(sources) if each[0] in mine]
    statements = [
        *([allow("ReadLineage", ["s3:GetObject"], lineage)] if lineage else []),
        *([allow("ReadHandovers", ["s3:GetObjectVersion"], handovers)] if handovers else []),
    ]
    return [*statements, *_use_keys(layout, account, "DecryptRecords", "kms:Decrypt")] if statements else []


def _keyed(layout: Layout, account: str) -> dict[str, list[str]]:
    """The buckets of an account that have keys of their own, by Region."""
    found: dict[str, list[str]] = {}
    for site in layout.sites(account):
        for name, _ in layout.buckets(site):
            if layout.has_key(name):
                found.setdefault(layout.topology.region_of(site), []).append(name)
    return {region: sorted(found[region]) for region in sorted(found)}


def _use_keys(layout: Layout, account: str, sid: str, action: str) -> list[Statement]:
    """The keys of our buckets, by way of S3: their ids are not known here, but the context in which S3 uses them is."""
    return [
        allow(
            f"{sid}{camel(region)}",
            [action],
            [arn("kms", region, layout.account_id(account), "key/*")],
            key_statements.through_s3(layout, buckets),
        )
        for region, buckets in _keyed(layout, account).items()
    ]


def _files(layout: Layout, buckets: Sequence[str]) -> list[Any]:
    """The objects that deploy uploads into declared buckets: markers of folders, scripts, configurations, data."""
    topology, names = layout.topology, layout.names
    keys = [(name, f"{folder}/") for name in buckets for folder in sorted(topology.buckets[name].folders)]
    for name, job in sorted(topology.jobs.items()):
        if isinstance(job, GlueJob):
            keys.append((split_ref(job.scripts)[0], names.script_key(name)))
        elif isinstance(job, SageMakerJob):
            keys.append((split_ref(job.configs)[0], names.config_key(name)))
    keys += [split_ref(target) for target in sorted(topology.data)]
    return [key_arn(layout, bucket, key) for bucket, key in keys if bucket in buckets]


def survey_keys(layout: Layout, account: str) -> list[Statement]:
    """A key that CloudFormation has deleted still waits for its end, without an alias: its tags alone tell of it."""
    regions = list(_keyed(layout, account))
    if not regions:
        return []
    every = [arn("kms", region, layout.account_id(account), "key/*") for region in regions]
    return [
        allow("SurveyKeys", ["kms:ListKeys"], ["*"], {"StringEquals": {"aws:RequestedRegion": regions}}),
        allow("SurveyKeyTags", ["kms:DescribeKey", "kms:ListResourceTags"], every),
    ]
