"""Auth methods that many types share, under the one list of credential names.

A type puts them into its `auth` as they are (`auth=(PASSWORD, CLIENT_CERTIFICATE)`), or derives a model of its own
where the field's meaning differs enough to need other words. All fields are optional: an incomplete set is stored and
tried, and `AuthMethod.required` names what a run needs.
"""

from __future__ import annotations

from pydantic import Field

from kaireon_orch.contract.fields import Name, Pem, Secret, Text
from kaireon_orch.contract.spec import AuthMethod, AuthModel

_CA_TITLE = "CA certificate"
_CA_WORDS = "PEM text of the certificate authority that signed the server's certificate, where it is not a public one."


class NoAuth(AuthModel):
    """No credentials."""


class NoAuthTls(AuthModel):
    """No credentials; only how to trust the server."""

    ca_certificate: Pem | None = Field(default=None, title=_CA_TITLE, description=_CA_WORDS)


class PasswordAuth(AuthModel):
    """A user name and its password."""

    username: Name | None = Field(default=None, title="User name", description="The account to log in with.")
    password: Secret | None = Field(default=None, title="Password", description="The account's password.")


class PasswordTlsAuth(PasswordAuth):
    """A user name and its password, and how to trust the server."""

    ca_certificate: Pem | None = Field(default=None, title=_CA_TITLE, description=_CA_WORDS)


class ClientCertificateAuth(AuthModel):
    """Mutual TLS: a certificate that stands for the account."""

    username: Name | None = Field(
        default=None, title="User name", description="The account that the certificate stands for."
    )
    certificate: Pem | None = Field(
        default=None,
        title="Certificate",
        description="The client certificate, PEM text, with its chain where it has one.",
    )
    private_key: Secret | None = Field(
        default=None, title="Private key", description="The certificate's private key, PEM text."
    )
    passphrase: Secret | None = Field(
        default=None, title="Passphrase", description="Opens the private key, where it is encrypted."
    )
    ca_certificate: Pem | None = Field(default=None, title=_CA_TITLE, description=_CA_WORDS)


class AccessKeyAuth(AuthModel):
    """An AWS access key, or one of a store that speaks S3."""

    access_key_id: Text | None = Field(
        default=None, title="Access key id", description="Of the user's key pair."
    )
    secret_access_key: Secret | None = Field(
        default=None, title="Secret access key", description="Shown by AWS once, when the key is made."
    )
    session_token: Secret | None = Field(
        default=None, title="Session token", description="Only with temporary credentials."
    )


class IamRoleAuth(AuthModel):
    """An AWS role that the operator's identity may assume; only the session reaches the connection."""

    role_arn: Text | None = Field(
        default=None,
        title="Role ARN",
        description="The role to assume; its trust policy names the operator's identity and the external id.",
        pattern=r"^(arn:aws[a-z-]*:iam::\d{12}:role/[\w+=,.@/-]+)?$",
        examples=["arn:aws:iam::123456789012:role/kaireon-read"],
    )
    external_id: Text | None = Field(
        default=None,
        title="External id",
        description="The tenant's external id, as the role's trust policy demands it (`sts:ExternalId`).",
    )


class ServiceAccountAuth(AuthModel):
    """A Google service account's key."""

    service_account_json: Secret | None = Field(
        default=None,
        title="Service account key",
        description="The whole JSON text of a key of `type: service_account`; other types are refused.",
    )


class BearerTokenAuth(AuthModel):
    """A token that is sent as it is."""

    token: Secret | None = Field(
        default=None, title="Token", description="Sent as `Authorization: Bearer …`."
    )


class ApiKeyAuth(AuthModel):
    """One key of the system's own making."""

    api_key: Secret | None = Field(
        default=None, title="API key", description="As the system's own settings show it."
    )


class BearerTokenTlsAuth(BearerTokenAuth):
    """A token that is sent as it is, and how to trust the server."""

    ca_certificate: Pem | None = Field(default=None, title=_CA_TITLE, description=_CA_WORDS)


class ApiKeyTlsAuth(ApiKeyAuth):
    """One key of the system's own making, and how to trust the server."""

    ca_certificate: Pem | None = Field(default=None, title=_CA_TITLE, description=_CA_WORDS)


class OAuth2Auth(AuthModel):
    """OAuth 2: client credentials, or a refresh token that is exchanged for access tokens."""

    client_id: Text | None = Field(
        default=None, title="Client id", description="Of the registered application."
    )
    client_secret: Secret | None = Field(
        default=None, title="Client secret", description="Of the registered application."
    )
    refresh_token: Secret | None = Field(
        default=None,
        title="Refresh token",
        description="Exchanged for access tokens; a renewed one is stored. Without it client credentials are used.",
    )
    token: Secret | None = Field(
        default=None,
        title="Access token",
        description="Used as it is until it expires, instead of asking for one.",
    )
    scope: Text | None = Field(
        default=None,
        title="Scope",
        description="Space-separated scopes to ask for, where the default is not enough.",
    )


