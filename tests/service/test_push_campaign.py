"""Campaigns on the sample catalogue: what they choose, what they share, what they repeat."""

from __future__ import annotations

import json
import shutil
from collections import Counter
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from matcher.errors import StateError
from matcher.push.plan import PushPlan
from matcher.push.round_folder import RoundFolder
from matcher.pushed import ItemBatch, PushRound, RoundId
from matcher.types import Firm, GroupKind, HolderKind, LegalStatus, Patent, PatentGroup
from service.bootstrap import Home, open_home
from service.cli import run
from service.config import Settings
from service.push.campaign_file import Gazetteer, read_campaign
from service.push.planner import Planner
from service.store.push_pairs import pushed_pairs
from tests.faults import push_planning
from tests.faults.push_planning import InProcess, Stopped

START = datetime(2027, 1, 1, 4, tzinfo=UTC)
PLAN = PushPlan("", "", unit=48, seed=3)
TAGS = {
    "专精特新": ("专精特新", "小巨人"),
    "小巨人": ("小巨人",),
    "高新技术企业": ("高新技术企业",),
}
STAGES = ("样品", "试生产", "小批量", "批量")
HOLDERS = {"高校": HolderKind.UNIVERSITY, "科研机构": HolderKind.INSTITUTE}
EAST = ("浙江", "江苏", "山东", "福建", "上海")


@pytest.fixture
def home(own_home: Path) -> Any:
    with open_home(Settings(home=own_home, threads=1)) as opened:
        yield opened


def planned(home: Home, text: str, at: datetime, name: str) -> dict[str, Any]:
    """Plan a round of a campaign, of none for ``""``, at a moment of the test's own."""
    path = Path(home.settings.home) / "campaign.toml"
    path.write_text(text, "utf-8")
    home.engine()
    places = Gazetteer(home.segments.taxonomy, home.places)
    campaign = read_campaign(path, places) if text else None
    plan = replace(PLAN, round_id=name, made_at=at.isoformat())
    planner = Planner(home, InProcess(home), lambda *told: None, now=lambda: at)
    return planner.start(plan, campaign)


def pairs_of(home: Home, name: str) -> list[tuple[str, str]]:
    """Return the firms and items of a round, items as the test itself names them."""
    patents = {patent.patent_id: patent for patent in home.store.patents.iterate()}
    found = []
    for usccs, rows in pushed_pairs(home.store.database, RoundId(name)):
        groups = home.store.groups.of_patents(rows)
        for uscc, row in zip(usccs, rows, strict=True):
            group = groups.get(row)
            family = patents[row].family_id
            found.append((uscc, group.group_id if group else family or row))
    return found


def drawn(rng: np.random.Generator) -> dict[str, Any]:
    """Return a campaign as a test sees it."""

    def some(of: Any, chance: float) -> list[str]:
        names = [name for name in of if rng.random() < 0.6]
        return names if rng.random() < chance else []

    return {
        "tags": some(TAGS, 0.4),
        "regions": some(EAST, 0.4),
        "stages": some(STAGES, 0.5),
        "holders": some(HOLDERS, 0.3),
        "per_firm": int(rng.integers(1, 6)),
        "giants": int(rng.integers(1, 9)),
        "least": int(rng.integers(0, 2)),
        "most": int(rng.integers(2, 9)),
        "ripe_least": int(rng.integers(0, 2)),
        "ripe_most": int(rng.integers(2, 5)),
        "repeat": int(rng.integers(1, 25)),
        "rotation": int(rng.integers(1, 4)),
    }


def written(one: dict[str, Any], name: str, budget: tuple[int, int] | None) -> str:
    def listed(key: str, names: list[str]) -> str:
        return f"{key} = {json.dumps(names, ensure_ascii=False)}\n" if names else ""

    return (
        f'name = "{name}"\n[firms]\n{listed("tags", one["tags"])}'
        f"{listed('regions', one['regions'])}"
        f'[[firms.strata]]\ntags = ["小巨人"]\nper_firm = {one["giants"]}\n'
        f"[patents]\n{listed('maturity', one['stages'])}{listed('holders', one['holders'])}"
        f'[[patents.strata]]\nmaturity = ["批量"]\nleast = {one["ripe_least"]}\n'
        f"most = {one['ripe_most']}\n"
        f"[limits]\nper_firm = {one['per_firm']}\nleast = {one['least']}\nmost = {one['most']}\n"
        f"explore = 0.1\n[repeat]\ndays = {one['repeat']}\n[rotation]\nrounds = {one['rotation']}\n"
        + (f"[attention]\nitems = {budget[0]}\ndays = {budget[1]}\n" if budget else "")
    )


def chosen_firm(one: dict[str, Any], firm: Firm) -> bool:
    words = [word for tag in one["tags"] for word in TAGS[tag]]
    told = "".join(firm.tags)
    return (not words or any(word in told for word in words)) and (
        not one["regions"] or firm.province in one["regions"]
    )


