"""Refusals in CloudFormation's own words.

Source of the error codes: docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/CommonErrors.html.
"""

from __future__ import annotations

from crosswind.local.edge.call import ServiceError

__all__ = ["invalid", "not_offered"]


def invalid(message: str) -> ServiceError:
    """A `ValidationError`, which is CloudFormation's answer to nearly every fault of a caller."""
    return ServiceError("ValidationError", message, 400)


def not_offered(what: str) -> ServiceError:
    """A refusal of something that AWS has and the local world does not."""
    return ServiceError("UnsupportedOperation", f"The local world does not offer {what}.", 400)
