"""The wheel: deterministic, accepted by an installer, and the code that runs."""

from __future__ import annotations

import base64
import hashlib
import io
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

import crosswind
from crosswind.deploy.wheel import build_wheel, pack, plugins_zip
from crosswind.errors import DeployError


def test_same_package_same_bytes() -> None:
    assert build_wheel() == build_wheel()
    assert plugins_zip() == plugins_zip()


def test_plugins_zip_holds_the_wheel() -> None:
    name, content = build_wheel()
    assert name == f"crosswind-{crosswind.__version__}-py3-none-any.whl"
    with zipfile.ZipFile(io.BytesIO(plugins_zip())) as archive:
        assert archive.namelist() == [name]
        assert archive.read(name) == content


def test_record_holds_every_file_with_its_hash() -> None:
    with zipfile.ZipFile(io.BytesIO(build_wheel()[1])) as archive:
        names = archive.namelist()
        record = next(name for name in names if name.endswith(".dist-info/RECORD"))
        lines = dict(line.split(",", 1) for line in archive.read(record).decode().splitlines())
        assert set(lines) == set(names)
        for name in names:
            if name != record:
                digest = base64.urlsafe_b64encode(hashlib.sha256(archive.read(name)).digest()).rstrip(b"=")
                assert lines[name] == f"sha256={digest.decode()},{len(archive.read(name))}"
        assert "crosswind/py.typed" in names
        assert not [name for name in names if "__pycache__" in name or "/examples/" in name]


def test_pack_keeps_no_time_and_no_order_of_the_caller() -> None:
    assert pack({"b": b"2", "a": b"1"}) == pack({"a": b"1", "b": b"2"})


def test_an_installer_takes_it_and_the_provider_is_found(tmp_path: Path) -> None:
    name, content = build_wheel()
    (tmp_path / name).write_bytes(content)
    target = tmp_path / "site"
    command = [sys.executable, "-m", "uv", "pip", "install", "--no-deps", "--offline", "--no-cache", "--target"]
    subprocess.run([*command, str(target), str(tmp_path / name)], check=True, timeout=120, capture_output=True)
    code = (
        "import crosswind, crosswind.errors, importlib.metadata as m;"
        "print(crosswind.__file__);"
        "print([e.value for e in m.distribution('crosswind').entry_points if e.group == 'apache_airflow_provider'])"
    )
    ran = subprocess.run(
        [sys.executable, "-S", "-c", code],
        check=True,
        timeout=60,
        capture_output=True,
        text=True,
        env={"PYTHONPATH": str(target)},
    )
    assert str(target) in ran.stdout
    assert "crosswind.airflow.provider_info:get_provider_info" in ran.stdout


def test_a_package_that_is_not_installed_is_an_error() -> None:
    with pytest.raises(DeployError, match="not installed"):
        build_wheel("crosswind-nothing")
