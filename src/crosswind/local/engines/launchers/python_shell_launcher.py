"""Runs a Glue Python shell script.

Usage: `python_shell_launcher.py ERROR_FILE SCRIPT [ARGUMENT ...]`. When the script fails, its traceback goes to
standard error and the last line of it to ERROR_FILE. There is no Spark in a Python shell, so none can be imported.
"""

from __future__ import annotations

import runpy
import sys
import traceback
from pathlib import Path

__all__ = ["main"]


def main(arguments: list[str]) -> int:
    """Run the script.

    Args:
        arguments: error file, script, and what the script sees as `sys.argv[1:]`.

    Returns:
        The exit code: 0 for success.
    """
    error_file, script = Path(arguments[0]), arguments[1]
    sys.modules["pyspark"] = None  # type: ignore[assignment] # None means: cannot be imported
    sys.argv = arguments[1:]
    try:
        runpy.run_path(script, run_name="__main__")
    except SystemExit as left:
        return 0 if left.code in (None, 0) else _failed(left, script, error_file)
    except BaseException as error:  # noqa: BLE001 - whatever the script raises is how the job failed
        return _failed(error, script, error_file)
    return 0


def _failed(error: BaseException, script: str, error_file: Path) -> int:
    """Print the traceback from the script's first frame on, and write the last line of it."""
    frames = error.__traceback__
    while frames is not None and frames.tb_frame.f_code.co_filename != script:
        frames = frames.tb_next
    traceback.print_exception(type(error), error, frames or error.__traceback__, file=sys.stderr)
    error_file.write_text("".join(traceback.format_exception_only(error)).strip(), encoding="utf-8")
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
