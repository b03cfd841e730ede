"""Permissions of Amazon S3 calls, and on the bucket's key."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import unquote

from localcloud.iam.needs.common import Call, Place, Unmapped, with_key
from localcloud.iam.policies import Need

BUCKET_ACTIONS = {
    "HeadBucket": "ListBucket",
    "ListObjects": "ListBucket",
    "ListObjectsV2": "ListBucket",
    "ListObjectVersions": "ListBucketVersions",
    "ListMultipartUploads": "ListBucketMultipartUploads",
    "GetBucketLocation": "GetBucketLocation",
    "GetBucketAccelerateConfiguration": "GetAccelerateConfiguration",
    "GetBucketAcl": "GetBucketAcl",
    "GetBucketCors": "GetBucketCORS",
    "GetBucketEncryption": "GetEncryptionConfiguration",
    "GetBucketLifecycle": "GetLifecycleConfiguration",
    "GetBucketLifecycleConfiguration": "GetLifecycleConfiguration",
    "GetBucketLogging": "GetBucketLogging",
    "GetBucketNotificationConfiguration": "GetBucketNotification",
    "GetBucketOwnershipControls": "GetBucketOwnershipControls",
    "GetBucketPolicy": "GetBucketPolicy",
    "GetBucketReplication": "GetReplicationConfiguration",
    "GetBucketRequestPayment": "GetBucketRequestPayment",
    "GetBucketTagging": "GetBucketTagging",
    "GetBucketVersioning": "GetBucketVersioning",
    "GetBucketWebsite": "GetBucketWebsite",
    "GetObjectLockConfiguration": "GetBucketObjectLockConfiguration",
    "GetPublicAccessBlock": "GetBucketPublicAccessBlock",
    "PutBucketEncryption": "PutEncryptionConfiguration",
    "PutBucketTagging": "PutBucketTagging",
    "PutBucketVersioning": "PutBucketVersioning",
}
# operation: (action on the object, SSE-KMS permission on the bucket's key). For parts: S3 User Guide, "Multipart upload
# API and permissions".
OBJECT_ACTIONS: dict[str, tuple[str, tuple[str, ...]]] = {
    "HeadObject": ("GetObject", ()),
    "GetObject": ("GetObject", ("Decrypt",)),
    "PutObject": ("PutObject", ("GenerateDataKey",)),
    "CopyObject": ("PutObject", ("GenerateDataKey",)),
    "DeleteObject": ("DeleteObject", ()),
    "CreateMultipartUpload": ("PutObject", ("GenerateDataKey",)),
    "UploadPart": ("PutObject", ("GenerateDataKey", "Decrypt")),
    "UploadPartCopy": ("PutObject", ("GenerateDataKey", "Decrypt")),
    "CompleteMultipartUpload": ("PutObject", ("GenerateDataKey", "Decrypt")),
    "AbortMultipartUpload": ("AbortMultipartUpload", ()),
    "ListParts": ("ListMultipartUploadParts", ()),
}


def s3(call: Call, place: Place) -> Iterator[Need]:
    operation, params = call["operation"], call["params"]
    bucket = params.get("Bucket", "")
    if operation == "ListBuckets":
        yield Need("s3:ListAllMyBuckets")
    elif operation in BUCKET_ACTIONS:
        asked = {"s3:prefix": params["Prefix"]} if "Prefix" in params else {}
        yield Need(f"s3:{BUCKET_ACTIONS[operation]}", f"arn:aws:s3:::{bucket}", asked)
    elif operation in OBJECT_ACTIONS:
        yield from _object(call, bucket, params["Key"], place)
    else:
        raise Unmapped(call)


def _object(call: Call, bucket: str, key: str, place: Place) -> Iterator[Need]:
    action, of_the_key = OBJECT_ACTIONS[call["operation"]]
    if action == "GetObject" and "VersionId" in call["params"]:
        action = "GetObjectVersion"
    yield Need(f"s3:{action}", f"arn:aws:s3:::{bucket}/{key}")
    if call["status"] == 404:
        # Without it S3 answers 403 for a missing object, which the caller takes for a refusal.
        yield Need("s3:ListBucket", f"arn:aws:s3:::{bucket}")
        return
    if "IfMatch" in call["params"]:  # a conditional write reads the current object
        yield Need("s3:GetObject", f"arn:aws:s3:::{bucket}/{key}")
    if source := call["params"].get("CopySource"):
        from_bucket, from_key = unquote(source).lstrip("/").split("/", 1)
        yield Need("s3:GetObject", f"arn:aws:s3:::{from_bucket}/{from_key.split('?versionId=')[0]}")
        yield from with_key(place, place.bucket_key(from_bucket), "s3", "Decrypt")
    yield from with_key(place, place.bucket_key(bucket), "s3", *of_the_key)
