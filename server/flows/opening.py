"""A customer opens the chat: somebody new, whose token the browser kept, or whom the tenant vouches for.

signature ─▶ known contact (an anonymous one of the same browser is merged into it)
token     ─▶ the same contact as last time
neither   ─▶ a new contact, if the site admits unknown visitors
"""

from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from accounts.principals import VisitorPrincipal
from accounts.tokens import issue_visitor_token, prolong_visitor_token, resolve_token
from accounts.vault import Vault
from core.clock import Clock
from core.errors import Unauthenticated
from inbox.contacts import ContactClaim, Site, contact_by_external_id, create_contact, describe_contact
from inbox.conversations import open_conversation
from inbox.errors import IdentityRequired
from inbox.identity import SignedIdentity, list_keys, requires_identity, verify_identity
from inbox.merging import active_merge_of, merge_contacts
from storage.db import Database
from storage.models import Contact


@dataclass(frozen=True, slots=True)
class Knock:
    """What a page gives to be let in."""

    token: str | None
    claim: ContactClaim
    signature: str | None


@dataclass(frozen=True, slots=True)
class Opened:
    """An open chat."""

    token: str
    contact_id: str
    conversation_id: str


class Opening:
    """Opens chats. Safe for concurrent tasks."""

    def __init__(self, database: Database, vault: Vault, clock: Clock, lifetime: timedelta) -> None:
        self._database = database
        self._vault = vault
        self._clock = clock
        self._lifetime = lifetime

    async def open(self, site: Site, knock: Knock) -> Opened:
        """Opens or resumes a chat. A token that has expired or is another site's counts as none.

        Raises:
            IdentityInvalid: a signature that is not right is never ignored.
            IdentityRequired: the site admits only visitors with one.
        """
        identity = await self._identity(site, knock.signature)
        visitor = await self._returning(site, knock.token)
        try:
            return await self._open(site, knock, visitor, identity)
        except IntegrityError:  # the same new identity from two tabs at once: the other one has made the contact
            return await self._open(site, knock, visitor, identity)

    async def _open(
        self, site: Site, knock: Knock, visitor: VisitorPrincipal | None, identity: SignedIdentity | None
    ) -> Opened:
        async with self._database.write(site.tenant.id) as session:
            if identity is not None:
                contact = await self._known(session, site, visitor, identity)
            elif visitor is not None:
                contact = await session.get_one(Contact, visitor.contact_id)
                describe_contact(contact, knock.claim)
            else:
                contact = await create_contact(session, site.inbox, knock.claim, clock=self._clock)
            if visitor is not None and knock.token is not None and visitor.contact_id == contact.id:
                await prolong_visitor_token(session, visitor.token_id, clock=self._clock, lifetime=self._lifetime)
                token = knock.token
            else:
                token = issue_visitor_token(session, contact, clock=self._clock, lifetime=self._lifetime)
            conversation = await open_conversation(session, contact, clock=self._clock)
        return Opened(token, contact.id, conversation.id)

    async def _identity(self, site: Site, signature: str | None) -> SignedIdentity | None:
        if signature is None:
            if requires_identity(site.inbox):
                raise IdentityRequired
            return None
        async with self._database.read(site.tenant.id) as session:
            keys = await list_keys(session, site.inbox.id)
        return verify_identity(signature, keys, str(site.inbox.site_key), self._vault, clock=self._clock)

    async def _returning(self, site: Site, token: str | None) -> VisitorPrincipal | None:
        if not token:
            return None
        try:
            principal = await resolve_token(self._database, token, clock=self._clock)
        except Unauthenticated:
            return None
        if isinstance(principal, VisitorPrincipal) and principal.inbox_id == site.inbox.id:
            return principal
        return None

    async def _known(
        self, session: AsyncSession, site: Site, visitor: VisitorPrincipal | None, identity: SignedIdentity
    ) -> Contact:
        """The contact of an identity. What the page itself claims does not count beside a signature."""
        contact = await contact_by_external_id(session, site.inbox, identity.external_id, clock=self._clock)
        describe_contact(contact, ContactClaim(identity.name, identity.attributes))
        if visitor is not None and visitor.contact_id != contact.id:
            before = await session.get_one(Contact, visitor.contact_id)
            # Somebody else's identity stays theirs: a browser that two people share merges nobody.
            if before.external_id is None and await active_merge_of(session, before.id) is None:
                await merge_contacts(session, before.id, contact.id, merged_by=None, clock=self._clock)
        return contact
