"""Every flow of the example: who makes which calls, as the pipelines, the jobs and the services make them."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from crosswind.local.edge.call import ServiceError
from tests.local.iam.stage import ANSWER, CLEANUP, EAST, GLUE_JOB, MODEL, RUN, WEST, Cast, Entry, Stage

TRAINING_LOGS, GLUE_LOGS = "/aws/sagemaker/TrainingJobs", "/aws-glue/jobs/output"
_CONFIG = "config/penguins_training.json"
TRAINING_IMAGE = "246618743249.dkr.ecr.us-west-2.amazonaws.com/sagemaker-xgboost:1.7-1"


@dataclass(frozen=True)
class Refusal:
    """How a flow was refused.

    Args:
        code: boto3's error code.
        message: the error's message.
        why: the explanation of `/_crosswind/decisions/<request id>`; None when IAM did not decide it.
    """

    code: str
    message: str
    why: Mapping[str, Any] | None

    @property
    def layer(self) -> str:
        """The kind of document that is named to be edited."""
        return str(self.why["documents"][0]["layer"]) if self.why and self.why["documents"] else ""

    @property
    def owner(self) -> str:
        """The account that is named to edit it."""
        return str(self.why["owner"]) if self.why else ""


@dataclass(frozen=True)
class Flow:
    """One flow.

    Args:
        name: of the flow.
        who: the role it runs under.
        service: which service refuses it.
        act: makes the calls.
        head: true when the deciding call is a HEAD, whose errors have no text.
    """

    name: str
    who: str
    service: str
    act: Callable[[Cast], object]
    head: bool = False


class LateDenialError(Exception):
    """S3 refused after the call: in a batch, or while it replicated."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(code, message)
        self.code, self.message = code, message


def refusals(stage: Stage, entry: Entry | None = None, only: Collection[str] = ()) -> dict[str, Refusal]:
    """Run every flow, or only some; those that were refused, by name."""
    cast = Cast(stage, entry)
    found = {flow.name: refusal(flow, cast) for flow in FLOWS if not only or flow.name in only}
    return {name: one for name, one in found.items() if one is not None}


def refusal(flow: Flow, cast: Cast) -> Refusal | None:
    """Run one flow; how it was refused, None when it was not."""
    arena = cast.stage.arena
    try:
        flow.act(cast)
    except ClientError as error:
        told, request = error.response["Error"], error.response["ResponseMetadata"]["RequestId"]
        return Refusal(told["Code"], told.get("Message", ""), arena.why(request))
    except ServiceError as error:
        return Refusal(error.code, error.message, arena.why("last"))
    except LateDenialError as error:
        return Refusal(error.code, error.message, arena.why("last"))
    return None


@contextmanager
def _unless(*codes: str) -> Iterator[None]:
    """What may be there already, or not be there yet, is no refusal."""
    try:
        yield
    except ClientError as error:
        if error.response["Error"]["Code"] not in codes:
            raise


def _write_log(logs: Any, group: str, stream: str, *, make_group: bool = True) -> None:
    exists = "ResourceAlreadyExistsException"
    if make_group:
        with _unless(exists):
            logs.create_log_group(logGroupName=group)
    with _unless(exists):
        logs.create_log_stream(logGroupName=group, logStreamName=stream)
    event = {"timestamp": int(time.time() * 1000), "message": "a line"}
    logs.put_log_events(logGroupName=group, logStreamName=stream, logEvents=[event])


def _read_log(logs: Any, group: str, stream: str) -> None:
    with _unless("ResourceNotFoundException"):
        logs.get_log_events(logGroupName=group, logStreamName=stream)


# -- Airflow, in the hub ----------------------------------------------------------------------------------------


def _reads_bucket(cast: Cast) -> None:
    s3, bucket = cast.client("execution", "s3"), cast.stage.names.airflow_bucket
    keys = [one["Key"] for one in s3.list_objects_v2(Bucket=bucket, Prefix="dags/")["Contents"]]
    s3.get_object(Bucket=bucket, Key=keys[0])


def _reads_connections(cast: Cast) -> None:
    secrets = cast.client("execution", "secretsmanager")
    for site in cast.stage.topology.sites.values():
        secrets.get_secret_value(SecretId=cast.stage.names.secret(site.connection))


def _writes_task_log(cast: Cast) -> None:
    logs = cast.client("execution", "logs")
    group = f"airflow-{cast.stage.names.environment}-Task"
    _write_log(logs, group, "dag/task")
    logs.get_log_events(logGroupName=group, logStreamName="dag/task")


