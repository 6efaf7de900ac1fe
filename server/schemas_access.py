"""Bodies of requests and responses about access: members, sessions, keys, passwords, second factors, tenants."""

from typing import Annotated, Literal

from pydantic import BaseModel, Field, StringConstraints

from accounts.api_keys import LONGEST_DAYS
from accounts.password_rules import PasswordRules
from server.schemas import Body, PermissionNames, TenantOut, UserOut
from storage.models import KeyAlgorithm

Email = Annotated[
    str,
    StringConstraints(min_length=3, max_length=254, pattern=r"^[^@\s]+@[^@\s]+\.[^@\s]+$", strip_whitespace=True),
]
PersonName = Annotated[str, StringConstraints(min_length=1, max_length=80, strip_whitespace=True)]
Password = Annotated[str, StringConstraints(min_length=1, max_length=256)]
Token = Annotated[str, StringConstraints(min_length=1, max_length=200)]
Code = Annotated[str, StringConstraints(min_length=6, max_length=40)]
RoleName = Annotated[str, StringConstraints(min_length=1, max_length=64)]
Slug = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]{0,62}$")]


class MemberOut(BaseModel):
    id: str
    email: str
    name: str
    role: str
    status: str = Field(description="invited、active、disabled")
    has_second_factor: bool
    created_at: str


class MembersOut(BaseModel):
    items: list[MemberOut]


class InvitationBody(Body):
    email: Email
    name: PersonName
    role: RoleName


class LinkOut(BaseModel):
    token: str = Field(description="只显示这一次；对方用 POST /auth/links 设置密码")
    expires_at: str


class InvitedOut(BaseModel):
    member: MemberOut
    link: LinkOut


class MemberChangeBody(Body):
    name: PersonName | None = None
    role: RoleName | None = None
    is_active: bool | None = None


class ResetBody(Body):
    second_factor: bool = Field(False, description="同时关闭两步验证（手机丢失时）")


class LinkBody(Body):
    token: Token
    password: Password


class SessionOut(BaseModel):
    id: str
    client: str
    address: str
    created_at: str
    expires_at: str
    is_current: bool


class SessionsOut(BaseModel):
    items: list[SessionOut]


class OwnPasswordBody(Body):
    current_password: Password
    new_password: Password


class PasswordBody(Body):
    password: Password


class CodeBody(Body):
    code: Code


class EnrolmentOut(BaseModel):
    secret: str
    uri: str = Field(description="otpauth://… ，做成二维码给验证器扫描")


class RecoveryCodesOut(BaseModel):
    recovery_codes: list[str] = Field(description="只显示这一次；每个只能用一次")


class ApiKeyBody(Body):
    name: PersonName
    scopes: PermissionNames
    days: Annotated[int, Field(ge=1, le=LONGEST_DAYS)] = 90


class ApiKeyOut(BaseModel):
    id: str
    name: str
    scopes: list[str]
    member: dict[str, str]
    created_at: str
    expires_at: str
    last_used_at: str | None


class NewApiKeyOut(ApiKeyOut):
    token: str = Field(description="只显示这一次")


class ApiKeysOut(BaseModel):
    items: list[ApiKeyOut]


class SecurityOut(BaseModel):
    password_rules: PasswordRules


class SecurityBody(Body):
    password_rules: PasswordRules


class NewTenantBody(Body):
    slug: Slug
    name: Annotated[str, StringConstraints(min_length=1, max_length=120, strip_whitespace=True)]


class AdministratorBody(Body):
    email: Email
    name: PersonName = "管理员"


class FirstAdministratorBody(AdministratorBody):
    password: Password


class SetupBody(Body):
    token: Token
    tenant: NewTenantBody
    admin: FirstAdministratorBody


class SetupOut(BaseModel):
    tenant: TenantOut
    site_key: str
    user: UserOut


class TenantBody(Body):
    tenant: NewTenantBody
    admin: AdministratorBody


class FoundedOut(BaseModel):
    tenant: TenantOut
    site_key: str
    link: LinkOut


class TenantsOut(BaseModel):
    items: list[TenantOut]


class InboxOut(BaseModel):
    id: str
    name: str
    channel: str
    site_key: str | None
    identity: Literal["optional", "required"]


class InboxesOut(BaseModel):
    items: list[InboxOut]


class InboxBody(Body):
    identity: Literal["optional", "required"]


class IdentityKeyBody(Body):
    algorithm: KeyAlgorithm
    public_key: Annotated[str, StringConstraints(max_length=1000)] | None = Field(
        None, description="ES256：P-256 公钥，PEM"
    )


class IdentityKeyOut(BaseModel):
    id: str = Field(description="令牌头里的 kid")
    algorithm: KeyAlgorithm
    created_at: str


class NewIdentityKeyOut(IdentityKeyOut):
    secret: str | None = Field(description="HS256 的密钥，只显示这一次")


class IdentityKeysOut(BaseModel):
    items: list[IdentityKeyOut]


class MergeBody(Body):
    source_id: Annotated[str, StringConstraints(min_length=1, max_length=64)] = Field(description="并入的匿名客户")


class MergeOut(BaseModel):
    id: str
    source_id: str
    target_id: str
    conversation_ids: list[str]
    merged_by: str | None = Field(description="空：由签名身份自动合并")
    merged_at: str
    undone_at: str | None


class MergesOut(BaseModel):
    items: list[MergeOut]
