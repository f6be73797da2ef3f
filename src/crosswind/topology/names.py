"""The AWS names that follow from a topology: deterministic, hashed when over a limit, never random.

Limits: IAM role 64 (docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html), S3 bucket 63
(docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html), stack 128
(docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_CreateStack.html), MWAA environment 80
(docs.aws.amazon.com/mwaa/latest/API/API_CreateEnvironment.html), KMS alias 256
(docs.aws.amazon.com/kms/latest/APIReference/API_CreateAlias.html), SQS queue 80
(docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_CreateQueue.html).
"""

from __future__ import annotations

import hashlib
import re
from pathlib import PurePosixPath
from typing import assert_never

from crosswind.topology.model import (
    GlueJob,
    LambdaJob,
    ProcessingJob,
    PythonShellJob,
    SageMakerJob,
    SparkJob,
    Topology,
    TrainingJob,
)

__all__ = ["CLAIMS", "Names", "camel", "fit"]

CLAIMS = "_crosswind/claims/"
"""Where claims lie in a bucket: no declared folder begins with an underscore."""


def camel(name: str) -> str:
    """A declared name as a CloudFormation logical id: `mwaa_glue_raw` becomes `MwaaGlueRaw`."""
    return "".join(word[:1].upper() + word[1:] for word in re.split(r"[^A-Za-z0-9]+", name))


def fit(name: str, limit: int) -> str:
    """The name itself, or its head and a hash of the whole when it is longer than `limit` characters."""
    if len(name) <= limit:
        return name
    digest = hashlib.sha256(name.encode()).hexdigest()[:8]
    return f"{name[: limit - 9].rstrip('-')}-{digest}"


