"""The 盘活 workbook: import, export, import again is the identity on every field it has."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from matcher.types import PatentId
from service.export.template import write_template
from service.export.template_choice import TemplateChoice, chosen
from service.export.template_fill import Told, filled_rows
from service.ingest import codes
from service.ingest.importer import import_files
from service.privacy.contact_key import ContactKeys
from service.store.contacts import Contact
from service.store.declarations import Declaration, Implementation, Willingness
from service.store.engine import Store, open_store
from service.store.keys import check_digit
from service.store.migrate import upgrade
from tests.contracts.store_fixtures import CONTACT_KEY

# What people type: no blanks at the ends, no control characters; signs that begin formulas too.
TEXT = st.text(
    st.sampled_from("电机泵阀，。；、,;|/\"'=+-@＝＋－＠ \n甲AB9（）%：#"), max_size=12
).map(str.strip)
AMOUNT = st.sampled_from(["", "5", "12.5", "184", "面议", "0.05"])


def _details(lists: Any) -> st.SearchStrategy[tuple[str, str]]:
    def second(first: str) -> st.SearchStrategy[tuple[str, str]]:
        words = [word for word in lists[first] if not codes.is_custom(word)]
        kept = [word for word in words if word != codes.NO_DETAIL]
        return st.tuples(st.just(first), st.sampled_from(["", "自拟合作", *kept]))

    firsts = [word for word in lists if not codes.is_custom(word)]
    return st.sampled_from(firsts).flatmap(second)


def _implementation(parts: tuple[str, str], outcome: str, note: str) -> Implementation:
    return Implementation(*parts, outcome, note)


def _willingness(parts: tuple[str, str], fee: str, cities: str, firms: str) -> Willingness:
    return Willingness(*parts, fee, cities, firms)


IMPLEMENTATIONS = st.lists(
    st.builds(_implementation, _details(codes.IMPLEMENTATION_STATES), AMOUNT, TEXT), max_size=4
).map(tuple)
WILLINGNESS = st.lists(
    st.builds(
        _willingness,
        _details(codes.WILLINGNESS),
        AMOUNT,
        st.sampled_from(["", "浙江省-杭州市,江苏省-苏州市"]),
        st.sampled_from(["", "甲有限公司,乙有限公司"]),
    ),
    max_size=4,
).map(tuple)


def _number(serial: int) -> str:
    digits = f"20171{serial:07}"
    return f"CN{digits}.{check_digit(digits)}"


DECLARED = st.builds(
    Declaration,
    patent_id=st.just(PatentId("")),
    title=st.sampled_from(["一种电机", "=水泵", "＋轴承\n及其制法"]),
    legal_status=st.sampled_from(["", "有效", "审中", "失效"]),
    years_in_force=st.sampled_from(["", "0", "8", "12"]),
    college=TEXT.filter(lambda text: text not in {"-", "/"}),
    funded=st.sampled_from(["", *codes.YES_NO]),
    implementations=IMPLEMENTATIONS,
    willingness=WILLINGNESS,
    price_band=st.sampled_from(["", *codes.PRICE_BANDS]),
    maturity=st.sampled_from(["", *codes.MATURITIES]),
    self_grade=st.sampled_from(["", *codes.GRADES]),
    advantages=TEXT,
    industry=st.sampled_from(["", "-", "C3812"]),
    prospect=TEXT,
    emerging_industry=st.sampled_from(["", "人工智能", "-"]),
    field_ipc=st.sampled_from(["", "H02K1/00"]),
    group_name=st.sampled_from(["", "电机组合"]),
    group_members=st.sampled_from([(), (_number(1),), (_number(1), _number(2))]),
    group_description=TEXT,
)
CONTACTS = st.builds(
    Contact,
    patent_id=st.just(PatentId("")),
    inventors=st.sampled_from(["", "张三;李四", "=王五"]),
    person=st.sampled_from(["", "赵六"]),
    phone=st.sampled_from(["", "0571-00000000", "013800000000", "+86 571 0"]),
)


def _written(store: Store, path: Path) -> None:
    told = Told()
    found = chosen(store, TemplateChoice())
    write_template(path, filled_rows(store, found, store.contacts.many, told))


def _fresh(folder: str, name: str) -> Store:
    store = open_store(f"sqlite:///{folder}/{name}.db")
    upgrade(store)
    store.contacts.keys = ContactKeys(Path(), CONTACT_KEY)
    return store


def _all(store: Store) -> list[Any]:
    keys = [patent.patent_id for patent in store.patents.iterate()]
    declared = store.declarations.many(keys)
    return [
        [replace(declared[key], source_file="", checked_on=None) for key in keys],
        store.contacts.many(keys),
        [replace(patent, checked_on=None) for patent in store.patents.iterate()],
        list(store.groups.iterate()),
    ]


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.tuples(DECLARED, CONTACTS), min_size=1, max_size=4))
def test_import_export_import_is_the_identity(rows: list[tuple[Declaration, Contact]]) -> None:
    from matcher.types import Patent

    with tempfile.TemporaryDirectory() as folder:
        first, second = Path(folder) / "a.xlsx", Path(folder) / "b.xlsx"
        with _fresh(folder, "source") as source:
            for at, (declared, contact) in enumerate(rows, start=1):
                key = PatentId(_number(at))
                source.patents.upsert([Patent(key, declared.title, key)])
                one = replace(declared, patent_id=key, sequence=at, source_file="a.xlsx")
                source.declarations.put([one])
                source.contacts.put([replace(contact, patent_id=key)])
            _written(source, first)
            keys = [PatentId(_number(at)) for at in range(1, len(rows) + 1)]
            expected = source.declarations.many(keys)
        with _fresh(folder, "one") as one_store, _fresh(folder, "two") as two_store:
            for store, path in ((one_store, first), (two_store, second)):
                (report,) = import_files(store, "patents", [path]).files
                assert report.failure is None
                assert (report.refused, report.records) == (0, len(rows))
                if store is one_store:
                    _written(store, second)
                    (again,) = import_files(store, "patents", [second]).files
                    assert again.counts.unchanged == len(rows)
            assert _all(one_store) == _all(two_store)
            found = one_store.declarations.many(keys)
            for key in keys:
                plain = replace(found[key], source_file="", checked_on=None)
                assert plain == replace(expected[key], source_file="", checked_on=None)
