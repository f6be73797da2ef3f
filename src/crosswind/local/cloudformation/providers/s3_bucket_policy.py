"""AWS::S3::BucketPolicy."""

from __future__ import annotations

from botocore.exceptions import ClientError

from crosswind.local.cloudformation.providers.calls import document, error_code, offering, unless_gone
from crosswind.local.cloudformation.providers.contract import Context, Made, Properties, ResourceError

__all__ = ["S3BucketPolicy"]


class S3BucketPolicy:
    """The one policy of a bucket."""

    type_name = "AWS::S3::BucketPolicy"
    offers = offering("Bucket", "PolicyDocument")
    attributes: frozenset[str] = frozenset()
    tags = ""

    def create(self, properties: Properties, context: Context) -> Made:
        s3 = context.client("s3")
        bucket = str(properties["Bucket"])
        try:
            s3.get_bucket_policy(Bucket=bucket)
        except ClientError as error:
            if error_code(error) != "NoSuchBucketPolicy":
                raise
        else:
            raise ResourceError(f"The bucket policy already exists on bucket {bucket}.", "AlreadyExists")
        s3.put_bucket_policy(Bucket=bucket, Policy=document(properties["PolicyDocument"]))
        context.made(bucket)
        return Made(bucket)

    def update(self, physical_id: str, old: Properties, new: Properties, context: Context) -> Made:
        context.client("s3").put_bucket_policy(Bucket=physical_id, Policy=document(new["PolicyDocument"]))
        return Made(physical_id)

    def delete(self, physical_id: str, properties: Properties, context: Context) -> None:
        with unless_gone():
            context.client("s3").delete_bucket_policy(Bucket=physical_id)
