"""``panhuo export``: the catalogue and its recommendations as files."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import TypeVar

import click

from matcher.errors import BadFile, InputError
from matcher.recommend import MOST_ITEMS
from matcher.types import Firm, LegalStatus, RankedList, Uscc
from service.api.schemas import PatentItem
from service.bootstrap import Home
from service.commands.options import Context, common
from service.export.firms import FIRMS, FirmChoice
from service.export.formats import Format, format_of, write_table
from service.export.patents import PATENTS, STATUS_WORDS, PatentChoice
from service.export.recommendations import RECOMMENDATIONS, Asked, recommended
from service.export.table import Exported, Table
from service.export.template import write_template
from service.export.template_choice import TemplateChoice, chosen
from service.export.template_fill import Told, filled_rows, nobody
from service.ingest.problems import BadValue
from service.ingest.words import city as city_name
from service.ingest.words import province as province_name
from service.lists import patent_list
from service.terminal import Bars

T = TypeVar("T")

_STATUSES = {word: status for status, word in STATUS_WORDS.items() if word}
_OUT = click.option(
    "--out",
    type=click.Path(path_type=Path, dir_okay=False),
    required=True,
    help="File to write: .xlsx, .csv, .parquet, .ndjson or .jsonl.",
)
_FORMAT = click.option(
    "--format",
    "kind",
    type=click.Choice([kind.value for kind in Format]),
    help="Format, whatever the ending.",
)
_HOLDER = click.option("--holder", default="", help="Patents of this holder only.")
_COLLEGE = click.option("--college", default="", help="Patents of this college (所属学院) only.")


@click.group("export")
def export() -> None:
    """Write patents, firms, recommendations, or the 盘活 workbook."""


@export.command()
@click.option(
    "--out",
    type=click.Path(path_type=Path, dir_okay=False),
    default="panhuo_template.xlsx",
    show_default=True,
    help="Workbook to write.",
)
@_HOLDER
@_COLLEGE
@click.option("--file", default="", help="Patents declared in the workbook of this name only.")
@click.option(
    "--declared/--all",
    default=True,
    show_default=True,
    help="Patents that a workbook declared, or all patents.",
)
@click.option("--viewer", default="", help="Contacts that this holder may see only.")
@click.option("--without-contacts", is_flag=True, help="No inventors, contact persons, phones.")
@common
def template(
    context: Context,
    out: Path,
    holder: str,
    college: str,
    file: str,
    declared: bool,
    viewer: str,
    without_contacts: bool,
) -> None:
    """Write the 盘活 workbook (批量导入) from what the catalogue holds.

    What was declared is written as it was declared, so that importing the workbook again changes
    nothing. Patents that nobody declared (--all) come from the catalogue's own record. A catalogue
    without such patents gives the empty form.
    """
    if viewer and without_contacts:
        raise click.UsageError("give at most one of --viewer and --without-contacts.")
    _only_workbook(out)
    choice = TemplateChoice(holder, college, file, undeclared=not declared)
    told = Told()
    with context.open() as home, context.bars() as bars:
        contacts = home.store.contacts
        contacts_of = partial(contacts.visible, viewer) if viewer else contacts.many
        found = chosen(home.store, choice)
        rows = filled_rows(home.store, found, nobody if without_contacts else contacts_of, told)
        total = len(found.patent_ids)
        sheet = write_template(out, _counted(bars, rows, lambda: told.patents, total))
    _say_template(out, told)
    _say_cut(sheet.cut)


@export.command()
@_OUT
@_FORMAT
@_HOLDER
@_COLLEGE
@click.option("--province", default="", help="Patents of holders in this province only.")
@click.option("--status", type=click.Choice(list(_STATUSES)), help="Patents of this status only.")
@common
def patents(
    context: Context,
    out: Path,
    kind: str | None,
    holder: str,
    college: str,
    province: str,
    status: str | None,
) -> None:
    """Write patents with every public field; no personal data.

    The file can be imported again.
    """
    choice = PatentChoice(
        holder, college, _place(province, "province", province_name), _status(status)
    )
    with context.open() as home, context.bars() as bars:
        store = home.store.patents
        records = choice.of(_watched(bars, store.iterate(), store.count()))
        _write(out, kind, PATENTS, records)


@export.command()
@_OUT
@_FORMAT
@click.option("--province", default="", help="Firms of this province only.")
@click.option("--city", default="", help="Firms of this city only.")
@common
def firms(context: Context, out: Path, kind: str | None, province: str, city: str) -> None:
    """Write firms with every public field; no personal data.

    The file can be imported again.
    """
    choice = FirmChoice(
        _place(province, "province", province_name), _place(city, "city", city_name)
    )
    with context.open() as home, context.bars() as bars:
        store = home.store.firms
        _write(out, kind, FIRMS, choice.of(_watched(bars, store.iterate(), store.count())))


@export.command()
@_OUT
@_FORMAT
@click.option("--uscc", multiple=True, help="A firm of the catalogue; may be given often.")
@click.option(
    "--firms",
    "listed",
    type=click.Path(path_type=Path, dir_okay=False),
    help="File with one USCC a line.",
)
@click.option("--region", default="", help="All firms of a province or city, such as 浙江杭州.")
@click.option(
    "-n",
    "n",
    type=click.IntRange(1, MOST_ITEMS),
    default=20,
    show_default=True,
    help="Items for each firm.",
)
@common
def recommendations(
    context: Context,
    out: Path,
    kind: str | None,
    uscc: tuple[str, ...],
    listed: Path | None,
    region: str,
    n: int,
) -> None:
    """Write the patents recommended to firms, with reasons; no personal data.

    Give firms by --uscc, --firms or --region: one of them, and --uscc as often as needed.
    """
    if sum(map(bool, (uscc, listed, region))) != 1:
        raise click.UsageError("give exactly one of --uscc, --firms and --region.")
    asked = Asked()
    with context.open() as home, context.bars() as bars:
        found = _firms(home, uscc or _lines(listed), region)
        engine = home.recommender()
        rows = recommended(
            _watched(bars, found, len(found)),
            lambda one: engine.recommend(one, n),
            partial(_items, home),
            asked,
        )
        _write(out, kind, RECOMMENDATIONS, rows)
    if asked.empty:
        click.echo(f"{asked.empty:,} 家企业没有推荐结果。", err=True)


def _write(out: Path, kind: str | None, table: Table[T], records: Iterable[T]) -> None:
    done: Exported = write_table(out, Format(kind) if kind else format_of(out), table, records)
    click.echo(f"{out}: {done.records:,} {table.name}")
    _say_cut(done.cut)


def _say_cut(cut: int) -> None:
    if cut:
        click.echo(f"{cut:,} 处文字超过单元格上限，已截断；全文见 CSV 导出。", err=True)


def _say_template(out: Path, told: Told) -> None:
    click.echo(f"{out}: {told.patents:,} 专利")
    if told.differing:
        click.echo(f"{told.differing:,} 件专利的法律状态与申报时不同；表中为申报内容。", err=True)
    if told.with_contact:
        click.echo(
            "本文件含专利权人的个人信息（发明人、联系人、联系方式），仅供其本人使用。", err=True
        )


def _only_workbook(out: Path) -> None:
    if out.suffix.lower() != ".xlsx":
        raise BadFile(
            str(out), f"found the ending {out.suffix!r}", "the ending .xlsx", "change the ending"
        )


def _place(written: str, field: str, read: Callable[[str, str], str]) -> str:
    """Return the place as it is stored, "" for none; raise ``InputError`` for an unknown one."""
    try:
        return read(written.strip(), field) if written else ""
    except BadValue as error:
        raise InputError(f"found --{field} {written!r}", "", error.cure.rstrip(".")) from error


def _status(word: str | None) -> LegalStatus | None:
    return _STATUSES[word] if word else None


def _lines(listed: Path | None) -> tuple[str, ...]:
    if listed is None:
        return ()
    try:
        text = listed.read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise BadFile(
            str(listed),
            f"cannot be read ({error})",
            "UTF-8 text, one USCC a line",
            "check the file",
        ) from error
    usccs = tuple(dict.fromkeys(line.strip() for line in text.splitlines() if line.strip()))
    if not usccs:
        raise BadFile(str(listed), "found no line", "one USCC a line", "write the firms' USCC")
    return usccs


def _firms(home: Home, usccs: Iterable[str], region: str) -> list[Firm]:
    """Return the firms; raise ``FirmNotFound`` before anything is written."""
    if not region:
        return [home.store.firms.get(Uscc(uscc)) for uscc in dict.fromkeys(usccs)]
    place = home.places.parse_region(region)
    return list(FirmChoice(place.province, place.city).of(home.store.firms.iterate()))


def _items(home: Home, found: RankedList) -> Iterable[PatentItem]:
    return patent_list(found, home.readers, home.segments.taxonomy).items


def _watched(bars: Bars, records: Iterable[T], total: int) -> Iterator[T]:
    done = 0
    for done, record in enumerate(records, start=1):
        yield record
        if done % 100 == 0:
            bars("export", done, total)
    bars("export", done, total)


def _counted(bars: Bars, rows: Iterable[T], done: Callable[[], int], total: int) -> Iterator[T]:
    for at, row in enumerate(rows):
        yield row
        if at % 100 == 0:
            bars("export", done(), total)
    bars("export", done(), total)
