"""Many rows at once: the same on both databases, by COPY on one of them."""

from __future__ import annotations

from dataclasses import replace

import pytest

from matcher.errors import InputError
from matcher.types import Firm, PatentId, Uscc
from service.store.engine import Store
from service.store.history import Change
from service.store.upsert import UpsertCounts
from tests.contracts.store_catalogue import FULL
from tests.contracts.store_push import NOON, R1, published

MANY = 2_345
ODD = ("\\N", "\\.", "tab\there", "line\nbreak\r\n", "\\", '"', "盘活 🏭", "")


def firm(number: int, **changes: str) -> Firm:
    odd = ODD[number % len(ODD)]
    return replace(Firm(Uscc(f"{number:06d}"), odd, business_scope=f"{odd}{number}"), **changes)


def test_many_are_as_few(store: Store) -> None:
    rows = [firm(number) for number in range(MANY)]
    assert store.firms.upsert(rows) == UpsertCounts(new=MANY)
    assert list(store.firms.iterate()) == rows
    stamp = store.firms.stamp()
    assert store.firms.upsert(rows) == UpsertCounts(unchanged=MANY)
    # New, changed, unchanged and twice in one call: of two with one key the later counts.
    mixed = [
        *(firm(number, city="x") for number in range(0, 900)),
        *(firm(number) for number in range(900, MANY)),
        *(firm(number) for number in range(MANY, MANY + 700)),
        *(firm(number, city="y") for number in range(MANY, MANY + 700)),
    ]
    assert store.firms.upsert(mixed).new == 700
    assert store.firms.count() == MANY + 700
    assert {row.city for row in store.firms.many([Uscc(f"{MANY:06d}")]).values()} == {"y"}
    store.firms.remove([row.uscc for row in store.firms.iterate()])
    assert [store.firms.upsert([row]).new for row in rows[:60]] == [1] * 60
    store.firms.upsert(rows)
    assert store.firms.stamp() == stamp


def test_many_in_a_transaction_that_ends_badly(store: Store) -> None:
    store.firms.upsert([firm(number) for number in range(100)])
    stamp = store.firms.stamp()

    def cut() -> None:
        with store.transaction():
            store.firms.upsert([firm(number, city="y") for number in range(500)])
            raise ValueError("cut")

    def broken() -> None:
        with store.transaction():
            store.firms.upsert([firm(number, city="x") for number in range(500)])
            # A savepoint that is rolled back leaves a staging table that can be used again.
            with pytest.raises(ValueError, match="cut"):
                cut()
            counts = store.firms.upsert([firm(number, city="z") for number in range(500)])
            assert counts.changed == 500
            raise RuntimeError

    with pytest.raises(RuntimeError):
        broken()
    assert store.firms.stamp() == stamp
    assert list(store.firms.iterate()) == [firm(number) for number in range(100)]


def test_patents_with_every_field(store: Store) -> None:
    rows = [replace(FULL, patent_id=PatentId(f"p{number:04d}")) for number in range(300)]
    assert store.patents.upsert(rows).new == 300
    assert list(store.patents.iterate()) == rows
    changed = [replace(row, abstract="\\N\t\n") for row in rows]
    assert store.patents.upsert(changed).changed == 300
    assert list(store.patents.iterate()) == changed


def test_history_keeps_its_order(store: Store) -> None:
    changes = [
        Change(PatentId("p"), "title", str(number), "\\N", "f", "s", "t") for number in range(500)
    ]
    store.history.append(changes)
    assert list(store.history.of_patent(PatentId("p"))) == changes


def test_messages_are_made_once(store: Store) -> None:
    published(store, 300)
    assert store.push_messages.prepare(R1, "c", NOON) == 300
    assert store.push_messages.prepare(R1, "c", NOON) == 0
    assert store.push_messages.counts(R1, "c").waiting == 300


def test_what_postgres_cannot_hold_is_a_sentence(store: Store) -> None:
    rows = [firm(number) for number in range(200)]
    rows[150] = firm(150, city="geheim\0")
    if store.database.dialect == "sqlite":
        assert store.firms.upsert(rows).new == 200
        return
    with pytest.raises(InputError, match="found a value in firms, line 151") as caught:
        store.firms.upsert(rows)
    assert "geheim" not in str(caught.value)
    assert store.firms.count() == 0
