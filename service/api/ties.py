"""From (list, slot) to (patent, firm): what was handed out decides, not what the sender says."""

from __future__ import annotations

from datetime import datetime

from matcher.ports import FeedbackLog
from matcher.types import Evaluation, FeedbackEvent, FeedbackKind, ListId, PatentId, Uscc
from service.api.events import Dismissal, Evaluated, Event
from service.api.refusals import FirmMismatch, FirmMissing, ItemNotFound, SlotNotFound

_ANONYMOUS = {FeedbackKind.IMPRESSION, FeedbackKind.CLICK}


class Ties:
    """Recorded lists, each read once.

    Args:
        log: where lists were recorded.
    """

    def __init__(self, log: FeedbackLog) -> None:
        self._log = log
        self._lists: dict[ListId, tuple[str, str, dict[int, str]]] = {}

    def of(self, event: Event) -> tuple[int, PatentId, Uscc]:
        """Return slot, patent and firm of the event; the firm is ``""`` where nobody is named.

        Raises:
            ListNotFound: no such list was handed out.
            SlotNotFound: it has no such slot.
            ItemNotFound: the patent, or the firm with it, is not in the list, or not in that slot.
            FirmMismatch: the event names another firm.
        """
        subject, direction, slots = self._list(ListId(event.list_id))
        slot = self._slot(event)
        item = slots.get(slot)
        if item is None:
            raise SlotNotFound(event.key, slot, len(slots))
        patent, firm = (subject, item) if direction == "firms" else (item, subject)
        if event.patent_id is not None and event.patent_id != patent:
            raise ItemNotFound(event.key, event.patent_id)
        if firm and event.uscc and event.uscc != firm:
            raise FirmMismatch(event.key, event.uscc)
        return slot, PatentId(patent), Uscc(firm or event.uscc or "")

    def _slot(self, event: Event) -> int:
        """Return the slot that an event names, or that its patent stands in."""
        if event.slot is not None:
            return event.slot
        _, direction, slots = self._list(ListId(event.list_id))
        item = event.uscc if direction == "firms" else event.patent_id
        for slot, name in slots.items():
            if name == item:
                return slot
        raise ItemNotFound(event.key, event.patent_id or "")

    def _list(self, list_id: ListId) -> tuple[str, str, dict[int, str]]:
        if list_id not in self._lists:
            slots = self._log.slots_of(list_id)
            self._lists[list_id] = (*self._log.subject_of(list_id), slots)
        return self._lists[list_id]


def event_of(sent: Event, ties: Ties, at: datetime) -> FeedbackEvent:
    """Return the event as it is stored.

    Raises:
        ListNotFound, SlotNotFound, ItemNotFound, FirmMismatch: see ``Ties.of``.
        FirmMissing: a list made from free text, and a kind that only a known firm can send.
    """
    slot, patent_id, uscc = ties.of(sent)
    kind = sent.meant
    if not uscc and kind not in _ANONYMOUS:
        raise FirmMissing(sent.key, kind)
    axes = sent.evaluation if isinstance(sent, Evaluated) else None
    return FeedbackEvent(
        event_id=sent.key,
        list_id=ListId(sent.list_id),
        slot=slot,
        patent_id=patent_id,
        uscc=uscc,
        kind=kind,
        at=at,
        reason=sent.reason if isinstance(sent, Dismissal) else None,
        evaluation=Evaluation(axes.prospect, axes.improvement, axes.cooperation) if axes else None,
        text=sent.text,
    )
