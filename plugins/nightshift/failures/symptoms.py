"""Failure symptoms: for each kind of error text, patterns and the cause that each one shows."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from nightshift.failures.causes import Cause


class Symptom(NamedTuple):
    """A text that matches `pattern` shows `cause`; `because` says what the words are and who writes them."""

    pattern: str
    cause: Cause
    because: str


DENIED = Symptom(
    r"AccessDenied|Access Denied|Unauthorized|not authorized|Forbidden|Status(?: )?Code: 403|AuthFailure"
    r"|InvalidClientTokenId|SignatureDoesNotMatch|ExpiredToken|UnrecognizedClient|InvalidAccessKeyId|explicit deny",
    Cause.IAM,
    "AWS's words for a missing right or for credentials that it does not know, in SDKs for Python, Java and Go",
)
THROTTLED = Symptom(
    r"Throttl|SlowDown|Slow Down|Rate ?[Ee]xceeded|RequestLimitExceeded|TooManyRequests|ServiceUnavailable"
    r"|Internal(?:Server|Service)?(?:Error|Failure|Exception)|Status(?: )?Code: 5\d\d|reduce your request rate"
    r"|ConcurrentRunsExceeded",
    Cause.THROTTLE,
    "AWS asks for patience, or broke on its own side",
)
NO_CAPACITY = Symptom(
    r"INSUFFICIENT_CAPACITY|[Ii]nsufficient.{0,9} capacity|InsufficientInstanceCapacity|INSTANCE_FLEET_TIMEOUT"
    r"|SpotMaxPriceTooLow|MaxSpotInstanceCount|VcpuLimit|INSTANCE_FAILURE",
    Cause.CAPACITY,
    "EC2 has no such instances, or takes one back",
)
NO_WORKERS = Symptom(
    r"service limit on the maximum vCPU|exceeded (?:the )?maximumCapacity|[Ww]orker could not be allocated"
    r"|Resource unavailable|Max concurrent (?:job runs|compute)|ResourceNumberLimitExceeded|ServiceQuotaExceeded",
    Cause.CAPACITY,
    "EMR Serverless (guide, Troubleshooting) and Glue (guide, job run statuses) on an exhausted quota or region",
)
NO_NODES = Symptom(
    r"exceeded quota|OOMKilled|\bEvicted\b|Preempting|NodeLost|Insufficient (?:cpu|memory)",
    Cause.CAPACITY,
    "Kubernetes on a namespace's quota, a container above its limit, a node that is short of something",
)
UNTRUSTED = Symptom(
    r"[Cc]ould not assume execution role|should be given assume role permissions|S3 access denied",
    Cause.IAM,
    "EMR Serverless and Glue on a job's role that does not trust them, or lacks a right",
)
LINGERS = Symptom(
    r"DependencyViolation",
    Cause.LEAK,
    "EC2 counts the network interfaces of a cluster that has ended as users of its groups for some minutes more",
)

NO_SPACE = Symptom(
    r"[Nn]o space left on device|[Dd]isk quota exceeded|database or disk is full",
    Cause.DISK,
    "the system's words, repeated by Go, Java and Python, and SQLite's",
)

NO_MEMORY = Symptom(
    r"OutOfMemory|MemoryError|GC overhead|Cannot allocate memory|(?:[Ee]xit(?:ed)?|status).{0,20}\b137\b"
    r"|beyond (?:the )?(?:physical|virtual|'?PHYSICAL'?) memory|running beyond|Java was killed",
    Cause.CAPACITY,
    "the driver or an executor was out of memory; 137 is SIGKILL, which is YARN's or the kernel's way to say it",
)

AWS: Sequence[Symptom] = (DENIED, UNTRUSTED, THROTTLED, NO_CAPACITY, NO_WORKERS, LINGERS)

TERRAFORM: Sequence[Symptom] = (
    NO_SPACE,
    Symptom(r"Error acquiring the state lock|Error locking state", Cause.LOCK, "the state's lock file is there"),
    Symptom(r"Interrupt received|[Oo]peration (?:was )?canceled", Cause.STOPPED, "terraform's words for its SIGINT"),
    *AWS,
)

CLUSTER: Sequence[Symptom] = (  # StateChangeReason and ErrorDetails codes of the EMR API reference
    NO_CAPACITY,
    Symptom(r"BOOTSTRAP_FAILURE|[Bb]ootstrap action", Cause.BOOTSTRAP, "a bootstrap action came back non-zero"),
    Symptom(r"USER_REQUEST|[Tt]erminated by user", Cause.STOPPED, "somebody called TerminateJobFlows"),
    DENIED,
    Symptom(r"service role|instance profile|EMR_DefaultRole", Cause.IAM, "VALIDATION_ERROR speaks of roles like that"),
    Symptom(r"INTERNAL_ERROR", Cause.THROTTLE, "EMR broke on its own side"),
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
    ),
    Symptom(
        r"CAST_INVALID_INPUT|CANNOT_PARSE|MALFORMED|NumberFormatException|DateTimeException|UnicodeDecodeError"
        r"|Malformed|not a Parquet file|ParquetDecoding|SchemaColumnConvert|ARITHMETIC_OVERFLOW"
        r"|no such text encoding|InvalidOperation",
        Cause.DATA,
        "Spark and Python on values and files that they cannot read",
    ),
    Symptom(
        r"EOFException|(?i:not (?:a|in) gzip)|unexpected end of (?:ZLIB )?input|Unexpected end of input stream"
        r"|incorrect (?:data|header) check|invalid (?:block type|stored block|distance|code length)|ZipException"
        r"|exceeds the max length allowed",
        Cause.DATA,
        "Hadoop, the JVM and zlib on a file that is cut short, or is not packed as its name says",
    ),
    Symptom(
        r"ExecutorLost|Slave lost|[Nn]ode was lost|decommission|MetadataFetchFailed",
        Cause.CAPACITY,
        "EC2 took nodes away faster than Spark could make up for it",
    ),
)


CUT_SHORT: Sequence[Symptom] = (  # the reason for a job's end that is no error of its own
    Symptom(
        r"TIMEOUT|EXPIRED|timed out|exceeded its timeout|DeadlineExceeded",
        Cause.TIMEOUT,
        "EMR Serverless, Glue and Kubernetes at a limit",
    ),
    NO_NODES,
    Symptom(r"ErrImagePull|ImagePullBackOff|InvalidImageName|CreateContainer", Cause.CODE, "a pod that cannot start"),
)


def cause_in(text: str, symptoms: Sequence[Symptom]) -> Cause | None:
    """The cause of the first symptom whose pattern the text matches; None if none does. Order is precedence."""
    return next((symptom.cause for symptom in symptoms if re.search(symptom.pattern, text)), None)
