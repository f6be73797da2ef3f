"""The deployer's IAM statements for buckets, what lies in them, and their keys. Each statement stands once, here."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from crosswind.synth import handover_statements, key_statements, provider_roles, provider_statements
from crosswind.synth.arns import arn, bucket_arn, key_arn, object_arn
from crosswind.synth.grants import split_ref
from crosswind.synth.layout import Layout, camel
from crosswind.synth.roles import Statement, allow
from crosswind.synth.template import sub
from crosswind.topology.model import GlueJob, ProcessingJob, SageMakerJob, TrainingJob
from crosswind.topology.names import CLAIMS

__all__ = ["storage", "survey_keys"]


def storage(layout: Layout, account: str) -> list[Statement]:
    """Buckets at home, the files that deploy puts into every bucket, and the emptying of all before a removal.

    MWAA asks where its bucket is with the rights of who creates the environment.
    """
    mine = [name for site in layout.sites(account) for name, _ in layout.buckets(site)]
    home = [name for site in layout.home_sites(account) for name, _ in layout.buckets(site)]
    arns: list[Any] = [bucket_arn(layout, name) for name in home]
    every: list[Any] = [bucket_arn(layout, name) for name in mine]
    used = [name for site in layout.sites(account) for name, _ in layout.all_buckets(site)]
    files = _files(layout, used)
    contents: list[Any] = [key_arn(layout, name, "*") for name in mine]
    statements: list[Statement] = []
    if layout.is_hub(account):
        airflow = f"arn:${{AWS::Partition}}:s3:::{layout.names.airflow_bucket}"
        arns.append(sub(airflow))
        every.append(sub(airflow))
        files += [sub(f"{airflow}/{key}") for key in ("dags/*", "plugins.zip", "requirements.txt")]
        contents.append(sub(f"{airflow}/*"))
        statements.append(allow("RemoveDags", ["s3:DeleteObject"], [sub(f"{airflow}/dags/*")]))
        statements.append(allow("LocateAirflowBucket", ["s3:GetBucketLocation"], [sub(airflow)]))
    if arns:
        sources = provider_roles.sources_of(layout, layout.home_sites(account))
        statements += provider_statements.manage_buckets(arns, [bucket_arn(layout, name) for name in sources])
    statements += provider_statements.manage_keys(layout, home)
    holding = [name for name in used if _files(layout, [name])]
    # S3 says that a file is not there yet only to those who may list.
    if there := [bucket_arn(layout, name) for name in holding if name not in mine]:
        statements.append(allow("LookIntoBuckets", ["s3:ListBucket"], there))
    if files:
        statements += [
            allow("UploadFiles", ["s3:GetObject", "s3:PutObject"], files),
            *_use_keys(layout, account, "EncryptUploads", "kms:GenerateDataKey", holding),
        ]
    if every:
        statements += [
            allow("EmptyBuckets", ["s3:ListBucketVersions"], every),
            allow("EmptyOfObjects", ["s3:DeleteObjectVersion"], contents),
            *_far(layout, account),
        ]
    return [*statements, *_replicas(layout, used), *_records(layout, account, used, holding)]


def _far(layout: Layout, account: str) -> list[Statement]:
    """Of buckets that StackSets make: a removal stops replication, and deletes what no stack holds any more."""
    sites = layout.far_sites(account)
    arns = [bucket_arn(layout, name) for site in sites for name, _ in layout.buckets(site)]
    replicating = [bucket_arn(layout, name) for name in provider_roles.sources_of(layout, sites)]
    return [
        *([allow("DeleteFarBuckets", ["s3:DeleteBucket", "s3:ListBucket"], arns)] if arns else []),
        *([allow("StopFarReplication", ["s3:PutReplicationConfiguration"], replicating)] if replicating else []),
    ]


def _replicas(layout: Layout, mine: Sequence[str]) -> list[Statement]:
    """`run` tells of replicas, whose status is told by version."""
    rules = [r for r in layout.topology.replications.values() if r.by_s3]
    arrived = {(r.destination, r.folder) for r in rules if r.destination in mine}
    arns = [object_arn(layout, bucket, folder) for bucket, folder in sorted(arrived)]
    return [allow("SeeReplicas", ["s3:GetObjectVersion"], arns)] if arns else []


def _records(layout: Layout, account: str, mine: Sequence[str], holding: Sequence[str]) -> list[Statement]:
    """`lineage` reads what models were made from, and whether they are the same still; `reap`, whose a run is."""
    jobs = [job for job in layout.topology.jobs.values() if isinstance(job, TrainingJob)]
    models = {split_ref(folder) for job in jobs for folder in job.writes}
    told = (handover_statements.lineage_arn, handover_statements.model_arn)
    lineage = [record_arn(layout, *each) for each in sorted(models) if each[0] in mine for record_arn in told]
    glue = [name for name, job in layout.topology.jobs.items() if isinstance(job, GlueJob)]
    claims = sorted({layout.names.claims_bucket(name) for name in glue} & set(mine))
    statements = [
        *([allow("ReadLineage", ["s3:GetObject"], lineage)] if lineage else []),
        *([allow("ReadClaims", ["s3:GetObject"], [object_arn(layout, b, CLAIMS) for b in claims])] if claims else []),
    ]
    read = {*holding, *claims, *(bucket for bucket, _ in models)}
    return [*statements, *_use_keys(layout, account, "DecryptRecords", "kms:Decrypt", read)]


def _keyed(layout: Layout, account: str) -> dict[str, list[str]]:
    """The buckets of an account that keys other than AWS's encrypt, by Region."""
    found: dict[str, list[str]] = {}
    for site in layout.sites(account):
        for name, _ in layout.all_buckets(site):
            if layout.has_key(name):
                found.setdefault(layout.topology.region_of(site), []).append(name)
    return {region: sorted(found[region]) for region in sorted(found)}


