"""Removes one run's intermediate objects and says which. Safe to run twice: the second finds nothing.

Event: {"run": RUN, "folders": [{"bucket": B, "prefix": "transformed/RUN/", "region": R}, ...]}
Answer: {"run": RUN, "removed": [{"bucket": B, "key": K}, ...], "count": N}
"""

import re

import boto3

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
    return {"run": run, "removed": removed, "count": len(removed)}


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
