"""Raw text to comparable text, and business scopes to the items that carry content."""

from __future__ import annotations

import re
import unicodedata

_MARKUP = re.compile(r"</?[A-Za-z][^<>]{0,60}>")
_SPACE = re.compile(r"\s+")
# ASCII, ideographs, Greek and some marks: NFKC leaves them alone; full-width forms become ASCII.
_WIDE = re.compile("[\uff01-\uff5e\u3000]")
_PLAIN = re.compile(
    "[\x00-\x7f\u00b0\u00b1\u00b7\u00d7\u00f7\u0391-\u03a9\u03b1-\u03c9\u2014\u2018\u2019\u201c\u201d"
    "\u2264\u2265\u3001-\u3020\u4e00-\u9fff\uff01-\uff5e\u3000]*"
)
_NARROW = {chr(code): unicodedata.normalize("NFKC", chr(code)) for code in range(0xFF01, 0xFF5F)}
_NARROW["\u3000"] = " "
_ITEM_BREAK = re.compile(r"[；;。，,、\n\r\t|：:！!]+")
_BRACKETED = re.compile(r"[（(\[【〔][^（()\[\]【】〔〕）]*[）)\]】〕]")
_STRAY_BRACKET = re.compile(r"[（）()\[\]【】〔〕《》<>“”\"'‘’*#]+")

# Sentences of registration law: they tell of licences, not of products.
_LEGAL = re.compile(
    r"依法须经批准的?项目|经相关部门批准后?方可开展|凭[^；;。，,、]{0,20}(许可证|资质证?书?)[^；;。，,、]{0,8}经营"
    r"|不含[^；;。，,、]{0,30}|法律、?行政法规|国家(法律|限[制定]|禁止|专营专控)[^；;。]{0,40}|前置(许可|审批)|涉及许可|凭许可证|有效期(限)?至"
    r"|须取得许可|许可经营项目|一般(经营)?项目|除(国家|法律|危险)[^；;。]{0,30}(外|除外)|取得(相关|有关)?许可"
    r"|经营期限|以上(项目|范围)|限分支机构|分支机构经营|自主选择经营|经审批机关|核定的?(经营)?范围|未经批准"
)
# Items that nearly every scope carries and that fit every patent and none.
_EMPTY_ITEM = re.compile(
    r"^(自营和?代理|代理|从事|承办|经营)?(各类|本企业)?(自产)?(商品|货物|产品)?(及|和|与|或)?(技术)?(的)?(进出口|进口|出口)(业务|贸易|代理)*$"
    r"|进出口(业务|贸易|代理)?$"
    r"|^(技术)?(开发|咨询|服务|转让|推广|交流|培训|检测|研发|研究)(服务)?(与|及|和)?(技术)?(咨询|服务|转让)?$"
    r"|^(国内|国际|一般)?(商业|贸易|物资供销业|商务信息咨询|企业管理(咨询|服务)?|投资(管理|咨询|兴办实业)?|信息咨询(服务)?)$"
    r"|^(自有)?(房屋|物业|场地|汽车|机械|设备)(租赁|出租)(服务)?$|^物业管理(服务)?$|^(广告)?(设计|制作|代理|发布)$"
    r"|^(零售|批发|销售|加工|制造|生产|维修|安装|租赁|服务|经营|兼营|主营|其他|等|及其|仓储|运输|货运|配送)+$"
)
# Trade verbs at either end of an item: the thing in the middle is what a patent can fit.
_HEAD_VERB = re.compile(
    r"^(的|经营范围|经营项目|主营|兼营|从事|承接|承揽|提供|经营|专业|专门|各类|各种|相关|与之相关的|自产|本公司|本企业|上述|及其?|和|与|以及|其他|"
    r"研究|研制|研发|开发|设计|制造|制作|生产|加工|销售|批发|零售|批零|购销|代购|代销|代理|安装|维修|维护|修理|租赁|出租|承包|收购|自销)+"
)
_TAIL_VERB = re.compile(
    r"(的?(研究|研制|研发|开发|设计|制造|制作|生产|加工|销售|批发|零售|批零|购销|代购|代销|代理|安装|维修|维护|修理|租赁|出租|承包|收购|"
    r"服务|咨询|转让|经营|业务|及其?|和|与|以及|等|兼|自销|自产|项目|一条龙|为一体))+$"
)


def normalise(text: str) -> str:
    """Return ``text`` in NFKC, lower case, without markup such as ``<base:Sub>``, spaces folded."""
    return _SPACE.sub(" ", folded(_MARKUP.sub("", text))).strip().lower()


def folded(text: str) -> str:
    """Return ``text`` in NFKC; what Chinese texts are made of takes a short way."""
    if _PLAIN.fullmatch(text) is None:
        return unicodedata.normalize("NFKC", text)
    for wide in set(_WIDE.findall(text)):
        text = text.replace(wide, _NARROW[wide])
    return text


def scope_items(scope: str, limit: int = 64) -> tuple[str, ...]:
    """Return the items of a business scope (经营范围) that name a thing or a service.

    Brackets, legal boilerplate, empty items (货物进出口, 技术服务 …) and trade verbs at the ends
    are dropped; order is kept, repeats go. A scope of nothing but boilerplate gives ``()``.

    >>> scope_items("数控机床的研发、制造；货物进出口。（依法须经批准的项目除外）")
    ('数控机床',)
    """
    text = folded(_MARKUP.sub("", scope))
    for _ in range(2):  # brackets nest at most twice in practice
        text = _BRACKETED.sub("；", text)
    text = _STRAY_BRACKET.sub("；", text)
    found: dict[str, None] = {}
    for part in _ITEM_BREAK.split(text):
        item = _content_of(part.strip().lower())
        if item:
            found.setdefault(item)
            if len(found) >= limit:
                break
    return tuple(found)


def _content_of(item: str) -> str:
    """Return what is left of one item, or ``""``."""
    if not item or _LEGAL.search(item) or _EMPTY_ITEM.search(item):
        return ""
    core = _TAIL_VERB.sub("", _HEAD_VERB.sub("", item))
    return core if core and not _EMPTY_ITEM.search(core) else ""


_NAME_FORM = re.compile(
    r"(股份|集团|控股|有限|责任|公司|企业|总公司|分公司|分?厂|总厂|中心|经营部|商行|商店|门市部|支行|服务部|合作社|事务所|"
    r"\(.*?\)|（.*?）|普通合伙|个人独资|实业|发展|中国|国际)+"
)


def name_words(name: str, places: tuple[str, ...] = ()) -> str:
    """Return the trade words of a firm's name: legal form, brackets and given places removed.

    >>> name_words("杭州华阳轴承有限公司", ("浙江", "杭州"))
    '华阳轴承'
    """
    text = unicodedata.normalize("NFKC", name)
    text = _NAME_FORM.sub(" ", text)
    for place in places:
        if place:
            text = text.replace(place + "省", " ").replace(place + "市", " ").replace(place, " ")
    return _SPACE.sub(" ", text.replace("市", " ").replace("省", " ")).strip().lower()
