"""The simulated AWS is held against the local world: the same sequences of calls, the same ends on both."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from crosswind.airflow.handover.failures import failures_in
from crosswind.airflow.handover.model import Handover, Version
from tests.local.simulator.places import EAST, WEST, Place

MIB = 1024**2


def code(call: Callable[..., Any], *args: Any, **kwargs: Any) -> tuple[str, int]:
    """The error's code and status; `ok` for none."""
    try:
        call(*args, **kwargs)
    except ClientError as error:
        return error.response["Error"]["Code"], error.response["ResponseMetadata"]["HTTPStatusCode"]
    return "ok", 200


# -- S3 ------------------------------------------------------------------------------------------------------


def test_a_conditional_write_is_made_once(place: Place) -> None:
    s3, bucket = place.client("s3"), place.bucket("claims")
    put = {"Bucket": bucket, "Key": "claims/a"}
    assert code(s3.put_object, **put, Body=b"1", IfMatch='"0"') == ("NoSuchKey", 404)
    first = s3.put_object(**put, Body=b"1", IfNoneMatch="*")
    assert code(s3.put_object, **put, Body=b"2", IfNoneMatch="*") == ("PreconditionFailed", 412)
    second = s3.put_object(**put, Body=b"2", IfMatch=first["ETag"])
    assert code(s3.put_object, **put, Body=b"3", IfMatch=first["ETag"]) == ("PreconditionFailed", 412)
    assert s3.get_object(**put)["Body"].read() == b"2"
    assert s3.head_object(**put)["VersionId"] == second["VersionId"] != first["VersionId"]
    s3.delete_object(**put)
    assert code(s3.put_object, **put, Body=b"3", IfMatch=second["ETag"]) == ("NoSuchKey", 404)
    assert code(s3.put_object, **put, Body=b"3", IfNoneMatch="*") == ("ok", 200)


def test_versions_are_found_by_their_ids(place: Place) -> None:
    s3, bucket = place.client("s3"), place.bucket("versions")
    at = {"Bucket": bucket, "Key": "k"}
    assert code(s3.head_object, **at) == ("404", 404)
    assert code(s3.get_object, **at) == ("NoSuchKey", 404)
    one, two = s3.put_object(**at, Body=b"one"), s3.put_object(**at, Body=b"two!")
    found = s3.head_object(**at, VersionId=one["VersionId"], ChecksumMode="ENABLED")
    assert (found["ContentLength"], found["ETag"], found["VersionId"]) == (3, one["ETag"], one["VersionId"])
    assert (found["ChecksumCRC32"], found["ChecksumType"]) == (one["ChecksumCRC32"], "FULL_OBJECT")
    assert "ChecksumCRC32" not in s3.head_object(**at)
    marker = s3.delete_object(**at)
    assert marker["DeleteMarker"]
    assert code(s3.head_object, **at) == ("404", 404)
    assert code(s3.get_object, **at) == ("NoSuchKey", 404)
    assert code(s3.head_object, **at, VersionId=marker["VersionId"]) == ("405", 405)
    assert s3.get_object(**at, VersionId=two["VersionId"])["Body"].read() == b"two!"
    s3.delete_object(**at, VersionId=two["VersionId"])
    assert code(s3.get_object, **at, VersionId=two["VersionId"]) == ("NoSuchVersion", 404)
    assert code(s3.head_object, **at, VersionId=two["VersionId"]) == ("404", 404)
    answer = s3.list_object_versions(Bucket=bucket)
    assert [(v["VersionId"], v["IsLatest"], v["Size"]) for v in answer["Versions"]] == [(one["VersionId"], False, 3)]
    assert [(m["VersionId"], m["IsLatest"]) for m in answer["DeleteMarkers"]] == [(marker["VersionId"], True)]


