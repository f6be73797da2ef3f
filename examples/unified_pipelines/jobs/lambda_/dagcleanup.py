"""Removes one run's intermediate objects and says which. Safe to run twice: the second finds nothing.

Event: {"run": RUN, "folders": [{"bucket": B, "prefix": "transformed/RUN/", "region": R}, ...]}, and
`crosswind.result`, {"bucket": B, "key": K}, when nobody waits for the answer: it is then written there, last of all.
Answer: {"run": RUN, "removed": [{"bucket": B, "key": K}, ...], "count": N}
"""

import json
import re

import boto3
from botocore.exceptions import ClientError

# One run's folder and nothing above it. Checked for every folder before anything is removed.
PREFIX = re.compile(r"transformed/[A-Za-z0-9][A-Za-z0-9-]*/")


def handler(event, _context):
    run, folders = event["run"], event["folders"]
    for folder in folders:
        if not PREFIX.fullmatch(folder["prefix"]) or folder["prefix"] != f"transformed/{run}/":
            raise ValueError(
                f"refused: {folder['prefix']!r} is not the folder transformed/{run}/ of this run; nothing was removed"
            )
    removed = [item for folder in folders for item in clean(**folder)]
    print(f"run {run}: removed {len(removed)} objects")
    answer = {"run": run, "removed": removed, "count": len(removed)}
    if result := event.get("crosswind", {}).get("result"):
        report(answer, **result)
    return answer


def clean(bucket, prefix, region):
    """Delete a folder's objects (in a versioned bucket: put delete markers), page by page."""
    s3 = boto3.client("s3", region_name=region)
    removed = []
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix):
        keys = [entry["Key"] for entry in page.get("Contents", [])]
        if not keys:
            continue
        answer = s3.delete_objects(Bucket=bucket, Delete={"Objects": [{"Key": key} for key in keys], "Quiet": True})
        if answer.get("Errors"):
            first = answer["Errors"][0]
            raise RuntimeError(f"s3://{bucket}/{first['Key']}: {first['Code']} {first['Message']}")
        removed += [{"bucket": bucket, "key": key} for key in keys]
    return removed


def report(answer, bucket, key):
    """Write the answer, once: Lambda may deliver one event twice, and the first answer says what was removed."""
    try:
        boto3.client("s3").put_object(
            Bucket=bucket,
            Key=key,
            Body=json.dumps(answer).encode(),
            ContentType="application/json",
            IfNoneMatch="*",
        )
    except ClientError as error:
        if error.response["Error"]["Code"] != "PreconditionFailed":
            raise
