"""Decides for each call whether its caller may make it. A call that cannot be evaluated is refused, never allowed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from localcloud.iam.decision import Principal, denial
from localcloud.iam.moto_place import MotoPlace
from localcloud.iam.needs import Call, needs
from localcloud.iam.policies import Need
from localcloud.iam.principals import principal_of

# S3 answers 404 for a missing object only to callers that may list the bucket.
_LOOKS = {"GetObject", "HeadObject"}


class Authorizer:
    """Enforces IAM for every key but the server's own, which acts as the account's root user."""

    def __init__(self, own_key: str) -> None:
        self._own_key = own_key

    def is_root(self, access_key: str) -> bool:
        """Whether a key is the server's own."""
        return access_key == self._own_key

    def refusal(self, call: Call, account: str, *, bucket_in_path: bool = True) -> str | None:
        """AWS's message for a refused call; None when it is allowed. call: in the recorder's format, which reads S3's
        buckets from paths."""
        if self.is_root(call["access_key"]):
            return None
        if not bucket_in_path:
            return "localcloud enforces IAM and reads buckets in paths: set the client's addressing style to path."
        try:
            who = principal_of(call["access_key"])
            if who is None:
                return f"The access key {call['access_key']} belongs to no user and no role."
            place = MotoPlace(call["region"], account)
            return next(_denials(call, place, who), None)
        except LookupError as unknown:
            said = unknown.args[0] if unknown.args else unknown
            return f"localcloud enforces IAM and cannot judge {call['service']}:{call['operation']}: {said}"


def _denials(call: Call, place: MotoPlace, who: Principal) -> Iterator[str]:
    context = _context(who, place)
    for need in needs(_completed(call, place), place):
        asked = replace(need, context={**context, **need.context})
        if why := denial(asked, who, place.policy_of(need)):
            yield _words(who, need, why)


def _words(who: Principal, need: Need, why: str) -> str:
    said = f"User: {who.arn} is not authorized to perform: {need.action} on resource: {need.resource} {why}"
    return f"You are not authorized to perform this operation. {said}" if need.call.startswith("ec2:") else said


def _context(who: Principal, place: MotoPlace) -> dict[str, str]:
    """The global condition keys. The connection to 127.0.0.1 counts as TLS, as with AWS."""
    known = {
        "aws:securetransport": "true",
        "aws:principalarn": who.entity or who.arn,
        "aws:principalaccount": who.account,
        "aws:requestedregion": place.region,
    }
    return {**known, "aws:username": who.arn.rpartition("/")[2]} if ":user/" in who.arn else known


def _completed(call: Call, place: MotoPlace) -> Mapping[str, object]:
    """The call with facts from before its execution: whether its object exists, and the tags of IAM's resources."""
    params, tags = call["params"], dict(call["resource_tags"])
    absent = call["operation"] in _LOOKS and not place.object_is_there(params["Bucket"], params["Key"])
    if call["service"] == "iam":
        tags |= {arn: place.tags_of(arn) for arn in (need.resource for need in needs(call, place))}
    return {**call, "status": 404 if absent else 200, "resource_tags": tags}
