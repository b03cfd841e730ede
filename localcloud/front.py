"""A WSGI application in front of moto's that routes each request and adds what moto lacks.

/_localcloud/*                    -> admin: health, faults, clusters, calls, sessions
every other request               -> recorded, and denied where IAM is enforced and does not allow it
a request that matches a fault    -> the fault's answer
X-Amz-Target: ElasticMapReduce.*  -> our EMR; moto's is not used
X-Amz-Target: AmazonSSM.*Command* -> our Run Command; the rest of SSM is moto's
Glue's jobs, EMR Serverless,
EMR on EKS                        -> our job runs; Glue's catalog is moto's
signed for airflow (MWAA)         -> our environments, which moto lacks
everything else                   -> moto
"""

from __future__ import annotations

import io
import json
import logging
import threading
from collections.abc import Iterable
from contextlib import nullcontext
from typing import TYPE_CHECKING
from urllib.parse import parse_qs

from moto.iam.models import get_account_id_from
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app

from localcloud import mwaa, refusals, wire
from localcloud.admin import Admin
from localcloud.client import HEALTH, PREFIX
from localcloud.emr.service import TARGET_PREFIX as EMR_PREFIX
from localcloud.emr.service import EmrService
from localcloud.faults import FaultBook, FaultKind
from localcloud.http_server import DropConnection
from localcloud.iam.authorizer import Authorizer
from localcloud.iam.principals import name_of
from localcloud.kubernetes import aws as kubernetes_aws
from localcloud.kubernetes.aws import EksFront
from localcloud.mwaa import MwaaService
from localcloud.recorder import Recorder, Seen, call_of, request_of
from localcloud.refusals import Codes
from localcloud.runs.service import ACTIONS as RUN_SERVICES
from localcloud.runs.service import RunsService
from localcloud.settings import DEFAULT_ACCOUNT, LOOPBACK, Settings
from localcloud.ssm.service import TARGET_PREFIX as SSM_PREFIX
from localcloud.ssm.service import SsmService
from localcloud.wire import Answer, Caller

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

log = logging.getLogger(__name__)
DENIED_BY_SNS = Codes("", "AuthorizationError", "")  # SNS API reference, "Publish"
DENIED = Codes("AccessDenied", "AccessDenied", "AccessDeniedException", "UnauthorizedOperation")
_S3_FAULTS = {
    FaultKind.S3_SLOW_DOWN: ("SlowDown", "Please reduce your request rate.", 503),
    FaultKind.S3_INTERNAL_ERROR: ("InternalError", "We encountered an internal error. Please try again.", 500),
}


