"""moto behind the edge: the one module that knows moto's internals (moto is pinned exactly).

moto keeps the state of the services that are not ours. A call is handed to moto's own WSGI application of the
service, in this process, with the account that the edge decided on. What the edge, replication and the engines
must know of moto's state is read here, and written here where no API of moto does it (replicas with a given
version id).
"""

from __future__ import annotations

import functools
import io
import os
import threading
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from urllib.parse import unquote_to_bytes

import boto3
import botocore.session

# moto reads this at import: cross-origin answers would let a web page in the user's browser read the world.
os.environ.setdefault("MOTO_DISABLE_GLOBAL_CORS", "true")
# moto reads this when EC2 is first used: thousands of machine images that nobody here asks for.
os.environ.setdefault("MOTO_EC2_LOAD_DEFAULT_AMIS", "false")

# isort: split
from botocore import xform_name
from moto.backend_index import backend_url_patterns
from moto.backends import list_of_moto_modules
from moto.core.base_backend import AccountSpecificBackend
from moto.core.request import PRESERVED_HEADER_NAMES_ENVIRON_KEY
from moto.iam.access_control import PermissionResult
from moto.iam.models import iam_backends
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from moto.s3.models import FakeBucket, FakeDeleteMarker, FakeKey, S3Backend, s3_backends
from moto.s3.responses import S3Response

from crosswind.local.edge.backend import KeyOwner, RoleFacts
from crosswind.local.edge.call import Call, HttpResponse, ServiceError

__all__ = ["MotoBackend", "ObjectVersion"]

_STATUS = "crosswind_replication_status"
_FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")
_READS_OBJECT = {"GetObject", "HeadObject"}
# Waits inside moto for as long as the client likes; it may not hold the service's lock meanwhile.
_WAITING = {("sqs", "ReceiveMessage")}
# Operations of S3 that moto serves under another name than botocore's.
_S3_ALIASES = {"GetBucketLifecycleConfiguration", "PutBucketLifecycleConfiguration", "DeleteBucketLifecycle"}
# Of a Glue job: what an update does not touch, and what it falls back to.
_GLUE_KEPT = {"Name", "CreatedOn", "LastModifiedOn"}
_GLUE_DEFAULTS = {"ExecutionProperty": {}, "DefaultArguments": {}, "ExecutionClass": "STANDARD"}


@dataclass(frozen=True)
class ObjectVersion:
    """One version of an S3 object, or a delete marker.

    Args:
        bucket: its bucket.
        key: its key.
        version_id: as S3 prints it; `null` in a bucket without versioning.
        marker: true for a delete marker.
        size: bytes.
        modified: when it was made.
        tags: its tags.
        encryption: `AES256`, `aws:kms` or empty.
        status: replication status, empty when there is none.
    """

    bucket: str
    key: str
    version_id: str
    marker: bool
    size: int = 0
    modified: datetime | None = None
    tags: Mapping[str, str] = field(default_factory=dict)
    encryption: str = ""
    status: str = ""


