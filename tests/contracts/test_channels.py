"""The law of the channel seam: one receipt a message, and each message arrives once."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from matcher.codes import DeliveryOutcome
from matcher.ports import DeliveryChannel
from matcher.push.send import LEASE_MARGIN
from matcher.pushed import MessageId, PushMessage, RoundId
from matcher.types import Uscc
from service.channels.config import ChannelConfig, load_channels
from service.channels.opening import open_channel
from service.store.engine import Store, open_store
from service.store.migrate import upgrade
from tests.contracts.webhook_receiver import Receiver, receiving

R1 = RoundId("r1")
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


def body(firm: int) -> bytes:
    """Return a body as the sender composes it."""
    items = [
        {
            "rank": rank,
            "patent_id": f"p{firm + rank}",
            "application_no": "CN201710601862.3",
            "title": ("=1+1", '一种"轴承"', "<r>x</r>")[rank - 1],
            "score": 1.25,
            "segment": {"code": "1.1", "name": "电子核心"} if rank > 1 else None,
        }
        for rank in (1, 2, 3)
    ]
    told = {"round_id": R1, "uscc": f"f{firm}", "made_at": "2026-11-23", "items": items}
    return json.dumps(told, ensure_ascii=False, separators=(",", ":")).encode()


def message(firm: int, attempt: int = 1) -> PushMessage:
    """Return the message of a firm."""
    return PushMessage(
        MessageId(f"m{firm}"), R1, Uscc(f"f{firm}"), "c", attempt, attempt - 1, "t", body(firm)
    )


class Kind(ABC):
    """One kind of channel and what stands at its other end."""

    words: dict[str, Any]

    def __init__(self, home: Path, store: Store, receiver: Receiver) -> None:
        self.home = home
        self.store = store
        self.receiver = receiver

    def config(self) -> ChannelConfig:
        """Return the channel as an operator writes it."""
        lines = [f"{key} = {json.dumps(value)}" for key, value in self.words.items()]
        text = '[[channel]]\nname = "c"\n' + "\n".join(lines)
        (self.home / "channels.toml").write_text(text, "utf-8")
        (config,) = load_channels(self.home)
        return config

    def open(self) -> DeliveryChannel:
        """Return the channel, opened anew as another process would."""
        return open_channel(
            self.config(),
            self.home,
            self.store.push_inbox,
            {"A_SECRET": SECRET},
            lambda: datetime.now(UTC),
        )

    @abstractmethod
    def arrived(self) -> list[str]:
        """Return the ids of what a receiver has that honours them, each as often as it has it."""

    @abstractmethod
    def titles(self, firm: int) -> list[str]:
        """Return the titles that arrived for the firm, by rank."""

    def break_it(self) -> Callable[[], None]:
        """Make the receiver fail and return what mends it."""
        pytest.skip("nothing stands outside that could fail")


class WebhookKind(Kind):
    """A webhook; its receiver honours ids."""

    def config(self) -> ChannelConfig:
        """Return the channel, with the receiver's URL."""
        self.words = {
            "kind": "webhook",
            "url": self.receiver.url,
            "secret_env": "A_SECRET",
            "allow_networks": ["127.0.0.0/8"],
        }
        return super().config()

    def arrived(self) -> list[str]:
        """Return the ids."""
        return list(self.receiver.by_id())

    def titles(self, firm: int) -> list[str]:
        """Return the titles."""
        told = json.loads(self.receiver.by_id()[f"m{firm}"])
        return [item["title"] for item in told["items"]]

    def break_it(self) -> Callable[[], None]:
        """Answer 500."""
        self.receiver.answer = lambda _: 500

        def mend() -> None:
            self.receiver.answer = lambda _: 200
            self.receiver.came.clear()

        return mend


class NdjsonKind(Kind):
    """A file outbox of lines."""

    words = {"kind": "file", "folder": "out", "format": "ndjson"}  # noqa: RUF012

    def lines(self) -> list[dict[str, Any]]:
        """Return every line of every part."""
        parts = sorted((self.home / "out" / R1).glob("part-*.ndjson"))
        return [json.loads(line) for part in parts for line in part.read_text("utf-8").splitlines()]

    def arrived(self) -> list[str]:
        """Return the ids."""
        return [line["message_id"] for line in self.lines()]

    def titles(self, firm: int) -> list[str]:
        """Return the titles."""
        (line,) = [line for line in self.lines() if line["uscc"] == f"f{firm}"]
        return [item["title"] for item in line["items"]]

    def break_it(self) -> Callable[[], None]:
        """Put a file where the folder should be."""
        place = self.home / "out"
        place.write_text("in the way")
        return place.unlink


