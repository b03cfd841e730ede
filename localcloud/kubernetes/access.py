"""Who may call the API: a bearer token of localcloud's own, of EKS's form, or of a pod's service account.

As at localcloud's gate (decision 23), no request of a web page passes, nor one for a foreign host name. An Origin is
accepted if it is the API's own: Java's client sends it. There is no authorization: whoever has a token may do
everything.
"""

from __future__ import annotations

import hmac
import secrets
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from localcloud.kubernetes import eks_token
from localcloud.kubernetes.errors import forbidden, unauthorized
from localcloud.kubernetes.times import Clock

MASTERS = "system:masters"
OPEN = ("/livez", "/readyz", "/healthz")  # they say that the server is up, and nothing else
# A token's presigned request -> the ARN of its caller, None if it is not valid.
Verify = Callable[[eks_token.Presigned, datetime], str | None]


@dataclass(frozen=True)
class User:
    """A caller, as SelfSubjectReview shows it."""

    name: str
    groups: tuple[str, ...]


@dataclass(frozen=True)
class _Issued:
    user: User
    until: datetime
    pod: str


class Access:
    """The tokens of one API server."""

    def __init__(self, hosts: tuple[str, ...], verify: Verify, clock: Clock) -> None:
        """hosts: the server's names, without a port."""
        self.token = secrets.token_urlsafe(32)
        self._hosts, self._verify, self._clock = hosts, verify, clock
        self._lock = threading.Lock()
        self._issued: dict[str, _Issued] = {}

    def check(self, path: str, headers: Mapping[str, str]) -> User:
        """The caller of a request. headers: by lower-case name. Raises ApiError 401, 403."""
        own = f"https://{headers.get('host', '')}"  # what Spark's client sends with a watch
        if headers.get("origin", own) != own or "sec-fetch-site" in headers:
            raise forbidden("web pages have no access to localcloud")
        if headers.get("host", "").rpartition(":")[0].lower() not in self._hosts:
            raise forbidden("this Host is no name of this API server: use the address in its kubeconfig")
        if path in OPEN:
            return User("system:anonymous", ("system:unauthenticated",))
        user = self.user(headers.get("authorization", ""))
        if user is None:
            raise unauthorized()
        return user

    def user(self, authorization: str) -> User | None:
        """The user of an Authorization header; None without a valid token."""
        scheme, _, token = authorization.partition(" ")
        if scheme.lower() != "bearer" or not token:
            return None
        return self.of_token(token.strip())

    def of_token(self, token: str) -> User | None:
        """The user of a token; None if it is not valid."""
        now = self._clock()
        if hmac.compare_digest(token.encode(), self.token.encode()):
            return User("localcloud", (MASTERS, "system:authenticated"))
        if presigned := eks_token.parse(token):
            arn = self._verify(presigned, now)
            return User(arn, (MASTERS, "system:authenticated")) if arn else None
        with self._lock:
            issued = self._issued.get(token)
        return issued.user if issued and now < issued.until else None

    def issue(self, namespace: str, account: str, seconds: int, pod: str = "") -> tuple[str, datetime]:
        """A new token of a service account, and when it ends. pod: uid of the pod that it ends with."""
        groups = ("system:serviceaccounts", f"system:serviceaccounts:{namespace}", "system:authenticated")
        user = User(f"system:serviceaccount:{namespace}:{account}", groups)
        token, until = secrets.token_urlsafe(32), self._clock() + timedelta(seconds=seconds)
        with self._lock:
            self._issued[token] = _Issued(user, until, pod)
        return token, until

    def forget(self, pod: str) -> None:
        """Revoke the tokens of a pod that is gone."""
        with self._lock:
            self._issued = {token: issued for token, issued in self._issued.items() if issued.pod != pod}
