"""What signing in can be refused for. None of them tells whether an account exists."""

from core.errors import Conflict, Invalid, Unauthenticated


class WrongCredentials(Unauthenticated):
    code = "wrong_credentials"
    zh, en = "邮箱或密码不正确。", "The e-mail address or the password is not right."
    accounts: tuple[tuple[str, str], ...] = ()  # tenant and person of each account that was tried; for the audit log


class TenantRequired(Invalid):
    code = "tenant_required"
    zh = "这个邮箱在多个租户中使用，请同时填写租户名。"
    en = "This e-mail address is used in several tenants. Please name the tenant too."


class DemoPasswordRefused(Unauthenticated):
    code = "demo_password_refused"
    zh = "演示密码只在演示模式下可用，请联系管理员重设密码。"
    en = "The demo password works in demo mode only. Ask your administrator for a new one."


class SlugTaken(Conflict):
    code = "slug_taken"
    zh, en = "租户名 {slug} 已被使用，请换一个。", "The tenant name {slug} is taken. Choose another."
