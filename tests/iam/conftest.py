"""What the recorded nights' permissions are about. The nights themselves: tests/iam/stage.py."""

import pytest

from localcloud.iam.needs import Place
from tests.iam import account


@pytest.fixture(scope="session")
def place(played):
    """Which key each bucket, the topic and the secrets are encrypted with; none where AWS manages it."""
    s3, key = played.client("s3"), played.foundation["kms_key_arn"]
    keys = {bucket["Name"]: encryption_key(s3, bucket["Name"]) for bucket in s3.list_buckets()["Buckets"]}
    return Place(account.REGION, key.split(":")[4], {**keys, "topic": key, "secrets": key})


def encryption_key(s3, bucket):
    [rule] = s3.get_bucket_encryption(Bucket=bucket)["ServerSideEncryptionConfiguration"]["Rules"]
    return rule["ApplyServerSideEncryptionByDefault"].get("KMSMasterKeyID")
