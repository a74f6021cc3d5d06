"""``channels.toml``: what it may say, and one sentence for each mistake."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from matcher.errors import BadFile, InputError
from service.channels.addresses import parse_network
from service.channels.config import ChannelConfig, channel_named, load_channels
from service.channels.opening import open_channel
from service.store.database import Database
from service.store.push_inbox import PushInbox

GOOD = """
[[channel]]
name = "province"
kind = "webhook"
url = "https://push.example.cn/in"
secret_env = ["NEW", "OLD"]
allow_networks = ["10.20.0.0/16"]
ca_file = "ca.pem"
parallel = 3
schedule = [0, 5, 300.5]

[[channel]]
name = "platform"
kind = "file"
folder = "out"
format = "xlsx"

[[channel]]
name = "portal"
kind = "inbox"
"""
WEBHOOK = '[[channel]]\nname = "c"\nkind = "webhook"\nurl = "https://e.cn"\nsecret_env = "A"\n'
FILE = '[[channel]]\nname = "c"\nkind = "file"\nfolder = "out"\n'


def test_every_word_is_read(tmp_path: Path) -> None:
    assert load_channels(tmp_path) == ()
    (tmp_path / "channels.toml").write_text(GOOD, "utf-8")
    assert load_channels(tmp_path) == (
        ChannelConfig(
            "province",
            "webhook",
            url="https://push.example.cn/in",
            secret_env=("NEW", "OLD"),
            allow_networks=(parse_network("10.20.0.0/16"),),
            ca_file="ca.pem",
            parallel=3,
            schedule=(0.0, 5.0, 300.5),
        ),
        ChannelConfig("platform", "file", folder="out", format="xlsx"),
        ChannelConfig("portal", "inbox"),
    )
    assert channel_named(tmp_path, "portal").kind == "inbox"
    with pytest.raises(InputError, match=r"province, platform, portal"):
        channel_named(tmp_path, "none")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("x = ", "no TOML"),
        ("\ufeff\x00", "no TOML"),
        ("[channel]\nname = 'c'", "tables [[channel]]"),
        ("[other]\nx = 1", "found other"),
        ("channel = [1]", "channel 1: found no table"),
        ("[[channel]]\nname = 'c'", "channel 'c': found kind None; expected one of webhook"),
        ("[[channel]]\nname = 'c'\nkind = 'fax'", "found kind 'fax'"),
        ("[[channel]]\nkind = 'inbox'", "channel 1: found no name"),
        ("[[channel]]\nname = 'a b'\nkind = 'inbox'", "found name 'a b'"),
        ("[[channel]]\nname = 7\nkind = 'inbox'", "found name 7"),
        ("[[channel]]\nname = 'c'\nkind = 'inbox'\nfolder = 'x'", "found 'folder' in a channel"),
        (FILE + FILE, "two channels named 'c'"),
        (FILE + "format = 'csv'", "found format 'csv'; expected ndjson or xlsx"),
        (FILE + "folder = ''".replace("folder", "url"), "found 'url'"),
        (FILE.replace('"out"', '""'), "found folder ''"),
        (FILE + "schedule = []", "found schedule []"),
        (FILE + "schedule = [-1]", "found schedule [-1]"),
        (FILE + "schedule = ['5s']", "found schedule"),
        (FILE + "schedule = [true]", "found schedule"),
        (FILE + "schedule = [nan]", "found schedule"),
        (WEBHOOK + "parallel = 0", "found parallel 0"),
        (WEBHOOK + "parallel = 1.5", "found parallel 1.5"),
        (WEBHOOK + "allow_networks = '10.0.0.0/8'", "found allow_networks"),
        (WEBHOOK + "allow_networks = ['0.0.0.0/0']", "found network '0.0.0.0/0'"),
        (WEBHOOK + "timeout = 5", "found 'timeout' in a channel of kind 'webhook'"),
        (WEBHOOK.replace("https", "ftp"), "found url 'ftp://e.cn'"),
        (WEBHOOK.replace('secret_env = "A"', ""), "found no secret_env"),
        (WEBHOOK.replace('"A"', "[]"), "secret_env without a name"),
    ],
)
def test_a_mistake_is_one_sentence_with_its_place(tmp_path: Path, text: str, told: str) -> None:
    (tmp_path / "channels.toml").write_text(text, "utf-8")
    with pytest.raises(BadFile) as caught:
        load_channels(tmp_path)
    assert told in str(caught.value)
    assert "channels.toml" in str(caught.value)
    assert caught.value.expected
    assert caught.value.cure


@pytest.mark.parametrize("key", ["secret", "secret_env"])
def test_a_secret_in_the_file_is_refused_and_not_told(tmp_path: Path, key: str) -> None:
    secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
    text = WEBHOOK.replace('secret_env = "A"', f'{key} = "{secret}"')
    (tmp_path / "channels.toml").write_text(text, "utf-8")
    with pytest.raises(BadFile, match="environment variable") as caught:
        load_channels(tmp_path)
    assert secret not in str(caught.value)


@pytest.mark.parametrize(
    ("variables", "told"),
    [
        ({}, "found no environment variable A"),
        ({"A": ""}, "found no environment variable A"),
        ({"A": "whsec_abc"}, "in A"),
    ],
)
def test_a_secret_must_stand_in_the_environment(
    tmp_path: Path, variables: dict[str, str], told: str
) -> None:
    config = ChannelConfig("c", "webhook", url="https://e.cn", secret_env=("A",))
    table = PushInbox(Database(f"sqlite:///{tmp_path / 'x.db'}"))
    with pytest.raises(InputError, match=told):
        open_channel(config, tmp_path, table, variables, lambda: datetime.now(UTC))


def test_certificates_that_cannot_be_read_are_told(tmp_path: Path) -> None:
    table = PushInbox(Database(f"sqlite:///{tmp_path / 'x.db'}"))
    (tmp_path / "noise.pem").write_text("noise")
    for name in ("none.pem", "noise.pem"):
        config = ChannelConfig("c", "webhook", url="https://e.cn", secret_env=("A",), ca_file=name)
        with pytest.raises(InputError, match=name):
            open_channel(config, tmp_path, table, {}, lambda: datetime.now(UTC))
