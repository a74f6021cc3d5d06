"""``panhuo demo``: the whole way on one folder of data, and what to do next."""

from __future__ import annotations

import shutil
from pathlib import Path

import click

from eval.harness import evaluate
from eval.judgments import read_pool, read_qrels
from matcher.errors import BadFile, MatcherError
from matcher.index.corpus import TRAINED_KINDS
from matcher.index.training_split import kept_for_policy
from matcher.types import RankedList, RelationKind, Uscc
from service.bootstrap import Home
from service.commands.build import build_table, truncation
from service.commands.evaluate import show_report
from service.commands.options import Context, common, mute_libraries
from service.commands.recommend import list_table
from service.data_folder import DataFolder, Judged, read_folder
from service.ingest.importer import import_files

_FIRMS = 3
_SHOWN = 5
_MARK = "demo-home"
_BASELINES = ("default", "bm25", "lsa", "random")


@click.command()
@click.option(
    "--data", type=click.Path(path_type=Path), required=True, help="Folder with patents and firms."
)
@common
def demo(context: Context, data: Path) -> None:
    """Import a folder, build, recommend both ways, evaluate, and say what to run next.

    Empties its home of last time first, feedback included; refuses a home that is not its own.
    """
    mute_libraries()
    files = read_folder(data)
    settings = context.settings(database_url="")  # never into an operator's database
    _fresh(settings.home)
    with context.open(database_url="") as home:
        (settings.home / _MARK).touch()
        _import(context, home, files)
        context.console.rule("build")
        with context.bars() as bars:
            report = home.build(bars)
        context.console.print(build_table(report, truncation(home)))
        context.console.rule("recommend")
        _recommend(context, home, files)
        context.console.rule("evaluate")
        for judged in files.judged:
            _evaluate(context, home, judged)
        _next_steps(context, settings.home, home)


def _fresh(home: Path) -> None:
    """Empty a demo's home of last time; refuse to touch any other folder."""
    if home.exists() and any(home.iterdir()):
        if not (home / _MARK).exists():
            raise BadFile(
                str(home),
                "found a home that is not the demo's",
                "a new folder",
                "name another --home",
            )
        shutil.rmtree(home)


def _import(context: Context, home: Home, files: DataFolder) -> None:
    context.console.rule("import")
    jobs: list[tuple[str, Path, RelationKind | None]] = [
        *(("patents", path, None) for path in files.patents),
        *(("firms", path, None) for path in files.firms),
        *(("demands", path, None) for path in files.demands),
        *(("relations", path, kind) for path, kind in files.relations),
    ]
    with context.bars() as bars:
        for what, path, kind in jobs:
            found = import_files(
                home.store,
                what,
                [path],
                kind=kind,
                progress=lambda name, rows: bars(f"import {name}", rows, 0),
            ).files[0]
            if found.failure:
                raise found.failure
            context.console.print(
                f"{path.name}: {found.rows:,} rows, {found.records:,} {what}, "
                f"{found.refused:,} refused, {found.skipped:,} skipped"
            )
            for problem in found.errors[:3]:
                context.console.print(
                    f"  line {problem.line}, {problem.column}: {problem.value!r}: {problem.cure}",
                    markup=False,
                )


def _recommend(context: Context, home: Home, files: DataFolder) -> None:
    recommender = home.recommender()
    last: RankedList | None = None
    for uscc in _some_firms(home, files):
        found = recommender.recommend(uscc, _SHOWN)
        firm = home.store.firms.get(uscc)
        context.console.print(
            f"{firm.name}（{firm.province}{firm.city}）：{firm.business_scope[:120]}"
        )
        context.console.print(list_table(home, found))
        last = found if found.items else last
    if last is not None:
        patent = home.store.patents.resolve(last.items[0].item_id)
        context.console.print(list_table(home, recommender.firms_for(patent, _SHOWN)))


def _some_firms(home: Home, files: DataFolder) -> list[Uscc]:
    """Return three firms spread over the judged ones, or over the catalogue."""
    names: list[str] = []
    if files.judged:
        names = list(read_qrels(files.judged[0].qrels))
    names = names or [f.uscc for _, f in zip(range(100), home.store.firms.iterate(), strict=False)]
    known = home.store.firms.many([Uscc(name) for name in names])
    chosen = sorted(known)
    step = max(1, len(chosen) // _FIRMS)
    return [Uscc(name) for name in chosen[step // 2 :: step][:_FIRMS]]


def _evaluate(context: Context, home: Home, judged: Judged) -> None:
    qrels = read_qrels(judged.qrels)
    relations = home.store.relations
    learnt = {
        r.uscc
        for kind in TRAINED_KINDS
        for r in relations.iterate(kind)
        if not kept_for_policy(r.uscc)
    }
    trained_on = len(learnt & set(qrels))
    if trained_on * 2 > len(qrels):
        # Firms one trained on are never firms one reports on.
        kinds = " and ".join(f"'{kind}'" for kind in sorted(TRAINED_KINDS))
        context.console.print(
            f"{judged.qrels.name}: not evaluated; the encoder learnt from what {trained_on:,} of "
            f"its {len(qrels):,} firms own or license. Build a home without {kinds} to measure it."
        )
        return
    pool = read_pool(judged.pool) if judged.pool else None
    with context.bars() as bars:
        report = evaluate(
            home.engine(), home.readers, qrels, pool, systems=_BASELINES, progress=bars
        )
    over = judged.pool.name if judged.pool else "all patents"
    context.console.print(f"{judged.qrels.name} over {over}:")
    show_report(context, report)


def _next_steps(context: Context, folder: Path, home: Home) -> None:
    firm = next(iter(home.store.firms.iterate()), None)
    if firm is None:
        raise MatcherError("found no firm in the catalogue", "at least one", "check the firms file")
    context.console.rule("next")
    for line in (
        f"panhuo recommend --home {folder} --uscc {firm.uscc}",
        f"panhuo recommend --home {folder} --text '数控机床主轴、滚珠丝杠' --region 浙江杭州",
        f"panhuo serve --home {folder}      then open http://127.0.0.1:8000/openapi.json",
        f"panhuo doctor --home {folder}",
    ):
        click.echo(line)
