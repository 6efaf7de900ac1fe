"""Reading web pages: politely, and never an address inside the house."""

import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest

from kb_ingest.content import Options, Source
from kb_ingest.isolation import Limits
from kb_ingest.reading import ReadFile, read_source
from kb_ingest.refusals import FileRefused
from kb_ingest.web.crawl import Crawl, Manners
from kb_ingest.web.fetcher import Fetcher, FetchLimits
from kb_ingest.web.network import Network
from kb_ingest.web.refusals import AddressRefused, PageTooLarge, PageUnreachable
from tests.kb_ingest.website import Names, Site, own_certificate, serving

PUBLIC = "93.184.216.34"


def _say_and_wait(server: socket.socket, said: bytes) -> None:
    """Answers one caller with a beginning, and says no more until the caller has gone."""
    connection, _ = server.accept()
    with connection:
        connection.recv(65_536)
        connection.sendall(said)
        connection.recv(1)


@pytest.fixture
def site() -> Iterator[Site]:
    with serving() as running:
        yield running


@dataclass
class Watch:
    """A clock that moves only when somebody sleeps on it."""

    time: float = 100.0
    slept: list[float] = field(default_factory=list)

    def now(self) -> float:
        return self.time

    def sleep(self, seconds: float) -> None:
        self.slept.append(round(seconds, 3))
        self.time += seconds


def crawl(site: Site, url: str, manners: Manners | None = None, watch: Watch | None = None) -> list[Source | ReadFile]:
    watch = watch or Watch()
    return list(Crawl(Fetcher(site.network()), manners or Manners(), watch.sleep, watch.now).sources(url))


def refused(items: list[Source | ReadFile]) -> list[str]:
    return [item.refused.code for item in items if isinstance(item, ReadFile) and item.refused]


INSIDE = [
    "127.0.0.1", "127.1.2.3", "0.0.0.0", "10.0.0.1", "10.255.255.255", "172.16.0.1", "172.31.9.9", "192.168.1.1",
    "169.254.169.254", "100.64.0.1", "192.0.0.8", "192.0.2.1", "198.18.0.1", "198.51.100.7", "203.0.113.7", "224.0.0.1",
    "240.0.0.1", "255.255.255.255", "192.88.99.1", "::1", "::", "fe80::1", "fc00::1", "fd12:3456::1", "ff02::1",
    "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:8.8.8.8", "::127.0.0.1", "64:ff9b::7f00:1", "64:ff9b:1::1",
    "2002:7f00:1::", "2001:0:7f00:1::", "2001:db8::1", "fec0::1", "100::1",
]  # fmt: skip
WRITTEN = [
    "http://127.0.0.1/", "http://localhost/", "http://localhost:80/", "http://[::1]/", "http://[::ffff:127.0.0.1]/",
    "http://2130706433/", "http://0x7f000001/", "http://0177.0.0.1/", "http://0x7f.0.0.1/", "http://127.1/",
    "http://017700000001/", "http://127.0.0.1./", "http://①②⑦.⓪.⓪.①/", "http://127。0。0。1/", "http://[fe80::1%25eth0]/",
    "http://user:pass@public.example/", "http://public.example@127.0.0.1/", "http://public.example:22/",
    "http://public.example:8080/", "https://public.example:80/", "http://public.example:99999/", "ftp://public.example/",
    "file:///etc/passwd", "gopher://public.example/", "dict://public.example/", "http:///etc/passwd", "http://",
    "http://public.example\\@127.0.0.1/", "http://public.example/\r\nHost: inside", "http://pub lic.example/",
    "http://public.example/" + "a" * 3000, "http://intranet/", "http://-bad-.example/",
]  # fmt: skip


