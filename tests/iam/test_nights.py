"""Least privilege shown on nights that were played: what they ask of AWS is allowed, and nothing else is; and what they
leave behind holds no secret.

The nights run on a localcloud that enforces IAM, so a call that a role may not make ends them. The way round, what
was called (told apart by its principal) is held against the policies that terraform rendered, read back from where it
applied them: no grant is idle. One file, because each worker of pytest-xdist takes whole files and would play the
nights again.
"""

import io
import json
import shutil
import subprocess
import sys
from dataclasses import replace
from functools import partial

import pyarrow.parquet as pq
import pytest

from embedded.cloud import cluster_logs
from embedded.cloud.environment import NAME
from embedded.terminal import diagnosis
from localcloud.iam.needs import Place, Unmapped, needs
from localcloud.iam.policies import Need, statements
from nightshift.config import KINDS
from nightshift.pipelines import PIPELINES
from nightshift.run.ids import slug_of
from tests import callers
from tests.bed_api import DAY as BEDS_DAY
from tests.iam import failing, grants, leftovers, nodes, reference
from tests.iam.account import BEDS_PASSWORD, DEAD_RUN
from tests.iam.reasons import AIRFLOW, HOST, NODES
from tests.iam.stage import RED_DAY
from tools import paths

pytestmark = [pytest.mark.spark, pytest.mark.terraform]

LAKE = f"{NAME}-lake"
SWEPT = "/certificates.zip"
TERRAFORM = "HashiCorp/"  # it says so of itself
AIRFLOW_ROLE, HOST_ROLE = f"assumed-role/{NAME}-airflow/", f"assumed-role/{NAME}-ingest-host-covid_hospitals/"


@pytest.fixture(scope="module")
def granted_to(played):
    """The statements of a role, by the name of the foundation's output that holds its ARN, or holds it by pipeline."""
    iam, told = played.client("iam"), played.foundation

    def statements(output, pipeline=None):
        role = told[output][pipeline] if pipeline else told[output]
        return grants.of_role(iam, role.rsplit("/", 1)[-1])

    return statements


@pytest.fixture(scope="module")
def granted(granted_to):
    return granted_to("airflow_role_arn")


@pytest.fixture(scope="module")
def asked(played, place):
    return {need for call in of(AIRFLOW_ROLE, played) for need in needs(call, place)}


def of(role, played):
    """The calls that a role's sessions made."""
    return [call for call in played.calls if role in call["principal"]]


def test_the_nights_were_what_they_should_be(played):
    assert [run["state"] for run in played.runs] == [*["success"] * 5, "failed"]
    assert played.runs[3]["tasks"] == {"reap": "success", "check_freshness": "success"}
    assert played.runs[4]["tasks"] == {"look_for_drift": "success"}
    assert played.runs[5]["tasks"]["job_script"] == "failed"


def key_of(played):
    return played.foundation["kms_key_arn"]


def make_reader(played, name, may):
    """A role with these rights alone: resources by action."""
    trust = {"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::123456789012:root"}, "Action": "sts:AssumeRole"}
    statements = [{"Effect": "Allow", "Action": action, "Resource": on} for action, on in may.items()]
    document = {"Version": "2012-10-17", "Statement": [trust]}
    iam = played.client("iam")
    iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(document))
    policy = json.dumps({**document, "Statement": statements})
    iam.put_role_policy(RoleName=name, PolicyName="may", PolicyDocument=policy)


