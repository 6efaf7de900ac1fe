"""Bodies of requests and responses, as OpenAPI describes them."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

Text = Annotated[str, StringConstraints(max_length=2000)]
Name = Annotated[str, StringConstraints(min_length=1, max_length=200)]


class Body(BaseModel):
    """A request's body. Unknown fields are refused: a misspelt field must not be silently ignored."""

    model_config = ConfigDict(extra="forbid")


class SignInBody(Body):
    email: Annotated[str, StringConstraints(min_length=1, max_length=254)]
    password: Annotated[str, StringConstraints(min_length=1, max_length=256)]
    tenant: Name | None = None
    code: Annotated[str, StringConstraints(min_length=6, max_length=40)] | None = Field(
        None, description="两步验证：验证器上的 6 位数字或一个恢复码"
    )
    new_password: Annotated[str, StringConstraints(min_length=1, max_length=256)] | None = Field(
        None, description="登录的同时改密码；等保规则下密码过期时必须给"
    )


class UserOut(BaseModel):
    id: str
    name: str
    email: str
    role: str


class SignedInOut(BaseModel):
    access_token: str
    token_type: Literal["bearer"] = "bearer"  # noqa: S105 - a scheme, not a secret
    expires_in: int = Field(description="秒")
    user: UserOut


class TenantOut(BaseModel):
    id: str
    name: str
    slug: str


class MeOut(BaseModel):
    user: UserOut
    tenant: TenantOut
    presence: str
    permissions: list[str]
    has_second_factor: bool


class PresenceBody(Body):
    presence: Literal["online", "busy", "away"]


class AgentOut(BaseModel):
    id: str
    name: str
    role: str
    presence: str
    open_conversations: int


class AgentsOut(BaseModel):
    items: list[AgentOut]


class CannedReplyOut(BaseModel):
    id: str
    title: str
    text: str
    category: str
    shortcut: str


class CannedRepliesOut(BaseModel):
    items: list[CannedReplyOut]


class ContactOut(BaseModel):
    id: str
    name: str
    inbox_id: str
    attributes: dict[str, Any]
    created_at: str


class RevealBody(Body):
    field: Annotated[str, StringConstraints(min_length=1, max_length=40)]
    reason: Annotated[str, StringConstraints(max_length=500)]


class RevealedOut(BaseModel):
    field: str
    value: str


PermissionNames = Annotated[list[Annotated[str, StringConstraints(max_length=80)]], Field(max_length=100)]
RoleName = Annotated[str, StringConstraints(min_length=1, max_length=80, strip_whitespace=True)]


class PermissionsOut(BaseModel):
    items: list[str]


class RoleBody(Body):
    name: RoleName
    permissions: PermissionNames


class RoleChangeBody(Body):
    name: RoleName | None = None
    permissions: PermissionNames | None = None


class RoleOut(BaseModel):
    id: str
    name: str
    permissions: list[str]
    is_built_in: bool


class RolesOut(BaseModel):
    items: list[RoleOut]


class ContactBody(Body):
    """What the page says about its visitor; unsigned, so it describes and never identifies."""

    external_id: Annotated[str, StringConstraints(max_length=200)] | None = None
    name: Annotated[str, StringConstraints(max_length=200)] | None = None
    email: Annotated[str, StringConstraints(max_length=254)] | None = None
    phone: Annotated[str, StringConstraints(max_length=40)] | None = None
    attributes: dict[str, str] | None = None
    signature: Annotated[str, StringConstraints(max_length=4000)] | None = None


class VisitorSessionBody(Body):
    site_key: Annotated[str, StringConstraints(max_length=64)]
    token: Annotated[str, StringConstraints(max_length=200)] | None = None
    contact: ContactBody | None = None


class SiteConfigOut(BaseModel):
    tenant: dict[str, str]
    bot: dict[str, str]
    welcome: str
    suggestions: list[str]
    color: str
    ai_notice: str
    max_message_chars: int
    service_hours: str


class VisitorSessionOut(BaseModel):
    token: str
    contact_id: str
    conversation_id: str
    config: SiteConfigOut


class ConversationOut(BaseModel):
    """See docs/api.md."""

    model_config = ConfigDict(extra="allow")

    id: str
    status: str
    inbox: dict[str, Any]
    contact: dict[str, Any]
    assignee: dict[str, Any] | None
    last_seq: int
    last_message: dict[str, Any] | None
    unread: int
    agent_read_seq: int
    contact_read_seq: int
    waiting_since: str | None
    created_at: str
    updated_at: str


class ConversationsOut(BaseModel):
    items: list[ConversationOut]
    next_cursor: str | None


class CountsOut(BaseModel):
    mine: int
    queue: int
    bot: int
    unread: int


class MessageOut(BaseModel):
    """See docs/api.md."""

    model_config = ConfigDict(extra="allow")

    id: str
    conversation_id: str
    seq: int | None
    sender: dict[str, Any]
    content: dict[str, Any]
    note: bool
    created_at: str


class MessagesOut(BaseModel):
    items: list[MessageOut]
    next_cursor: str | None


class MessageBody(Body):
    client_msg_id: Annotated[str, StringConstraints(min_length=1, max_length=128)] | None = None
    content: dict[str, Any]
    note: bool = False


class HandoffBody(Body):
    reason: Text = ""
    team: Text | None = None
    note: Text | None = None


class TransferBody(Body):
    agent_id: Annotated[str, StringConstraints(max_length=64)] | None = None
    team: Text | None = None


class AnswerBody(Body):
    text: Annotated[str, StringConstraints(max_length=20_000)]
    conversation_id: Annotated[str, StringConstraints(max_length=64)] | None = None


class CandidateOut(BaseModel):
    faq_id: str
    score: float
    question: str


class AnswerOut(BaseModel):
    id: str
    action: Literal["answer", "suggest", "clarify", "handoff", "reject"]
    faq_id: str | None
    confidence: float
    candidates: list[CandidateOut]
    text: str
    html: str
    intent: str
    entities: list[dict[str, str]]
    sentiment: str
    buttons: list[dict[str, str]]
    trace: dict[str, Any]
    latency_ms: float


class EntryOut(BaseModel):
    id: str
    question: str
    similar: list[str]
    answer: str
    answer_html: str
    category: str
    labels: list[str]


class EntriesOut(BaseModel):
    items: list[EntryOut]
    next_cursor: str | None


class CategoryOut(BaseModel):
    name: str
    count: int


class CategoriesOut(BaseModel):
    items: list[CategoryOut]


class DayOut(BaseModel):
    date: str
    conversations: int
    bot_resolved: int
    handoffs: int
    messages: int


class TotalsOut(BaseModel):
    conversations: int
    bot_resolved: int
    handoffs: int
    bot_resolution_rate: float | None
    median_first_reply_ms: float | None


class TopQuestionOut(BaseModel):
    faq_id: str
    question: str
    count: int


class ChannelCountOut(BaseModel):
    channel: str
    count: int


class OverviewOut(BaseModel):
    days: list[DayOut]
    totals: TotalsOut
    top_questions: list[TopQuestionOut]
    channels: list[ChannelCountOut]


class RasaMessageBody(Body):
    """The body of Rasa's REST channel."""

    model_config = ConfigDict(extra="allow")

    sender: Annotated[str, StringConstraints(min_length=1, max_length=180)] = "default"
    message: Annotated[str, StringConstraints(max_length=100_000)] = ""


class ProblemOut(BaseModel):
    type: str
    title: str
    status: int
    detail: str
    code: str
