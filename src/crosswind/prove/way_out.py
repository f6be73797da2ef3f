"""The way out of a hub's network that has endpoints alone: which of them a call takes, and what its policy says.

Source: docs.aws.amazon.com/vpc/latest/privatelink/vpc-endpoints-access.html.
"""

from __future__ import annotations

from functools import cached_property

from crosswind.iam import Policy, PolicyKind, parse
from crosswind.prove.estate import Estate
from crosswind.prove.flow import Flow
from crosswind.prove.template_values import TemplateValues

__all__ = ["WayOut"]

# Where the service in an action's name is not the one in the endpoint's.
_SERVICES = {"airflow": "airflow.env", "cloudwatch": "monitoring", "sagemaker": "sagemaker.api"}
# docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use_passrole.html: a permission, and no call.
_NO_CALLS = {"iam:PassRole"}
_NOWHERE = {"Effect": "Deny", "Principal": "*", "Action": "*", "Resource": "*"}


class WayOut:
    """The endpoints of the hub's network.

    Args:
        estate: with the templates that are proven.
    """

    def __init__(self, estate: Estate) -> None:
        self._estate = estate
        self._closed = estate.topology.hub.network.kind == "endpoints"

    def policy(self, flow: Flow) -> Policy | None:
        """The policy of the endpoint that a call takes, which refuses all where there is none.

        None for calls from elsewhere, and from a network with a way to the internet.
        """
        if not self._closed or flow.who not in self._inside or flow.action in _NO_CALLS:
            return None
        if any(key == "kms:ViaService" for key, _ in flow.context):
            return None  # another service makes it
        return self._policies.get(_service(flow), self._none)

    def missing(self, flow: Flow) -> str:
        """The service to which no endpoint leads for a call that needs one; empty where one does."""
        service = _service(flow)
        return "" if service in self._policies else service

    @cached_property
    def _inside(self) -> frozenset[str]:
        """Who calls from the network: Airflow, under the execution role and the roles at sites."""
        principals = self._estate.principals
        return frozenset({principals.execution, *principals.airflow_roles})

    @cached_property
    def _policies(self) -> dict[str, Policy]:
        """The endpoints' policies, by service."""
        return {
            service: policy
            for template in self._estate.templates
            for logical_id, each in template.resources.items()
            if each["Type"] == "AWS::EC2::VPCEndpoint"
            for service, policy in [_endpoint(template, logical_id)]
        }

    @cached_property
    def _none(self) -> Policy:
        return parse(
            {"Version": "2012-10-17", "Statement": _NOWHERE},
            PolicyKind.ENDPOINT,
            name="no endpoint",
            account=self._estate.topology.hub_account,
        )


def _service(flow: Flow) -> str:
    """The service of a call, as an endpoint's name ends."""
    service = flow.action.partition(":")[0]
    return _SERVICES.get(service, service)


def _endpoint(template: TemplateValues, logical_id: str) -> tuple[str, Policy]:
    path = f"Resources.{logical_id}.Properties"
    properties = template.resources[logical_id]["Properties"]
    service = template.text(properties["ServiceName"], f"{path}.ServiceName")
    document = template.value(properties["PolicyDocument"], f"{path}.PolicyDocument")
    policy = parse(document, PolicyKind.ENDPOINT, name=logical_id, account=template.stack.account)
    return service.split(".", 3)[3], policy
