"""The post's second DAG with the operators of Airflow's amazon provider: wait for one fixed key, train, clean up."""

import json
from datetime import UTC, datetime

from airflow.providers.amazon.aws.operators.lambda_function import LambdaInvokeFunctionOperator
from airflow.providers.amazon.aws.operators.sagemaker import SageMakerTrainingOperator
from airflow.providers.amazon.aws.sensors.s3 import S3KeySensor
from airflow.sdk import DAG, Asset

NAME = "plain"
DEFAULTS = {"deferrable": True, "retries": 2}

PREFIX = f"transformed/{NAME}/"
SOURCE = "unified-pipelines-source-222222222222-us-east-1"
DESTINATION = "unified-pipelines-destination-222222222222-us-west-2"


def channel(name: str) -> dict[str, object]:
    """A channel that reads one part of the data."""
    source = {
        "S3DataType": "S3Prefix",
        "S3Uri": f"s3://{DESTINATION}/{PREFIX}{name}/",
        "S3DataDistributionType": "FullyReplicated",
    }
    return {"ChannelName": name, "ContentType": "text/csv", "DataSource": {"S3DataSource": source}}


with DAG(
    f"{NAME}_machine_learning_dag",
    schedule=[Asset(f"{NAME}/transformed")],
    start_date=datetime(2025, 1, 1, tzinfo=UTC),
    catchup=False,
    max_active_runs=1,
    default_args={**DEFAULTS, "aws_conn_id": f"{NAME}_west2"},
):
    arrived = S3KeySensor(
        task_id="wait_for_transformed_data",
        bucket_name=DESTINATION,
        bucket_key=f"{PREFIX}manifest.json",
        timeout=3600,
    )
    train = SageMakerTrainingOperator(
        task_id="train",
        config={
            "TrainingJobName": f"train-{NAME}-{{{{ dag_run.run_after | ts_nodash }}}}",
            "RoleArn": "arn:aws:iam::222222222222:role/unified-pipelines-sagemaker-penguins_training",
            "AlgorithmSpecification": {
                "TrainingImage": "246618743249.dkr.ecr.us-west-2.amazonaws.com/sagemaker-xgboost:1.7-1",
                "TrainingInputMode": "File",
            },
            "HyperParameters": {
                "objective": "binary:logistic",
                "eval_metric": "error,auc",
                "num_round": "50",
                "max_depth": "3",
                "eta": "0.2",
                "subsample": "0.8",
                "seed": "7",
            },
            "InputDataConfig": [channel("train"), channel("validation")],
            "OutputDataConfig": {"S3OutputPath": f"s3://{DESTINATION}/models/"},
            "ResourceConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 5},
            "StoppingCondition": {"MaxRuntimeInSeconds": 600},
        },
    )
    remove = LambdaInvokeFunctionOperator(
        task_id="dagcleanup",
        function_name="dagcleanup",
        payload=json.dumps(
            {
                "run": NAME,
                "folders": [
                    {"bucket": SOURCE, "prefix": PREFIX, "region": "us-east-1"},
                    {"bucket": DESTINATION, "prefix": PREFIX, "region": "us-west-2"},
                ],
            }
        ),
    )
    arrived >> train >> remove
