"""GlueContext, as far as it is a way to the Spark session."""

from __future__ import annotations

import sys
from typing import Any

from pyspark.sql import SparkSession

__all__ = ["GlueContext"]


class GlueContext:
    """Wraps the Spark session.

    Args:
        _spark_context: what the script passes; not used, since Sail has no SparkContext.
    """

    def __init__(self, _spark_context: object = None, **_: object) -> None:
        self.spark_session: Any = SparkSession.builder.getOrCreate()

    def get_logger(self) -> _Logger:
        """A logger whose lines go to the job's error log, as Glue's do."""
        return _Logger()

    def __getattr__(self, name: str) -> object:
        if name.startswith("__"):
            raise AttributeError(name)
        raise NotImplementedError(
            f"GlueContext.{name} is not available in the local world: DynamicFrames, catalog sources and"
            " bookmarks need AWS's own library; use glueContext.spark_session and DataFrames"
        )


class _Logger:
    def info(self, message: str) -> None:
        self._write("INFO", message)

    def warn(self, message: str) -> None:
        self._write("WARN", message)

    def error(self, message: str) -> None:
        self._write("ERROR", message)

    def _write(self, level: str, message: str) -> None:
        sys.stderr.write(f"{level} {message}\n")