def _reports_metrics(cast: Cast) -> None:
    cast.client("execution", "cloudwatch").put_metric_data(
        Namespace="AmazonMWAA", MetricData=[{"MetricName": "m", "Value": 1.0}]
    )


def _looks_at_account(cast: Cast) -> None:
    cast.client("execution", "logs").describe_log_groups(logGroupNamePrefix="airflow-")


def _enters(cast: Cast) -> None:
    cast.enter()


def _names_its_session(cast: Cast) -> None:
    tags = [{"Key": "crosswind:dag", "Value": "raw"}, {"Key": "crosswind:run", "Value": cast.run}]
    cast.enter(SourceIdentity="raw", Tags=tags)


def _own_dag_lists(cast: Cast) -> None:
    cast.client("execution", "s3").list_objects_v2(Bucket=cast.stage.source, Prefix="raw/")


def _own_dag_reads(cast: Cast) -> None:
    cast.client("execution", "s3").get_object(Bucket=cast.stage.source, Key="raw/ml_train_data.csv")


# -- Airflow, in the work account -------------------------------------------------------------------------------


def _head(bucket: str, key: str, region: str) -> Callable[[Cast], None]:
    def act(cast: Cast) -> None:
        cast.client("cross-account", "s3", region).head_object(Bucket=getattr(cast.stage, bucket), Key=key)

    return act


def _get(bucket: str, key: str, region: str) -> Callable[[Cast], None]:
    def act(cast: Cast) -> None:
        s3 = cast.client("cross-account", "s3", region)
        s3.get_object(Bucket=getattr(cast.stage, bucket), Key=key)["Body"].read()

    return act


def _list(bucket: str, prefix: str, region: str) -> Callable[[Cast], None]:
    def act(cast: Cast) -> None:
        s3 = cast.client("cross-account", "s3", region)
        s3.list_objects_v2(Bucket=getattr(cast.stage, bucket), Prefix=prefix)

    return act


def _looks_for_absent(cast: Cast) -> None:
    """Who waits needs 404 for what is not there yet, which S3 gives to those who may list."""
    with _unless("404"):
        cast.client("cross-account", "s3", WEST).head_object(Bucket=cast.stage.destination, Key="results/late.json")


def _lists_versions(cast: Cast) -> None:
    s3 = cast.client("cross-account", "s3", WEST)
    s3.list_object_versions(Bucket=cast.stage.destination, Prefix=RUN)


def _pins(bucket: str, region: str) -> Callable[[Cast], None]:
    """The version is root's to tell, so that only the look at it is judged."""

    def act(cast: Cast) -> None:
        name, key = getattr(cast.stage, bucket), f"{RUN}train/part-0.csv"
        root = cast.stage.arena.root("s3", cast.stage.data, region)
        version = root.list_object_versions(Bucket=name, Prefix=key)["Versions"][0]["VersionId"]
        cast.client("cross-account", "s3", region).head_object(Bucket=name, Key=key, VersionId=version)

    return act


def _publishes(cast: Cast) -> None:
    s3, key = cast.client("cross-account", "s3"), f"transformed/published-{cast.run}/handover.json"
    s3.put_object(Bucket=cast.stage.source, Key=key, Body=b"{}", IfNoneMatch="*")


def _records(cast: Cast) -> None:
    s3 = cast.client("cross-account", "s3", WEST)
    s3.put_object(Bucket=cast.stage.destination, Key="models/train-0/output/lineage.json", Body=b"{}")


def _claims(bucket: str, region: str) -> Callable[[Cast], None]:
    """Made once, read, and taken over on condition of what was read."""

    def act(cast: Cast) -> None:
        s3 = cast.client("cross-account", "s3", region)
        place = {"Bucket": getattr(cast.stage, bucket), "Key": f"_crosswind/claims/token-{cast.run}"}
        s3.put_object(**place, Body=b"mine", IfNoneMatch="*")
        etag = s3.get_object(**place)["ETag"]
        s3.put_object(**place, Body=b"yours", IfMatch=etag)

    return act


def _inspects_rules(cast: Cast) -> None:
    cast.client("cross-account", "s3").get_bucket_replication(Bucket=cast.stage.source)


def _inspects_versioning(cast: Cast) -> None:
    cast.client("cross-account", "s3", WEST).get_bucket_versioning(Bucket=cast.stage.destination)


