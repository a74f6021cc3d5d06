"""The laws of what changed in the catalogue. Run on SQLite and PostgreSQL."""

from __future__ import annotations

import threading
from dataclasses import replace

import pytest

from matcher.types import PatentId, Uscc
from service.store.changes import Moment
from service.store.declarations import Declaration
from service.store.engine import Store, open_store
from tests.contracts.store_catalogue import FIRM, FULL, patent

ALL = 1_000


class ChangeLaws:
    """Changes: numbered with their commit, once a record, and forgotten when nobody needs them."""

    def test_nothing_was_written(self, store: Store) -> None:
        assert store.changes.moment() == Moment(0, 0)
        found = store.changes.since(0, ALL)
        assert (found.records, found.more, found.until) == ((), 0, 0)

    def test_every_write_of_a_record_is_told_once(self, store: Store) -> None:
        store.patents.upsert([patent("P1"), patent("P2")])
        store.firms.upsert([FIRM])
        store.patents.upsert([replace(patent("P1"), title="another")])
        found = store.changes.since(0, ALL)
        assert found.records == (("patents", "P1"), ("firms", FIRM.uscc), ("patents", "P2"))
        assert (found.more, found.until) == (0, 3)
        assert store.changes.since(2, ALL).records == (("patents", "P1"),)
        assert store.changes.moment() == Moment(3, 0)

    def test_what_changes_nothing_is_no_change(self, store: Store) -> None:
        store.patents.upsert([FULL])
        store.patents.upsert([FULL])
        store.patents.remove([PatentId("nothing")])
        assert store.changes.moment().seq == 1

    def test_a_deletion_and_a_declaration_are_changes(self, store: Store) -> None:
        store.patents.upsert([FULL])
        store.firms.upsert([FIRM])
        store.declarations.put([Declaration(FULL.patent_id, maturity="通过中试")])
        assert store.changes.since(2, ALL).records == (("patents", FULL.patent_id),)
        store.firms.remove([FIRM.uscc])
        assert store.changes.since(3, ALL).records == (("firms", FIRM.uscc),)

    def test_what_is_taken_back_is_not_told(self, store: Store) -> None:
        def broken() -> None:
            with store.transaction():
                store.patents.upsert([FULL])
                raise ZeroDivisionError

        with pytest.raises(ZeroDivisionError):
            broken()
        assert store.changes.moment() == Moment(0, 0)
        assert store.database.changed == 0

    def test_one_transaction_has_one_number(self, store: Store) -> None:
        with store.transaction():
            store.patents.upsert([FULL])
            store.firms.upsert([FIRM])
            assert store.changes.moment().seq == 0, "numbered by the commit alone"
        assert store.changes.moment().seq == 1
        assert store.database.changed == 1

    def test_the_newest_come_first_where_not_all_are_wanted(self, store: Store) -> None:
        for number in range(5):
            store.patents.upsert([patent(f"P{number}")])
        found = store.changes.since(1, 2)
        assert found.records == (("patents", "P4"), ("patents", "P3"))
        assert (found.more, found.until) == (2, 5)

    def test_a_large_import_is_told_whole(self, store: Store) -> None:
        store.patents.upsert(patent(f"P{number:05}") for number in range(2_500))
        assert len(store.changes.since(0, 10_000).records) == 2_500

    def test_forgetting(self, store: Store) -> None:
        for number in range(3):
            store.patents.upsert([patent(f"P{number}")])
        assert store.changes.forget(2) == 2
        assert store.changes.moment() == Moment(3, 2)
        assert store.changes.forget(1) == 0
        assert store.changes.since(0, ALL).records == (("patents", "P2"),)

    def test_whoever_reads_up_to_a_number_misses_nothing_below_it(
        self, store: Store, store_url: str
    ) -> None:
        """Slow and quick writers side by side, and a reader that goes on from where it was."""
        done = threading.Event()

        def write(kind: int) -> None:
            with open_store(store_url) as own:
                for number in range(15):
                    with own.transaction():
                        if kind % 2:
                            own.patents.upsert([patent(f"P{kind}-{number}")])
                        else:
                            own.firms.upsert([replace(FIRM, uscc=Uscc(f"U{kind}-{number}"))])

        writers = [threading.Thread(target=write, args=(kind,)) for kind in range(4)]
        seen: set[tuple[str, str]] = set()

        def read() -> None:
            seq = 0
            while True:
                last = done.is_set()
                found = store.changes.since(seq, ALL)
                assert found.until >= seq
                seq = found.until
                seen.update(found.records)
                if last:
                    return

        reader = threading.Thread(target=read)
        reader.start()
        for writer in writers:
            writer.start()
        for writer in writers:
            writer.join()
        done.set()
        reader.join()
        assert len(seen) == 60
