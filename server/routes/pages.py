"""Pages and their files. All of them ship with the source; none asks a foreign host for anything."""

from typing import Final

from fastapi import APIRouter, Response
from fastapi.responses import FileResponse, HTMLResponse
from fastapi.staticfiles import StaticFiles
from starlette.types import Scope

from core.errors import NotFound
from core.settings import REPOSITORY

router = APIRouter(include_in_schema=False)

WEB: Final = REPOSITORY / "web" / "dist"
HOME: Final = REPOSITORY / "server" / "home"
_MISSING: Final = (
    "<!doctype html><meta charset=utf-8><title>应答</title><p>缺少页面文件 {name}，请在 web/ 下运行 npm run build。"
)


class VersionedFiles(StaticFiles):
    """Files whose address carries `?v=<hash>` never change and are kept; all others are asked for again."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        """The file, with the caching that its address allows."""
        response = await super().get_response(path, scope)
        is_versioned = b"v=" in scope.get("query_string", b"")
        response.headers["Cache-Control"] = "public, max-age=31536000, immutable" if is_versioned else "no-cache"
        return response


def _page(path: str, *, max_age: int = 0) -> Response:
    file = WEB / path
    if not file.is_file():
        return HTMLResponse(_MISSING.format(name=path), 503)
    caching = f"public, max-age={max_age}" if max_age else "no-cache"
    return FileResponse(file, headers={"Cache-Control": caching})


@router.get("/")
async def home() -> Response:
    """概览：这是什么、从哪里进。"""
    return FileResponse(HOME / "index.html", headers={"Cache-Control": "no-cache"})


@router.get("/chat/{site_key}")
async def chat(site_key: str) -> Response:
    """整页聊天；site key 由页面自己从地址里读。"""
    return _page("widget/chat.html")


@router.get("/widget.js")
async def widget_loader() -> Response:
    """嵌入用的一个 script。"""
    return _page("widget/widget.js", max_age=300)


@router.get("/console")
@router.get("/console/{path:path}")
async def console(path: str = "") -> Response:
    """坐席台；页面内的路由由前端处理。"""
    return _page("console/index.html")


@router.get("/docs")
async def api_docs() -> Response:
    """接口文档页面，静态文件自带。"""
    return _page("docs/index.html")


@router.get("/favicon.ico")
@router.get("/favicon.svg")
async def favicon() -> Response:
    """图标。"""
    file = HOME / "favicon.svg"
    if not file.is_file():
        raise NotFound
    return FileResponse(file, media_type="image/svg+xml", headers={"Cache-Control": "public, max-age=86400"})
