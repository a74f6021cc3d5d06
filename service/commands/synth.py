"""``panhuo synth``: a synthetic catalogue of any size, for load tests by anyone."""

from __future__ import annotations

import tempfile
from pathlib import Path

import click

from eval.synth import Order
from service.bootstrap import open_home
from service.commands.options import Context, common, json_option, print_json
from service.folder_records import read_source
from service.synth_folder import SAMPLE, check_out, write_folder


@click.command()
@click.option("--patents", type=int, required=True, metavar="N", help="How many patents.")
@click.option("--firms", type=int, required=True, metavar="M", help="How many firms.")
@click.option(
    "--from",
    "source",
    type=click.Path(path_type=Path),
    default=SAMPLE,
    show_default="the packaged sample",
    help="Folder of catalogue files to sample from.",
)
@click.option("--seed", type=int, default=0, show_default=True, help="Another one, other records.")
@click.option(
    "--abstracts",
    type=float,
    default=1.0,
    show_default=True,
    metavar="SHARE",
    help="Share of patents with an abstract, 0 to 1.",
)
@click.option(
    "--out", type=click.Path(path_type=Path), required=True, help="New folder to write to."
)
@json_option
@common
def synth(
    context: Context,
    *,
    patents: int,
    firms: int,
    source: Path,
    seed: int,
    abstracts: float,
    out: Path,
    as_json: bool,
) -> None:
    """Write a synthetic catalogue: sampled and recombined from a given one, marked throughout.

    The folder can be imported, and given to panhuo demo and panhuo bench. The figures tell how
    near it is to its source. Touches no home.
    """
    order = Order(patents, firms, seed, abstracts)
    order.check()
    check_out(out)
    with tempfile.TemporaryDirectory(prefix="panhuo-synth-") as folder:
        # The checks of import want a store to ask: an empty one, never that of --home.
        settings = Context().settings(home=Path(folder), database_url="")
        with open_home(settings) as home, context.bars() as bars:
            read = read_source(source, home.store, bars)
            found = write_folder(out, read, order, bars)
    if as_json:
        print_json({"folder": str(out), "refused": read.refused, "fidelity": found.as_content()})
        return
    context.console.print(found.table())
    context.console.print(f"{out}: {patents:,} patents, {firms:,} firms; next:", markup=False)
    click.echo(f"panhuo import patents {out / 'patents.parquet'}")
    click.echo(f"panhuo import firms {out / 'firms.parquet'}")
