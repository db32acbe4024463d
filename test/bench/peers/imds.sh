# The requests of one `imds-probe check` to IMDS, as a script would send them: one curl each.
set -eu
imds=$AWS_EC2_METADATA_SERVICE_ENDPOINT
token=$(curl -sf -X PUT -H 'X-aws-ec2-metadata-token-ttl-seconds: 21600' "$imds/latest/api/token")
get() { curl -sf -H "X-aws-ec2-metadata-token: $token" "$imds/latest/$1"; }
role=$(get meta-data/iam/security-credentials/)
get "meta-data/iam/security-credentials/$role" | grep -o '"Expiration" *: *"[^"]*"'
get meta-data/iam/info >/dev/null
get dynamic/instance-identity/document >/dev/null
