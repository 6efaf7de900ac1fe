"""Web pages and help pages: the main text, without navigation, scripts and links to elsewhere."""

import re
from collections.abc import Iterator
from typing import Final

from selectolax.lexbor import LexborHTMLParser, LexborNode

from kb_ingest.content import Block, Heading, Options, Parsed, Source, Table, Text
from kb_ingest.decoding import decode

_SERVER_TAGS: Final = re.compile(r"<%.*?%>|<\?(?:php|=).*?\?>", re.DOTALL)
_CHARSET: Final = re.compile(rb"charset=[\"']?([\w-]{1,40})", re.IGNORECASE)
_NOISE: Final = (
    "script", "style", "noscript", "template", "iframe", "object", "svg", "form", "nav", "aside", "footer", "button",
    "select", "textarea", "head", "[hidden]", "[role=navigation]", "[role=banner]", "[role=contentinfo]",
    "[aria-hidden=true]", ".breadcrumb", ".sidebar", ".pagination",
)  # fmt: skip
_BLOCKS: Final = {
    "address", "article", "blockquote", "body", "center", "dd", "details", "dialog", "div", "dl", "fieldset",
    "figcaption", "figure", "header", "hr", "html", "li", "main", "ol", "p", "pre", "section", "summary", "ul",
    "table", "tbody", "thead", "tr", "td", "th", "dt", "h1", "h2", "h3", "h4", "h5", "h6",
}  # fmt: skip
_TITLES: Final = {f"h{level}": level for level in range(1, 7)} | {"summary": 6, "dt": 6}
_OPENERS: Final = ("data-toggle", "data-bs-toggle", "aria-controls")  # what opens a fold is the title of what is in it
_DEEPEST: Final = 200
_LINK_SHARE: Final = 0.8  # a list of which more than this is links is navigation


def parse(source: Source, options: Options) -> Parsed:
    """Blocks of a page. Nothing that the page refers to is fetched."""
    del options
    declared = _CHARSET.search(source.data[:2048])
    text = decode(source.data, declared=declared.group(1).decode("ascii") if declared else "")
    return Parsed(blocks=tuple(read_html(text)))


def read_html(text: str) -> list[Block]:
    """Blocks of HTML text in reading order."""
    tree = LexborHTMLParser(_SERVER_TAGS.sub(" ", text))
    for noise in tree.css(",".join(_NOISE)):
        noise.decompose()
    root = _main(tree)
    return list(_blocks(root, 0)) if root is not None else []


def _main(tree: LexborHTMLParser) -> LexborNode | None:
    """The part that holds most of the text: `main` or the longest `article`, unless the body holds much more."""
    body = tree.body
    if body is None:
        return None
    found = sorted(tree.css("main, [role=main], article"), key=lambda node: len(node.text()), reverse=True)
    if found and len(found[0].text(strip=True)) * 2 >= len(body.text(strip=True)):
        return found[0]
    return body


def _blocks(node: LexborNode, depth: int) -> Iterator[Block]:
    inline: list[str] = []
    for child in node.iter(include_text=True):
        name = child.tag or ""
        if name not in _BLOCKS and not _holds_blocks(child):
            inline.append("\n" if name == "br" else _inline(child))
            continue
        yield from _paragraph(inline)
        inline = []
        level = _title_level(child)
        if level:
            if title := _squeeze(child.text(separator=" ")):
                yield Heading(level, title)
        elif name == "table":
            yield from _table(child)
        elif name in {"ul", "ol"} and _is_simple_list(child):
            yield from _list(child, ordered=name == "ol")
        elif name == "pre":
            yield Text(f"```\n{child.text().strip()}\n```")
        elif depth < _DEEPEST:
            yield from _blocks(child, depth + 1)
        else:
            yield from _paragraph([child.text(separator=" ")])
    yield from _paragraph(inline)


def _title_level(node: LexborNode) -> int:
    """The level of a heading; 0 for all else."""
    level = _TITLES.get(node.tag or "", 0)
    return level or (3 if any(name in node.attributes for name in _OPENERS) else 0)


def _holds_blocks(node: LexborNode) -> bool:
    """Whether an inline element (an accordion's link) wraps block elements."""
    return node.tag != "-text" and any(child.tag in _BLOCKS for child in node.iter())


def _paragraph(inline: list[str]) -> Iterator[Block]:
    lines = [line for line in map(_squeeze, "".join(inline).split("\n")) if line]
    if lines:
        yield Text("\n".join(lines))


def _inline(node: LexborNode) -> str:
    if node.tag == "-text":
        return re.sub(r"\s+", " ", node.text())
    if node.tag in {"-comment", "img"}:
        return ""
    text = "".join(_inline(child) for child in node.iter(include_text=True)) if node.child else ""
    if node.tag == "br":
        return "\n"
    bare = text.strip()
    if node.tag in {"b", "strong"} and bare:
        return f"**{bare}**"
    address = node.attributes.get("href") or "" if node.tag == "a" else ""
    if bare and address.startswith(("https://", "http://")):
        return f"[{bare}]({address})"
    # A smaller or muted line below a title is a line of its own to the reader.
    return f"\n{text}" if node.tag == "small" else text


def _is_simple_list(node: LexborNode) -> bool:
    return not any(item.css("ul, ol, table, h1, h2, h3, h4, h5, h6, div, p") for item in node.css("li"))


def _list(node: LexborNode, *, ordered: bool) -> Iterator[Block]:
    items = [text for item in node.css("li") if (text := _squeeze(_inline(item)))]
    linked = sum(len(_squeeze(link.text())) for link in node.css("a"))
    if not items or linked > _LINK_SHARE * sum(len(item) for item in items):
        return
    yield Text("\n".join(f"{number}. {item}" if ordered else f"- {item}" for number, item in enumerate(items, 1)))


def _table(node: LexborNode) -> Iterator[Block]:
    rows = [tuple(_squeeze(cell.text(separator=" ")) for cell in row.css("th, td")) for row in node.css("tr")]
    rows = [row for row in rows if any(row)]
    if len(rows) == 1 or all(len(row) == 1 for row in rows):  # a table for layout
        for row in rows:
            yield from (Text(cell) for cell in row if cell)
    elif rows:
        yield Table(tuple(rows))


def _squeeze(text: str) -> str:
    return " ".join(text.split())
