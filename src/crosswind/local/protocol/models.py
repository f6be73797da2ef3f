"""botocore's service models, loaded once, from botocore's own data folder alone."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Any

import botocore
from botocore.exceptions import UnknownServiceError
from botocore.loaders import Loader
from botocore.model import OperationNotFoundError, ServiceModel

from crosswind.local.edge.call import ServiceError
from crosswind.local.protocol.signing import SIGNED_AS

__all__ = [
    "operation_model",
    "protocol_of",
    "protocol_of_signing_name",
    "service_model",
    "services_signed_as",
]


@functools.cache
def _loader() -> Any:
    # Not the default search path: that one has ~/.aws/models, which is the user's, not the world's.
    return Loader(extra_search_paths=[str(Path(botocore.__file__).parent / "data")], include_default_search_paths=False)


@functools.cache
def service_model(service: str) -> Any:
    """The ServiceModel of a service, such as `glue`; raises ServiceError (501) for an unknown one."""
    try:
        return ServiceModel(_loader().load_service_model(service, "service-2"), service)
    except UnknownServiceError:
        raise ServiceError("NotImplemented", f"The local world does not know a service named {service}.", 501) from None


@functools.lru_cache(maxsize=4096)
def operation_model(service: str, operation: str) -> Any:
    """The OperationModel; raises ServiceError (501) for an operation that the service does not have."""
    try:
        return service_model(service).operation_model(operation)
    except OperationNotFoundError:
        raise ServiceError("UnknownOperationException", f"{service} has no operation {operation}.", 501) from None


def protocol_of(service: str) -> str:
    """The protocol that botocore speaks with a service: query, ec2, json, rest-json, rest-xml."""
    return str(service_model(service).resolved_protocol)


def services_signed_as(signing_name: str) -> tuple[str, ...]:
    """The services that a signing name can mean, the likeliest first."""
    return SIGNED_AS.get(signing_name, (signing_name,))


def protocol_of_signing_name(signing_name: str) -> str:
    """The protocol in which to answer a request of which only the signing name is known."""
    try:
        return protocol_of(services_signed_as(signing_name)[0])
    except ServiceError:
        return "query"