def _hears_of_failures(cast: Cast) -> None:
    """Root tells of one, as S3 would."""
    url = cast.stage.names.failures_queue_url("source")
    cast.stage.arena.root("sqs", cast.stage.data).send_message(QueueUrl=url, MessageBody="{}")
    sqs = cast.client("cross-account", "sqs")
    first, *_ = sqs.receive_message(QueueUrl=url)["Messages"]
    sqs.change_message_visibility(QueueUrl=url, ReceiptHandle=first["ReceiptHandle"], VisibilityTimeout=0)
    first, *_ = sqs.receive_message(QueueUrl=url)["Messages"]
    sqs.delete_message(QueueUrl=url, ReceiptHandle=first["ReceiptHandle"])


def _reads_function_log(cast: Cast) -> None:
    logs, group = cast.client("cross-account", "logs", WEST), f"/aws/lambda/{CLEANUP}"
    _read_log(logs, group, "latest")
    with _unless("ResourceNotFoundException"):
        logs.filter_log_events(logGroupName=group)


def _starts_glue(cast: Cast) -> None:
    cast.client("cross-account", "glue").start_job_run(JobName=GLUE_JOB)


def _follows_glue(cast: Cast) -> None:
    glue = cast.client("cross-account", "glue")
    glue.get_job_runs(JobName=GLUE_JOB)
    with _unless("EntityNotFoundException"):
        glue.get_job_run(JobName=GLUE_JOB, RunId="jr_none")
    glue.batch_stop_job_run(JobName=GLUE_JOB, JobRunIds=["jr_none"])


def _reads_glue_log(cast: Cast) -> None:
    _read_log(cast.client("cross-account", "logs"), GLUE_LOGS, "jr_1")


def _lists_training(cast: Cast) -> None:
    cast.client("cross-account", "sagemaker", WEST).list_training_jobs(NameContains="train")


def training_job(stage: Stage, name: str, role: str = "") -> dict[str, Any]:
    """The example's training job, as Airflow's operator sends it."""
    data = {"S3DataType": "S3Prefix", "S3Uri": f"s3://{stage.destination}/{RUN}train/"}
    return {
        "TrainingJobName": name,
        "RoleArn": role or stage.roles["sagemaker"],
        "AlgorithmSpecification": {"TrainingImage": TRAINING_IMAGE, "TrainingInputMode": "File"},
        "InputDataConfig": [{"ChannelName": "train", "DataSource": {"S3DataSource": data}}],
        "OutputDataConfig": {"S3OutputPath": f"s3://{stage.destination}/models/"},
        "ResourceConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 5},
        "StoppingCondition": {"MaxRuntimeInSeconds": 600},
    }


def _starts_training(cast: Cast) -> None:
    sagemaker = cast.client("cross-account", "sagemaker", WEST)
    sagemaker.create_training_job(**training_job(cast.stage, f"train-{cast.run}"))


def _follows_training(cast: Cast) -> None:
    sagemaker = cast.client("cross-account", "sagemaker", WEST)
    with _unless("ValidationException", "ResourceNotFound"):
        sagemaker.describe_training_job(TrainingJobName="train-none")
    sagemaker.stop_training_job(TrainingJobName="train-none")


def _reads_training_log(cast: Cast) -> None:
    logs = cast.client("cross-account", "logs", WEST)
    with _unless("ResourceNotFoundException"):
        logs.describe_log_streams(logGroupName=TRAINING_LOGS, logStreamNamePrefix="train-1/")
    _read_log(logs, TRAINING_LOGS, "train-1/algo-1")


def _invokes(cast: Cast) -> None:
    cast.client("cross-account", "lambda", WEST).invoke(FunctionName=CLEANUP, Payload=b"{}")


# -- the jobs ---------------------------------------------------------------------------------------------------


def _glue_reads(cast: Cast) -> None:
    s3, bucket = cast.client("glue", "s3"), cast.stage.source
    s3.list_objects_v2(Bucket=bucket, Prefix="raw/")
    s3.get_object(Bucket=bucket, Key="raw/ml_train_data.csv")
    s3.get_object(Bucket=bucket, Key=f"scripts/{GLUE_JOB}.py")


def _glue_looks_for_folders(cast: Cast) -> None:
    s3, bucket = cast.client("glue", "s3"), cast.stage.source
    s3.get_bucket_location(Bucket=bucket)
    for key in ("raw", "transformed", "transformed_$folder$"):
        with _unless("404"):
            s3.head_object(Bucket=bucket, Key=key)


