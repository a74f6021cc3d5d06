"""Files of no known product: read by the headings of ``aliases.toml`` alone."""

from __future__ import annotations

from service.ingest.families.cells import FIRM_CELLS, PATENT_CELLS
from service.ingest.families.family import GENERIC, Family

PATENTS = Family(GENERIC, "patents", cleaners=PATENT_CELLS)
FIRMS = Family(GENERIC, "firms", cleaners=FIRM_CELLS)
DEMANDS = Family(GENERIC, "demands")
RELATIONS = Family(GENERIC, "relations")
GROUPS = Family(GENERIC, "groups")