def chosen_patent(one: dict[str, Any], patent: Patent) -> bool:
    stage = patent.maturity.partition("、")[0]
    stages = {"样品": "样品", "试生产": "试生产", "小批量生产": "小批量", "批量生产": "批量"}
    kinds = [HOLDERS[name] for name in one["holders"]]
    return (not one["stages"] or stages.get(stage) in one["stages"]) and (
        not kinds or patent.holder_kind in kinds
    )


@pytest.mark.parametrize("seed", range(3))
def test_whatever_the_campaigns_every_law_holds(home: Home, seed: int) -> None:
    """Six rounds of campaigns that share a budget, and one of none, over forty days."""
    rng = np.random.default_rng(seed)
    firms = {firm.uscc: firm for firm in home.store.firms.iterate()}
    patents = {patent.patent_id: patent for patent in home.store.patents.iterate()}
    budget = (int(rng.integers(4, 9)), 20)
    at, made = START, []
    for number in range(7):
        at += timedelta(days=int(rng.integers(1, 11)))
        name, one = f"r{number}", drawn(rng) if number != 4 else None
        text = written(one, f"c{number}", budget if number < 4 else None) if one else ""
        try:
            found = planned(home, text, at, name)
        except StateError as refused:
            assert "no attention left" in str(refused)  # noqa: PT017
            continue
        pushed = pairs_of(home, name)
        rows = [row for _, rows in pushed_pairs(home.store.database, name) for row in rows]
        per_firm, loads = Counter(uscc for uscc, _ in pushed), Counter(item for _, item in pushed)
        if one:
            assert all(chosen_firm(one, firms[uscc]) for uscc, _ in pushed)
            assert all(chosen_patent(one, patents[row]) for row in rows)
            for uscc, n in per_firm.items():
                giant = "小巨人" in "".join(firms[uscc].tags)
                assert n <= one["giants" if giant else "per_firm"]
            for (_, item), row in zip(pushed, rows, strict=True):
                ripe = patents[row].maturity.startswith("批量")
                assert loads[item] <= max(one["most"], one["ripe_most"])
                if item == row:
                    assert loads[item] <= one["ripe_most" if ripe else "most"]
            since = at - timedelta(days=one["repeat"])
            before = {pair for when, _, old in made if when > since for pair in old}
            assert not before & set(pushed)
        made.append((at, name, pushed))
        # The budget binds from its first round on, and every round while its days run.
        within = Counter(
            uscc for when, _, old in made if when > at - timedelta(days=20) for uscc, _ in old
        )
        assert max(within.values(), default=0) <= budget[0] or number > 4
        counts = found["exceptions"]["firms"]
        if one:
            outside = sum(not chosen_firm(one, firm) for firm in firms.values())
            assert counts["outside_campaign"] == outside
        proof = found["certificate"]
        assert proof["firms"] + counts.get("outside_campaign", 0) + counts.get(
            "no_attention_left", 0
        ) == len(firms)
        assert proof["bound"] >= proof["value"] * (1 - 1e-9)
    assert len(made) >= 4


def test_what_a_budget_left_nothing_of_is_told(home: Home) -> None:
    text = 'name = "一"\n[limits]\nper_firm = 3\n[attention]\nitems = 3\ndays = 10\n'
    first = planned(home, text, START, "r1")
    got = Counter(uscc for uscc, _ in pairs_of(home, "r1"))
    full: dict[str, bool] = {}
    for firm in home.store.firms.iterate():
        full[firm.province] = full.get(firm.province, True) and got[firm.uscc] == 3
    provinces = json.dumps([name for name, all_of in full.items() if all_of], ensure_ascii=False)
    with pytest.raises(StateError, match="no attention left of any of"):
        planned(home, f"{text}[firms]\nregions = {provinces}\n", START + timedelta(days=9), "r2")
    assert [one.round_id for one in home.store.push_rounds.rounds()] == ["r1"]
    again = planned(home, "", START + timedelta(days=9), "r3")
    assert again["exceptions"]["firms"]["no_attention_left"] > 100
    assert again["items"] < 30
    last = planned(home, text, START + timedelta(days=20), "r4")
    assert last["items"] == pytest.approx(first["items"], abs=12)


