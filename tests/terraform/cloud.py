"""AWS as moto plays it on this machine, and a state that the real provider applies there."""

import json
import socket
import subprocess
import time
import urllib.request
from contextlib import contextmanager
from urllib.error import URLError

import boto3
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
            ec2.create_subnet(VpcId=vpc, CidrBlock=f"10.0.{n}.0/24", AvailabilityZone=f"{REGION}{zone}")
            for n, zone in enumerate("ab")
        ]
        subnets = [made["Subnet"]["SubnetId"] for made in subnets]
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
        env = {"AWS_ENDPOINT_URL": self.cloud.url, "AWS_EC2_METADATA_DISABLED": "true"}
        return terraform(self.folder, *arguments, **env, **options)

    def change(self, command: str, protect: bool = True, target: str = "", out: str = "", **options) -> str:
        line = ("-auto-approve",) if command != "plan" else ("-detailed-exitcode",)
        if out:
            line += (f"-out={out}",)
        if target:
            line += (f"-target={target}",)
        line += ("-no-color", "-input=false", f"-var=protect={str(protect).lower()}")
        return self.terraform(command, *line, **options)

    def outputs(self) -> dict:
        return json.loads(self.terraform("output", "-json", "all"))

    def state(self) -> str:
        return (self.folder / "terraform.tfstate").read_text()


@contextmanager
def applied(folder, own: str, protect: bool = True):
    cloud = Cloud(folder)
    try:
        cloud.await_start()
        stack = Stack(folder, cloud, own)
        stack.change("apply", protect=protect)
        yield stack
    finally:
        cloud.stop()


def no_secrets(stack) -> None:
    for resource in json.loads(stack.state())["resources"]:
        for instance in resource["instances"]:
            for name in ("password", "password_wo", "secret_string", "master_password"):
                assert not instance["attributes"].get(name), f"{resource['type']}: {name}"
