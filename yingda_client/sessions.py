"""Getting a token: a customer opens a chat, an agent signs in."""

from dataclasses import dataclass

import httpx2


@dataclass(frozen=True, slots=True)
class OpenedChat:
    """A customer's chat. Keep `token`: it brings the same person back."""

    token: str
    contact_id: str
    conversation_id: str


async def open_chat(base_url: str, site_key: str, *, token: str | None = None) -> OpenedChat:
    """Opens a chat on a site, or the same one again with the token of last time."""
    body = {"site_key": site_key} | ({"token": token} if token else {})
    async with httpx2.AsyncClient(base_url=base_url, timeout=30) as http:
        answer = await http.post("/api/v1/visitor/sessions", json=body)
    answer.raise_for_status()
    opened = answer.json()
    return OpenedChat(opened["token"], opened["contact_id"], opened["conversation_id"])


async def sign_in(base_url: str, email: str, password: str, *, tenant: str | None = None) -> str:
    """An agent's access token."""
    body = {"email": email, "password": password} | ({"tenant": tenant} if tenant else {})
    async with httpx2.AsyncClient(base_url=base_url, timeout=30) as http:
        answer = await http.post("/api/v1/auth/token", json=body)
    answer.raise_for_status()
    token: str = answer.json()["access_token"]
    return token
