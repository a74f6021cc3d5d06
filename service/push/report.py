"""A round on one page, for people: what was proven, how it spreads, who was left out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from html import escape
from typing import Any

_STYLE = """
body{font:14px/1.5 system-ui,"Noto Sans CJK SC","Microsoft YaHei",sans-serif;color:#1b1f24;
 max-width:900px;margin:24px auto;padding:0 16px}
h1{font-size:20px;margin:0 0 4px}h2{font-size:15px;margin:22px 0 6px}
p.small{color:#57606a;margin:2px 0 10px}table{border-collapse:collapse;width:100%}
td,th{padding:3px 8px;border-bottom:1px solid #d8dee4;text-align:right}
pre{background:#f6f8fa;padding:10px;white-space:pre-wrap}
td:first-child,th:first-child{text-align:left}th{font-weight:600}
svg text{font:11px system-ui,"Noto Sans CJK SC",sans-serif;fill:#1b1f24}
.two{display:grid;grid-template-columns:1fr 1fr;gap:24px}
@media(max-width:640px){.two{display:block}}
"""
_BALANCED, _FREE = "#0a7d55", "#b8c0c8"
_PATENTS = {
    "stopped": "失效或处于停止状态，不得推荐",
    "not_indexed": "索引建成后才入库",
    "outside_campaign": "不在本次专项推送范围内",
    "no_firm_above_floor": "没有企业达到相关性下限",
    "firms_too_few": "有合适企业，但企业名额已满",
    "load_used_up": "全量批次以来的推送次数已达上限",
}
_FIRMS = {
    "outside_campaign": "不在本次专项推送范围内",
    "no_place_left": "全量批次以来的名额已满",
    "no_attention_left": "近期推送数已达每家企业的上限",
    "gone": "已注销、吊销或已删除",
    "no_text": "资料中没有可用于匹配的描述",
    "floor": "没有专利达到相关性下限",
    "excluded": "合适的专利均为自有、已许可、已忽略或近期已推送",
    "crowded_out": "合适的专利均已达推送上限",
}


def report_page(content: Mapping[str, Any], names: Mapping[str, str]) -> str:
    """Return the page as HTML that loads nothing from elsewhere.

    Args:
        content: what the round came to, as ``RoundFolder.read_done`` gives it.
        names: segment code → name.
    """
    proof = content["certificate"]
    return "\n".join(
        [
            '<!doctype html><html lang="zh-CN"><meta charset="utf-8">',
            '<meta name="viewport" content="width=device-width,initial-scale=1">',
            f"<title>推送批次 {escape(content['round'])}</title><style>{_STYLE}</style>",
            f"<h1>推送批次 {escape(content['round'])}</h1>",
            f"<p class=small>{escape(_made(content))}</p>",
            _figures(proof),
            '<div class="two">',
            _section("每件专利推送给多少家企业（横轴为区间下限，纵轴为专利数）", _histogram(proof)),
            _section(
                "企业最多的产业细分领域：每条推送的平均价值（企业数）", _segments(proof, names)
            ),
            "</div>",
            '<div class="two">',
            _section("未推送的专利", _causes(content["exceptions"]["patents"], _PATENTS)),
            _section("没有名单的企业", _causes(content["exceptions"]["firms"], _FIRMS)),
            "</div>",
            _campaign(content),
            "</html>",
        ]
    )


def _campaign(content: Mapping[str, Any]) -> str:
    """Return the campaign as it was written; nothing for a round of none."""
    told = content.get("campaign", {})
    if not told.get("text"):
        return ""
    return _section(f"专项推送“{told['name']}”的规则", f"<pre>{escape(told['text'])}</pre>")


def _made(content: Mapping[str, Any]) -> str:
    versions = " · ".join(str(one) for one in content["versions"].values())
    name = content.get("campaign", {}).get("name", "")
    told = f"专项推送“{name}”　" if name else ""
    if content.get("since"):
        counts = content["changes"]
        told = (
            f"增量推送：{content['since']} 之后新增或变更的企业 {counts['firms']:,} 家、"
            f"专利 {counts['patents']:,} 件　"
        )
    return f"{told}{content['made_at'][:16].replace('T', ' ')} UTC　{versions}"


def _section(title: str, body: str) -> str:
    return f"<section><h2>{escape(title)}</h2>{body}</section>"


def _figures(proof: Mapping[str, Any]) -> str:
    one, free = proof["balanced"], proof["free"]
    rows = (
        ("推送条目", f"{proof['slots']:,}", ""),
        ("获得名单的企业", f"{proof['reached']:,} / {proof['firms']:,}", ""),
        ("推送到企业的专利占比", f"{one['coverage']:.2%}", f"{free['coverage']:.2%}"),
        (
            f"单件专利最多推送（上限 {proof['load_limit']:,}）",
            f"{one['largest_load']:,}",
            f"{free['largest_load']:,}",
        ),
        ("推送次数的基尼系数", f"{one['gini']:.3f}", f"{free['gini']:.3f}"),
        ("总价值", f"{proof['value']:,.0f}", f"{proof['free_value']:,.0f}"),
        ("均衡的代价", f"{proof['cost_of_balance']:.2%}", ""),
        ("与理论最优的差距（已证明不超过）", f"{proof['gap']:.4%}", ""),
        (
            "预计形成的联系",
            f"{proof['expected_links']:,.0f}",
            f"{proof['free_expected_links']:,.0f}",
        ),
    )
    body = "".join(
        f"<tr><td>{escape(name)}<td>{escape(here)}<td>{escape(there)}" for name, here, there in rows
    )
    return f"<table><tr><th><th>本批次<th>各企业只取最优时{body}</table>"


def _histogram(proof: Mapping[str, Any]) -> str:
    here, there = proof["balanced"]["histogram"], proof["free"]["histogram"]
    bins = list(there if len(there) > len(here) else here)
    most = max([1, *here.values(), *there.values()])
    width = 400 / max(len(bins), 1)
    parts = []
    for n, name in enumerate(bins):
        for shift, counts, colour in ((0.08, there, _FREE), (0.48, here, _BALANCED)):
            count = counts.get(name, 0)
            high = 130 * count / most
            parts.append(
                f'<rect x="{(n + shift) * width:.1f}" y="{150 - high:.1f}" fill="{colour}" '
                f'width="{width * 0.4:.1f}" height="{high:.1f}">'
                f"<title>{name}：{count:,}</title></rect>"
            )
        parts.append(
            f'<text x="{(n + 0.5) * width:.1f}" y="165" text-anchor="middle">{_short(name)}</text>'
        )
    key = (
        f'<rect x="230" y="2" width="10" height="10" fill="{_BALANCED}"/>'
        '<text x="244" y="11">本批次</text>'
        f'<rect x="300" y="2" width="10" height="10" fill="{_FREE}"/>'
        '<text x="314" y="11">只取最优时</text>'
    )
    return f'<svg viewBox="0 0 400 172" role="img">{"".join(parts)}{key}</svg>'


def _short(name: str) -> str:
    """Return where a bin begins, thousands as k: sixteen labels have little room."""
    first = int(name.partition("–")[0])
    return f"{first // 1024}k" if first >= 1024 else str(first)


def _segments(proof: Mapping[str, Any], names: Mapping[str, str]) -> str:
    largest = sorted(proof["segments"].items(), key=lambda one: -one[1]["firms"])[:12]
    means = [counts["worth"] / max(counts["slots"], 1) for _, counts in largest]
    parts = []
    for n, ((code, counts), mean) in enumerate(zip(largest, means, strict=True)):
        share = mean / max([1e-9, *means])
        name = "未归入" if code == "none" else f"{code} {names.get(code, '')}".strip()
        y = 14 * n
        parts.append(
            f'<text x="0" y="{y + 10}">{escape(name[:16])}</text>'
            f'<rect x="185" y="{y + 1}" width="{115 * share:.1f}" height="10" fill="{_BALANCED}"/>'
            f'<text x="310" y="{y + 10}">{mean:.2f}（{counts["firms"]:,}）</text>'
        )
    return f'<svg viewBox="0 0 400 {14 * len(largest) + 4}" role="img">{"".join(parts)}</svg>'


def _causes(counts: Mapping[str, int], names: Mapping[str, str]) -> str:
    rows: Iterable[str] = (
        f"<tr><td>{escape(names.get(cause, cause))}<td>{count:,}" for cause, count in counts.items()
    )
    return f"<table>{''.join(rows)}</table>"
