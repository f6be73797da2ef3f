"""The files whose text follows from the topology: the JSON beside the DAGs, and training configurations."""

from __future__ import annotations

import json
from typing import Any, assert_never

from crosswind.errors import InputError
from crosswind.synth.buckets import destination_parameter
from crosswind.synth.grants import split_ref
from crosswind.synth.registries import image
from crosswind.topology.model import GlueJob, Job, LambdaJob, Replication, SageMakerJob, Topology
from crosswind.topology.names import CLAIMS, Names

__all__ = ["names_file", "training_config"]


def names_file(topology: Topology) -> dict[str, Any]:
    """The JSON that lies beside the DAGs: names only, so that parsing a DAG calls nothing of AWS.

    Args:
        topology: a checked topology.

    Returns:
        Plain data with `schema_version` 2; upload it as `dags/<topology>.json`.
    """
    names = Names(topology)
    return {
        "schema_version": 2,
        "topology": topology.name,
        "partition": topology.partition,
        "sites": {
            name: {
                "account": topology.account_of(name),
                "region": site.region,
                "connection": site.connection,
                "console_role": topology.accounts[site.account].console_role,
            }
            for name, site in sorted(topology.sites.items())
        },
        "buckets": {
            name: {
                "name": names.bucket(name),
                "account": topology.account_of(bucket.site),
                "region": topology.region_of(bucket.site),
            }
            for name, bucket in sorted(topology.buckets.items())
        },
        "replications": {
            name: _replication(topology, names, each) for name, each in sorted(topology.replications.items())
        },
        "jobs": {name: _job(names, name, job) for name, job in sorted(topology.jobs.items())},
        "intervals": topology.intervals.model_dump(),
    }


def training_config(topology: Topology, job: str, text: str) -> str:
    """A SageMaker job's configuration with the deploy-time placeholders filled in.

    `${<Bucket>BucketName}` of every declared bucket (`${DestinationBucketName}`), `${SageMakerRoleArn}` and
    `${XGBoostImage}` are known when deploying; `${prefix}` and `${job_name}` are left for the run. A job whose models
    go into a bucket with a key of its own gets that key as `OutputDataConfig.KmsKeyId`, unless it names one: without,
    SageMaker takes AWS's own key, whatever the bucket's default
    (docs.aws.amazon.com/sagemaker/latest/APIReference/API_OutputDataConfig.html).

    Args:
        topology: a checked topology.
        job: the name of a SageMaker job.
        text: the text of its `config` file.

    Raises:
        InputError: when the Region has no XGBoost image although the text asks for one.
    """
    names = Names(topology)
    declared = topology.jobs[job]
    if not isinstance(declared, SageMakerJob):
        raise InputError(f"job {job} is no SageMaker job")
    values = {destination_parameter(bucket): names.bucket(bucket) for bucket in topology.buckets}
    values["SageMakerRoleArn"] = names.job_role_arn(job)
    if "${XGBoostImage}" in text:
        values["XGBoostImage"] = image(topology.region_of(declared.site))
    for name, value in values.items():
        text = text.replace(f"${{{name}}}", value)
    return _with_key(topology, text)


def _with_key(topology: Topology, text: str) -> str:
    """The configuration with the key of its output's bucket, by its alias's ARN: a key's own is known to KMS alone."""
    names = Names(topology)
    keys = {names.bucket(name): names.key_alias_arn(name) for name, b in topology.buckets.items() if b.has_key}
    if not keys:
        return text
    config = json.loads(text)
    output = config.get("OutputDataConfig", {})
    alias = keys.get(str(output.get("S3OutputPath", "")).removeprefix("s3://").partition("/")[0])
    if alias is None or "KmsKeyId" in output:
        return text
    output["KmsKeyId"] = alias
    return json.dumps(config, indent=2) + "\n"


def _replication(topology: Topology, names: Names, replication: Replication) -> dict[str, Any]:
    failures = None
    if replication.failure_events:
        site = topology.buckets[replication.source].site
        failures = {
            "queue": names.failures_queue_url(replication.source),
            "account": topology.account_of(site),
            "region": topology.region_of(site),
        }
    return {
        "source": replication.source,
        "destination": replication.destination,
        "folder": replication.folder,
        "mover": replication.mover,
        "repair": replication.repair,
        "failures": failures,
    }


def _job(names: Names, name: str, job: Job) -> dict[str, Any]:
    entry: dict[str, Any] = {"type": job.type, "site": job.site}
    claims = names.claims_bucket(name)
    claimed = {"bucket": names.bucket(claims), "prefix": CLAIMS} if claims else None
    match job:
        case GlueJob():
            entry |= {"name": names.job(name), "claims": claimed, "timeout_seconds": 60 * job.timeout_minutes}
            entry["log_group"] = "/aws-glue/jobs"
        case SageMakerJob():
            bucket, _ = split_ref(job.configs)
            entry["config"] = {"bucket": names.bucket(bucket), "key": names.config_key(name)}
            entry["log_group"] = "/aws/sagemaker/TrainingJobs"
        case LambdaJob():
            entry |= {"name": names.job(name), "claims": claimed, "timeout_seconds": job.timeout_seconds}
            entry["log_group"] = f"/aws/lambda/{names.job(name)}"
            entry["results"] = _place(names, job.results) if job.results is not None else None
        case _:
            assert_never(job)
    return entry


def _place(names: Names, ref: str) -> dict[str, str]:
    bucket, folder = split_ref(ref)
    return {"bucket": names.bucket(bucket), "prefix": f"{folder.rstrip('/')}/"}
