"""What accounts refuse. Nothing before a right password tells whether an account exists."""

from core.errors import Conflict, DomainError, Forbidden, Invalid, NotFound, Unauthenticated, Unavailable


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


class SecondFactorRequired(Unauthenticated):
    code = "second_factor_required"
    zh, en = (
        "请输入验证器上的 6 位数字，或一个恢复码。",
        "Enter the 6 digits of your authenticator, or a recovery code.",
    )


class SecondFactorWrong(Unauthenticated):
    code = "second_factor_wrong"
    zh = "验证码不正确或已用过，请等下一个数字出现后再试。"
    en = "The code is wrong or was used already. Wait for the next one and try again."


class PasswordExpired(Unauthenticated):
    code = "password_expired"
    zh = "密码已超过 {days} 天，请在登录时同时设置新密码（new_password）。"
    en = "The password is older than {days} days. Sign in with a new one beside it (new_password)."


class TooManyAttempts(DomainError):
    status, code = 429, "too_many_attempts"
    zh, en = "尝试次数过多，请 {seconds} 秒后再试。", "Too many attempts. Please wait {seconds} seconds."


class PasswordTooShort(Invalid):
    code = "password_too_short"
    zh = "密码至少 {length} 个字符。长一点的一句话最好记也最安全。"
    en = "The password needs at least {length} characters. A long phrase is easy to remember and safest."


class PasswordTooCommon(Invalid):
    code = "password_too_common"
    zh = "这个密码太常见或太好猜，请换一个别人想不到的。"
    en = "This password is too common or easy to guess. Choose one that nobody else would think of."


class PasswordTooSimple(Invalid):
    code = "password_too_simple"
    zh = "密码须包含大写字母、小写字母、数字、符号中的至少三种。"
    en = "The password needs three of: upper case, lower case, digits, symbols."


class PasswordUnchanged(Invalid):
    code = "password_unchanged"
    zh, en = "新密码与原密码相同，请换一个。", "The new password is the old one. Choose another."


class WrongPassword(Forbidden):
    code = "wrong_password"
    zh, en = "当前密码不正确。", "The current password is not right."


class NotForApiKeys(Forbidden):
    code = "not_for_api_keys"
    zh, en = "API 密钥不能做这件事，请登录后操作。", "API keys cannot do this. Sign in first."


class SlugTaken(Conflict):
    code = "slug_taken"
    zh, en = "租户名 {slug} 已被使用，请换一个。", "The tenant name {slug} is taken. Choose another."


class EmailTaken(Conflict):
    code = "email_taken"
    zh, en = "{email} 已是成员。", "{email} is a member already."


class LastAdministrator(Conflict):
    code = "last_administrator"
    zh = "这是最后一位能管理成员的人，请先让另一位成员接手。"
    en = "This is the last member who can manage members. Let somebody else take over first."


class UnknownRole(NotFound):
    code = "unknown_role"
    zh, en = "没有这个角色。", "There is no such role."


class UnknownPermission(Invalid):
    code = "unknown_permission"
    zh, en = "没有名为 {name} 的权限。", "There is no permission named {name}."


class RoleNameTaken(Conflict):
    code = "role_name_taken"
    zh, en = "已有名为 {name} 的角色。", "There is a role named {name} already."


class RoleInUse(Conflict):
    code = "role_in_use"
    zh, en = (
        "还有 {members} 位成员使用这个角色，请先换成别的。",
        "{members} members have this role. Change theirs first.",
    )


class TooManyRoles(Conflict):
    code = "too_many_roles"
    zh, en = "自定义角色最多 {limit} 个。", "There can be {limit} custom roles at most."


class LinkInvalid(Invalid):
    code = "link_invalid"
    zh, en = (
        "链接无效、已用过或已过期，请向管理员要一个新的。",
        "The link is invalid, used or expired. Ask for a new one.",
    )


class SetupTokenInvalid(Invalid):
    code = "setup_token_invalid"
    zh = "初始化令牌无效、已用过或已过期。重新启动服务或运行 yingda init 会打印新的。"
    en = "The set-up token is invalid, used or expired. Restart the server or run yingda init to get a new one."


class SecretUnreadable(Unavailable):
    code = "secret_unreadable"
    zh = "存储的机密无法解密：secret.key 或 YINGDA_SECRET_KEY 与写入时不同，请管理员恢复它。"
    en = "A stored secret cannot be decrypted: secret.key or YINGDA_SECRET_KEY has changed and must be restored."


class SecondFactorActive(Conflict):
    code = "second_factor_active"
    zh, en = "已经启用了两步验证，请先关闭。", "Two-step sign-in is on already. Turn it off first."


class SecondFactorMissing(Conflict):
    code = "second_factor_missing"
    zh, en = "还没有开始设置两步验证。", "Two-step sign-in has not been set up."
