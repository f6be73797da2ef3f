"""What Airflow lists about this provider (entry point `apache_airflow_provider`)."""

from __future__ import annotations

from typing import Any

__all__ = ["get_provider_info"]

_PACKAGE = "crosswind.airflow"


def get_provider_info() -> dict[str, Any]:
    """The provider's description, in the shape of Airflow's provider_info.schema.json.

    No connection type is registered: Crosswind works with connections of Airflow's own type `aws`.
    """
    integration = "Amazon SageMaker across accounts"
    return {
        "package-name": "crosswind",
        "name": "Crosswind",
        "description": "Airflow pipelines across AWS accounts and Regions, failing closed.",
        "integrations": [
            {
                "integration-name": integration,
                "external-doc-url": "https://docs.aws.amazon.com/sagemaker/latest/dg/whatis.html",
                "tags": ["aws"],
            }
        ],
        **{
            kind: [{"integration-name": integration, "python-modules": [f"{_PACKAGE}.{kind}.sagemaker"]}]
            for kind in ("hooks", "operators", "triggers")
        },
    }
