"""The text of a file of the topology. It is opened once, and only if it is a plain file of a sensible size."""

from __future__ import annotations

import codecs
import os
import stat
from pathlib import Path

from crosswind.errors import Place, TopologyError
from crosswind.topology.document import MAX_BYTES

__all__ = ["text_of"]

_KINDS = (
    (stat.S_ISDIR, "a folder"),
    (stat.S_ISFIFO, "a named pipe"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
)
_UTF16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


def text_of(path: Path, name: str = "") -> str:
    """The text of a file.

    Args:
        path: of the file; links are followed.
        name: of an included file, as the user would name it; without one it is the topology file.

    Raises:
        TopologyError: it is not there, cannot be read, is no plain file, is too large, or is not UTF-8.
    """
    hint = "correct `include`, or mend the file" if name else "name the topology file with `--file`"
    name = name or str(path)
    content = _content(path, Place(name), hint)
    if len(content) > MAX_BYTES:
        raise TopologyError(
            f"the file has more than {MAX_BYTES:,} bytes",
            place=Place(name),
            hint="is it the topology file? if so, split it over several files, named under `include`",
        )
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        encoding = ", but probably UTF-16" if content.startswith(_UTF16) else ""
        told = f"the file is not UTF-8{encoding}: byte 0x{content[error.start]:02x}"
        raise TopologyError(told, place=Place(name, line), hint="save it as UTF-8") from error


def _content(path: Path, place: Place, hint: str) -> bytes:
    """At most one byte more than is taken."""
    try:
        # A pipe without a writer would otherwise keep us waiting for one.
        with open(os.open(path, os.O_RDONLY | os.O_NONBLOCK), "rb") as file:
            mode = os.fstat(file.fileno()).st_mode
            for is_kind, kind in _KINDS:
                if is_kind(mode):
                    raise TopologyError(f"this is {kind}, not a file", place=place, hint=hint)
            return file.read(MAX_BYTES + 1)
    except IsADirectoryError as error:
        raise TopologyError("this is a folder, not a file", place=place, hint=hint) from error
    except OSError as error:
        raise TopologyError(
            f"the file cannot be read: {error.strerror or error}",
            place=place,
            hint=hint,
        ) from error