def test_lists_have_an_order_and_pages(place: Place) -> None:
    s3, bucket = place.client("s3"), place.bucket("lists")
    for key in ("t/b/2", "t/a/1", "t/a/2", "t/x", "u"):
        s3.put_object(Bucket=bucket, Key=key, Body=b"1")
    newest = s3.put_object(Bucket=bucket, Key="t/x", Body=b"2")["VersionId"]
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix="t/", PaginationConfig={"PageSize": 2})
    assert [each["Key"] for page in pages for each in page["Contents"]] == ["t/a/1", "t/a/2", "t/b/2", "t/x"]
    after = s3.list_objects_v2(Bucket=bucket, Prefix="t/", StartAfter="t/a/2")
    assert [each["Key"] for each in after["Contents"]] == ["t/b/2", "t/x"]
    folders = s3.list_objects_v2(Bucket=bucket, Prefix="t/", Delimiter="/")
    assert [each["Prefix"] for each in folders["CommonPrefixes"]] == ["t/a/", "t/b/"]
    assert [each["Key"] for each in folders["Contents"]] == ["t/x"]
    assert "Contents" not in s3.list_objects_v2(Bucket=bucket, Prefix="none/")
    listed, page = [], {}
    while True:
        answer = s3.list_object_versions(Bucket=bucket, Prefix="t/", MaxKeys=2, **page)
        listed += [(each["Key"], each["IsLatest"]) for each in answer["Versions"]]
        if not answer["IsTruncated"]:
            break
        page = {"KeyMarker": answer["NextKeyMarker"], "VersionIdMarker": answer["NextVersionIdMarker"]}
    assert listed == [("t/a/1", True), ("t/a/2", True), ("t/b/2", True), ("t/x", True), ("t/x", False)]
    top = s3.list_object_versions(Bucket=bucket, Prefix="t/x")["Versions"][0]
    assert top["VersionId"] == newest


def test_a_copy_is_of_a_version_and_on_condition(place: Place) -> None:
    east, west = place.client("s3"), place.client("s3", WEST)
    source, destination = place.bucket("from"), place.bucket("to", WEST)
    old = east.put_object(Bucket=source, Key="a b", Body=b"old", Metadata={"rows": "1"}, ContentType="text/csv")
    east.put_object(Bucket=source, Key="a b", Body=b"new")
    origin = {"Bucket": source, "Key": "a b", "VersionId": old["VersionId"]}
    to = {"Bucket": destination, "Key": "k", "CopySource": origin}
    made = west.copy_object(**to, IfNoneMatch="*", MetadataDirective="REPLACE", Metadata={"from": "x"})
    assert made["CopySourceVersionId"] == old["VersionId"]
    assert made["CopyObjectResult"]["ETag"] == old["ETag"]
    found = west.head_object(Bucket=destination, Key="k", ChecksumMode="ENABLED")
    assert (found["VersionId"], found["Metadata"]) == (made["VersionId"], {"from": "x"})
    assert found["ChecksumCRC32"] == old["ChecksumCRC32"]
    assert code(west.copy_object, **to, IfNoneMatch="*") == ("PreconditionFailed", 412)
    assert code(west.copy_object, **to, IfMatch='"0"') == ("PreconditionFailed", 412)
    again = west.copy_object(**to, IfMatch=found["ETag"])
    assert west.head_object(Bucket=destination, Key="k")["Metadata"] == {"rows": "1"}
    assert again["VersionId"] != made["VersionId"]
    missing = {**to, "CopySource": {**origin, "Key": "none"}}
    assert code(west.copy_object, **{**missing, "CopySource": {"Bucket": source, "Key": "none"}})[0] == "NoSuchKey"
    assert code(west.copy_object, **to, CopySourceIfMatch='"0"') == ("PreconditionFailed", 412)


