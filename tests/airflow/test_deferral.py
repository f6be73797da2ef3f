"""What every deferrable operator of ours must keep: `defer -> serialize -> recreate -> hook()`.

A setting lost on the way means a wait in another account or Region. The loop finds the operators itself.
"""

from __future__ import annotations

import inspect
import json
from collections.abc import Iterator
from importlib import import_module
from pkgutil import walk_packages
from typing import Any

import pytest
from airflow.exceptions import TaskDeferred
from airflow.sdk import BaseOperator

import crosswind.airflow
from tests.airflow import test_operator as training
from tests.airflow.aws import RecordedAws
from tests.airflow.conftest import EAST, SPOKE

SETTINGS: dict[str, Any] = {
    "aws_conn_id": EAST,  # its Region is us-east-1
    "region_name": "us-west-2",
    "verify": False,
    "botocore_config": {"read_timeout": 7, "retries": {"total_max_attempts": 2}},
    "account_id": SPOKE,
}
# How to make each operator and set the scene for its execute.
MAKERS = {
    "CrossAccountSageMakerTrainingOperator": lambda aws: (
        training.put_config(aws),
        training.operator(**SETTINGS),
    )[1]
}


def deferrable_operators() -> Iterator[type]:
    for module in walk_packages(crosswind.airflow.__path__, "crosswind.airflow."):
        for _, member in inspect.getmembers(import_module(module.name), inspect.isclass):
            ours = member.__module__ == module.name and issubclass(member, BaseOperator)
            if ours and "deferrable" in inspect.signature(member.__init__).parameters:
                yield member


def test_each_deferrable_operator_is_known_here() -> None:
    assert {one.__name__ for one in deferrable_operators()} == set(MAKERS)


@pytest.mark.parametrize("name", sorted(MAKERS))
def test_no_setting_is_lost(aws: RecordedAws, name: str) -> None:
    task = MAKERS[name](aws)
    with pytest.raises(TaskDeferred) as found:
        task.execute(training.CONTEXT)

    path, arguments = found.value.trigger.serialize()
    arguments = json.loads(json.dumps(arguments))
    module, _, trigger_name = path.rpartition(".")
    hook = getattr(import_module(module), trigger_name)(**arguments).hook()

    assert type(hook) is type(task.hook)
    assert hook.aws_conn_id == EAST
    assert hook.region_name == "us-west-2"
    assert hook.verify is False
    assert hook.expected_account == SPOKE
    assert hook.session_name == task.session_name
    assert hook.session_name
    assert hook.config.read_timeout == 7
    assert hook.config.retries == task.hook.config.retries
    for inner in (hook.s3_hook, hook.logs_hook):
        assert inner.region_name == "us-west-2"
        assert inner.config.read_timeout == 7
        assert inner.verify is False
