"""The file outbox: messages as NDJSON lines or rows of workbooks, for a platform to fetch."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from matcher.codes import DeliveryOutcome
from matcher.errors import BadFile, UnavailableError
from matcher.pushed import ChannelLimits, MessageId, PushMessage, Receipt, RoundId
from service.channels.outbox_parts import Parts, parts_of
from service.export.table import CellType, Column, Table
from service.export.whole_file import whole_file

LIMITS = ChannelLimits(batch=500, parallel=1, seconds=60.0, schedule=(0.0, 5.0, 60.0, 300.0))


@dataclass(frozen=True, slots=True)
class _Row:
    """One item of one message."""

    message_id: MessageId
    told: dict[str, Any]
    item: dict[str, Any]

    def segment(self, key: str) -> str:
        """Return code or name of the item's segment, "" for none."""
        return str((self.item["segment"] or {}).get(key, ""))


_TABLE: Table[_Row] = Table(
    "推送",
    (
        Column("uscc", "统一社会信用代码", lambda row: str(row.told["uscc"]), width=22),
        Column("rank", "名次", lambda row: int(row.item["rank"]), CellType.INTEGER, width=6),
        Column("patent_id", "patent_id", lambda row: str(row.item["patent_id"]), width=22),
        Column("application_no", "申请号", lambda row: str(row.item["application_no"]), width=22),
        Column("title", "专利名称", lambda row: str(row.item["title"]), width=48),
        Column("score", "得分", lambda row: round(row.item["score"], 4), CellType.NUMBER, width=8),
        Column("segment", "产业细分领域代码", lambda row: row.segment("code"), width=18),
        Column("segment_name", "产业细分领域", lambda row: row.segment("name"), width=32),
        Column("round_id", "推送批次", lambda row: str(row.told["round_id"]), width=24),
        Column("made_at", "批次时间", lambda row: str(row.told["made_at"]), width=26),
        Column("message_id", "message_id", lambda row: row.message_id, width=38),
    ),
)


class FileOutbox:
    """Writes messages to part files; implements ``matcher.ports.DeliveryChannel``.

    Each message stands in one part, once, whatever is killed or sent again.

    Args:
        name: of the channel.
        folder: of the outbox; each push_round gets a folder in it.
        format: ``ndjson`` or ``xlsx``.
        limits: of the channel; a call makes a part of each push_round in it.
        clock: the moment, with zone.
    """

    def __init__(
        self,
        name: str,
        folder: Path,
        *,
        format: str,  # noqa: A002 – as the operator's file calls it
        limits: ChannelLimits,
        clock: Callable[[], datetime],
    ) -> None:
        self._name = name
        self._folder = folder
        self._format = format
        self._limits = limits
        self._clock = clock

    @property
    def name(self) -> str:
        """Its name in the operator's file."""
        return self._name

    @property
    def address(self) -> str:
        """The folder."""
        return str(self._folder)

    @property
    def limits(self) -> ChannelLimits:
        """How it wants to be used."""
        return self._limits

    def send(self, messages: Sequence[PushMessage]) -> tuple[Receipt, ...]:
        """Write those messages that are not written yet; return a receipt each."""
        told: dict[MessageId, str] = {}
        for round_id in dict.fromkeys(message.round_id for message in messages):
            mine = [message for message in messages if message.round_id == round_id]
            failure = self._write(round_id, mine)
            told |= {message.message_id: failure for message in mine}
        now = self._clock()
        return tuple(
            Receipt(
                message.message_id,
                message.attempt,
                now,
                DeliveryOutcome.TRY_AGAIN
                if told[message.message_id]
                else DeliveryOutcome.DELIVERED,
                detail=told[message.message_id],
            )
            for message in messages
        )

    def _write(self, round_id: RoundId, messages: Sequence[PushMessage]) -> str:
        """Return why the messages could not be written, "" when all of them are."""
        try:
            with parts_of(self._folder / round_id) as parts:
                self._add(parts, messages)
        except (BadFile, UnavailableError) as error:
            return error.found
        except OSError as error:
            return f"cannot write to {self._folder} ({error.strerror or error})"
        return ""

    def _add(self, parts: Parts, messages: Sequence[PushMessage]) -> None:
        # Attempts are counted before they begin: only a second one can have been written before.
        before = parts.written({one.message_id for one in messages if one.attempt > 1})
        new = [one for one in messages if one.message_id not in before]
        if not new:
            return
        write = _workbook if self._format == "xlsx" else _lines
        ids = [one.message_id for one in new]
        parts.add(ids, f".{self._format}", lambda path: write(path, new))


def _lines(path: Path, messages: Sequence[PushMessage]) -> None:
    with whole_file(path) as draft, draft.open("wb") as file:
        for message in messages:
            # The body is an object: the id becomes its first member.
            head = json.dumps({"message_id": message.message_id}, separators=(",", ":"))
            file.write(head[:-1].encode("ascii") + b"," + message.body[1:] + b"\n")


def _workbook(path: Path, messages: Sequence[PushMessage]) -> None:
    # Imported here: most commands, and most outboxes, write no workbook.
    from service.export.table_workbook import write_workbook

    write_workbook(path, _TABLE, _rows(messages))


def _rows(messages: Sequence[PushMessage]) -> Iterator[_Row]:
    for message in messages:
        told = json.loads(message.body)
        for item in told["items"]:
            yield _Row(message.message_id, told, item)
