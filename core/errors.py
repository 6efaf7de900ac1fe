"""One base for everything that we refuse, rendered as problem+json by the server.

DomainError
├── NotFound              404  absent, or somebody else's: the two must look the same
├── Unauthenticated       401
├── Forbidden             403
├── Invalid               422  the caller can mend it: says how
├── Conflict              409  the world has moved on: says who or what
└── Unavailable           503  try again later
"""

from typing import ClassVar

from core.language import Language

Detail = str | int | float | bool | None


class DomainError(Exception):
    """A refusal with a stable machine code and one plain sentence in each of our languages."""

    status: ClassVar[int] = 400
    code: ClassVar[str] = "bad_request"
    zh: ClassVar[str] = "请求有误。"
    en: ClassVar[str] = "The request is not valid."

    def __init__(self, **data: Detail) -> None:
        super().__init__(self.zh.format(**data))
        self.data = data

    def detail(self, language: Language) -> str:
        """The sentence for people, in their language."""
        return (self.en if language == "en" else self.zh).format(**self.data)


class NotFound(DomainError):
    status, code = 404, "not_found"
    zh, en = "没有找到。", "Not found."


class Unauthenticated(DomainError):
    status, code = 401, "unauthenticated"
    zh, en = "登录已失效，请重新登录。", "Your session is not valid any more. Please sign in again."


class Forbidden(DomainError):
    status, code = 403, "forbidden"
    zh, en = "您没有权限这样做。", "You are not allowed to do this."


class Invalid(DomainError):
    status, code = 422, "invalid"
    zh, en = "内容不符合要求。", "The content is not valid."


class Conflict(DomainError):
    status, code = 409, "conflict"
    zh, en = "状态已变化，请刷新后再试。", "Things have changed meanwhile. Please refresh and try again."


class Unavailable(DomainError):
    status, code = 503, "unavailable"
    zh, en = "服务暂时不可用，请稍后再试。", "The service is not available right now. Please try again shortly."


def all_error_types() -> list[type[DomainError]]:
    """Every refusal that exists, for the error catalogue in the docs and its test."""
    found: list[type[DomainError]] = []
    pending: list[type[DomainError]] = [DomainError]
    while pending:
        kind = pending.pop()
        found.append(kind)
        pending.extend(kind.__subclasses__())
    return sorted(found, key=lambda kind: kind.code)


class UsageProblem(Exception):
    """Something that the person at the command line can mend; its text is one sentence that says how."""
