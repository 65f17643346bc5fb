"""AWS roles: the parent assumes them as the operator, and only the session's keys go further.

The external id is what keeps one tenant from naming another's role: the role's trust policy demands it. The operator
gives this installation's identity the right to assume those roles alone that are meant for it (`docs/security.md`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kaireon_orch.control import operator_aws
from kaireon_orch.errors import Fault, FaultCode, Unavailable

if TYPE_CHECKING:
    from collections.abc import Mapping

METHOD = "iam_role"
SESSION = "kaireon-orch"  # what the account's own log shows; it holds nothing of a tenant's


def session_keys(auth: Mapping[str, Any]) -> dict[str, str]:
    """`{accessKeyId, secretAccessKey, sessionToken}` of the role that `auth` names, good for an hour.

    Raises `Fault` as a test names it: MISSING_FIELDS, CREDENTIALS_REFUSED, BUSY, NOT_READY.
    """
    lacking = [name for name in ("roleArn", "externalId") if not auth.get(name)]
    if lacking:
        words = f"To assume a role, authConfig needs {' and '.join(lacking)}."
        raise Fault(FaultCode.MISSING_FIELDS, words)
    return _keys(_assumed(auth["roleArn"], auth["externalId"]))


def _assumed(role: str, external_id: str) -> Mapping[str, Any]:
    try:
        client = operator_aws.client("sts")
        with operator_aws.answered():
            answer: Mapping[str, Any] = client.assume_role(
                RoleArn=role, ExternalId=external_id, RoleSessionName=SESSION
            )
    except operator_aws.Refused:
        words = (
            "AWS does not let this installation assume the role: its trust policy must name the operator's "
            "identity and this external id."
        )
        raise Fault(FaultCode.CREDENTIALS_REFUSED, words) from None
    except Unavailable as error:
        raise Fault(FaultCode.BUSY, error.message) from None
    return answer


def _keys(answer: Mapping[str, Any]) -> dict[str, str]:
    held = answer["Credentials"]
    return {
        "accessKeyId": held["AccessKeyId"],
        "secretAccessKey": held["SecretAccessKey"],
        "sessionToken": held["SessionToken"],
    }
