"""The AWS side, really applied: the real provider against moto, which plays AWS on this machine. Planned again without a
change, drift seen and mended, destroyed. In order, in one state; the database, for which the provider waits long, is in
test_aws_database.py."""

import json

import pytest
from botocore.exceptions import ClientError
from cloud import ACCOUNT, applied, no_secrets

STORAGE = """
  registry   = true
  secrets    = ["kafka-password"]
  tags       = { team = "data" }
  log_bucket = "my-logs"
  cluster    = { name = "mine" }
"""


@pytest.fixture(scope="module")
def stack(tmp_path_factory):
    with applied(tmp_path_factory.mktemp("aws"), STORAGE) as made:
        yield made


def test_all_is_there(stack):
    s3, names = stack.cloud.client("s3"), stack.outputs()["buckets"]
    assert set(names) == {"landing", "staging", "persist", "artifact"}
    for name in names.values():
        assert name.startswith(f"{ACCOUNT}-tributary-")
        assert s3.get_bucket_versioning(Bucket=name)["Status"] == "Enabled"
        block = s3.get_public_access_block(Bucket=name)["PublicAccessBlockConfiguration"]
        assert all(block.values()) and len(block) == 4
        rule = s3.get_bucket_encryption(Bucket=name)["ServerSideEncryptionConfiguration"]["Rules"][0]
        assert rule["ApplyServerSideEncryptionByDefault"]["SSEAlgorithm"] == "AES256"
        assert "aws:SecureTransport" in s3.get_bucket_policy(Bucket=name)["Policy"]
        assert s3.get_bucket_logging(Bucket=name)["LoggingEnabled"]["TargetBucket"] == "my-logs"
        tags = {t["Key"]: t["Value"] for t in s3.get_bucket_tagging(Bucket=name)["TagSet"]}
        assert tags["team"] == "data" and tags["application"] == "tributary" and names[tags["layer"]] == name
    rules = s3.get_bucket_lifecycle_configuration(Bucket=names["staging"])["Rules"]
    assert {r["ID"] for r in rules} == {"unfinished", "old-versions", "delete"}


def test_the_table(stack):
    table = stack.cloud.client("dynamodb").describe_table(TableName="cards-data")["Table"]
    assert {k["AttributeName"]: k["KeyType"] for k in table["KeySchema"]} == {"id": "HASH", "client_id": "RANGE"}
    assert {a["AttributeType"] for a in table["AttributeDefinitions"]} == {"N"}
    assert table["BillingModeSummary"]["BillingMode"] == "PAY_PER_REQUEST" and table["DeletionProtectionEnabled"]
    backups = stack.cloud.client("dynamodb").describe_continuous_backups(TableName="cards-data")
    recovery = backups["ContinuousBackupsDescription"]["PointInTimeRecoveryDescription"]
    assert recovery["PointInTimeRecoveryStatus"] == "ENABLED"


def test_the_role_is_for_one_account_and_has_few_rights(stack):
    iam = stack.cloud.client("iam")
    role = iam.get_role(RoleName="tributary")["Role"]
    (statement,) = role["AssumeRolePolicyDocument"]["Statement"]
    equal = statement["Condition"]["StringEquals"]
    assert statement["Action"] == "sts:AssumeRoleWithWebIdentity" and set(statement["Condition"]) == {"StringEquals"}
    assert {k.rpartition(":")[2]: v for k, v in equal.items()} == {
        "sub": "system:serviceaccount:tributary:tributary",
        "aud": "sts.amazonaws.com",
    }
    assert iam.list_attached_role_policies(RoleName="tributary")["AttachedPolicies"] == []
    rights = iam.get_role_policy(RoleName="tributary", PolicyName="tributary")["PolicyDocument"]["Statement"]
    for right in rights:
        actions, resources = (v if isinstance(v, list) else [v] for v in (right["Action"], right["Resource"]))
        assert right["Effect"] == "Allow" and not any("*" in action for action in actions)
        assert all(r.startswith("arn:aws:") and r.count("*") == (1 if right["Sid"] == "Objects" else 0) for r in resources)
    assert {r["Sid"] for r in rights} == {"Buckets", "Objects", "Tables", "Secrets"}


def test_no_secret_is_in_the_state(stack):
    no_secrets(stack)


def test_nothing_to_change(stack):
    assert "No changes." in stack.change("plan")


def test_drift_is_seen_and_mended(stack):
    s3, bucket = stack.cloud.client("s3"), stack.outputs()["buckets"]["landing"]
    s3.delete_public_access_block(Bucket=bucket)
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Suspended"})
    stack.cloud.client("iam").delete_role_policy(RoleName="tributary", PolicyName="tributary")
    planned = stack.change("plan", codes=(2,))
    for part in ("public_access_block", "versioning"):
        assert f'module.storage.aws_s3_bucket_{part}.bucket["landing"]' in planned
    assert "module.identity[0].aws_iam_role_policy.program" in planned
    assert "Plan: 2 to add, 1 to change, 0 to destroy." in planned
    stack.change("apply")
    assert s3.get_public_access_block(Bucket=bucket) and s3.get_bucket_versioning(Bucket=bucket)["Status"] == "Enabled"
    assert "No changes." in stack.change("plan")


def test_what_is_protected_stays(stack):
    said = stack.change("destroy", codes=(1,), target="module.tributary.aws_dynamodb_table.cards")
    assert "deletion" in said.lower() and "protect" in said.lower()
    assert stack.cloud.client("dynamodb").list_tables()["TableNames"] == ["cards-data"]


def test_destroyed(stack):
    """With objects and old versions of them in a bucket."""
    stack.change("apply", protect=False)
    s3, bucket = stack.cloud.client("s3"), stack.outputs()["buckets"]["landing"]
    with pytest.raises(ClientError, match="Forbidden"):  # moto heeds the policy, and speaks no TLS
        s3.put_object(Bucket=bucket, Key="a", Body=b"0")
    s3.delete_bucket_policy(Bucket=bucket)
    for body in (b"1", b"2"):
        s3.put_object(Bucket=bucket, Key="a", Body=body)
    stack.change("destroy", protect=False)
    assert json.loads(stack.state())["resources"] == []
    assert [b["Name"] for b in s3.list_buckets()["Buckets"]] == ["my-logs"]
    assert stack.cloud.client("dynamodb").list_tables()["TableNames"] == []
    with pytest.raises(ClientError):
        stack.cloud.client("iam").get_role(RoleName="tributary")
