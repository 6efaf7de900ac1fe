"""The web application: routes, socket, pages, wired to one process's services."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from fastapi import Depends, FastAPI
from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from core.logs import configure_logs
from core.settings import Settings
from realtime.hub import CLOSE_RESTARTING
from server import socket
from server.bodies import BodyLimits
from server.deps import authorise
from server.headers import SecurityHeaders
from server.idempotency import Idempotency
from server.policy import check_policy
from server.problems import install_problem_handlers
from server.routes import (
    accounts,
    api_keys,
    audit,
    contacts,
    conversations,
    handoffs,
    health,
    inboxes,
    knowledge,
    me,
    members,
    pages,
    privacy,
    rasa,
    roles,
    stats,
    tenants,
    visitor,
)
from server.services import Services
from server.version import VERSION

_ROUTES: Final = (
    accounts, me, members, roles, api_keys, tenants, inboxes, visitor, conversations, handoffs, contacts, knowledge,
    stats, audit, privacy, rasa, health, pages,
)  # fmt: skip


class Application(FastAPI):
    """FastAPI with two layers around everything, the handler of unexpected errors included."""

    def build_middleware_stack(self) -> ASGIApp:
        """The stack, with headers on every answer and the client's address as trusted proxies tell it."""
        services: Services = self.state.services
        app: ASGIApp = SecurityHeaders(super().build_middleware_stack())
        proxies = services.settings.trusted_proxy_list
        return ProxyHeadersMiddleware(app, proxies) if proxies else app  # type: ignore[arg-type,return-value]  # ASGI


def create_app(settings: Settings | None = None, *, services: Services | None = None) -> FastAPI:
    """An application on given services, or on new ones made from its settings (from the environment if None).

    It starts the services with the server and stops them with it.
    """
    if services is None:  # one of several processes, which nobody else prepares
        settings = settings or Settings()
        configure_logs(settings.log_level, settings.log_format)
        services = Services.build(settings)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        await services.start()
        yield
        services.is_draining = True
        services.hub.close_all(CLOSE_RESTARTING)
        await services.stop()

    app = Application(
        title="应答 Yingda",
        version=VERSION,
        summary="开源、自托管的智能客服",
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        separate_input_output_schemas=False,
    )
    app.state.services = services
    install_problem_handlers(app)
    app.include_router(socket.router)
    for module in _ROUTES:
        app.include_router(module.router, dependencies=[Depends(authorise)])
    check_policy(app)
    if pages.WEB.is_dir():
        app.mount("/static/home", pages.VersionedFiles(directory=pages.HOME), name="home")
        app.mount("/static", pages.VersionedFiles(directory=pages.WEB), name="static")
    app.add_middleware(Idempotency, database=services.database, clock=services.clock)
    app.add_middleware(BodyLimits, max_upload_mb=services.settings.max_upload_mb)
    # The widget runs on other people's sites; it authenticates by token, never by cookie, so any origin may call.
    app.add_middleware(
        CORSMiddleware,
        allow_origins=["*"],
        allow_methods=["GET", "POST"],
        allow_headers=["Authorization", "Content-Type", "Idempotency-Key", "Accept-Language"],
        max_age=600,
    )
    return app
