"""A Glue Python shell script: keeps the rows that have a mark, and says which object it wrote."""

import csv
import io
import json
import sys

import boto3
from awsglue.utils import getResolvedOptions

arguments = getResolvedOptions(sys.argv, ["bucket", "input", "prefix"])
s3 = boto3.client("s3")
text = s3.get_object(Bucket=arguments["bucket"], Key=arguments["input"])["Body"].read().decode()
rows = list(csv.reader(io.StringIO(text)))
kept = [row for row in rows if len(row) == 2 and row[1]]
if not kept:
    raise ValueError(f"{arguments['input']} has no row with a mark")
key = f"{arguments['prefix']}marks.csv"
body = "".join(f"{name},{mark}\n" for name, mark in kept)
s3.put_object(Bucket=arguments["bucket"], Key=key, Body=body.encode())
manifest = {"prefix": arguments["prefix"], "keys": [key]}
s3.put_object(Bucket=arguments["bucket"], Key=f"{arguments['prefix']}manifest.json", Body=json.dumps(manifest).encode())
print(f"kept {len(kept)} of {len(rows)} rows")  # noqa: T201 - its log
