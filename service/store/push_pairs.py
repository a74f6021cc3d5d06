"""Who was offered what in a published round: pairs alone, page by page."""

from __future__ import annotations

from collections.abc import Iterator

import sqlalchemy as sa

from matcher.pushed import RoundId
from service.store.database import Database
from service.store.pages import pages
from service.store.push_tables import push_items
from service.store.upsert import chunks

_PAGE = 20_000


def pushed_pairs(
    database: Database, round_id: RoundId
) -> Iterator[tuple[tuple[str, ...], tuple[str, ...]]]:
    """Yield the firms (USCC) and patents of a round's items as columns, in the order of USCC.

    Args:
        database: where the round was published.
        round_id: of a published round; a draft's items would be read as well.
    """
    item = push_items.c
    query = sa.select(item.uscc, item.rank, item.patent_id).where(item.round_id == round_id)
    for page in chunks(pages(database, query, (item.uscc, item.rank)), _PAGE):
        usccs, _, patents = zip(*page, strict=True)
        yield usccs, patents
