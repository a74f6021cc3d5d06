"""``panhuo doctor``: is this home in a state to answer?"""

from __future__ import annotations

import sys
from importlib.metadata import version

import click

from matcher.errors import MatcherError
from matcher.index.index_set import IndexSet
from service.bootstrap import Home
from service.commands.options import Context, common, json_option, print_json, unusable
from service.running.checkup import Finding, checkup

_LEAST_RECALL = 0.9


@click.command()
@json_option
@common
def doctor(context: Context, as_json: bool) -> int:
    """Check settings, store, index and encoder; exit 1 when something needs a cure."""
    findings = _findings(context)
    healthy = all(ok for _, ok, _ in findings)
    if as_json:
        print_json(
            {
                "healthy": healthy,
                "checks": [{"name": n, "ok": ok, "detail": d} for n, ok, d in findings],
            }
        )
    else:
        for name, ok, detail in findings:
            click.echo(f"{'ok  ' if ok else 'CURE'} {name}: {detail}")
    return 0 if healthy else 1


def _findings(context: Context) -> list[Finding]:
    found: list[Finding] = [
        ("panhuo", True, f"{version('panhuo')} on Python {sys.version.split()[0]}")
    ]
    try:
        context.settings()
    except MatcherError as error:
        return [*found, ("settings", False, str(error))]
    try:
        with context.open() as home:
            found.append(("home", True, str(home.settings.home)))
            found += [_store(home), *checkup(home), _catalogue(home), *_index(home)]
    except MatcherError as error:
        found.append(("store", False, str(error)))
    except OSError as error:
        found.append(("home", False, str(unusable(error))))
    return found


def _store(home: Home) -> Finding:
    return "store", True, f"{home.store.database.dialect} at {home.store.database.place}"


def _catalogue(home: Home) -> Finding:
    store = home.store
    patents, firms = store.patents.count(), store.firms.count()
    text = (
        f"{patents:,} patents, {firms:,} firms, {store.demands.count():,} demands, "
        f"{store.relations.count():,} relations"
    )
    if not patents:
        return "catalogue", False, text + "; run 'panhuo import patents FILE'"
    return "catalogue", True, text


def _index(home: Home) -> list[Finding]:
    try:
        index = IndexSet.open(home.settings.index_root)
        manifest = index.manifest
        text = f"{manifest.version}, {manifest.encoder.version}, built {manifest.built_at}"
        home.engine()
    except MatcherError as error:
        return [("index", False, str(error))]
    stamps = {"patents": home.store.patents.stamp(), "firms": home.store.firms.stamp()}
    changed = [what for what, stamp in stamps.items() if manifest.catalogue[what] != stamp]
    cure = f"; {' and '.join(changed)} changed since: run 'panhuo build'" if changed else ""
    return [("index", not changed, text + cure), _routing(manifest.routing["audit"]["recall"])]


def _routing(recall: float) -> Finding:
    """Return what routing keeps; no fault of the home, so it is ok, but told with its cure."""
    text = f"keeps {recall:.1%} of the unrouted top 20"
    if recall < _LEAST_RECALL:
        text += "; routing loses candidates: compare with 'panhuo eval'"
    return "routing", True, text
