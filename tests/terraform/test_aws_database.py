"""The database on AWS, in a state of its own: the provider waits long, whatever moto answers."""

import json

from cloud import ACCOUNT, REGION, applied, no_secrets

# What moto does not keep, and so is planned again; nothing else may be.
FORGOTTEN = {
    "aws_db_instance": {"performance_insights_enabled"},
    "aws_db_parameter_group": {"parameter"},
    "aws_vpc_security_group_ingress_rule": {"description"},
}

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


def test_the_database(tmp_path):
    """Applied, looked at, planned again, destroyed. Not protected: a change of that takes a minute of waiting more."""
    with applied(tmp_path, DATABASE, protect=False) as stack:
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
        assert planned_again(stack) == FORGOTTEN
        stack.change("destroy", protect=False)
        assert rds.describe_db_instances()["DBInstances"] == [] and json.loads(stack.state())["resources"] == []


def planned_again(stack) -> dict:
    """By type, the arguments that a second plan would change."""
    stack.change("plan", protect=False, codes=(2,), out="plan")
    changes = json.loads(stack.terraform("show", "-json", "plan"))["resource_changes"]
    changes = [c for c in changes if c["mode"] == "managed" and c["change"]["actions"] != ["no-op"]]
    assert all(c["change"]["actions"] == ["update"] for c in changes)
    unknown = [set(c["change"]["after_unknown"]) for c in changes]
    return {
        c["type"]: {k for k, v in c["change"]["after"].items() if v != c["change"]["before"].get(k)} - u
        for c, u in zip(changes, unknown)
    }
