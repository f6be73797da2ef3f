"""Where a request comes from: a program of this machine, or a web page in its user's browser, which may not ask.

A key of the local world needs no secret, so a page that could send requests here would own every account. A page
can send some without being asked (simple requests, an image's address), and, once its own name points at the
loopback address (DNS rebinding), all and read the answers. It cannot hide `Host`, `Origin` or `Sec-Fetch-Site`
(fetch.spec.whatwg.org, "forbidden request-header"; w3.org/TR/fetch-metadata).
"""

from __future__ import annotations

import ipaddress
from urllib.parse import urlsplit

from crosswind.local.edge.call import HttpRequest

__all__ = ["stranger"]


def stranger(http: HttpRequest) -> str:
    """What gives a request away as another origin's, such as `Origin: https://a.example`; empty when nothing does."""
    headers = http.headers
    if not _names_this_machine(f"//{headers.get('host', 'localhost')}", aws=True):
        return f"Host: {headers['host']}"
    if not _names_this_machine(headers.get("origin", "//localhost")):
        return f"Origin: {headers['origin']}"
    if headers.get("sec-fetch-site") == "cross-site":
        return "Sec-Fetch-Site: cross-site"
    return ""


def _names_this_machine(url: str, *, aws: bool = False) -> bool:
    try:
        host = urlsplit(url).hostname or ""
    except ValueError:
        return False
    # A client behind a proxy sends AWS's own host names. Nobody but AWS can point those here.
    if host == "localhost" or host.endswith((".localhost", ".amazonaws.com") if aws else ".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
