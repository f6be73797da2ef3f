"""Runs a Glue script on Apache Spark. Executed by the Python that has PySpark; imports nothing of Crosswind.

Usage: launcher.py SCRIPT [ARGUMENT ...]

Spark reads and writes `s3://` through jars that PyPI does not have. So at the one boundary that the scripts
use, `DataFrameReader.csv` and `DataFrameWriter.csv`, objects are staged: downloaded before Spark reads a
folder, uploaded after it wrote one.
"""

from __future__ import annotations

import runpy
import sys
import tempfile
from pathlib import Path

import boto3
from pyspark.sql import DataFrameReader, DataFrameWriter, SparkSession


class Staging:
    """Objects of S3 as files below a folder, and back."""

    def __init__(self, folder: Path) -> None:
        self._s3 = boto3.client("s3")
        self._folder = folder

    def download(self, uri: str) -> str:
        """The local path of an object or a prefix."""
        bucket, key = split(uri)
        for each in self._keys(bucket, key):
            path = self._folder / bucket / each
            path.parent.mkdir(parents=True, exist_ok=True)
            self._s3.download_file(bucket, each, str(path))
        return str(self._folder / bucket / key)

    def upload(self, folder: Path, uri: str) -> None:
        """Replace what lies below a prefix by a folder's files."""
        bucket, prefix = split(uri)
        for key in self._keys(bucket, prefix):
            self._s3.delete_object(Bucket=bucket, Key=key)
        for path in sorted(folder.rglob("*")):
            # Hadoop's local file system keeps a checksum file beside each; S3A writes none.
            if path.is_file() and path.suffix != ".crc":
                self._s3.upload_file(str(path), bucket, f"{prefix.rstrip('/')}/{path.relative_to(folder)}")

    def scratch(self) -> Path:
        """A new folder."""
        return Path(tempfile.mkdtemp(dir=self._folder))

    def _keys(self, bucket: str, prefix: str) -> list[str]:
        pages = self._s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
        return [entry["Key"] for page in pages for entry in page.get("Contents", [])]


def split(uri: str) -> tuple[str, str]:
    """Bucket and key of `s3://bucket/key`."""
    bucket, _, key = uri.removeprefix("s3://").partition("/")
    return bucket, key


def stage(staging: Staging) -> None:
    """Lead Spark's CSV reader and writer through the staging folder."""
    read, write = DataFrameReader.csv, DataFrameWriter.csv

    def staged_read(self, path, *args, **options):
        return read(self, staging.download(path), *args, **options)

    def staged_write(self, path, *args, **options):
        folder = staging.scratch() / "written"
        write(self, str(folder), *args, **options)
        staging.upload(folder, path)

    DataFrameReader.csv, DataFrameWriter.csv = staged_read, staged_write


def session(folder: Path) -> SparkSession:
    """The session that the script's `getOrCreate()` gives: Spark's own defaults, sized for a test."""
    return (
        SparkSession.builder.master("local[2]")
        .config("spark.ui.enabled", "false")
        .config("spark.driver.host", "127.0.0.1")
        .config("spark.driver.bindAddress", "127.0.0.1")
        .config("spark.sql.shuffle.partitions", "4")
        .config("spark.sql.warehouse.dir", str(folder / "warehouse"))
        .config("spark.local.dir", str(folder))
        .getOrCreate()
    )


def main(script: str, arguments: list[str]) -> None:
    """Run the script."""
    with tempfile.TemporaryDirectory() as name:
        spark = session(Path(name))
        spark.sparkContext.setLogLevel("ERROR")
        stage(Staging(Path(name)))
        sys.argv = [script, *arguments]
        try:
            runpy.run_path(script, run_name="__main__")
        finally:
            spark.stop()


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
