"""Tenants: the platforms that this installation serves, and where what is theirs is kept."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from hashlib import blake2b
from typing import Any

import sqlalchemy as sa

from matcher.errors import InputError
from service.audit.act import noted
from service.store.database import Database
from service.store.pages import list_text, list_values
from service.store.tenant_tables import tenants
from service.store.upsert import ignoring

# What the command line calls the operator, whose rows stand in the main store under "".
OPERATOR = "operator"
_LONGEST = 64


@dataclass(frozen=True, slots=True)
class Tenant:
    """One tenant.

    Attributes:
        name: as people write it.
        place: 16 hexadecimal digits, the name of its folder or of its PostgreSQL schema.
        private: it has a catalogue of its own instead of the operator's.
        created_at: ISO 8601 in UTC.
        origins: of the pages that may ask from a browser, such as https://example.cn.
        learning: its contract lets the operator learn from its links and feedback.
    """

    name: str
    place: str
    private: bool
    created_at: str
    origins: tuple[str, ...] = ()
    learning: bool = False


class TenantNotFound(InputError):
    """No tenant of this name is known."""

    def __init__(self, name: str) -> None:
        super().__init__(
            f"found no tenant {name!r}",
            "one that has been given a key",
            "list them with 'panhuo keys list', or run 'panhuo keys create --tenant NAME'",
        )
        self.name = name


class Tenants:
    """The tenants of an installation; they are known to the main store alone."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def register(self, name: str, at: datetime, *, private: bool = False) -> Tenant:
        """Return the tenant of this name, a new one where there was none.

        Raises:
            InputError: the name cannot be one, or the tenant is there with the other kind of
                catalogue.
        """
        name = tenant_name(name)
        place = blake2b(name.encode(), digest_size=8).hexdigest()
        row = Tenant(name, place, private, at.isoformat(timespec="seconds"))
        noted(name, after={"private": private})
        with self._database.transaction() as connection:
            told = asdict(row) | {"origins": list_text(row.origins)}
            connection.execute(ignoring(connection, tenants), [told])
        found = self.get(name)
        if found.private != private:
            kinds = ("the shared catalogue", "a private catalogue")
            raise InputError(
                f"found tenant {name!r} with {kinds[found.private]}",
                f"the same kind as before, not {kinds[private]}",
                "leave --private as it was, or name another tenant",
            )
        return found

    def get(self, name: str) -> Tenant:
        """Return the tenant; raise ``TenantNotFound``."""
        query = sa.select(tenants).where(tenants.c.name == name)
        with self._database.reading() as connection:
            row = connection.execute(query).mappings().first()
        if row is None:
            raise TenantNotFound(name)
        return _tenant(row)

    def set_origins(self, name: str, origins: Sequence[str]) -> Tenant:
        """Keep from which pages the tenant may be asked in place of those before, and return it.

        Raises:
            TenantNotFound: nobody was given a key under this name.
        """
        return self._change(name, {"origins": list_text(tuple(origins))})

    def set_learning(self, name: str, *, allowed: bool) -> Tenant:
        """Keep whether the tenant's contract lets the operator learn from it, and return it.

        Raises:
            TenantNotFound: nobody was given a key under this name.
        """
        return self._change(name, {"learning": allowed})

    def _change(self, name: str, values: Mapping[str, Any]) -> Tenant:
        before = self.get(name)
        noted(
            name,
            before={column: getattr(before, column) for column in values},
            after=dict(values),
        )
        change = sa.update(tenants).where(tenants.c.name == name).values(**values)
        with self._database.transaction() as connection:
            connection.execute(change)
        return self.get(name)

    def all(self) -> tuple[Tenant, ...]:
        """Return every tenant in the order of names."""
        query = sa.select(tenants).order_by(tenants.c.name)
        with self._database.reading() as connection:
            return tuple(map(_tenant, connection.execute(query).mappings()))


def _tenant(row: Any) -> Tenant:
    return Tenant(**{**row, "origins": list_values(row["origins"])})


def tenant_name(written: str) -> str:
    """Return the one spelling of a tenant's name.

    Raises:
        InputError: it is empty, longer than 64 characters, or has characters that nobody sees.

    >>> tenant_name(" 省平台　")
    '省平台'
    """
    name = unicodedata.normalize("NFC", written).strip()
    if not 1 <= len(name) <= _LONGEST or not name.isprintable():
        raise InputError(
            f"found tenant name {written[:_LONGEST]!a}",
            f"1 to {_LONGEST} characters that can be seen",
            "name the tenant otherwise",
        )
    return name
