"""How headings are compared, and which of them stand above personal data."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

_BEFORE = re.compile(r"^(?:\*|\[标\])+")
_AFTER = re.compile(r"[*:]+$")
_LAST_BRACKET = re.compile(r"\([^()]*\)$")
_PERSONAL = re.compile(
    r"电话|手机|邮箱|联系人|联系方式|法定代表人|法人代表|^法人$|身份证|微信|主要人员|高管|董事|监事|"
    r"股东|代理人$|e-?mail|phone|mobile|^contact"
)


def tidy(heading: str) -> str:
    """Return the heading as it is compared.

    NFKC, lower case, without blanks, leading ``*`` and ``[标]``, trailing ``*`` and ``:``.

    >>> tidy("*[标]当前申请（专利权）人 "), tidy("IPC 分类号：")
    ('当前申请(专利权)人', 'ipc分类号')
    """
    name = "".join(unicodedata.normalize("NFKC", heading).split()).lower()
    return _AFTER.sub("", _BEFORE.sub("", name.removeprefix("\ufeff")))


def shorter(name: str) -> Iterator[str]:
    """Yield a tidy heading without its last brackets, one after the other, then up to the first.

    >>> list(shorter("标题(译)(简体中文)"))
    ['标题(译)', '标题', '标题']
    """
    cut = name
    while (rest := _LAST_BRACKET.sub("", cut)) != cut:
        cut = rest
        yield cut
    yield name.partition("(")[0]


def is_personal(heading: str) -> bool:
    """Return whether people, and how to reach them, stand below the heading.

    >>> is_personal("法定代表人"), is_personal("更多电话"), is_personal("发明人")
    (True, True, False)
    """
    return bool(_PERSONAL.search(tidy(heading).partition("(")[0]))
