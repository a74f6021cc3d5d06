"""``panhuo grade``: the graded catalogue (分级分类), every part of each grade shown."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

import click
from rich.table import Table

from matcher.types import SegmentCode
from service.commands.options import Context, common, json_option, print_json
from service.export.formats import Format, format_of, write_table
from service.export.patents import PatentChoice
from service.grades import GRADES, PART_WORDS, Graded, Summary, graded, summed

_BY = {"holder": "专利权人", "college": "所属学院", "segment": "产业细分领域"}


@click.command("grade")
@click.option("--holder", default="", help="Patents of this holder only.")
@click.option("--college", default="", help="Patents of this college (所属学院) only.")
@click.option("--segment", help="Patents of this segment only, by its code.")
@click.option(
    "--by", type=click.Choice(list(_BY)), help="Sum up by holder, college or segment instead."
)
@click.option(
    "-n", "n", type=click.IntRange(1), default=20, show_default=True, help="Lines to print."
)
@click.option(
    "--out",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write all grades to a file (.xlsx, .csv, .parquet, .ndjson).",
)
@json_option
@common
def grade(
    context: Context,
    holder: str,
    college: str,
    segment: str | None,
    by: str | None,
    n: int,
    out: Path | None,
    as_json: bool,
) -> None:
    """Grade patents: the holder's own grade beside the system's score, part by part.

    Life left, text, maturity, offer, evidence and the demand of its segments make 100 points;
    what is not known earns none and is said to be unknown.
    """
    kind = format_of(out) if out else None
    choice = PatentChoice(holder, college)
    code = SegmentCode(segment) if segment else None
    with context.open() as home, context.bars() as bars:
        found = graded(
            home,
            choice,
            code,
            datetime.now(UTC).date(),
            lambda done, total: bars("segments", done, total),
        )
    if out and kind:
        _write(out, kind, found)
    if as_json:
        print_json(_told(found, by))
    else:
        table = _sums(summed(found, by), by, n) if by else _grades(found, n)
        context.console.print(table)


def _write(out: Path, kind: Format, found: list[Graded]) -> None:
    done = write_table(out, kind, GRADES, found)
    click.echo(f"wrote {done.records:,} grades to {out}", err=True)


def _told(found: list[Graded], by: str | None) -> dict[str, object]:
    if by:
        return {"by": by, "groups": [asdict(one) for one in summed(found, by)]}
    return {"grades": [_one(one) for one in found]}


def _one(one: Graded) -> dict[str, object]:
    grade = one.grade
    return {
        "patent_id": one.patent.patent_id,
        "application_no": one.patent.application_no,
        "title": one.patent.title,
        "holder": one.patent.holder,
        "college": one.patent.college,
        "segments": [{"code": code, "name": name} for code, name in one.segments],
        "stopped": grade.stopped,
        "score": grade.score,
        "known": grade.known,
        "stars": grade.stars,
        "self_grade": grade.self_grade,
        "parts": [asdict(part) for part in grade.parts],
        "demand": asdict(grade.demand) if grade.demand else None,
    }


def _grades(found: list[Graded], n: int) -> Table:
    rest = f"另有{len(found) - n:,}件，用 --out 导出全部" if len(found) > n else None
    table = Table(title=f"分级：{len(found):,}件专利", caption=rest, show_lines=True)
    table.add_column("评分", justify="right")
    table.add_column("系统")
    table.add_column("自评")
    table.add_column("专利", ratio=2, overflow="fold")
    table.add_column("依据", ratio=3, overflow="fold")
    for one in found[:n]:
        grade = one.grade
        table.add_row(
            f"{grade.score:.1f}\n[dim]/{grade.known:.0f}[/dim]",
            grade.stopped or "★" * grade.stars,
            "★" * grade.self_grade or "—",
            f"{one.patent.title}\n[dim]{one.patent.holder} {one.segment}[/dim]",
            "\n".join(
                f"{PART_WORDS[part.name]} {part.points:g}/{part.most:g}：{part.text}"
                for part in grade.parts
            ),
        )
    return table


def _sums(sums: list[Summary], by: str, n: int) -> Table:
    rest = f"另有{len(sums) - n:,}组" if len(sums) > n else None
    table = Table(title=f"分级汇总（按{_BY[by]}）", caption=rest)
    table.add_column(_BY[by], overflow="fold")
    for name in ("专利", "平均分", "五星", "四星", "三星", "二星", "一星", "不宜推荐", "已自评"):
        table.add_column(name, justify="right")
    for one in sums[:n]:
        stars = [f"{count:,}" for count in (*one.stars[:0:-1], one.stars[0])]
        table.add_row(
            one.name or "（未填）", f"{one.patents:,}", f"{one.mean:.1f}", *stars,
            f"{one.self_graded:,}",
        )  # fmt: skip
    return table
