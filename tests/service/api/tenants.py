"""Two platforms and the operator over one sample home, with a key of every sort."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from starlette.testclient import TestClient

from service.auth.issue import issue
from service.auth.scopes import Scope
from service.auth.secret import Secrets
from service.bootstrap import Home, open_home
from tests.service.api.conftest import app_of, settings_of

FIRM = "91330108PH9YJRY21R"
PATENT = "CN202119402100.4"
ALL = frozenset(Scope) - {Scope.ADMIN}


@dataclass(frozen=True)
class World:
    """A service with keys, and the home beside it.

    ``keys`` are 甲 and 乙 (every scope but admin), operator (admin), reader (甲, to recommend),
    expired and revoked (甲).
    """

    client: TestClient
    home: Home
    folder: Path
    keys: dict[str, str]
    ids: dict[str, str]

    def ask(self, who: str, method: str, path: str, **more: Any) -> Any:
        """Return the answer to one of the keys; ``who`` may be a credential itself."""
        headers = more.pop("headers", {})
        credential = self.keys.get(who, who)
        return self.client.request(method, path, headers=headers | bearer(credential), **more)

    def token(self, who: str, **body: Any) -> str:
        """Return a token that one of the keys made."""
        answer = self.ask(who, "POST", "/v1/tokens", json=body)
        assert answer.status_code == 200, answer.text
        return str(answer.json()["token"])

    def list_of(self, who: str, **body: Any) -> dict[str, Any]:
        """Return a recommendation list made for one of them."""
        answer = self.ask(who, "POST", "/v1/recommendations", json=body or {"uscc": FIRM, "n": 3})
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found


def bearer(credential: str) -> dict[str, str]:
    """Return the header, none for an empty credential."""
    return {"authorization": f"Bearer {credential}"} if credential else {}


@contextmanager
def world_over(folder: Path) -> Iterator[World]:
    """Yield the world over a home that is built."""
    settings = settings_of(folder)
    with ExitStack() as stack:
        home = stack.enter_context(open_home(settings))
        keys, ids = {}, {}
        now = datetime.now(UTC)
        made = {
            "甲": ("甲", ALL, now, None),
            "乙": ("乙", ALL, now, None),
            "operator": ("", {Scope.ADMIN}, now, None),
            "reader": ("甲", {Scope.RECOMMEND}, now, None),
            "expired": ("甲", ALL, now - timedelta(days=2), 1),
            "revoked": ("甲", ALL, now, None),
        }
        for name, (tenant, scopes, at, days) in made.items():
            if tenant:
                home.store.tenants.register(tenant, now)
            key, kept = issue(tenant, scopes, Secrets(folder, "").current(), at, days)
            home.store.api_keys.add(kept)
            keys[name], ids[name] = key, kept.key_id
        home.store.api_keys.revoke(ids["revoked"], now.isoformat())
        client = stack.enter_context(TestClient(app_of(settings)))
        # Two answers differ in nothing that the sender does not know.
        client.headers["x-request-id"] = "asked-by-a-test"
        yield World(client, home, folder, keys, ids)
