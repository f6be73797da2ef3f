"""Wait for raw data in the processing site, transform it with Glue, and publish what was written.

Glue writes below a prefix that is the run's own (`transformed/<run>/`) and, last, a manifest. `publish` reads
it and hands on prefix and keys as the extra of an Asset event, which starts
`cross_account_machine_learning_dag`.
"""

from datetime import UTC, datetime

from airflow.providers.amazon.aws.operators.glue import GlueJobOperator
from airflow.providers.amazon.aws.sensors.s3 import S3KeySensor
from airflow.sdk import DAG, Asset, task

from crosswind.airflow import CrossAccountHook, Handover, default_args, load_topology, run_name

RAW_KEY = "raw/ml_train_data.csv"

names = load_topology(__file__)
source, every = names.buckets["source"], names.intervals
glue = names.jobs["mwaa_glue_raw_to_transform"]
east = glue.site
transformed = Asset(f"{names.topology}/transformed")

with DAG(
    "cross_account_data_processing_dag",
    schedule=None,
    start_date=datetime(2025, 1, 1, tzinfo=UTC),
    catchup=False,
    max_active_runs=1,
    default_args=default_args(names),
    user_defined_macros={"run_name": run_name},
    doc_md=__doc__,
    tags=["crosswind", names.topology],
):
    raw_data = S3KeySensor(
        task_id="wait_for_raw_data",
        aws_conn_id=east.connection,
        bucket_name=source.name,
        bucket_key=RAW_KEY,
        poke_interval=every.poke_seconds,
        timeout=every.timeout_seconds,
        deferrable=True,
    )
    transform = GlueJobOperator(
        task_id="mwaa_glue_raw_to_transform",
        aws_conn_id=east.connection,
        job_name=glue.name,
        script_args={
            "--bucket": source.name,
            "--input": RAW_KEY,
            "--prefix": "transformed/{{ run_name(run_id, ti.try_number) }}/",
        },
        deferrable=True,
        waiter_delay=every.job_seconds,
        waiter_max_attempts=every.job_attempts,
        stop_job_run_on_kill=True,
    )

    @task(outlets=[transformed])
    def publish(glue_run: str, *, outlet_events):
        """Hand on what the Glue run wrote, below the prefix that it really used."""
        hook = CrossAccountHook(east.connection, account_id=east.account)
        run = hook.client("glue").get_job_run(JobName=glue.name, RunId=glue_run)["JobRun"]
        handover = Handover.read(hook.client("s3"), source.name, run["Arguments"]["--prefix"])
        outlet_events[transformed].extra = handover.extra

    raw_data >> transform
    publish(transform.output)