class MotoBackend:
    """State of the services that are not ours. One a process: moto's state is global."""

    def __init__(self) -> None:
        # moto obeys this variable above everything; the edge alone decides accounts.
        os.environ.pop("MOTO_ACCOUNT_ID", None)
        plain = boto3.Session(botocore_session=_plain_session())
        AccountSpecificBackend.get_session = classmethod(lambda _: plain)
        # The edge authorizes. moto would apply a bucket policy's Deny to everybody, whatever its conditions.
        FakeBucket.get_permission = lambda *_: PermissionResult.NEUTRAL
        self._dispatcher = DomainDispatcherApplication(create_backend_app)
        self._applications: dict[str, Any] = {}
        self._locks: dict[tuple[str, str], threading.RLock] = {}
        self._guard = threading.Lock()
        self._building = threading.Lock()

    # -- calls ---------------------------------------------------------------------------------------------

    def dispatch(self, call: Call) -> HttpResponse:
        """Carry a call out in moto.

        Raises:
            ServiceError: `NotImplemented` (501) for a service or operation that moto has not.
        """
        if call.service == "s3" and not _s3_has(call.operation):
            raise _refused(call)
        environ = _environ(call)
        application = self._application(call, environ)
        try:
            if (call.service, call.operation) in _WAITING:
                response = _run(application, environ)
            else:
                with self.locked(call.service, call.account):
                    response = _run(application, environ)
        except NotImplementedError:
            raise _refused(call) from None
        if _is_page(call, response):
            raise _refused(call)
        return self._decorated(call, response)

    def warm(self, backends: Iterable[str]) -> None:
        """Import moto's services before they are asked for: each takes up to a second, EC2 more.

        Args:
            backends: moto's names of them, such as `ec2`.
        """
        for backend in backends:
            with self._building:
                if backend not in self._applications:
                    self._applications[backend] = create_backend_app(backend)

    @contextmanager
    def locked(self, service: str, account: str) -> Iterator[None]:
        """Hold a service's state of one account: moto has no locks of its own."""
        with self._guard:
            lock = self._locks.setdefault((service, account), threading.RLock())
        with lock:
            yield

    def _application(self, call: Call, environ: dict[str, Any]) -> Any:
        host = self._dispatcher.infer_service_region_host(environ, environ["PATH_INFO"])
        backend = _backend_at(str(host))
        if backend is None:
            raise _refused(call)
        # A lock of its own: to import a service takes up to a second, which the others need not wait for.
        found = self._applications.get(backend)
        if found is None:
            with self._building:
                found = self._applications.get(backend) or create_backend_app(backend)
                self._applications[backend] = found
        return found

    def _decorated(self, call: Call, response: HttpResponse) -> HttpResponse:
        headers = dict(response.headers)
        if call.operation == "PutObject" and response.status < 300 and _is_form(call):
            made = self._find(call.parameters["Bucket"], call.parameters["Key"], None)
            made.set_metadata({"Content-Type": call.http.headers["content-type"]})
        headers["x-amz-request-id" if call.service == "s3" else "x-amzn-requestid"] = call.id
        if call.service == "s3" and call.operation in _READS_OBJECT and response.status < 300:
            version = headers.get("x-amz-version-id") or None
            found = self._find(call.parameters["Bucket"], call.parameters["Key"], version)
            status = getattr(found, _STATUS, "")
            if status:
                headers["x-amz-replication-status"] = status
        return HttpResponse(response.status, headers, response.body)

    # -- identities ----------------------------------------------------------------------------------------

    def role(self, arn: str) -> RoleFacts | None:
        """The role with exactly this ARN."""
        parts = arn.split(":")
        backend = self._iam(parts[4], parts[1]) if len(parts) >= 6 else None
        for role in list(backend.roles.values()) if backend is not None else ():
            if role.arn == arn:
                longest = int(role.max_session_duration or 3600)
                return RoleFacts(arn, role.id, role.name, parts[4], longest)
        return None

    def role_exists(self, arn: str) -> bool:
        """True when there is a role with exactly this ARN."""
        return self.role(arn) is not None

    def key_owner(self, access_key: str) -> KeyOwner | None:
        """The user who has this access key, in any account."""
        for account, partitions in list(iam_backends.items()):
            for backend in list(partitions.values()):
                key = backend.access_keys.get(access_key)
                user = backend.users.get(key.user_name) if key is not None else None
                if user is not None:
                    active = key.status == "Active"
                    return KeyOwner(account, user.arn, user.id, key.secret_access_key, active)
        return None

    def _iam(self, account: str, partition: str) -> Any:
        # `get`, since moto's `[]` makes an account that was never used.
        partitions = iam_backends.get(account)
        return partitions.get(partition) if partitions is not None else None

    # -- what engines ask ----------------------------------------------------------------------------------

    def lambda_function(self, account: str, region: str, name: str) -> tuple[bytes, dict[str, Any]] | None:
        """The package (zip) and the configuration of a function, by name or ARN; None when unknown."""
        # Slow to import, and seldom needed.
        from moto.awslambda.exceptions import LambdaClientError
        from moto.awslambda.models import lambda_backends

        try:
            function = lambda_backends[account][region].get_function(name)
        except LambdaClientError:
            return None
        return bytes(function.code_bytes), dict(function.get_configuration())

    def glue_job(self, account: str, region: str, name: str) -> dict[str, Any] | None:
        """A Glue job as GetJob prints it; None when unknown."""
        from moto.glue.models import glue_backends

        job = glue_backends[account][region].jobs.get(name)
        return dict(job.as_dict()) if job is not None else None

    def put_glue_job(self, account: str, region: str, name: str, definition: Mapping[str, Any]) -> None:
        """Overwrite the definition of a Glue job that is there; moto has no UpdateJob."""
        from moto.glue.models import glue_backends

        with self.locked("glue", account):
            job = glue_backends[account][region].jobs[name]
            for member in job.as_dict().keys() - _GLUE_KEPT:
                setattr(job, xform_name(member), definition.get(member, _GLUE_DEFAULTS.get(member)))
            job.last_modified_on = datetime.now(UTC).replace(tzinfo=None)  # as moto's own times are

    # -- buckets -------------------------------------------------------------------------------------------

    def bucket_owner(self, name: str) -> str | None:
        """The account that owns a bucket."""
        found = s3_backends.bucket_accounts.get(name)
        return found[1] if found else None

    def bucket_region(self, name: str) -> str | None:
        """The Region of a bucket."""
        bucket = self._bucket(name)
        return str(bucket.region_name) if bucket is not None else None

    def bucket_versioning(self, name: str) -> str:
        """`Enabled`, `Suspended`, or empty when versioning never was on."""
        bucket = self._bucket(name)
        return str(bucket.versioning_status or "") if bucket is not None else ""

    def bucket_policy(self, name: str) -> str | None:
        """The bucket's policy document."""
        bucket = self._bucket(name)
        policy = bucket.policy if bucket is not None else None
        return policy.decode() if isinstance(policy, bytes) else policy

    def object_version(self, bucket: str, key: str, version_id: str | None = None) -> ObjectVersion | None:
        """A version, the latest when no id is given; None when there is none."""
        found = self._find(bucket, key, version_id)
        if found is None:
            return None
        if isinstance(found, FakeDeleteMarker):
            return ObjectVersion(bucket, key, found.version_id, marker=True, modified=found.last_modified)
        tags = self._store(bucket).tagger.get_tag_dict_for_resource(found.arn)
        return ObjectVersion(
            bucket,
            key,
            found.version_id,
            marker=False,
            size=found.size,
            modified=found.last_modified,
            tags=dict(tags),
            encryption=found.encryption or "",
            status=getattr(found, _STATUS, ""),
        )

    def set_replication_status(self, bucket: str, key: str, version_id: str, status: str) -> None:
        """Give a version its replication status: PENDING, COMPLETED, FAILED or REPLICA."""
        found = self._find(bucket, key, version_id)
        if found is not None:
            setattr(found, _STATUS, status)

    def put_replica(
        self, source: ObjectVersion, destination: str, *, storage_class: str = "", kms_key: str = ""
    ) -> None:
        """Write a replica: same bytes, version id, metadata, content type, tags, ETag, checksum and time.

        Args:
            source: the version to copy; must exist.
            destination: the bucket.
            storage_class: that of the rule; the source's when empty.
            kms_key: the key of the rule's encryption; the source's own way of encryption when empty.

        Raises:
            ServiceError: `NoSuchVersion` when the source is gone.
        """
        found = self._find(source.bucket, source.key, source.version_id)
        if not isinstance(found, FakeKey):
            raise ServiceError("NoSuchVersion", "The specified version does not exist.", 404)
        store = self._store(destination)
        with self.locked("s3", store.account_id):
            replica = self._find(destination, source.key, source.version_id)
            if replica is None:
                replica = store.put_object(
                    destination,
                    source.key,
                    found.value,
                    storage=storage_class or found.storage_class,
                    etag=found.etag.strip('"'),
                    encryption="aws:kms" if kms_key else found.encryption,
                    kms_key_id=kms_key or None,
                    checksum_value=found.checksum_value,
                )
                _copy_facts(found, replica)
            store.tagger.delete_all_tags_for_resource(replica.arn)
            store.tagger.tag_resource(replica.arn, store.tagger.convert_dict_to_tags_input(dict(source.tags)))
            setattr(replica, _STATUS, "REPLICA")
            _in_order(store.buckets[destination], source.key)

    def put_marker_replica(self, source: ObjectVersion, destination: str) -> None:
        """Write a delete marker with the source's version id."""
        found = self._find(source.bucket, source.key, source.version_id)
        bucket = self._bucket(destination)
        if not isinstance(found, FakeDeleteMarker) or bucket is None:
            raise ServiceError("NoSuchVersion", "The specified version does not exist.", 404)
        with self.locked("s3", bucket.account_id):
            if self._find(destination, source.key, source.version_id) is not None:
                return
            marker = FakeDeleteMarker(key=bucket.keys.get(source.key) or found.key)
            marker.name = source.key
            marker._version_id = found.version_id
            marker.last_modified = found.last_modified
            setattr(marker, _STATUS, "REPLICA")
            bucket.keys[source.key] = marker
            _in_order(bucket, source.key)

    def _store(self, bucket: str) -> Any:
        partition, account = s3_backends.bucket_accounts[bucket]
        return s3_backends[account][partition]

    def _bucket(self, name: str) -> Any:
        return self._store(name).buckets.get(name) if name in s3_backends.bucket_accounts else None

    def _find(self, bucket: str, key: str, version_id: str | None) -> Any:
        held = self._bucket(bucket)
        if held is None:
            return None
        versions = list(held.keys.getlist(key, default=None) or ())
        if version_id is None:
            return versions[-1] if versions else None
        return next((one for one in versions if str(one.version_id) == version_id), None)


