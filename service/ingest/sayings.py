"""What a file says of a patent's status, and what counts once it has said it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import date

from matcher.types import LegalStatus, Patent, PatentId, StopState
from service.ingest.families.panhuo_template import PANHUO_TEMPLATE
from service.ingest.merge import SAID, Entry
from service.ingest.records import FileContext
from service.store.statuses import Standing, Status, current

# What is stored from before statuses were kept is older than any check.
_EARLIER = date(1900, 1, 1)


def said_by(context: FileContext, patent_id: PatentId, one: Entry) -> Status | None:
    """Return what the file says of the patent's status, None where it says nothing."""
    facts = one.facts
    if not SAID & facts.keys():
        return None
    days = [one.days[name] for name in SAID & facts.keys()]
    return Status(
        patent_id=patent_id,
        family=context.family,
        checked_on=one.checked or context.checked_on,
        published_on=max((day for day in days if day), default=None),
        legal_status=facts.get("legal_status", LegalStatus.UNKNOWN),
        events=facts.get("events", ()),
        stop_state=facts.get("stop_state", StopState.NONE),
        source_file=context.name,
        says_stop="stop_state" in facts,
    )


def standing_with(
    context: FileContext, known: Iterable[Status], said: Status | None
) -> tuple[Standing, tuple[Status, ...]]:
    """Return what counts, and what of the file's saying is to be written."""
    by_family = {one.family: one for one in known}
    old = by_family.get(said.family) if said else None
    if said is not None and _counts(context, said, old):
        by_family[said.family] = _completed(said, old)
        return current(list(by_family.values())), (by_family[said.family],)
    return current(list(by_family.values())), ()


def _counts(context: FileContext, said: Status, old: Status | None) -> bool:
    """Return whether what the file says takes the place of what its family said before.

    A vendor that says the same again has checked again. A workbook that does has not: it is
    written back as it was declared, and would pass an old word off as today's.
    """
    if old is None:
        return True
    if context.again or said.clock < old.clock:
        return False
    return context.family != PANHUO_TEMPLATE.name or said.word != old.word


def _completed(said: Status, old: Status | None) -> Status:
    """Return the saying with what its file is silent on taken from the family's earlier one.

    A file without a column of events lifts no preservation. A status that the file does not name
    is no fresher for it: where it names neither status nor events, the earlier day stays.
    """
    if old is None:
        return said
    kept = said
    if said.legal_status is LegalStatus.UNKNOWN:
        kept = replace(kept, legal_status=old.legal_status)
        if not said.events:
            kept = replace(kept, checked_on=old.checked_on)
    if not said.events:
        kept = replace(kept, events=old.events)
    return kept if said.says_stop else replace(kept, stop_state=old.stop_state)


def earlier_said(patent: Patent) -> list[Status]:
    """Return what a patent says that was stored without any file's word on its status."""
    if patent.legal_status is LegalStatus.UNKNOWN and patent.stop_state is StopState.NONE:
        return []
    return [
        Status(
            patent_id=patent.patent_id,
            family="earlier",
            checked_on=patent.checked_on or _EARLIER,
            legal_status=patent.legal_status,
            stop_state=patent.stop_state,
        )
    ]
