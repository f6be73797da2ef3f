"""What Airflow sees of the package."""

from __future__ import annotations

import inspect
import subprocess
import sys
from importlib import import_module
from pkgutil import walk_packages

from airflow.providers_manager import ProvidersManager
from airflow.sdk import BaseOperator
from airflow.triggers.base import BaseTrigger

import crosswind.airflow
from crosswind.airflow.provider_info import get_provider_info

# What the others have in common; no operators by themselves.
BASES = {"ConfiguredJobOperator", "PlacedOperator", "RemoteJobOperator"}


def test_airflow_lists_the_provider() -> None:
    providers = ProvidersManager().providers
    assert "crosswind" in providers
    assert providers["crosswind"].data["name"] == "Crosswind"


def test_the_modules_that_it_names_exist() -> None:
    info = get_provider_info()
    for kind in ("hooks", "operators", "sensors", "triggers"):
        for entry in info[kind]:
            for module in entry["python-modules"]:
                assert import_module(module).__all__
    for link in info["extra-links"]:
        module, _, name = link.rpartition(".")
        assert getattr(import_module(module), name)().xcom_key


def test_it_lists_every_module_with_an_operator_a_sensor_or_a_trigger() -> None:
    info = get_provider_info()
    for kind, base in (("operators", BaseOperator), ("sensors", BaseOperator), ("triggers", BaseTrigger)):
        listed = {module for entry in info[kind] for module in entry["python-modules"]}
        package = import_module(f"crosswind.airflow.{kind}")
        found = {
            module.name
            for module in walk_packages(package.__path__, f"{package.__name__}.")
            for _, member in inspect.getmembers(import_module(module.name), inspect.isclass)
            if member.__module__ == module.name and issubclass(member, base) and member.__name__ not in BASES
        }
        assert found == listed, kind


def test_every_public_name_is_there() -> None:
    for name in crosswind.airflow.__all__:
        assert getattr(crosswind.airflow, name)


def test_importing_the_package_imports_no_airflow() -> None:
    code = (
        "import sys, crosswind.airflow, crosswind.airflow.provider_info;"
        "sys.exit(any(name.partition('.')[0] in ('airflow', 'boto3') for name in sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False, timeout=60).returncode == 0