def _plain_session() -> Any:
    """A botocore session that reads nothing of the user's; moto asks it for the names of Regions."""
    none = (None, None, None, None)
    null = (None, None, os.devnull, None)
    return botocore.session.Session(
        session_vars={"profile": none, "config_file": null, "credentials_file": null, "data_path": none}
    )


def _in_order(bucket: Any, key: str) -> None:
    # A replica that was tried twice arrives late; the newest version must stay the newest.
    bucket.keys.setlist(key, sorted(bucket.keys.getlist(key), key=lambda one: one.last_modified))


def _copy_facts(source: Any, replica: Any) -> None:
    replica._version_id = source.version_id
    replica._is_versioned = True
    replica.last_modified = source.last_modified
    replica.set_metadata(dict(source.metadata), replace=False)
    for name in ("checksum_algorithm", "checksum_type", "checksum_parts", "website_redirect_location"):
        setattr(replica, name, getattr(source, name))


@functools.cache
def _s3_has(operation: str) -> bool:
    # moto's S3 routes by method and query, and would take an unknown subresource for the bucket itself.
    name = xform_name(operation)
    return operation in _S3_ALIASES or hasattr(S3Response, name) or hasattr(S3Backend, name)


@functools.lru_cache(maxsize=4096)
def _backend_at(host: str) -> str | None:
    # moto's own look-up prints to stdout when it finds nothing, and walks the file system each time.
    if host in list_of_moto_modules():
        return host
    url = f"http://{host}"
    return next((name for name, pattern in backend_url_patterns if pattern.match(url)), None)


