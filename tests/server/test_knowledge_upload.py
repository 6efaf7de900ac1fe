"""Uploading knowledge: an editor sends files and gets the report that the terminal gives; it answers at once."""

from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest

from server.knowledge_upload import MAX_UPLOAD
from tests.kb_ingest.documents import docx, xlsx
from tests.support import LiveServer, TenantAccess

ADDRESS = "/api/v1/knowledge/imports"
CSV = "问题,答案\n会员日是几号？,每月 18 号。\n生日有礼物吗？,\n".encode("gb18030")
Files = list[tuple[str, tuple[str, bytes]]]


@pytest.fixture
def own_shop(server: LiveServer) -> TenantAccess:
    """A tenant whose knowledge a test may change."""
    return server.make_tenant()


@pytest.fixture
def editor(server: LiveServer, own_shop: TenantAccess) -> Iterator[httpx2.Client]:
    with server.http(server.sign_in(own_shop.editor)) as client:
        yield client


def upload(*files: tuple[str, bytes]) -> Files:
    return [("files", file) for file in files]


class TestUpload:
    def test_files_are_imported_and_answered_from_at_once(
        self, server: LiveServer, own_shop: TenantAccess, editor: httpx2.Client, tmp_path: Path
    ) -> None:
        manual = docx(tmp_path / "手册.docx", ("Heading1", "怎么预约安装师傅？"), ("Normal", "在订单里点预约安装。"))
        files = upload(("会员.csv", CSV), ("手册.docx", manual.read_bytes()), ("坏.pdf", b"%PDF nothing"))
        tried = editor.post(ADDRESS, params={"dry_run": True}, files=files).json()
        assert (tried["added"], tried["dry_run"]) == (2, True)
        report = editor.post(ADDRESS, files=files).json()
        assert [report[name] for name in ("added", "changed", "unchanged", "problems", "refused")] == [2, 0, 0, 1, 1]
        first, second, third = report["files"]
        assert first["problems"] == [{"place": "第 3 行", "reason": "缺少答案"}]
        assert (second["name"], second["questions"], second["passages"]) == ("手册.docx", 1, 0)
        assert third["refused"]["code"] == "file_broken"
        again = editor.post(ADDRESS, files=files).json()
        assert (again["added"], again["unchanged"]) == (0, 2)
        with server.customer(own_shop.site_key) as customer:
            assert customer.ask("怎么预约安装师傅")["content"]["text"] == "在订单里点预约安装。"

    def test_columns_and_language_are_the_callers(self, editor: httpx2.Client, tmp_path: Path) -> None:
        table = ("t.xlsx", xlsx(tmp_path / "t.xlsx", ("客户说", "我们说"), ("能退吗", "能")).read_bytes())
        refused = editor.post(ADDRESS, files=upload(table), headers={"Accept-Language": "en"}).json()
        assert "No columns for question" in refused["files"][0]["refused"]["reason"]
        mapped = editor.post(ADDRESS, files=upload(table), data={"map": ["客户说=question", "我们说=answer"]}).json()
        assert mapped["added"] == 1
        wrong = editor.post(ADDRESS, files=upload(table), data={"map": "客户说=问题"})
        assert (wrong.status_code, wrong.json()["code"]) == (422, "bad_column")

    def test_path_in_a_file_name_is_dropped(self, editor: httpx2.Client) -> None:
        report = editor.post(ADDRESS, files=upload(("../../etc/会员.csv", CSV))).json()
        assert report["files"][0]["name"] == "会员.csv"


class TestRefusals:
    def test_only_editors_and_administrators(self, server: LiveServer, own_shop: TenantAccess) -> None:
        with server.http() as nobody, server.http(server.sign_in(own_shop.agent)) as agent:
            for client, status in ((nobody, 401), (agent, 403)):
                assert client.post(ADDRESS, files=upload(("a.csv", CSV))).status_code == status
        with server.customer(own_shop.site_key) as customer, server.http(customer.token) as visitor:
            assert visitor.post(ADDRESS, files=upload(("a.csv", CSV))).status_code == 403

    def test_another_tenant_sees_nothing_of_it(self, server: LiveServer, editor: httpx2.Client) -> None:
        editor.post(ADDRESS, files=upload(("a.csv", CSV)))
        other = server.make_tenant()
        with server.http(server.sign_in(other.editor)) as stranger:
            assert stranger.get("/api/v1/kb/entries", params={"q": "会员日"}).json()["items"] == []

    def test_too_much_is_refused_however_it_is_sent(self, editor: httpx2.Client) -> None:
        declared = editor.post(ADDRESS, files=upload(("a.txt", b"x" * MAX_UPLOAD)))
        assert (declared.status_code, declared.json()["code"]) == (413, "upload_too_large")

        def pieces() -> Iterator[bytes]:
            yield b'--cut\r\nContent-Disposition: form-data; name="files"; filename="a.txt"\r\n\r\n'
            for _ in range(MAX_UPLOAD // 1_000_000 + 1):
                yield b"x" * 1_000_000

        headers = {"Content-Type": "multipart/form-data; boundary=cut"}
        undeclared = editor.post(ADDRESS, content=pieces(), headers=headers)
        assert (undeclared.status_code, undeclared.json()["code"]) == (413, "upload_too_large")

    @pytest.mark.parametrize(
        ("body", "kind"),
        [
            (b"{}", "application/json"),
            (b"no boundary", "multipart/form-data"),
            (b"garbage", "multipart/form-data; boundary=cut"),
            (
                b'--cut\r\nContent-Disposition: form-data; name="other"\r\n\r\nx\r\n--cut--\r\n',
                "multipart/form-data; boundary=cut",
            ),
        ],
    )
    def test_body_without_files_is_a_plain_sentence(self, editor: httpx2.Client, body: bytes, kind: str) -> None:
        answer = editor.post(ADDRESS, content=body, headers={"Content-Type": kind})
        assert (answer.status_code, answer.json()["code"]) == (422, "bad_upload")

    def test_description_names_the_field(self, editor: httpx2.Client) -> None:
        described = editor.get("/openapi.json").json()["paths"][ADDRESS]["post"]
        assert "files" in described["requestBody"]["content"]["multipart/form-data"]["schema"]["properties"]
