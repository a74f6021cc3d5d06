"""The connection to read with: what a restarted server cut off is asked once more."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError


class Reader(sa.Connection):
    """A connection that sends a statement again, once, where the server hung up on it.

    The pool looks at a connection before it hands it out, but the server may go between that look
    and the statement. Nothing of a reader is ever committed, and on PostgreSQL each statement of
    it sees its own moment anyway, so that asking again is asking later. Where the second attempt
    finds no server either, its error is what the caller gets.
    """

    _asked_again = False

    def execute(self, statement: Any, parameters: Any = None, **options: Any) -> Any:
        """Execute as ``sa.Connection`` does; a second time after a lost connection."""
        try:
            return super().execute(statement, parameters, **options)
        except DBAPIError as error:
            if self._asked_again or not error.connection_invalidated:
                raise
            self._asked_again = True
            self.rollback()
        return super().execute(statement, parameters, **options)