def test_a_group_is_offered_once_and_not_again_by_another_of_its_members(home: Home) -> None:
    patents = sorted(pairs_of_patents(home))
    members = [patents[0], patents[1]]
    numbers = tuple(home.store.patents.get(name).application_no for name in members)
    home.store.groups.put([PatentGroup("g1", GroupKind.GROUPED, "一组", members=numbers)])
    text = 'name = "一"\n[limits]\nper_firm = 100\nmost = 200\n[repeat]\ndays = 30\n'
    planned(home, text, START, "r1")
    first = {uscc for uscc, item in pairs_of(home, "r1") if item == "g1"}
    assert first
    # The member that led is stopped: the other leads now, and the group was pushed all the same.
    led = Counter(
        row for _, rows in pushed_pairs(home.store.database, RoundId("r1")) for row in rows
    )
    leader = max(members, key=lambda name: led[name])
    home.store.patents.upsert(
        [replace(home.store.patents.get(leader), legal_status=LegalStatus.LAPSED)]
    )
    planned(home, text, START + timedelta(days=5), "r2")
    assert not first & {uscc for uscc, item in pairs_of(home, "r2") if item == "g1"}


def pairs_of_patents(home: Home) -> set[str]:
    rows = [patent for patent in home.store.patents.iterate() if not patent.family_id]
    return {patent.patent_id for patent in rows if patent.recommendable}


def test_coverage_rotates(home: Home) -> None:
    """Five firms, two places each: what was offered lets what was not come first."""
    text = (
        'name = "轮换"\n[firms]\nregions = ["福建"]\n[limits]\nper_firm = 2\nexplore = 0\n'
        "[rotation]\nrounds = 9\n"
    )
    seen: set[str] = set()
    for number in range(4):
        planned(home, text, START + timedelta(days=number), f"r{number}")
        offered = {item for _, item in pairs_of(home, f"r{number}")}
        assert len(offered - seen) >= 8
        seen |= offered


