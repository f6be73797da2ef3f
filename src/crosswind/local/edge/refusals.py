"""AWS's own words for requests whose signer is not known, in the code that each protocol uses.

Codes and texts: the "Common errors" page of each API reference, and S3's error responses page.
"""

from __future__ import annotations

from crosswind.local.edge.call import ServiceError

__all__ = ["expired_token", "incomplete_signature", "invalid_token", "missing_token", "unknown_key"]

_INVALID = "The security token included in the request is invalid."
_EXPIRED = "The security token included in the request is expired"


def missing_token(protocol: str) -> ServiceError:
    """No signature at all."""
    code = "MissingAuthenticationTokenException" if "json" in protocol else "MissingAuthenticationToken"
    return ServiceError(code, "Missing Authentication Token", 403)


def incomplete_signature(protocol: str) -> ServiceError:
    """An Authorization header that is not SigV4's."""
    if protocol == "rest-xml":
        text = "The authorization header that you provided is not valid."
        return ServiceError("AuthorizationHeaderMalformed", text, 400)
    code = "IncompleteSignatureException" if "json" in protocol else "IncompleteSignature"
    return ServiceError(code, "Authorization header requires a SigV4 credential scope.", 403)


def unknown_key(protocol: str) -> ServiceError:
    """An access key that nobody has."""
    if protocol == "rest-xml":
        text = "The AWS Access Key Id you provided does not exist in our records."
        return ServiceError("InvalidAccessKeyId", text, 403)
    if protocol == "ec2":
        text = "AWS was not able to validate the provided access credentials"
        return ServiceError("AuthFailure", text, 401)
    return _invalid(protocol)


def invalid_token(protocol: str) -> ServiceError:
    """A session's key with another session token, or none."""
    if protocol == "rest-xml":
        return ServiceError("InvalidToken", "The provided token is malformed or otherwise invalid.", 400)
    return _invalid(protocol)


def expired_token(protocol: str) -> ServiceError:
    """A session past its end."""
    if protocol == "rest-xml":
        return ServiceError("ExpiredToken", "The provided token has expired.", 400)
    if protocol == "ec2":
        return ServiceError("RequestExpired", "Request has expired.", 400)
    code = "ExpiredTokenException" if "json" in protocol else "ExpiredToken"
    return ServiceError(code, _EXPIRED, 400 if protocol == "json" else 403)


def _invalid(protocol: str) -> ServiceError:
    code = "UnrecognizedClientException" if "json" in protocol else "InvalidClientTokenId"
    return ServiceError(code, _INVALID, 400 if protocol == "json" else 403)