class Front:
    """Handles every request that passed the gate."""

    def __init__(
        self,
        admin: Admin,
        emr: EmrService,
        ssm: SsmService,
        mwaa_service: MwaaService,
        runs: RunsService,
        *,
        eks: EksFront,
        faults: FaultBook,
        recorder: Recorder,
        settings: Settings,
        authorizer: Authorizer | None = None,
    ) -> None:
        """authorizer: enforces IAM; None where every key may do everything."""
        self._admin, self._emr, self._ssm, self._mwaa, self._runs = admin, emr, ssm, mwaa_service, runs
        self._faults, self._recorder, self._settings = faults, recorder, settings
        self._authorizer, self._eks = authorizer, eks
        self._moto = DomainDispatcherApplication(create_backend_app)
        self._conditional_writes = threading.Lock()

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        # The gate has checked the signature; here it gives the region and service.
        caller = wire.caller_of(environ, self._settings.region)
        if environ["PATH_INFO"].startswith(PREFIX):
            return self._control(environ, caller).send(start_response)
        seen, start_response = self._recorder.note(environ, caller, self._account(caller), start_response)
        if answer := self._denial(environ, seen) or self._own_answer(environ, caller):
            return answer.send(start_response)
        if answer := self._service_fault(environ, caller):
            return answer.send(start_response)
        return self._ask_moto(environ, start_response, caller)

    def _control(self, environ: WSGIEnvironment, caller: Caller) -> Answer:
        """The answer of the server's own API. It issues role sessions, so a role's session must not call it."""
        health = environ["PATH_INFO"] == HEALTH
        if self._authorizer and not health and not self._authorizer.is_root(caller.access_key):
            return wire.json_answer({"error": "only the server's own key may ask this where IAM is enforced"}, 403)
        return self._admin.answer(environ)

    def _denial(self, environ: WSGIEnvironment, seen: Seen) -> Answer | None:
        """IAM's error for a call that the caller may not make."""
        if self._authorizer is None:
            return None
        host = str(environ.get("HTTP_HOST", "")).partition(":")[0].lower()
        in_path = seen.caller.service != "s3" or host in {*LOOPBACK, self._settings.host}
        refusal = self._authorizer.refusal(call_of(seen), self._account(seen.caller), bucket_in_path=in_path)
        if refusal is None:
            return None
        log.warning("denied: %s", refusal)
        return refusals.answer(environ, DENIED_BY_SNS if seen.caller.service == "sns" else DENIED, refusal)

    def _own_answer(self, environ: WSGIEnvironment, caller: Caller) -> Answer | None:
        """The answer of one of localcloud's own services; None when the call is moto's."""
        target = environ.get("HTTP_X_AMZ_TARGET", "")
        if target.startswith(EMR_PREFIX):
            return self._answer_emr(target.removeprefix(EMR_PREFIX), environ, caller)
        if target.startswith(SSM_PREFIX):
            return self._answer_ssm(target.removeprefix(SSM_PREFIX), environ, caller)
        if caller.service == mwaa.SERVICE:
            return self._mwaa.answer(request_of(environ, caller), self._account(caller), caller.region)
        if caller.service == kubernetes_aws.SERVICE:
            return self._eks.answer(request_of(environ, caller), self._account(caller), caller.region)
        if caller.service in RUN_SERVICES:
            return self._answer_runs(environ, caller)
        return None

    def _answer_runs(self, environ: WSGIEnvironment, caller: Caller) -> Answer | None:
        account = self._account(caller)
        principal = name_of(caller.access_key) or f"arn:aws:iam::{account}:root"
        return self._runs.answer(request_of(environ, caller), account, caller.region, principal)

    def _answer_ssm(self, action: str, environ: WSGIEnvironment, caller: Caller) -> Answer | None:
        if self._faults.strike(FaultKind.SSM_THROTTLED, operation=action):
            return wire.json_error("ThrottlingException", "Rate exceeded")
        if not self._ssm.knows(action):
            return None
        return self._ssm.answer(action, wire.body_of(environ), self._account(caller), caller.region)

    def _ask_moto(self, environ: WSGIEnvironment, start_response: StartResponse, caller: Caller) -> Iterable[bytes]:
        environ.setdefault("HTTP_X_MOTO_ACCOUNT_ID", self._account(caller))
        # S3 decides a conditional write atomically; moto checks and then writes, in concurrent threads.
        one_at_a_time = self._conditional_writes if _is_conditional_write(environ) else nullcontext()
        try:
            with one_at_a_time:
                answer: Iterable[bytes] = self._moto(environ, start_response)
        except Exception as error:
            log.exception("moto broke on %s %s", environ["REQUEST_METHOD"], environ["PATH_INFO"])
            return _broken(environ, error).send(start_response)
        return answer

    def _account(self, caller: Caller) -> str:
        """The account of an access key; the configured account for an unknown key."""
        found = str(get_account_id_from(caller.access_key))
        return self._settings.account if found == DEFAULT_ACCOUNT else found

    def _answer_emr(self, action: str, environ: WSGIEnvironment, caller: Caller) -> Answer:
        body = wire.body_of(environ)
        names = _cluster_names(body)
        if self._throttles(action, names):
            return wire.json_error("ThrottlingException", "Rate exceeded")
        answer = self._emr.answer(action, body, self._account(caller), caller.region)
        if action == "RunJobFlow" and answer.status == 200:
            self._lose(names)
        return answer

    def _lose(self, names: tuple[str, ...]) -> None:
        if self._faults.strike(FaultKind.RUN_JOB_FLOW_ANSWER_LOST, cluster=names):
            # The cluster exists by now, but the caller does not learn it, as when a network fails at that moment.
            raise DropConnection

    def _throttles(self, action: str, names: tuple[str, ...]) -> bool:
        if self._faults.strike(FaultKind.EMR_THROTTLED, operation=action, cluster=names):
            return True
        return action == "RunJobFlow" and bool(self._faults.strike(FaultKind.RUN_JOB_FLOW_THROTTLED, cluster=names))

    def _service_fault(self, environ: WSGIEnvironment, caller: Caller) -> Answer | None:
        if caller.service == "s3":
            return self._s3_fault(environ)
        if caller.service == "sns" and self._faults.strike(FaultKind.SNS_DOWN, operation=_action(environ)):
            return wire.query_error("ServiceUnavailable", "The service is unavailable. Please retry.", 503)
        return None

    def _s3_fault(self, environ: WSGIEnvironment) -> Answer | None:
        bucket, _, key = environ["PATH_INFO"].lstrip("/").partition("/")
        method = environ["REQUEST_METHOD"]
        for kind, answer in _S3_FAULTS.items():
            if self._faults.strike(kind, bucket=bucket, key=key, operation=method):
                return wire.s3_error(*answer)
        return None


def _is_conditional_write(environ: WSGIEnvironment) -> bool:
    conditional = "HTTP_IF_MATCH" in environ or "HTTP_IF_NONE_MATCH" in environ
    return conditional and environ["REQUEST_METHOD"] in ("PUT", "POST", "DELETE")


def _cluster_names(body: bytes) -> tuple[str, ...]:
    """The clusters in an EMR request, by name (RunJobFlow) or ids; fault patterns match these."""
    try:
        params = json.loads(body or b"{}")
    except json.JSONDecodeError:
        return ()
    fields = ("Name", "ClusterId", "JobFlowId", "ResourceId")
    names = [str(params[field]) for field in fields if params.get(field)]
    return (*names, *params.get("JobFlowIds", ()))


def _broken(environ: WSGIEnvironment, error: Exception) -> Answer:
    message = f"localcloud (moto) broke on this request: {error!r}"
    if "HTTP_X_AMZ_TARGET" in environ:
        return wire.json_error("InternalFailure", message, 500)
    return wire.query_error("InternalFailure", message, 500)


def _action(environ: WSGIEnvironment) -> str:
    body = wire.body_of(environ)
    # moto reads the body again.
    environ["wsgi.input"] = io.BytesIO(body)
    return parse_qs(body.decode("utf-8", "replace")).get("Action", [""])[0]
