"""The customer's door: opening or resuming a chat."""

from datetime import timedelta

from fastapi import APIRouter

from accounts.principals import VisitorPrincipal
from accounts.service import TenantSettings
from accounts.tokens import issue_visitor_token, prolong_visitor_token, resolve_token
from core.errors import Unauthenticated
from inbox.contacts import ContactClaim, Site, create_contact, describe_contact, find_site
from inbox.conversations import open_conversation
from server.deps import AddressDep, ServicesDep
from server.limiter import Rate
from server.routes import PROBLEMS
from server.schemas import ContactBody, SiteConfigOut, VisitorSessionBody, VisitorSessionOut
from server.services import Services
from storage.models import Contact

router = APIRouter(prefix="/api/v1", tags=["visitor"], responses=PROBLEMS)


@router.post("/visitor/sessions")
async def open_session(body: VisitorSessionBody, services: ServicesDep, address: AddressDep) -> VisitorSessionOut:
    """打开聊天，或凭 token 接着上次聊。过期或不属于本站点的 token 会得到一个新身份。"""
    await services.limiter.check(address, (Rate.SESSION_BY_ADDRESS, address or ""))
    site = await find_site(services.database, body.site_key)
    await services.limiter.check(address, (Rate.SESSION_BY_TENANT, site.tenant.id))
    lifetime = timedelta(days=services.settings.visitor_days)
    visitor = await _returning_visitor(services, site, body.token)
    async with services.database.write(site.tenant.id) as session:
        if visitor is not None and body.token is not None:
            contact = await session.get_one(Contact, visitor.contact_id)
            describe_contact(contact, _claim(body.contact))
            await prolong_visitor_token(session, visitor.token_id, clock=services.clock, lifetime=lifetime)
            token = body.token
        else:
            contact = await create_contact(session, site.inbox, _claim(body.contact), clock=services.clock)
            token = issue_visitor_token(session, contact, clock=services.clock, lifetime=lifetime)
        conversation = await open_conversation(session, contact, clock=services.clock)
    return VisitorSessionOut(
        token=token,
        contact_id=contact.id,
        conversation_id=conversation.id,
        config=_config(services, site),
    )


async def _returning_visitor(services: Services, site: Site, token: str | None) -> VisitorPrincipal | None:
    if not token:
        return None
    try:
        principal = await resolve_token(services.database, token, clock=services.clock)
    except Unauthenticated:
        return None
    if isinstance(principal, VisitorPrincipal) and principal.inbox_id == site.inbox.id:
        return principal
    return None


def _claim(contact: ContactBody | None) -> ContactClaim:
    if contact is None:
        return ContactClaim()
    described = {"email": contact.email, "phone": contact.phone, "external_id": contact.external_id}
    attributes = {key: value for key, value in described.items() if value} | (contact.attributes or {})
    return ContactClaim(contact.name, attributes)


def _config(services: Services, site: Site) -> SiteConfigOut:
    settings = TenantSettings.of(site.tenant)
    return SiteConfigOut(
        tenant={"name": site.tenant.name},
        bot={"name": settings.bot_name},
        welcome=settings.welcome,
        suggestions=list(settings.suggestions),
        color=settings.color,
        ai_notice=settings.ai_notice,
        max_message_chars=services.settings.max_message_chars,
        service_hours=settings.service_hours,
    )
