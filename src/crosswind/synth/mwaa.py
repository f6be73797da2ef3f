"""Amazon MWAA: the environment.

Properties: docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-mwaa-environment.html.
"""

from __future__ import annotations

from typing import Any

from crosswind.synth.connections import backend_kwargs
from crosswind.synth.layout import Layout
from crosswind.synth.template import Template, get_att, ref

__all__ = ["PLUGINS_KEY", "REQUIREMENTS_KEY", "add_environment"]

REQUIREMENTS_KEY = "requirements.txt"
PLUGINS_KEY = "plugins.zip"
_BACKEND = "airflow.providers.amazon.aws.secrets.secrets_manager.SecretsManagerBackend"
_MODULES = ("DagProcessingLogs", "SchedulerLogs", "TaskLogs", "WebserverLogs", "WorkerLogs")


def add_environment(template: Template, layout: Layout) -> str:
    """Add the environment; the template must have its parameters. Returns its logical id."""
    airflow = layout.topology.hub.airflow
    environment = template.add(
        "Environment",
        "AWS::MWAA::Environment",
        {
            "Name": layout.names.environment,
            "AirflowVersion": airflow.version,
            "EnvironmentClass": airflow.environment_class,
            "MinWorkers": airflow.min_workers,
            "MaxWorkers": airflow.max_workers,
            "WebserverAccessMode": airflow.webserver_access,
            "ExecutionRoleArn": ref("ExecutionRoleArn"),
            "SourceBucketArn": ref("BucketArn"),
            "DagS3Path": "dags",
            "RequirementsS3Path": REQUIREMENTS_KEY,
            "RequirementsS3ObjectVersion": ref("RequirementsObjectVersion"),
            "PluginsS3Path": PLUGINS_KEY,
            "PluginsS3ObjectVersion": ref("PluginsObjectVersion"),
            "NetworkConfiguration": _network(layout),
            "LoggingConfiguration": {module: {"Enabled": True, "LogLevel": "INFO"} for module in _MODULES},
            "AirflowConfigurationOptions": _options(layout),
        },
    )
    template.output("EnvironmentArn", get_att(environment, "Arn"), "The MWAA environment.")
    template.output("WebserverUrl", get_att(environment, "WebserverUrl"), "The host of Airflow's UI.")
    return environment


def _network(layout: Layout) -> dict[str, Any]:
    network = layout.topology.hub.network
    if network.is_made:
        return {"SubnetIds": ref("SubnetIds"), "SecurityGroupIds": [ref("SecurityGroupId")]}
    return {"SubnetIds": sorted(network.subnets), "SecurityGroupIds": sorted(set(network.security_groups))}


def _options(layout: Layout) -> dict[str, Any]:
    return {
        **layout.topology.hub.airflow.options,
        "secrets.backend": _BACKEND,
        "secrets.backend_kwargs": backend_kwargs(),
    }
