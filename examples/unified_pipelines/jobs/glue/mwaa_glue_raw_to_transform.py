"""Glue job: the raw penguins become training data.

Reads the raw CSV, cleans it, encodes it, splits it, and writes what SageMaker's built-in XGBoost wants: CSV,
label first, no header. The label is the bird's sex (MALE 1, FEMALE 0). The manifest, written last, says what
was written: whoever reads the data reads the manifest first, and lists no folder.

Arguments: --bucket NAME --input KEY --prefix transformed/RUN/; others, such as --crosswind-token, are passed over.

Runs on AWS Glue 5.0 (Spark 3.5) and on Sail. Portable means: the session from SparkSession.builder.getOrCreate(),
all columns read as text and cast by try_cast, a split by a hash instead of randomSplit, no RDDs, and no trust in
the names of part files.
"""

import json
import sys

import boto3
from awsglue.utils import getResolvedOptions
from botocore.exceptions import ClientError
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F  # noqa: N812 - Spark's own custom

LABEL = "Sex"
LABELS = {"FEMALE": 0, "MALE": 1}
# The first word of the species' long name, and the island: fixed lists, so that a column means the same in every run.
SPECIES = ("Adelie", "Chinstrap", "Gentoo")
ISLANDS = ("Biscoe", "Dream", "Torgersen")
MEASURES = (
    "Culmen Length (mm)",
    "Culmen Depth (mm)",
    "Flipper Length (mm)",
    "Body Mass (g)",
    "Delta 15 N (o/oo)",
    "Delta 13 C (o/oo)",
)
# A study has each individual once: together they name a row.
IDENTITY = ("studyName", "Individual ID")
COLUMNS = (*IDENTITY, "Species", "Island", LABEL, *MEASURES)
PARTS = ("train", "validation")
VALIDATION_PERCENT = 20


def require_input(s3, bucket: str, key: str) -> None:
    """Fail when the input is missing or empty: not every engine does (a missing path may read as no rows)."""
    try:
        size = s3.head_object(Bucket=bucket, Key=key)["ContentLength"]
    except ClientError as error:
        code = error.response["Error"]["Code"]
        if code in ("404", "NoSuchKey", "NotFound"):
            raise FileNotFoundError(f"input s3://{bucket}/{key} does not exist") from error
        if code in ("403", "AccessDenied"):
            raise PermissionError(
                f"input s3://{bucket}/{key} may not be read, or does not exist and may not be listed"
            ) from error
        raise
    if size == 0:
        raise ValueError(f"input s3://{bucket}/{key} is empty")


def read_raw(spark: SparkSession, path: str) -> DataFrame:
    """The raw rows, every column as text."""
    raw = spark.read.option("header", True).option("inferSchema", False).option("escape", '"').csv(path)
    missing = [name for name in COLUMNS if name not in raw.columns]
    if missing:
        raise ValueError(f"input {path} lacks the columns {missing}; it has {raw.columns}")
    return raw


def text(name: str):
    """A column's text, without blanks around it."""
    return F.trim(F.col(f"`{name}`"))


def clean(raw: DataFrame) -> DataFrame:
    """One row a bird: label, features, and the id that the split goes by. `NA` and other words become missing."""
    named = raw.select(
        F.concat_ws("/", *(text(name) for name in IDENTITY)).alias("id"),
        F.upper(text(LABEL)).alias("sex"),
        F.substring_index(text("Species"), " ", 1).alias("species"),
        text("Island").alias("island"),
        *(text(name).alias(f"m{number}") for number, name in enumerate(MEASURES)),
    )
    label = F.when(F.col("sex") == "MALE", F.lit(LABELS["MALE"])).when(
        F.col("sex") == "FEMALE", F.lit(LABELS["FEMALE"])
    )
    measures = [F.expr(f"try_cast(m{number} AS DOUBLE)").alias(f"m{number}") for number in range(len(MEASURES))]
    encoded = [
        F.when(F.col(column) == value, F.lit(1)).otherwise(F.lit(0)).alias(f"{column}_{value.lower()}")
        for column, values in (("species", SPECIES), ("island", ISLANDS))
        for value in values
    ]
    known = F.col("species").isin(*SPECIES) & F.col("island").isin(*ISLANDS)
    return (
        named.where(known)
        .select(label.alias("label"), *measures, *encoded, "id")
        .where(F.col("label").isNotNull())
        .dropDuplicates(["id"])
    )


def split(rows: DataFrame) -> DataFrame:
    """The rows with a column `part`: `train` or `validation`. A bird is in the same part in every run."""
    bucket = F.crc32(F.col("id").cast("binary")) % 100
    part = F.when(bucket < VALIDATION_PERCENT, F.lit("validation")).otherwise(F.lit("train"))
    return rows.withColumn("part", part).drop("id")


def write(rows: DataFrame, path: str) -> None:
    """CSV without a header; a missing value is an empty cell. The data is small: one file is enough."""
    rows.coalesce(1).write.mode("overwrite").option("header", False).csv(path)


def written_keys(s3, bucket: str, prefix: str) -> list[str]:
    """The keys of what was written, without markers such as `_SUCCESS`."""
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
    return sorted(
        entry["Key"]
        for page in pages
        for entry in page.get("Contents", [])
        if entry["Size"] and entry["Key"].rpartition("/")[2][:1] not in ("_", ".", "")
    )


def main() -> None:
    """Run the job."""
    arguments = getResolvedOptions(sys.argv, ["JOB_NAME", "bucket", "input", "prefix"])
    bucket, key, prefix = arguments["bucket"], arguments["input"], arguments["prefix"]
    if not prefix.startswith("transformed/") or not prefix.endswith("/") or len(prefix.strip("/").split("/")) != 2:
        raise ValueError(f"--prefix must be transformed/<run>/, not {prefix!r}")
    s3 = boto3.client("s3")
    require_input(s3, bucket, key)

    spark = SparkSession.builder.getOrCreate()
    raw = read_raw(spark, f"s3://{bucket}/{key}")
    rows = split(clean(raw))
    counts = {"read": raw.count(), "train": 0, "validation": 0}
    counts |= {row["part"]: row["count"] for row in rows.groupBy("part").count().collect()}
    counts["kept"] = counts["train"] + counts["validation"]
    print(f"{arguments['JOB_NAME']}: " + ", ".join(f"{name} {count}" for name, count in counts.items()))
    for name in ("read", *PARTS):
        if counts[name] == 0:
            raise ValueError(f"input s3://{bucket}/{key}: no rows for {name!r} (counts: {counts})")

    keys = []
    for name in PARTS:
        write(rows.where(F.col("part") == name).drop("part"), f"s3://{bucket}/{prefix}{name}/")
        found = written_keys(s3, bucket, f"{prefix}{name}/")
        if not found:
            raise RuntimeError(f"nothing was written to s3://{bucket}/{prefix}{name}/")
        keys += found
    manifest = {"schema_version": 1, "prefix": prefix, "keys": sorted(keys)}
    s3.put_object(
        Bucket=bucket,
        Key=f"{prefix}manifest.json",
        Body=json.dumps(manifest, indent=1).encode(),
        ContentType="application/json",
    )
    print(f"{arguments['JOB_NAME']}: wrote {len(keys)} objects and s3://{bucket}/{prefix}manifest.json")


if __name__ == "__main__":
    main()