def test_a_copy_in_parts(place: Place) -> None:
    s3, bucket = place.client("s3"), place.bucket("parts")
    body = b"x" * (5 * MIB) + b"end"
    whole = s3.put_object(Bucket=bucket, Key="from", Body=body)
    at = {"Bucket": bucket, "Key": "to"}
    checksum = {"ChecksumAlgorithm": "CRC32", "ChecksumType": "FULL_OBJECT"}
    upload = s3.create_multipart_upload(**at, Metadata={"a": "b"}, **checksum)["UploadId"]
    origin = {"Bucket": bucket, "Key": "from", "VersionId": whole["VersionId"]}
    ranges = {1: f"bytes=0-{5 * MIB - 1}", 2: f"bytes={5 * MIB}-{len(body) - 1}"}
    for number, part in ranges.items():
        s3.upload_part_copy(**at, UploadId=upload, PartNumber=number, CopySource=origin, CopySourceRange=part)
    assert [each["UploadId"] for each in s3.list_multipart_uploads(Bucket=bucket, Prefix="to")["Uploads"]] == [upload]
    parts = s3.list_parts(**at, UploadId=upload)["Parts"]
    assert [(each["PartNumber"], each["Size"]) for each in parts] == [(1, 5 * MIB), (2, 3)]
    named = [{name: part[name] for name in ("PartNumber", "ETag", "ChecksumCRC32")} for part in parts]
    done = {**at, "UploadId": upload, "MultipartUpload": {"Parts": named}}
    assert code(s3.complete_multipart_upload, **done, IfMatch='"0"')[0] == "NoSuchKey"
    made = s3.complete_multipart_upload(**done, IfNoneMatch="*")
    assert made["ETag"].strip('"').endswith("-2")
    found = s3.head_object(**at, ChecksumMode="ENABLED")
    assert (found["ContentLength"], found["VersionId"]) == (len(body), made["VersionId"])
    assert (found["ETag"], found["Metadata"]) == (made["ETag"], {"a": "b"})
    assert (found["ChecksumCRC32"], found["ChecksumType"]) == (whole["ChecksumCRC32"], "FULL_OBJECT")
    assert code(s3.list_parts, **at, UploadId=upload) == ("NoSuchUpload", 404)
    assert code(s3.abort_multipart_upload, **at, UploadId=upload)[0] in {"NoSuchUpload", "ok"}
    assert "Uploads" not in s3.list_multipart_uploads(Bucket=bucket, Prefix="to")


def test_a_later_completion_on_condition_is_refused(place: Place) -> None:
    s3, bucket = place.client("s3"), place.bucket("late")
    at = {"Bucket": bucket, "Key": "k"}
    upload = s3.create_multipart_upload(**at)["UploadId"]
    part = s3.upload_part(**at, UploadId=upload, PartNumber=1, Body=b"mine")
    named = {"Parts": [{"PartNumber": 1, "ETag": part["ETag"]}]}
    s3.put_object(**at, Body=b"theirs")
    done = {**at, "UploadId": upload, "MultipartUpload": named}
    assert code(s3.complete_multipart_upload, **done, IfNoneMatch="*") == ("PreconditionFailed", 412)
    assert code(s3.abort_multipart_upload, **at, UploadId=upload) == ("ok", 200)
    assert s3.get_object(**at)["Body"].read() == b"theirs"


def test_replicas_keep_their_version_ids(place: Place) -> None:
    east, west = place.client("s3"), place.client("s3", WEST)
    source, destination = place.bucket("here"), place.bucket("there", WEST)
    place.replicate(source, destination, "transformed/")
    made = east.put_object(Bucket=source, Key="transformed/k", Body=b"1", Metadata={"a": "b"})
    east.put_object(Bucket=source, Key="raw/k", Body=b"1")
    place.replicated()
    here = east.head_object(Bucket=source, Key="transformed/k", ChecksumMode="ENABLED")
    there = west.head_object(
        Bucket=destination, Key="transformed/k", VersionId=made["VersionId"], ChecksumMode="ENABLED"
    )
    assert (here["ReplicationStatus"], there["ReplicationStatus"]) == ("COMPLETED", "REPLICA")
    for name in ("ETag", "ContentLength", "VersionId", "Metadata", "ChecksumCRC32", "LastModified"):
        assert here[name] == there[name]
    assert "ReplicationStatus" not in east.head_object(Bucket=source, Key="raw/k")
    assert code(west.head_object, Bucket=destination, Key="raw/k") == ("404", 404)
    rule = east.get_bucket_replication(Bucket=source)["ReplicationConfiguration"]["Rules"][0]
    assert (rule["Filter"]["Prefix"], rule["Status"]) == ("transformed/", "Enabled")
    assert rule["Destination"]["Bucket"] == f"arn:aws:s3:::{destination}"
    assert code(west.get_bucket_replication, Bucket=destination)[0] == "ReplicationConfigurationNotFoundError"


