"""The bare fetcher of botocore, with its own defaults; it reads no variable, so the box is named here."""
import os
import sys

from botocore.utils import InstanceMetadataFetcher

# Without it, the fetcher would go to the real address.
box = os.environ["AWS_EC2_METADATA_SERVICE_ENDPOINT"]
credentials = InstanceMetadataFetcher(base_url=box).retrieve_iam_role_credentials()
if not credentials:
    sys.exit("no credentials")
print("Expiration", credentials["expiry_time"])
