"""SageMaker: what Airflow's operators do around training and processing jobs, and what these do under their own roles.

The code: `crosswind.airflow.operators.sagemaker`, `.processing`, `crosswind.airflow.jobs.named`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from crosswind.prove.estate import Actor, Estate, split_ref
from crosswind.prove.flow import AWS_OWNED, OBSERVED, SOMETIMES, Flow, documented
from crosswind.prove.flows.submissions import read_log
from crosswind.synth.registries import REPOSITORY, registry
from crosswind.topology.model import ProcessingJob, SageMakerJob

__all__ = ["TYPES", "job_names", "kind_of", "sagemaker_job", "sagemaker_operator"]

TYPES = ("sagemaker", "sagemaker_processing")
_KINDS = {"sagemaker": ("Training", "training-job"), "sagemaker_processing": ("Processing", "processing-job")}
# A job's name has 63 characters; what its task may take of them when the token and the run are long.
_UNCUT = 28

_ROLES = documented("sagemaker/latest/dg/sagemaker-roles.html#sagemaker-roles-createtrainingjob-perms")
_PROCESSING = documented("sagemaker/latest/dg/sagemaker-roles.html#sagemaker-roles-createprocessingjob-perms")
_NAMES = documented("sagemaker/latest/APIReference/API_CreateTrainingJob.html")
_PARTS = documented("AmazonS3/latest/userguide/mpuoverview.html#mpuAndPermissions")
_OUTPUT = documented("sagemaker/latest/APIReference/API_OutputDataConfig.html")
_VERSIONS = documented("AmazonS3/latest/API/API_HeadObject.html")
_ECR = documented("sagemaker/latest/dg-ecr-paths/sagemaker-algo-docker-registry-paths.html")


def kind_of(job: SageMakerJob) -> tuple[str, str]:
    """The word in the names of a job's API operations, and the one in its ARN."""
    return _KINDS[job.type]  # type: ignore[attr-defined]  # each type of job has its own


def job_names(task: str) -> tuple[str, ...]:
    """How the jobs of a task are named in ARNs: as the operator writes them, and as SageMaker may, in lower case."""
    word = re.sub(r"[^A-Za-z0-9]+", "-", task).strip("-")
    head = f"{word}-" if len(word) <= _UNCUT else word[:_UNCUT].rstrip("-")
    return tuple(dict.fromkeys(f"{form}<rest>" for form in (head, head.lower())))


def sagemaker_operator(estate: Estate) -> Iterator[Flow]:
    """Every step that runs a SageMaker job."""
    for name, job in estate.jobs(*TYPES):
        assert isinstance(job, SageMakerJob)  # noqa: S101 - these are its types
        for pipeline, asks, task in estate.tasks(name):
            at = estate.airflow(job.site, pipeline, asks)
            yield from _submitting(estate, at, name, job, task)
            word, _ = kind_of(job)
            yield from read_log(estate, at, job.site, f"/aws/sagemaker/{word}Jobs", streams=True)
            yield from _around(estate, at, job, pipeline)


def _submitting(estate: Estate, at: Actor, name: str, job: SageMakerJob, task: str) -> Iterator[Flow]:
    word, arn = kind_of(job)
    bucket, _ = split_ref(job.configs)
    config = estate.object(bucket, estate.names.config_key(name))
    yield at.flow(f"reads the request of {name}", "s3:GetObject", config)
    yield at.flow("looks for a job of an earlier try", f"sagemaker:List{word}Jobs", "*")
    role = estate.names.job_role_arn(name)
    passed = {"iam:PassedToService": "sagemaker.amazonaws.com"}
    yield at.flow("passes the job's role", "iam:PassRole", role, OBSERVED, passed)
    for index, form in enumerate(job_names(task)):
        one, known = estate.site_arn(job.site, "sagemaker", f"{arn}/{form}"), _NAMES if index else OBSERVED
        seen = OBSERVED if form == form.lower() else _NAMES
        known = seen if not index else OBSERVED
        yield at.flow(f"creates the job of {name}", f"sagemaker:Create{word}Job", one, known)
        yield at.flow("tags it with its owner", "sagemaker:AddTags", one, known)
        yield at.flow("looks at it", f"sagemaker:Describe{word}Job", one, known)
        yield at.flow("stops it", f"sagemaker:Stop{word}Job", one, SOMETIMES if known.observed else known)


