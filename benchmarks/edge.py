"""Requests a second through the edge, beside moto's own server on the same machine at the same time.

Usage: python benchmarks/edge.py [REQUESTS]        (default: 300 of each kind)

Both servers are processes of their own; one client, one connection. The rounds alternate between the two, so that
what else the machine does meets both.
"""

from __future__ import annotations

import contextlib
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from crosswind.cli import wire
from crosswind.local.clients import Clients
from crosswind.local.edge.call import Credentials

ROUNDS = 3
START_SECONDS = 60
KEYS = Credentials("222222222222", "local")
ROLE = "arn:aws:iam::222222222222:role/bench"


def main(requests: int) -> None:
    """Measure, and print a table."""
    each = max(1, requests // ROUNDS)
    with tempfile.TemporaryDirectory() as folder, world(Path(folder)) as ours, moto_server() as moto:
        edge, peer = calls(ours), calls(moto)
        print(f"requests/s, one client, median of {ROUNDS} rounds of {each}")
        print(f"{'':16}{'edge':>10}{'moto_server':>14}{'edge/moto':>12}")
        for kind in edge:
            rounds = [(rate(edge[kind], each), rate(peer[kind], each)) for _ in range(ROUNDS)]
            first, second = (statistics.median(rates) for rates in zip(*rounds, strict=True))
            print(f"{kind:16}{first:10.0f}{second:14.0f}{first / second:12.2f}")
    print(f"load average now {os.getloadavg()[0]:.1f}, {os.cpu_count()} cores")


def calls(endpoint: str) -> dict[str, Callable[[], Any]]:
    """What is measured, at a server that is made ready for it."""
    clients = Clients(endpoint)
    s3, sts, iam = (clients.client(name, "us-east-1", KEYS) for name in ("s3", "sts", "iam"))
    s3.create_bucket(Bucket="bench")
    iam.create_role(RoleName="bench", AssumeRolePolicyDocument='{"Version": "2012-10-17", "Statement": []}')
    return {
        "S3 put 1 KB": lambda: s3.put_object(Bucket="bench", Key="key", Body=b"x" * 1024),
        "S3 get 1 KB": lambda: len(s3.get_object(Bucket="bench", Key="key")["Body"].read()),
        "STS AssumeRole": lambda: sts.assume_role(RoleArn=ROLE, RoleSessionName="bench"),
    }


def rate(call: Callable[[], Any], times: int) -> float:
    """Calls a second."""
    began = time.perf_counter()
    for _ in range(times):
        call()
    return times / (time.perf_counter() - began)


@contextlib.contextmanager
def world(folder: Path) -> Iterator[str]:
    """The endpoint of a local world."""
    process = wire.world_process(wire.state(folder))
    try:
        yield process.start(port=0).endpoint
    finally:
        process.stop()


@contextlib.contextmanager
def moto_server() -> Iterator[str]:
    """The endpoint of moto's own server."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [str(Path(sys.executable).with_name("moto_server")), "-H", "127.0.0.1", "-p", str(port)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + START_SECONDS
        while socket.socket().connect_ex(("127.0.0.1", port)) and time.monotonic() < deadline:
            time.sleep(0.1)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(10)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 300)
