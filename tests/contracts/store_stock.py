"""The laws of what stock-taking stores: declarations, statuses, history, contacts, groups.

Run by ``tests/service/store/test_store_contract.py`` on SQLite and PostgreSQL.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest
import sqlalchemy as sa

from matcher.ports import GroupReader
from matcher.types import GroupKind, LegalEvent, LegalStatus, PatentGroup, PatentId, StopState
from service.store.contacts import Contact
from service.store.declarations import Declaration, Implementation, Willingness
from service.store.engine import Store
from service.store.history import Change
from service.store.statuses import Status
from service.store.upsert import UpsertCounts
from tests.contracts.store_catalogue import FULL, patent

KEY = FULL.patent_id
DECLARED = Declaration(
    patent_id=KEY,
    sequence=7,
    title="一种电机",
    legal_status="有效",
    years_in_force="8",
    college="电气学院",
    funded="是",
    implementations=(
        Implementation("已许可", "已签订普通许可合同", "12.5", "甲公司"),
        Implementation(),
        Implementation("尚未实施"),
    ),
    willingness=(Willingness("拟许可", "拟开放许可", "5", "浙江省-杭州市", ""),),
    price_band="0-10万",
    maturity="样品、实验阶段",
    self_grade="五星",
    advantages="噪声低",
    industry="-",
    prospect="好",
    emerging_industry="智能制造装备产业",
    field_ipc="H02K1/00",
    group_name="电机组合",
    group_members=("CN201710601862.3",),
    group_description="一组",
    source_file="a.xlsx",
    checked_on=date(2026, 11, 1),
)
POOL = PatentGroup("G1", GroupKind.PATENT_POOL, "电机池", "描述", "某大学", (FULL.application_no,))


class DeclarationLaws:
    """Declarations of holders."""

    def test_every_field_comes_back(self, store: Store) -> None:
        store.patents.upsert([FULL])
        assert store.declarations.put([DECLARED]).counts == UpsertCounts(new=1)
        assert store.declarations.many([KEY]) == {KEY: DECLARED}
        assert store.declarations.count() == 1

    def test_the_same_content_of_another_file_is_no_change(self, store: Store) -> None:
        store.patents.upsert([FULL])
        store.declarations.put([DECLARED])
        other = replace(DECLARED, source_file="b.xlsx", checked_on=date(2026, 12, 1))
        outcome = store.declarations.put([other])
        assert outcome.counts == UpsertCounts(unchanged=1)
        assert outcome.changed == frozenset()
        assert store.declarations.many([KEY])[KEY].source_file == "b.xlsx"

    def test_it_goes_with_its_patent(self, store: Store) -> None:
        store.patents.upsert([FULL])
        store.declarations.put([DECLARED])
        store.contacts.put([Contact(KEY, "甲")])
        store.statuses.upsert([Status(KEY, "patsnap", date(2026, 1, 1))])
        assert store.patents.remove([KEY]) == 1
        assert store.declarations.count() == 0
        assert store.contacts.many([KEY]) == {}
        assert store.statuses.of_patents([KEY]) == {}

    def test_one_without_patent_is_refused(self, store: Store) -> None:
        with pytest.raises(sa.exc.IntegrityError):
            store.declarations.put([DECLARED])


class StatusLaws:
    """What files said of a patent's status."""

    def test_every_field_comes_back(self, store: Store) -> None:
        store.patents.upsert([FULL])
        said = Status(
            KEY,
            "patsnap",
            date(2026, 11, 1),
            date(2021, 2, 3),
            LegalStatus.IN_FORCE,
            (LegalEvent.GRANT, LegalEvent.PLEDGE),
            StopState.PRESERVED,
            "a.xlsx",
        )
        store.statuses.upsert([said])
        other = Status(KEY, "incopat", date(2026, 11, 2))
        store.statuses.upsert([other])
        assert store.statuses.of_patents([KEY]) == {KEY: [other, said]}

    def test_one_word_a_family(self, store: Store) -> None:
        store.patents.upsert([FULL])
        first = Status(KEY, "patsnap", date(2026, 11, 1), legal_status=LegalStatus.IN_FORCE)
        second = replace(first, legal_status=LegalStatus.LAPSED)
        store.statuses.upsert([first])
        store.statuses.upsert([second])
        assert store.statuses.of_patents([KEY])[KEY] == [second]


