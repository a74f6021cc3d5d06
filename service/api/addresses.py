"""Numbers of patents in addresses: they may hold slashes, and end before what follows them."""

from __future__ import annotations

from starlette.convertors import PathConvertor, register_url_convertor


class _Number(PathConvertor):
    # PCT numbers hold slashes, and a server decodes %2F before it routes.
    regex = ".+(?<!/firms)"


register_url_convertor("patent", _Number())

PATENT = "{patent:patent}"
"""A patent in the path of a route: id, application number or publication number."""