def test_a_replica_that_fails_says_so_and_is_told_of(place: Place) -> None:
    east, west = place.client("s3"), place.client("s3", WEST)
    source, destination = place.bucket("one"), place.bucket("two", WEST)
    queue = place.queue("failures")
    place.replicate(source, destination, "transformed/", queue)
    place.fail_replicas(destination)
    key = "transformed/run-1/k"
    made = east.put_object(Bucket=source, Key=key, Body=b"1")
    place.replicated()
    assert east.head_object(Bucket=source, Key=key)["ReplicationStatus"] == "FAILED"
    assert code(west.head_object, Bucket=destination, Key=key) == ("404", 404)
    version = Version(key, made["VersionId"], 1, "crc32:x")
    handover = Handover(source, place.account, EAST, "transformed/run-1/", (version,), "2026-01-05T00:00:00+00:00")
    messages = received(place, queue)
    failed = [each for message in messages for each in failures_in(message["Body"], handover, destination)[0]]
    assert [(each.key, each.version_id, each.inferred) for each in failed] == [(key, made["VersionId"], False)]


def received(place: Place, queue: str) -> list[dict[str, Any]]:
    """All messages; the event may be a moment behind the status."""
    sqs, found, end = place.client("sqs"), [], time.monotonic() + 10
    while time.monotonic() < end:
        answer = sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10, VisibilityTimeout=30)
        found += answer.get("Messages", [])
        if any("OperationFailedReplication" in message["Body"] for message in found):
            return found
    return found


def test_a_message_is_hidden_given_back_and_deleted(place: Place) -> None:
    sqs, queue = place.client("sqs"), place.queue("messages")
    sqs.send_message(QueueUrl=queue, MessageBody="one")

    def receive() -> list[dict[str, Any]]:
        answer = sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10, VisibilityTimeout=30)
        found: list[dict[str, Any]] = answer.get("Messages", [])
        return found

    (first,) = receive()
    assert receive() == []
    sqs.change_message_visibility(QueueUrl=queue, ReceiptHandle=first["ReceiptHandle"], VisibilityTimeout=0)
    (second,) = receive()
    assert (second["Body"], second["MessageId"]) == ("one", first["MessageId"])
    sqs.delete_message(QueueUrl=queue, ReceiptHandle=second["ReceiptHandle"])
    assert receive() == []


# -- Glue ----------------------------------------------------------------------------------------------------


def test_glue_runs_start_end_and_are_listed_with_their_arguments(place: Place) -> None:
    glue = place.client("glue")
    place.glue_job("etl", 2)
    first = glue.start_job_run(JobName="etl", Arguments={"--crosswind-token": "a-1-1"})["JobRunId"]
    second = glue.start_job_run(JobName="etl", Arguments={"--crosswind-token": "a-1-2"})["JobRunId"]
    assert code(glue.start_job_run, JobName="etl") == ("ConcurrentRunsExceededException", 400)
    place.run()
    listed = glue.get_job_runs(JobName="etl")["JobRuns"]
    assert [(run["Id"], run["JobRunState"]) for run in listed] == [(second, "RUNNING"), (first, "RUNNING")]
    assert listed[0]["Arguments"] == {"--crosswind-token": "a-1-2"}
    assert "CompletedOn" not in listed[0]
    pages = glue.get_paginator("get_job_runs").paginate(JobName="etl", PaginationConfig={"PageSize": 1})
    assert [run["Id"] for page in pages for run in page["JobRuns"]] == [second, first]
    place.end()
    run = glue.get_job_run(JobName="etl", RunId=first)["JobRun"]
    assert run["JobRunState"] == "SUCCEEDED"
    assert run["CompletedOn"] >= run["StartedOn"]
    assert code(glue.start_job_run, JobName="etl") == ("ok", 200)
    place.run()
    place.end(fail="Error Category: QUERY_ERROR; no")
    run = glue.get_job_runs(JobName="etl")["JobRuns"][0]
    assert (run["JobRunState"], run["ErrorMessage"]) == ("FAILED", "Error Category: QUERY_ERROR; no")


