"""Runs a training script as SageMaker's script mode does.

Usage: `script_launcher.py OPT_ML PROGRAM [ARGUMENT ...]`, with PROGRAM below OPT_ML/code and the SM_* variables
already set. When the script fails, its last line of traceback goes to OPT_ML/output/failure, in the words of
AWS's training toolkit.
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
        arguments: the folder that stands for `/opt/ml`, the program, and its arguments.

    Returns:
        The exit code.
    """
    opt_ml, program = Path(arguments[0]), arguments[1]
    code = opt_ml / "code"
    sys.path.insert(0, str(code))
    sys.argv = [program, *arguments[2:]]
    try:
        runpy.run_path(str(code / program), run_name="__main__")
    except SystemExit as left:
        if left.code in (None, 0):
            return 0
        return _failed(opt_ml, program, left)
    except BaseException as error:  # noqa: BLE001 - whatever the script raises is how the job failed
        return _failed(opt_ml, program, error)
    return 0


def _failed(opt_ml: Path, program: str, error: BaseException) -> int:
    frames = error.__traceback__
    while frames is not None and not frames.tb_frame.f_code.co_filename.startswith(str(opt_ml / "code")):
        frames = frames.tb_next
    traceback.print_exception(type(error), error, frames or error.__traceback__, file=sys.stderr)
    last = "".join(traceback.format_exception_only(error)).strip()
    command = " ".join(["python", program, *sys.argv[1:]])
    (opt_ml / "output/failure").write_text(
        f'ExecuteUserScriptError:\nExitCode 1\nErrorMessage "{last}"\nCommand "{command}"', encoding="utf-8"
    )
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
