"""From (list, slot) to (patent, firm): what was handed out decides, not what the sender says."""

from __future__ import annotations

from datetime import datetime

from matcher.ports import FeedbackLog
from matcher.types import Evaluation, FeedbackEvent, FeedbackKind, ListId, PatentId, Uscc
from service.api.events import Dismissal, Evaluated, Event
from service.api.refusals import FirmMismatch, FirmMissing, SlotNotFound

_ANONYMOUS = {FeedbackKind.IMPRESSION, FeedbackKind.CLICK}


class Ties:
    """Recorded lists, each read once.

    Args:
        log: where lists were recorded.
    """

    def __init__(self, log: FeedbackLog) -> None:
        self._log = log
        self._lists: dict[ListId, tuple[str, str, dict[int, str]]] = {}

    def of(self, event: Event) -> tuple[PatentId, Uscc]:
        """Return the patent and the firm of the event; the firm is ``""`` where nobody is named.

        Raises:
            ListNotFound: no such list was handed out.
            SlotNotFound: it has no such slot.
            FirmMismatch: the event names another firm.
        """
        subject, direction, slots = self._list(ListId(event.list_id))
        item = slots.get(event.slot)
        if item is None:
            raise SlotNotFound(event.event_id, event.slot, len(slots))
        patent, firm = (subject, item) if direction == "firms" else (item, subject)
        if firm and event.uscc and event.uscc != firm:
            raise FirmMismatch(event.event_id, event.uscc)
        return PatentId(patent), Uscc(firm or event.uscc or "")

    def _list(self, list_id: ListId) -> tuple[str, str, dict[int, str]]:
        if list_id not in self._lists:
            slots = self._log.slots_of(list_id)
            self._lists[list_id] = (*self._log.subject_of(list_id), slots)
        return self._lists[list_id]


def event_of(sent: Event, ties: Ties, at: datetime) -> FeedbackEvent:
    """Return the event as it is stored.

    Raises:
        ListNotFound, SlotNotFound, FirmMismatch: see ``Ties.of``.
        FirmMissing: a list made from free text, and a kind that only a known firm can send.
    """
    patent_id, uscc = ties.of(sent)
    kind = FeedbackKind(sent.kind)
    if not uscc and kind not in _ANONYMOUS:
        raise FirmMissing(sent.event_id, kind)
    axes = sent.evaluation if isinstance(sent, Evaluated) else None
    return FeedbackEvent(
        event_id=sent.event_id,
        list_id=ListId(sent.list_id),
        slot=sent.slot,
        patent_id=patent_id,
        uscc=uscc,
        kind=kind,
        at=at,
        reason=sent.reason if isinstance(sent, Dismissal) else None,
        evaluation=Evaluation(axes.prospect, axes.improvement, axes.cooperation) if axes else None,
        text=sent.text,
    )