class OAuth1Auth(AuthModel):
    """OAuth 1.0a with a token that was issued beforehand."""

    client_id: Text | None = Field(
        default=None, title="Consumer key", description="Of the integration record."
    )
    client_secret: Secret | None = Field(
        default=None, title="Consumer secret", description="Of the integration record."
    )
    token: Secret | None = Field(default=None, title="Token id", description="Of the access token.")
    token_secret: Secret | None = Field(
        default=None, title="Token secret", description="Of the access token."
    )


class KeyPairAuth(AuthModel):
    """An account's private key."""

    username: Name | None = Field(
        default=None, title="User name", description="The account that the key belongs to."
    )
    private_key: Secret | None = Field(
        default=None, title="Private key", description="PEM or OpenSSH text, beginning with `-----BEGIN`."
    )
    passphrase: Secret | None = Field(
        default=None, title="Passphrase", description="Opens the private key, where it is encrypted."
    )


class SasAuth(AuthModel):
    """An Azure shared access signature."""

    sas_token: Secret | None = Field(
        default=None,
        title="SAS token",
        description="The signature's query string, with or without the leading `?`.",
    )


class AccountKeyAuth(AuthModel):
    """An Azure storage account's shared key."""

    account_key: Secret | None = Field(
        default=None, title="Account key", description="One of the storage account's two keys, base64 text."
    )


class ServicePrincipalAuth(AuthModel):
    """A Microsoft Entra application that logs in with a secret."""

    tenant_id: Name | None = Field(
        default=None,
        title="Directory (tenant) id",
        description="The Entra directory that the application is registered in.",
        pattern=r"^[A-Za-z0-9.-]*$",
    )
    client_id: Text | None = Field(
        default=None, title="Application (client) id", description="Of the application."
    )
    client_secret: Secret | None = Field(
        default=None, title="Client secret", description="The secret's value, not its id."
    )


class WebhookUrlAuth(AuthModel):
    """An address that lets in whoever knows it."""

    webhook_url: Secret | None = Field(
        default=None,
        title="Webhook URL",
        description="The whole address; it is the credential, so it is kept as one.",
    )


NONE = AuthMethod("none", "No credentials", NoAuth)
NONE_TLS = AuthMethod("none", "No credentials", NoAuthTls)
PASSWORD = AuthMethod("password", "User name and password", PasswordAuth, ("username", "password"))
PASSWORD_TLS = AuthMethod("password", "User name and password", PasswordTlsAuth, ("username", "password"))
CLIENT_CERTIFICATE = AuthMethod(
    "client_certificate",
    "Client certificate (mutual TLS)",
    ClientCertificateAuth,
    ("certificate", "privateKey"),
)
ACCESS_KEY = AuthMethod("access_key", "Access key", AccessKeyAuth, ("accessKeyId", "secretAccessKey"))
IAM_ROLE = AuthMethod("iam_role", "IAM role", IamRoleAuth, ("roleArn", "externalId"))
SERVICE_ACCOUNT = AuthMethod(
    "service_account", "Service account", ServiceAccountAuth, ("serviceAccountJson",)
)
BEARER_TOKEN = AuthMethod("bearer_token", "Bearer token", BearerTokenAuth, ("token",))
BEARER_TOKEN_TLS = AuthMethod("bearer_token", "Bearer token", BearerTokenTlsAuth, ("token",))
API_KEY_TLS = AuthMethod("api_key", "API key", ApiKeyTlsAuth, ("apiKey",))
API_KEY = AuthMethod("api_key", "API key", ApiKeyAuth, ("apiKey",))
OAUTH2 = AuthMethod("oauth2", "OAuth 2", OAuth2Auth, ("clientId|token",))
OAUTH1 = AuthMethod(
    "oauth1", "OAuth 1.0a token", OAuth1Auth, ("clientId", "clientSecret", "token", "tokenSecret")
)
KEY_PAIR = AuthMethod("key_pair", "Private key", KeyPairAuth, ("username", "privateKey"))
SAS = AuthMethod("sas", "Shared access signature", SasAuth, ("sasToken",))
ACCOUNT_KEY = AuthMethod("access_key", "Account key", AccountKeyAuth, ("accountKey",))
SERVICE_PRINCIPAL = AuthMethod(
    "service_principal", "Service principal", ServicePrincipalAuth, ("tenantId", "clientId", "clientSecret")
)
WEBHOOK_URL = AuthMethod("webhook_url", "Webhook URL", WebhookUrlAuth, ("webhookUrl",))
