"""A Glue script: evaluates each case of a table, and writes what came out as JSON.

Arguments: --bucket NAME; reads cases.json there, writes results.json. A case has a name and one of
  {"sql": QUERY}                        gives the types and the rows
  {"csv": TEXT, "options": {...}}       gives the columns and the rows of the text, read as CSV
  {"sql": QUERY, "options": {...}}      gives the text of the query's result, written as CSV
A case that fails gives the error. Values are as Python shows them, so that NaN equals NaN.
"""

import json
import sys

import boto3
from awsglue.utils import getResolvedOptions
from pyspark.sql import SparkSession


def evaluate(case, spark, s3, bucket, place):
    """What comes of one case."""
    if "csv" in case:
        s3.put_object(Bucket=bucket, Key=f"{place}.csv", Body=case["csv"].encode())
        frame = spark.read.options(**case["options"]).csv(f"s3://{bucket}/{place}.csv")
        return {"columns": frame.columns, "rows": shown(frame)}
    frame = spark.sql(case["sql"])
    if "options" not in case:
        return {"types": [kind for _, kind in frame.dtypes], "rows": shown(frame)}
    frame.coalesce(1).write.mode("overwrite").options(**case["options"]).csv(f"s3://{bucket}/{place}/")
    listed = s3.list_objects_v2(Bucket=bucket, Prefix=f"{place}/").get("Contents", [])
    bodies = [s3.get_object(Bucket=bucket, Key=entry["Key"])["Body"].read().decode() for entry in listed]
    return {"text": "".join(bodies)}


def shown(frame):
    """The rows as text."""
    return [[repr(value) for value in row] for row in frame.collect()]


def main():
    """Run the job."""
    bucket = getResolvedOptions(sys.argv, ["bucket"])["bucket"]
    s3 = boto3.client("s3")
    spark = SparkSession.builder.getOrCreate()
    results = {}
    for number, case in enumerate(json.loads(s3.get_object(Bucket=bucket, Key="cases.json")["Body"].read())):
        try:
            results[case["name"]] = evaluate(case, spark, s3, bucket, f"cases/{number}")
        except Exception as error:  # noqa: BLE001 - that a case fails is its result
            results[case["name"]] = {"error": f"{type(error).__name__}: {error}"}
    s3.put_object(Bucket=bucket, Key="results.json", Body=json.dumps(results).encode())


main()
