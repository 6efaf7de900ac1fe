"""Who may call what: one row a route, one a socket command. A route without a row keeps the server from starting.

A row asks for a permission; which object of the own tenant is meant, and that another tenant's does not exist, is for
the service that is called.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final, get_args

from fastapi import FastAPI
from fastapi.routing import APIRoute, iter_route_contexts

from accounts.errors import NotForApiKeys
from accounts.permissions import Permission as P
from accounts.principals import AgentPrincipal, Principal
from core.errors import Forbidden
from realtime.protocol import ClientFrame, Ping, Read, Send, Sync, Typing


@dataclass(frozen=True, slots=True)
class Rule:
    """What a route or command asks of its caller. Of several permissions, one is enough to come in."""

    permissions: frozenset[P] = frozenset()
    is_public: bool = False
    for_visitors: bool = False
    for_api_keys: bool = True

    def check(self, principal: Principal) -> None:
        """Lets a principal pass.

        Raises:
            Forbidden: it may not.
        """
        if not isinstance(principal, AgentPrincipal):
            if not self.for_visitors:
                raise Forbidden
            return
        if principal.is_api_key and not self.for_api_keys:
            raise NotForApiKeys
        if self.permissions and self.permissions.isdisjoint(principal.permissions):
            raise Forbidden


def needs(*permissions: P, visitors: bool = False, api_keys: bool = True) -> Rule:
    """People and API keys that hold one of the permissions; with `visitors`, a contact too, for what is its own."""
    return Rule(frozenset(permissions), for_visitors=visitors, for_api_keys=api_keys)


PUBLIC: Final = Rule(is_public=True)  # anybody; no token is looked at
MEMBER: Final = Rule()  # any member of a tenant, also through an API key
ONESELF: Final = Rule(for_api_keys=False)  # any signed-in person, about themselves

_SPEAK: Final = (P.CONVERSATION_REPLY, P.CONVERSATION_NOTE)  # which of the two it takes depends on the message

POLICY: Final[Mapping[tuple[str, str], Rule]] = {
    ("POST", "/api/v1/auth/token"): PUBLIC,
    ("DELETE", "/api/v1/auth/token"): ONESELF,
    ("GET", "/api/v1/me"): MEMBER,
    ("PUT", "/api/v1/me/presence"): needs(P.CONVERSATION_REPLY),
    ("GET", "/api/v1/agents"): needs(P.COLLEAGUE_READ),
    ("GET", "/api/v1/canned-replies"): needs(P.CANNED_REPLY_READ),
    ("POST", "/api/v1/auth/links"): PUBLIC,
    ("POST", "/api/v1/setup"): PUBLIC,
    ("GET", "/api/v1/me/sessions"): ONESELF,
    ("DELETE", "/api/v1/me/sessions"): ONESELF,
    ("DELETE", "/api/v1/me/sessions/{session_id}"): ONESELF,
    ("PUT", "/api/v1/me/password"): ONESELF,
    ("POST", "/api/v1/me/second-factor"): ONESELF,
    ("POST", "/api/v1/me/second-factor/confirm"): ONESELF,
    ("POST", "/api/v1/me/second-factor/remove"): ONESELF,
    ("GET", "/api/v1/members"): needs(P.MEMBER_READ),
    ("POST", "/api/v1/members"): needs(P.MEMBER_MANAGE),
    ("PATCH", "/api/v1/members/{member_id}"): needs(P.MEMBER_MANAGE),
    ("POST", "/api/v1/members/{member_id}/reset"): needs(P.MEMBER_MANAGE),
    ("GET", "/api/v1/members/{member_id}/sessions"): needs(P.MEMBER_MANAGE),
    ("DELETE", "/api/v1/members/{member_id}/sessions"): needs(P.MEMBER_MANAGE),
    ("GET", "/api/v1/api-keys"): needs(P.API_KEY_MANAGE, api_keys=False),
    ("POST", "/api/v1/api-keys"): needs(P.API_KEY_MANAGE, api_keys=False),  # else a key could outlive its expiry
    ("DELETE", "/api/v1/api-keys/{key_id}"): needs(P.API_KEY_MANAGE, api_keys=False),
    ("GET", "/api/v1/tenant/security"): needs(P.TENANT_MANAGE),
    ("PUT", "/api/v1/tenant/security"): needs(P.TENANT_MANAGE),
    ("GET", "/api/v1/platform/tenants"): needs(P.PLATFORM_MANAGE),
    ("POST", "/api/v1/platform/tenants"): needs(P.PLATFORM_MANAGE),
    ("GET", "/api/v1/permissions"): needs(P.ROLE_READ),
    ("GET", "/api/v1/roles"): needs(P.ROLE_READ),
    ("POST", "/api/v1/roles"): needs(P.ROLE_MANAGE),
    ("PATCH", "/api/v1/roles/{role_id}"): needs(P.ROLE_MANAGE),
    ("DELETE", "/api/v1/roles/{role_id}"): needs(P.ROLE_MANAGE),
    ("GET", "/api/v1/contacts/{contact_id}"): needs(P.CONTACT_READ),
    ("POST", "/api/v1/contacts/{contact_id}/reveal"): needs(P.CONTACT_REVEAL),
    ("GET", "/api/v1/contacts/{contact_id}/merges"): needs(P.CONTACT_READ),
    ("POST", "/api/v1/contacts/{contact_id}/merge"): needs(P.CONTACT_MERGE),
    ("POST", "/api/v1/contact-merges/{merge_id}/undo"): needs(P.CONTACT_MERGE),
    ("GET", "/api/v1/inboxes"): needs(P.INBOX_READ),
    ("PATCH", "/api/v1/inboxes/{inbox_id}"): needs(P.INBOX_MANAGE),
    ("GET", "/api/v1/inboxes/{inbox_id}/identity-keys"): needs(P.INBOX_READ),
    ("POST", "/api/v1/inboxes/{inbox_id}/identity-keys"): needs(P.INBOX_MANAGE),
    ("DELETE", "/api/v1/inboxes/{inbox_id}/identity-keys/{key_id}"): needs(P.INBOX_MANAGE),
    ("GET", "/api/v1/contacts/{contact_id}/export"): needs(P.CONTACT_EXPORT),
    ("POST", "/api/v1/contacts/{contact_id}/erase"): needs(P.CONTACT_ERASE),
    ("GET", "/api/v1/retention"): needs(P.TENANT_MANAGE),
    ("PUT", "/api/v1/retention"): needs(P.TENANT_MANAGE),
    ("GET", "/api/v1/audit"): needs(P.AUDIT_READ),
    ("GET", "/api/v1/audit/export"): needs(P.AUDIT_READ),
    ("POST", "/api/v1/visitor/sessions"): PUBLIC,
    ("GET", "/api/v1/conversations"): needs(P.CONVERSATION_READ),
    ("GET", "/api/v1/conversations/counts"): needs(P.CONVERSATION_READ),
    ("GET", "/api/v1/conversations/{conversation_id}"): needs(P.CONVERSATION_READ, visitors=True),
    ("GET", "/api/v1/conversations/{conversation_id}/messages"): needs(P.CONVERSATION_READ, visitors=True),
    ("POST", "/api/v1/conversations/{conversation_id}/messages"): needs(*_SPEAK, visitors=True),
    ("POST", "/api/v1/conversations/{conversation_id}/handoff"): needs(P.CONVERSATION_HANDLE, visitors=True),
    ("POST", "/api/v1/conversations/{conversation_id}/accept"): needs(P.CONVERSATION_HANDLE),
    ("POST", "/api/v1/conversations/{conversation_id}/transfer"): needs(P.CONVERSATION_HANDLE),
    ("POST", "/api/v1/conversations/{conversation_id}/resolve"): needs(P.CONVERSATION_HANDLE),
    ("POST", "/api/v1/conversations/{conversation_id}/reopen"): needs(P.CONVERSATION_HANDLE),
    ("POST", "/api/v1/conversations/{conversation_id}/return-to-bot"): needs(P.CONVERSATION_HANDLE),
    ("POST", "/api/v1/answer"): needs(P.KNOWLEDGE_ASK),
    ("GET", "/api/v1/kb/entries"): needs(P.KNOWLEDGE_READ),
    ("GET", "/api/v1/kb/entries/{entry_id:path}"): needs(P.KNOWLEDGE_READ),
    ("GET", "/api/v1/kb/categories"): needs(P.KNOWLEDGE_READ),
    ("POST", "/api/v1/knowledge/imports"): needs(P.KNOWLEDGE_WRITE),
    ("GET", "/api/v1/stats/overview"): needs(P.STATS_READ),
    ("GET", "/api/v1/public/info"): PUBLIC,
    ("POST", "/webhooks/rest/webhook"): PUBLIC,
    ("GET", "/healthz"): PUBLIC,
    ("GET", "/readyz"): PUBLIC,
    ("GET", "/metrics"): PUBLIC,
    ("GET", "/"): PUBLIC,
    ("GET", "/chat/{site_key}"): PUBLIC,
    ("GET", "/widget.js"): PUBLIC,
    ("GET", "/console"): PUBLIC,
    ("GET", "/console/{path:path}"): PUBLIC,
    ("GET", "/docs"): PUBLIC,
    ("GET", "/favicon.ico"): PUBLIC,
    ("GET", "/favicon.svg"): PUBLIC,
}

# Coming in at all, and so hearing what happens at the desk.
SOCKET: Final = needs(P.CONVERSATION_READ, visitors=True)
SOCKET_POLICY: Final[Mapping[type[ClientFrame], Rule]] = {
    Send: needs(*_SPEAK, visitors=True),
    Sync: needs(P.CONVERSATION_READ, visitors=True),
    Read: needs(P.CONVERSATION_REPLY, visitors=True),
    Typing: needs(P.CONVERSATION_REPLY, visitors=True),
    Ping: Rule(for_visitors=True),
}


class PolicyGap(RuntimeError):
    """The table and the routes differ. Always a bug of ours."""


def routes_of(app: FastAPI) -> Iterable[tuple[str, str]]:
    """Method and path of every route that runs code of ours."""
    for found in iter_route_contexts(app.routes):
        if isinstance(found.original_route, APIRoute):
            for method in sorted(found.methods or ()):
                yield method, str(found.path)


def check_policy(app: FastAPI) -> None:
    """Compares the table with an application.

    Raises:
        PolicyGap: a route has no row, or a row no route.
    """
    if set(get_args(ClientFrame)) != set(SOCKET_POLICY):
        raise PolicyGap("SOCKET_POLICY in server/policy.py does not name exactly the commands of realtime.protocol")
    routes, rows = set(routes_of(app)), set(POLICY)
    if routes != rows:
        without_row = ", ".join(" ".join(route) for route in sorted(routes - rows))
        without_route = ", ".join(" ".join(row) for row in sorted(rows - routes))
        raise PolicyGap(f"routes without a row in server/policy.py: [{without_row}]; rows without: [{without_route}]")


def check_may_send(principal: AgentPrincipal, *, is_note: bool) -> None:
    """A reply and a note take different permissions.

    Raises:
        Forbidden: not this one.
    """
    if not principal.may(P.CONVERSATION_NOTE if is_note else P.CONVERSATION_REPLY):
        raise Forbidden