class TestAddresses:
    @pytest.mark.parametrize("address", INSIDE)
    def test_name_that_leads_inside_is_refused(self, address: str) -> None:
        names = Names({"public.example": [[address]], "both.example": [[PUBLIC, address]]})
        for host in ("public.example", "both.example"):
            with pytest.raises(AddressRefused):
                Network(names).target(f"http://{host}/")

    @pytest.mark.parametrize("url", WRITTEN)
    def test_trick_of_writing_is_refused(self, url: str) -> None:
        names = Names({"public.example": [[PUBLIC]], "localhost": [["127.0.0.1"]], "127.1": [["127.0.0.1"]]})
        with pytest.raises(AddressRefused):
            Network(names).target(url)

    def test_public_pages_are_reached_at_the_address_that_was_checked(self) -> None:
        names = Names({"www.example.com": [[PUBLIC], ["127.0.0.1"]], "xn--fiq228c.example": [["2606:2800:220:1::1"]]})
        found = Network(names).target("https://WWW.Example.com/帮助?q=退 货".replace(" ", "%20"))
        assert (found.address, found.host, found.port) == (PUBLIC, "www.example.com", 443)
        assert found.path == "/%E5%B8%AE%E5%8A%A9?q=%E9%80%80%20%E8%B4%A7"
        assert names.asked == ["www.example.com"]  # asked once: a second answer would lead inside
        assert Network(names).target("http://中文.example/").address == "2606:2800:220:1::1"

    def test_unknown_name_is_said(self) -> None:
        class Nobody:
            def resolve(self, host: str, port: int) -> list[str]:
                raise OSError(host)

        with pytest.raises(PageUnreachable, match="域名"):
            Network(Nobody()).target("http://nothing.example/")


class TestFetching:
    def test_page_with_its_name_in_the_host_header(self, site: Site) -> None:
        site.page("/a?b=1", "<p>你好</p>")
        page = Fetcher(site.network()).fetch(site.url("/a?b=1"))
        assert (page.status, page.content_type, page.data.decode()) == (200, "text/html", "<p>你好</p>")
        assert site.seen == [("/a?b=1", f"help.shop.example:{site.port}")]

    def test_redirect_is_followed_and_checked_at_each_hop(self, site: Site) -> None:
        site.answers["/old"] = (301, {"Location": "/new"}, b"")
        site.page("/new", "好")
        assert Fetcher(site.network()).fetch(site.url("/old")).url == site.url("/new")
        with serving() as inside:
            inside.page("/", "秘密")
            places = [f"http://127.0.0.1:{inside.port}/", f"//127.0.0.1:{inside.port}/", "http://169.254.169.254/",
                      "file:///etc/passwd", "http://127.0.0.1/"]  # fmt: skip
            for place in places:
                site.answers["/out"] = (302, {"Location": place}, b"")
                with pytest.raises(AddressRefused):
                    Fetcher(site.network()).fetch(site.url("/out"))
            assert inside.seen == []

    def test_name_that_changes_its_mind_between_hops_is_refused(self, site: Site) -> None:
        site.answers["/"] = (302, {"Location": "http://help.shop.example/"}, b"")
        network = Network(
            Names({"help.shop.example": [["127.0.0.1"], ["10.0.0.1"]]}), frozenset({("help.shop.example", site.port)})
        )
        with pytest.raises(AddressRefused):
            Fetcher(network).fetch(site.url())

    def test_endless_redirects_end(self, site: Site) -> None:
        site.answers["/"] = (302, {"Location": "/"}, b"")
        with pytest.raises(PageUnreachable, match="跳转"):
            Fetcher(site.network()).fetch(site.url())
        assert len(site.seen) == 6

    @pytest.mark.parametrize("said", [b"", b"HTTP/1.1 200 OK\r\nX: ", b"HTTP/1.1 200 OK\r\n\r\nhalf"])
    def test_server_that_stops_talking_is_left(self, said: bytes) -> None:
        with socket.create_server(("127.0.0.1", 0)) as server:
            port = server.getsockname()[1]
            network = Network(Names({}), frozenset({("127.0.0.1", port)}))
            answering = threading.Thread(target=_say_and_wait, args=(server, said), daemon=True)
            answering.start()
            with pytest.raises(PageUnreachable, match="太久"):
                Fetcher(network, FetchLimits(seconds=0.3)).fetch(f"http://127.0.0.1:{port}/")
            answering.join(5)
            assert not answering.is_alive()

    def test_certificate_that_nobody_vouches_for_is_refused(self, site: Site) -> None:
        with serving(own_certificate()) as secure:
            network = Network(Names({}), frozenset({("127.0.0.1", secure.port)}))
            with pytest.raises(PageUnreachable, match="证书"):
                Fetcher(network).fetch(f"https://127.0.0.1:{secure.port}/")
            assert secure.seen == []

    def test_too_much_and_packed_are_refused(self, site: Site) -> None:
        site.page("/", "长" * 1_000_000)
        with pytest.raises(PageTooLarge):
            Fetcher(site.network(), FetchLimits(size=1_000_000)).fetch(site.url())
        site.answers["/zip"] = (200, {"Content-Encoding": "gzip"}, b"x")
        with pytest.raises(PageUnreachable, match="压缩"):
            Fetcher(site.network()).fetch(site.url("/zip"))

    def test_nobody_listening_is_said(self, site: Site) -> None:
        with serving() as gone:
            pass
        with pytest.raises(PageUnreachable, match="连接不上"):
            Fetcher(gone.network()).fetch(gone.url())


