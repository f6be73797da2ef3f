"""Runs a Glue Spark script on Sail.

Usage: `spark_launcher.py ERROR_FILE SCRIPT [ARGUMENT ...]`. Starts a Spark Connect server in this process and
makes it what `SparkSession.builder.getOrCreate()` gives. When the script fails, its traceback goes to standard
error and the last line of it to ERROR_FILE.

Sail has no JVM, so there is no SparkContext: a stand-in lets Glue's usual first lines
(`GlueContext(SparkContext.getOrCreate())`) work and refuses everything else.
"""

from __future__ import annotations

import os
import runpy
import sys
import traceback
import types
import warnings
from pathlib import Path

__all__ = ["main"]


class _NoSparkContext:
    """Stands where a SparkContext stands on Glue; carries nothing."""

    def __init__(self, *_: object, **__: object) -> None:
        pass

    @classmethod
    def getOrCreate(cls, *_: object) -> _NoSparkContext:  # noqa: N802 - PySpark's own name
        return cls()

    def setLogLevel(self, level: str) -> None:  # noqa: N802 - PySpark's own name
        """Nothing to set: Sail logs by its own configuration."""

    def __getattr__(self, name: str) -> object:
        if name.startswith("__"):
            raise AttributeError(name)
        raise NotImplementedError(
            f"SparkContext.{name} is not available in the local world: Sail speaks Spark Connect, which has"
            " no SparkContext and no RDDs; use DataFrames from SparkSession.builder.getOrCreate()"
        )


def _start_sail() -> object:
    """Start the server; it lives for as long as what is returned is kept."""
    # The client warns about the pandas version at import; that is the world's choice, not the script's.
    warnings.filterwarnings("ignore", category=FutureWarning, module="pyspark")
    from pysail.spark import SparkConnectServer

    server = SparkConnectServer("127.0.0.1", 0)
    server.start(background=True)
    address = server.listening_address
    if address is None:
        raise RuntimeError("Sail did not start listening")
    os.environ["SPARK_REMOTE"] = f"sc://{address[0]}:{address[1]}"
    import pyspark

    context = types.ModuleType("pyspark.context")
    context.SparkContext = _NoSparkContext  # type: ignore[attr-defined] # a module made here
    sys.modules["pyspark.context"] = context
    pyspark.SparkContext = _NoSparkContext
    return server


def _script_failed(error: BaseException, script: str, error_file: Path) -> int:
    """Print the traceback from the script's first frame on, and write the last line of it."""
    frames = error.__traceback__
    while frames is not None and frames.tb_frame.f_code.co_filename != script:
        frames = frames.tb_next
    traceback.print_exception(type(error), error, frames or error.__traceback__, file=sys.stderr)
    last = "".join(traceback.format_exception_only(error)).strip()
    error_file.write_text(last, encoding="utf-8")
    return 1


def main(arguments: list[str]) -> int:
    """Run the script.

    Args:
        arguments: error file, script, and what the script sees as `sys.argv[1:]`.

    Returns:
        The exit code: 0 for success.
    """
    error_file, script = Path(arguments[0]), arguments[1]
    try:
        kept = _start_sail()
        sys.argv = [script, *arguments[2:]]
        runpy.run_path(script, run_name="__main__")
        del kept
    except SystemExit as left:
        if left.code in (None, 0):
            return 0
        return _script_failed(left, script, error_file)
    except BaseException as error:  # noqa: BLE001 - whatever the script raises is how the job failed
        return _script_failed(error, script, error_file)
    return 0


if __name__ == "__main__":
    code = main(sys.argv[1:])
    sys.stdout.flush()
    sys.stderr.flush()
    # Sail's threads and the client's channels are not waited for: the job has ended.
    os._exit(code)