def _use_keys(layout: Layout, account: str, sid: str, action: str, used: Collection[str]) -> list[Statement]:
    """The keys of our buckets, by way of S3: their ids are not known here, but the context in which S3 uses them is."""
    return [
        allow(
            f"{sid}{camel(region)}",
            [action],
            [arn("kms", region, layout.account_id(account), "key/*")],
            key_statements.through_s3(layout, buckets),
        )
        for region, keyed in _keyed(layout, account).items()
        if (buckets := [bucket for bucket in keyed if bucket in used])
    ]


def _files(layout: Layout, buckets: Sequence[str]) -> list[Any]:
    """The objects that deploy uploads into declared buckets: markers of folders, scripts, configurations, data."""
    topology, names = layout.topology, layout.names
    made = [name for name in buckets if topology.buckets[name].is_made]
    keys = [(name, f"{folder}/") for name in made for folder in sorted(topology.buckets[name].folders)]
    for name, job in sorted(topology.jobs.items()):
        if isinstance(job, GlueJob | ProcessingJob) and (script := split_ref(job.scripts)[0]) in buckets:
            keys.append((script, names.script_key(name)))
        if isinstance(job, SageMakerJob) and (config := split_ref(job.configs)[0]) in buckets:
            keys.append((config, names.config_key(name)))
    keys += [split_ref(target) for target in sorted(topology.data)]
    return [key_arn(layout, bucket, key) for bucket, key in keys if bucket in buckets]


def survey_keys(layout: Layout, account: str) -> list[Statement]:
    """A key that CloudFormation has deleted still waits for its end, without an alias: its tags alone tell of it."""
    regions = [region for region, each in _keyed(layout, account).items() if any(map(layout.makes_key, each))]
    if not regions:
        return []
    listing = allow("SurveyKeys", ["kms:ListKeys"], ["*"], {"StringEquals": {"aws:RequestedRegion": regions}})
    # Where keys are managed at home, they may be looked at already.
    home = {b for site in layout.home_sites(account) for b, _ in layout.buckets(site) if layout.makes_key(b)}
    looked_at = {layout.topology.region_of(layout.topology.buckets[bucket].site) for bucket in home}
    far = [arn("kms", region, layout.account_id(account), "key/*") for region in regions if region not in looked_at]
    return [listing, *([allow("SurveyKeyTags", ["kms:DescribeKey", "kms:ListResourceTags"], far)] if far else [])]
