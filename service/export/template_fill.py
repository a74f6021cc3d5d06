"""From the catalogue to the rows of the 盘活 workbook, page by page."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from matcher.types import PatentId
from service.export.template_choice import Chosen
from service.export.template_rows import Filled, SheetRow, declared_of, differs, rows_of
from service.store.contacts import Contact
from service.store.engine import Store
from service.store.upsert import chunks

ContactsOf = Callable[[Sequence[PatentId]], Mapping[PatentId, Contact]]


@dataclass(slots=True)
class Told:
    """What was written so far.

    Attributes:
        with_contact: patents with personal data in their row.
        differing: patents whose legal status in the catalogue is not the declared one.
    """

    patents: int = 0
    with_contact: int = 0
    differing: int = 0


def filled_rows(
    store: Store, chosen: Chosen, contacts_of: ContactsOf, told: Told
) -> Iterator[SheetRow]:
    """Yield the rows of the chosen patents and count them in ``told``.

    序号 is as declared where the patents are one whole file, else 1, 2, 3, …
    """
    for ids in chunks(chosen.patent_ids):
        patents, said = store.patents.many(ids), store.declarations.many(ids)
        contacts = contacts_of(ids)
        for key in ids:
            if key not in patents:  # removed meanwhile
                continue
            told.patents += 1
            one = said.get(key) or declared_of(patents[key])
            contact = contacts.get(key)
            told.with_contact += contact is not None
            told.differing += differs(patents[key], one)
            number = one.sequence if chosen.whole_file else told.patents
            yield from rows_of(Filled(patents[key].application_no, one, contact), number)


def nobody(patent_ids: Sequence[PatentId]) -> Mapping[PatentId, Contact]:
    """Return no contact at all."""
    return {}
