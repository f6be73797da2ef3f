"""Wait for the handover where it was published, and train on it from another account."""

from datetime import UTC, datetime

from airflow.sdk import DAG, Asset

from crosswind.airflow import ArrivalSensor, CrossAccountSageMakerTrainingOperator, default_args, load_topology

names = load_topology(__file__)

with DAG(
    "laboratory",
    schedule=[Asset(f"{names.topology}/transformed")],
    start_date=datetime(2025, 1, 1, tzinfo=UTC),
    catchup=False,
    default_args=default_args(names),
):
    arrived = ArrivalSensor(task_id="arrive", replication="transformed")
    CrossAccountSageMakerTrainingOperator(task_id="train", job="train", arrival=arrived.output)
