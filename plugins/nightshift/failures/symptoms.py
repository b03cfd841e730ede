"""Failure symptoms: for each kind of error text, patterns, the cause that each one shows, and what it means."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from nightshift.failures.causes import Cause


class Symptom(NamedTuple):
    """A text that matches `pattern` shows `cause`; `because` says what the words are and who writes them, `means` what
    they say, for a reader who does not know those of Spark, terraform or AWS."""

    pattern: str
    cause: Cause
    because: str
    means: str


DENIED = Symptom(
    r"AccessDenied|Access Denied|Unauthorized|not authorized|Forbidden|Status(?: )?Code: 403|AuthFailure"
    r"|InvalidClientTokenId|SignatureDoesNotMatch|ExpiredToken|UnrecognizedClient|InvalidAccessKeyId|explicit deny",
    Cause.IAM,
    "AWS's words for a missing right or for credentials that it does not know, in SDKs for Python, Java and Go",
    "a permission is missing",
)
THROTTLED = Symptom(
    r"Throttl|SlowDown|Slow Down|Rate ?[Ee]xceeded|RequestLimitExceeded|TooManyRequests|ServiceUnavailable"
    r"|Internal(?:Server|Service)?(?:Error|Failure|Exception)|Status(?: )?Code: 5\d\d|reduce your request rate"
    r"|ConcurrentRunsExceeded",
    Cause.THROTTLE,
    "AWS asks for patience, or broke on its own side",
    "a service of AWS is overloaded or failed",
)
NO_CAPACITY = Symptom(
    r"INSUFFICIENT_CAPACITY|[Ii]nsufficient.{0,9} capacity|InsufficientInstanceCapacity|INSTANCE_FLEET_TIMEOUT"
    r"|SpotMaxPriceTooLow|MaxSpotInstanceCount|VcpuLimit|INSTANCE_FAILURE",
    Cause.CAPACITY,
    "EC2 has no such instances, or takes one back",
    "EC2 has no such machines now, or took one back",
)
NO_WORKERS = Symptom(
    r"service limit on the maximum vCPU|exceeded (?:the )?maximumCapacity|[Ww]orker could not be allocated"
    r"|Resource unavailable|Max concurrent (?:job runs|compute)|ResourceNumberLimitExceeded|ServiceQuotaExceeded",
    Cause.CAPACITY,
    "EMR Serverless (guide, Troubleshooting) and Glue (guide, job run statuses) on an exhausted quota or region",
    "the service has no workers left for the job",
)
NO_NODES = Symptom(
    r"exceeded quota|OOMKilled|\bEvicted\b|Preempting|NodeLost|Insufficient (?:cpu|memory)",
    Cause.CAPACITY,
    "Kubernetes on a namespace's quota, a container above its limit, a node that is short of something",
    "Kubernetes has no room for the job's pods, or stopped one",
)
UNTRUSTED = Symptom(
    r"[Cc]ould not assume execution role|should be given assume role permissions|S3 access denied",
    Cause.IAM,
    "EMR Serverless and Glue on a job's role that does not trust them, or lacks a right",
    "the job's role does not trust the service, or lacks a permission",
)
LINGERS = Symptom(
    r"DependencyViolation",
    Cause.LEAK,
    "EC2 counts the network interfaces of a cluster that has ended as users of its groups for some minutes more",
    "EC2 still counts something as in use",
)

NO_SPACE = Symptom(
    r"[Nn]o space left on device|[Dd]isk quota exceeded|database or disk is full",
    Cause.DISK,
    "the system's words, repeated by Go, Java and Python, and SQLite's",
    "a disk is full",
)

NO_MEMORY = Symptom(
    r"OutOfMemory|MemoryError|GC overhead|Cannot allocate memory|(?:[Ee]xit(?:ed)?|status).{0,20}\b137\b"
    r"|beyond (?:the )?(?:physical|virtual|'?PHYSICAL'?) memory|running beyond|Java was killed",
    Cause.CAPACITY,
    "the driver or an executor was out of memory; 137 is SIGKILL, which is YARN's or the kernel's way to say it",
    "the job ran out of memory",
)

AWS: Sequence[Symptom] = (DENIED, UNTRUSTED, THROTTLED, NO_CAPACITY, NO_WORKERS, LINGERS)

TERRAFORM: Sequence[Symptom] = (
    NO_SPACE,
    Symptom(
        r"Error acquiring the state lock|Error locking state",
        Cause.LOCK,
        "the state's lock file is there",
        "the state is locked by another terraform",
    ),
    Symptom(
        r"Interrupt received|[Oo]peration (?:was )?canceled",
        Cause.STOPPED,
        "terraform's words for its SIGINT",
        "terraform was interrupted",
    ),
    *AWS,
)

CLUSTER: Sequence[Symptom] = (  # StateChangeReason and ErrorDetails codes of the EMR API reference
    NO_CAPACITY,
    Symptom(
        r"BOOTSTRAP_FAILURE|[Bb]ootstrap action",
        Cause.BOOTSTRAP,
        "a bootstrap action came back non-zero",
        "the preparation of the cluster's machines (bootstrap) failed",
    ),
    Symptom(
        r"USER_REQUEST|[Tt]erminated by user",
        Cause.STOPPED,
        "somebody called TerminateJobFlows",
        "somebody terminated the cluster",
    ),
    DENIED,
    Symptom(
        r"service role|instance profile|EMR_DefaultRole",
        Cause.IAM,
        "VALIDATION_ERROR speaks of roles like that",
        "the cluster's roles are not right",
    ),
    Symptom(r"INTERNAL_ERROR", Cause.THROTTLE, "EMR broke on its own side", "EMR failed on its own side"),
)

STEP: Sequence[Symptom] = (  # the error at the end of a traceback, or the line that a job ends with
    NO_SPACE,
    NO_MEMORY,
    NO_WORKERS,
    NO_NODES,
    UNTRUSTED,
    DENIED,
    THROTTLED,
    Symptom(
        r"PATH_NOT_FOUND|[Pp]ath does not exist|FileNotFound|NoSuchKey|No such file or directory: '?s3",
        Cause.UPSTREAM,
        "a file that should be there is not, or went while it was read",
        "a file or folder that the job reads is not there",
    ),
    Symptom(
        r"CAST_INVALID_INPUT|CANNOT_PARSE|MALFORMED|NumberFormatException|DateTimeException|UnicodeDecodeError"
        r"|Malformed|not a Parquet file|ParquetDecoding|SchemaColumnConvert|ARITHMETIC_OVERFLOW"
        r"|no such text encoding|InvalidOperation",
        Cause.DATA,
        "Spark and Python on values and files that they cannot read",
        "a value or a file cannot be read as what it should be",
    ),
    Symptom(
        r"EOFException|(?i:not (?:a|in) gzip)|unexpected end of (?:ZLIB )?input|Unexpected end of input stream"
        r"|incorrect (?:data|header) check|invalid (?:block type|stored block|distance|code length)|ZipException"
        r"|exceeds the max length allowed",
        Cause.DATA,
        "Hadoop, the JVM and zlib on a file that is cut short, or is not packed as its name says",
        "a file is cut short, or is not packed as its name says",
    ),
    Symptom(
        r"ExecutorLost|Slave lost|[Nn]ode was lost|decommission|MetadataFetchFailed",
        Cause.CAPACITY,
        "EC2 took nodes away faster than Spark could make up for it",
        "EC2 took machines away faster than Spark could replace them",
    ),
)


CUT_SHORT: Sequence[Symptom] = (  # the reason for a job's end that is no error of its own
    Symptom(
        r"TIMEOUT|EXPIRED|timed out|exceeded its timeout|DeadlineExceeded",
        Cause.TIMEOUT,
        "EMR Serverless, Glue and Kubernetes at a limit",
        "the job did not end within its time limit",
    ),
    NO_NODES,
    Symptom(
        r"ErrImagePull|ImagePullBackOff|InvalidImageName|CreateContainer",
        Cause.CODE,
        "a pod that cannot start",
        "a pod cannot start",
    ),
)


def first_in(text: str, symptoms: Sequence[Symptom]) -> Symptom | None:
    """The first symptom whose pattern the text matches; None if none does. Order is precedence."""
    return next((symptom for symptom in symptoms if re.search(symptom.pattern, text)), None)


def cause_in(text: str, symptoms: Sequence[Symptom]) -> Cause | None:
    """The cause of the first symptom that the text shows; None if it shows none."""
    symptom = first_in(text, symptoms)
    return symptom.cause if symptom else None