class XlsxKind(NdjsonKind):
    """A file outbox of workbooks."""

    words = {"kind": "file", "folder": "out", "format": "xlsx"}  # noqa: RUF012

    def rows(self) -> list[dict[str, Any]]:
        """Return every row of every part, by heading."""
        rows: list[dict[str, Any]] = []
        for part in sorted((self.home / "out" / R1).glob("part-*.xlsx")):
            book = openpyxl.load_workbook(part)
            head, *below = book.worksheets[0].iter_rows(values_only=True)
            rows += [dict(zip(map(str, head), row, strict=True)) for row in below]
        return rows

    def arrived(self) -> list[str]:
        """Return the ids: a message has three rows."""
        ids = [str(row["message_id"]) for row in self.rows()]
        assert all(ids.count(one) % 3 == 0 for one in ids)
        return ids[::3]

    def titles(self, firm: int) -> list[str]:
        """Return the titles, without the mark that keeps a formula from being run."""
        mine = [row for row in self.rows() if row["统一社会信用代码"] == f"f{firm}"]
        assert [row["名次"] for row in mine] == [1, 2, 3]
        return [str(row["专利名称"]).removeprefix("'") for row in mine]


class InboxKind(Kind):
    """The inbox of a portal."""

    words = {"kind": "inbox"}  # noqa: RUF012

    def arrived(self) -> list[str]:
        """Return the ids."""
        found = [self.store.push_inbox.of_firm("c", Uscc(f"f{firm}")) for firm in range(9)]
        return [entry.message_id for entries in found for entry in entries]

    def titles(self, firm: int) -> list[str]:
        """Say that an inbox holds no items."""
        pytest.skip("an inbox names the round; its items are read when they are shown")


KINDS: dict[str, type[Kind]] = {
    "webhook": WebhookKind,
    "ndjson": NdjsonKind,
    "xlsx": XlsxKind,
    "inbox": InboxKind,
}


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Kind]:
    """Give each kind of channel."""
    with receiving() as receiver, open_store(f"sqlite:///{tmp_path / 'panhuo.db'}") as store:
        upgrade(store)
        yield KINDS[request.param](tmp_path, store, receiver)


def delivered(channel: DeliveryChannel, messages: list[PushMessage]) -> None:
    receipts = channel.send(messages)
    assert [one.message_id for one in receipts] == [one.message_id for one in messages]
    assert [one.attempt for one in receipts] == [one.attempt for one in messages]
    assert {one.outcome for one in receipts} == {DeliveryOutcome.DELIVERED}


def test_one_receipt_a_message_in_their_order(kind: Kind) -> None:
    delivered(kind.open(), [message(firm) for firm in (2, 0, 1)])
    assert sorted(kind.arrived()) == ["m0", "m1", "m2"]


def test_what_is_sent_is_what_arrives(kind: Kind) -> None:
    delivered(kind.open(), [message(0), message(1)])
    assert kind.titles(1) == ["=1+1", '一种"轴承"', "<r>x</r>"]


def test_the_same_message_again_arrives_once(kind: Kind) -> None:
    delivered(kind.open(), [message(0), message(1)])
    delivered(kind.open(), [message(1, attempt=2), message(2)])
    delivered(kind.open(), [message(1, attempt=3)])
    assert sorted(kind.arrived()) == ["m0", "m1", "m2"]


def test_nothing_to_send_is_nothing(kind: Kind) -> None:
    assert kind.open().send([]) == ()
    assert kind.arrived() == []


def test_what_fails_outside_is_a_receipt(kind: Kind) -> None:
    channel, mend = kind.open(), kind.break_it()
    receipts = channel.send([message(0), message(1)])
    assert [one.outcome for one in receipts] == [DeliveryOutcome.TRY_AGAIN] * 2
    assert all(one.detail for one in receipts)
    mend()
    delivered(channel, [message(0, attempt=2), message(1, attempt=2)])
    assert sorted(kind.arrived()) == ["m0", "m1"]


def test_it_says_what_it_is(kind: Kind) -> None:
    channel = kind.open()
    assert channel.name == "c"
    assert channel.address
    assert "whsec_" not in channel.address
    limits = channel.limits
    assert limits.batch >= 1
    assert limits.parallel >= 1
    assert 0 < limits.seconds <= 60
    assert LEASE_MARGIN > 5
    assert limits.schedule[0] == 0


def test_the_operator_may_set_the_schedule(kind: Kind) -> None:
    kind.config()
    with (kind.home / "channels.toml").open("a") as file:
        file.write("\nschedule = [0, 1.5]\n")
    (config,) = load_channels(kind.home)
    channel = open_channel(
        config,
        kind.home,
        kind.store.push_inbox,
        {"A_SECRET": SECRET},
        lambda: datetime.now(UTC),
    )
    assert channel.limits.schedule == (0.0, 1.5)


def test_no_kind_escapes() -> None:
    from service.channels.config import _OWN

    assert {KINDS[name].words["kind"] for name in ("ndjson", "xlsx", "inbox")} | {"webhook"} == set(
        _OWN
    )