class HistoryLaws:
    """What changed."""

    def test_changes_come_back_in_their_order(self, store: Store) -> None:
        changes = [
            Change(KEY, f"field{n}", "a", "b", "f.xlsx", "0" * 64, "2026-11-23T00:00:00+00:00")
            for n in (2, 1)
        ]
        store.history.append(changes)
        store.history.append([replace(changes[0], patent_id=PatentId("x"))])
        assert store.history.of_patent(KEY) == tuple(changes)
        assert store.history.of_patent(PatentId("none")) == ()


class ContactLaws:
    """Personal data."""

    def test_what_came_is_kept(self, store: Store) -> None:
        store.patents.upsert([FULL])
        contact = Contact(KEY, "张三；李四", "王五", "0571-1")
        assert store.contacts.put([contact]).counts == UpsertCounts(new=1)
        assert store.contacts.put([contact]).counts == UpsertCounts(unchanged=1)
        assert store.contacts.many([KEY]) == {KEY: contact}

    def test_no_object_shows_it(self) -> None:
        assert "张三" not in repr(Contact(KEY, "张三"))

    def test_the_holder_sees_it_and_whom_it_allows(self, store: Store) -> None:
        joint = patent("joint", holder="某大学 | 乙公司")
        store.patents.upsert([FULL, joint])
        store.contacts.put([Contact(KEY, "张三"), Contact(joint.patent_id, "李四")])
        ids = [KEY, joint.patent_id]
        assert set(store.contacts.visible("某大学", ids)) == set(ids)
        assert set(store.contacts.visible("乙公司", ids)) == {joint.patent_id}
        assert store.contacts.visible("丙平台", ids) == {}
        at = datetime(2026, 11, 23, tzinfo=UTC)
        store.contacts.allow("乙公司", "丙平台", at)
        store.contacts.allow("乙公司", "丙平台", at)
        assert set(store.contacts.visible("丙平台", ids)) == {joint.patent_id}
        assert store.contacts.allowed_by("乙公司") == ("丙平台",)
        assert store.contacts.deny("乙公司", "丙平台")
        assert not store.contacts.deny("乙公司", "丙平台")
        assert store.contacts.visible("丙平台", ids) == {}


class GroupLaws:
    """``GroupReader`` and the writer of groups."""

    def test_implements_the_protocol(self, store: Store) -> None:
        reader: GroupReader = store.groups
        assert reader.of_patents([]) == {}

    def test_a_group_and_its_members(self, store: Store) -> None:
        other = patent("other", application_no="CN200820009767.2")
        store.patents.upsert([FULL, other, patent("outside")])
        pool = replace(POOL, members=("CN200820009767.2", "CN999", FULL.application_no))
        assert store.groups.put([pool]).counts == UpsertCounts(new=1)
        assert store.groups.many(["G1", "G2"]) == {"G1": pool}
        ids = [KEY, other.patent_id, PatentId("outside")]
        assert store.groups.of_patents(ids) == {KEY: pool, other.patent_id: pool}
        assert store.groups.members_of(pool) == (other.patent_id, KEY)
        assert list(store.groups.iterate()) == [pool]
        assert store.groups.count() == 1

    def test_members_are_replaced(self, store: Store) -> None:
        store.patents.upsert([FULL])
        store.groups.put([POOL])
        assert store.groups.put([POOL]).counts == UpsertCounts(unchanged=1)
        assert store.groups.put([replace(POOL, members=("CN999",))]).counts == UpsertCounts(
            changed=1
        )
        assert store.groups.of_patents([KEY]) == {}

    def test_of_two_groups_the_first_id_counts(self, store: Store) -> None:
        store.patents.upsert([FULL])
        store.groups.put([replace(POOL, group_id="G2"), POOL])
        assert store.groups.of_patents([KEY])[KEY].group_id == "G1"