def _glue_marks_folders(cast: Cast) -> None:
    cast.client("glue", "s3").put_object(Bucket=cast.stage.source, Key="transformed_$folder$")


def _glue_writes(cast: Cast) -> None:
    s3, bucket, key = cast.client("glue", "s3"), cast.stage.source, "transformed/run-glue/part-0"
    s3.put_object(Bucket=bucket, Key=f"{key}.tmp", Body=b"1")
    s3.copy_object(Bucket=bucket, Key=key, CopySource={"Bucket": bucket, "Key": f"{key}.tmp"})
    upload = s3.create_multipart_upload(Bucket=bucket, Key=key)["UploadId"]
    s3.upload_part(Bucket=bucket, Key=key, UploadId=upload, PartNumber=1, Body=b"1")
    s3.abort_multipart_upload(Bucket=bucket, Key=key, UploadId=upload)


def _glue_deletes(cast: Cast) -> None:
    cast.client("glue", "s3").delete_object(Bucket=cast.stage.source, Key="transformed/run-glue/part-0.tmp")


def _glue_logs(cast: Cast) -> None:
    _write_log(cast.client("glue", "logs"), GLUE_LOGS, "jr_1")


def _glue_metrics(cast: Cast) -> None:
    cast.client("glue", "cloudwatch").put_metric_data(Namespace="Glue", MetricData=[{"MetricName": "m", "Value": 1.0}])


def _training_reads(cast: Cast) -> None:
    s3, bucket = cast.client("sagemaker", "s3", WEST), cast.stage.destination
    s3.list_objects_v2(Bucket=bucket, Prefix=f"{RUN}train/")
    s3.get_object(Bucket=bucket, Key=f"{RUN}train/part-0.csv")


def _training_writes(cast: Cast) -> None:
    s3, bucket, key = cast.client("sagemaker", "s3", WEST), cast.stage.destination, "models/train-1/model.tar.gz"
    s3.put_object(Bucket=bucket, Key=key, Body=b"model")
    upload = s3.create_multipart_upload(Bucket=bucket, Key=key)["UploadId"]
    s3.abort_multipart_upload(Bucket=bucket, Key=key, UploadId=upload)


def _training_logs(cast: Cast) -> None:
    logs = cast.client("sagemaker", "logs", WEST)
    _write_log(logs, TRAINING_LOGS, "train-1/algo-1")
    logs.describe_log_streams(logGroupName=TRAINING_LOGS)


def _training_metrics(cast: Cast) -> None:
    cast.client("sagemaker", "cloudwatch", WEST).put_metric_data(
        Namespace="/aws/sagemaker/TrainingJobs", MetricData=[{"MetricName": "m", "Value": 1.0}]
    )


def _cleans(bucket: str, region: str) -> Callable[[Cast], None]:
    def act(cast: Cast) -> None:
        s3, name = cast.client("lambda", "s3", region), getattr(cast.stage, bucket)
        s3.list_objects_v2(Bucket=name, Prefix="transformed/run-0/")
        answer = s3.delete_objects(Bucket=name, Delete={"Objects": [{"Key": "transformed/run-0/part"}]})
        for error in answer.get("Errors", ()):
            raise LateDenialError(error["Code"], error["Message"])

    return act


def _cleanup_answers(cast: Cast) -> None:
    s3 = cast.client("lambda", "s3", WEST)
    s3.put_object(Bucket=cast.stage.destination, Key=f"results/token-{cast.run}.json", Body=b"{}")


def _cleanup_logs(cast: Cast) -> None:
    _write_log(cast.client("lambda", "logs", WEST), f"/aws/lambda/{CLEANUP}", "latest", make_group=False)


def _replicates(cast: Cast) -> None:
    """Written by root, so that nobody's rights but the replication role's matter."""
    stage, key = cast.stage, f"transformed/replicated-{cast.run}"
    s3 = stage.arena.root("s3", stage.data)
    s3.put_object(Bucket=stage.source, Key=key, Body=b"1", Tagging="run=1")
    assert stage.arena.replication.wait_idle(10)
    if s3.head_object(Bucket=stage.source, Key=key)["ReplicationStatus"] != "COMPLETED":
        raise LateDenialError("AccessDenied", "")
    s3.head_object(Bucket=stage.destination, Key=key)