def test_a_reader_of_the_logs_alone_learns_why_the_step_failed(played):
    """diagnose under a role that may not call EMR: nothing but the failed cluster's logs."""
    [cluster] = [c["Id"] for c in played.client("emr").list_clusters()["Clusters"] if RED_DAY in c["Name"]]
    logs = f"arn:aws:s3:::{NAME}-logs"
    make_reader(
        played, "log-reader", {"s3:ListBucket": [logs], "s3:GetObject": [f"{logs}/*"], "kms:Decrypt": [key_of(played)]}
    )
    reader = partial(callers.client, played.env, "log-reader")
    remains = cluster_logs.read(reader("emr"), reader("s3"), cluster, f"s3://{NAME}-logs/emr/")
    lines = "\n".join(diagnosis.of_cluster(remains))
    assert failing.ERROR in lines and f"At {failing.PLACE}" in lines and "AccessDenied" in lines
    whole = cluster_logs.read(played.client("emr"), played.client("s3"), cluster)
    assert [part.name for part in whole.failed] == [failing.STEP] and not whole.unread


def test_a_reader_runs_the_failed_step_again_here_and_it_fails_at_the_same_line(played):
    """./nightshift repro under a role with the rights of docs/repro.md alone, and a few rows of the input."""
    bucket = {kind: f"arn:aws:s3:::{NAME}-{kind}" for kind in ("artifacts", "raw", "lake")}
    may = {
        "s3:ListBucket": [bucket["artifacts"]],
        "s3:ListBucketVersions": [bucket["raw"], bucket["lake"]],
        "s3:GetObject": [f"{bucket['artifacts']}/*", f"{bucket['lake']}/runs/*"],
        "s3:GetObjectVersion": [f"{bucket['raw']}/*", f"{bucket['lake']}/*"],
        "kms:Decrypt": [key_of(played)],
    }
    make_reader(played, "repro-reader", may)
    run = f"{failing.NAME}/{slug_of(played.runs[5]['run_id'])}"
    words = ("repro", f"s3://{LAKE}/runs/{run}/record.json", "--rows", "6")
    done = subprocess.run(
        [sys.executable, "-m", "embedded", *words],
        cwd=paths.ROOT,
        env=callers.environment(played.env, "repro-reader"),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    for where in ("There", "Here"):
        assert f"{where}:".ljust(10) + f"code: {failing.ERROR}\n{'':10}At {failing.PLACE}\n" in done.stdout
    assert "Result:   the same failure" in done.stdout
    here = paths.STATE / "repro" / run
    assert f"Delete it: rm -r {paths.shown(here)}" in done.stdout
    [file] = here.glob("fetched/*/shop_totals/**/rows.csv")
    assert [line.split(",")[1] for line in file.read_text().splitlines()] == [
        "customer",
        *(f"c{n:04}" for n in range(failing.BAD_ROW - 3, failing.BAD_ROW + 3)),
    ]
    assert (here.stat().st_mode & 0o77, (here / "again.sh").is_file()) == (0, True)
    shutil.rmtree(here)


def test_the_beds_that_a_host_fetched_at_its_second_try_add_up(played):
    key = f"gold/covid_hospitals/bed_occupancy/business_date={BEDS_DAY}/part-00000.parquet"
    table = pq.read_table(io.BytesIO(played.client("s3").get_object(Bucket=LAKE, Key=key)["Body"].read())).to_pylist()
    told = sum(document["_source"]["ofertaSRAGUti"] or 0 for document in played.beds.documents.values())
    assert len(played.beds.asked) == 2
    assert told and told == sum(r["offered"] for r in table if (r["bed_type"], r["pool"]) == ("icu", "covid"))
    assert [played.runs[2]["tasks"][task] for task in ("ingest", "stop_host")] == ["success", "success"]


def test_nothing_was_denied(played):
    assert {(c["service"], c["operation"]) for c in played.calls if c["status"] == 403} == set()


def test_all_calls_are_of_airflow_of_the_host_that_fetched_and_of_the_operator_who_brought_files(played):
    assert {call["principal"].rpartition("/")[0] for call in played.by_anybody} == {
        "",
        *(f"arn:aws:sts::123456789012:{role.rstrip('/')}" for role in (AIRFLOW_ROLE, HOST_ROLE)),
    }
    assert {(c["operation"], c["params"].get("Bucket")) for c in of(HOST_ROLE, played)} == {
        ("GetSecretValue", None),
        *((act, "nightshift-local-artifacts") for act in ("HeadObject", "GetObject")),
        *((act, "nightshift-local-raw") for act in ("GetObject", "PutObject", "ListObjectsV2")),
    }


def test_whatever_a_night_asks_is_allowed(asked, granted):
    assert grants.refused(asked, granted) == []


def test_what_no_night_asks_is_not_allowed_unless_a_reason_is_written_down(asked, granted):
    assert grants.in_vain(asked, granted, AIRFLOW) == []


def test_every_reason_still_holds(asked, granted):
    assert grants.outdated(asked, granted, AIRFLOW) == []


def test_without_any_one_grant_a_night_would_be_refused(asked, granted):
    """Mutation: each needed grant is taken away alone. One that is not missed is given twice."""
    not_missed = []
    for grant in grants.grants(granted):
        served = [need for need in asked if grant.serves(need)]
        kept = [s for s in granted if s is not grant.statement]
        rest = [g.alone() for g in grants.grants([grant.statement]) if g != grant]
        if served and not grants.refused(served, [*kept, *rest]):
            not_missed.append(str(grant))
    assert not_missed == []


def test_without_any_one_statement_a_night_would_be_refused(asked, granted):
    excused = {reason.sid for reason in AIRFLOW if reason.action == "*"}
    for statement in granted:
        if statement.effect == "Allow" and statement.sid not in excused:
            own = [*grants.grants([statement])]
            served = [need for need in asked if any(grant.serves(need) for grant in own)]
            assert grants.refused(served, [s for s in granted if s is not statement]), statement.sid


def test_a_cluster_or_a_group_of_somebody_else_is_out_of_reach(played, place, granted):
    """The tags in the conditions decide: the same calls on what carries another name."""
    theirs = {"nightshift:name": "somebody-else"}
    tried = [
        {**call, "resource_tags": {resource: theirs for resource in call["resource_tags"]}}
        for call in played.calls
        if call["operation"] in ("TerminateJobFlows", "AddJobFlowSteps", "DescribeCluster", "DeleteSecurityGroup")
    ]
    assert tried
    refused = grants.refused([need for call in tried for need in needs(call, place)], granted)
    assert {line.split(" on ")[0] for line in refused} >= {
        "emr:TerminateJobFlows: elasticmapreduce:TerminateJobFlows",
        "ec2:DeleteSecurityGroup: ec2:DeleteSecurityGroup",
    }


def test_the_dead_runs_remains_are_gone(played):
    dead = [{"Name": "tag:nightshift:run", "Values": [DEAD_RUN]}]
    ec2 = played.client("ec2")
    assert ec2.describe_security_groups(Filters=dead)["SecurityGroups"] == []
    assert ec2.describe_key_pairs(Filters=dead)["KeyPairs"] == []


def test_the_cluster_of_another_team_in_the_account_lived_through_it(played):
    alive = played.client("emr").list_clusters(ClusterStates=["WAITING"])["Clusters"]
    assert [cluster["Name"] for cluster in alive] == ["another team's"]


def test_a_cluster_without_this_names_tag_is_not_started(played, place, granted):
    run = next(call for call in played.calls if call["operation"] == "RunJobFlow")
    refused = grants.refused(needs({**run, "request_tags": {}}, place), granted)
    assert any("elasticmapreduce:RunJobFlow on" in line for line in refused)


def test_roles_are_handed_to_their_own_service_only(asked, granted):
    handed = [need for need in asked if need.action == "iam:PassRole"]
    assert len(handed) == 3
    elsewhere = [replace(need, context={"iam:passedtoservice": "lambda.amazonaws.com"}) for need in handed]
    assert len(grants.refused(elsewhere, granted)) == 3


def test_a_call_that_nobody_looked_up_is_not_guessed():
    with pytest.raises(Unmapped, match="DeleteBucket was called"):
        needs({"service": "s3", "operation": "DeleteBucket", "params": {}}, Place("us-east-1", "123456789012"))


OWNERS = {
    "s3:PutLifecycleConfiguration s3:PutBucketVersioning s3:PutEncryptionConfiguration s3:PutReplicationConfiguration"
    " s3:PutBucketPolicy s3:DeleteBucketPolicy s3:PutBucketPublicAccessBlock s3:PutBucketOwnershipControls"
    " s3:DeleteBucket": [f"arn:aws:s3:::{NAME}-{kind}" for kind in KINDS],
    "s3:DeleteObjectVersion s3:PutObjectAcl": [f"arn:aws:s3:::{NAME}-{kind}/a" for kind in KINDS],
    "s3:PutObject": [
        *(f"arn:aws:s3:::{NAME}-state/{stack}.tfstate" for stack in ("foundation", "mwaa", "people")),
        f"arn:aws:s3:::{NAME}-artifacts/mwaa/dags/wordcount.py",
    ],
    "iam:CreateRole iam:PutRolePolicy iam:AttachRolePolicy iam:CreatePolicyVersion iam:UpdateAssumeRolePolicy"
    " iam:CreateUser sts:AssumeRole": ["arn:aws:iam::123456789012:any/thing"],
}


def test_what_the_foundations_owner_decides_no_night_changes_whatever_is_attached_to_its_role(played, granted):
    owners = {
        **OWNERS,
        "sns:SetTopicAttributes sns:AddPermission sns:Subscribe": [played.foundation["topic_arn"]],
        "kms:PutKeyPolicy kms:ScheduleKeyDeletion kms:DisableKey": [played.foundation["kms_key_arn"]],
    }
    asked = [
        Need(action, resource)
        for actions, resources in owners.items()
        for action in actions.split()
        for resource in resources
    ]
    everything = list(statements("attached", {"Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}))
    assert len(grants.refused(asked, [*granted, *everything])) == len(asked)


def test_a_night_writes_into_no_bucket_but_its_own(place, granted):
    """Nor copies: a copy is a put where it goes."""
    for bucket in ("elsewhere", f"{NAME}-2-lake", f"{NAME}-raw", f"{NAME}-logs"):
        assert grants.refused(needs(nodes.call("PutObject", bucket, "a"), place), granted), bucket


def test_no_night_changed_anything_of_the_foundation(played):
    """By what it asked terraform for: state, lock and settings are as the owner left them."""
    by_terraform = [c for c in played.calls if TERRAFORM in c["user_agent"]]
    keys = {c["params"].get("Key") for c in by_terraform if c["operation"] in ("PutObject", "DeleteObject")}
    assert keys and all(key.startswith("transient/") for key in keys)
    assert not {c["operation"] for c in by_terraform} & {"PutBucketTagging", "SetTopicAttributes", "Subscribe"}


@pytest.fixture(scope="module")
def every_grant(granted_to):
    outputs = ("airflow_role_arn", "emr_service_role_arn", "emr_instance_profile_arn")
    of = [*((output,) for output in outputs), ("ingest_instance_profiles", "covid_hospitals")]
    return [grant for which in of for grant in grants.grants(granted_to(*which))]


@pytest.fixture(scope="module")
def formats(every_grant):
    if not reference.PYTHON.exists():
        pytest.skip(f"AWS's reference is not on this machine: `make lint` brings it to {reference.PYTHON.parents[1]}")
    return reference.formats({grant.action for grant in every_grant})


def test_every_action_is_one_that_aws_knows(formats):
    assert [action for action, known in formats.items() if known is None] == []


def test_no_grant_is_over_everything_where_aws_supports_less(every_grant, formats):
    wide = {grant.action for grant in every_grant if grant.resource == "*" and not grant.statement.not_resources}
    assert {action: formats[action] for action in wide if formats[action]} == {}
    assert len(wide) > 10


def test_no_grant_is_bound_to_a_resource_that_aws_does_not_look_at(every_grant, formats):
    """Such a grant allows nothing: what knows no resource is asked of everything."""
    bound = {grant.action for grant in every_grant if grant.resource != "*"}
    assert {action for action in bound if not formats[action]} == set()


@pytest.fixture(scope="module")
def nodes_may(granted_to):
    return granted_to("emr_instance_profile_arn")


@pytest.fixture(scope="module")
def versions(played):
    return played.versions


@pytest.fixture(scope="module")
def written(played, versions):
    there = {tuple(name.split("/", 1)) for name, _ in versions}
    aside = (f"{NAME}-state/", f"{NAME}-logs/ingest/")  # terraform's, and what the ingestion host's agent puts
    every = nodes.written(played.by_anybody, there)
    return {(bucket, key) for bucket, key in every if not f"{bucket}/{key}".startswith(aside)}


@pytest.fixture(scope="module")
def nodes_asked(played, place, written):
    reads = nodes.read(played.calls) | {(LAKE, f"staging/wordcount/run{SWEPT}")}
    return nodes.asked(place, written, reads, LAKE)


def test_steps_wrote_layers_manifests_and_logs(written):
    assert {bucket for bucket, _ in written} == {LAKE, f"{NAME}-logs"}
    prefixes = {key.split("/", 1)[0] for bucket, key in written if bucket == LAKE}
    assert {"bronze", "silver", "staging", "runs"} <= prefixes


def test_whatever_a_step_does_is_allowed_and_the_rest_has_a_reason(nodes_asked, nodes_may):
    assert grants.refused(nodes_asked, nodes_may) == []
    assert grants.in_vain(nodes_asked, nodes_may, NODES) == []
    assert grants.outdated(nodes_asked, nodes_may, NODES) == []


def test_a_step_can_change_neither_its_input_nor_its_code_nor_a_state(place, nodes_may):
    tried = [
        needs(nodes.call(operation, f"{NAME}-{kind}", "a"), place)[0]
        for operation in ("PutObject", "DeleteObject")
        for kind in ("raw", "artifacts", "state")
    ]
    assert len(grants.refused(tried, nodes_may)) == len(tried)


@pytest.fixture(scope="module")
def host_asked(played, place):
    return {need for call in of(HOST_ROLE, played) for need in needs(call, place)}


def test_whatever_the_ingestion_host_does_is_allowed_and_the_rest_has_a_reason(host_asked, granted_to):
    host_may = granted_to("ingest_instance_profiles", "covid_hospitals")
    assert grants.refused(host_asked, host_may) == []
    assert grants.in_vain(host_asked, host_may, HOST) == []
    assert grants.outdated(host_asked, host_may, HOST) == []


def opening(name, place):
    asked = {"SecretId": name}
    call = {"service": "secretsmanager", "operation": "GetSecretValue", "params": asked, "request_tags": {}}
    return needs(call, place)


OPENS = {
    ("emr_instance_profile_arn", None): set(),
    ("emr_source_profile_arns", "card_movements"): {"cards"},
    ("emr_source_profile_arns", "mrhealth_sales"): {"head_office"},
    ("ingest_instance_profiles", "covid_hospitals"): {"covid_api", "covid_tables"},
}


@pytest.mark.parametrize("which", OPENS, ids=lambda which: "-".join(filter(None, which)))
def test_a_step_or_a_host_opens_its_own_pipelines_sources_and_no_other_secret(place, granted_to, which):
    may, own = granted_to(*which), OPENS[which]
    names = {"cards", "cards-2", "card", "head_office", "covid_api", "covid_tables"}
    assert {name for name in names if not grants.refused(opening(f"{NAME}/sources/{name}", place), may)} == own
    for other in (f"{NAME}/runs/key", f"{NAME}/ssh/bastion", f"{NAME}-2/sources/cards", "sources/cards"):
        assert grants.refused(opening(other, place), may), other


def test_the_nights_of_files_had_nodes_that_open_no_source(played):
    roles = {c["params"]["JobFlowRole"] for c in played.calls if c["operation"] == "RunJobFlow"}
    assert roles == {played.foundation["emr_instance_profile_arn"]}


def test_airflow_may_bring_drivers_and_look_into_a_database_of_its_name(place, granted):
    driver = nodes.call("PutObject", f"{NAME}-artifacts", "jdbc/0123/postgresql.jar")
    assert grants.refused(needs(driver, place), granted) == []
    databases = {f"sources/{pipeline.database}" for pipeline in PIPELINES.values() if pipeline.database}
    assert databases == {"sources/cards", "sources/head_office"}
    for own in (*databases, "runs/key"):
        assert grants.refused(opening(f"{NAME}/{own}", place), granted) == []
    no_pipelines = ("sources/payroll", "sources/cards-2", "sources/covid_api", "secret", "ssh/bastion")
    for other in (f"{NAME}-2/sources/cards", *(f"{NAME}/{name}" for name in no_pipelines)):
        assert grants.refused(opening(other, place), granted), other


def test_airflow_leaves_the_passwords_of_databases_as_they_are(place, granted):
    for operation in ("PutSecretValue", "DeleteSecret"):
        call = {"service": "secretsmanager", "operation": operation, "params": {"SecretId": f"{NAME}/sources/cards"}}
        assert grants.refused(needs({**call, "request_tags": {}}, place), granted), operation


@pytest.fixture(scope="module")
def secrets(played):
    """Every line of every private key that was in use while the night ran, AWS's secret key, a source's password."""
    lines = [line for key in played.private_keys for line in key.splitlines() if line and "-----" not in line]
    assert len(played.private_keys) == 2, "one way in and one certificate"
    assert len(lines) > 40
    return [line.encode() for line in lines] + [played.env["AWS_SECRET_ACCESS_KEY"].encode(), BEDS_PASSWORD.encode()]


def test_the_search_finds_a_key_where_there_is_one(secrets, versions):
    assert set(leftovers.found(secrets, [v for v in versions if v[0].endswith(SWEPT)])), (
        "the cluster's certificate was there once"
    )


def test_no_version_of_a_state_a_record_or_a_log_in_s3_holds_one(secrets, versions):
    names = {name for name, _ in versions}
    assert any(name.startswith(f"{NAME}-state/transient/") for name in names)
    assert any(name.startswith(f"{LAKE}/runs/") for name in names)
    assert any(name.startswith(f"{NAME}-logs/") for name in names)
    assert leftovers.found(secrets, [v for v in versions if not v[0].endswith(SWEPT)]) == []


def test_neither_airflows_logs_nor_its_database_hold_one(played, secrets):
    left = leftovers.files(played.airflow_home, played.log)
    assert any(name.endswith("airflow.db") for name, _ in left)
    assert leftovers.found([b"security_configuration"], left), "XCom is in there, so a secret would be found"
    assert leftovers.found(secrets, left) == []


def test_neither_the_cloud_nor_any_call_but_the_one_that_keeps_it_was_told_one(played, secrets):
    told = [(call["operation"], json.dumps(call).encode()) for call in played.by_anybody]
    assert {"Publish", "AddJobFlowSteps", "RunJobFlow"} <= {name for name, _ in told}
    assert leftovers.found(secrets, [*told, *leftovers.files(played.server_log)]) == []


def test_the_certificate_and_the_secret_are_gone_with_the_run(played):
    staged = played.client("s3").list_objects_v2(Bucket=LAKE, Prefix="staging/").get("Contents", [])
    assert staged == []
    left = played.client("secretsmanager").list_secrets(IncludePlannedDeletion=True)["SecretList"]
    assert [secret["Name"] for secret in left] == [f"{NAME}/sources/covid_api"]
