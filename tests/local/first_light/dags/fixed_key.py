"""The wait for a key, as in the blog post: the example's two jobs, below a prefix that is the same in every run.

The tests put this file beside the example's DAGs, to show what it does beside what a handover does.
"""

from datetime import UTC, datetime

from airflow.providers.amazon.aws.sensors.s3 import S3KeySensor
from airflow.sdk import DAG, Asset

from crosswind.airflow import (
    CrossAccountGlueJobOperator,
    CrossAccountSageMakerTrainingOperator,
    default_args,
    load_topology,
)

names = load_topology(__file__)
source, destination = names.bucket("source"), names.bucket("destination")
transformed = Asset(f"{names.topology}/fixed-key")

with DAG(
    "fixed_key_processing_dag",
    schedule=None,
    start_date=datetime(2025, 1, 1, tzinfo=UTC),
    default_args=default_args(names),
):
    CrossAccountGlueJobOperator(
        task_id="transform",
        job="mwaa_glue_raw_to_transform",
        arguments={"--bucket": source.name, "--input": "raw/ml_train_data.csv", "--prefix": "transformed/latest/"},
        outlets=[transformed],
    )

with DAG(
    "fixed_key_learning_dag",
    schedule=[transformed],
    start_date=datetime(2025, 1, 1, tzinfo=UTC),
    default_args=default_args(names),
):
    wait = S3KeySensor(
        task_id="wait_for_transformed_data",
        aws_conn_id=names.site("ml").connection,
        bucket_name=destination.name,
        bucket_key="transformed/latest/manifest.json",
        deferrable=True,
    )
    train = CrossAccountSageMakerTrainingOperator(
        task_id="train", job="penguins_training", substitutions={"prefix": "transformed/latest/"}
    )
    wait >> train
