"""Wait until a run's transformed data has been replicated to the ml site, train on it, and clean up.

Started by the Asset event of `cross_account_data_processing_dag`, which carries the run's prefix and keys. By
hand: give the parameter `prefix`, such as `transformed/<run>/`, of a run whose data is still there.
"""

import json
from datetime import UTC, datetime

from airflow.providers.amazon.aws.operators.lambda_function import LambdaInvokeFunctionOperator
from airflow.providers.amazon.aws.sensors.s3 import S3KeySensor
from airflow.sdk import DAG, Asset, Param, task

from crosswind.airflow import (
    CrossAccountHook,
    CrossAccountSageMakerTrainingOperator,
    Handover,
    default_args,
    load_topology,
)

names = load_topology(__file__)
source, destination, every = names.buckets["source"], names.buckets["destination"], names.intervals
training, cleanup = names.jobs["penguins_training"], names.jobs["dagcleanup"]
east, west = names.sites["processing"], names.sites["ml"]

with DAG(
    "cross_account_machine_learning_dag",
    schedule=[Asset(f"{names.topology}/transformed")],
    start_date=datetime(2025, 1, 1, tzinfo=UTC),
    catchup=False,
    max_active_runs=4,
    default_args=default_args(names),
    params={"prefix": Param("", type="string", description="transformed/<run>/; by hand only")},
    doc_md=__doc__,
    tags=["crosswind", names.topology],
):

    @task(multiple_outputs=True, retries=0)
    def select(*, params, triggering_asset_events):
        """The handover to train on: the event's, or by hand that of the prefix given."""
        if prefix := params["prefix"]:
            s3 = CrossAccountHook(east.connection, account_id=east.account).client("s3")
            handover = Handover.read(s3, source.name, prefix)
        else:
            handover = Handover.of_events(triggering_asset_events)
        return {**handover.extra, "awaited": [*handover.keys, handover.manifest], "run": handover.run}

    chosen = select()
    replicated_data = S3KeySensor(
        task_id="wait_for_transformed_data",
        aws_conn_id=west.connection,
        bucket_name=destination.name,
        bucket_key=chosen["awaited"],
        poke_interval=every.poke_seconds,
        timeout=every.timeout_seconds,
        deferrable=True,
    )
    train = CrossAccountSageMakerTrainingOperator(
        task_id="train",
        aws_conn_id=training.site.connection,
        account_id=training.site.account,
        config_bucket=training.config_bucket,
        config_key=training.config_key,
        substitutions={"prefix": chosen["prefix"]},
        check_interval=every.job_seconds,
    )
    run = "{{ ti.xcom_pull('select', key='run') }}"
    prefix = "{{ ti.xcom_pull('select', key='prefix') }}"
    folders = [{"bucket": b.name, "prefix": prefix, "region": b.region} for b in (source, destination)]
    remove = LambdaInvokeFunctionOperator(
        task_id="dagcleanup",
        aws_conn_id=cleanup.site.connection,
        function_name=cleanup.name,
        payload=json.dumps({"run": run, "folders": folders}),
        # Longer than any function may run, and never a second call for one that is still at work.
        botocore_config={"read_timeout": 910, "retries": {"total_max_attempts": 1}},
    )
    replicated_data >> train >> remove
