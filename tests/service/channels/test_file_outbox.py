"""The file outbox: parts appear whole, in order, and hold each message once whatever happens."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from matcher.codes import DeliveryOutcome
from matcher.pushed import PushMessage
from service.channels import outbox_parts
from service.channels.file_outbox import LIMITS, FileOutbox
from service.jobs.locks import held
from tests.contracts.test_channels import R1, message


def outbox(folder: Path, kind: str = "ndjson") -> FileOutbox:
    return FileOutbox("c", folder, format=kind, limits=LIMITS, clock=lambda: datetime.now(UTC))


def ids(folder: Path) -> list[str]:
    """Return the ids of all lines of all parts, in their order."""
    parts = sorted((folder / R1).glob("part-*.ndjson"))
    lines = [line for part in parts for line in part.read_text("utf-8").splitlines()]
    return [line.split('"')[3] for line in lines]


def test_parts_are_numbered_and_hold_whole_lines(tmp_path: Path) -> None:
    for firms in ((0, 1), (2,), (3, 4)):
        outbox(tmp_path).send([message(firm) for firm in firms])
    names = sorted(path.name for path in (tmp_path / R1).iterdir())
    parts = [f"part-{number:06d}.ndjson" for number in (1, 2, 3)]
    assert names == [".panhuo", *parts]
    assert ids(tmp_path) == ["m0", "m1", "m2", "m3", "m4"]
    first = (tmp_path / R1 / parts[0]).read_bytes()
    assert first.startswith(b'{"message_id":"m0","round_id":"r1","uscc":"f0",')
    assert first.endswith(b"\n")


def test_a_part_that_was_fetched_is_not_written_again(tmp_path: Path) -> None:
    outbox(tmp_path).send([message(0), message(1)])
    (tmp_path / R1 / "part-000001.ndjson").unlink()
    outbox(tmp_path).send([message(0, attempt=2), message(2)])
    assert ids(tmp_path) == ["m2"]
    assert (tmp_path / R1 / "part-000002.ndjson").exists()


class Killed(BaseException):
    """Stands for SIGKILL."""


def killing(monkeypatch: pytest.MonkeyPatch, at: int, *, after: bool) -> Callable[[], int]:
    """Die at the n-th call that makes something durable, before or after it took effect."""
    calls = 0

    def watched(real: Callable[..., object]) -> Callable[..., object]:
        def call(*arguments: object, **named: object) -> object:
            nonlocal calls
            calls += 1
            if calls == at and not after:
                raise Killed
            result = real(*arguments, **named)
            if calls == at:
                raise Killed
            return result

        return call

    monkeypatch.setattr(os, "fsync", watched(os.fsync))
    monkeypatch.setattr(Path, "replace", watched(Path.replace))
    # A killed process removes no drafts; the exception that stands for the kill must not either.
    monkeypatch.setattr(Path, "unlink", watched_unlink(Path.unlink, lambda: 0 < at <= calls))
    return lambda: calls


def watched_unlink(real: Callable[..., None], dead: Callable[[], bool]) -> Callable[..., None]:
    def unlink(path: Path, missing_ok: bool = False) -> None:
        if not dead():
            real(path, missing_ok=missing_ok)

    return unlink


@pytest.mark.parametrize("kind", ["ndjson", "xlsx"])
def test_killed_at_every_step_each_message_is_written_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    batch = [message(0), message(1)]
    again: list[PushMessage] = [message(0, attempt=2), message(1, attempt=2), message(2)]
    with monkeypatch.context() as patch:
        steps = killing(patch, 0, after=False)
        outbox(tmp_path / "whole", kind).send(batch)
    count = steps()
    assert count >= 8  # draft, its name, ids, their name, the part's name, two folders
    for step in range(1, count + 1):
        for after in (False, True):
            folder = tmp_path / f"{step}-{after}"
            with monkeypatch.context() as patch:
                killing(patch, step, after=after)
                with pytest.raises(Killed):
                    outbox(folder, kind).send(batch)
            for part in (folder / R1).glob("part-*"):
                assert part.stat().st_size > 0
            receipts = outbox(folder, kind).send(again)
            assert {one.outcome for one in receipts} == {DeliveryOutcome.DELIVERED}
            if kind == "ndjson":
                assert sorted(ids(folder)) == ["m0", "m1", "m2"]
            state = folder / R1 / ".panhuo"
            listed = [line for path in state.glob("*.ids") for line in path.read_text().split()]
            assert sorted(listed) == ["m0", "m1", "m2"]
            left = {path.suffix for path in state.iterdir() if path.name != "lock"}
            assert left == {".ids"}
            parts = {path.stem for path in (folder / R1).glob(f"part-*.{kind}")}
            assert parts == {path.stem for path in state.glob("*.ids")}


def test_two_writers_take_turns(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outbox_parts, "_LOCK_SECONDS", 0.2)
    outbox(tmp_path).send([message(0)])
    with held(tmp_path / R1 / ".panhuo" / "lock"):
        (receipt,) = outbox(tmp_path).send([message(1)])
    assert receipt.outcome is DeliveryOutcome.TRY_AGAIN
    assert "another process" in receipt.detail
    (receipt,) = outbox(tmp_path).send([message(1, attempt=2)])
    assert receipt.outcome is DeliveryOutcome.DELIVERED


def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / R1).write_text("in the way")
    (receipt,) = outbox(tmp_path).send([message(0)])
    assert receipt.outcome is DeliveryOutcome.TRY_AGAIN
    assert receipt.detail
