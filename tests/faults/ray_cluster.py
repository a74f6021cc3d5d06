"""A Ray cluster of several nodes on loopback; run as a program it starts one and obeys.

    python -m tests.faults.ray_cluster NODES

Standard output: one JSON line with the address and the process of each node, the head first.
Standard input: a number a line, the node to kill, then answered with a line; the end ends it all.
"""

from __future__ import annotations

import json
import os
import secrets
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
ENVIRONMENT = {
    "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0",  # else it listens on every address
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_AUTH_MODE": "token",
    "RAY_AUTH_TOKEN": secrets.token_hex(32),
    # A driver whose cluster died is told so after this time; the default is a minute.
    "RAY_gcs_rpc_server_reconnect_timeout_s": "5",
}


@dataclass(frozen=True)
class Nodes:
    """A running cluster.

    Attributes:
        address: of its head.
        processes: of each node, the head first.
    """

    address: str
    processes: list[int]
    child: subprocess.Popen[str]

    def kill(self, node: int) -> None:
        """Kill a node's processes and return when they are gone."""
        assert self.child.stdin is not None
        assert self.child.stdout is not None
        self.child.stdin.write(f"{node}\n")
        self.child.stdin.flush()
        assert self.child.stdout.readline()


@contextmanager
def running(nodes: int, told: Path | None = None, unit_seconds: float = 0.0) -> Iterator[Nodes]:
    """Yield a cluster of nodes with one CPU each.

    Args:
        nodes: how many.
        told: where its nodes tell which unit they begin.
        unit_seconds: by which each unit is longer.
    """
    environment = {**os.environ, **ENVIRONMENT, "PYTHONPATH": str(ROOT)}
    if told is not None:
        environment["PYTHONPATH"] = f"{ROOT / 'tests' / 'faults' / 'slow_units'}:{ROOT}"
        environment["PANHUO_TOLD"] = str(told)
        environment["PANHUO_UNIT_SECONDS"] = str(unit_seconds)
    with subprocess.Popen(
        [sys.executable, "-m", "tests.faults.ray_cluster", str(nodes)],
        cwd=ROOT,
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as child:
        try:
            assert child.stdout is not None
            started = json.loads(child.stdout.readline())
            yield Nodes(started["address"], started["processes"], child)
        finally:
            assert child.stdin is not None
            child.stdin.close()
            child.wait(60)


def children(parent: int) -> list[int]:
    """Return the processes that a process started."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            if int(stat.read_text().rsplit(")", 1)[1].split()[1]) == parent:
                found.append(int(stat.parent.name))
    return found


def main(count: int) -> None:
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what Ray prints is no answer
    with tempfile.TemporaryDirectory(prefix="panhuo-ray-", dir="/tmp") as scratch:
        os.environ["RAY_TMPDIR"] = scratch
        cluster: Any = import_module("ray.cluster_utils").Cluster()
        given = {"num_cpus": 1, "node_ip_address": "127.0.0.1", "object_store_memory": 80 << 20}
        head = {"include_dashboard": False}
        nodes = [cluster.add_node(**given, **({} if n else head)) for n in range(count)]
        processes = [node.all_processes["raylet"][0].process.pid for node in nodes]
        try:
            answers.write(json.dumps({"address": cluster.address, "processes": processes}) + "\n")
            answers.flush()
            for line in sys.stdin:
                raylet = processes[int(line)]
                # Workers of a dead raylet would go on for a second; those of a dead machine do not.
                for process in [raylet, *children(raylet)]:
                    os.kill(process, signal.SIGKILL)
                cluster.remove_node(nodes[int(line)], allow_graceful=False)
                answers.write("killed\n")
                answers.flush()
        finally:
            cluster.shutdown()


if __name__ == "__main__":
    main(int(sys.argv[1]))
