"""One firm or one person: all of it given out, all of it erased, in every store of a home."""

from __future__ import annotations

import json
import shutil
import sqlite3
import zlib
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from matcher.types import (
    Demand,
    DemandId,
    FeedbackEvent,
    FeedbackKind,
    Firm,
    ListId,
    PatentId,
    Relation,
    RelationKind,
    Uscc,
)
from service.bootstrap import Home, open_home
from service.cli import run
from service.config import Settings
from service.privacy.data_map import columns_of, data_map
from service.store.audit_tables import held_subjects
from service.store.contacts import Contact
from service.store.engine import Store
from service.store.schema import metadata
from service.tenancy import Tenancy

FIRM, OTHER = Uscc("91330108PH9YJRY21R"), Uscc("91330100MA2GKXXX1Y")
PERSON, PHONE = "独有名字", "13912345678"
NOW = datetime.now(UTC)
Said = pytest.CaptureFixture[str]


def fill(store: Store, patent: PatentId, *, catalogue: bool) -> None:
    """Write rows that name the firm and the person into every table that the map says may."""
    store.firms.upsert([Firm(FIRM, name="甲厂"), Firm(OTHER, name="乙厂")])
    store.demands.upsert([Demand(DemandId("D1"), "标题", f"请电 {PHONE} 找{PERSON}", uscc=FIRM)])
    store.demands.upsert([Demand(DemandId("D2"), "标题", f"请电 {PHONE} 找{PERSON}", uscc=OTHER)])
    store.relations.upsert([Relation(FIRM, patent, RelationKind.OWNS)])
    for number, uscc in enumerate((FIRM, OTHER)):
        event = FeedbackEvent(
            event_id=f"e{number}", list_id=ListId(f"L{uscc}"), slot=1, patent_id=patent, uscc=uscc,
            kind=FeedbackKind.DIRECTED_NEED, at=NOW, text=f"找 {PERSON}，{PHONE}",
        )  # fmt: skip
        store.feedback.append([event])
    if catalogue:
        store.contacts.put([Contact(patent, f"{PERSON}；旁人", PERSON, PHONE)])
    with store.database.transaction() as connection:
        for name, row in _rows().items():
            for uscc in (FIRM, OTHER):
                table = metadata.tables[name]
                told = {key: _told(value, uscc) for key, value in row.items()}
                connection.execute(sa.insert(table), told)


def _told(value: Any, uscc: str) -> Any:
    if isinstance(value, str):
        return value.replace("USCC", uscc).replace("TAIL", uscc[-4:])
    return (
        zlib.compress(value.replace(b"USCC", uscc.encode())) if isinstance(value, bytes) else value
    )


def _rows() -> dict[str, dict[str, Any]]:
    at = NOW.isoformat(timespec="microseconds")
    return {
        "recommendation_lists": {"list_id": "LUSCC", "subject": "USCC", "made_at": at},
        "list_slots": {"list_id": "LUSCC", "slot": 1, "item_id": "P", "score": 1.0},
        "list_snapshots": {"list_id": "LUSCC", "offered": b"USCC", "made_at": at},
        "push_items": {"round_id": "R", "uscc": "USCC", "rank": 1, "score": 1.0, "worth": 1.0,
                       "propensity": 1.0},
        "push_messages": {"message_id": "MUSCC", "round_id": "R", "uscc": "USCC", "channel": "c",
                          "state": "pending", "last_error": f"said {PHONE}"},
        "push_receipts": {"message_id": "MUSCC", "attempt": 1, "detail": f"from {PHONE}"},
        "push_inbox": {"message_id": "MUSCC", "round_id": "R", "uscc": "USCC", "channel": "c"},
        "kept_answers": {"caller": "firm:USCC:", "route": "r", "key_digest": "USCC",
                         "body": f"USCC {PHONE}".encode(), "created_at": at},
        "import_jobs": {"job_id": "jTAIL", "file_name": f"{PERSON}.csv",
                        "report": f'{{"value": "USCC {PHONE}"}}', "state": "done"},
    }  # fmt: skip


