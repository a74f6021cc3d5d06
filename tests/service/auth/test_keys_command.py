"""``panhuo keys`` and ``panhuo serve``, as an operator uses them."""

from __future__ import annotations

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from service.auth.keys import is_key
from service.cli import run

CREATE = ("keys", "create", "--tenant", "省平台", "--scope")


def told(capsys: pytest.CaptureFixture[str], *arguments: str, code: int = 0) -> tuple[str, str]:
    assert run(arguments) == code
    captured = capsys.readouterr()
    return captured.out, captured.err


@pytest.fixture
def home(tmp_path: Path) -> tuple[str, str]:
    return ("--home", str(tmp_path / "home"))


def test_a_key_is_shown_once(home: tuple[str, str], capsys: pytest.CaptureFixture[str]) -> None:
    out, _ = told(capsys, *CREATE, "recommend:read", "feedback:write", "--json", *home)
    made = json.loads(out)
    assert is_key(made["key"])
    assert made["scopes"] == ["feedback:write", "recommend:read"]
    out, err = told(capsys, *CREATE, "admin", "--expires", "30", *home)
    assert is_key(out.strip())
    assert "shown once" in err
    for arguments in (("--json",), ()):
        out, err = told(capsys, "keys", "list", *arguments, *home)
        assert made["key"][7:30] not in out + err
    rows = json.loads(told(capsys, "keys", "list", "--json", *home)[0])["keys"]
    assert [row["state"] for row in rows] == ["in force", "in force"]
    assert {row["tenant"] for row in rows} == {"省平台"}
    assert rows[0]["id"] == made["id"] or rows[1]["id"] == made["id"]
    database = Path(home[1]) / "panhuo.db"
    assert made["key"].encode() not in database.read_bytes()


@pytest.mark.parametrize(
    "written",
    [
        ("--scope", "push:send", "--scope", "admin"),
        ("--scope", "push:send", "admin"),
        ("--scope", "push:send,admin"),
    ],
)
def test_scopes_may_be_written_as_people_do(
    home: tuple[str, str], capsys: pytest.CaptureFixture[str], written: tuple[str, ...]
) -> None:
    out, _ = told(capsys, "keys", "create", "--tenant", "a", *written, "--json", *home)
    assert json.loads(out)["scopes"] == ["admin", "push:send"]


def test_states_are_told_and_a_key_is_revoked_by_its_id(
    home: tuple[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    made = json.loads(told(capsys, *CREATE, "admin", "--json", *home)[0])
    operator = ("keys", "create", "--tenant", "operator", "--scope", "admin", "--json")
    told(capsys, *operator, *home)

    def states(*asked: str) -> list[str]:
        out = told(capsys, "keys", "list", "--json", *asked, *home)[0]
        return [row["state"] for row in json.loads(out)["keys"]]

    assert states("--tenant", "operator") == ["in force"]
    told(capsys, "keys", "rotate", *home)
    assert states("--tenant", "省平台") == ["in force, old secret"]
    told(capsys, "keys", "rotate", *home)
    assert states("--tenant", "省平台") == ["secret gone"]
    assert "is revoked" in told(capsys, "keys", "revoke", made["id"], *home)[0]
    assert "revoked before" in told(capsys, "keys", "revoke", made["id"], *home)[0]
    assert states("--tenant", "省平台") == ["revoked"]
    _, err = told(capsys, "keys", "revoke", made["key"], *home, code=1)
    assert made["key"] not in err
    assert err.startswith("panhuo: found no key of this id")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("keys", "create", "--tenant", "a", "--scope", "root"), "found scope 'root'"),
        (("keys", "create", "--tenant", "", "--scope", "admin"), "found tenant name ''"),
        (("keys", "create", "--tenant", "a", "--scope", ","), "found no scope"),
        (("keys", "create", "--tenant", "operator", "--scope", "admin", "--private"), "--private"),
        (("keys", "list", "--tenant", "nobody"), "found no tenant 'nobody'"),
        (("serve", "--host", "0.0.0.0"), "found host '0.0.0.0' and no key; expected 127.0.0.1"),
    ],
)
def test_mistakes_are_one_sentence(
    home: tuple[str, str],
    capsys: pytest.CaptureFixture[str],
    arguments: tuple[str, ...],
    words: str,
) -> None:
    _, err = told(capsys, *arguments, *home, code=1)
    assert words in err
    assert len(err.strip().splitlines()) == 1


def test_a_secret_that_is_too_short_is_refused_without_a_word_of_it(
    home: tuple[str, str], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PANHUO_KEY_SECRET", "Geheimnis")
    _, err = told(capsys, *CREATE, "admin", *home, code=1)
    assert "Geheimnis" not in err
    assert "PANHUO_KEY_SECRET" in err


def _port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port


@contextmanager
def serving(home: tuple[str, str], log: Path, *options: str) -> Iterator[int]:
    """Run ``panhuo serve`` and give its port; its output goes to the log."""
    port = _port()
    command = [sys.executable, "-m", "service", "serve", "--port", str(port), *options, *home]
    with log.open("wb") as out:
        process = subprocess.Popen(
            command, stdout=out, stderr=out, start_new_session=True, env={**os.environ}
        )
        try:
            give_up = time.monotonic() + 90
            while _status(port, "/healthz", "") != 200:
                assert process.poll() is None, log.read_text("utf-8")
                assert time.monotonic() < give_up
                time.sleep(0.2)
            yield port
        finally:
            os.killpg(process.pid, signal.SIGTERM)
            process.wait(30)


def _status(port: int, path: str, key: str) -> int:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request("GET", path, headers={"authorization": f"Bearer {key}"} if key else {})
        return connection.getresponse().status
    except OSError:
        return 0
    finally:
        connection.close()


def test_keys_count_on_every_worker_within_five_seconds(
    home: tuple[str, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    log = tmp_path / "log"
    with serving(home, log, "--workers", "2") as port:
        assert "no key yet" in log.read_text("utf-8")
        path = "/v1/patents/CN0"
        assert _status(port, path, "") == 404
        made = json.loads(told(capsys, *CREATE, "recommend:read", "--json", *home)[0])
        begun = time.monotonic()
        while {_status(port, path, "") for _ in range(12)} != {401}:
            assert time.monotonic() < begun + 5
        assert {_status(port, path, made["key"]) for _ in range(12)} == {404}
        assert _status(port, f"{path}?key={made['key']}", "") == 400
        told(capsys, "keys", "revoke", made["id"], *home)
        begun = time.monotonic()
        while {_status(port, path, made["key"]) for _ in range(12)} != {401}:
            assert time.monotonic() < begun + 5
    said = log.read_text("utf-8")
    assert "GET /v1/patents/{patent} 404" in said
    assert "GET none 400" in said
    assert "key=" not in said  # a line holds the template of an address, never what was sent
    assert made["key"][7:] not in said


def test_with_a_key_another_address_is_served(
    home: tuple[str, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    made = json.loads(told(capsys, *CREATE, "recommend:read", "--json", *home)[0])
    with serving(home, tmp_path / "log", "--host", "0.0.0.0") as port:
        assert _status(port, "/v1/patents/CN0", "") == 401
        assert _status(port, "/v1/patents/CN0", made["key"]) == 404
    listed = json.loads(told(capsys, "keys", "list", "--json", *home)[0])["keys"]
    assert listed[0]["last_used_at"]
