"""From a credential to a caller: soon revoked, seldom looked up, never written per request."""

from __future__ import annotations

import time
from collections.abc import Collection, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from matcher.errors import StoreUnavailable
from service.auth.caller import Kind
from service.auth.gate import KEPT_SECONDS, Gate
from service.auth.issue import issue
from service.auth.keys import new_key
from service.auth.refusals import KeyRefused, SecretUnusable
from service.auth.scopes import Scope
from service.auth.secret import Secrets
from service.auth.tokens import Claims
from service.store.api_keys import ApiKey, ApiKeys
from service.store.engine import Store, open_store
from service.store.migrate import upgrade

NOON = datetime(2026, 5, 6, 12, tzinfo=UTC)
SCOPES = {Scope.RECOMMEND, Scope.FEEDBACK}


class Counted(ApiKeys):
    """Keys that count how often they are looked up, and fail when told to."""

    looks = 0
    writes = 0
    fails = False

    def find(self, digests: Collection[str]) -> ApiKey | None:
        self.looks += 1
        if self.fails:
            raise StoreUnavailable("gone")
        return super().find(digests)

    def used(self, uses: object) -> None:
        self.writes += 1
        if self.fails:
            raise StoreUnavailable("gone")
        super().used(uses)  # type: ignore[arg-type]