@pytest.fixture
def home(lsa_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = Path(shutil.copytree(lsa_home, tmp_path / "home"))
    shutil.rmtree(folder / "index")
    monkeypatch.setenv("PANHUO_HOME", str(folder))
    run(["keys", "create", "--tenant", "甲", "--scope", "recommend:read"])
    with open_home(Settings(home=folder)) as opened:
        patent = next(iter(opened.store.patents.iterate())).patent_id
        with_tenant(opened, patent)
    run(["contacts", "allow", "某校", FIRM])
    return folder


def with_tenant(home: Home, patent: PatentId) -> None:
    with home.store.database.transaction() as connection:
        connection.execute(sa.delete(metadata.tables["relations"]))
    fill(home.store, patent, catalogue=True)
    tenancy = Tenancy(home)
    fill(tenancy.store_of("甲"), patent, catalogue=False)
    tenancy.close()


def texts(folder: Path) -> str:
    """Return every value of every database of the home, unpacked, but for what is held."""
    found = []
    for file in [folder / "panhuo.db", *folder.glob("tenants/*/panhuo.db")]:
        connection = sqlite3.connect(file)
        for table in metadata.sorted_tables:
            held = columns_of(table.name, "held")
            for row in connection.execute(f"SELECT * FROM {table.name}"):
                for column, value in zip(table.c, row, strict=True):
                    if column.name not in held and value is not None:
                        found.append(_plain(value))
        connection.close()
    return "\n".join(found)


def _plain(value: Any) -> str:
    if isinstance(value, bytes):
        try:
            value = zlib.decompress(value)
        except zlib.error:
            return repr(value)
        return value.decode("utf-8", "replace")
    return str(value)


def told(capsys: Said, *arguments: str, code: int = 0) -> Any:
    capsys.readouterr()
    assert run(list(arguments)) == code
    return json.loads(capsys.readouterr().out)


def test_the_rows_of_this_test_stand_in_every_table_that_may_name_a_firm(home: Path) -> None:
    named = {one.table for one in data_map().values() if one.kind == "firm"}
    filled = set(_rows()) | {"firms", "demands", "relations", "feedback_events"}
    assert named - filled <= {"catalogue_changes"} | {
        one for one in named if one.startswith("webhook")
    }


def test_export_has_everything_of_a_firm_and_nothing_of_another(home: Path, tmp_path: Path) -> None:
    out = tmp_path / "firm.json"
    assert run(["privacy", "export", "--firm", FIRM, "--out", str(out)]) == 0
    content = json.loads(out.read_text("utf-8"))
    assert set(content["stores"]) == {"operator", "甲"}
    for name, tables in content["stores"].items():
        expected = set(_rows()) | {"firms", "demands", "relations", "feedback_events"}
        assert expected <= set(tables), name
        whole = [row for table in tables.values() for row in table.get("rows", ())]
        assert OTHER not in json.dumps(whole, ensure_ascii=False)


def test_a_firm_is_erased_from_every_table_and_every_byte(home: Path, capsys: Said) -> None:
    before = texts(home)
    assert FIRM in before
    found = told(capsys, "privacy", "erase", "--firm", FIRM, "--json")
    assert (found["erased"], texts(home).count(FIRM)) == (False, before.count(FIRM))
    found = told(capsys, "privacy", "erase", "--firm", FIRM, "--yes", "--json")
    assert found["left"] == []
    assert set(found["stores"]) == {"operator", "甲"}
    after = texts(home).replace(f"firms/{FIRM}", "")
    changed = [line for line in after.splitlines() if FIRM in line]
    assert set(changed) <= {FIRM}, "only the log of changes tells that it is gone"
    assert OTHER in after
    for file in [home / "panhuo.db", *home.glob("tenants/*/panhuo.db")]:
        with sqlite3.connect(file) as connection:
            assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
            assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
        connection.close()
    again = told(capsys, "privacy", "erase", "--firm", FIRM, "--json")
    rest = {table for tables in again["stores"].values() for table in tables}
    assert rest <= {"audit_rows", "catalogue_changes"}


def test_a_person_is_erased_and_those_beside_stay(home: Path, capsys: Said) -> None:
    found = told(
        capsys, "privacy", "erase", "--person", PERSON, "--phone", PHONE, "--yes", "--json"
    )
    assert found["stores"]["operator"]["contacts"] == 1
    after = texts(home)
    assert PERSON not in after
    assert PHONE not in after
    with open_home(Settings(home=home)) as opened:
        (contact,) = [one for one in opened.store.contacts.iterate() if one.inventors == "旁人"]
        assert (contact.person, contact.phone) == ("", "")
        demand = opened.store.demands.many([DemandId("D1")])[DemandId("D1")]
        assert demand.text == "请电 ••• 找•••"
        assert len(list(opened.store.feedback.iterate())) == 2
    raw = b"".join(path.read_bytes() for path in home.rglob("panhuo.db*"))
    assert PERSON.encode() not in raw
    assert PHONE.encode() not in raw


def test_what_the_law_holds_is_stored_only(home: Path, capsys: Said) -> None:
    rows = told(capsys, "audit", "show", "-n", "100", "--json")["rows"]
    assert any(FIRM in str(row) for row in rows)
    told(capsys, "privacy", "erase", "--firm", FIRM, "--yes", "--json")
    rows = told(capsys, "audit", "show", "-n", "100", "--json")["rows"]
    assert FIRM not in str(rows)
    assert {"held": "stored only"} in [row["detail"] for row in rows]
    assert told(capsys, "audit", "verify", "--json")["good"]
    with open_home(Settings(home=home)) as opened, opened.store.database.reading() as connection:
        (held,) = connection.execute(sa.select(held_subjects)).mappings().all()
    assert FIRM not in str(dict(held))
    assert datetime.fromisoformat(held["until"]) - NOW > timedelta(days=179)


def test_files_that_name_a_firm_are_deleted_or_told(home: Path, capsys: Said) -> None:
    job = home / "imports" / ("a" * 32)
    job.mkdir(parents=True)
    import xlsxwriter

    with xlsxwriter.Workbook(job / "errors.xlsx") as book:
        book.add_worksheet().write(0, 0, FIRM)
    (job / "upload.csv").write_text(f"uscc\n{FIRM}\n", "gb18030")
    found = told(capsys, "privacy", "erase", "--firm", FIRM, "--yes", "--json", code=1)
    assert found["deleted"] == [f"imports/{'a' * 32}/errors.xlsx"]
    assert [one["file"] for one in found["left"]] == [f"imports/{'a' * 32}/upload.csv"]
    assert "job has ended" in found["left"][0]["goes"]


@pytest.mark.parametrize(
    "arguments", [[], ["--firm", FIRM, "--person", "某人"], ["--person", "王"]]
)
def test_a_subject_that_is_none_is_refused(home: Path, arguments: list[str], capsys: Said) -> None:
    assert run(["privacy", "erase", *arguments, "--yes"]) == 1
    assert "found no subject" in capsys.readouterr().err


def test_a_tenant_does_not_erase_for_all(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PANHUO_TENANT", "甲")
    assert run(["privacy", "erase", "--firm", FIRM, "--yes"]) == 1
