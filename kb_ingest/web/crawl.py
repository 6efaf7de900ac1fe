"""An address into sources: one page, or the pages of a sitemap; as slow and as obedient as a guest should be."""

import html
import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final
from urllib.parse import urljoin, urlsplit

from protego import Protego

from kb_ingest.content import Source
from kb_ingest.decoding import decode
from kb_ingest.reading import ReadFile
from kb_ingest.refusals import Broken, FileRefused
from kb_ingest.web.fetcher import AGENT, Fetcher, Page
from kb_ingest.web.refusals import NotAPage, PageUnreachable, RobotsForbid

# Read without an XML parser: a stranger's XML may hold entities, and these addresses are all that matters in it.
_ADDRESS: Final = re.compile(r"<loc>\s*(?:<!\[CDATA\[)?\s*(.*?)\s*(?:\]\]>)?\s*</loc>", re.IGNORECASE | re.DOTALL)
_SITEMAP: Final = re.compile(r"<(urlset|sitemapindex)[\s>]", re.IGNORECASE)
_KINDS: Final = {"text/html": ".html", "application/xhtml+xml": ".html", "text/plain": ".txt", "text/markdown": ".md"}
_SITEMAPS: Final = 20
_LONGEST_PAUSE: Final = 10.0


def is_address(text: str) -> bool:
    """Whether what somebody gave us to import is a web address."""
    return text.lower().startswith(("http://", "https://"))


@dataclass(frozen=True, slots=True)
class Manners:
    """How a crawl behaves."""

    pages: int = 100
    pause: float = 0.5  # seconds between two requests, unless robots.txt asks for more


class Crawl:
    """One import from the web. `sleep` and `clock` are the process's own unless a test brings others."""

    def __init__(
        self,
        fetcher: Fetcher,
        manners: Manners,
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._fetcher = fetcher
        self._manners = manners
        self._sleep = sleep
        self._clock = clock
        self._robots: dict[str, Protego | None] = {}
        self._last: dict[str, float] = {}  # host → when we last asked it

    def sources(self, url: str) -> Iterator[Source | ReadFile]:
        """The page at an address, or if it is a sitemap the pages in it; a page that cannot be read is named."""
        try:
            first = self._get(url)
        except FileRefused as error:
            yield ReadFile(url, refused=error)
            return
        pages = self._sitemap(first)
        if pages is None:
            yield _source(url, first)
            return
        for address in pages[: self._manners.pages]:
            try:
                yield _source(address, self._get(address))
            except FileRefused as error:
                yield ReadFile(address, refused=error)

    def _sitemap(self, page: Page) -> list[str] | None:
        """The pages that a sitemap, or the sitemaps in an index, list on the same host; None if it is no sitemap."""
        kind, found = _read_sitemap(page)
        if kind == "sitemapindex":
            pages: list[str] = []
            for address in found[:_SITEMAPS]:
                pages += _read_sitemap(self._get(address))[1]
            found = pages
        return list(dict.fromkeys(found)) if kind else None

    def _get(self, url: str) -> Page:
        robots = self._rules(url)
        if robots is None or not robots.can_fetch(url, AGENT):
            raise RobotsForbid
        self._wait(url, robots.crawl_delay(AGENT))
        page = self._fetcher.fetch(url)
        if page.status != 200:
            raise PageUnreachable(reason=f"服务器回答 {page.status}")
        return page

    def _rules(self, url: str) -> Protego | None:
        """The site's robots.txt: none is permission, one that cannot be had is a no (RFC 9309)."""
        parts = urlsplit(url)
        site = f"{parts.scheme}://{parts.netloc}"
        if site not in self._robots:
            page = self._fetcher.fetch(f"{site}/robots.txt")
            self._last[parts.netloc] = self._clock()
            text = page.data.decode("utf-8", "replace") if page.status == 200 else ""
            self._robots[site] = None if page.status >= 500 else Protego.parse(text)
        return self._robots[site]

    def _wait(self, url: str, asked: float | None) -> None:
        host = urlsplit(url).netloc
        pause = min(max(self._manners.pause, asked or 0.0), _LONGEST_PAUSE)
        left = self._last.get(host, float("-inf")) + pause - self._clock()
        if left > 0:
            self._sleep(left)
        self._last[host] = self._clock()


def _read_sitemap(page: Page) -> tuple[str, list[str]]:
    """`urlset` or `sitemapindex` with its addresses on the page's own host; an empty kind if it is neither."""
    try:
        text = decode(page.data)
    except Broken:
        return "", []
    kind = _SITEMAP.search(text[:2000])
    if kind is None:
        return "", []
    addresses = [urljoin(page.url, html.unescape(found)) for found in _ADDRESS.findall(text)]
    host = urlsplit(page.url).netloc
    return kind.group(1).lower(), [address for address in addresses if urlsplit(address).netloc == host]


def _source(url: str, page: Page) -> Source:
    kind = _KINDS.get(page.content_type)
    if kind is None:
        raise NotAPage(kind=page.content_type or "?")
    return Source(url, page.data, kind=kind)