def _refused(call: Call) -> ServiceError:
    return ServiceError("NotImplemented", f"The local world does not offer {call.service}:{call.operation}.", 501)


def _is_page(call: Call, response: HttpResponse) -> bool:
    # Flask's own error pages: no route. An object of S3 may well be such a page.
    kind = response.headers.get("content-type", "")
    return (
        call.service != "s3"
        and response.status >= 400
        and kind.startswith("text/html")
        and (
            not response.body or b"<!doctype html" in bytes(response.body)[:200].lower()  # type: ignore[arg-type]
        )
    )


def _is_form(call: Call) -> bool:
    kind = call.http.headers.get("content-type", "")
    return call.service == "s3" and call.http.method == "PUT" and kind.startswith(_FORMS)


def _environ(call: Call) -> dict[str, Any]:
    http = call.http
    host, _, port = http.headers.get("host", "localhost").rpartition(":")
    environ: dict[str, Any] = {
        "REQUEST_METHOD": http.method,
        "SCRIPT_NAME": "",
        "PATH_INFO": unquote_to_bytes(http.path).decode("latin-1"),
        "QUERY_STRING": http.raw_query,
        "RAW_URI": f"{http.path}?{http.raw_query}" if http.raw_query else http.path,
        "SERVER_NAME": host or "localhost",
        "SERVER_PORT": port if port.isdigit() else "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": "127.0.0.1",
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(http.body),
        "wsgi.errors": io.StringIO(),
        "wsgi.multithread": True,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
    }
    kept: dict[str, str] = {}
    for name, value in http.headers.items():
        if "_" in name:
            # WSGI cannot tell `x_a` from `x-a`: only S3's metadata may have such names.
            if not name.startswith("x-amz-meta-"):
                continue
            kept[_variable(name)] = name
        environ[_variable(name)] = value.encode("utf-8").decode("latin-1")
    environ[PRESERVED_HEADER_NAMES_ENVIRON_KEY] = kept
    if _is_form(call):
        # werkzeug would read the object as a form, and moto would store nothing of it.
        environ["CONTENT_TYPE"] = "binary/octet-stream"
    environ["CONTENT_LENGTH"] = str(len(http.body))
    environ["HTTP_HOST"] = http.headers.get("host", "localhost")
    environ["HTTP_X_MOTO_ACCOUNT_ID"] = call.account
    # moto looks for a Region in the user agent before it looks into the signature.
    environ["HTTP_USER_AGENT"] = "crosswind"
    if "HTTP_AUTHORIZATION" not in environ:
        environ["HTTP_AUTHORIZATION"] = _scope(call)
    return environ