class Clock:
    """Both clocks, moved by hand."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def now(self) -> float:
        return NOON.timestamp() + self.seconds

    def ticks(self) -> float:
        return 1_000.0 + self.seconds


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with open_store(f"sqlite:///{tmp_path / 'x.db'}") as opened:
        upgrade(opened)
        yield opened


@pytest.fixture
def keys(store: Store) -> Counted:
    return Counted(store.database)


@pytest.fixture
def secrets(tmp_path: Path) -> Secrets:
    return Secrets(tmp_path, "")


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def gate(keys: Counted, secrets: Secrets, clock: Clock) -> Gate:
    return Gate(keys, secrets, clock.now, clock.ticks)


def made(keys: ApiKeys, secrets: Secrets, days: int | None = None) -> tuple[str, str]:
    """Keep a key; return it and its id."""
    key, kept = issue("甲", SCOPES, secrets.current(), NOON, days)
    keys.add(kept)
    return key, kept.key_id


def test_the_first_key_locks_for_good_and_soon(
    gate: Gate, keys: Counted, secrets: Secrets, clock: Clock
) -> None:
    assert not gate.locked()
    _, key_id = made(keys, secrets)
    assert not gate.locked()
    clock.seconds = KEPT_SECONDS + 0.1
    assert gate.locked()
    keys.revoke(key_id, "x")
    clock.seconds = 100
    assert gate.locked()


def test_a_key_tells_its_tenant_and_scopes(gate: Gate, keys: Counted, secrets: Secrets) -> None:
    key, key_id = made(keys, secrets)
    caller = gate.caller(key)
    assert (caller.tenant, caller.scopes, caller.kind) == ("甲", SCOPES, Kind.KEY)
    assert caller.key_id == key_id
    assert caller.may(Scope.FEEDBACK)
    assert not caller.may(Scope.PUSH)


def test_no_key_stands_in_the_database(
    gate: Gate, keys: Counted, secrets: Secrets, store: Store, tmp_path: Path
) -> None:
    key, _ = made(keys, secrets)
    gate.caller(key)
    gate.write_uses()
    store.close()
    for path in tmp_path.iterdir():
        assert key.encode() not in path.read_bytes()
        assert key[7:37].encode() not in path.read_bytes()


def test_a_key_is_looked_up_once_in_two_seconds(
    gate: Gate, keys: Counted, secrets: Secrets, clock: Clock
) -> None:
    key, _ = made(keys, secrets)
    stranger = new_key()
    for _ in range(50):
        gate.caller(key)
        with pytest.raises(KeyRefused):
            gate.caller(stranger)
    assert keys.looks == 2
    assert keys.writes == 0
    clock.seconds = KEPT_SECONDS + 0.1
    gate.caller(key)
    assert keys.looks == 3


def test_a_typo_never_reaches_the_database(gate: Gate, keys: Counted, secrets: Secrets) -> None:
    key, _ = made(keys, secrets)
    for place in range(7, len(key)):
        with pytest.raises(KeyRefused):
            gate.caller(key[:place] + ("a" if key[place] != "a" else "b") + key[place + 1 :])
    assert keys.looks == 0


def test_revoked_is_refused_within_two_seconds_and_so_are_its_tokens(
    gate: Gate, keys: Counted, secrets: Secrets, clock: Clock
) -> None:
    key, key_id = made(keys, secrets)
    ends = int(clock.now()) + 600
    token = gate.sign(Claims(key_id, Kind.FIRM, "x", frozenset({Scope.RECOMMEND}), ends))
    assert gate.caller(key).kind is Kind.KEY
    caller = gate.caller(token)
    assert (caller.kind, caller.subject, caller.tenant) == (Kind.FIRM, "x", "甲")
    assert caller.scopes == {Scope.RECOMMEND}
    keys.revoke(key_id, "2026-05-06T12:00:00+00:00")
    clock.seconds = KEPT_SECONDS + 0.1
    for credential in (key, token):
        with pytest.raises(KeyRefused):
            gate.caller(credential)


def test_a_key_expires_to_the_second_whatever_is_kept(
    gate: Gate, keys: Counted, secrets: Secrets, clock: Clock
) -> None:
    key, _ = made(keys, secrets, days=1)
    clock.seconds = timedelta(days=1).total_seconds() - 0.5
    gate.caller(key)
    clock.seconds += 0.5
    with pytest.raises(KeyRefused):
        gate.caller(key)
    assert keys.looks == 1


def test_uses_are_written_together_and_wait_for_a_database_that_is_gone(
    gate: Gate, keys: Counted, secrets: Secrets, clock: Clock
) -> None:
    key, key_id = made(keys, secrets)
    gate.caller(key)
    clock.seconds = 1
    gate.caller(key)
    keys.fails = True
    gate.write_uses()
    keys.fails = False
    gate.write_uses()
    found = keys.get(key_id)
    assert found is not None
    assert found.last_used_at == "2026-05-06T12:00:01+00:00"
    writes = keys.writes
    gate.write_uses()
    assert keys.writes == writes


def test_an_old_secret_s_keys_move_to_the_new_one_when_used(
    gate: Gate, keys: Counted, secrets: Secrets, clock: Clock
) -> None:
    used, used_id = made(keys, secrets)
    unused, _ = made(keys, secrets)
    fresh = secrets.rotate()
    clock.seconds = 10
    assert gate.caller(used).key_id == used_id
    gate.write_uses()
    found = keys.get(used_id)
    assert found is not None
    assert (found.secret_id, found.digest) == (fresh.secret_id, fresh.digest(used))
    secrets.rotate()
    clock.seconds = 20
    assert gate.caller(used).key_id == used_id
    with pytest.raises(KeyRefused):
        gate.caller(unused)


def test_keys_without_their_secret_are_told_apart_from_wrong_keys(
    keys: Counted, secrets: Secrets, tmp_path: Path, clock: Clock
) -> None:
    key, _ = made(keys, secrets)
    gate = Gate(keys, Secrets(tmp_path / "other", ""), clock.now, clock.ticks)
    with pytest.raises(SecretUnusable, match="PANHUO_KEY_SECRET"):
        gate.caller(key)


def test_a_database_that_is_gone_is_no_refusal(gate: Gate, keys: Counted, secrets: Secrets) -> None:
    key, _ = made(keys, secrets)
    keys.fails = True
    with pytest.raises(StoreUnavailable):
        gate.caller(key)
    keys.fails = False
    assert gate.caller(key).tenant == "甲"


def test_a_token_s_scopes_are_those_its_key_has(
    gate: Gate, keys: Counted, secrets: Secrets
) -> None:
    _, kept = issue("甲", {Scope.RECOMMEND}, secrets.current(), NOON)
    keys.add(replace(kept, key_id="narrow"))
    ends = int(NOON.timestamp()) + 60
    token = gate.sign(Claims("narrow", Kind.FIRM, "x", frozenset(SCOPES), ends))
    assert gate.caller(token).scopes == {Scope.RECOMMEND}
    orphan = gate.sign(Claims("nobody", Kind.FIRM, "x", frozenset(SCOPES), ends))
    with pytest.raises(KeyRefused):
        gate.caller(orphan)


def test_what_was_looked_up_does_not_pile_up(gate: Gate, keys: Counted, secrets: Secrets) -> None:
    made(keys, secrets)
    gate._found = dict.fromkeys(map(str, range(10_000)))  # type: ignore[arg-type]
    with pytest.raises(KeyRefused):
        gate.caller(new_key())
    assert len(gate._found) == 1


def test_a_check_costs_less_than_a_millisecond(
    gate: Gate, keys: Counted, secrets: Secrets, clock: Clock
) -> None:
    key, key_id = made(keys, secrets)
    ends = int(clock.now()) + 600
    token = gate.sign(Claims(key_id, Kind.FIRM, "x", frozenset({Scope.RECOMMEND}), ends))
    for credential in (key, token):
        gate.caller(credential)
        begun = time.process_time()
        for _ in range(200):
            gate.caller(credential)
        assert (time.process_time() - begun) / 200 < 0.001
