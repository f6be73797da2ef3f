"""The requests of SageMaker's jobs, as they lie in the bucket: what is known when deploying is filled in."""

from __future__ import annotations

import json
from typing import Any

from crosswind.errors import InputError, Place
from crosswind.synth.buckets import destination_parameter
from crosswind.synth.grants import split_ref
from crosswind.synth.registries import image
from crosswind.topology.model import ProcessingJob, SageMakerJob, Topology
from crosswind.topology.names import Names

__all__ = ["sagemaker_config"]


def sagemaker_config(topology: Topology, job: str, text: str) -> str:
    """A SageMaker job's configuration with the deploy-time placeholders filled in.

    `${<Bucket>BucketName}` of every declared bucket (`${DestinationBucketName}`), `${SageMakerRoleArn}` and
    `${XGBoostImage}` are known when deploying, for a processing job also `${ScriptUri}`, where its script lies; others,
    such as `${prefix}` and `${job_name}`, are left for the run. A job whose outputs go into a bucket with a key of its
    own gets that key as `KmsKeyId`, unless it names one: without, SageMaker takes AWS's own key, whatever the bucket's
    default (docs.aws.amazon.com/sagemaker/latest/APIReference/API_OutputDataConfig.html and
    API_ProcessingOutputConfig.html).

    Args:
        topology: a checked topology.
        job: the name of a SageMaker job.
        text: the text of its `config` file.

    Raises:
        InputError: when the Region has no XGBoost image although the text asks for one, or when one key would have to
            encrypt what goes into buckets that do not share one.
    """
    names = Names(topology)
    declared = topology.jobs[job]
    if not isinstance(declared, SageMakerJob):
        raise InputError(f"job {job} is no SageMaker job")
    values = {destination_parameter(bucket): names.bucket(bucket) for bucket in topology.buckets}
    values["SageMakerRoleArn"] = names.job_role_arn(job)
    if "${XGBoostImage}" in text:
        values["XGBoostImage"] = image(topology.region_of(declared.site))
    if isinstance(declared, ProcessingJob):
        bucket, _ = split_ref(declared.scripts)
        values["ScriptUri"] = f"s3://{names.bucket(bucket)}/{names.script_key(job)}"
    for name, value in values.items():
        text = text.replace(f"${{{name}}}", value)
    member = "ProcessingOutputConfig" if isinstance(declared, ProcessingJob) else "OutputDataConfig"
    return _with_key(topology, job, text, member)


def _with_key(topology: Topology, job: str, text: str, member: str) -> str:
    """The configuration with the key of its outputs' bucket; of one that is made, its alias."""
    names = Names(topology)
    keys = {names.bucket(name): names.key_in_requests(name) for name, b in topology.buckets.items() if b.has_key}
    if not keys:
        return text
    config = json.loads(text)
    output = config.get(member, {})
    used = {keys.get(uri.removeprefix("s3://").partition("/")[0]) for uri in _targets(output)}
    if "KmsKeyId" in output or not any(used):
        return text
    if len(used) > 1:
        raise InputError(
            f"the outputs of job {job} go into buckets that do not share a key, but {member} has one KmsKeyId",
            place=Place(path=f"{member}.Outputs"),
            hint="let them go into one bucket, or make a job for each",
        )
    output["KmsKeyId"] = used.pop()
    return json.dumps(config, indent=2) + "\n"


def _targets(output: dict[str, Any]) -> list[str]:
    """The S3 URIs of a job's outputs, of either kind."""
    if "S3OutputPath" in output:
        return [str(output["S3OutputPath"])]
    return [str(each.get("S3Output", {}).get("S3Uri", "")) for each in output.get("Outputs", [])]
