"""Patents in the database: ``PatentReader`` and the writer."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from matcher.errors import PatentNotFound
from matcher.types import (
    HolderKind,
    LegalEvent,
    LegalStatus,
    Patent,
    PatentId,
    PatentKind,
    StopState,
)
from service.store.database import Database
from service.store.delisting import PatentWatch
from service.store.keys import application_key, publication_key
from service.store.pages import list_text, list_values, pages
from service.store.stamps import content_hash, read_stamp, stamp_text
from service.store.stock_tables import contacts, declarations, patent_history, patent_statuses
from service.store.tables import patents, relations
from service.store.upsert import Outcome, UpsertCounts, chunks, put, remove

_FIELDS = tuple(
    column for column in patents.c if column.name not in {"field_dates", "content_hash"}
)
_SELECT = sa.select(*_FIELDS)
_KINDS = {kind.value: kind for kind in PatentKind}
_LEGAL = {status.value: status for status in LegalStatus}
_STOPS = {stop.value: stop for stop in StopState}
_HOLDERS = {kind.value: kind for kind in HolderKind}
_OUTLINE = (
    *("patent_id", "kind", "filing_date", "legal_status", "holder", "holder_kind"),
    *("holder_province", "holder_city", "maturity", "open_licence", "price_band", "expires_on"),
)


class Patents:
    """The patents of the catalogue; implements ``matcher.ports.PatentReader``."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def get(self, patent_id: PatentId) -> Patent:
        """Return the patent; raise ``PatentNotFound``."""
        found = self.many([patent_id])
        if patent_id not in found:
            raise PatentNotFound(patent_id)
        return found[patent_id]

    def resolve(self, text: str) -> PatentId:
        """Return the id for an id, application or publication number as people write it.

        Raises ``PatentNotFound`` where nothing matches.
        """
        found = self.resolve_many([text])
        if text not in found:
            raise PatentNotFound(text)
        return found[text]

    def resolve_many(self, texts: Sequence[str]) -> dict[str, PatentId]:
        """Return text → id for those texts that name a patent.

        An id counts before an application number, that before a publication number; of several
        patents with one number the first id counts.
        """
        found: dict[str, PatentId] = {}
        with self._database.reading() as connection:
            for column, spelled in (
                (patents.c.patent_id, str.strip),
                (patents.c.application_no, application_key),
                (patents.c.patent_id, application_key),
                (patents.c.publication_no, publication_key),
                (patents.c.grant_no, publication_key),
                (patents.c.patent_id, publication_key),
            ):
                keys = {text: spelled(text) for text in texts if text not in found}
                ids = _ids_by(connection, column, {key for key in keys.values() if key})
                found |= {text: ids[key] for text, key in keys.items() if key in ids}
        return found

    def ids_of(self, column: str, values: Iterable[str]) -> dict[str, PatentId]:
        """Return value → id for the values that stand in ``column`` (a number, as spelled)."""
        with self._database.reading() as connection:
            return _ids_by(connection, patents.c[column], set(values) - {""})

    def many(self, patent_ids: Sequence[PatentId]) -> dict[PatentId, Patent]:
        """Return those that exist, keyed by id."""
        found = {}
        with self._database.reading() as connection:
            for chunk in chunks(patent_ids):
                for row in connection.execute(_SELECT.where(patents.c.patent_id.in_(chunk))):
                    found[PatentId(row[0])] = _patent(row)
        return found

    def field_dates(self, patent_ids: Sequence[PatentId]) -> dict[PatentId, str]:
        """Return id → what ``upsert`` was given as the dates of the patent's fields."""
        return self._text_of(patents.c.field_dates, patent_ids)

    def hashes(self, patent_ids: Sequence[PatentId]) -> dict[PatentId, str]:
        """Return id → content hash of those that exist, as ``patent_hash`` makes it."""
        return self._text_of(patents.c.content_hash, patent_ids)

    def _text_of(
        self, column: sa.Column[Any], patent_ids: Sequence[PatentId]
    ) -> dict[PatentId, str]:
        query = sa.select(patents.c.patent_id, column)
        found = {}
        with self._database.reading() as connection:
            for chunk in chunks(patent_ids):
                for row in connection.execute(query.where(patents.c.patent_id.in_(chunk))):
                    found[PatentId(row[0])] = str(row[1])
        return found

    def iterate(self) -> Iterator[Patent]:
        """Yield every patent in the order of ids (byte order), in pages."""
        return map(_patent, pages(self._database, _SELECT, (patents.c.patent_id,)))

    def outlines(self) -> Iterator[Patent]:
        """Yield every patent without its texts, lists and numbers: what filters look at alone."""
        query = sa.select(*(patents.c[name] for name in _OUTLINE))
        rows = pages(self._database, query, (patents.c.patent_id,))
        return (_outline(row) for row in rows)

    def count(self) -> int:
        """Return how many patents the catalogue holds."""
        with self._database.reading() as connection:
            return read_stamp(connection, "patents")[0]

    def stamp(self) -> str:
        """Return a short text that changes when any patent is added, changed or removed."""
        with self._database.reading() as connection:
            return stamp_text(connection, "patents")

    def upsert(
        self, rows: Iterable[Patent], field_dates: Mapping[PatentId, str] | None = None
    ) -> UpsertCounts:
        """Store the patents as ``put`` does and return the counts alone."""
        return self.put(rows, field_dates).counts

    def put(
        self, rows: Iterable[Patent], field_dates: Mapping[PatentId, str] | None = None
    ) -> Outcome:
        """Store the patents as they are, replacing those of the same id; say what changed.

        ``field_dates`` is the importer's note on how new each field is (``ingest/merge.py``); a
        patent stored without one loses its note.
        """
        notes = field_dates or {}
        with self._database.transaction() as connection:
            watch = PatentWatch(connection)
            passing = (_row(one, notes.get(one.patent_id, "")) for one in watch.passing(rows))
            outcome = put(self._database, patents, passing)
            watch.tell()
        return outcome

    def remove(self, patent_ids: Iterable[PatentId]) -> int:
        """Delete the patents with all that hangs on them; return how many patents there were."""
        ids = list(patent_ids)
        with self._database.transaction() as connection:
            watch = PatentWatch(connection)
            watch.removing(ids)
            watch.tell()
            for chunk in chunks(ids):
                for table in (declarations, patent_statuses, contacts, patent_history):
                    connection.execute(sa.delete(table).where(table.c.patent_id.in_(chunk)))
                linked = sa.select(*relations.primary_key).where(relations.c.patent_id.in_(chunk))
                keys = [tuple(row) for row in connection.execute(linked)]
                remove(self._database, relations, keys)
            return remove(self._database, patents, [(str(key),) for key in ids])