FLOWS = (
    Flow("airflow reads its bucket", "execution", "s3", _reads_bucket),
    Flow("airflow reads its connections", "execution", "secretsmanager", _reads_connections),
    Flow("airflow logs", "execution", "logs", _writes_task_log),
    Flow("airflow reports metrics", "execution", "cloudwatch", _reports_metrics),
    Flow("airflow looks at its account", "execution", "logs", _looks_at_account),
    Flow("airflow enters", "execution", "sts", _enters),
    Flow("airflow names its session", "execution", "sts", _names_its_session),
    Flow("own DAG lists the source", "execution", "s3", _own_dag_lists),
    Flow("own DAG reads the source", "execution", "s3", _own_dag_reads),
    Flow("wait for raw data", "cross-account", "s3", _head("source", "raw/ml_train_data.csv", EAST), head=True),
    Flow("list the transformed", "cross-account", "s3", _list("source", RUN, EAST)),
    Flow("read the handover", "cross-account", "s3", _get("source", f"{RUN}_manifest.json", EAST)),
    Flow("look for an absent answer", "cross-account", "s3", _looks_for_absent, head=True),
    Flow("list the clean-up's claims", "cross-account", "s3", _list("destination", "_crosswind/claims/", WEST)),
    Flow("read the training's configuration", "cross-account", "s3", _get("destination", _CONFIG, WEST)),
    Flow("list versions at the destination", "cross-account", "s3", _lists_versions),
    Flow("pin a version at the source", "cross-account", "s3", _pins("source", EAST), head=True),
    Flow("pin a version at the destination", "cross-account", "s3", _pins("destination", WEST), head=True),
    Flow("publish a handover", "cross-account", "s3", _publishes),
    Flow("record a model's lineage", "cross-account", "s3", _records),
    Flow("name a model", "cross-account", "s3", _head("destination", MODEL, WEST), head=True),
    Flow("claim for Glue", "cross-account", "s3", _claims("source", EAST)),
    Flow("claim for the clean-up", "cross-account", "s3", _claims("destination", WEST)),
    Flow("read the clean-up's answer", "cross-account", "s3", _get("destination", ANSWER, WEST)),
    Flow("inspect the rules", "cross-account", "s3", _inspects_rules),
    Flow("inspect the versioning", "cross-account", "s3", _inspects_versioning),
    Flow("hear of failed replicas", "cross-account", "sqs", _hears_of_failures),
    Flow("read the clean-up's log", "cross-account", "logs", _reads_function_log),
    Flow("start the Glue job", "cross-account", "glue", _starts_glue),
    Flow("follow the Glue job", "cross-account", "glue", _follows_glue),
    Flow("read the Glue job's log", "cross-account", "logs", _reads_glue_log),
    Flow("list training jobs", "cross-account", "sagemaker", _lists_training),
    Flow("start training", "cross-account", "sagemaker", _starts_training),
    Flow("follow training", "cross-account", "sagemaker", _follows_training),
    Flow("read the training's log", "cross-account", "logs", _reads_training_log),
    Flow("invoke the clean-up", "cross-account", "lambda", _invokes),
    Flow("Glue reads", "glue", "s3", _glue_reads),
    Flow("Glue looks for folders", "glue", "s3", _glue_looks_for_folders),
    Flow("Glue marks folders", "glue", "s3", _glue_marks_folders),
    Flow("Glue writes", "glue", "s3", _glue_writes),
    Flow("Glue deletes", "glue", "s3", _glue_deletes),
    Flow("Glue logs", "glue", "logs", _glue_logs),
    Flow("Glue reports metrics", "glue", "cloudwatch", _glue_metrics),
    Flow("training reads", "sagemaker", "s3", _training_reads),
    Flow("training writes", "sagemaker", "s3", _training_writes),
    Flow("training logs", "sagemaker", "logs", _training_logs),
    Flow("training reports metrics", "sagemaker", "cloudwatch", _training_metrics),
    Flow("clean-up at the source", "lambda", "s3", _cleans("source", EAST)),
    Flow("clean-up at the destination", "lambda", "s3", _cleans("destination", WEST)),
    Flow("clean-up answers", "lambda", "s3", _cleanup_answers),
    Flow("clean-up logs", "lambda", "logs", _cleanup_logs),
    Flow("S3 replicates", "replication", "s3", _replicates),
)
BY_NAME = {flow.name: flow for flow in FLOWS}