def test_glue_runs_are_stopped_once(place: Place) -> None:
    glue = place.client("glue")
    place.glue_job("etl", 1)
    run = glue.start_job_run(JobName="etl")["JobRunId"]
    place.run()
    stopped = glue.batch_stop_job_run(JobName="etl", JobRunIds=[run])
    assert [each["JobRunId"] for each in stopped["SuccessfulSubmissions"]] == [run]
    place.stopped()
    assert glue.get_job_run(JobName="etl", RunId=run)["JobRun"]["JobRunState"] == "STOPPED"
    (error,) = glue.batch_stop_job_run(JobName="etl", JobRunIds=[run])["Errors"]
    assert error["JobRunId"] == run
    (error,) = glue.batch_stop_job_run(JobName="etl", JobRunIds=["jr_none"])["Errors"]
    assert error["ErrorDetail"]["ErrorCode"] == "EntityNotFoundException"
    assert code(glue.get_job_run, JobName="etl", RunId="jr_none") == ("EntityNotFoundException", 400)
    assert code(glue.get_job_runs, JobName="none") == ("EntityNotFoundException", 400)
    assert code(glue.start_job_run, JobName="none") == ("EntityNotFoundException", 400)


# -- SageMaker -----------------------------------------------------------------------------------------------


def request(name: str) -> dict[str, Any]:
    data = {"S3DataType": "S3Prefix", "S3Uri": "s3://data/transformed/", "S3DataDistributionType": "FullyReplicated"}
    return {
        "TrainingJobName": name,
        "RoleArn": "arn:aws:iam::111111111111:role/training",
        "AlgorithmSpecification": {
            "TrainingImage": "246618743249.dkr.ecr.us-west-2.amazonaws.com/sagemaker-xgboost:1.7-1",
            "TrainingInputMode": "File",
        },
        "InputDataConfig": [{"ChannelName": "train", "DataSource": {"S3DataSource": data}, "ContentType": "text/csv"}],
        "OutputDataConfig": {"S3OutputPath": "s3://models/m"},
        "ResourceConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 5},
        "StoppingCondition": {"MaxRuntimeInSeconds": 3600},
        "HyperParameters": {"num_round": "2", "objective": "binary:logistic"},
        "Tags": [{"Key": "crosswind:dag", "Value": "d"}],
    }


def test_training_names_are_unique_for_ever(place: Place) -> None:
    sagemaker = place.client("sagemaker", WEST)
    place.trains()
    arn = sagemaker.create_training_job(**request("train-a-1-1"))["TrainingJobArn"]
    assert arn.endswith(":training-job/train-a-1-1")
    assert code(sagemaker.create_training_job, **request("train-a-1-1")) == ("ResourceInUse", 400)
    place.run()
    found = sagemaker.describe_training_job(TrainingJobName="train-a-1-1")
    assert (found["TrainingJobStatus"], found["SecondaryStatus"]) == ("InProgress", "Training")
    assert found["InputDataConfig"][0]["DataSource"]["S3DataSource"]["S3Uri"] == "s3://data/transformed/"
    assert sagemaker.list_tags(ResourceArn=arn)["Tags"] == [{"Key": "crosswind:dag", "Value": "d"}]
    place.end()
    found = sagemaker.describe_training_job(TrainingJobName="train-a-1-1")
    assert found["TrainingJobStatus"] == "Completed"
    assert found["ModelArtifacts"]["S3ModelArtifacts"] == "s3://models/m/train-a-1-1/output/model.tar.gz"
    assert code(sagemaker.create_training_job, **request("train-a-1-1")) == ("ResourceInUse", 400)


