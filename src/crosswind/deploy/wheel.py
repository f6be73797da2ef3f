"""The wheel of the Crosswind that runs now, built again from its installed files.

MWAA gets the very code that deploys, whether that was installed from a wheel or in editable mode. The bytes
depend on the files alone (fixed times, sorted names, stored and not compressed, since zlib's output differs
between builds of it), so that an unchanged package is an unchanged object in S3.

Format: packaging.python.org/en/latest/specifications/binary-distribution-format/.
"""

from __future__ import annotations

import base64
import hashlib
import io
import zipfile
from collections.abc import Iterator, Mapping
from importlib import metadata, resources
from importlib.resources.abc import Traversable

from crosswind.errors import DeployError

__all__ = ["build_wheel", "pack", "plugins_zip"]

_EPOCH = (1980, 1, 1, 0, 0, 0)
_LEFT_OUT = {"__pycache__", "examples"}
_CODE = (".py", ".typed", ".json", ".html", ".css", ".js", ".svg")


def build_wheel(package: str = "crosswind") -> tuple[str, bytes]:
    """Build the wheel of an installed, pure Python package.

    Args:
        package: the distribution's name, and the import package's.

    Returns:
        The file name, such as `crosswind-0.1.0-py3-none-any.whl`, and the content.

    Raises:
        DeployError: the package is not installed, so that it has no metadata.
    """
    try:
        distribution = metadata.distribution(package)
    except metadata.PackageNotFoundError as error:
        raise DeployError(
            f"the package {package} is not installed, so its wheel cannot be built",
            hint="install it: `pip install crosswind`, or `uv sync` in a clone",
        ) from error
    info = f"{package}-{distribution.version}.dist-info"
    files = dict(_sources(resources.files(package), package))
    files.update({f"{info}/{name}": content for name, content in _metadata(distribution).items()})
    record = f"{info}/RECORD"
    files[record] = _record(files, record).encode()
    return f"{package}-{distribution.version}-py3-none-any.whl", pack(files)


def plugins_zip() -> bytes:
    """`plugins.zip` for MWAA: it holds the wheel, which requirements.txt finds by `--find-links`."""
    name, content = build_wheel()
    return pack({name: content})


def pack(files: Mapping[str, bytes]) -> bytes:
    """A zip archive whose bytes depend on names and contents alone; `.dist-info` stands last."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for name in sorted(files, key=lambda name: (".dist-info/" in name, name)):
            entry = zipfile.ZipInfo(name, _EPOCH)
            entry.external_attr = 0o644 << 16
            entry.create_system = 3  # Unix, wherever it is built
            archive.writestr(entry, files[name])
    return buffer.getvalue()


def _sources(folder: Traversable, path: str) -> Iterator[tuple[str, bytes]]:
    for entry in sorted(folder.iterdir(), key=lambda entry: entry.name):
        inner = f"{path}/{entry.name}"
        if entry.is_dir():
            if entry.name not in _LEFT_OUT:
                yield from _sources(entry, inner)
        elif entry.name.endswith(_CODE):
            yield inner, entry.read_bytes()


def _metadata(distribution: metadata.Distribution) -> dict[str, bytes]:
    """METADATA, entry points and licences as installed, and a WHEEL file of our own."""
    found = {
        "WHEEL": b"Wheel-Version: 1.0\nGenerator: crosswind\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        "METADATA": (distribution.read_text("METADATA") or "").encode(),
    }
    if entry_points := distribution.read_text("entry_points.txt"):
        found["entry_points.txt"] = entry_points.encode()
    for file in distribution.files or ():
        _, found_licenses, name = file.as_posix().partition(".dist-info/licenses/")
        if found_licenses:
            found[f"licenses/{name}"] = (distribution.read_text(f"licenses/{name}") or "").encode()
    return found


def _record(files: Mapping[str, bytes], record: str) -> str:
    lines = []
    for name in sorted(files):
        digest = base64.urlsafe_b64encode(hashlib.sha256(files[name]).digest()).rstrip(b"=").decode()
        lines.append(f"{name},sha256={digest},{len(files[name])}")
    return "\n".join([*lines, f"{record},,"]) + "\n"
