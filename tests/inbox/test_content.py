"""What a message may hold, and that its HTML cannot hurt anybody."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inbox.content import check_text, clean_text, parse_content, plain_text, preview, render_html
from inbox.errors import EmptyMessage, MessageTooLong, UnsupportedContent


class TestCheckText:
    @pytest.mark.parametrize(
        "text", ["", " ", "\n\t\r", "　　", "\u200b", "\ufeff", "\x00\x07", "\u2800", "\u3164\ufe0f"]
    )
    def test_nothing_visible_is_empty(self, text: str) -> None:
        with pytest.raises(EmptyMessage):
            check_text(text)

    def test_limit_counts_what_is_kept(self) -> None:
        assert len(check_text("字" * 10 + "\x00" * 50, max_chars=10)) == 10
        with pytest.raises(MessageTooLong) as refused:
            check_text("字" * 11, max_chars=10)
        assert refused.value.detail("zh") == "消息有 11 字，最多 10 字，请分几条发送。"
        assert "11 characters" in refused.value.detail("en")

    @pytest.mark.parametrize("text", ["你好😀", "a\nb", "👨‍👩‍👧 一家", "𠮷", "é", "ｆｕｌｌ", "1\t2"])
    def test_what_people_can_read_is_kept(self, text: str) -> None:
        assert check_text(text) == text

    @given(st.text())
    def test_cleaning_twice_is_cleaning_once(self, text: str) -> None:
        assert clean_text(clean_text(text)) == clean_text(text)
        clean_text(text).encode()  # no lone surrogate is left to break a database or a socket

    @pytest.mark.parametrize("raw", [None, "text", 1, [], {"kind": "image"}, {"text": 1}, {"kind": "text"}])
    def test_other_content_is_refused(self, raw: object) -> None:
        with pytest.raises(UnsupportedContent):
            parse_content(raw)

    def test_content_without_kind_is_text(self) -> None:
        assert parse_content({"text": "你好"}).text == "你好"

    def test_preview_is_one_short_line(self) -> None:
        assert preview("第一行\n第二行") == "第一行 第二行"
        assert len(preview("长" * 500)) == 80


HOSTILE = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "[点我](javascript:alert(1))",
    "[点我](JaVaScRiPt:alert(1))",
    "[点我](data:text/html;base64,PHNjcmlwdD4=)",
    "![x](javascript:alert(1))",
    "![x\" onerror=\"alert(1)](https://a.example/b.png)",
    "[a](https://a.example \"x\" onmouseover=\"alert(1))",
    "<svg/onload=alert(1)>",
    "<iframe src=//evil.example></iframe>",
    "<style>*{display:none}</style>",
    "<a href='vbscript:x'>x</a>",
    "&lt;script&gt;alert(1)&lt;/script&gt;",
    "```\n</code><script>alert(1)</script>\n```",
    "| a |\n|---|\n| <script>x</script> |",
    "<https://a.example/\" onclick=alert(1)>",
]  # fmt: skip


class TestRenderHtml:
    @pytest.mark.parametrize("source", HOSTILE)
    def test_hostile_markdown_has_no_live_part(self, source: str) -> None:
        html = render_html(source).lower()
        assert "<script" not in html
        assert "<iframe" not in html
        assert "<svg" not in html
        assert "<style" not in html
        for tag in html.split("<")[1:]:
            inside = tag.split(">")[0]
            assert "onerror=" not in inside.replace("&quot;", '"').split('alt="')[0]
            assert " onclick" not in inside
            assert " onmouseover" not in inside
            assert "javascript:" not in inside
            assert "data:" not in inside

    @given(st.text(alphabet="<>\"'&/ =()[]!`*_abonerrsciptjv:\n#|-x", max_size=80))
    def test_any_text_renders_to_the_allow_list(self, source: str) -> None:
        import nh3

        html = render_html(source)
        assert (
            nh3.clean(html, tags=nh3.ALLOWED_TAGS | {"img"}, link_rel="noopener noreferrer nofollow").count("<script")
            == 0
        )
        assert "javascript:" not in html.split("href=")[-1][:15] or "href=" not in html

    def test_what_editors_write_is_shown(self) -> None:
        html = render_html("**重要**：\n\n1. 打开[订单](https://a.example/orders)\n2. 点退货\n\n![图](/static/x.png)")
        assert "<strong>重要</strong>" in html
        assert html.count("<li>") == 2
        assert 'target="_blank"' in html
        assert 'rel="noopener noreferrer nofollow"' in html
        assert 'loading="lazy"' in html

    def test_plain_text_keeps_words_and_drops_marks(self) -> None:
        source = "**同类券**不能叠加：\n\n- 一笔订单 1 张\n- 见[规则](https://a.example)\n\n1 < 2 & <b>粗</b>"
        assert preview(plain_text(source)) == "同类券不能叠加： 一笔订单 1 张 见规则 1 < 2 & <b>粗</b>"

    def test_single_line_breaks_are_kept(self) -> None:
        assert "<br" in render_html("第一行\n第二行")
