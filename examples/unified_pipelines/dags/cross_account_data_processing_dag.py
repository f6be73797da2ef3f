"""Wait for raw data in the processing site, transform it with Glue, and hand over what was written.

Glue writes below a prefix that this run and attempt alone have (`transformed/<run>-<token>/`) and, last, a manifest.
`publish` looks at each object once and makes a handover of their versions, which starts
`cross_account_machine_learning_dag`.
"""

from datetime import UTC, datetime

from airflow.providers.amazon.aws.sensors.s3 import S3KeySensor
from airflow.sdk import DAG, Asset

from crosswind.airflow import CrossAccountGlueJobOperator, PublishHandover, default_args, load_topology

RAW = "raw/ml_train_data.csv"

names = load_topology(__file__)
source, every = names.bucket("source"), names.intervals

with DAG(
    "cross_account_data_processing_dag",
    schedule=None,
    start_date=datetime(2025, 1, 1, tzinfo=UTC),
    catchup=False,
    max_active_runs=1,
    default_args=default_args(names),
    doc_md=__doc__,
    tags=["crosswind", names.topology],
):
    raw_data = S3KeySensor(
        task_id="wait_for_raw_data",
        aws_conn_id=names.site("processing").connection,
        bucket_name=source.name,
        bucket_key=RAW,
        poke_interval=every.poke_seconds,
        timeout=every.timeout_seconds,
        deferrable=True,
    )
    transform = CrossAccountGlueJobOperator(
        task_id="mwaa_glue_raw_to_transform",
        job="mwaa_glue_raw_to_transform",
        inputs=[f"source/{RAW}"],
        writes="source/transformed",
        arguments={"--bucket": source.name, "--input": RAW, "--prefix": "${prefix}"},
    )
    publish = PublishHandover(
        task_id="publish",
        replication="transformed",
        produced=transform.output,
        outlets=[Asset(f"{names.topology}/transformed")],
    )
    raw_data >> transform >> publish
