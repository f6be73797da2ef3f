"""What Airflow sees of the package."""

from __future__ import annotations

import subprocess
import sys
from importlib import import_module

from airflow.providers_manager import ProvidersManager

import crosswind.airflow
from crosswind.airflow.provider_info import get_provider_info


def test_airflow_lists_the_provider() -> None:
    providers = ProvidersManager().providers
    assert "crosswind" in providers
    assert providers["crosswind"].data["name"] == "Crosswind"


def test_the_modules_that_it_names_exist() -> None:
    info = get_provider_info()
    for kind in ("hooks", "operators", "triggers"):
        for entry in info[kind]:
            for module in entry["python-modules"]:
                assert import_module(module).__all__


def test_every_public_name_is_there() -> None:
    for name in crosswind.airflow.__all__:
        assert getattr(crosswind.airflow, name)


def test_importing_the_package_imports_no_airflow() -> None:
    code = (
        "import sys, crosswind.airflow, crosswind.airflow.provider_info;"
        "sys.exit(any(name.partition('.')[0] in ('airflow', 'boto3') for name in sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False, timeout=60).returncode == 0