class TestCrawl:
    def test_one_page_becomes_knowledge(self, site: Site) -> None:
        site.page("/help", "<main><h1>帮助</h1><h2>怎么退货？</h2><p>点退货。</p></main>")
        (source,) = crawl(site, site.url("/help"))
        read = read_source(source, Options(), Limits())
        (entry,) = read.entries
        assert (entry.question, entry.answer) == ("怎么退货？", "点退货。")
        assert entry.category == f"文档/help.shop.example:{site.port}/help"
        assert site.paths() == ["/robots.txt", "/help"]

    def test_sitemap_within_its_limits_at_a_walking_pace(self, site: Site) -> None:
        pages = "".join(f"<url><loc>{site.url(f'/p{n}')}?a=1&amp;b=2</loc></url>" for n in range(5))
        foreign = "<url><loc>http://other.example/x</loc></url><url><loc>file:///etc/passwd</loc></url>"
        site.page("/sitemap.xml", f"<?xml version='1.0'?><urlset>{foreign}{pages}</urlset>", "application/xml")
        for number in range(5):
            site.page(f"/p{number}?a=1&b=2", f"<p>第{number}页。</p>")
        watch = Watch()
        found = crawl(site, site.url("/sitemap.xml"), Manners(pages=3, pause=0.5), watch)
        assert [item.name for item in found] == [site.url(f"/p{n}?a=1&b=2") for n in range(3)]
        assert site.paths() == ["/robots.txt", "/sitemap.xml", *(f"/p{n}?a=1&b=2" for n in range(3))]
        assert watch.slept == [0.5] * 4

    def test_index_of_sitemaps(self, site: Site) -> None:
        site.page(
            "/s.xml", f"<sitemapindex><sitemap><loc>{site.url('/s1.xml')}</loc></sitemap></sitemapindex>", "text/xml"
        )
        site.page("/s1.xml", f"<urlset><url><loc><![CDATA[{site.url('/a')}]]></loc></url></urlset>", "text/xml")
        site.page("/a", "<p>好。</p>")
        assert [item.name for item in crawl(site, site.url("/s.xml"))] == [site.url("/a")]

    def test_robots_are_obeyed(self, site: Site) -> None:
        rules = "User-agent: *\nDisallow: /private\nUser-agent: YingdaBot\nDisallow: /no\nCrawl-delay: 3\n"
        site.page("/robots.txt", rules, "text/plain")
        site.page("/yes", "<p>好。</p>")
        watch = Watch()
        assert refused(crawl(site, site.url("/no/x"), watch=watch)) == ["page_forbidden_by_robots"]
        assert isinstance(crawl(site, site.url("/yes"), watch=watch)[0], Source)
        assert watch.slept == [3.0]
        assert "/no/x" not in site.paths()

    def test_robots_that_cannot_be_had_are_a_no(self, site: Site) -> None:
        site.page("/robots.txt", "", status=503)
        site.page("/yes", "好")
        assert refused(crawl(site, site.url("/yes"))) == ["page_forbidden_by_robots"]

    def test_page_that_fails_never_stops_the_rest(self, site: Site) -> None:
        names = ("gone", "film", "ok")
        pages = "".join(f"<url><loc>{site.url(f'/{name}')}</loc></url>" for name in names)
        site.page("/s.xml", f"<urlset>{pages}</urlset>", "application/xml")
        site.page("/film", "x", "video/mp4")
        site.page("/ok", "<p>好。</p>")
        found = crawl(site, site.url("/s.xml"))
        assert refused(found) == ["page_unreachable", "page_unsupported"]
        assert found[-1].name == site.url("/ok")

    def test_page_that_redirects_inside_is_a_plain_sentence(self, site: Site) -> None:
        site.answers["/x"] = (302, {"Location": "http://127.0.0.1/"}, b"")
        (found,) = crawl(site, site.url("/x"))
        assert isinstance(found, ReadFile)
        assert isinstance(found.refused, FileRefused)
        assert "内网" in str(found.refused)
