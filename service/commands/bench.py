"""``panhuo bench``: measured, not guessed; each stage is a process of its own."""

from __future__ import annotations

import json
from pathlib import Path

import click
from rich.table import Table

from eval.growth import growth_chart
from matcher.errors import BadFile, InputError
from service.benchmark import measure_road
from service.benchmark_scale import measure_scale
from service.benchmark_workbook import measure_workbook
from service.commands.options import Context, common, json_option, print_json


@click.group()
def bench() -> None:
    """Measure speed and memory on this machine."""


@bench.command("road")
@click.option(
    "--data",
    type=click.Path(path_type=Path),
    required=True,
    help="Folder with patents, firms and relations.",
)
@click.option("--requests", type=click.IntRange(10, 100_000), default=400, show_default=True)
@json_option
@common
def road(context: Context, data: Path, requests: int, as_json: bool) -> None:
    """Measure the whole way: import, build, and requests to the running service.

    Deletes its home and rebuilds it: name a --home that holds nothing else.
    """
    figures = measure_road(context.settings(database_url=""), data, requests)
    if as_json:
        print_json(figures)
        return
    table = Table(title=f"{figures['machine']}, {figures['date']}", show_header=False)
    for name, stage in figures["stages"].items():
        table.add_row(name, f"{stage['seconds']:.1f} s", f"{stage['peak_rss_gb']:.2f} GB")
    for name, spread in figures["requests"].items():
        table.add_row(
            name,
            f"median {spread['median_ms']:.1f} ms",
            f"p95 {spread['p95_ms']:.1f} ms, p99 {spread['p99_ms']:.1f} ms, n {spread['n']}",
        )
    context.console.print(table)


@bench.command("workbook")
@click.option("--rows", type=click.IntRange(1, 1_000_000), default=50_000, show_default=True)
@click.option("--rounds", type=click.IntRange(1, 20), default=3, show_default=True)
@json_option
@common
def workbook(context: Context, rows: int, rounds: int, as_json: bool) -> None:
    """Measure the import of a vendor's workbook: 28 columns, texts of real length."""
    figures = measure_workbook(rows, rounds)
    if as_json:
        print_json(figures)
        return
    table = Table(title=f"{figures['machine']}, {figures['date']}", show_header=False)
    table.add_row("workbook", f"{figures['rows']:,} rows, {figures['file_mb']} MB")
    table.add_row(
        "import",
        f"median {figures['median_s']:.1f} s "
        f"({figures['least_s']:.1f} to {figures['most_s']:.1f} s, n {rounds})",
    )
    table.add_row("largest process", f"{figures['peak_rss_gb']:.2f} GB")
    context.console.print(table)


@bench.command("scale")
@click.option("--patents", type=click.IntRange(1_000, 10_000_000), required=True, metavar="N")
@click.option("--firms", type=click.IntRange(100, 10_000_000), required=True, metavar="M")
@click.option(
    "--from",
    "source",
    type=click.Path(path_type=Path),
    help="Folder to sample from [the packaged sample].",
)
@click.option("--processes", type=click.IntRange(1, 256), help="Of the push [PANHUO_THREADS].")
@click.option("--plain", is_flag=True, help="Also time jieba, TF-IDF and one search per firm.")
@json_option
@common
def scale(
    context: Context,
    *,
    patents: int,
    firms: int,
    source: Path | None,
    processes: int | None,
    plain: bool,
    as_json: bool,
) -> None:
    """Measure a push from raw files to a published round, over a synthetic catalogue.

    Works in a temporary folder; touches no home.
    """
    figures = measure_scale(patents, firms, source, processes or context.settings().threads, plain)
    if as_json:
        print_json(figures)
        return
    table = Table(title=f"{figures['machine']}, {figures['date']}", show_header=False)
    for name, seconds in figures["stages"].items():
        table.add_row(name, f"{seconds:.1f} s")
    table.add_row("total", f"{figures['total_s']:.1f} s")
    table.add_row("memory", f"{figures['peak_rss_gb']:.2f} GB")
    for name in ("gap", "cost_of_balance", "coverage"):
        table.add_row(name, f"{figures[name]:.2%}")
    table.add_row("largest load", f"{figures['max_load']} of {figures['load_limit']}")
    if plain:
        table.add_row("plain way", f"{figures['plain']['estimated_s']:,.0f} s (estimated)")
    context.console.print(table)


@bench.command("growth")
@click.argument(
    "results", nargs=-1, required=True, metavar="RESULT...", type=click.Path(path_type=Path)
)
@click.option(
    "--out", type=click.Path(dir_okay=False, path_type=Path), default=Path("growth.svg"),
    show_default=True, help="Chart to write.",
)  # fmt: skip
def growth(results: tuple[Path, ...], out: Path) -> None:
    """Draw how stages grow with the catalogue, from what 'bench scale --json' printed."""
    found = []
    for path in results:
        try:
            found.append(json.loads(path.read_text("utf-8")))
        except (OSError, ValueError) as error:
            raise BadFile(
                str(path),
                f"found no readable JSON ({error})",
                "what 'panhuo bench scale --json' prints",
                "name another file",
            ) from error
    chart = growth_chart(found)
    try:
        out.write_text(chart, "utf-8")
    except OSError as error:
        raise InputError(
            f"found that {out} cannot be written ({error.strerror})", "a file in a folder"
        ) from error
    click.echo(str(out))