def test_training_jobs_are_listed_by_name_and_status(place: Place) -> None:
    sagemaker = place.client("sagemaker", WEST)
    place.trains()
    sagemaker.create_training_job(**request("train-a-1-1"))
    place.run()
    place.end()
    sagemaker.create_training_job(**request("train-a-1-2"))
    sagemaker.create_training_job(**request("other-b-1-1"))
    place.run()

    def names(**filters: Any) -> set[str]:
        pages = sagemaker.get_paginator("list_training_jobs").paginate(**filters)
        return {job["TrainingJobName"] for page in pages for job in page["TrainingJobSummaries"]}

    assert names(NameContains="-a-1") == {"train-a-1-1", "train-a-1-2"}
    assert names(StatusEquals="InProgress") == {"train-a-1-2", "other-b-1-1"}
    assert names(StatusEquals="InProgress", NameContains="-a-1", MaxResults=1) == {"train-a-1-2"}
    assert names(MaxResults=1) == {"train-a-1-1", "train-a-1-2", "other-b-1-1"}
    assert names(NameContains="none") == set()
    place.end()


def test_training_jobs_are_stopped(place: Place) -> None:
    sagemaker = place.client("sagemaker", WEST)
    place.trains()
    name = {"TrainingJobName": "train-c-1-1"}
    assert code(sagemaker.describe_training_job, **name) == ("ValidationException", 400)
    assert code(sagemaker.stop_training_job, **name) == ("ValidationException", 400)
    sagemaker.create_training_job(**request("train-c-1-1"))
    place.run()
    sagemaker.stop_training_job(**name)
    assert code(sagemaker.stop_training_job, **name)[0] in {"ok", "ValidationException"}  # the edge's may have ended
    place.stopped()
    found = sagemaker.describe_training_job(**name)
    assert (found["TrainingJobStatus"], found["SecondaryStatus"]) == ("Stopped", "Stopped")
    assert code(sagemaker.stop_training_job, **name) == ("ValidationException", 400)
    sagemaker.create_training_job(**request("train-c-1-2"))
    place.run()
    place.end(fail="AlgorithmError: exit code 1")
    found = sagemaker.describe_training_job(TrainingJobName="train-c-1-2")
    assert (found["TrainingJobStatus"], found["FailureReason"]) == ("Failed", "AlgorithmError: exit code 1")


def processing(name: str) -> dict[str, Any]:
    home = "/opt/ml/processing"
    code_input = {
        "S3Uri": "s3://code/score.py",
        "LocalPath": f"{home}/input/code",
        "S3DataType": "S3Prefix",
        "S3InputMode": "File",
    }
    return {
        "ProcessingJobName": name,
        "RoleArn": "arn:aws:iam::111111111111:role/processing",
        "AppSpecification": {
            "ImageUri": "246618743249.dkr.ecr.us-west-2.amazonaws.com/sagemaker-xgboost:1.7-1",
            "ContainerEntrypoint": ["python3", f"{home}/input/code/score.py"],
        },
        "ProcessingInputs": [{"InputName": "code", "S3Input": code_input}],
        "ProcessingResources": {
            "ClusterConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 5}
        },
        "Tags": [{"Key": "crosswind:dag", "Value": "d"}],
    }


def test_processing_names_are_unique_for_ever(place: Place) -> None:
    sagemaker = place.client("sagemaker", WEST)
    place.trains()
    arn = sagemaker.create_processing_job(**processing("score-a-1-1"))["ProcessingJobArn"]
    assert arn.endswith(":processing-job/score-a-1-1")
    assert code(sagemaker.create_processing_job, **processing("score-a-1-1")) == ("ResourceInUse", 400)
    place.run()
    found = sagemaker.describe_processing_job(ProcessingJobName="score-a-1-1")
    assert (found["ProcessingJobStatus"], "ProcessingStartTime" in found) == ("InProgress", True)
    assert found["ProcessingInputs"][0]["S3Input"]["S3Uri"] == "s3://code/score.py"
    assert sagemaker.list_tags(ResourceArn=arn)["Tags"] == [{"Key": "crosswind:dag", "Value": "d"}]
    place.end()
    assert sagemaker.describe_processing_job(ProcessingJobName="score-a-1-1")["ProcessingJobStatus"] == "Completed"
    assert code(sagemaker.create_processing_job, **processing("score-a-1-1")) == ("ResourceInUse", 400)


