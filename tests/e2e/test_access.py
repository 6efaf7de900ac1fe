"""Access in a real browser: the first administrator, an invited colleague, the second step of signing in."""

import re
from collections.abc import Callable
from urllib.parse import urlsplit

import pyotp
import pytest
from playwright.sync_api import Page, expect

pytestmark = pytest.mark.browser

PHRASE = "巷口修鞋的老人会吹一手好口琴很好听"

NewPage = Callable[..., Page]


def sign_in(page: Page, email: str, password: str) -> None:
    page.goto("/console/login")
    page.get_by_label("邮箱").fill(email)
    page.get_by_label("密码", exact=True).fill(password)
    page.get_by_role("button", name="登录", exact=True).click()


def invite(admin: Page, email: str, name: str) -> str:
    """Invites an agent; returns the link to hand on."""
    admin.goto("/console/settings/members")
    admin.get_by_role("button", name="邀请成员").click()
    dialog = admin.get_by_role("dialog", name="邀请成员")
    dialog.get_by_label("姓名").fill(name)
    dialog.get_by_label("邮箱").fill(email)
    admin.get_by_role("button", name="生成邀请链接").click()
    link = admin.get_by_role("textbox", name="一次性链接").inner_text()
    admin.get_by_role("button", name="我已保存链接").click()
    return link


class TestFirstAdministrator:
    def test_printed_address_leads_to_a_signed_in_console(self, new_page: NewPage, empty_installation: str) -> None:
        address = urlsplit(empty_installation)
        page = new_page(base=f"{address.scheme}://{address.netloc}")
        page.goto(empty_installation)
        page.get_by_label("企业名称").fill("江南茶行")
        page.get_by_label("企业标识").fill("Tea Shop")
        page.get_by_label("姓名").fill("沈掌柜")
        page.get_by_label("邮箱").fill("shen@tea.example")
        page.get_by_label("密码", exact=True).fill("qwertyuiop")
        page.get_by_role("button", name="完成设置").click()
        expect(page.get_by_text("以小写字母或数字开头")).to_be_visible()
        page.get_by_label("企业标识").fill("tea")
        page.get_by_role("button", name="完成设置").click()
        expect(page.get_by_role("alert")).to_contain_text("密码至少 15 个字符")
        page.get_by_label("密码", exact=True).fill(PHRASE)
        page.get_by_role("button", name="完成设置").click()

        expect(page.get_by_role("heading", name="设置好了")).to_be_visible()
        line = page.get_by_role("textbox", name="嵌入代码").inner_text()
        assert re.fullmatch(
            rf'<script async src="http://{address.netloc}/widget\.js" data-site-key="[^"]+"></script>', line
        )
        assert "token" not in page.url
        page.get_by_role("button", name="进入工作台").click()
        expect(page).to_have_url(re.compile("/console/conversations"))

        late = new_page(base=f"{address.scheme}://{address.netloc}")
        late.goto(empty_installation)  # the token has been used up
        for label, text in (("企业名称", "别家"), ("企业标识", "other"), ("姓名", "路人"), ("邮箱", "x@other.example")):
            late.get_by_label(label).fill(text)
        late.get_by_label("密码", exact=True).fill(PHRASE)
        late.get_by_role("button", name="完成设置").click()
        expect(late.get_by_role("alert")).to_contain_text("初始化令牌无效")


class TestInvitation:
    def test_invited_member_chooses_a_password_and_signs_in_once_enabled(self, new_page: NewPage) -> None:
        admin, member = new_page(), new_page()
        sign_in(admin, "admin@demo.local", "yingda-demo")
        expect(admin).to_have_url(re.compile("/console/conversations"))
        link = invite(admin, "zhou@demo.local", "周同事")
        expect(admin.get_by_role("listitem").filter(has_text="周同事")).to_contain_text("已邀请")

        member.goto(link)
        member.get_by_label("新密码").fill("yingda-demo")
        member.get_by_role("button", name="保存密码").click()
        expect(member.get_by_role("alert")).to_contain_text("密码至少 15 个字符")
        member.get_by_label("新密码").fill(PHRASE)
        member.get_by_role("button", name="保存密码").click()
        expect(member.get_by_text("密码已设好，请用它登录")).to_be_visible()
        sign_in(member, "zhou@demo.local", PHRASE)
        expect(member).to_have_url(re.compile("/console/conversations"))
        member.goto("/console/settings/members")  # not for agents
        expect(member).to_have_url(re.compile("/console/conversations"))

        again = new_page()
        again.goto(link)
        again.get_by_label("新密码").fill(PHRASE)
        again.get_by_role("button", name="保存密码").click()
        expect(again.get_by_text("这个链接不能用了")).to_be_visible()

        admin.reload()
        admin.get_by_role("button", name="管理周同事").click()
        admin.get_by_role("menuitem", name="停用").click()
        admin.get_by_role("dialog").get_by_role("button", name="停用").click()
        expect(admin.get_by_role("listitem").filter(has_text="周同事")).to_contain_text("已停用")
        expect(member.get_by_text("登录已过期，请重新登录")).to_be_visible()  # out at once

    def test_second_step_of_signing_in(self, new_page: NewPage) -> None:
        admin, member = new_page(), new_page(width=390, height=844)
        sign_in(admin, "admin@demo.local", "yingda-demo")
        expect(admin).to_have_url(re.compile("/console/conversations"))
        member.goto(invite(admin, "wu@demo.local", "吴同事"))
        member.get_by_label("新密码").fill(PHRASE)
        member.get_by_role("button", name="保存密码").click()
        expect(member.get_by_text("密码已设好，请用它登录")).to_be_visible()
        sign_in(member, "wu@demo.local", PHRASE)
        expect(member).to_have_url(re.compile("/console/conversations"))

        member.goto("/console/settings/account")
        member.get_by_role("button", name="启用两步验证").click()
        dialog = member.get_by_role("dialog", name="启用两步验证")
        dialog.get_by_label("当前密码").fill(PHRASE)
        dialog.get_by_role("button", name="下一步").click()
        secret = re.sub(r"\s", "", dialog.locator("code").inner_text())
        dialog.get_by_label("验证器上的 6 位数字").fill("000000")
        dialog.get_by_role("button", name="启用", exact=True).click()
        expect(dialog.get_by_role("alert")).to_contain_text("验证码不正确")  # and still signed in
        dialog.get_by_label("验证器上的 6 位数字").fill(pyotp.TOTP(secret).now())
        dialog.get_by_role("button", name="启用", exact=True).click()
        codes = member.get_by_role("textbox", name="恢复码").inner_text().split()
        assert len(codes) == 10
        member.get_by_role("button", name="我已保存恢复码").click()
        expect(member.get_by_text("已启用", exact=True)).to_be_visible()

        elsewhere = new_page()
        sign_in(elsewhere, "wu@demo.local", PHRASE)
        elsewhere.get_by_label("验证码").fill("aaaa-bbbb-cccc-dddd")
        elsewhere.get_by_role("button", name="登录", exact=True).click()
        expect(elsewhere.get_by_role("alert")).to_contain_text("验证码不正确")
        elsewhere.get_by_label("验证码").fill(codes[0])
        elsewhere.get_by_role("button", name="登录", exact=True).click()
        expect(elsewhere).to_have_url(re.compile("/console/conversations"))
