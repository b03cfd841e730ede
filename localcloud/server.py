"""A localcloud inside this process: patched moto, localcloud's EMR, and faults behind one HTTP server."""

from __future__ import annotations

import ipaddress
import os
import sys
import threading
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from types import TracebackType

# moto reads it when it creates IAM's backend; AWS always has its managed policies.
os.environ.setdefault("MOTO_IAM_LOAD_MANAGED_POLICIES", "true")

from moto.ec2.models import ec2_backends

from localcloud import credentials, gaps, private
from localcloud.admin import Admin
from localcloud.credentials import Access, Credentials
from localcloud.emr.engine import Clock, Engine, utc_now
from localcloud.emr.lifecycle import Timing
from localcloud.emr.seam import Runner
from localcloud.emr.service import EmrService
from localcloud.emr.store import Store
from localcloud.faults import FaultBook
from localcloud.front import Front
from localcloud.gate import Gate
from localcloud.http_server import HttpServer
from localcloud.iam.authorizer import Authorizer
from localcloud.iam.sessions import RoleSessions
from localcloud.iam.step_rights import SessionRights
from localcloud.identities import Identities
from localcloud.keyring import Keyring
from localcloud.kubernetes import aws as kubernetes_aws
from localcloud.kubernetes.eks import EksService
from localcloud.kubernetes.kubelet import NodePlace
from localcloud.kubernetes.plane import Listening, OnDemand, Plane
from localcloud.mwaa import MwaaService
from localcloud.recorder import Recorder
from localcloud.runs.engine import RunEngine, RunTiming
from localcloud.runs.model import RunStore
from localcloud.runs.service import RunsService
from localcloud.settings import DEFAULT_ACCOUNT, LOOPBACK, Settings
from localcloud.ssm.engine import CommandEngine
from localcloud.ssm.runner import HostRunner
from localcloud.ssm.service import SsmService
from localcloud.steps import StepRunner, StepSettings
from localcloud.steps.rights import RightsOf, everything

gaps.close_all()  # moto's classes belong to the process: they are patched before any is instantiated

# The longest that stop() waits for the listener to notice; socketserver's default is half a second.
_STOP_POLL_SECONDS = 0.02


