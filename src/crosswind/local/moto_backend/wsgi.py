"""A call as WSGI has it, and the answer of a WSGI application as a response."""

from __future__ import annotations

import io
from typing import Any
from urllib.parse import unquote_to_bytes

from moto.core.request import PRESERVED_HEADER_NAMES_ENVIRON_KEY

from crosswind.local.edge.call import Call, HttpResponse
from crosswind.local.moto_backend.sealed import sealed

__all__ = ["environ_of", "is_form", "run"]

_FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")


def is_form(call: Call) -> bool:
    """True when an object of S3 is sent under a content type that werkzeug would read as a form."""
    kind = call.http.headers.get("content-type", "")
    return call.service == "s3" and call.http.method in ("PUT", "POST") and kind.startswith(_FORMS)


def environ_of(call: Call) -> dict[str, Any]:
    """The WSGI environment of a call, the account that the edge decided on included."""
    http = sealed(call)
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
    if is_form(call):
        # werkzeug would read the object as a form, and moto would store nothing of it.
        environ["CONTENT_TYPE"] = "binary/octet-stream"
    environ["CONTENT_LENGTH"] = str(len(http.body))
    environ["HTTP_HOST"] = http.headers.get("host", "localhost")
    environ["HTTP_X_MOTO_ACCOUNT_ID"] = call.account
    return environ


def _variable(name: str) -> str:
    key = name.upper().replace("-", "_")
    return key if key in ("CONTENT_TYPE", "CONTENT_LENGTH") else f"HTTP_{key}"


def run(application: Any, environ: dict[str, Any]) -> HttpResponse:
    """The application's answer."""
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
