"""What a holder declared of a patent in the 盘活 workbook, kept as it was declared."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import astuple, dataclass
from datetime import date
from typing import Any

import sqlalchemy as sa

from matcher.types import PatentId
from service.store.database import Database
from service.store.pages import list_text, list_values
from service.store.stamps import content_hash
from service.store.stock_tables import declarations
from service.store.upsert import Outcome, chunks, put


@dataclass(frozen=True, slots=True)
class Implementation:
    """One option of 专利实施化状态: 一级实施状态, 二级状态描述, 金额/评价结果/产品名称, 备注.

    ``outcome`` is an amount in 万元 (``"184"``, ``"12.5"``), a result of an evaluation report or
    the name of a product. A part that the row left empty is ``""``.
    """

    state: str = ""
    detail: str = ""
    outcome: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class Willingness:
    """One option of 转化意愿: two levels, 费用标准 in 万元, 意向合作城市, 意向合作企业."""

    first: str = ""
    second: str = ""
    fee: str = ""
    cities: str = ""
    firms: str = ""


@dataclass(frozen=True, slots=True)
class Declaration:
    """One patent of the 盘活 workbook, its cells as the holder wrote them.

    Options stand in the order of the workbook's rows: ``implementations[i]`` and
    ``willingness[i]`` are of the patent's row ``i`` (0-based).

    Attributes:
        sequence: 序号, None where the cell was empty.
        funded: 是, 否 or "".
        source_file: the name of the file; no content, and so not compared.
        checked_on: the day of the file.
    """

    patent_id: PatentId
    sequence: int | None = None
    title: str = ""
    legal_status: str = ""
    years_in_force: str = ""
    college: str = ""
    funded: str = ""
    implementations: tuple[Implementation, ...] = ()
    willingness: tuple[Willingness, ...] = ()
    price_band: str = ""
    maturity: str = ""
    self_grade: str = ""
    advantages: str = ""
    industry: str = ""
    prospect: str = ""
    emerging_industry: str = ""
    field_ipc: str = ""
    group_name: str = ""
    group_members: tuple[str, ...] = ()
    group_description: str = ""
    source_file: str = ""
    checked_on: date | None = None


class Declarations:
    """The declarations of the catalogue, at most one for a patent."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def many(self, patent_ids: Sequence[PatentId]) -> dict[PatentId, Declaration]:
        """Return those that exist, keyed by patent."""
        columns = [column for column in declarations.c if column.name != "content_hash"]
        query = sa.select(*columns)
        found = {}
        with self._database.reading() as connection:
            for chunk in chunks(patent_ids):
                asked = query.where(declarations.c.patent_id.in_(chunk))
                for row in connection.execute(asked):
                    found[PatentId(row[0])] = _declaration(row)
        return found

    def put(self, rows: Iterable[Declaration]) -> Outcome:
        """Store the declarations, each in place of the patent's earlier one; say what changed."""
        return put(self._database, declarations, map(_row, rows))

    def count(self) -> int:
        """Return how many patents have a declaration."""
        with self._database.reading() as connection:
            query = sa.select(sa.func.count()).select_from(declarations)
            return int(connection.execute(query).scalar_one())


def _row(one: Declaration) -> dict[str, Any]:
    row: dict[str, Any] = {
        "patent_id": one.patent_id,
        "sequence": one.sequence,
        "title": one.title,
        "legal_status": one.legal_status,
        "years_in_force": one.years_in_force,
        "college": one.college,
        "funded": one.funded,
        "implementations": _options_text(one.implementations),
        "willingness": _options_text(one.willingness),
        "price_band": one.price_band,
        "maturity": one.maturity,
        "self_grade": one.self_grade,
        "advantages": one.advantages,
        "industry": one.industry,
        "prospect": one.prospect,
        "emerging_industry": one.emerging_industry,
        "field_ipc": one.field_ipc,
        "group_name": one.group_name,
        "group_members": list_text(one.group_members),
        "group_description": one.group_description,
    }
    # Where and when it was read is a note: the same declaration in another file is no change.
    row["content_hash"] = content_hash(list(row.values()), f"{one.source_file} {one.checked_on}")
    return row | {"source_file": one.source_file, "checked_on": one.checked_on}


def _options_text(options: Sequence[Implementation | Willingness]) -> str:
    return json.dumps([astuple(option) for option in options], ensure_ascii=False)


def _declaration(row: Sequence[Any]) -> Declaration:
    names = [column.name for column in declarations.c if column.name != "content_hash"]
    values: Mapping[str, Any] = dict(zip(names, row, strict=True))
    return Declaration(
        **{
            **values,
            "implementations": tuple(
                Implementation(*parts) for parts in json.loads(values["implementations"])
            ),
            "willingness": tuple(
                Willingness(*parts) for parts in json.loads(values["willingness"])
            ),
            "group_members": list_values(values["group_members"]),
        }
    )
