"""The knowledge base, and asking it one question."""

import time
from typing import Annotated

from fastapi import APIRouter, Query, Request

from core.ids import new_id
from inbox.content import check_text, render_html
from inbox.conversations import access_conversation
from kb_ingest.browse import browse_entries, count_categories, get_entry
from kb_ingest.importer import import_files, preview_files
from kb_ingest.report import ImportReport, make_report
from retrieval.stores.knowledge import published_revision
from server.deps import AddressDep, AgentDep, ServicesDep
from server.knowledge_upload import OPENAPI_BODY, read_upload, receive_upload
from server.limiter import Rate
from server.problems import language_of
from server.routes import PROBLEMS
from server.schemas import (
    AnswerBody,
    AnswerOut,
    CandidateOut,
    CategoriesOut,
    CategoryOut,
    EntriesOut,
    EntryOut,
)
from storage.models import KnowledgeEntry

router = APIRouter(prefix="/api/v1", tags=["knowledge"], responses=PROBLEMS)


def _entry_out(row: KnowledgeEntry) -> EntryOut:
    return EntryOut(
        id=row.entry_key,
        question=row.question,
        similar=row.similar,
        answer=row.answer,
        answer_html=render_html(row.answer),
        category=row.category,
        labels=row.labels,
    )


@router.post("/answer")
async def answer(body: AnswerBody, agent: AgentDep, services: ServicesDep, address: AddressDep) -> AnswerOut:
    """无状态地问一次机器人，与客户聊天走同一条路径。"""
    await services.limiter.check(
        address, (Rate.ANSWER_BY_TOKEN, agent.token_id), (Rate.ANSWER_BY_TENANT, agent.tenant_id)
    )
    text = check_text(body.text, max_chars=services.settings.max_message_chars)
    async with services.database.read(agent.tenant_id) as session:
        if body.conversation_id is not None:
            await access_conversation(session, agent, body.conversation_id)
        revision = await published_revision(session)
    engine = await services.engines.fresh(agent.tenant_id, revision)
    started = time.perf_counter()
    result = await services.engines.run(lambda: engine.answer(text))
    latency_ms = (time.perf_counter() - started) * 1000
    return AnswerOut(
        id=new_id(),
        action=result.action.value,
        faq_id=result.faq_id,
        confidence=result.confidence,
        candidates=[
            CandidateOut(faq_id=found.entry.id, score=found.score, question=found.entry.question)
            for found in result.candidates
        ],
        text=result.text,
        html=render_html(result.text),
        intent=result.intent,
        entities=[{"kind": item.kind, "text": item.text, "value": item.value} for item in result.entities],
        sentiment=result.sentiment,
        buttons=[{"title": choice.title, "payload": choice.payload} for choice in result.choices],
        trace=result.trace,
        latency_ms=round(latency_ms, 3),
    )


@router.get("/kb/entries")
async def list_entries(
    agent: AgentDep,
    services: ServicesDep,
    q: Annotated[str, Query(max_length=100)] = "",
    category: Annotated[str, Query(max_length=200)] = "",
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
    cursor: Annotated[str | None, Query(max_length=20)] = None,
) -> EntriesOut:
    """知识条目。"""
    async with services.database.read(agent.tenant_id) as session:
        page = await browse_entries(session, search=q.strip(), category=category, limit=limit, cursor=cursor)
    return EntriesOut(items=[_entry_out(row) for row in page.items], next_cursor=page.next_cursor)


@router.get("/kb/entries/{entry_id:path}")
async def read_entry(entry_id: str, agent: AgentDep, services: ServicesDep) -> EntryOut:
    """一个知识条目。"""
    async with services.database.read(agent.tenant_id) as session:
        return _entry_out(await get_entry(session, entry_id))


@router.get("/kb/categories")
async def list_categories(agent: AgentDep, services: ServicesDep) -> CategoriesOut:
    """一级分类与条目数。"""
    async with services.database.read(agent.tenant_id) as session:
        counts = await count_categories(session)
    return CategoriesOut(items=[CategoryOut(name=name, count=count) for name, count in counts])


@router.post(
    "/knowledge/imports",
    openapi_extra=OPENAPI_BODY,
    responses={413: {**PROBLEMS[422], "description": "上传的内容过大"}},
)
async def import_knowledge(
    request: Request, editor: AgentDep, services: ServicesDep, dry_run: bool = False
) -> ImportReport:
    """上传知识文件并导入，返回逐个文件的结果；同样的文件再传一次没有变化。`dry_run=true` 只看会发生什么。"""
    files = await read_upload(await receive_upload(request))
    if dry_run:
        async with services.database.read(editor.tenant_id) as session:
            imported = await preview_files(session, files, clock=services.clock)
    else:
        async with services.database.write(editor.tenant_id) as session:
            imported = await import_files(session, files, clock=services.clock)
    return make_report(imported, language_of(request), dry_run=dry_run)
