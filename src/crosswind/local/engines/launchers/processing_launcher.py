"""Runs a script of a SageMaker processing job.

Usage: `processing_launcher.py OPT_ML SCRIPT [ARGUMENT ...]`. Scripts of processing jobs name their files as
`/opt/ml/processing/...`; in the local world that is a folder of the job's, OPT_ML, never the machine's own `/opt/ml`.
So Python's file functions take such a path for the one below OPT_ML. Compiled libraries that open files themselves
(Arrow, SQLite, HDF5), and other programs, do not see that: give them an open file, or a path that came as an argument,
which is rewritten before the script starts.
"""

from __future__ import annotations

import builtins
import functools
import io
import os
import runpy
import sys
import traceback
from collections.abc import Callable
from typing import Any

__all__ = ["main", "redirect"]

_OPT_ML = "/opt/ml"
# Of `os`: what takes a path first, and what takes two. Not every system has all of them.
_ONE_PATH = (
    "access", "chdir", "chflags", "chmod", "chown", "getxattr", "lchflags", "lchmod", "lchown", "listdir", "listxattr",
    "lstat", "mkdir", "mkfifo", "mknod", "open", "pathconf", "readlink", "remove", "removexattr", "rmdir", "scandir",
    "setxattr", "stat", "statvfs", "truncate", "unlink", "utime",
)  # fmt: skip
_TWO_PATHS = ("link", "rename", "replace", "symlink")
_NAMED = ("dst", "file", "path", "src")


def redirect(root: str) -> None:
    """Make Python's file functions take `/opt/ml` for another folder, in this process.

    Args:
        root: that folder.
    """

    def moved(path: Any) -> Any:
        text = os.fspath(path) if isinstance(path, (str, bytes, os.PathLike)) else path
        if isinstance(text, bytes):
            return os.fsencode(moved(os.fsdecode(text)))
        if isinstance(text, str) and (text == _OPT_ML or text.startswith(f"{_OPT_ML}/")):
            return root + text.removeprefix(_OPT_ML)
        return path

    def wrapped(function: Callable[..., Any], paths: int) -> Callable[..., Any]:
        @functools.wraps(function)
        def call(*arguments: Any, **named: Any) -> Any:
            named = {name: moved(value) if name in _NAMED else value for name, value in named.items()}
            return function(*map(moved, arguments[:paths]), *arguments[paths:], **named)

        return call

    for names, paths in ((_ONE_PATH, 1), (_TWO_PATHS, 2)):
        for name in names:
            if hasattr(os, name):
                setattr(os, name, wrapped(getattr(os, name), paths))
    builtins.open = io.open = wrapped(io.open, 1)


def main(arguments: list[str]) -> int:
    """Run the script.

    Args:
        arguments: the folder that stands for `/opt/ml`, the script below it, and its arguments.

    Returns:
        The exit code.
    """
    root, script = arguments[0], arguments[1]
    redirect(root)
    sys.path.insert(0, os.path.dirname(script))
    sys.argv = arguments[1:]
    try:
        runpy.run_path(script, run_name="__main__")
    except SystemExit as left:
        if left.code is None or isinstance(left.code, int):
            return left.code or 0
        sys.stderr.write(f"{left.code}\n")
        return 1
    except BaseException as error:  # noqa: BLE001 - whatever the script raises is how the job failed
        frames = error.__traceback__
        while frames is not None and frames.tb_frame.f_code.co_filename != script:
            frames = frames.tb_next
        traceback.print_exception(type(error), error, frames or error.__traceback__, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
