"""AWS's own words for requests whose signer is not known or whose signature is wrong, in each protocol's code.

Codes and texts: the "Common errors" page of each API reference; docs.aws.amazon.com/AmazonS3/latest/API/
ErrorResponses.html; docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-troubleshooting.html.
"""

from __future__ import annotations

from collections.abc import Mapping

from crosswind.local.edge.call import ServiceError

__all__ = [
    "bad_date",
    "body_hash",
    "expired_token",
    "expired_url",
    "incomplete_signature",
    "invalid_token",
    "missing_token",
    "skewed",
    "unknown_key",
    "unsigned_headers",
    "wrong_scope_date",
    "wrong_signature",
]

_INVALID = "The security token included in the request is invalid."
_EXPIRED = "The security token included in the request is expired"
_NOT_VALIDATED = "AWS was not able to validate the provided access credentials"
_WRONG = "The request signature we calculated does not match the signature you provided. "
_S3_WRONG = _WRONG + "Check your key and signing method."
_OTHERS_WRONG = (
    _WRONG + "Check your AWS Secret Access Key and signing method. Consult the service documentation for details."
)


def missing_token(protocol: str) -> ServiceError:
    """No signature at all."""
    code = "MissingAuthenticationTokenException" if "json" in protocol else "MissingAuthenticationToken"
    return ServiceError(code, "Missing Authentication Token", 403)


def incomplete_signature(protocol: str) -> ServiceError:
    """An Authorization header that is not SigV4's."""
    if protocol == "rest-xml":
        return _malformed("The authorization header that you provided is not valid.")
    code = "IncompleteSignatureException" if "json" in protocol else "IncompleteSignature"
    return ServiceError(code, "Authorization header requires a SigV4 credential scope.", 403)


def unknown_key(protocol: str) -> ServiceError:
    """An access key that nobody has."""
    if protocol == "rest-xml":
        text = "The AWS Access Key Id you provided does not exist in our records."
        return ServiceError("InvalidAccessKeyId", text, 403)
    if protocol == "ec2":
        return ServiceError("AuthFailure", _NOT_VALIDATED, 401)
    return _invalid(protocol)


def invalid_token(protocol: str) -> ServiceError:
    """A session's key with another session token."""
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


def wrong_signature(protocol: str, fields: Mapping[str, str]) -> ServiceError:
    """A signature that the key's secret does not make of this request.

    Args:
        protocol: the service's.
        fields: what S3 adds to help: StringToSign, CanonicalRequest, SignatureProvided, AWSAccessKeyId.
    """
    if protocol == "rest-xml":
        return ServiceError("SignatureDoesNotMatch", _S3_WRONG, 403, fields=fields)
    if protocol == "ec2":
        return ServiceError("AuthFailure", _NOT_VALIDATED, 401)
    return _mismatch(protocol, _OTHERS_WRONG)


def wrong_scope_date(protocol: str, date: str, stamp: str) -> ServiceError:
    """A credential scope of another day than the request's own date."""
    if protocol == "rest-xml":
        return _malformed(
            f'The authorization header is malformed; Invalid credential date "{date}". This date is not the same as '
            f'X-Amz-Date: "{stamp[:8]}".'
        )
    return _mismatch(
        protocol,
        "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: "
        f"'{date}' != '{stamp[:8]}', from '{stamp}'.",
    )


def bad_date(protocol: str) -> ServiceError:
    """No date that can be read, so that the signature's age is not known."""
    if protocol == "rest-xml":
        return ServiceError("AccessDenied", "AWS authentication requires a valid Date or x-amz-date header", 403)
    code = "IncompleteSignatureException" if "json" in protocol else "IncompleteSignature"
    return ServiceError(
        code, "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header.", 403
    )


def skewed(protocol: str, stamp: str, now: str, bound: str, *, future: bool) -> ServiceError:
    """A date too far from the world's clock.

    Args:
        protocol: the service's.
        stamp: the request's, `YYYYMMDDTHHMMSSZ`.
        now: the world's.
        bound: the farthest date that would do.
        future: whether the request comes from the future.
    """
    if protocol == "rest-xml":
        fields = {"RequestTime": stamp, "ServerTime": now, "MaxAllowedSkewMilliseconds": "900000"}
        text = "The difference between the request time and the current time is too large."
        return ServiceError("RequestTimeTooSkewed", text, 403, fields=fields)
    if protocol == "ec2":
        return ServiceError("RequestExpired", "Request has expired.", 400)
    if future:
        return _mismatch(protocol, f"Signature not yet current: {stamp} is still later than {bound} ({now} + 15 min.)")
    return _mismatch(protocol, f"Signature expired: {stamp} is now earlier than {bound} ({now} - 15 min.)")


def expired_url(protocol: str, stamp: str, expires: str, now: str) -> ServiceError:
    """A presigned URL past its end; times as `YYYYMMDDTHHMMSSZ`, the stamp empty for SigV2."""
    if protocol == "rest-xml":
        fields = {"Expires": expires, "ServerTime": now}
        return ServiceError("AccessDenied", "Request has expired", 403, fields=fields)
    return _mismatch(protocol, f"Signature expired: {stamp} is now earlier than {now} ({expires} + 0 min.)")


def unsigned_headers(protocol: str, names: str) -> ServiceError:
    """Headers that must be signed and were not; `names` joined by `, `."""
    if protocol == "rest-xml":
        text = "There were headers present in the request which were not signed"
        return ServiceError("AccessDenied", text, 403, fields={"HeadersNotSigned": names})
    text = f"'{names}' must be a 'SignedHeader' in the AWS Authorization."
    return _mismatch(protocol, text)


def body_hash(claimed: str, actual: str) -> ServiceError:
    """A body other than the x-amz-content-sha256 header says (S3 alone looks)."""
    text = "The provided 'x-amz-content-sha256' header does not match what was computed."
    fields = {"ClientComputedContentSHA256": claimed, "S3ComputedContentSHA256": actual}
    return ServiceError("XAmzContentSHA256Mismatch", text, 400, fields=fields)


def _malformed(text: str) -> ServiceError:
    return ServiceError("AuthorizationHeaderMalformed", text, 400)


def _mismatch(protocol: str, text: str) -> ServiceError:
    code = "InvalidSignatureException" if "json" in protocol else "SignatureDoesNotMatch"
    return ServiceError(code, text, 400 if protocol == "json" else 403)


def _invalid(protocol: str) -> ServiceError:
    code = "UnrecognizedClientException" if "json" in protocol else "InvalidClientTokenId"
    return ServiceError(code, _INVALID, 400 if protocol == "json" else 403)
