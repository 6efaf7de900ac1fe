"""The door for Rasa clients: POST /webhooks/rest/webhook."""

from typing import Annotated, Any

from fastapi import APIRouter, Header

from channels.rasa_rest import Outgoing, external_id, response
from core.errors import Invalid
from inbox.contacts import contact_by_external_id, find_site
from inbox.content import TextContent, check_text
from inbox.conversations import open_conversation
from inbox.errors import IdentityRequired
from inbox.identity import requires_identity
from inbox.messages import messages_after
from server.deps import AddressDep, ServicesDep
from server.flows.inbound import Incoming
from server.limiter import Rate
from server.routes import PROBLEMS
from server.schemas import RasaMessageBody
from storage.models import Message, SenderKind

router = APIRouter(tags=["rasa"], responses=PROBLEMS)


class SiteKeyRequired(Invalid):
    code = "site_key_required"
    zh, en = "请用 X-Site-Key 请求头指明站点。", "Name the site with the header X-Site-Key."


@router.post("/webhooks/rest/webhook")
async def rasa_webhook(
    body: RasaMessageBody,
    services: ServicesDep,
    address: AddressDep,
    site_key: Annotated[str | None, Header(alias="X-Site-Key", max_length=64)] = None,
) -> list[dict[str, Any]]:
    """Rasa REST 渠道：一问一答。会话转给人工后，机器人沉默，返回空列表。"""
    if site_key is None and not services.settings.demo:
        raise SiteKeyRequired
    await services.limiter.check(address, (Rate.MESSAGE_BY_ADDRESS, address or ""))
    content = TextContent(check_text(body.message, max_chars=services.settings.max_message_chars))
    site = await find_site(services.database, site_key or "demo")
    if requires_identity(site.inbox):
        raise IdentityRequired
    async with services.database.write(site.tenant.id) as session:
        contact = await contact_by_external_id(session, site.inbox, external_id(body.sender), clock=services.clock)
        conversation = await open_conversation(session, contact, clock=services.clock)
    recorded = await services.inbound.store(Incoming(site.tenant.id, contact.id, conversation.id, content, None))
    await services.inbound.answer_now(recorded)
    async with services.database.read(site.tenant.id) as session:
        after = recorded.message.seq or 0
        said = await messages_after(session, conversation.id, after, limit=20, with_notes=False)
    return response(body.sender, [_outgoing(message) for message in said if message.sender_kind in _TOLD])


_TOLD = {SenderKind.BOT, SenderKind.AGENT, SenderKind.SYSTEM}


def _outgoing(message: Message) -> Outgoing:
    buttons = [(button["title"], button["payload"]) for button in message.content.get("buttons", [])]
    return Outgoing(message.text, buttons)
