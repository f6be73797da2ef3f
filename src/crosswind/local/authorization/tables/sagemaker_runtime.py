"""SageMaker's runtime: endpoints are called under SageMaker's own prefix."""

from __future__ import annotations

from crosswind.local.authorization.table import Table

__all__ = ["TABLE"]

TABLE = Table(
    prefix="sagemaker",
    resources=dict.fromkeys(
        ("InvokeEndpoint", "InvokeEndpointAsync", "InvokeEndpointWithResponseStream"), "endpoint/{EndpointName}"
    ),
)
"""Rights of SageMaker endpoints."""
