"""Builds on a real base environment: the cached one of the newest Airflow."""

from __future__ import annotations

import subprocess
import threading
from pathlib import Path

import pytest

from crosswind.local.mwaa.image import Image, Installer, InstallError, python_of
from crosswind.local.mwaa.interpreter import find_interpreter
from crosswind.local.mwaa.overlay import Build, Sources, build
from crosswind.local.mwaa.versions import constraints_of, newest
from tests.local.mwaa.conftest import CACHE, plugins, zipped

REQUIREMENTS = b"--find-links /usr/local/airflow/plugins\ngreeting==1.0\n"


@pytest.fixture(scope="module")
def installer() -> Installer:
    return Installer(CACHE / "airflow")


@pytest.fixture(scope="module")
def image(installer: Installer) -> Image:
    python = find_interpreter()
    return installer.image(constraints_of(newest(), python.minor), python, lambda _: None)


@pytest.fixture
def said() -> list[str]:
    return []


def made(folder: Path, image: Image, installer: Installer, said: list[str], **sources: bytes) -> Build:
    return build(folder / "1", image, installer, Sources(**sources), dags=folder / "dags", say=said.append)


def run(built: Build, code: str) -> str:
    command = [str(python_of(built.venv)), "-c", code]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=True).stdout.strip()


def test_same_path_name_version_and_time_but_other_content(
    tmp_path: Path, image: Image, installer: Installer, said: list[str]
):
    for text in ("one", "two"):
        built = made(tmp_path, image, installer, said, requirements=REQUIREMENTS, plugins=plugins(text))
        assert run(built, "import greeting; print(greeting.text())") == text


def test_a_build_never_writes_into_its_base(tmp_path: Path, image: Image, installer: Installer, said: list[str]):
    older = b"# --constraint off\nattrs==25.1.0\n"
    built = made(tmp_path, image, installer, said, requirements=older)
    version = "import importlib.metadata as m; print(m.version('attrs'))"
    assert run(built, version) == "25.1.0"
    pinned = image.constraints.pin("attrs")
    assert pinned != "25.1.0"
    base = subprocess.run(
        [str(python_of(image.folder)), "-c", version], capture_output=True, text=True, timeout=60, check=True
    )
    assert base.stdout.strip() == pinned


def test_constraints_hold_unless_the_file_has_its_own(
    tmp_path: Path, image: Image, installer: Installer, said: list[str]
):
    with pytest.raises(InstallError, match="attrs"):
        made(tmp_path, image, installer, said, requirements=b"attrs==25.1.0\n")
    with pytest.raises(InstallError, match="apache-airflow"):
        made(tmp_path, image, installer, said, requirements=b"# --constraint off\napache-airflow==3.0.6\n")


def test_the_installers_message_is_the_error(tmp_path: Path, image: Image, installer: Installer, said: list[str]):
    with pytest.raises(InstallError, match=r"no-such-package-as-this"):
        made(tmp_path, image, installer, said, requirements=b"no-such-package-as-this==1\n")
    assert any("no-such-package-as-this" in line for line in said)


@pytest.mark.parametrize("name", ["../outside.py", "/outside.py", "a/../../outside.py"])
def test_a_zip_that_would_write_elsewhere_is_refused(
    tmp_path: Path, image: Image, installer: Installer, said: list[str], name: str
):
    with pytest.raises(InstallError, match="outside the plugins folder"):
        made(tmp_path, image, installer, said, plugins=zipped({name: b"1"}))
    assert not (tmp_path / "outside.py").exists()


def test_what_is_no_zip_is_refused(tmp_path: Path, image: Image, installer: Installer, said: list[str]):
    with pytest.raises(InstallError, match="not a zip"):
        made(tmp_path, image, installer, said, plugins=b"PK but no")


def test_two_worlds_that_need_the_same_base_make_it_once(tmp_path: Path):
    """Two installers on one empty cache; the real one's work is replaced by what it leaves behind."""
    begun: list[Path] = []
    both = threading.Barrier(2)

    class Counting(Installer):
        def _make(self, folder: Path, *_: object) -> None:
            begun.append(folder)
            folder.mkdir()
            (folder / ".crosswind-ready").touch()

    def work() -> None:
        installer = Counting(tmp_path)
        both.wait(10)
        installer.image(constraints_of(newest()), find_interpreter(), lambda _: None)

    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert len(begun) == 1


def test_a_stopped_installer_starts_nothing(tmp_path: Path, image: Image, said: list[str]):
    installer = Installer(CACHE / "airflow")
    installer.stop()
    with pytest.raises(InstallError, match="stopping"):
        made(tmp_path, image, installer, said, requirements=b"attrs\n")
