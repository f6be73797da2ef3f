"""What a training job bears of the handover that it reads, in its tags; and whether a model's record agrees with that.

The record lies where the training container may write. The tags do not: whoever submits the job gives it them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from crosswind.airflow.handover.model import Arrival, Handover, Reference, Version
from crosswind.airflow.naming import tag_value
from crosswind.airflow.target import Clients

__all__ = ["doubt", "tags"]


def tags(arrival: Arrival) -> list[dict[str, str]]:
    """What a training job reads, as its tags: where, in which version, and how much. Pure.

    Source: docs.aws.amazon.com/sagemaker/latest/APIReference/API_Tag.html (256 of letters, digits, spaces and
    `_.:/=+-@`); characters that may not be there become `-`.
    """
    reference = arrival.reference
    found = {
        "crosswind:handover": f"s3://{reference.bucket}/{reference.prefix}",
        "crosswind:handover-version": reference.version_id,
        "crosswind:handover-digest": reference.digest,
        "crosswind:data": f"s3://{arrival.bucket}/{arrival.prefix}",
        "crosswind:objects": str(len(arrival.versions)),
        "crosswind:published": reference.published,
    }
    return [{"Key": key, "Value": tag_value(value)} for key, value in found.items()]


def doubt(clients: Clients, document: Mapping[str, Any]) -> tuple[str, str] | None:
    """What speaks against a model's record; None when the training job and its tags bear it out.

    The digest in the tags is that of `handover.json`, which can be written again from the record: so the versions, the
    Glue run and its inputs are those of the handover, or the digest is another. Calls: DescribeTrainingJob, ListTags.

    Args:
        clients: of the account that the model is in.
        document: the record.

    Returns:
        The kind of the first step that is not certain (`training job` or `handover`; those behind it are no more so),
        and why.

    Raises:
        KeyError, TypeError, ValueError, InputError: the record is of another form.
    """
    training, uri = document["training"], document["model"]["uri"]
    try:
        sagemaker = clients.client("sagemaker")
        job = sagemaker.describe_training_job(TrainingJobName=training["name"])
        pages = list(sagemaker.get_paginator("list_tags").paginate(ResourceArn=job["TrainingJobArn"]))
    except (BotoCoreError, ClientError) as error:
        return "training job", f"SageMaker does not confirm it: {error}"
    made = job.get("ModelArtifacts", {}).get("S3ModelArtifacts", "nothing")
    if (job["TrainingJobArn"], made) != (training["arn"], uri):
        return "training job", f"{job['TrainingJobArn']} made {made}"
    borne = {tag["Key"]: tag["Value"] for page in pages for tag in page["Tags"]}
    arrival = _arrival(document)
    for tag in tags(arrival):
        if borne.get(tag["Key"]) != tag["Value"]:
            return "handover", f"the training job's tag {tag['Key']} is {borne.get(tag['Key'], 'missing')}"
    if (digest := hashlib.sha256(_handover(document).encoded()).hexdigest()) != arrival.reference.digest:
        return "handover", f"its versions and inputs have the digest {digest}, not that of the training job's tag"
    return None


def _arrival(document: Mapping[str, Any]) -> Arrival:
    replication, reference = document["replication"], document["handover"]["reference"]
    kept = {name: replication[name] for name in ("bucket", "account", "region", "versions", "seconds", "superseded")}
    return Arrival.of({"reference": reference, **kept})


def _handover(document: Mapping[str, Any]) -> Handover:
    """`handover.json` as it must have been."""
    handover = document["handover"]
    reference = Reference.of(handover["reference"], where="the record")
    return Handover(
        bucket=reference.bucket,
        account=handover["account"],
        region=handover["region"],
        prefix=reference.prefix,
        versions=tuple(Version(**each) for each in handover["versions"]),
        producer=document["producer"],
    )