def patent_hash(patent: Patent, field_dates: str = "") -> str:
    """Return the hash under which the patent is compared."""
    text: str = _row(patent, field_dates)["content_hash"]
    return text


def _ids_by(
    connection: sa.Connection, column: sa.Column[str], values: set[str]
) -> dict[str, PatentId]:
    query = sa.select(column, sa.func.min(patents.c.patent_id)).group_by(column)
    found = {}
    for chunk in chunks(sorted(values)):
        for row in connection.execute(query.where(column.in_(chunk))):
            found[str(row[0])] = PatentId(row[1])
    return found


def _row(patent: Patent, field_dates: str) -> dict[str, Any]:
    row: dict[str, Any] = {
        "patent_id": patent.patent_id,
        "title": patent.title,
        "application_no": patent.application_no,
        "publication_no": patent.publication_no,
        "grant_no": patent.grant_no,
        "abstract": patent.abstract,
        "first_claim": patent.first_claim,
        "technical_field": patent.technical_field,
        "ipc": list_text(patent.ipc),
        "industry_codes": list_text(patent.industry_codes),
        "kind": patent.kind.value,
        "filing_date": patent.filing_date,
        "publication_date": patent.publication_date,
        "legal_status": patent.legal_status.value,
        "stop_state": patent.stop_state.value,
        "holder": patent.holder,
        "holder_kind": patent.holder_kind.value,
        "holder_province": patent.holder_province,
        "holder_city": patent.holder_city,
        "maturity": patent.maturity,
        "open_licence": patent.open_licence,
        "price_band": patent.price_band,
        "family_id": patent.family_id,
    }
    later = _later(patent)
    # Younger columns count only when filled: hashes made before they existed stay right.
    filled = {name: value for name, value in later.items() if value not in {None, "", "[]", 0}}
    hashed = [*row.values(), filled] if filled else list(row.values())
    # When a status was checked is no content: the same status found again is no change.
    note = f"{field_dates}{patent.checked_on or ''}"
    row["content_hash"] = content_hash(hashed, note)
    return row | later | {"checked_on": patent.checked_on, "field_dates": field_dates}


def _outline(row: Sequence[Any]) -> Patent:
    told = dict(zip(_OUTLINE, row, strict=True))
    kinds = {
        "kind": _KINDS[told["kind"]],
        "legal_status": _LEGAL[told["legal_status"]],
        "holder_kind": _HOLDERS[told["holder_kind"]],
    }
    return Patent(title="", **{**told, **kinds})


def _later(patent: Patent) -> dict[str, Any]:
    return {
        "grant_date": patent.grant_date,
        "expires_on": patent.expires_on,
        "events": list_text(tuple(event.value for event in patent.events)),
        "problems": list_text(patent.problems),
        "effects": list_text(patent.effects),
        "applications": list_text(patent.applications),
        "topics": list_text(patent.topics),
        "emerging_industry": patent.emerging_industry,
        "college": patent.college,
        "self_grade": patent.self_grade,
    }


def _patent(row: Sequence[Any]) -> Patent:
    return Patent(
        patent_id=PatentId(row[0]),
        title=row[1],
        application_no=row[2],
        publication_no=row[3],
        grant_no=row[4],
        abstract=row[5],
        first_claim=row[6],
        technical_field=row[7],
        ipc=list_values(row[8]),
        industry_codes=list_values(row[9]),
        kind=_KINDS[row[10]],
        filing_date=row[11],
        publication_date=row[12],
        legal_status=_LEGAL[row[13]],
        stop_state=_STOPS[row[14]],
        holder=row[15],
        holder_kind=_HOLDERS[row[16]],
        holder_province=row[17],
        holder_city=row[18],
        maturity=row[19],
        open_licence=row[20],
        price_band=row[21],
        family_id=row[22],
        grant_date=row[23],
        expires_on=row[24],
        events=tuple(map(LegalEvent, list_values(row[25]))),
        checked_on=row[26],
        problems=list_values(row[27]),
        effects=list_values(row[28]),
        applications=list_values(row[29]),
        topics=list_values(row[30]),
        emerging_industry=row[31],
        college=row[32],
        self_grade=row[33],
    )
