"""The file families that are read, in the order in which they are preferred."""

from __future__ import annotations

from collections.abc import Mapping

from service.ingest.families import generic
from service.ingest.families.cnipr import CNIPR
from service.ingest.families.cnki import CNKI
from service.ingest.families.family import AUTO, GENERIC, Family
from service.ingest.families.incopat import INCOPAT
from service.ingest.families.panhuo_template import PANHUO_TEMPLATE
from service.ingest.families.patsnap import PATSNAP
from service.ingest.families.qichacha import QICHACHA
from service.ingest.families.registry import REGISTRY
from service.ingest.families.tianyancha import TIANYANCHA

FAMILIES: Mapping[str, tuple[Family, ...]] = {
    "patents": (PATSNAP, INCOPAT, CNIPR, CNKI, PANHUO_TEMPLATE, generic.PATENTS),
    "firms": (TIANYANCHA, QICHACHA, REGISTRY, generic.FIRMS),
    "demands": (generic.DEMANDS,),
    "relations": (generic.RELATIONS,),
    "groups": (generic.GROUPS,),
}
"""What → its families; the generic one is the last."""

__all__ = ["AUTO", "FAMILIES", "GENERIC", "Family", "family_names"]


def family_names(what: str) -> tuple[str, ...]:
    """Return the names that ``--as`` takes for what is imported.

    >>> family_names("firms")
    ('auto', 'tianyancha', 'qichacha', 'registry', 'generic')
    """
    return (AUTO, *(family.name for family in FAMILIES[what]))