def test_processing_jobs_are_listed_fail_and_are_stopped(place: Place) -> None:
    sagemaker = place.client("sagemaker", WEST)
    place.trains()
    unknown = {"ProcessingJobName": "never"}
    assert code(sagemaker.describe_processing_job, **unknown) == ("ValidationException", 400)
    assert code(sagemaker.stop_processing_job, **unknown) == ("ValidationException", 400)
    sagemaker.create_processing_job(**processing("score-a-1-1"))
    place.run()
    place.end(fail="AlgorithmError: See job logs for more information")
    failed = sagemaker.describe_processing_job(ProcessingJobName="score-a-1-1")
    assert failed["ProcessingJobStatus"] == "Failed"
    assert failed["FailureReason"] == "AlgorithmError: See job logs for more information"
    sagemaker.create_processing_job(**processing("score-a-1-2"))
    place.run()

    def names(**filters: Any) -> set[str]:
        pages = sagemaker.get_paginator("list_processing_jobs").paginate(**filters)
        return {job["ProcessingJobName"] for page in pages for job in page["ProcessingJobSummaries"]}

    assert names(MaxResults=1) == {"score-a-1-1", "score-a-1-2"}
    assert names(StatusEquals="InProgress", NameContains="-a-") == {"score-a-1-2"}
    sagemaker.stop_processing_job(ProcessingJobName="score-a-1-2")
    place.stopped()
    found = sagemaker.describe_processing_job(ProcessingJobName="score-a-1-2")
    assert (found["ProcessingJobStatus"], found.get("FailureReason", "")) == ("Stopped", "")
    assert code(sagemaker.stop_processing_job, ProcessingJobName="score-a-1-2") == ("ValidationException", 400)


# -- Lambda --------------------------------------------------------------------------------------------------


def test_a_function_answers_fails_and_is_invoked_without_waiting(place: Place) -> None:
    client = place.client("lambda", WEST)
    seen: list[Any] = []

    def function(event: Any) -> Any:
        seen.append(event)
        if event.get("fail"):
            raise ValueError("no")
        return {"got": event}

    place.function("cleanup", function)
    answer = client.invoke(FunctionName="cleanup", Payload=json.dumps({"a": 1}).encode())
    assert (answer["StatusCode"], json.loads(answer["Payload"].read())) == (200, {"got": {"a": 1}})
    assert answer["ResponseMetadata"]["RequestId"]
    failed = client.invoke(FunctionName="cleanup", Payload=b'{"fail": true}', InvocationType="RequestResponse")
    assert (failed["StatusCode"], failed["FunctionError"]) == (200, "Unhandled")
    assert json.loads(failed["Payload"].read())["errorMessage"] == "no"
    later = client.invoke(FunctionName="cleanup", Payload=b'{"later": 1}', InvocationType="Event")
    assert (later["StatusCode"], later["Payload"].read()) == (202, b"")
    place.run()
    assert seen[-1] == {"later": 1}
    assert code(client.invoke, FunctionName="none") == ("ResourceNotFoundException", 404)


@pytest.mark.parametrize("kind", ["RequestResponse", "Event"])
def test_how_often_a_failing_function_is_executed(place: Place, kind: str) -> None:
    client = place.client("lambda", WEST)
    executed: list[Any] = []

    def function(event: Any) -> Any:
        executed.append(event)
        raise ValueError("no")

    place.function("failing", function)
    client.invoke(FunctionName="failing", InvocationType=kind)
    place.run()
    place.end()
    assert len(executed) == (1 if kind == "RequestResponse" else 3)
