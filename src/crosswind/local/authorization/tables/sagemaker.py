"""SageMaker: names in ARNs are in lower case.

Source: docs.aws.amazon.com/service-authorization/latest/reference/list_amazonsagemaker.html
"""

from __future__ import annotations

from typing import Any

from crosswind.local.authorization.asking import Ask, Context
from crosswind.local.authorization.table import Table

__all__ = ["TABLE"]

# Members whose values are condition keys, wherever a request has them.
_TEXTS = {
    "sagemaker:InstanceTypes": (
        "ResourceConfig.InstanceType|ProcessingResources.ClusterConfig.InstanceType|ProductionVariants.InstanceType"
        "|TransformResources.InstanceType|InstanceType"
    ),
    "sagemaker:MaxRuntimeInSeconds": "StoppingCondition.MaxRuntimeInSeconds",
    "sagemaker:OutputKmsKey": "OutputDataConfig.KmsKeyId|ProcessingOutputConfig.KmsKeyId|TransformOutput.KmsKeyId",
    "sagemaker:VolumeKmsKey": (
        "ResourceConfig.VolumeKmsKeyId|ProcessingResources.ClusterConfig.VolumeKmsKeyId"
        "|TransformResources.VolumeKmsKeyId|KmsKeyId"
    ),
    "sagemaker:VpcSecurityGroupIds": "VpcConfig.SecurityGroupIds|NetworkConfig.VpcConfig.SecurityGroupIds",
    "sagemaker:VpcSubnets": "VpcConfig.Subnets|NetworkConfig.VpcConfig.Subnets",
}
_FLAGS = {
    "sagemaker:InterContainerTrafficEncryption": "EnableInterContainerTrafficEncryption",
    "sagemaker:NetworkIsolation": "EnableNetworkIsolation",
}
_MANY = {"sagemaker:InstanceTypes", "sagemaker:VpcSecurityGroupIds", "sagemaker:VpcSubnets"}


def _keys(ask: Ask) -> Context:
    context: Context = {}
    for key, path in _TEXTS.items():
        values = list(ask.values(path))
        if values:
            context[key] = values if key in _MANY else values[0]
    network: Any = ask.parameters.get("NetworkConfig")
    for key, member in _FLAGS.items():
        value = ask.parameters.get(member, network.get(member) if isinstance(network, dict) else None)
        if isinstance(value, bool):
            context[key] = "true" if value else "false"
    return context


def _lower(_ask: Ask, arn: str, _made: bool) -> str:
    """The resource's name in lower case, as SageMaker makes its ARNs."""
    head, _, name = arn.partition("/")
    return f"{head}/{name.lower()}"


_JOB_DEFINITIONS = ("DataQuality", "ModelBias", "ModelExplainability", "ModelQuality")

TABLE = Table(
    prefix="sagemaker",
    names={
        "AppId": "Arn",
        "AutoMLJobJobName": "AutoMLJobName",
        "HashOfArtifactSource": "ArtifactArn",
        "HubContentType": "HubContentType",
        "InferenceExperimentName": "Name",
        "InferenceRecommendationsJobName": "JobName",
        "MLflowAppId": "Arn",
        "MlflowTrackingServerName": "TrackingServerName",
        "MonitoringScheduleAlertName": "MonitoringAlertName",
        **{f"{kind}JobDefinitionName": "JobDefinitionName" for kind in _JOB_DEFINITIONS},
    },
    resources={
        "AddTags": "{ResourceArn}",
        "DeleteTags": "{ResourceArn}",
        "ListTags": "{ResourceArn}",
        "BatchDescribeModelPackage": "{ModelPackageArnList}",
        "ListModelPackages": "*",
        "Search": "*",
    },
    passed_to="sagemaker.amazonaws.com",
    tagging="AddTags",
    tag_keys=("aws", "sagemaker"),
    keys={"*": _keys},
    resolve=_lower,
)
"""Rights of SageMaker."""
