"""The laws of the catalogue's readers and writers; every store must pass them.

Run by ``tests/service/store/test_store_contract.py`` on SQLite and PostgreSQL.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields, replace
from datetime import date

import pytest
import sqlalchemy as sa

from matcher.errors import FirmNotFound, PatentNotFound
from matcher.ports import DemandReader, FirmReader, PatentReader, RelationReader
from matcher.types import (
    Demand,
    DemandId,
    Firm,
    HolderKind,
    LegalEvent,
    LegalStatus,
    Patent,
    PatentId,
    PatentKind,
    Relation,
    RelationKind,
    StopState,
    Uscc,
)
from service.store.engine import Store
from service.store.upsert import UpsertCounts

FULL = Patent(
    patent_id=PatentId("CN201710601862.3"),
    title="一种电机",
    application_no="CN201710601862.3",
    publication_no="CN109990757A",
    grant_no="CN109990757B",
    abstract="摘要",
    first_claim="1. 一种电机",
    technical_field="电机",
    ipc=("H02K1/00", "H02K3/00"),
    industry_codes=("3812",),
    kind=PatentKind.INVENTION,
    filing_date=date(2017, 7, 21),
    publication_date=date(2019, 7, 9),
    legal_status=LegalStatus.IN_FORCE,
    stop_state=StopState.PRESERVED,
    holder="某大学",
    holder_kind=HolderKind.UNIVERSITY,
    holder_province="浙江",
    holder_city="杭州",
    maturity="小批量生产、工程应用阶段",
    open_licence=True,
    price_band="0-10万",
    family_id="f1",
    grant_date=date(2021, 2, 3),
    expires_on=date(2037, 7, 21),
    events=(LegalEvent.GRANT, LegalEvent.PRESERVATION),
    checked_on=date(2026, 11, 1),
    problems=("噪声大",),
    effects=("噪声低", "寿命长"),
    applications=("风机",),
    topics=("电机",),
    emerging_industry="智能制造装备产业",
    college="电气学院",
    self_grade=4,
)
FIRM = Firm(
    uscc=Uscc("91110000600037341L"),
    name="某公司",
    business_scope="电机制造",
    registered_on=date(2001, 2, 3),
    org_type="有限责任公司",
    capital="100万",
    province="浙江",
    city="杭州",
    industry_code="3812",
    products=("电机", "轴承"),
    needs=("求一种电机，转速高",),
    tags=("专精特新",),
    registration_status="存续",
)
DEMAND = Demand(
    demand_id=DemandId("D1"),
    title="求电机",
    text="转速高",
    uscc=FIRM.uscc,
    industry="制造业",
    province="浙江",
    city="杭州",
    posted_on=date(2020, 1, 13),
    cooperation=("技术转让", "委托开发"),
)
# Byte order of UTF-8: capitals before small letters, ASCII before Chinese. Locales differ.
BYTE_ORDER = ("10", "9", "A-b", "A.b", "AA", "Ab", "B", "a", "b", "é", "专利", "中")


def patent(patent_id: str, **values: object) -> Patent:
    """Return a small patent."""
    return replace(Patent(PatentId(patent_id), f"题名 {patent_id}"), **values)  # type: ignore[arg-type]


class PatentLaws:
    """``PatentReader`` and the writer of patents."""

    def test_implements_the_protocol(self, store: Store) -> None:
        reader: PatentReader = store.patents
        assert reader.count() == 0
        assert list(reader.iterate()) == []

    def test_every_field_comes_back(self, store: Store) -> None:
        assert all(getattr(FULL, item.name) != item.default for item in fields(Patent))
        store.patents.upsert([FULL])
        assert store.patents.get(FULL.patent_id) == FULL

    def test_a_bare_patent_comes_back(self, store: Store) -> None:
        bare = Patent(PatentId("x"), "t")
        store.patents.upsert([bare])
        assert store.patents.get(PatentId("x")) == bare

    def test_an_absent_patent_is_an_error_with_its_id(self, store: Store) -> None:
        with pytest.raises(PatentNotFound, match="'nowhere'"):
            store.patents.get(PatentId("nowhere"))
        with pytest.raises(PatentNotFound, match=r"'ZL201710601862\.3'"):
            store.patents.resolve("ZL201710601862.3")

    @pytest.mark.parametrize(
        "written",
        [
            "CN201710601862.3",
            "ZL201710601862.3",
            "2017106018623",
            "201710601862.3",
            "cn 2017 1060 1862．3",
            "CN109990757A",
            "CN 109990757 A",
            "109990757a",
            "CN109990757B",
        ],
    )
    @pytest.mark.parametrize("patent_id", ["opaque", "CN201710601862.3"])
    def test_numbers_are_resolved_as_people_write_them(
        self, store: Store, written: str, patent_id: str
    ) -> None:
        store.patents.upsert([replace(FULL, patent_id=PatentId(patent_id)), patent("other")])
        assert store.patents.resolve(written) == patent_id

    def test_an_id_counts_before_a_number(self, store: Store) -> None:
        store.patents.upsert([FULL, patent("CN109990757A")])
        assert store.patents.resolve("CN109990757A") == "CN109990757A"

    def test_many_gives_those_that_exist(self, store: Store) -> None:
        store.patents.upsert([patent("a"), patent("b")])
        found = store.patents.many([PatentId("b"), PatentId("c")])
        assert found == {PatentId("b"): patent("b")}
        assert store.patents.many([]) == {}

    def test_more_ids_than_a_statement_takes(self, store: Store) -> None:
        rows = [patent(f"p{number:05}") for number in range(12_001)]
        assert store.patents.upsert(rows) == UpsertCounts(new=12_001)
        assert len(store.patents.many([row.patent_id for row in rows])) == 12_001
        assert list(store.patents.iterate()) == rows

    def test_iterates_in_byte_order(self, store: Store) -> None:
        store.patents.upsert(patent(key) for key in reversed(BYTE_ORDER))
        assert tuple(row.patent_id for row in store.patents.iterate()) == BYTE_ORDER

    def test_writing_while_iterating_does_not_wait(self, store: Store) -> None:
        store.patents.upsert([patent("a"), patent("b")])
        for row in store.patents.iterate():
            store.patents.upsert([replace(row, title="new")])
        assert {row.title for row in store.patents.iterate()} == {"new"}

    def test_counts_tell_new_changed_and_unchanged(self, store: Store) -> None:
        store.patents.upsert([patent("a"), patent("b")])
        came = [patent("a"), patent("b", title="new"), patent("c")]
        assert store.patents.upsert(came) == UpsertCounts(new=1, changed=1, unchanged=1)
        assert store.patents.count() == 3

    def test_the_stamp_follows_the_content(self, store: Store) -> None:
        stamps = [store.patents.stamp()]

        def moved() -> bool:
            stamps.append(store.patents.stamp())
            return stamps[-1] not in stamps[:-1]

        store.patents.upsert([patent("a")])
        assert moved()
        store.patents.upsert([patent("a")])
        assert not moved()
        store.patents.upsert([patent("a", title="new")])
        assert moved()
        store.patents.upsert([patent("b")])
        assert moved()
        assert store.patents.remove([PatentId("a"), PatentId("none")]) == 1
        assert moved()
        assert store.patents.count() == 1

    def test_the_stamp_does_not_depend_on_the_order_of_writing(self, store: Store) -> None:
        store.patents.upsert([patent("a"), patent("b")])
        first = store.patents.stamp()
        store.patents.remove([PatentId("a"), PatentId("b")])
        for key in "ba":
            store.patents.upsert([patent(key)])
        assert store.patents.stamp() == first

    def test_a_changed_note_is_kept_but_is_no_change(self, store: Store) -> None:
        key = PatentId("a")
        store.patents.upsert([patent("a")])
        before = store.patents.stamp()
        counts = store.patents.upsert([patent("a")], {key: '{"title":"2020-01-01"}'})
        assert counts == UpsertCounts(unchanged=1)
        assert store.patents.field_dates([key]) == {key: '{"title":"2020-01-01"}'}
        assert store.patents.stamp() == before


class FirmLaws:
    """``FirmReader`` and the writer of firms."""

    def test_every_field_comes_back(self, store: Store) -> None:
        reader: FirmReader = store.firms
        store.firms.upsert([FIRM])
        assert reader.get(FIRM.uscc) == FIRM
        assert reader.count() == 1

    def test_an_absent_firm_is_an_error_with_its_code(self, store: Store) -> None:
        with pytest.raises(FirmNotFound, match="'nowhere'"):
            store.firms.get(Uscc("nowhere"))

    def test_iterates_in_byte_order(self, store: Store) -> None:
        store.firms.upsert(Firm(Uscc(key), "n") for key in reversed(BYTE_ORDER))
        assert tuple(firm.uscc for firm in store.firms.iterate()) == BYTE_ORDER

    def test_counts_and_stamp(self, store: Store) -> None:
        other = Firm(Uscc("x"), "n")
        assert store.firms.upsert([FIRM, other]) == UpsertCounts(new=2)
        before = store.firms.stamp()
        assert store.firms.upsert([FIRM, other]) == UpsertCounts(unchanged=2)
        assert store.firms.stamp() == before
        assert store.firms.upsert([replace(FIRM, city="宁波")]) == UpsertCounts(changed=1)
        assert store.firms.stamp() != before
        assert store.firms.many([FIRM.uscc, Uscc("y")]).keys() == {FIRM.uscc}
        assert store.firms.existing(["x", "y"]) == {"x"}
        assert store.firms.remove([FIRM.uscc]) == 1
        assert store.firms.count() == 1


class DemandLaws:
    """``DemandReader`` and the writer of demands."""

    def test_every_field_comes_back(self, store: Store) -> None:
        reader: DemandReader = store.demands
        store.demands.upsert([DEMAND])
        assert reader.of_firm(FIRM.uscc) == (DEMAND,)
        assert reader.count() == 1

    def test_a_firm_s_demands_come_newest_first(self, store: Store) -> None:
        undated = replace(DEMAND, demand_id=DemandId("a"), posted_on=None)
        older = replace(DEMAND, demand_id=DemandId("b"), posted_on=date(2019, 1, 1))
        newer = replace(DEMAND, demand_id=DemandId("c"), posted_on=date(2021, 1, 1))
        other = replace(DEMAND, demand_id=DemandId("d"), uscc=None)
        store.demands.upsert([undated, older, newer, other])
        assert store.demands.of_firm(FIRM.uscc) == (newer, older, undated)

    def test_iterates_in_byte_order(self, store: Store) -> None:
        store.demands.upsert(Demand(DemandId(key), "t") for key in reversed(BYTE_ORDER))
        assert tuple(demand.demand_id for demand in store.demands.iterate()) == BYTE_ORDER


class RelationLaws:
    """``RelationReader`` and the writer of relations."""

    @pytest.fixture(autouse=True)
    def ends(self, store: Store) -> None:
        store.firms.upsert(Firm(Uscc(key), "n") for key in ("f", "g"))
        store.patents.upsert(patent(key) for key in ("p", "q"))

    def test_orders_and_kinds(self, store: Store) -> None:
        reader: RelationReader = store.relations
        rows = [
            Relation(Uscc(uscc), PatentId(key), kind)
            for uscc in "fg"
            for key in "pq"
            for kind in sorted(RelationKind)
        ]
        assert store.relations.upsert(reversed(rows)) == UpsertCounts(new=16)
        assert store.relations.upsert(rows) == UpsertCounts(unchanged=16)
        assert list(reader.iterate()) == rows
        assert list(reader.iterate(RelationKind.OWNS)) == [
            row for row in rows if row.kind is RelationKind.OWNS
        ]
        assert reader.of_firm(Uscc("g")) == tuple(row for row in rows if row.uscc == "g")
        assert reader.of_patent(PatentId("p")) == tuple(row for row in rows if row.patent_id == "p")
        assert reader.count() == 16

    def test_a_relation_to_nothing_is_refused(self, store: Store) -> None:
        with pytest.raises(sa.exc.IntegrityError):
            store.relations.upsert([Relation(Uscc("f"), PatentId("x"), RelationKind.OWNS)])
        assert store.relations.count() == 0

    def test_relations_go_with_their_patent_and_their_firm(self, store: Store) -> None:
        rows = [
            Relation(Uscc(uscc), PatentId(key), RelationKind.OWNS) for uscc in "fg" for key in "pq"
        ]
        store.relations.upsert(rows)
        store.patents.remove([PatentId("p")])
        store.firms.remove([Uscc("g")])
        assert list(store.relations.iterate()) == [rows[1]]
        assert store.relations.count() == 1
        assert store.relations.remove([rows[1]]) == 1
        assert store.relations.stamp() == "0-" + "0" * 32


class TransactionLaws:
    """The edge commits; nothing is half written."""

    def test_an_exception_takes_everything_back(self, store: Store) -> None:
        before = store.patents.stamp()

        def cut() -> None:
            with store.transaction():
                store.patents.upsert([FULL])
                store.firms.upsert([FIRM])
                assert store.patents.get(FULL.patent_id) == FULL
                raise RuntimeError("cut")

        with pytest.raises(RuntimeError, match="cut"):
            cut()
        assert (store.patents.count(), store.firms.count()) == (0, 0)
        assert store.patents.stamp() == before
        assert list(store.patents.iterate()) == []

    def test_an_inner_exception_takes_the_inner_part_back(self, store: Store) -> None:
        def cut() -> None:
            with store.transaction():
                store.patents.upsert([FULL])
                raise RuntimeError("cut")

        with store.transaction():
            store.firms.upsert([FIRM])
            with pytest.raises(RuntimeError, match="cut"):
                cut()
        assert (store.patents.count(), store.firms.count()) == (0, 1)

    def test_others_see_nothing_before_the_commit(self, store: Store, store_url: str) -> None:
        from service.store.engine import open_store

        with open_store(store_url) as other:
            with store.transaction():
                store.patents.upsert([FULL])
                assert other.patents.count() == 0
            assert other.patents.count() == 1

    def test_rows_that_break_in_the_middle_leave_nothing(self, store: Store) -> None:
        def broken() -> Iterator[Patent]:
            for number in range(3_000):
                yield patent(str(number))
            raise OSError("disk")

        with pytest.raises(OSError, match="disk"):
            store.patents.upsert(broken())
        assert store.patents.count() == 0
        assert list(store.patents.iterate()) == []
