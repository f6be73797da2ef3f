"""The post's first DAG with the operators of Airflow's amazon provider: wait for raw data, transform it with Glue.

Each run writes below one fixed prefix, and the Asset starts `plain_machine_learning_dag`.
"""

from datetime import UTC, datetime

from airflow.providers.amazon.aws.operators.glue import GlueJobOperator
from airflow.providers.amazon.aws.sensors.s3 import S3KeySensor
from airflow.sdk import DAG, Asset

NAME = "plain"
DEFAULTS = {"deferrable": True, "retries": 2}

SOURCE = "unified-pipelines-source-222222222222-us-east-1"
RAW = "raw/ml_train_data.csv"

with DAG(
    f"{NAME}_data_processing_dag",
    schedule=None,
    start_date=datetime(2025, 1, 1, tzinfo=UTC),
    catchup=False,
    max_active_runs=1,
    default_args={**DEFAULTS, "aws_conn_id": f"{NAME}_east1"},
):
    raw_data = S3KeySensor(task_id="wait_for_raw_data", bucket_name=SOURCE, bucket_key=RAW, timeout=3600)
    transform = GlueJobOperator(
        task_id="mwaa_glue_raw_to_transform",
        job_name="mwaa_glue_raw_to_transform",
        script_args={"--bucket": SOURCE, "--input": RAW, "--prefix": f"transformed/{NAME}/"},
        outlets=[Asset(f"{NAME}/transformed")],
    )
    raw_data >> transform
