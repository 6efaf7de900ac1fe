"""HTTP routes: read the request, call one service, return. No rules live here."""

from typing import Any

from server.schemas import ProblemOut

PROBLEMS: dict[int | str, dict[str, Any]] = {
    status: {"model": ProblemOut, "content": {"application/problem+json": {}}, "description": text}
    for status, text in {
        401: "令牌缺失、无效或已过期",
        403: "没有权限",
        404: "不存在，或不属于您",
        409: "状态冲突",
        413: "请求内容过大",
        422: "内容不符合要求",
        429: "太频繁，Retry-After 秒后再试",
        503: "存储暂时不可用",
    }.items()
}
