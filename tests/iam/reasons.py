"""What the roles may do although no recorded call needs it, each with its reason; nothing else is granted in vain."""

from __future__ import annotations

from dataclasses import dataclass

from localcloud.iam.policies import matches


@dataclass(frozen=True)
class Reason:
    """why a grant stands: by its statement, its action and its resource (both with IAM's wildcards)."""

    sid: str
    why: str
    action: str = "*"
    resource: str = "*"

    def covers(self, sid: str, action: str, resource: str) -> bool:
        """Whether it speaks about this grant."""
        return sid == self.sid and matches(self.action, action) and matches(self.resource, resource)


MWAA = "Amazon MWAA asks it of every execution role, in its own name; localcloud's MWAA asks nobody"
LARGE = "a gold file above 8 MB is copied in parts, and what was copied is thrown away when one fails"
DRIVERS = "for a pipeline that reads a database; these nights read files"
NETWORK = "a foundation with nat = true is read with it; here there is none"
ELSEWHERE = "nights on other targets ask it: tests/e2e/test_targets.py plays them under this role"
ONCE = "asked once, when an account makes its first application; localcloud does not look"

AIRFLOW = (
    Reason("ReportItIsAlive", MWAA),
    Reason("ProveBucketsArePrivate", MWAA),
    Reason("LookAtTheBundlesBucket", MWAA),
    Reason("ReadTheBundlesVersions", MWAA),
    Reason("WriteTaskLogs", MWAA),
    Reason("FindLogGroups", MWAA),
    Reason("Measure", MWAA),
    Reason("QueueTasks", MWAA),
    Reason("EncryptTheQueue", MWAA),
    Reason("WriteTheLake", LARGE, "s3:AbortMultipartUpload"),
    Reason("PublishJobs", DRIVERS, "*", "*/jdbc/*"),
    Reason("OpenThePipelinesDatabases", DRIVERS),
    Reason("HandNodesTheirRole", DRIVERS, "iam:PassRole", "*-emr-instance-*"),
    Reason("RunClustersOfThisName", "see the comment there", "elasticmapreduce:PutAutoTerminationPolicy"),
    Reason("RunClustersOfThisName", "of a run that leaves a pack before its steps have ended", "*:CancelSteps"),
    Reason("LetEmrCleanUp", "asked once, when an account starts its first cluster; localcloud does not look"),
    *(Reason(sid, ELSEWHERE) for sid in ("MakeApplicationsOfThisName", "TagThemAndTheirJobsAtBirth")),
    *(Reason(sid, ELSEWHERE) for sid in ("RunApplicationsOfThisName", "HandServerlessJobsTheirRole")),
    *(Reason(sid, ELSEWHERE) for sid in ("MakeGlueJobsOfThisName", "RunGlueJobsOfThisName", "LookForGlueJobs")),
    *(Reason(sid, ELSEWHERE) for sid in ("HandGlueJobsTheirRole", "ReadGluesLogs", "KeepTheLogsOfPods")),
    *(Reason(sid, ELSEWHERE) for sid in ("MakeVirtualClustersOfThisName", "TagVirtualClustersAndTheirJobsAtBirth")),
    *(Reason(sid, ELSEWHERE) for sid in ("RunVirtualClustersOfThisName", "StartJobsUnderTheirRoles")),
    Reason("GiveApplicationsAnInterface", DRIVERS),
    Reason("LetServerlessWork", ONCE),
    Reason("LetEmrOnEksWork", ONCE),
    Reason("KeepState", "written for a difference; here there is none", "s3:PutObject", "*/drift.json"),
    Reason("LookAround", "asked who made a difference; here there is none", "cloudtrail:LookupEvents"),
    Reason("LookAround", NETWORK, "ec2:DescribeNatGateways"),
    Reason("LookAround", NETWORK, "ec2:DescribeAddresses"),
    Reason("LookAround", NETWORK, "ec2:DescribeAddressesAttribute"),
)

PARTS = "Spark's S3 client writes large files in parts; localcloud's mirror writes each whole"
DISKS = "EMR encrypts the nodes' disks in this role's name (EMR Management Guide, local disk encryption with AWS KMS)"

NODES = (
    Reason("SeeBuckets", "Hadoop's S3 clients may ask in which region a bucket is", "s3:GetBucketLocation"),
    Reason("SeeBuckets", PARTS, "s3:ListBucketMultipartUploads"),
    Reason("WriteTheLake", PARTS, "s3:AbortMultipartUpload"),
    Reason("WriteTheLake", PARTS, "s3:ListMultipartUploadParts"),
    Reason("EndClustersOfThisName", "include/emr/time_limit.sh asks it, hours after any of these nights has ended"),
    Reason("WriteLogs", PARTS, "s3:AbortMultipartUpload"),
    Reason("UseTheKey", DISKS, "kms:DescribeKey"),
    Reason("UseTheKey", DISKS, "kms:Encrypt"),
    Reason("UseTheKey", DISKS, "kms:ReEncrypt*"),
)

AGENT = "Systems Manager's agent asks it, which localcloud has none of: it runs the command itself"

HOST = (
    Reason("OpenItsSources", "this night fetches beds, and no population", "*", "*/covid_tables-*"),
    Reason("FillRaw", "pages that another source has left half done are thrown away", "s3:DeleteObject"),
    Reason("ReportItIsThere", AGENT),
    Reason("HearCommands", AGENT),
    Reason("HearCommandsTheOlderWay", AGENT),
    Reason("WriteWhatCommandsSaid", AGENT),
)
