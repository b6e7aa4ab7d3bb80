"""The AWS side, really applied: the real provider against moto, which plays AWS on this machine. Planned again without a
change, drift seen and mended, destroyed. In order, in one state;
the database, for which the provider waits minutes whatever it is told, in another one beside it."""

import json
import socket
import subprocess
import time
import urllib.request
from contextlib import contextmanager
from urllib.error import URLError

import boto3
import pytest
from botocore.exceptions import ClientError
from tools import CACHE, copy_to, terraform

REGION = "eu-central-1"
ACCOUNT = "123456789012"
MAIN = """
provider "aws" {
  region                      = "%(region)s"
  access_key                  = "testing"
  secret_key                  = "testing"
  s3_use_path_style           = true
  skip_metadata_api_check     = true
  skip_region_validation      = true
  skip_requesting_account_id  = false
}

variable "protect" {
  type = bool
}

module "tributary" {
  source = "./terraform/aws"

  deletion_protection = var.protect
  force_destroy       = true
%(own)s
}

output "all" {
  value = module.tributary
}
"""

STORAGE = """
  registry   = true
  secrets    = ["kafka-password"]
  tags       = { team = "data" }
  log_bucket = "my-logs"
  cluster    = { name = "mine" }
"""
DATABASE = """
  buckets     = {}
  cards_table = null
  cluster     = { name = "mine" }

  database = {
    vpc_id                 = "%(vpc)s"
    subnet_ids             = %(subnets)s
    client_security_groups = ["%(group)s"]
    engine_version         = "16.3"
  }
"""
# What lets S3 write its logs.
LOGS = {"Effect": "Allow", "Principal": {"Service": "logging.s3.amazonaws.com"}, "Action": "s3:PutObject"}
LOGS |= {"Resource": "arn:aws:s3:::my-logs/*"}


class Cloud:
    """moto's server, and what an account already has: a network, a cluster, a bucket for logs."""

    def __init__(self, folder):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        self.url = f"http://127.0.0.1:{port}"
        self.log = open(folder / "moto.log", "w")
        line = [CACHE / "venv/bin/moto_server", "-H", "127.0.0.1", "-p", str(port)]
        self.process = subprocess.Popen(line, stdout=self.log, stderr=subprocess.STDOUT)

    def await_start(self) -> None:
        end = time.monotonic() + 120
        while True:
            assert self.process.poll() is None and time.monotonic() < end, open(self.log.name).read()
            try:
                urllib.request.urlopen(f"{self.url}/moto-api/", timeout=5).close()
                return
            except (URLError, OSError):
                time.sleep(0.1)

    def client(self, service: str):
        keys = {"aws_access_key_id": "testing", "aws_secret_access_key": "testing"}
        return boto3.client(service, region_name=REGION, endpoint_url=self.url, **keys)

    def found(self) -> dict:
        ec2 = self.client("ec2")
        vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
        subnets = [
            ec2.create_subnet(VpcId=vpc, CidrBlock=f"10.0.{n}.0/24", AvailabilityZone=f"{REGION}{zone}")["Subnet"]["SubnetId"]
            for n, zone in enumerate("ab")
        ]
        group = ec2.create_security_group(VpcId=vpc, GroupName="nodes", Description="nodes")["GroupId"]
        network = {"subnetIds": subnets, "securityGroupIds": [group]}
        role = f"arn:aws:iam::{ACCOUNT}:role/cluster"
        self.client("eks").create_cluster(name="mine", roleArn=role, resourcesVpcConfig=network)
        s3 = self.client("s3")
        s3.create_bucket(Bucket="my-logs", CreateBucketConfiguration={"LocationConstraint": REGION})
        s3.put_bucket_policy(Bucket="my-logs", Policy=json.dumps({"Version": "2012-10-17", "Statement": [LOGS]}))
        return {"vpc": vpc, "subnets": json.dumps(subnets), "group": group}

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait()
        self.log.close()


class Stack:
    """One state."""

    def __init__(self, folder, cloud: Cloud, own: str):
        self.folder, self.cloud = folder, cloud
        copy_to(folder)
        (folder / "main.tf").write_text(MAIN % {"region": REGION, "own": own % cloud.found()})
        self.terraform("init", "-input=false")

    def terraform(self, *arguments, **options) -> str:
        return terraform(self.folder, *arguments, AWS_ENDPOINT_URL=self.cloud.url, AWS_EC2_METADATA_DISABLED="true", **options)

    def change(self, command: str, protect: bool = True, **options) -> str:
        line = ("-auto-approve",) if command != "plan" else ("-detailed-exitcode",)
        return self.terraform(command, "-no-color", "-input=false", f"-var=protect={str(protect).lower()}", *line, **options)

    def outputs(self) -> dict:
        return json.loads(self.terraform("output", "-json", "all"))

    def state(self) -> str:
        return (self.folder / "terraform.tfstate").read_text()


