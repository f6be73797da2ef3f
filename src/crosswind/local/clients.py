"""boto3 clients that go through the edge, for all work that the world does on somebody's behalf."""

from __future__ import annotations

import os
import threading
from collections import OrderedDict
from typing import Any

import boto3
import botocore.session
from botocore.config import Config

from crosswind.local.edge.call import Credentials

__all__ = ["Clients"]

_KEEP = 512
# Nothing of the user's own AWS configuration is read: variables by name, files at the null device.
_VARIABLES = {
    "profile": (None, None, None, None),
    "region": (None, None, None, None),
    "config_file": (None, None, os.devnull, None),
    "credentials_file": (None, None, os.devnull, None),
    "ca_bundle": (None, None, None, None),
    "data_path": (None, None, None, None),
}


class Clients:
    """Makes and keeps clients; safe to use from many threads.

    Args:
        endpoint_url: the edge, such as `http://127.0.0.1:4566`.
        timeout: seconds that one read may take.
    """

    def __init__(self, endpoint_url: str, timeout: float = 120.0) -> None:
        self.endpoint_url = endpoint_url
        self._config = Config(
            connect_timeout=10,
            read_timeout=timeout,
            retries={"mode": "standard", "total_max_attempts": 3},
            # mwaa's operations carry a host prefix (`api.`), which a loopback address cannot have.
            inject_host_prefix=False,
            s3={"addressing_style": "path"},
            proxies={},
            max_pool_connections=32,
            use_fips_endpoint=False,
            use_dualstack_endpoint=False,
        )
        self._lock = threading.Lock()
        self._kept: OrderedDict[tuple[str, str, str], Any] = OrderedDict()
        self._session: Any = None

    def client(self, service: str, region: str, credentials: Credentials) -> Any:
        """A boto3 client.

        Args:
            service: botocore's name, such as `s3`.
            region: such as `us-east-1`.
            credentials: whose rights the calls have.
        """
        key = (service, region, credentials.access_key)
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
                return self._kept[key]
            client = self._make(service, region, credentials)
            self._kept[key] = client
            while len(self._kept) > _KEEP:
                self._kept.popitem(last=False)
            return client

    def _make(self, service: str, region: str, credentials: Credentials) -> Any:
        if self._session is None:
            self._session = boto3.Session(botocore_session=botocore.session.Session(session_vars=_VARIABLES))
        return self._session.client(
            service,
            region_name=region,
            endpoint_url=self.endpoint_url,
            aws_access_key_id=credentials.access_key,
            aws_secret_access_key=credentials.secret_key,
            aws_session_token=credentials.session_token or None,
            config=self._config,
        )
