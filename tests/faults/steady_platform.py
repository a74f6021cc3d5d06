"""A platform that keeps sending feedback, and remembers what was acknowledged."""

from __future__ import annotations

import threading
import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import httpx2

FIRM = "91330108PH9YJRY21R"
PATIENCE = 20.0  # of one request; a service that hangs longer is no better than one that is gone


@dataclass
class Platform:
    """Sends from several threads until it is told to stop.

    ``url`` may change while it works: a service that comes back has another port.
    """

    url: str
    acknowledged: list[str] = field(default_factory=list)
    lists: list[str] = field(default_factory=list)
    statuses: Counter[int] = field(default_factory=Counter)
    hung_up: int = 0
    refused: list[httpx2.Response] = field(default_factory=list)
    _stop: threading.Event = field(default_factory=threading.Event)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @contextmanager
    def at_work(self, threads: int = 3) -> Iterator[Platform]:
        """Send while the block runs."""
        workers = [threading.Thread(target=self._work) for _ in range(threads)]
        for worker in workers:
            worker.start()
        try:
            yield self
        finally:
            self._stop.set()
            for worker in workers:
                worker.join(2 * PATIENCE)
            assert not any(worker.is_alive() for worker in workers)

    def wait_for(self, more: int, within: float = 60.0) -> float:
        """Wait until so many more events are acknowledged; return after how many seconds."""
        wanted = len(self.acknowledged) + more
        return wait_until(lambda: len(self.acknowledged) >= wanted, within)

    def _work(self) -> None:
        while not self._stop.is_set():
            try:
                with httpx2.Client(base_url=self.url, timeout=PATIENCE) as client:
                    self._send(client)
            except httpx2.TransportError:
                with self._lock:
                    self.hung_up += 1
                time.sleep(0.05)

    def _send(self, client: httpx2.Client) -> None:
        body = {"firm": {"uscc": FIRM}, "n": 3}
        answer = client.post("/v1/recommendations", json=body)
        self._count(answer)
        if answer.status_code != 200:
            time.sleep(0.05)
            return
        list_id = str(answer.json()["list_id"])
        with self._lock:
            self.lists.append(list_id)
        for slot in (1, 2, 3):
            event = {"event_id": uuid.uuid4().hex, "list_id": list_id, "slot": slot}
            sent = {"events": [{**event, "kind": "click"}]}
            answer = client.post("/v1/feedback", json=sent)
            self._count(answer)
            if answer.status_code == 200:
                with self._lock:
                    self.acknowledged.append(event["event_id"])

    def _count(self, answer: httpx2.Response) -> None:
        with self._lock:
            self.statuses[answer.status_code] += 1
            if answer.status_code >= 400:
                self.refused.append(answer)


def wait_until(true: Callable[[], bool], within: float = 60.0) -> float:
    """Wait until something holds; return after how many seconds."""
    begun = time.monotonic()
    while not true():
        assert time.monotonic() - begun < within, f"not within {within} s"
        time.sleep(0.02)
    return time.monotonic() - begun