def test_quiet_days_are_neither_planned_nor_resumed_nor_sent(
    home: Home, own_home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    today = date.today()
    span = f"from = {today - timedelta(days=2)}\nuntil = {today + timedelta(days=2)}\n"
    text = f'name = "春季"\n[[quiet]]\n{span}'
    path = own_home / "c.toml"
    path.write_text(text, "utf-8")
    told = str(today + timedelta(days=3))
    assert run(["push", "plan", "--campaign", str(path), "--home", str(own_home)]) == 1
    assert told in capsys.readouterr().err
    uscc = next(iter(home.store.firms.iterate())).uscc
    patent = next(iter(home.store.patents.iterate())).patent_id
    made = PushRound(RoundId("r1"), START, campaign=text)
    batch = ItemBatch([uscc], [1], [patent], [1.0], [1.0], [1.0], [""])
    home.store.push_rounds.publish(made, [batch])
    (own_home / "channels.toml").write_text('[[channel]]\nname = "portal"\nkind = "inbox"\n')
    send = ["push", "send", "r1", "--channel", "portal", "--home", str(own_home)]
    assert run(send) == 1
    sentence = capsys.readouterr().err
    assert told in sentence
    assert "'春季'" in sentence
    assert home.store.push_messages.counts(RoundId("r1"), "portal").messages == 0
    left = RoundFolder(own_home / "push" / "r0")
    quiet = PushPlan("r0", START.isoformat(), campaign=text)
    left.write_plan({**quiet.to_dict(), "n_firms": 1, "kept_out": {}, "firms_kept_out": {}})
    assert run(["push", "plan", "--resume", "--home", str(own_home)]) == 1
    assert told in capsys.readouterr().err


GIANTS = """name = "专精特新“小巨人”企业推送"

[firms]
tags = ["专精特新", "小巨人"]

[limits]
per_firm = 4

[attention]
items = 6
days = 30
"""
RIPE = """name = "成熟专利进高新技术企业"

[firms]
tags = ["高新技术企业"]

[patents]
maturity = ["小批量", "批量"]

[limits]
per_firm = 5
least = 0

[repeat]
days = 60
"""


@pytest.fixture(scope="module")
def two(lsa_home: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[Any]]:
    """A home with two campaigns that share a budget, planned over the command line."""
    from click.testing import CliRunner

    from service.cli import panhuo

    folder = tmp_path_factory.mktemp("two") / "home"
    shutil.copytree(lsa_home, folder)
    made = []
    for name, text in (("giants", GIANTS), ("ripe", RIPE)):
        (folder / f"{name}.toml").write_text(text, "utf-8")
        found = CliRunner().invoke(
            panhuo,
            ["push", "plan", "--campaign", str(folder / f"{name}.toml"), "--processes", "2",
             "--home", str(folder), "--json"],
        )  # fmt: skip
        assert found.exit_code == 0, found.output
        made.append(json.loads(found.stdout))
    return folder, made


def test_two_campaigns_share_the_attention_of_a_firm(two: tuple[Path, list[Any]]) -> None:
    folder, (giants, ripe) = two
    with open_home(Settings(home=folder)) as home:
        tags = {firm.uscc: "".join(firm.tags) for firm in home.store.firms.iterate()}
        one, other = (
            Counter(uscc for uscc, _ in pairs_of(home, made["round"])) for made in (giants, ripe)
        )
    both = [
        uscc for uscc, told in tags.items() if "高新" in told and ("专精" in told or "小巨" in told)
    ]
    alone = [uscc for uscc, told in tags.items() if told and uscc not in both and "高新" in told]
    assert both
    assert all(one[uscc] + other[uscc] <= 6 for uscc in tags)
    assert {one[uscc] for uscc in both} == {4}
    assert {other[uscc] for uscc in both} <= {0, 1, 2}
    assert max(other[uscc] for uscc in alone) == 5
    assert set(one) == {u for u, told in tags.items() if "专精" in told or "小巨" in told}
    assert giants["exceptions"]["patents"]["outside_campaign"] == 0
    assert ripe["exceptions"]["patents"]["outside_campaign"] > 100
    assert ripe["exceptions"]["firms"]["outside_campaign"] == sum(
        "高新" not in t for t in tags.values()
    )


def test_a_round_tells_its_campaign(
    two: tuple[Path, list[Any]], capsys: pytest.CaptureFixture[str]
) -> None:
    folder, (giants, _) = two
    name = giants["round"]

    def printed(*arguments: str) -> Any:
        assert run(["push", *arguments, "--home", str(folder), "--json"]) == 0
        return json.loads(capsys.readouterr().out)

    told = {"name": "专精特新“小巨人”企业推送", "text": GIANTS}
    assert giants["campaign"] == printed("show", name)["campaign"] == told
    assert printed("report", name)["campaign"] == told
    assert told in [one["campaign"] for one in printed("list")["rounds"]]
    assert run(["push", "show", name, "--home", str(folder)]) == 0
    assert told["name"] in capsys.readouterr().out
    page = folder / "page.html"
    assert run(["push", "report", name, "--out", str(page), "--home", str(folder)]) == 0
    text = page.read_text("utf-8")
    assert "专项推送“专精特新“小巨人”企业推送”" in text
    assert "items = 6\ndays = 30" in text
    assert "不在本次专项推送范围内" in text


@pytest.mark.parametrize(
    ("text", "arguments", "sentence"),
    [
        ('name = "x"\n[firms]\nregions = ["西藏"]\n', [], "no firm that the campaign 'x' chooses"),
        ('name = "x"\n[patents]\nlicences = ["独占许可"]\n', [], "no patent that the campaign 'x'"),
        ('name = "x"\n[firms]\ntag = ["小巨人"]\n', [], "found the key 'tag'"),
        ('name = "x"\n', ["--per-firm", "3"], "found --per-firm beside --campaign"),
        ('name = "x"\n', ["--max-per-patent", "auto"], "found --max-per-patent beside --campaign"),
        ('name = "x"\n', ["--resume"], "found --campaign beside --resume"),
    ],
)
def test_wrong_use_ends_in_a_sentence(
    two: tuple[Path, list[Any]],
    text: str,
    arguments: list[str],
    sentence: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    folder, _ = two
    path = folder / "wrong.toml"
    path.write_text(text, "utf-8")
    before = sorted((folder / "push").iterdir())
    asked = ["push", "plan", "--campaign", str(path), *arguments, "--home", str(folder)]
    assert run(asked) == 1
    told = capsys.readouterr().err
    assert sentence in told
    assert "Traceback" not in told
    kept = [p for p in sorted((folder / "push").iterdir()) if (p / "plan.json").exists()]
    assert [p for p in before if p.is_dir() and (p / "plan.json").exists()] == kept


def test_a_killed_round_of_a_campaign_ends_as_it_would_have(
    own_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was pushed before counts as it did at planning, and the file may be gone by then."""
    text = (
        'name = "东部"\n[firms]\nregions = ["浙江", "江苏", "山东"]\n[limits]\nper_firm = 3\n'
        "[repeat]\ndays = 30\n[rotation]\nrounds = 2\n[attention]\nitems = 5\ndays = 30\n"
    )
    with open_home(Settings(home=own_home, threads=1)) as home:
        planned(home, text, START, "r1")
    twin = Path(shutil.copytree(own_home, tmp_path / "twin"))
    at = START + timedelta(days=3)
    with open_home(Settings(home=twin, threads=1)) as home:
        planned(home, text, at, "r2")

    def stop(*given: Any) -> None:
        raise Stopped

    with open_home(Settings(home=own_home, threads=1)) as home:
        with monkeypatch.context() as patched:
            patched.setattr(push_planning, "do_unit", stop)
            with pytest.raises(Stopped):
                planned(home, text, at, "r2")
        (own_home / "campaign.toml").unlink()
        found = Planner(home, InProcess(home), lambda *told: None).resume()
    assert found["campaign"] == {"name": "东部", "text": text}
    one, other = (folder / "push" / "r2" / "items.parquet" for folder in (own_home, twin))
    assert one.read_bytes() == other.read_bytes()
