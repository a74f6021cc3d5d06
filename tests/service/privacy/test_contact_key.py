"""Contacts at rest: never plain, bound to their place, and under keys that can be changed."""

from __future__ import annotations

import logging
import shutil
import sqlite3
import stat
from pathlib import Path

import pytest
import sqlalchemy as sa

from matcher.types import Patent, PatentId
from service.bootstrap import open_home
from service.cli import run
from service.config import Settings
from service.privacy.contact_key import FILE, MARK, ContactKeys, ContactKeyUnusable
from service.store.contacts import Contact
from service.store.engine import Store
from service.store.stock_tables import contacts

OLD, NEW = "an old key of thirty-two characters and more", "a new key of thirty-two characters, no!"
NEW = NEW.replace(",", "")
PHONE = "13800138000"
ONE = Contact(PatentId("CN1"), "王小明；李四", "张老师", PHONE)


def stored(store: Store) -> str:
    with store.database.reading() as connection:
        return str(connection.execute(sa.select(contacts)).all())


def test_nothing_of_a_person_stands_in_the_database(store: Store) -> None:
    store.patents.put([Patent(PatentId("CN1"), title="x")])
    store.contacts.put([ONE])
    text = stored(store)
    assert all(word not in text for word in ("王小明", "李四", "张老师", PHONE))
    assert text.count(MARK) == 3
    assert store.contacts.many([PatentId("CN1")]) == {PatentId("CN1"): ONE}
    assert list(store.contacts.iterate()) == [ONE]


def test_the_same_again_changes_nothing(store: Store) -> None:
    store.patents.put([Patent(PatentId("CN1"), title="x")])
    assert store.contacts.put([ONE]).counts.new == 1
    before = stored(store)
    assert store.contacts.put([ONE]).counts.unchanged == 1
    assert stored(store) == before


def test_a_text_cannot_be_moved_to_another_patent_nor_changed(store: Store) -> None:
    keys = ContactKeys(Path(), OLD)
    sealed = keys.seal(PHONE, "CN1/phone")
    assert keys.open(sealed, "CN1/phone") == PHONE
    for wrong, place in (
        (sealed, "CN2/phone"),
        (sealed, "CN1/person"),
        (flipped(sealed), "CN1/phone"),
    ):
        with pytest.raises(ContactKeyUnusable, match="changed, or moved"):
            keys.open(wrong, place)
    assert keys.seal(PHONE, "CN1/phone") != sealed


def flipped(text: str) -> str:
    return text[:-4] + ("A" if text[-4] != "A" else "B") + text[-3:]


def test_keys_are_changed_one_after_the_other(store: Store) -> None:
    store.patents.put([Patent(PatentId("CN1"), title="x")])
    store.contacts.keys = ContactKeys(Path(), OLD)
    store.contacts.put([ONE])
    store.contacts.keys = ContactKeys(Path(), f"{NEW},{OLD}")
    assert list(store.contacts.iterate()) == [ONE]
    assert store.contacts.reseal() == 1
    assert store.contacts.reseal() == 0
    store.contacts.keys = ContactKeys(Path(), NEW)
    assert list(store.contacts.iterate()) == [ONE]
    assert store.contacts.put([ONE]).counts.unchanged == 1
    store.contacts.keys = ContactKeys(Path(), OLD)
    with pytest.raises(ContactKeyUnusable, match="not known"):
        list(store.contacts.iterate())


def test_a_store_without_a_key_takes_no_contact(store: Store) -> None:
    store.patents.put([Patent(PatentId("CN1"), title="x")])
    bare = Store(store.database)
    with pytest.raises(ContactKeyUnusable, match="never stored as plain text"):
        bare.contacts.put([ONE])
    assert stored(store) == "[]"


@pytest.mark.parametrize("setting", ["short", f"{OLD},short", "," * 3])
def test_a_key_that_is_none_is_refused_without_telling_it(setting: str) -> None:
    with pytest.raises(ContactKeyUnusable) as caught:
        ContactKeys(Path(), setting)
    assert OLD not in str(caught.value)


def test_without_a_setting_the_home_has_a_key_that_only_its_owner_reads(tmp_path: Path) -> None:
    keys = ContactKeys(tmp_path, "")
    sealed = keys.seal(PHONE, "p")
    assert stat.S_IMODE((tmp_path / FILE).stat().st_mode) == 0o600
    assert ContactKeys(tmp_path, "").open(sealed, "p") == PHONE
    (tmp_path / FILE).chmod(0o644)
    with pytest.raises(ContactKeyUnusable, match="chmod 600"):
        ContactKeys(tmp_path, "").open(sealed, "p")


def test_what_an_older_release_stored_plain_is_encrypted_when_the_home_is_opened(
    lsa_home: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    home = Path(shutil.copytree(lsa_home, tmp_path / "home"))
    with sqlite3.connect(home / "panhuo.db") as connection:
        (patent,) = connection.execute("SELECT patent_id FROM patents LIMIT 1").fetchone()
        row = (patent, "王小明独有", "张老师独有", PHONE, "0" * 32)
        connection.execute("INSERT OR REPLACE INTO contacts VALUES (?, ?, ?, ?, ?)", row)
        connection.execute("DELETE FROM state WHERE name = 'contacts-sealed'")
    connection.close()
    with caplog.at_level(logging.WARNING), open_home(Settings(home=home)) as opened:
        found = opened.store.contacts.many([PatentId(patent)])[PatentId(patent)]
        assert (found.person, found.phone) == ("张老师独有", PHONE)
        assert not opened.store.contacts.plain()
    assert "encrypted" in caplog.text
    raw = b"".join(path.read_bytes() for path in home.glob("panhuo.db*"))
    assert "张老师独有".encode() not in raw
    assert PHONE.encode() not in raw


def test_rekey_as_an_operator_types_it(
    lsa_home: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    home = Path(shutil.copytree(lsa_home, tmp_path / "home"))
    monkeypatch.setenv("PANHUO_HOME", str(home))
    with open_home(Settings(home=home)) as opened:
        patent = next(iter(opened.store.patents.iterate())).patent_id
        opened.store.contacts.put([Contact(patent, phone=PHONE)])
        file_key = (home / FILE).read_text().strip()
    monkeypatch.setenv("PANHUO_CONTACT_KEY", f"{NEW},{file_key}")
    assert run(["privacy", "rekey"]) == 0
    assert "contacts encrypted" in capsys.readouterr().out
    monkeypatch.setenv("PANHUO_CONTACT_KEY", NEW)
    with open_home() as opened:
        assert opened.store.contacts.many([patent])[patent].phone == PHONE
