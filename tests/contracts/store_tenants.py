"""The laws of tenants: their keys, and that what one has is seen by nobody else."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from matcher.errors import DemandNotFound, FirmNotFound, InputError, ListNotFound
from matcher.types import DemandId, ListId, PatentId, Relation, RelationKind, Uscc
from service.store.api_keys import ApiKey, KeyUse
from service.store.engine import Store
from service.store.tenant_store import TenantStore
from service.store.tenants import TenantNotFound
from tests.contracts.store_catalogue import DEMAND, FIRM, FULL
from tests.contracts.store_feedback import LIST, event

NOON = datetime(2026, 5, 6, 12, tzinfo=UTC)
AT = "2026-05-06T12:00:00+00:00"
KEY = ApiKey("k1", "甲", "d1", "s1", ("admin", "push:send"), AT, "2027-05-06T12:00:00+00:00")
Opener = Callable[[str], TenantStore]


def relation(uscc: str, patent: str, kind: RelationKind = RelationKind.OWNS) -> Relation:
    """Return a relation."""
    return Relation(Uscc(uscc), PatentId(patent), kind)


class TenantLaws:
    """``Tenants``."""

    def test_a_tenant_is_registered_once(self, store: Store) -> None:
        made = store.tenants.register("省平台", NOON)
        assert (made.name, made.private, made.created_at) == ("省平台", False, AT)
        assert len(made.place) == 16
        assert store.tenants.register(" 省平台 ", NOON.replace(year=2027)) == made
        assert store.tenants.get("省平台") == made
        other = store.tenants.register("B", NOON, private=True)
        assert other.place != made.place
        assert store.tenants.all() == (other, made)

    def test_an_unknown_tenant_is_an_error(self, store: Store) -> None:
        with pytest.raises(TenantNotFound, match="'x'"):
            store.tenants.get("x")

    def test_a_catalogue_does_not_change_its_kind(self, store: Store) -> None:
        store.tenants.register("a", NOON)
        with pytest.raises(InputError, match="the shared catalogue"):
            store.tenants.register("a", NOON, private=True)
        assert not store.tenants.get("a").private

    @pytest.mark.parametrize("name", ["", " ", "a\0", "a\nb", "x" * 65, "\u202eabc", "\ud800"])
    def test_a_name_can_be_seen(self, store: Store, name: str) -> None:
        with pytest.raises(InputError, match="tenant name"):
            store.tenants.register(name, NOON)


class ApiKeyLaws:
    """``ApiKeys``."""

    def test_every_field_comes_back(self, store: Store) -> None:
        assert not store.api_keys.exist()
        store.api_keys.add(KEY)
        assert store.api_keys.exist()
        assert store.api_keys.get("k1") == KEY
        assert store.api_keys.find(["other", "d1"]) == KEY
        assert store.api_keys.find(["other"]) is None
        assert store.api_keys.get("k2") is None

    def test_revoking_is_for_good_and_keeps_the_row(self, store: Store) -> None:
        store.api_keys.add(KEY)
        assert store.api_keys.revoke("k1", AT)
        assert not store.api_keys.revoke("k1", "2026-05-07T12:00:00+00:00")
        assert not store.api_keys.revoke("k2", AT)
        assert store.api_keys.get("k1") == replace(KEY, revoked_at=AT)
        assert store.api_keys.exist()

    def test_they_are_listed_by_tenant(self, store: Store) -> None:
        keys = [
            replace(KEY, key_id=f"k{place}", digest=f"d{place}", tenant=tenant, created_at=at)
            for place, (tenant, at) in enumerate([("乙", "3"), ("", "2"), ("甲", "1"), ("甲", "0")])
        ]
        for key in keys:
            store.api_keys.add(key)
        assert [key.key_id for key in store.api_keys.listed()] == ["k3", "k2", "k1", "k0"]
        assert [key.key_id for key in store.api_keys.listed("甲")] == ["k3", "k2"]
        assert [key.key_id for key in store.api_keys.listed("")] == ["k1"]

    def test_the_latest_use_is_kept_and_the_digest_follows_the_secret(self, store: Store) -> None:
        store.api_keys.add(KEY)
        store.api_keys.used([KeyUse("k1", "2026-05-08", "d1", "s1")])
        store.api_keys.used([KeyUse("k1", "2026-05-07", "d2", "s2"), KeyUse("gone", "x", "y", "z")])
        moved = replace(KEY, last_used_at="2026-05-08", digest="d2", secret_id="s2")
        assert store.api_keys.get("k1") == moved
        assert store.api_keys.find(["d1"]) is None


class TenantStoreLaws:
    """``TenantStore``: own over shared, and nothing of another's."""

    def test_a_firm_of_its_own_is_seen_by_nobody_else(self, store: Store, tenant: Opener) -> None:
        one, other = tenant("one"), tenant("other")
        one.firms.upsert([FIRM])
        assert one.firms.get(FIRM.uscc) == FIRM
        for blind in (other, store):
            with pytest.raises(FirmNotFound):
                blind.firms.get(FIRM.uscc)
            assert blind.firms.existing([FIRM.uscc]) == set()
            assert list(blind.firms.iterate()) == []
            assert blind.firms.count() == 0

    def test_both_may_have_the_same_firm_in_their_own_words(
        self, store: Store, tenant: Opener
    ) -> None:
        one, other = tenant("one"), tenant("other")
        ours, theirs = replace(FIRM, name="我们的"), replace(FIRM, name="他们的")
        store.firms.upsert([FIRM, replace(FIRM, uscc=Uscc("0"), name="共有")])
        assert one.firms.get(FIRM.uscc) == FIRM
        one.firms.upsert([ours])
        other.firms.upsert([theirs, replace(FIRM, uscc=Uscc("Z"))])
        assert one.firms.get(FIRM.uscc) == ours
        assert other.firms.get(FIRM.uscc) == theirs
        assert store.firms.get(FIRM.uscc) == FIRM
        assert [(f.uscc, f.name) for f in one.firms.iterate()] == [
            ("0", "共有"),
            (FIRM.uscc, "我们的"),
        ]
        assert [f.uscc for f in other.firms.iterate()] == ["0", FIRM.uscc, "Z"]
        assert (one.firms.count(), other.firms.count(), store.firms.count()) == (2, 3, 2)
        assert one.firms.remove([FIRM.uscc]) == 1
        assert one.firms.get(FIRM.uscc) == FIRM
        assert one.firms.remove([FIRM.uscc]) == 0

    def test_stamps_follow_both(self, store: Store, tenant: Opener) -> None:
        one = tenant("one")
        seen = {one.firms.stamp()}
        store.firms.upsert([FIRM])
        seen.add(one.firms.stamp())
        one.firms.upsert([FIRM])
        seen.add(one.firms.stamp())
        assert len(seen) == 3

    def test_demands_overlay_by_id(self, store: Store, tenant: Opener) -> None:
        one, other = tenant("one"), tenant("other")
        late = replace(DEMAND, demand_id=DemandId("D0"), posted_on=None)
        store.demands.upsert([DEMAND, late])
        own = replace(DEMAND, demand_id=DemandId("D2"), title="自有", posted_on=DEMAND.posted_on)
        moved = replace(DEMAND, uscc=Uscc("elsewhere"))
        one.demands.upsert([own, moved])
        assert [d.demand_id for d in one.demands.of_firm(FIRM.uscc)] == ["D2", "D0"]
        assert one.demands.of_firm(Uscc("elsewhere")) == (moved,)
        assert one.demands.get(moved.demand_id) == moved
        assert [d.demand_id for d in one.demands.iterate()] == ["D0", "D1", "D2"]
        assert one.demands.count() == 3
        assert other.demands.of_firm(FIRM.uscc) == (DEMAND, late)
        assert store.demands.get(DEMAND.demand_id) == DEMAND
        with pytest.raises(DemandNotFound):
            other.demands.get(own.demand_id)

    def test_relations_are_united_and_may_name_what_is_shared(
        self, store: Store, tenant: Opener
    ) -> None:
        one, other = tenant("one"), tenant("other")
        store.firms.upsert([FIRM])
        store.patents.upsert([FULL, replace(FULL, patent_id=PatentId("A"))])
        shared = relation(FIRM.uscc, FULL.patent_id)
        store.relations.upsert([shared])
        own = relation(FIRM.uscc, "A")
        one.firms.upsert([replace(FIRM, uscc=Uscc("own"))])
        alone = relation("own", FULL.patent_id, RelationKind.LICENSED)
        one.relations.upsert([own, alone, shared])
        assert one.relations.of_firm(FIRM.uscc) == (own, shared)
        assert one.relations.of_firms([FIRM.uscc, Uscc("own"), Uscc("x")]) == {
            FIRM.uscc: (own, shared),
            "own": (alone,),
        }
        assert one.relations.of_patent(FULL.patent_id) == (shared, alone)
        assert list(one.relations.iterate()) == [own, shared, alone]
        assert list(one.relations.iterate(RelationKind.LICENSED)) == [alone]
        assert one.relations.count() == 3
        assert list(other.relations.iterate()) == list(store.relations.iterate()) == [shared]

    def test_lists_and_feedback_are_its_own(self, store: Store, tenant: Opener) -> None:
        one, other = tenant("one"), tenant("other")
        one.feedback.record_list(LIST)
        assert one.feedback.append([event("e1")]) == 1
        for blind in (other, store):
            with pytest.raises(ListNotFound):
                blind.feedback.slots_of(ListId(LIST.list_id))
            assert blind.feedback.count() == 0
            assert blind.feedback.of_firm(Uscc("f")) == ()
        # The same event id with other content: theirs, and no conflict tells of ours.
        assert other.feedback.append([event("e1", slot=2)]) == 1

    def test_patents_are_the_shared_ones(self, store: Store, tenant: Opener) -> None:
        one = tenant("one")
        one.writer_of("patents").patents.upsert([FULL])
        assert tenant("other").patents.get(FULL.patent_id) == FULL
        assert one.writer_of("firms") is one
        assert store.writer_of("firms") is store.writer_of("patents") is store

    def test_a_transaction_that_fails_leaves_nothing(self, tenant: Opener) -> None:
        one = tenant("one")

        def half() -> None:
            with one.transaction():
                one.firms.upsert([FIRM])
                one.feedback.record_list(LIST)
                raise ZeroDivisionError

        with pytest.raises(ZeroDivisionError):
            half()
        assert one.firms.count() == 0
        with pytest.raises(ListNotFound):
            one.feedback.subject_of(LIST.list_id)

    def test_a_pool_s_connections_forget_the_tenant(self, store: Store, tenant: Opener) -> None:
        one = tenant("one")
        one.firms.upsert([FIRM])
        for _ in range(40):  # more than a pool keeps: each connection was a tenant's before
            assert one.firms.existing([FIRM.uscc])
            assert not store.firms.existing([FIRM.uscc])
