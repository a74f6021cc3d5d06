"""Secrets of endpoints: what they sign, how they change, and where they do not stand."""

from __future__ import annotations

import base64
import json
import logging
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from matcher.codes import MessageState
from service.auth.redact import holds_secret, redacted, redacted_logs
from service.auth.refusals import SecretUnusable
from service.auth.secret import Secrets
from service.channels.signatures import parse_secret
from service.store.engine import Store
from service.store.schema import metadata
from service.webhooks.desk import WebhookDesk
from service.webhooks.sealing import keys_of, new_secret, opened, sealed
from service.webhooks.sender import Sender
from tests.contracts.webhook_receiver import Receiver, receiving, verified
from tests.service.webhooks.lines import SECRETS, Hands, line, made, record, send

OTHER = "another server secret of thirty-two characters"


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as found:
        yield found


def test_old_and_new_sign_while_they_overlap_and_not_after(
    store: Store, receiver: Receiver
) -> None:
    hands = Hands()
    endpoint, old = made(store, receiver.url, hands=hands)
    desk, sender = WebhookDesk(store, SECRETS, hands), Sender(store, line(hands))

    def signed_by(*keys: bytes) -> list[bool]:
        record(store)
        send(sender)
        return [verified(receiver.came[-1], key, hands.at.timestamp()) for key in keys]

    assert signed_by(old) == [True]
    _, told = desk.rotate(endpoint.endpoint_id, timedelta(hours=2))
    new = parse_secret(told, "the answer")
    assert signed_by(new, old) == [True, True]
    hands.turn(7_199)
    assert signed_by(new, old) == [True, True]
    hands.turn(1)
    assert signed_by(new, old) == [True, False]
    # Rotated twice, the first ends at once, and so does the one before without an overlap.
    third = parse_secret(desk.rotate(endpoint.endpoint_id)[1], "x")
    fourth = parse_secret(desk.rotate(endpoint.endpoint_id)[1], "x")
    assert signed_by(new, third, fourth) == [False, True, True]
    fifth = parse_secret(desk.rotate(endpoint.endpoint_id, timedelta(0))[1], "x")
    assert signed_by(third, fourth, fifth) == [False, False, True]
    assert len({one.headers["webhook-id"] for one in receiver.came}) == len(receiver.came)


def test_the_code_of_the_documentation_verifies(store: Store, receiver: Receiver) -> None:
    text = (Path(__file__).parents[3] / "docs" / "webhooks.md").read_text("utf-8")
    code = text.partition("```python\n")[2].partition("```")[0]
    assert len(code.split("def ")[1].strip().splitlines()) <= 9
    known: dict[str, Any] = {}
    exec(code, known)
    hands = Hands()
    endpoint, _ = made(store, receiver.url, hands=hands)
    _, secret = WebhookDesk(store, SECRETS, hands).rotate(endpoint.endpoint_id)
    record(store)
    send(Sender(store, line()))
    (came,) = receiver.came
    assert known["verified"](secret, came.headers, came.body)
    assert not known["verified"](secret, came.headers, came.body + b" ")
    assert not known["verified"](new_secret(), came.headers, came.body)
    late = came.headers | {"webhook-timestamp": "1614265330"}
    assert not known["verified"](secret, late, came.body)


def test_secrets_are_long_random_and_each_its_own() -> None:
    found = {new_secret() for _ in range(1_000)}
    assert len(found) == 1_000
    assert {len(parse_secret(text, "x")) for text in found} == {32}


def test_what_is_kept_tells_nothing_and_belongs_to_its_endpoint() -> None:
    text, secret = new_secret(), SECRETS.current()
    kept = sealed(text, "ep_1", secret)
    assert text not in kept
    assert text.removeprefix("whsec_") not in kept
    assert sealed(text, "ep_1", secret) != kept
    assert opened(kept, "ep_1", [secret]) == text
    changed = kept[:-6] + ("A" if kept[-6] != "A" else "B") + kept[-5:]
    gone = Secrets(Path("x"), OTHER).known()
    for wrong, name, known in ((kept, "ep_2", [secret]), (changed, "ep_1", [secret]),
                               (kept, "ep_1", gone), ("w1.x", "ep_1", [secret]),
                               (text, "ep_1", [secret])):  # fmt: skip
        with pytest.raises(SecretUnusable) as caught:
            opened(wrong, name, known)
        assert text not in str(caught.value)


def test_no_table_holds_a_secret(store: Store, receiver: Receiver) -> None:
    endpoint, key = made(store, receiver.url)
    desk = WebhookDesk(store, SECRETS)
    _, second = desk.rotate(endpoint.endpoint_id)
    record(store)
    send(Sender(store, line(Hands())))
    with store.database.reading() as connection:
        content = json.dumps(
            [
                [str(value) for value in row]
                for table in metadata.sorted_tables
                for row in connection.execute(sa.select(table))
            ]
        )
    assert endpoint.endpoint_id in content
    for text in (base64.b64encode(key).decode(), second, key.hex()):
        assert text not in content
        assert text not in repr(desk.get(endpoint.endpoint_id))


def test_secrets_move_to_the_server_secret_in_force(store: Store, receiver: Receiver) -> None:
    endpoint, key = made(store, receiver.url)
    hands = Hands()
    first = "a server secret of thirty-two characters and more"
    both = Secrets(Path("x"), f"{OTHER},{first}")
    Sender(store, line(hands, secrets=both)).reseal()
    (found,) = store.webhooks.all()
    assert found.secret != endpoint.secret
    alone = Secrets(Path("x"), OTHER)
    assert keys_of(found, alone.known(), hands.at) == [key]
    record(store)
    assert send(Sender(store, line(hands, secrets=alone))) == 1
    assert verified(receiver.came[-1], key, hands.at.timestamp())


def test_a_secret_that_cannot_be_read_is_told_and_waits(
    store: Store, receiver: Receiver, caplog: pytest.LogCaptureFixture
) -> None:
    endpoint, _ = made(store, receiver.url)
    record(store)
    gone = line(Hands(), secrets=Secrets(Path("x"), OTHER))
    Sender(store, gone).reseal()
    assert "server secret that is not known" in caplog.text
    send(Sender(store, gone))
    (found,) = store.delivery_log.latest(endpoint.endpoint_id, 9, None, None)
    assert found.state is MessageState.PENDING
    assert "not known" in found.cause
    assert receiver.came == []


def test_logs_and_addresses_keep_no_secret(caplog: pytest.LogCaptureFixture) -> None:
    text = new_secret()
    assert holds_secret(f"x {text} y")
    assert not holds_secret("whsec_short")
    assert redacted(f"found {text}") == "found whsec_•••"
    with redacted_logs():
        logging.getLogger("panhuo.webhooks").warning("found %s", text)
    assert text not in caplog.text


def test_two_who_rotate_at_once_do_not_both(store: Store, receiver: Receiver) -> None:
    endpoint, _ = made(store, receiver.url)
    assert store.webhooks.rotate(endpoint, "w1.a", "2027")
    assert not store.webhooks.rotate(replace(endpoint), "w1.b", "2027")
