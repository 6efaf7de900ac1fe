"""Knowledge files in a request: read within a limit, after the caller is known, and kept in memory only."""

import asyncio
from collections.abc import AsyncGenerator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any, Final

from fastapi import Request
from starlette.datastructures import FormData, UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser

from core.errors import DomainError, Invalid
from kb_ingest.columns import FIELDS
from kb_ingest.content import Options, Source
from kb_ingest.isolation import Limits
from kb_ingest.reading import ReadFile, expand, join_projects, read_source
from kb_ingest.refusals import MEGABYTE

MAX_UPLOAD: Final = 20 * MEGABYTE
_MAX_FILES: Final = 50
_LONGEST_NAME: Final = 200
# Two uploads are read at a time in one process, each in a child of its own: the others wait, chats do not.
_READERS: Final = ThreadPoolExecutor(max_workers=2, thread_name_prefix="knowledge-upload")

# The body is read by hand, so that nobody without permission can make us store it; this describes it in OpenAPI.
OPENAPI_BODY: Final[dict[str, Any]] = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["files"],
                    "properties": {
                        "files": {"type": "array", "items": {"type": "string", "format": "binary"}},
                        "map": {
                            "type": "array",
                            "items": {"type": "string"},
                            "description": "表格的列名=字段，如 客户问题=question",
                        },
                    },
                }
            }
        },
    }
}


class UploadTooLarge(DomainError):
    status, code = 413, "upload_too_large"
    zh = "上传的内容超过 {limit} MB，请分几次上传。"
    en = "The upload is larger than {limit} MB. Send it in parts."


class BadUpload(Invalid):
    code = "bad_upload"
    zh = "请以 multipart/form-data 上传文件，字段名 files，一次最多 {limit} 个。"
    en = "Upload files as multipart/form-data in the field `files`, at most {limit} at a time."


class BadColumn(Invalid):
    code = "bad_column"
    zh = "map 应写成 列名=字段，字段是 {fields} 之一。"
    en = "map is written NAME=field, where field is one of {fields}."


@dataclass(frozen=True, slots=True)
class Upload:
    """The files of a request and how to read them."""

    sources: tuple[Source, ...]
    options: Options


async def receive_upload(request: Request) -> Upload:
    """Reads a multipart body.

    Raises:
        UploadTooLarge, BadUpload, BadColumn: and the rest of the body is left unread.
    """
    if not request.headers.get("content-type", "").startswith("multipart/form-data"):
        raise BadUpload(limit=_MAX_FILES)
    parser = MultiPartParser(request.headers, _limited(request), max_files=_MAX_FILES, max_fields=_MAX_FILES)
    try:
        form = await parser.parse()
    except (MultiPartException, KeyError, UnicodeDecodeError) as error:
        raise BadUpload(limit=_MAX_FILES) from error
    try:
        return await _read_form(form)
    finally:
        await form.close()


async def read_upload(upload: Upload) -> list[ReadFile]:
    """What the files hold. Waits for a free reader; never blocks the event loop."""
    return await asyncio.get_running_loop().run_in_executor(_READERS, _read, upload)


async def _read_form(form: FormData) -> Upload:
    sources = [
        Source(_file_name(part.filename or ""), await part.read())
        for part in form.getlist("files")
        if isinstance(part, UploadFile)
    ]
    if not sources:
        raise BadUpload(limit=_MAX_FILES)
    columns = tuple(_column(text) for text in form.getlist("map") if isinstance(text, str))
    return Upload(tuple(sources), Options(columns=columns))


def _read(upload: Upload) -> list[ReadFile]:
    sources = join_projects(item for source in upload.sources for item in expand(source))
    return [read_source(source, upload.options, Limits()) for source in sources]


async def _limited(request: Request) -> AsyncGenerator[bytes, None]:
    """The body as it comes, until it is too much."""
    declared = request.headers.get("content-length", "")
    if declared.isdecimal() and int(declared) > MAX_UPLOAD:
        raise UploadTooLarge(limit=MAX_UPLOAD // MEGABYTE)
    size = 0
    async for chunk in request.stream():
        size += len(chunk)
        if size > MAX_UPLOAD:
            raise UploadTooLarge(limit=MAX_UPLOAD // MEGABYTE)
        yield chunk


def _file_name(given: str) -> str:
    """The last part of a file name, without what no name should hold."""
    name = PurePosixPath(given.replace("\\", "/")).name
    name = "".join(mark for mark in name if mark.isprintable())
    return name if len(name) <= _LONGEST_NAME else name[-_LONGEST_NAME:]


def _column(text: str) -> tuple[str, str]:
    name, _, meaning = text.rpartition("=")
    if not name or meaning not in FIELDS:
        raise BadColumn(fields="、".join(FIELDS))
    return name, meaning