class Names:
    """Every AWS name of one topology.

    Args:
        topology: the declared topology.
    """

    def __init__(self, topology: Topology) -> None:
        self._topology = topology

    def stack(self, part: str, site: str) -> str:
        """Stack or StackSet of a part (`stacksets`, `site`, `network`, `airflow`) at a site or `hub`."""
        return fit(f"{self._topology.name}-{part}-{site}".replace("_", "-"), 116)

    def bucket(self, name: str) -> str:
        """A declared bucket: its `existing` or `name`, else `<topology>-<bucket>-<account>-<region>`."""
        declared = self._topology.buckets[name]
        if given := declared.existing or declared.name:
            return given
        site = declared.site
        return self._bucket(name, self._topology.account_of(site), self._topology.region_of(site))

    def key_alias(self, bucket: str) -> str:
        """The alias of the KMS key of a declared bucket's own; one a Region of an account."""
        return f"alias/{self._topology.name}-{bucket}"

    def key_alias_arn(self, bucket: str) -> str:
        """The ARN of that alias. KMS takes it where a key is used; IAM takes it nowhere: policies name keys."""
        site = self._topology.buckets[bucket].site
        region, account = self._topology.region_of(site), self._topology.account_of(site)
        return f"arn:{self._topology.partition}:kms:{region}:{account}:{self.key_alias(bucket)}"

    def key_in_requests(self, bucket: str) -> str:
        """How requests name the key of a declared bucket: the ARN of its alias, or of the key that is there already."""
        return self._topology.buckets[bucket].existing_key or self.key_alias_arn(bucket)

    @property
    def airflow_bucket(self) -> str:
        """The hub's bucket, which holds DAGs, requirements and plugins."""
        return self._bucket("airflow", self._topology.hub_account, self._topology.hub.region)

    @property
    def environment(self) -> str:
        """The MWAA environment."""
        return fit(self._topology.name, 80)

    def role(self, purpose: str) -> str:
        """An IAM role for a purpose: `execution`, `cross-account`, `glue`, ... (IAM is global)."""
        return fit(f"{self._topology.name}-{purpose}", 64)

    def role_arn(self, purpose: str, account: str) -> str:
        """The ARN of a role of ours in an account."""
        return f"arn:{self._topology.partition}:iam::{account}:role/{self.role(purpose)}"

    def job_role(self, job: str) -> str:
        """The role of a job, `<topology>-<type>-<job>`: no other job's coming or going renames it.

        One that is there already, with its path.
        """
        if given := self._topology.jobs[job].existing_role:
            return given.partition(":role/")[2]
        return self.role(self._job_purpose(job))

    def job_role_arn(self, job: str) -> str:
        """The ARN of a job's role."""
        account = self._topology.account_of(self._topology.jobs[job].site)
        return self._topology.jobs[job].existing_role or self.role_arn(self._job_purpose(job), account)

    def replication_role(self, bucket: str) -> str:
        """The role under which S3 replicates from a bucket; one a source bucket."""
        return self.role(f"replication-{bucket}")

    def replication_role_arn(self, bucket: str) -> str:
        """The ARN of the role under which S3 replicates from a bucket."""
        account = self._topology.account_of(self._topology.buckets[bucket].site)
        return self.role_arn(f"replication-{bucket}", account)

    def failures_queue(self, bucket: str) -> str:
        """The queue in which S3 tells what it failed to replicate from a bucket."""
        return fit(f"{self._topology.name}-{bucket}-replication-failures", 80)

    def failures_queue_url(self, bucket: str) -> str:
        """The URL of that queue.

        Source: docs.aws.amazon.com/general/latest/gr/sqs-service.html.
        """
        site = self._topology.buckets[bucket].site
        region, account = self._topology.region_of(site), self._topology.account_of(site)
        suffix = "amazonaws.com.cn" if self._topology.partition == "aws-cn" else "amazonaws.com"
        return f"https://sqs.{region}.{suffix}/{account}/{self.failures_queue(bucket)}"

    def claims_bucket(self, job: str) -> str:
        """The declared bucket that holds a job's claims, in the job's site; empty for a job without any.

        A Glue job's is that of its script, an asynchronous function's that of its results. Others need none: SageMaker
        takes a job's name once, and a synchronous invocation ends with its call.
        """
        declared = self._topology.jobs[job]
        match declared:
            case GlueJob():
                return declared.scripts.partition("/")[0]
            case LambdaJob():
                return (declared.results or "").partition("/")[0]
            case SageMakerJob():
                return ""
            case _:
                assert_never(declared)

    def job(self, name: str) -> str:
        """A Glue job or Lambda function: as declared, so that DAGs and people use one name."""
        return name

    def log_group(self, job: str) -> str:
        """Where a job's lines go in CloudWatch Logs; Glue's are in two groups, this with `/output` and `/error`.

        Sources: docs.aws.amazon.com/glue/latest/dg/monitor-continuous-logging.html and add-job-python.html;
        docs.aws.amazon.com/sagemaker/latest/dg/logging-cloudwatch.html.
        """
        declared = self._topology.jobs[job]
        match declared:
            case SparkJob():
                return "/aws-glue/jobs"
            case PythonShellJob():
                return "/aws-glue/python-jobs"
            case TrainingJob():
                return "/aws/sagemaker/TrainingJobs"
            case ProcessingJob():
                return "/aws/sagemaker/ProcessingJobs"
            case LambdaJob():
                return f"/aws/lambda/{self.job(job)}"
            case _:
                assert_never(declared)

    def secret(self, connection: str) -> str:
        """The Secrets Manager name of an Airflow connection."""
        return f"airflow/connections/{connection}"

    def script_key(self, job: str) -> str:
        """The S3 key of the script of a Glue or a processing job, in the bucket of its `scripts`."""
        declared = self._topology.jobs[job]
        if not isinstance(declared, GlueJob | ProcessingJob):
            raise ValueError(f"job {job} is no Glue job, and no processing job")
        return self._key(declared.scripts, declared.script)

    def config_key(self, job: str) -> str:
        """The S3 key of a SageMaker job's configuration, in the bucket of its `configs`."""
        declared = self._topology.jobs[job]
        if not isinstance(declared, SageMakerJob):
            raise ValueError(f"job {job} is no SageMaker job")
        return self._key(declared.configs, declared.config)

    @staticmethod
    def _key(folder: str, file: str) -> str:
        return f"{folder.partition('/')[2].rstrip('/')}/{PurePosixPath(file).name}"

    def _job_purpose(self, job: str) -> str:
        return f"{self._topology.jobs[job].type}-{job}"

    def _bucket(self, name: str, account: str, region: str) -> str:
        return fit(f"{self._topology.name}-{name}-{account}-{region}".replace("_", "-").lower(), 63)