def _scope(call: Call) -> str:
    # moto finds service and Region of a presigned request only here.
    key = call.principal.access_key
    return (
        f"AWS4-HMAC-SHA256 Credential={key}/19700101/{call.region}/{call.service}/aws4_request,"
        " SignedHeaders=host, Signature=0"
    )


def _variable(name: str) -> str:
    key = name.upper().replace("-", "_")
    return key if key in ("CONTENT_TYPE", "CONTENT_LENGTH") else f"HTTP_{key}"


def _run(application: Any, environ: dict[str, Any]) -> HttpResponse:
    began: list[tuple[int, dict[str, str]]] = []

    def start_response(status: str, headers: list[tuple[str, str]], _: Any = None) -> None:
        fields: dict[str, str] = {}
        for name, value in headers:
            key = name.lower()
            text = value.encode("latin-1", "replace").decode("utf-8", "replace")
            fields[key] = f"{fields[key]},{text}" if key in fields else text
        began.append((int(status[:3]), fields))

    chunks = application(environ, start_response)
    try:
        body = b"".join(chunks)
    finally:
        if hasattr(chunks, "close"):
            chunks.close()
    status, fields = began[-1]
    if environ["REQUEST_METHOD"] != "HEAD":
        fields.pop("content-length", None)
    return HttpResponse(status, fields, body)
