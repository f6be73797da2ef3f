"""One build of one environment: the image, requirements.txt, and plugins.zip, each by its S3 version."""

from __future__ import annotations

import io
import shutil
import stat
import zipfile
from dataclasses import dataclass
from pathlib import Path

from crosswind.local.mwaa.image import Image, Installer, InstallError, Say, link_tree
from crosswind.local.mwaa.requirements import local_packages, read_requirements

__all__ = ["Build", "Sources", "build"]


@dataclass(frozen=True)
class Sources:
    """What the bucket holds for a build.

    Args:
        requirements: requirements.txt; None when the environment names none.
        plugins: plugins.zip; None when the environment names none.
    """

    requirements: bytes | None = None
    plugins: bytes | None = None


@dataclass(frozen=True)
class Build:
    """A build that is ready to start.

    Args:
        folder: where it lies.
    """

    folder: Path

    @property
    def venv(self) -> Path:
        """The virtual environment."""
        return self.folder / "venv"

    @property
    def plugins(self) -> Path:
        """The plugins folder."""
        return self.folder / "plugins"


def build(folder: Path, image: Image, installer: Installer, sources: Sources, *, dags: Path, say: Say) -> Build:
    """Make a build.

    Args:
        folder: where; made anew.
        image: the base.
        installer: the installer.
        sources: what the bucket holds.
        dags: the DAGs folder, which requirements may name.
        say: takes a line of the environment's log.

    Raises:
        InstallError: requirements.txt cannot be read or installed, or plugins.zip is no zip.
    """
    shutil.rmtree(folder, ignore_errors=True)
    made = Build(folder)
    link_tree(image.folder, made.venv)
    made.plugins.mkdir(parents=True)
    shutil.copy(Path(__file__).with_name("plugin.py"), made.plugins / "crosswind_aws_mwaa.py")
    if sources.plugins is not None:
        _unpack(sources.plugins, made.plugins)
    if sources.requirements is not None:
        _install(made, image, installer, sources.requirements, dags=dags, say=say)
    return made


def _install(made: Build, image: Image, installer: Installer, content: bytes, *, dags: Path, say: Say) -> None:
    try:
        requirements = read_requirements(content, made.plugins, dags)
    except ValueError as error:
        raise InstallError(str(error)) from error
    if requirements.empty:
        say("requirements.txt asks for nothing")
        return
    wanted = made.folder / "requirements.txt"
    wanted.write_text(requirements.text)
    pins = made.folder / "constraints.txt"
    if requirements.own_constraints:
        say("requirements.txt has constraints of its own: only MWAA's essential pins apply besides")
        pins.write_text(image.constraints.essential)
    else:
        pins.write_text(image.constraints.text)
        if image.constraints.dropped:
            left = ", ".join(image.constraints.dropped)
            say(f"constraints that Python {image.python.text} cannot have are left out: {left}")
    arguments = ["--requirement", str(wanted), "--constraint", str(pins)]
    for package in local_packages(made.plugins):
        # The same file name may hold other content than the installer's cache remembers.
        arguments += ["--refresh-package", package, "--reinstall-package", package]
    installer.install(made.venv, arguments, say)


def _unpack(content: bytes, folder: Path) -> None:
    """Unpack plugins.zip; refuse entries that would lie outside the folder."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            for entry in archive.infolist():
                parts = Path(entry.filename).parts
                if Path(entry.filename).is_absolute() or ".." in parts or stat.S_ISLNK(entry.external_attr >> 16):
                    raise InstallError(f"plugins.zip: entry {entry.filename!r} would lie outside the plugins folder")
            archive.extractall(folder)
    except zipfile.BadZipFile as error:
        raise InstallError(f"plugins.zip is not a zip archive: {error}") from error
