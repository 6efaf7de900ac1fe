"""Every refusal as application/problem+json (RFC 9457), in the reader's language."""

from typing import Any, Final

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from starlette.background import BackgroundTask
from starlette.exceptions import HTTPException

from core.errors import DomainError, Forbidden, Invalid, NotFound, Unauthenticated, Unavailable
from core.language import Language, preferred_language
from core.logs import SparseLog, get_logger
from server.flows.refusals import record_refusal

log = get_logger(__name__)
_unavailable = SparseLog(log, "storage_unavailable")
PROBLEM_JSON: Final = "application/problem+json"


class BadRequestBody(Invalid):
    code = "validation_error"
    zh, en = (
        "请求内容不符合要求，请按 errors 中的说明修改。",
        "The request is not valid; see `errors` for what to change.",
    )


class MethodNotAllowed(DomainError):
    status, code = 405, "method_not_allowed"
    zh, en = "这个地址不支持该方法。", "This address does not support the method."


class InternalError(DomainError):
    status, code = 500, "internal_error"
    zh, en = "服务器出错了，请稍后再试。", "Something went wrong on our side. Please try again shortly."


_TITLES: Final = {
    400: "Bad Request",
    401: "Unauthorized",
    403: "Forbidden",
    404: "Not Found",
    405: "Method Not Allowed",
    408: "Request Timeout",
    409: "Conflict",
    413: "Content Too Large",
    422: "Unprocessable Content",
    429: "Too Many Requests",
    500: "Internal Server Error",
    503: "Service Unavailable",
}


def language_of(request: Request) -> Language:
    """The language for this request's texts."""
    return preferred_language(request.headers.get("accept-language"))


def problem(error: DomainError, language: Language, **extra: Any) -> JSONResponse:
    """The response for a refusal."""
    headers = {"WWW-Authenticate": "Bearer"} if error.status == 401 else {}
    if error.status == 429:
        headers["Retry-After"] = str(error.data.get("seconds", 60))
    body = {
        "type": f"about:blank#{error.code}",
        "title": _TITLES.get(error.status, "Error"),
        "status": error.status,
        "detail": error.detail(language),
        "code": error.code,
        **extra,
    }
    return JSONResponse(body, error.status, headers=headers, media_type=PROBLEM_JSON)


async def _record_refusal(request: Request, error: DomainError) -> None:
    services = request.app.state.services
    principal = getattr(request.state, "principal", None)
    route = request.scope.get("route")
    place = f"{request.method} {getattr(route, 'path', '')}"
    await record_refusal(services.database, error, principal, place, clock=services.clock)


def install_problem_handlers(app: FastAPI) -> None:
    """Renders all errors of an application as problems."""

    @app.exception_handler(DomainError)
    async def refused(request: Request, error: DomainError) -> JSONResponse:
        response = problem(error, language_of(request))
        # After the answer: the time that it takes must not tell whether an account exists.
        response.background = BackgroundTask(_record_refusal, request, error)
        return response

    @app.exception_handler(RequestValidationError)
    async def invalid(request: Request, error: RequestValidationError) -> JSONResponse:
        fields = [
            {"field": ".".join(str(part) for part in item["loc"] if part != "body"), "message": item["msg"]}
            for item in error.errors()
        ]
        return problem(BadRequestBody(), language_of(request), errors=fields)

    @app.exception_handler(HTTPException)
    async def plain(request: Request, error: HTTPException) -> JSONResponse:
        kinds: dict[int, type[DomainError]] = {
            401: Unauthenticated,
            403: Forbidden,
            404: NotFound,
            405: MethodNotAllowed,
        }
        return problem(kinds.get(error.status_code, DomainError)(), language_of(request))

    @app.exception_handler(OperationalError)
    @app.exception_handler(PoolTimeout)
    @app.exception_handler(ConnectionError)
    async def unavailable(request: Request, error: Exception) -> JSONResponse:
        _unavailable.warn(path=request.url.path, reason=type(error).__name__)
        return problem(Unavailable(), language_of(request))

    @app.exception_handler(DBAPIError)  # known by name: what only `Exception` catches is logged again by the server
    async def database_failed(request: Request, error: DBAPIError) -> JSONResponse:
        return await (unavailable if error.connection_invalidated else unexpected)(request, error)

    @app.exception_handler(Exception)
    async def unexpected(request: Request, error: Exception) -> JSONResponse:
        log.error("request_failed", path=request.url.path, reason=type(error).__name__, exc_info=error)
        return problem(InternalError(), language_of(request))
