"""The backend as a whole: what the edge asks, with moto told to leave accounts and permissions to the edge."""

from __future__ import annotations

import os
from typing import Any

import boto3
import botocore.session
from moto.core.base_backend import AccountSpecificBackend
from moto.core.responses import BaseResponse
from moto.iam.access_control import PermissionResult
from moto.s3.models import FakeBucket

from crosswind.local.edge.call import Call, HttpResponse
from crosswind.local.moto_backend.amendments import Amendments
from crosswind.local.moto_backend.applications import Applications
from crosswind.local.moto_backend.buckets import REPLICATION_STATUS
from crosswind.local.moto_backend.facts import StateFacts
from crosswind.local.moto_backend.guarded import ResourcePolicies
from crosswind.local.moto_backend.identities import KeptIdentities
from crosswind.local.moto_backend.jobs import Jobs
from crosswind.local.moto_backend.listings import Listings
from crosswind.local.moto_backend.queues import Queues
from crosswind.local.moto_backend.sealed import OPERATION, REGION
from crosswind.local.moto_backend.wsgi import is_form

__all__ = ["MotoBackend"]

_READS_OBJECT = {"GetObject", "HeadObject"}


class MotoBackend(Applications, StateFacts, Jobs, Listings, Queues, KeptIdentities, ResourcePolicies, Amendments):
    """State of the services that are not ours. One a process: moto's state is global."""

    def __init__(self) -> None:
        # moto obeys this variable above everything; the edge alone decides accounts.
        os.environ.pop("MOTO_ACCOUNT_ID", None)
        plain = boto3.Session(botocore_session=_plain_session())
        AccountSpecificBackend.get_session = classmethod(lambda _: plain)
        # The edge authorizes. moto would apply a bucket policy's Deny to everybody, whatever its conditions.
        FakeBucket.get_permission = lambda *_: PermissionResult.NEUTRAL
        # Operation and Region are those that were judged; moto would look for them all over the request.
        BaseResponse._get_action = _action
        BaseResponse.get_region_from_url = lambda _, request, __: request.headers[REGION]
        super().__init__()

    def dispatch(self, call: Call) -> HttpResponse:
        """Carry a call out in moto.

        Raises:
            ServiceError: `NotImplemented` (501) for a service or operation that moto has not.
        """
        listed = self.listed(call)
        if listed is not None:
            return self._decorated(call, listed)
        sent = self.sent_sum(call)
        with self.conditionally(call) as unconditional, self.keeping_policy(call):
            self.amend_before(unconditional)
            response = self.answered(unconditional)
            self.amend_after(unconditional, response)
            self.note_upload(call, response)
            return self._decorated(call, self.keep_sum(call, response, sent))

    def _decorated(self, call: Call, response: HttpResponse) -> HttpResponse:
        headers = dict(response.headers)
        if call.operation == "PutObject" and response.status < 300 and is_form(call):
            made = self.found(call.parameters["Bucket"], call.parameters["Key"], None)
            made.set_metadata({"Content-Type": call.http.headers["content-type"]})
        for name in ("x-amzn-requestid", "x-amz-request-id"):
            headers.pop(name, None)  # moto sends ids of its own, under both names
        headers["x-amz-request-id" if call.service == "s3" else "x-amzn-requestid"] = call.id
        if call.service == "s3" and call.operation in _READS_OBJECT and response.status < 300:
            version = headers.get("x-amz-version-id") or None
            found = self.found(call.parameters["Bucket"], call.parameters["Key"], version)
            status = getattr(found, REPLICATION_STATUS, "")
            if status:
                headers["x-amz-replication-status"] = status
        return HttpResponse(response.status, headers, response.body)


def _action(response: Any) -> str | None:
    """The operation that was judged; by REST, moto's own router must agree, and reads the path's parameters."""
    operation = str(response.headers[OPERATION])
    if response.querystring.get("Action") or "x-amz-target" in response.headers:
        return operation
    routed = response._get_action_from_method_and_request_uri(response.normalized_request)
    if routed not in (None, operation):
        raise NotImplementedError(f"moto takes {operation} for {routed}")
    return str(routed) if routed is not None else None


def _plain_session() -> Any:
    """A botocore session that reads nothing of the user's; moto asks it for the names of Regions."""
    none = (None, None, None, None)
    null = (None, None, os.devnull, None)
    return botocore.session.Session(
        session_vars={"profile": none, "config_file": null, "credentials_file": null, "data_path": none}
    )
