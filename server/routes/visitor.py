"""The customer's door: opening or resuming a chat."""

from fastapi import APIRouter

from accounts.service import TenantSettings
from inbox.contacts import ContactClaim, Site, find_site
from server.deps import AddressDep, ServicesDep
from server.flows.opening import Knock
from server.limiter import Rate
from server.routes import PROBLEMS
from server.schemas import ContactBody, SiteConfigOut, VisitorSessionBody, VisitorSessionOut
from server.services import Services

router = APIRouter(prefix="/api/v1", tags=["visitor"], responses=PROBLEMS)


@router.post("/visitor/sessions")
async def open_session(body: VisitorSessionBody, services: ServicesDep, address: AddressDep) -> VisitorSessionOut:
    """打开聊天，或凭 token 接着上次聊；contact.signature 是商家服务器签的身份，认出已登录的客户。"""
    await services.limiter.check(address, (Rate.SESSION_BY_ADDRESS, address or ""))
    site = await find_site(services.database, body.site_key)
    await services.limiter.check(address, (Rate.SESSION_BY_TENANT, site.tenant.id))
    signature = body.contact.signature if body.contact else None
    opened = await services.opening.open(site, Knock(body.token, _claim(body.contact), signature))
    return VisitorSessionOut(
        token=opened.token,
        contact_id=opened.contact_id,
        conversation_id=opened.conversation_id,
        config=_config(services, site),
    )


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
