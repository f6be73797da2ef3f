"""What every deferrable task of ours must keep: `defer -> serialize -> JSON -> recreate`, and what the trigger calls.

A setting lost on the way means a wait in another account or Region. The loop finds operators and triggers itself.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from importlib import import_module
from pkgutil import walk_packages
from typing import Any

import pytest
from airflow.sdk import BaseOperator
from airflow.triggers.base import BaseTrigger

import crosswind.airflow
from crosswind.airflow import ArrivalSensor, TopologyNames, load_topology
from crosswind.airflow.target import AwsTarget
from tests.airflow import scene, test_glue, test_lambda, test_processing, test_training
from tests.airflow.aws import RecordedAws
from tests.airflow.conftest import EAST, SPOKE
from tests.airflow.tasks import DAG_ID, RUN_ID, context, deferred, recreated

SETTINGS: dict[str, Any] = {
    "verify": False,
    "botocore_config": {"read_timeout": 7, "retries": {"total_max_attempts": 2}},
    "check_interval": 17,
    "max_attempts": 23,
}
ELSEWHERE: dict[str, Any] = {"aws_conn_id": EAST, "account_id": SPOKE, "region_name": "us-west-2"}


def training(aws: RecordedAws, names: TopologyNames) -> tuple[Any, AwsTarget]:
    test_training.put_config(aws)
    # The connection's own Region is us-east-1.
    return test_training.operator(**SETTINGS, **ELSEWHERE), target("us-west-2", EAST)


def processing(aws: RecordedAws, names: TopologyNames) -> tuple[Any, AwsTarget]:
    test_training.put_config(aws, test_processing.REQUEST)
    aws.script("DescribeProcessingJob", test_processing.NO_SUCH_JOB)
    aws.script("CreateProcessingJob", {"ProcessingJobArn": test_processing.ARN})
    place = {"config_bucket": test_training.BUCKET, "config_key": "config/train.json"}
    return test_processing.operator(**SETTINGS, **ELSEWHERE, **place), target("us-west-2", EAST)


def glue(aws: RecordedAws, names: TopologyNames) -> tuple[Any, AwsTarget]:
    scene.make_sites(aws)
    aws.script("StartJobRun", {"JobRunId": "jr_1"})
    return test_glue.operator(names, inputs=[], **SETTINGS), target("us-east-1", EAST, "processing")


def function(aws: RecordedAws, names: TopologyNames) -> tuple[Any, AwsTarget]:
    scene.make_sites(aws)
    aws.script(test_lambda.INVOKED, (202, "", {"x-amzn-RequestId": "req-1"}))
    site = names.sites["ml"]
    return test_lambda.operator(names, **SETTINGS), target(site.region, site.connection, "ml")


# How to make each operator and set the scene for its execute, and where it acts.
MAKERS: dict[str, Callable[[RecordedAws, TopologyNames], tuple[Any, AwsTarget]]] = {
    "CrossAccountGlueJobOperator": glue,
    "CrossAccountLambdaOperator": function,
    "CrossAccountSageMakerProcessingOperator": processing,
    "CrossAccountSageMakerTrainingOperator": training,
}


def target(region: str, connection: str, site: str = "") -> AwsTarget:
    return AwsTarget(SPOKE, region, connection, DAG_ID, RUN_ID, site)


def ours(base: type) -> Iterator[type]:
    for module in walk_packages(crosswind.airflow.__path__, "crosswind.airflow."):
        for _, member in inspect.getmembers(import_module(module.name), inspect.isclass):
            if member.__module__ == module.name and issubclass(member, base) and not inspect.isabstract(member):
                yield member


@pytest.fixture
def names(dags_folder: object) -> TopologyNames:
    return load_topology(f"{dags_folder}/any.py")


def test_each_deferrable_operator_is_known_here() -> None:
    parameters = {one: inspect.signature(one.__init__).parameters for one in ours(BaseOperator)}
    found = {
        one.__name__
        for one, known in parameters.items()
        if "deferrable" in known
        or (hasattr(one, "remote_jobs") and one.remote_jobs.__qualname__.startswith(one.__name__))
    }
    # The base of the others is no operator by itself; the sensor has a test of its own below.
    assert found - {"RemoteJobOperator"} == set(MAKERS) | {"ArrivalSensor"}


@pytest.mark.parametrize("name", sorted(MAKERS))
def test_no_setting_is_lost(aws: RecordedAws, names: TopologyNames, name: str) -> None:
    task, where = MAKERS[name](aws, names)
    trigger = recreated(deferred(task, context(task.task_id)).trigger)

    assert trigger.target == where
    assert trigger.submission == task._submission
    assert (trigger.check_interval, trigger.max_attempts) == (17, 23)
    assert (trigger.verify, trigger.botocore_config) == (False, SETTINGS["botocore_config"])
    aws.calls.clear()
    client = trigger.clients().client("logs")
    assert client.meta.region_name == where.region
    assert client.meta.config.read_timeout == 7
    assert client.meta.config.retries["total_max_attempts"] == 2
    assert client._endpoint.http_session._verify is False


def test_no_place_of_a_sensor_is_lost(aws: RecordedAws, names: TopologyNames) -> None:
    scene.make_sites(aws)
    reference = scene.hand_over(aws)
    scene.replicate(aws, *scene.keys_of()[1:])
    sensor = ArrivalSensor(task_id="arrived", names=names, replication="transformed")
    ctx = context("arrived") | {"params": {}, "triggering_asset_events": scene.events(reference)}
    awaited = recreated(deferred(sensor, ctx).trigger).awaited

    sites = {name: target(site.region, site.connection, name) for name, site in names.sites.items()}
    assert (awaited.source, awaited.destination, awaited.queue_target) == (
        sites["processing"],
        sites["ml"],
        sites["processing"],
    )
    assert (awaited.bucket, awaited.mover, awaited.every) == (scene.DESTINATION, "crr", names.intervals.poke_seconds)
    assert awaited.references == (reference,)


@pytest.mark.parametrize("trigger", sorted(ours(BaseTrigger), key=lambda each: each.__name__), ids=lambda t: t.__name__)
def test_a_trigger_gives_all_its_arguments(trigger: Any) -> None:
    """Whatever a trigger's constructor takes, `serialize` must give again."""
    taken = set(inspect.signature(trigger.__init__).parameters) - {"self"}
    source = inspect.getsource(trigger.serialize)
    assert {name for name in taken if f'"{name}"' not in source} == set()
