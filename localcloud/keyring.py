"""The valid access keys: the server's own, and those issued by its IAM and STS."""

from __future__ import annotations

import hmac
from datetime import datetime

from moto.iam.models import iam_backends
from moto.sts.models import sts_backends

from localcloud.credentials import Credentials


class Keyring:
    """Finds the secret of an access key."""

    def __init__(self, own: Credentials) -> None:
        self._own = own

    def secret_of(self, access_key: str, token: str, now: datetime) -> str | None:
        """The secret of a currently valid key; a role session's key needs its own token. None for others."""
        if access_key == self._own.access_key:
            return self._own.secret_key
        # Copies: moto adds accounts when other threads ask for them.
        for account, partitions in list(iam_backends.items()):
            for partition, iam in list(partitions.items()):
                if issued := iam.access_keys.get(access_key):
                    good = _good_session(account, partition, access_key, token, now) if _of_role(access_key) else True
                    return str(issued.secret_access_key) if good and issued.status == "Active" else None
        return None


def _of_role(access_key: str) -> bool:
    return access_key.startswith("ASIA")


def _good_session(account: str, partition: str, access_key: str, token: str, now: datetime) -> bool:
    session = sts_backends[account][partition].get_assumed_role_from_access_key(access_key)
    if session is None or session.expiration <= now.replace(tzinfo=None):  # moto stores naive UTC
        return False
    return hmac.compare_digest(str(session.session_token), token)
