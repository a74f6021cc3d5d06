"""``panhuo policy``: what scores pairs now, and a policy from the operator's own links."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from eval.judgments import from_relations, read_pool, read_qrels
from eval.policy_tables import LinkSet
from eval.policy_training import TrainedPolicy, TrainingConfig, train_policy
from eval.policy_views import policy_table, reliability_table, trained_table
from matcher.errors import InputError
from matcher.index.training_split import kept_for_policy
from matcher.ranking.fit import FITTED
from matcher.ranking.policy import Policy
from matcher.ranking.policy_file import policy_text
from matcher.types import RelationKind
from service.bootstrap import Home
from service.commands.options import Context, common, json_option, print_json
from service.privacy.learning import learnt_from

_KINDS = tuple(kind.value for kind in (RelationKind.LICENSED, RelationKind.CO_APPLIED))
_FILE = click.Path(path_type=Path)


@click.group()
def policy() -> None:
    """Show the scoring policy, or train one on known links."""


@policy.command()
@json_option
@common
def show(context: Context, as_json: bool) -> None:
    """Show the policy in force: weights, place settings, floor, caps, provenance.

    With --json it is printed as a policy file, to start one of your own from.
    """
    with context.open() as home:
        if as_json:
            print_json(json.loads(policy_text(home.policy)))
        else:
            context.console.print(policy_table(home.policy))


@policy.command()
@click.option("--out", type=_FILE, required=True, help="Write the policy file here.")
@click.option("--name", default="own", show_default=True, help="Name of the policy, a-z.")
@click.option(
    "--relations",
    type=click.Choice(("licensed", "co_applied", "owns")),
    multiple=True,
    help="Links to learn from; may be given several times [licensed, co_applied].",
)
@click.option("--qrels", type=_FILE, multiple=True, help="TREC qrels instead of relations.")
@click.option("--pool", multiple=True, help="Pool of each --qrels, in order: 'all' or a file.")
@click.option("--folds", type=click.IntRange(2, 20), default=5, show_default=True, help="Parts.")
@click.option(
    "--place-share",
    type=click.FloatRange(0, 1),
    default=1.0,
    show_default=True,
    help="Share of the fitted weight of place to keep.",
)
@click.option(
    "--keep",
    type=click.Choice(FITTED),
    multiple=True,
    help="A feature that keeps its weight; may be given several times.",
)
@click.option("--seed", type=int, default=0, show_default=True, help="Of the draw of pairs.")
@click.option(
    "--across", is_flag=True, help="Also relations of tenants whose contract allows learning."
)
@json_option
@common
def train(
    context: Context,
    out: Path,
    name: str,
    relations: tuple[str, ...],
    qrels: tuple[Path, ...],
    pool: tuple[str, ...],
    folds: int,
    place_share: float,
    keep: tuple[str, ...],
    seed: int,
    across: bool,
    as_json: bool,
) -> None:
    """Train a policy on known links and measure it on firms it has not seen.

    Links are the home's relations of the firms that the encoder did not learn from (one in five),
    or judgments. Put the file in force with PANHUO_POLICY; nothing changes before.
    """
    if across and qrels:
        raise click.UsageError("--across goes with --relations.")
    if relations and qrels:
        raise click.UsageError("Give --relations or --qrels, not both.")
    if pool and len(pool) != len(qrels):
        raise click.UsageError("Give one --pool for each --qrels, or none.")
    if not name.isascii() or not name.isalpha() or not name.islower():
        raise click.BadParameter("expected letters a-z", param_hint="--name")
    with context.open() as home, context.bars() as bars:
        sets = _files(qrels, pool) if qrels else [_relations(home, relations or _KINDS, across)]
        config = TrainingConfig(folds=folds, seed=seed, place=place_share, keep=keep)
        found = train_policy(home.engine(), home.readers, sets, config, bars)
        made = replace(found.policy, name=name, provenance=_provenance(home, found))
    _write(out, made)
    if as_json:
        print_json({"policy": str(out), **found.to_dict()})
        return
    for set_name, told in found.sets.items():
        context.console.print(trained_table(set_name, told))
        if told.trained["nDCG@10"].difference.high < 0:
            click.echo(f"panhuo: {set_name}: worse than the policy in force; keep that", err=True)
    context.console.print(reliability_table(found.reliability))
    context.console.print(f"{out}: PANHUO_POLICY={out}")


def _files(qrels: Sequence[Path], pools: Sequence[str]) -> list[LinkSet]:
    found: list[LinkSet] = []
    for number, path in enumerate(qrels):
        pool = pools[number] if pools else "all"
        ids = None if pool == "all" else read_pool(Path(pool))
        name = path.stem if path.stem not in {links.name for links in found} else str(path)
        found.append(LinkSet(name, read_qrels(path), ids))
    return found


def _relations(home: Home, kinds: Sequence[str], across: bool) -> LinkSet:
    """Return the links of the firms that the encoder did not learn from."""
    # An encoder that is not trained here has seen no relation, so every firm may teach.
    trained = home.engine().encoder.info.name == "static"
    with learnt_from(home, across=across) as stores:
        links = list(
            dict.fromkeys(
                link
                for store in stores
                for kind in kinds
                for link in store.relations.iterate(RelationKind(kind))
            )
        )
    name = " + ".join(kinds)
    return LinkSet(name, from_relations(links, kept_for_policy if trained else lambda _: True))


def _provenance(home: Home, found: TrainedPolicy) -> Mapping[str, Any]:
    manifest = home.engine().index.manifest
    told = {
        name: {
            "firms": report.firms,
            "links": report.links,
            "pool": report.pool,
            "nDCG@10": round(report.trained["nDCG@10"].first, 4),
            "R@100": round(report.trained["R@100"].first, 4),
        }
        for name, report in found.sets.items()
    }
    return {
        "trained_on": datetime.now(UTC).date().isoformat(),
        "links": told,
        "place_share": found.config.place,
        "kept": list(found.config.keep),
        "measured": f"cross-validation over firms, {found.config.folds} folds",
        "base": home.policy.version,
        "encoder": manifest.encoder.version,
        "calibration_error": round(found.reliability.error, 5),
        "base_rate": round(found.reliability.base, 7),
    }


def _write(path: Path, made: Policy) -> None:
    """Write beside the path and rename, so that no half file is ever read."""
    draft = path.parent / f".{path.name}.draft"
    try:
        draft.write_text(policy_text(made), "utf-8")
        draft.replace(path)
    except OSError as error:
        with suppress(OSError):  # a folder that is none refuses this, too
            draft.unlink()
        raise InputError(
            f"found {path} not writable ({error.strerror})",
            "a path to write to",
            "check the folder",
        ) from error
