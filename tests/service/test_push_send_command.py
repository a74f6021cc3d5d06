"""``panhuo push send``: what it prints, what it returns, and how it goes on."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from matcher.errors import MatcherError, RoundNotFound, StateError
from matcher.pushed import ItemBatch, PushRound, RoundId
from matcher.types import LegalStatus, Patent, PatentId, Uscc
from service.commands.push_send import send
from service.store.engine import Store, open_store
from service.store.migrate import upgrade
from tests.contracts.test_channels import SECRET
from tests.contracts.webhook_receiver import Receiver, receiving

FIRMS = 5


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as found:
        yield found


@pytest.fixture
def home(tmp_path: Path, receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.delenv("PANHUO_DATABASE_URL", raising=False)
    monkeypatch.setenv("A_SECRET", SECRET)
    (tmp_path / "channels.toml").write_text(
        f"""
[[channel]]
name = "province"
kind = "webhook"
url = "{receiver.url}"
secret_env = "A_SECRET"
allow_networks = ["127.0.0.0/8"]
schedule = [0, 0.1]

[[channel]]
name = "platform"
kind = "file"
folder = "out"

[[channel]]
name = "portal"
kind = "inbox"
"""
    )
    with opened(tmp_path) as store:
        upgrade(store)
        patents = [Patent(PatentId(f"p{at}"), f"轴承 {at}") for at in range(FIRMS)]
        lapsed = Patent(PatentId("p4"), "轴承 4", legal_status=LegalStatus.LAPSED)
        store.patents.upsert([*patents[:4], lapsed])
        firms = [f"f{at}" for at in range(FIRMS)]
        ids, ones = [str(patent.patent_id) for patent in patents], [1.0] * FIRMS
        batch = ItemBatch(firms, [1] * FIRMS, ids, ones, ones, ones, [""] * FIRMS)
        store.push_rounds.publish(PushRound(RoundId("r1"), datetime.now(UTC)), [batch])
    return tmp_path


def opened(home: Path) -> Store:
    return open_store(f"sqlite:///{home / 'panhuo.db'}")


def run(home: Path, *arguments: str) -> Result:
    return CliRunner().invoke(
        send, [*arguments, "--home", str(home)], catch_exceptions=False, standalone_mode=False
    )


def told(home: Path, *arguments: str) -> dict[str, Any]:
    result = run(home, *arguments, "--json")
    found: dict[str, Any] = json.loads(result.stdout)
    return found | {"code": result.return_value}


def counts(channel: str, **changed: int) -> dict[str, Any]:
    names = ("messages", "delivered", "waiting", "parked", "failed", "empty", "attempts", "code")
    return {"round": "r1", "channel": channel, **dict.fromkeys(names, 0), **changed}


@pytest.mark.parametrize("channel", ["province", "platform", "portal"])
def test_a_round_is_sent_once(home: Path, channel: str) -> None:
    expected = counts(channel, messages=5, delivered=4, empty=1, attempts=5)
    assert told(home, "r1", "--channel", channel) == expected
    assert told(home, "r1", "--channel", channel) == expected


def test_each_channel_arrives(home: Path, receiver: Receiver) -> None:
    for channel in ("province", "platform", "portal"):
        run(home, "r1", "--channel", channel)
    bodies = [json.loads(body) for body in receiver.by_id().values()]
    assert sorted(body["uscc"] for body in bodies) == ["f0", "f1", "f2", "f3"]
    lines = (home / "out" / "r1" / "part-000001.ndjson").read_text("utf-8").splitlines()
    assert [json.loads(line)["items"][0]["title"] for line in lines] == [
        f"轴承 {at}" for at in range(4)
    ]
    with opened(home) as store:
        assert len(store.push_inbox.of_firm("portal", Uscc("f0"))) == 1
        assert store.push_inbox.of_firm("portal", Uscc("f4")) == ()  # nothing of it may be sent


def test_so_many_at_most(home: Path, receiver: Receiver) -> None:
    found = told(home, "r1", "--channel", "province", "--most", "2")
    assert (found["delivered"], found["waiting"], found["attempts"]) == (2, 3, 2)
    assert len(receiver.came) == 2


def test_until_done_waits_and_parks_and_again_opens(home: Path, receiver: Receiver) -> None:
    receiver.answer = lambda _: 500
    found = told(home, "r1", "--channel", "province", "--until-done")
    assert found == counts("province", messages=5, parked=4, empty=1, attempts=9, code=1)
    assert told(home, "r1", "--channel", "province") == found
    receiver.answer = lambda _: 204
    found = told(home, "r1", "--channel", "province", "--again")
    assert found == counts("province", messages=5, delivered=4, empty=1, attempts=13)


def test_a_receiver_that_is_gone_ends_it(home: Path, receiver: Receiver) -> None:
    receiver.answer = lambda _: 410
    found = told(home, "r1", "--channel", "province", "--most", "1")
    assert (found["failed"], found["waiting"], found["code"]) == (1, 4, 1)
    with pytest.raises(StateError, match="HTTP 410"):
        run(home, "r1", "--channel", "province")
    assert len(receiver.came) == 1
    receiver.answer = lambda _: 200
    assert told(home, "r1", "--channel", "province", "--again")["delivered"] == 4


def test_people_read_a_sentence(home: Path, receiver: Receiver) -> None:
    out = run(home, "r1", "--channel", "portal").stdout
    assert out == (
        "r1 → portal: 5 messages, 4 delivered, 0 waiting, 0 parked, 0 failed, 1 empty; 5 attempts\n"
    )
    receiver.answer = lambda _: 503
    out = run(home, "r1", "--channel", "province").stdout
    assert "waits" in out


def test_what_is_not_there_is_one_sentence(home: Path) -> None:
    with pytest.raises(RoundNotFound, match="'r9'"):
        run(home, "r9", "--channel", "portal")
    with pytest.raises(RoundNotFound, match="'r9'"):
        run(home, "r9", "--channel", "portal", "--again")
    with pytest.raises(MatcherError, match="found no channel 'fax'"):
        run(home, "r1", "--channel", "fax")
