"""The main job in a real browser: a customer asks, the bot answers, a human takes over."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

pytestmark = pytest.mark.browser

# Makes the stored access token one that the server does not know.
FORGE_TOKEN = r"""for (const [key, value] of Object.entries(localStorage))
  if (value.includes('yda_')) localStorage.setItem(key, value.replace(/yda_[\w-]+/, 'yda_gone'))"""

NewPage = Callable[..., Page]
Picture = Callable[[Page, str], None]


def sign_in(page: Page, email: str = "agent@demo.local") -> None:
    page.goto("/console")
    page.get_by_label("邮箱").fill(email)
    page.get_by_label("密码", exact=True).fill("yingda-demo")
    page.get_by_role("button", name="登录", exact=True).click()
    expect(page).to_have_url(re.compile("/console/conversations"))


def open_view(page: Page, name: str) -> None:
    views = page.get_by_label("会话视图")
    views.get_by_text(name).first.click()


def say(page: Page, text: str) -> None:
    box = page.get_by_role("textbox", name="输入消息")
    box.fill(text)
    box.press("Enter")


class TestStory:
    def test_question_answer_handoff_reply(self, new_page: NewPage, picture: Picture) -> None:
        customer, agent = new_page(width=960), new_page(width=1440, height=900)
        sign_in(agent)

        customer.goto("/chat/demo")
        log = customer.get_by_role("log")
        expect(customer.get_by_text("由人工智能客服自动回答")).to_be_visible()
        say(customer, "退款几天能到我微信上啊")
        expect(log).to_contain_text("1–3 个工作日")
        expect(log.get_by_text("已送达").last).to_be_visible()
        picture(customer, "chat")

        say(customer, "转人工")
        expect(log).to_contain_text("正在为您转接人工客服")

        open_view(agent, "排队中")
        agent.get_by_role("option").or_(agent.get_by_role("listitem")).filter(has_text="转接").first.click()
        expect(agent.get_by_role("log")).to_contain_text("退款几天能到我微信上啊")  # reads what was said
        agent.get_by_role("button", name="接待", exact=True).first.click()
        expect(log).to_contain_text("小林 为您服务")

        reply = agent.get_by_role("textbox", name=re.compile("回复"))
        reply.fill("您好，我是小林，马上帮您查退款进度。")
        reply.press("Enter")
        expect(log).to_contain_text("我是小林，马上帮您查退款进度")
        say(customer, "好的，订单号 YD2026112200001")
        expect(agent.get_by_role("log")).to_contain_text("YD2026112200001")
        open_view(agent, "全部")
        picture(agent, "console")
        picture(customer, "chat-agent")

    def test_conversation_survives_a_reload(self, new_page: NewPage) -> None:
        page = new_page(width=390, height=780)
        page.goto("/chat/demo")
        say(page, "运费怎么算")
        expect(page.get_by_role("log")).to_contain_text("99")
        page.reload()
        expect(page.get_by_role("log")).to_contain_text("运费怎么算")
        expect(page.get_by_role("log")).to_contain_text("99")

    def test_what_was_typed_offline_arrives_later(self, new_page: NewPage) -> None:
        page = new_page()
        page.goto("/chat/demo")
        say(page, "你好")
        expect(page.get_by_text("已送达").last).to_be_visible()
        page.context.set_offline(True)
        say(page, "忘记开发票了")
        expect(page.get_by_text("发送中").last).to_be_visible()
        page.context.set_offline(False)
        expect(page.get_by_role("log")).to_contain_text("都能补开", timeout=40_000)
        expect(page.get_by_role("log").get_by_text("忘记开发票了", exact=True)).to_have_count(1)

    def test_suggested_question_is_one_tap(self, new_page: NewPage) -> None:
        page = new_page(width=390, height=780)
        page.goto("/chat/demo")
        page.get_by_role("button", name="运费怎么算").click()
        expect(page.get_by_role("log")).to_contain_text("99")

    def test_markup_of_customers_is_shown_as_text(self, new_page: NewPage) -> None:
        customer, agent = new_page(), new_page(width=1440, height=900)
        customer.goto("/chat/demo")
        attack = "<img src=x onerror=\"document.title='hacked'\"><b>粗体</b> 退货"
        say(customer, attack)
        expect(customer.get_by_role("log")).to_contain_text(attack)
        say(customer, "转人工")
        expect(customer.get_by_role("log")).to_contain_text("人工客服")
        sign_in(agent, "agent2@demo.local")
        open_view(agent, "排队中")
        agent.get_by_placeholder("搜索客户或消息").fill("hacked")
        agent.get_by_role("option").or_(agent.get_by_role("listitem")).filter(has_text="转接").first.click()
        expect(agent.get_by_role("log")).to_contain_text(attack)
        assert customer.title() != "hacked"
        assert agent.title() != "hacked"


class TestWidget:
    def test_embedded_widget_opens_and_answers(self, new_page: NewPage, picture: Picture) -> None:
        page = new_page()
        page.goto("/")
        page.get_by_role("button", name=re.compile("客服|聊天|对话")).first.click()
        say(page, "同一类的券可以叠加吗")
        expect(page.get_by_role("log")).to_contain_text("叠加")
        picture(page, "widget")

    @pytest.mark.parametrize("locale", ["zh-CN", "en-US"])
    def test_unknown_site_says_what_to_do(self, new_page: NewPage, locale: str) -> None:
        page = new_page(locale=locale)
        page.goto("/chat/no-such-site")
        expect(
            page.get_by_text("没有找到这个客服窗口" if locale == "zh-CN" else "This chat does not exist")
        ).to_be_visible()

    def test_phone_and_dark(self, new_page: NewPage, picture: Picture) -> None:
        page = new_page(width=390, height=844, color_scheme="dark")
        page.goto("/chat/demo")
        say(page, "怎么申请退货")
        expect(page.get_by_role("log")).to_contain_text("申请")
        background = page.evaluate("getComputedStyle(document.body).backgroundColor")
        assert sum(int(n) for n in re.findall(r"\d+", background)[:3]) < 200, background
        picture(page, "chat-phone-dark")


class TestConsole:
    def test_wrong_password_is_said_plainly(self, new_page: NewPage) -> None:
        page = new_page()
        page.goto("/console")
        page.get_by_label("邮箱").fill("agent@demo.local")
        page.get_by_label("密码", exact=True).fill("wrong")
        page.get_by_role("button", name="登录", exact=True).click()
        expect(page.get_by_text("邮箱或密码不正确")).to_be_visible()

    def test_overview_and_knowledge_have_something_to_show(self, new_page: NewPage, picture: Picture) -> None:
        page = new_page(width=1440, height=900)
        sign_in(page, "admin@demo.local")
        page.goto("/console/overview")
        expect(page.locator("canvas, svg").first).to_be_visible()
        picture(page, "overview")
        page.goto("/console/knowledge")
        page.get_by_placeholder("搜索问题、相似问、答案").fill("怎么申请退货")
        expect(page.get_by_text("怎么申请退货？").first).to_be_visible()
        picture(page, "knowledge")

    def test_expired_session_returns_to_the_login(self, new_page: NewPage) -> None:
        page = new_page()
        sign_in(page)
        page.evaluate(FORGE_TOKEN)
        page.reload()
        expect(page.get_by_text("登录已过期，请重新登录")).to_be_visible()

    def test_api_docs_are_self_hosted(self, new_page: NewPage) -> None:
        page = new_page()
        page.goto("/docs")
        expect(page.get_by_text("/api/v1/visitor/sessions").first).to_be_visible()