class LocalCloud:
    """One server, started and stopped as a context manager or by start() and stop().

    with LocalCloud(Settings(port=0, home=tmp_path)) as cloud:
        os.environ.update(cloud.access.environment("us-east-1"))
        boto3.client("emr")

    Every request must be signed with its key, which is new for each server and is in its home while it runs.
    moto keeps its resources in the process, so two servers in one process share everything but EMR and commands.
    """

    def __init__(self, settings: Settings, *, runner: Runner | None = None, clock: Clock = utc_now) -> None:
        self.settings = settings
        self._credentials = _credentials(settings)
        self.faults = FaultBook()
        self.store = Store()
        self._authorizer = Authorizer(self._credentials.access_key) if settings.iam else None
        self._runner = runner or _step_runner(settings, self._authorizer)
        self.engine = Engine(self.store, self._runner, self.faults, _timing(settings), clock)
        self._emr = EmrService(self.store, self.engine, clock)
        self.commands = CommandEngine(HostRunner(settings.work_dir, settings.python or sys.executable), clock)
        self._ssm = SsmService(self.commands, self.faults, clock)
        self._mwaa = MwaaService(settings.provisioning_seconds, clock)
        self.runs = RunStore()
        timing = RunTiming(settings.run_start_seconds, settings.application_seconds)
        self.run_engine = RunEngine(self.runs, self._runner, self.faults, timing, clock)
        self._run_service = RunsService(self.runs, self.run_engine, self.faults, clock)
        self._eks, self.kubernetes = EksService(clock), OnDemand(self._plane)
        self._roles, self._clock = RoleSessions() if settings.iam else None, clock
        self._server: HttpServer | None = None
        self._thread: threading.Thread | None = None

    @property
    def endpoint(self) -> str:
        """Where the server listens; only while it runs."""
        assert self._server is not None, "the server is not running: call start() first"
        return self._server.endpoint

    @property
    def access(self) -> Access:
        """The server and its key; only while it runs."""
        return Access(self.endpoint, self._credentials)

    def start(self) -> None:
        """Listen and start the engines. Raises PortTakenError when another program has the port."""
        recorder = Recorder(self._tags_of)
        front = self._front(recorder)
        private.folder(self.settings.home)
        self._server = HttpServer(self.settings.host, self.settings.port, self._gate(front))
        credentials.write(self._credentials, self.settings.credentials_file)
        identities = Identities(self.access, self._roles, self._clock)
        self.engine.start(identities.of_cluster)
        self.commands.start(identities.of_instance)
        self.run_engine.start(identities.of_run)
        self._thread = threading.Thread(target=self._serve, name="localcloud-http", daemon=True)
        self._thread.start()
        if self.settings.kubernetes:
            self.kubernetes()

    def _front(self, recorder: Recorder) -> Front:
        admin = Admin(self.store, self.faults, recorder, self._roles)
        return Front(
            *(admin, self._emr, self._ssm, self._mwaa, self._run_service),
            eks=kubernetes_aws.EksFront(self._eks, self.kubernetes),
            faults=self.faults,
            recorder=recorder,
            settings=self.settings,
            authorizer=self._authorizer,
        )

    def _plane(self) -> Plane:
        """Kubernetes, not started; called while the server runs."""
        secret_of = Keyring(self._credentials).secret_of
        account = partial(kubernetes_aws.account_of, default=DEFAULT_ACCOUNT, configured=self.settings.account)
        verify = kubernetes_aws.TokenCheck(secret_of, account)
        place = (self.settings.kubernetes_dir, self._node_place)
        host = _kubernetes_host(self.settings.host)
        return Plane(*place, verify, self.faults, self._clock, host=host)

    def _node_place(self, listening: Listening) -> NodePlace:
        pods = kubernetes_aws.PodAccess(
            *(lambda: self.access, self._roles, self._clock),
            associated=partial(self._eks.role_of, self.settings.account),
        )
        return NodePlace(
            *(listening.directory, _step_settings(self.settings), self.settings.account, self.settings.region),
            api=listening.api,
            access_of=lambda pod: pods.of(pod, listening.resources),
            rights_of=_rights_of(self._authorizer),
        )

    def _gate(self, front: Front) -> Gate:
        names = {*LOOPBACK, self.settings.host}
        key_file = Path(self.settings.credentials or self.settings.credentials_file)
        return Gate(front, Keyring(self._credentials).secret_of, names, key_file)

    def _tags_of(self, account: str, region: str, resource: str) -> Mapping[str, str]:
        """The current tags of a cluster, of what job runs belong to, or of an EC2 resource."""
        with self.runs.changed:
            if (tags := self.runs.tags(resource)) is not None:
                return dict(tags)
        with self.store.changed:
            cluster = self.store.region(account, region).clusters.get(resource)
            if cluster:
                return dict(cluster.tags)
        regions = ec2_backends[account]
        return dict(regions[region].tags.get(resource, {})) if region in regions.regions else {}

    def _serve(self) -> None:
        assert self._server is not None, "start() made it"
        self._server.serve_forever(poll_interval=_STOP_POLL_SECONDS)

    def stop(self) -> None:
        """Stop every step and command, then stop listening; safe to call twice."""
        if self._server is None:
            return
        # Pods and steps first: while they end, they may still write to this server's S3.
        self.kubernetes.stop()
        self.run_engine.stop()
        self.engine.stop()
        self.commands.stop()
        self._server.close()
        self._server = None
        self.settings.credentials_file.unlink(missing_ok=True)

    def __enter__(self) -> LocalCloud:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


def _credentials(settings: Settings) -> Credentials:
    return credentials.read(Path(settings.credentials)) if settings.credentials else credentials.fresh()


def _step_runner(settings: Settings, authorizer: Authorizer | None) -> StepRunner:
    own = _step_settings(settings)
    return StepRunner(settings.work_dir, settings.log_delay_seconds, own, _rights_of(authorizer))


def _step_settings(settings: Settings) -> StepSettings:
    flink_home = Path(settings.flink_home).absolute() if settings.flink_home else None
    return StepSettings(
        cores=settings.cores,
        python=settings.python or sys.executable,
        steps_per_java=settings.steps_per_java,
        flink_home=flink_home,
    )


def _rights_of(authorizer: Authorizer | None) -> RightsOf:
    return partial(SessionRights, authorizer) if authorizer else everything


def _timing(settings: Settings) -> Timing:
    return Timing(settings.provisioning_seconds, settings.bootstrap_seconds, settings.termination_seconds)


def _kubernetes_host(host: str) -> str:
    """Where Kubernetes listens: at the AWS server's address, or on loopback where that is a name or every address, for
    which its certificate could not be made out."""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return LOOPBACK[0]
    return LOOPBACK[0] if address.is_unspecified else host
