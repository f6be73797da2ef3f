"""Wait until exactly the data that was handed over is at the ml site, train on it, and clean up.

Started by the Asset event of `cross_account_data_processing_dag`. By hand it takes the handover whose prefix the
parameter names, such as `transformed/<run>-<token>/`, else the latest one.
"""

from datetime import UTC, datetime

from airflow.sdk import DAG, Asset, Param

from crosswind.airflow import (
    ArrivalSensor,
    CrossAccountLambdaOperator,
    CrossAccountSageMakerTrainingOperator,
    default_args,
    load_topology,
)

names = load_topology(__file__)

with DAG(
    "cross_account_machine_learning_dag",
    schedule=[Asset(f"{names.topology}/transformed")],
    start_date=datetime(2025, 1, 1, tzinfo=UTC),
    catchup=False,
    max_active_runs=4,
    default_args=default_args(names),
    params={"prefix": Param("", type="string", description="of a handover; by hand only, empty for the latest")},
    doc_md=__doc__,
    tags=["crosswind", names.topology],
):
    arrived = ArrivalSensor(task_id="wait_for_transformed_data", replication="transformed")
    train = CrossAccountSageMakerTrainingOperator(task_id="train", job="penguins_training", arrival=arrived.output)
    remove = CrossAccountLambdaOperator(
        task_id="dagcleanup",
        job="dagcleanup",
        payload={
            "run": arrived.output["run"],
            "folders": [
                {"bucket": bucket.name, "prefix": arrived.output["prefix"], "region": bucket.region}
                for bucket in (names.bucket("source"), names.bucket("destination"))
            ],
        },
    )
    arrived >> train >> remove
