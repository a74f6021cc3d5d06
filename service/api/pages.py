"""Cursors: opaque, sealed for whoever got the list, good for a day."""

from __future__ import annotations

import base64
import binascii
import hmac
import json
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import blake2b

from matcher.errors import ListNotFound, UnavailableError
from matcher.notes import left_out_note
from matcher.places.places import Place
from matcher.profile import profile_of_text
from matcher.recommend import MOST_ITEMS, Recommender
from matcher.types import DemandId, FirmProfile, ListId, RankedList, Uscc
from matcher.wanted import Bookmark, OfferedList
from service.api.asks import ForDemand, ForFirm, Question, question_of, question_text
from service.api.choices import place_of, wanted_of
from service.api.dependencies import SeenHome, recommender_of
from service.api.refusals import CursorDamaged, CursorMismatch, CursorNotFound
from service.auth.caller import Caller
from service.store.snapshots import Snapshot

_ID_BYTES, _SLOT_BYTES, _SEAL_BYTES = 16, 2, 12
_BYTES = _ID_BYTES + _SLOT_BYTES + _SEAL_BYTES
_TRIES = 5


@dataclass(frozen=True, slots=True)
class Note:
    """What stands with a snapshot: the key of its cursors, and the question."""

    seal: str
    question: str

    def text(self) -> str:
        """Return it as JSON."""
        return json.dumps({"seal": self.seal, "question": self.question}, ensure_ascii=False)


def note_of(asked: Question) -> str:
    """Return the text that a list for this question is recorded with."""
    return Note(secrets.token_hex(_ID_BYTES), question_text(asked)).text()


def first_cursor(found: RankedList, n: int, caller: Caller) -> str | None:
    """Return where to read on behind the first page; ``None`` where nothing follows."""
    if not isinstance(found, OfferedList) or not n == len(found.items) < MOST_ITEMS:
        return None
    if found.items[-1].item_id == found.offered[-1][0]:
        return None
    return _cursor(_read_note(found.question).seal, found.list_id, n + 1, caller)


def next_page(
    home: SeenHome, cursor: str, n: int, caller: Caller, asked: Question | None
) -> tuple[RankedList, str | None]:
    """Return the next part of a recorded list, and where to read on behind it.

    Raises:
        CursorDamaged: it is no cursor.
        CursorNotFound: it is another's, or over a day old.
        CursorMismatch: another question was asked with it.
    """
    list_id, first = _parts(cursor)
    snapshot, note = _found(home, list_id)
    if not hmac.compare_digest(_cursor(note.seal, list_id, first, caller), cursor):
        raise CursorNotFound
    if asked is not None and question_text(asked) != note.question:
        raise CursorMismatch
    found, more = _read(home, snapshot, question_of(note.question), first, n)
    behind = _cursor(note.seal, list_id, first + n, caller) if more else None
    return found, behind


def _read(
    home: SeenHome, snapshot: Snapshot, question: Question, first: int, n: int
) -> tuple[RankedList, bool]:
    recommender = recommender_of(home)
    profile = _profile(home, recommender, question)
    wanted = wanted_of(home, question, recommender.engine)
    log, snapshots = home.readers.feedback, home.opened.store.snapshots
    for _ in range(_TRIES):
        mark = Bookmark(snapshot.offered, log.slots_of(snapshot.list_id), first)
        page = recommender.page(profile, mark, n, question.place, wanted)
        # Somebody may have read the same page a moment before: then it comes as it was told there.
        if not page.fresh or snapshots.hand_out(snapshot.list_id, page.fresh):
            break
    else:
        raise UnavailableError(
            "found the list read on by others", "a quiet moment", "send the request again"
        )
    subject, direction = log.subject_of(snapshot.list_id)
    notes = (left_out_note(page.left_out),) if page.left_out else ()
    found = RankedList(
        snapshot.list_id,
        subject,
        direction,
        page.items,
        snapshot.versions,
        snapshot.made_at,
        notes,
    )
    return found, page.more


def _found(home: SeenHome, list_id: ListId) -> tuple[Snapshot, Note]:
    snapshot = home.opened.store.snapshots.get(list_id, datetime.now(UTC))
    try:
        home.readers.feedback.subject_of(list_id)
    except ListNotFound as error:
        raise CursorNotFound from error
    if snapshot is None:
        raise CursorNotFound
    return snapshot, _read_note(snapshot.question)


def _profile(home: SeenHome, recommender: Recommender, asked: Question) -> FirmProfile:
    if isinstance(asked, ForFirm):
        return recommender.profile(Uscc(asked.uscc))
    if isinstance(asked, ForDemand):
        return home.asking.demand_profile(home.asking.demands.get(DemandId(asked.demand_id)))
    place = place_of(home, asked.region) if asked.region else Place("", "")
    return profile_of_text(asked.text, place.province, place.city)


def _read_note(text: str) -> Note:
    return Note(**json.loads(text))


def _cursor(seal: str, list_id: str, first: int, caller: Caller) -> str:
    place = bytes.fromhex(list_id) + first.to_bytes(_SLOT_BYTES)
    whose = f"{caller.kind}:{caller.subject}".encode()
    mac = blake2b(place + whose, key=bytes.fromhex(seal), digest_size=_SEAL_BYTES).digest()
    return base64.urlsafe_b64encode(place + mac).decode()


def _parts(cursor: str) -> tuple[ListId, int]:
    try:
        raw = base64.b64decode(cursor, altchars=b"-_", validate=True)
    except (binascii.Error, ValueError) as error:
        raise CursorDamaged from error
    if len(raw) != _BYTES:
        raise CursorDamaged
    first = int.from_bytes(raw[_ID_BYTES : _ID_BYTES + _SLOT_BYTES])
    return ListId(raw[:_ID_BYTES].hex()), first