@contextmanager
def applied(folder, own: str):
    cloud = Cloud(folder)
    try:
        cloud.await_start()
        stack = Stack(folder, cloud, own)
        stack.change("apply")
        yield stack
    finally:
        cloud.stop()


@pytest.fixture(scope="module")
def stack(tmp_path_factory):
    with applied(tmp_path_factory.mktemp("aws"), STORAGE) as made:
        yield made


@pytest.mark.xdist_group("storage")
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


@pytest.mark.xdist_group("storage")
def test_the_table(stack):
    table = stack.cloud.client("dynamodb").describe_table(TableName="cards-data")["Table"]
    assert {k["AttributeName"]: k["KeyType"] for k in table["KeySchema"]} == {"id": "HASH", "client_id": "RANGE"}
    assert {a["AttributeType"] for a in table["AttributeDefinitions"]} == {"N"}
    assert table["BillingModeSummary"]["BillingMode"] == "PAY_PER_REQUEST" and table["DeletionProtectionEnabled"]
    backups = stack.cloud.client("dynamodb").describe_continuous_backups(TableName="cards-data")
    recovery = backups["ContinuousBackupsDescription"]["PointInTimeRecoveryDescription"]
    assert recovery["PointInTimeRecoveryStatus"] == "ENABLED"


@pytest.mark.xdist_group("storage")
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


@pytest.mark.xdist_group("storage")
def test_no_secret_is_in_the_state(stack):
    no_secrets(stack)


def no_secrets(stack) -> None:
    for resource in json.loads(stack.state())["resources"]:
        for instance in resource["instances"]:
            for name in ("password", "password_wo", "secret_string", "master_password"):
                assert not instance["attributes"].get(name), f"{resource['type']}: {name}"


@pytest.mark.xdist_group("storage")
def test_nothing_to_change(stack):
    assert "No changes." in stack.change("plan")


@pytest.mark.xdist_group("storage")
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


@pytest.mark.xdist_group("storage")
def test_what_is_protected_stays(stack):
    said = stack.change("destroy", codes=(1,))
    assert "deletion" in said.lower() and "protect" in said.lower()
    assert stack.cloud.client("dynamodb").list_tables()["TableNames"] == ["cards-data"]


@pytest.mark.xdist_group("storage")
def test_destroyed(stack):
    """With objects and old versions of them in a bucket."""
    stack.change("apply", protect=False)
    s3, bucket = stack.cloud.client("s3"), stack.outputs()["buckets"]["landing"]
    for body in (b"1", b"2"):
        s3.put_object(Bucket=bucket, Key="a", Body=body)
    stack.change("destroy", protect=False)
    assert json.loads(stack.state())["resources"] == []
    assert [b["Name"] for b in s3.list_buckets()["Buckets"]] == ["my-logs"]
    assert stack.cloud.client("dynamodb").list_tables()["TableNames"] == []
    with pytest.raises(ClientError):
        stack.cloud.client("iam").get_role(RoleName="tributary")


@pytest.mark.xdist_group("database")
def test_the_database(tmp_path):
    """Applied, looked at, planned again, protected, destroyed."""
    with applied(tmp_path, DATABASE) as stack:
        rds, iam = stack.cloud.client("rds"), stack.cloud.client("iam")
        (instance,) = rds.describe_db_instances()["DBInstances"]
        assert instance["StorageEncrypted"] and instance["IAMDatabaseAuthenticationEnabled"]
        assert not instance["PubliclyAccessible"] and instance["BackupRetentionPeriod"] == 14
        outputs = stack.outputs()
        assert outputs["database_url"].startswith("postgresql://tributary@") and outputs["database_admin_secret"]
        (right,) = iam.get_role_policy(RoleName="tributary", PolicyName="tributary")["PolicyDocument"]["Statement"]
        user = f"arn:aws:rds-db:{REGION}:{ACCOUNT}:dbuser:{instance['DbiResourceId']}/tributary"
        assert right["Action"] == "rds-db:connect" and right["Resource"] == user
        no_secrets(stack)
        assert "No changes." in stack.change("plan")
        stack.change("apply", protect=False)
        stack.change("destroy", protect=False)
        assert rds.describe_db_instances()["DBInstances"] == [] and json.loads(stack.state())["resources"] == []
