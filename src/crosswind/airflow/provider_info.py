"""What Airflow lists about this provider (entry point `apache_airflow_provider`)."""

from __future__ import annotations

from typing import Any

__all__ = ["get_provider_info"]

_PACKAGE = "crosswind.airflow"
_DOCS = {
    "AWS Glue across accounts": "https://docs.aws.amazon.com/glue/latest/dg/what-is-glue.html",
    "Amazon SageMaker across accounts": "https://docs.aws.amazon.com/sagemaker/latest/dg/whatis.html",
    "AWS Lambda across accounts": "https://docs.aws.amazon.com/lambda/latest/dg/welcome.html",
    "Handovers over Amazon S3": "https://docs.aws.amazon.com/AmazonS3/latest/userguide/replication.html",
}
_GLUE, _SAGEMAKER, _LAMBDA, _HANDOVERS = _DOCS
_MODULES = {
    "hooks": {_SAGEMAKER: ["hooks.cross_account", "hooks.sagemaker"]},
    "operators": {
        _GLUE: ["operators.glue"],
        _SAGEMAKER: ["operators.sagemaker", "operators.processing"],
        _LAMBDA: ["operators.lambda_"],
        _HANDOVERS: ["operators.handover"],
    },
    "sensors": {_HANDOVERS: ["sensors.arrival"]},
    "triggers": {_SAGEMAKER: ["triggers.job"], _HANDOVERS: ["triggers.arrival"]},
}


def get_provider_info() -> dict[str, Any]:
    """The provider's description, in the shape of Airflow's provider_info.schema.json.

    No connection type is registered: Crosswind works with connections of Airflow's own type `aws`.
    """
    return {
        "package-name": "crosswind",
        "name": "Crosswind",
        "description": "Airflow pipelines across AWS accounts and Regions, failing closed.",
        "integrations": [
            {"integration-name": name, "external-doc-url": url, "tags": ["aws"]} for name, url in _DOCS.items()
        ],
        **{
            kind: [
                {"integration-name": name, "python-modules": [f"{_PACKAGE}.{module}" for module in modules]}
                for name, modules in listed.items()
            ]
            for kind, listed in _MODULES.items()
        },
        "extra-links": [f"{_PACKAGE}.links.{name}" for name in ("RemoteJobLink", "RemoteJobLogLink")],
    }
