"""``panhuo webhooks``, as an operator uses it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from service.auth.secret import Secrets
from service.bootstrap import open_home
from service.channels.signatures import parse_secret
from service.cli import run
from service.config import Settings
from service.store.event_types import CHOOSABLE, EventType
from service.store.outbox import record_event
from tests.contracts.webhook_receiver import Receiver, receiving, verified

PUBLIC = "https://hook.example.cn/in?token=geheim"
Home = tuple[str, str]


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as found:
        yield found


@pytest.fixture
def home(tmp_path: Path) -> Home:
    with open_home(Settings(home=tmp_path / "home", encoder="lsa")) as opened:
        for name in "甲乙":
            opened.store.tenants.register(name, datetime.now(UTC))
    return ("--home", str(tmp_path / "home"))


@pytest.fixture
def told(capsys: pytest.CaptureFixture[str], home: Home) -> Told:
    return Told(capsys, home)


class Told:
    """Runs a verb and returns what it printed."""

    def __init__(self, capsys: pytest.CaptureFixture[str], home: Home) -> None:
        self._capsys = capsys
        self._home = home

    def __call__(self, verb: str, *arguments: str, code: int = 0) -> str:
        assert run(("webhooks", verb, *arguments, *self._home)) == code
        captured = self._capsys.readouterr()
        self.error = captured.err
        return captured.out

    def json(self, verb: str, *arguments: str) -> dict[str, object]:
        found: dict[str, object] = json.loads(self(verb, *arguments, "--json"))
        return found


def test_the_life_of_an_endpoint(told: Told) -> None:
    secret = told("create", PUBLIC, "--event", "push.ready", "--tenant", "甲").strip()
    assert len(parse_secret(secret, "x")) == 32
    assert "shown once" in told.error
    (one,) = told.json("list", "--tenant", "甲")["endpoints"]
    name = one["endpoint_id"]
    assert name in told.error or one["events"] == ["push.ready"]
    for tenant in ((), ("--tenant", "乙")):
        assert told.json("list", *tenant) == {"endpoints": []}
        assert told("show", name, *tenant, code=1) == ""
        assert "found no webhook endpoint" in told.error
    for verb in ("list", "show"):
        shown = told(verb, *([name] if verb == "show" else []), "--tenant", "甲")
        assert secret not in shown
        assert name in shown
        assert "geheim" not in shown
    changed = told.json("change", name, "--event", "import.finished", "--tenant", "甲")
    assert changed["events"] == ["import.finished"]
    new = told("rotate", name, "--overlap", "60", "--tenant", "甲").strip()
    assert new != secret
    assert told.json("show", name, "--tenant", "甲")["old_secret_until"]
    told("delete", name, "--tenant", "甲")
    assert told.json("list", "--tenant", "甲") == {"endpoints": []}


def test_from_event_to_receiver(told: Told, receiver: Receiver, home: Home) -> None:
    assert told("create", receiver.url, code=1) == ""
    assert "no webhook is sent to" in told.error
    assert told("networks") == "none\n"
    assert told("networks", "--allow", "127.0.0.0/8", "--allow", "10.0.0.0/16").split() == [
        "10.0.0.0/16", "127.0.0.0/8",
    ]  # fmt: skip
    made = told.json("create", receiver.url)
    endpoint, secret = made["endpoint"], str(made["secret"])
    assert endpoint["events"] == [kind.value for kind in CHOOSABLE]
    name = endpoint["endpoint_id"]
    told("test", name)
    assert told("deliver", "--once") == "1 attempts\n"
    assert told("deliver", "--once") == "0 attempts\n"
    (came,) = receiver.came
    assert verified(came, parse_secret(secret, "x"), datetime.now(UTC).timestamp())
    (log,) = told.json("deliveries", name)["deliveries"]
    assert (log["state"], log["event_type"], log["log"][0]["status"]) == ("delivered", "ping", 204)
    receiver.answer = lambda _: 410
    with open_home(Settings(home=Path(home[1]), encoder="lsa")) as opened:
        for _ in range(3):
            with opened.store.database.transaction() as connection:
                record_event(connection, EventType.PUSH_READY, {})
    told("deliver", "--once")
    assert "disabled: the receiver answered 410 Gone" in told("show", name)
    assert len(told.json("deliveries", name, "--state", "failed")["deliveries"]) == 3
    assert told("replay", name, "--since", "2026-01-01T00:00+08:00", code=1) == ""
    told("enable", name)
    receiver.answer = lambda _: 204
    assert told("replay", name, "--since", "2026-01-01T00:00+08:00") == "3 to be sent again\n"
    assert told("deliver", "--once") == "3 attempts\n"
    assert told.json("replay", name, "--delivery", log["delivery_id"]) == {"replayed": 1}
    assert told("deliver", "--once") == "1 attempts\n"
    assert receiver.came[-1].message_id == came.message_id
    assert told("networks", "--none") == "none\n"


@pytest.mark.parametrize(
    ("arguments", "code", "word"),
    [
        (("create", "https://10.0.0.1/"), 1, "not allowed"),
        (("create", "http://hook.example.cn/"), 1, "https only"),
        (("create", PUBLIC, "--event", "x"), 1, "found event"),
        (("create", PUBLIC, "--tenant", "丙"), 1, "found no tenant"),
        (("replay", "ep_1"), 2, "--delivery"),
        (("replay", "ep_1", "--since", "2026-01-01", "--delivery", "x"), 2, "--delivery"),
        (("replay", "ep_1", "--since", "2026-01-01T00:00"), 1, "zone"),
        (("networks", "--allow", "0.0.0.0/0"), 1, "network"),
        (("networks", "--allow", "10.0.0.0/8", "--none"), 2, "--allow"),
        (("rotate", "ep_1"), 1, "found no webhook endpoint"),
    ],
)
def test_wrong_use_ends_in_a_sentence(
    told: Told, arguments: tuple[str, ...], code: int, word: str
) -> None:
    told(*arguments, code=code)
    assert word in told.error
    assert "Traceback" not in told.error
    assert "geheim" not in told.error


def test_a_server_secret_may_be_rotated_twice(told: Told, receiver: Receiver, home: Home) -> None:
    told("networks", "--allow", "127.0.0.0/8")
    made = told.json("create", receiver.url)
    key = parse_secret(str(made["secret"]), "x")
    for turn in range(1, 4):
        Secrets(Path(home[1]), "").rotate()
        told("test", made["endpoint"]["endpoint_id"])
        assert told("deliver", "--once") == "1 attempts\n"
        assert len(receiver.came) == turn
        assert verified(receiver.came[-1], key, datetime.now(UTC).timestamp())
