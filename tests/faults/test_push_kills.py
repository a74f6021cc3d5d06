"""The push killed again and again, from its plan to its last message: it ends as if undisturbed.

``PANHUO_KILLS`` says how often (8); ``make soak`` does it 50 times.
"""

from __future__ import annotations

import os
import random
import shutil
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from matcher.pushed import RoundId
from matcher.types import Uscc
from service.bootstrap import open_home
from service.config import Settings
from service.store.push_ledger import message_id
from tests.contracts.webhook_receiver import Arrived, Receiver, receiving
from tests.faults.killed_runs import (
    PLANNING,
    REACH,
    STAGES,
    command,
    ended,
    fell_in,
    killed_at,
    mark_of,
    plan_or_resume,
    standing,
)
from tests.faults.rounds import outcome

KILLS = int(os.environ.get("PANHUO_KILLS", "8"))
SEED = 20_261_123
FIRMS = 129
# A life that is killed too often sends or plans all there is between two kills.
KILLS_OF_A_LIFE = 18
SHARES = {"prepare": 0.16, "units": 0.28, "settle": 0.16, "publish": 0.12, "send": 0.28}
LEAST = max(1, KILLS // 12)  # of each stage
CHANNEL = "webhook"


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """Give a receiver that takes its time."""

    def answer(arrived: Arrived) -> int:
        time.sleep(0.02)
        return 204

    with receiving() as found:
        found.answer = answer
        yield found


@pytest.fixture(scope="module")
def undisturbed(lsa_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a home whose round was never stopped."""
    home = Path(shutil.copytree(lsa_home, tmp_path_factory.mktemp("undisturbed") / "home"))
    ended(plan_or_resume(home))
    return home


def wanted(kills: int) -> Counter[str]:
    """Return how many kills each stage is to get."""
    found = Counter({stage: max(1, round(kills * share)) for stage, share in SHARES.items()})
    found["units"] += kills - found.total()
    return found


def with_channel(home: Path, receiver: Receiver) -> Path:
    """Let a home know the receiver."""
    (home / "channels.toml").write_text(
        f"""
[[channel]]
name = "{CHANNEL}"
kind = "webhook"
url = "{receiver.url}"
secret_env = "A_SECRET"
allow_networks = ["127.0.0.0/8"]
parallel = 2
"""
    )
    return home


def kill_planning(home: Path, share: Counter[str], chance: random.Random) -> Counter[str]:
    """Kill plan and resumes, so many times at each stage; return where the kills fell."""
    fell: Counter[str] = Counter()
    for stage in PLANNING:
        for _ in range(share[stage]):
            before = standing(home)
            if before.published or (stage == "units" and before.units == FIRMS):
                break  # there is nothing left to be killed at
            process = plan_or_resume(home)
            if killed_at(process, mark_of(home, stage, before, FIRMS), REACH[stage], chance):
                fell[fell_in(home, before, FIRMS)] += 1
    return fell


def kill_sending(home: Path, receiver: Receiver, times: int, chance: random.Random) -> int:
    """Kill the sending of a home's round so many times; return how often it was met at work."""
    (made,) = rounds_of(home)
    fell = 0
    for _ in range(times):
        came = len(receiver.came)
        process = command(home, "send", made, "--channel", CHANNEL)
        if killed_at(process, lambda c=came: len(receiver.came) > c, REACH["send"], chance):
            fell += 1
    return fell


def rounds_of(home: Path) -> list[RoundId]:
    """Return the published rounds."""
    with open_home(Settings(home=home, threads=1)) as opened:
        return [made.round_id for made in opened.store.push_rounds.rounds()]


def all_messages(home: Path) -> set[str]:
    """Return the ids of the messages that a home's round is to send."""
    (made,) = rounds_of(home)
    with open_home(Settings(home=home, threads=1)) as opened:
        firms = [firm.uscc for firm in opened.store.firms.iterate()]
        stored = opened.store.push_rounds.items_of_firms(made, firms)
    return {message_id(made, CHANNEL, Uscc(uscc)) for uscc, items in stored.items() if items}


def life(
    home: Path, receiver: Receiver, share: Counter[str], chance: random.Random
) -> Counter[str]:
    """Plan and send one round through all its deaths to its end; return where they fell."""
    fell = kill_planning(home, share, chance)
    if not standing(home).published:
        ended(plan_or_resume(home))
    before = len(receiver.came)
    fell["send"] = kill_sending(home, receiver, share["send"], chance)
    (made,) = rounds_of(home)
    told = ended(command(home, "send", made, "--channel", CHANNEL, "--until-done"))
    messages = all_messages(home)
    assert told["delivered"] == told["messages"] == len(messages) > 100
    assert told["waiting"] == told["parked"] == told["failed"] == told["empty"] == 0
    came = receiver.came[before:]
    assert {one.message_id for one in came} == messages  # none is lost
    bodies = {(one.message_id, one.body) for one in came}
    assert len(bodies) == len(messages)  # what came again is the same, and known by its key
    assert len(came) - len(messages) <= 2 * fell["send"]  # only what was in hand came again
    return fell


def test_killed_again_and_again_the_push_is_the_same(
    undisturbed: Path, lsa_home: Path, tmp_path: Path, receiver: Receiver
) -> None:
    chance = random.Random(SEED)
    expected, left, fell = outcome(undisturbed), wanted(KILLS), Counter[str]()
    lives = again = 0
    while left.total():
        lives += 1
        assert lives <= 4 + KILLS // 5, f"kills come too late: {fell}"
        home = tmp_path / f"life-{lives}"
        shutil.copytree(lsa_home, home)
        more = -(-left.total() // KILLS_OF_A_LIFE)
        share = Counter({stage: -(-left[stage] // more) for stage in STAGES})
        came = len(receiver.came)
        now = life(with_channel(home, receiver), receiver, share, chance)
        again += len(receiver.came) - came - len(all_messages(home))
        assert outcome(home) == expected
        shutil.rmtree(home)
        fell += now
        left = _left(fell)
    assert fell.total() >= KILLS
    assert all(fell[stage] >= LEAST for stage in STAGES), fell
    sys.stdout.write(
        f"{fell.total()} kills by SIGKILL in {lives} rounds: "
        + ", ".join(f"{stage} {fell[stage]}" for stage in STAGES)
        + f"; {FIRMS} messages a round, {again} came again and were known by their key\n"
    )


def _left(fell: Counter[str]) -> Counter[str]:
    """Return the kills that are still to come; when there were enough, of stages that lack."""
    if fell.total() >= KILLS:
        return Counter({stage: LEAST - fell[stage] for stage in STAGES if fell[stage] < LEAST})
    return wanted(KILLS) - fell