def _around(estate: Estate, at: Actor, job: SageMakerJob, pipeline: str) -> Iterator[Flow]:
    """A training job that reads what was handed over: its versions are verified, its model's origin is recorded."""
    waited = [ref for ref in job.reads if estate.waits(pipeline, ref)]
    handed = [(ref, each) for ref in waited for _, each in estate.arriving(ref)]
    if kind_of(job)[0] != "Training" or not handed:
        return
    for ref, moved in handed:
        bucket, folder = split_ref(ref)
        site = estate.topology.buckets[bucket].site
        there = estate.airflow(site, pipeline, at.asks)
        run = {"s3:prefix": f"{folder}/<run>"}
        yield there.flow(
            "verifies the versions that the job reads", "s3:ListBucketVersions", estate.bucket(bucket), OBSERVED, run
        )
        again = estate.object(bucket, f"{folder}/<object>")
        yield there.flow("compares a version that was brought again", "s3:GetObjectVersion", again, SOMETIMES)
        source = estate.airflow(estate.topology.buckets[moved.source].site, pipeline, at.asks)
        manifest = estate.object(moved.source, f"{moved.folder}/<run>/handover.json")
        yield source.flow("reads what was handed over", "s3:GetObjectVersion", manifest)
    for ref in job.writes:
        bucket, folder = split_ref(ref)
        # docs.aws.amazon.com/sagemaker/latest/APIReference/API_OutputDataConfig.html says where.
        model = estate.object(bucket, f"{folder}/<job>/output/model.tar.gz")
        beside = estate.object(bucket, f"{folder}/<job>/output/lineage.json")
        yield at.flow("looks at the model", "s3:GetObject", model)
        yield at.flow("records what the model was made from", "s3:PutObject", beside)
        yield at.flow("is told that there is no model", "s3:ListBucket", estate.bucket(bucket), _VERSIONS)


def sagemaker_job(estate: Estate) -> Iterator[Flow]:
    """Every SageMaker job under its own role."""
    for name, job in estate.jobs(*TYPES):
        assert isinstance(job, SageMakerJob)  # noqa: S101 - these are its types
        at = estate.job(name)
        _, arn = kind_of(job)
        source = {
            "aws:SourceAccount": at.owner,
            "aws:SourceArn": estate.site_arn(job.site, "sagemaker", f"{arn}/<job>"),
        }
        service = estate.service("sagemaker", at.region, at.owner, at.asks, **source)
        yield service.flow("takes the job's role", "sts:AssumeRole", at.who)
        yield from _platform(estate, name, job)
        for index, ref in enumerate(job.reads):
            yield from _reading(estate, name, ref, f"jobs.{name}.reads[{index}]")
        for index, ref in enumerate(job.writes):
            yield from _writing(estate, name, ref, f"jobs.{name}.writes[{index}]")
        if isinstance(job, ProcessingJob):
            bucket, _ = split_ref(job.scripts)
            yield at.flow(
                "reads its script", "s3:GetObject", estate.object(bucket, estate.names.script_key(name)), _PROCESSING
            )
            folder = estate.names.script_key(name)
            yield at.flow(
                "lists its script", "s3:ListBucket", estate.bucket(bucket), _PROCESSING, {"s3:prefix": folder}
            )


def _platform(estate: Estate, name: str, job: SageMakerJob) -> Iterator[Flow]:
    """What SageMaker itself does with the job's role: the image, logs, metrics."""
    at, (word, _) = estate.job(name), kind_of(job)
    page = _ROLES if word == "Training" else _PROCESSING
    group = f"/aws/sagemaker/{word}Jobs"
    repository = estate.arn("ecr", at.region, registry(at.region), f"repository/{REPOSITORY}")
    for action in ("BatchCheckLayerAvailability", "BatchGetImage", "GetDownloadUrlForLayer"):
        yield at.flow("pulls its image", f"ecr:{action}", repository, _ECR, owner=AWS_OWNED)
    yield at.flow("logs in to the registry", "ecr:GetAuthorizationToken", "*", page)
    yield at.flow("makes its log group", "logs:CreateLogGroup", estate.log_group(job.site, group))
    yield at.flow("makes its log stream", "logs:CreateLogStream", estate.log_stream(job.site, group, "<stream>"))
    yield at.flow("writes its log", "logs:PutLogEvents", estate.log_stream(job.site, group, "<stream>"))
    yield at.flow("looks for its log streams", "logs:DescribeLogStreams", estate.log_group(job.site, group), page)
    spaces = {"cloudwatch:namespace": f"/aws/sagemaker/<{word}Jobs>"}
    yield at.flow("reports metrics", "cloudwatch:PutMetricData", "*", page, spaces)


def _reading(estate: Estate, name: str, ref: str, asks: str) -> Iterator[Flow]:
    bucket, folder = split_ref(ref)
    region, owner = estate.at(bucket)
    at = Actor(estate.job(name).who, region, owner, asks)
    prefix = {"s3:prefix": f"{folder}/<any>"}
    yield at.flow(f"lists {ref}", "s3:ListBucket", estate.bucket(bucket), OBSERVED, prefix)
    yield at.flow(f"reads {ref}", "s3:GetObject", estate.object(bucket, f"{folder}/<key>"))


def _writing(estate: Estate, name: str, ref: str, asks: str) -> Iterator[Flow]:
    bucket, folder = split_ref(ref)
    at = estate.job(name, asks)
    target = estate.object(bucket, f"{folder}/<key>")
    yield at.flow(f"writes {ref}", "s3:PutObject", target)
    yield at.flow("gives up an upload in parts", "s3:AbortMultipartUpload", target, _PARTS)
    key = estate.key(bucket)
    if key:
        # The page names no service by which the call comes.
        yield at.flow("encrypts its output with the key that the request names", "kms:Encrypt", key, _OUTPUT)
