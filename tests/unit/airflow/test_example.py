"""The example's training configuration against what deploy and the operator fill."""

from __future__ import annotations

import json
from pathlib import Path

from crosswind.airflow.substitution import placeholders

CONFIG = Path(__file__).parents[3] / "examples/unified_pipelines/jobs/sagemaker/penguins_training.json"


def test_every_placeholder_is_somebodys() -> None:
    by_deploy = {"DestinationBucketName", "SageMakerRoleArn", "XGBoostImage"}
    assert placeholders(json.loads(CONFIG.read_text())) - by_deploy == {"job_name", "prefix"}
