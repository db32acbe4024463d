// Error texts that name the metadata service (IMDS) itself with a status or a time-out.
import { CAUSES } from './causes.ts';
import type { ErrorText } from './entry.ts';

const GO_2 = 'AWS SDK for Go 2';
const NO_IMDS_ROLE = 'no EC2 IMDS role found';

export const METADATA: readonly ErrorText[] = [
  {
    id: 'metadata-404',
    title: 'The metadata service answers and knows no role',
    said: [
      {
        client: 'Terraform, AWS SDK for Go 2',
        text: 'Error: failed to refresh cached credentials, no EC2 IMDS role found, operation error ec2imds: GetMetadata, http response error StatusCode: 404, request to EC2 IMDS failed',
        source: 'https://github.com/hashicorp/terraform-provider-aws/issues/34234',
      },
      {
        client: 'Amazon SSM agent',
        text: 'ERROR Health ping failed with error - EC2RoleRequestError: no EC2 instance role found caused by: EC2MetadataError: failed to make EC2Metadata request status code: 404, request id:',
        source: 'https://github.com/aws/amazon-ssm-agent/issues/292',
      },
      {
        client: 'AWS SDK for Java 1',
        text: 'com.amazonaws.AmazonClientException: The requested metadata is not found at http://169.254.169.254/latest/meta-data/iam/security-credentials/',
        source: 'https://github.com/Teevity/ice/issues/85',
      },
      {
        client: 'AWS SDK for Java 2',
        text: 'software.amazon.awssdk.core.exception.SdkClientException: The requested metadata is not found at http://169.254.169.254/latest/meta-data/iam/security-credentials/',
        source: 'https://github.com/aws/aws-sdk-java-v2/issues/5294',
      },
    ],
    patterns: [
      [NO_IMDS_ROLE, 'StatusCode: 404'],
      ['no EC2 instance role found', 'status code: 404'],
      ['The requested metadata is not found at', 'iam/security-credentials'],
      ['EC2MetadataError', 'failed to make EC2Metadata request', 'status code: 404'],
    ],
    causes: [CAUSES.noRole, CAUSES.booting, CAUSES.proxied, CAUSES.otherServer],
  },
  {
    id: 'metadata-401',
    title: 'The metadata service wants a session token, and the program has none or a bad one',
    said: [
      {
        client: 'AWS Load Balancer Controller',
        text: 'failed to introspect region from EC2Metadata, specify --aws-region instead if EC2Metadata is unavailable: EC2MetadataRequestError: failed to get EC2 instance identity document\\ncaused by: EC2MetadataError: failed to make EC2Metadata request\\n\\tstatus code: 401, request id: \\ncaused by:',
        source: 'https://github.com/kubernetes-sigs/aws-load-balancer-controller/issues/2139',
      },
      {
        client: 'OpenTelemetry collector for AWS',
        text: 'EC2MetadataError: failed to make EC2Metadata request\\n\\n\\tstatus code: 401, request id:',
        source: 'https://github.com/aws-observability/aws-otel-collector/issues/1202',
      },
      {
        client: 'AWS SDK for C++',
        text: 'EC2MetadataClient [140486344184576] Http request to retrieve credentials failed with error code 401',
        source: 'https://github.com/aws/aws-cdi-sdk/issues/136',
      },
      {
        client: 'curl',
        text: '<title>401 - Unauthorized</title>',
        source: 'https://github.com/DataDog/datadog-agent/pull/4857',
      },
    ],
    patterns: [
      ['EC2MetadataError', 'failed to make EC2Metadata request', 'status code: 401'],
      [NO_IMDS_ROLE, 'StatusCode: 401'],
      ['EC2MetadataClient', 'failed with error code 401'],
      ['<title>401 - Unauthorized</title>'],
    ],
    causes: [CAUSES.hopLimit, CAUSES.oldClient, CAUSES.tokenRejected, CAUSES.proxied],
  },
  {
    id: 'metadata-403',
    title: 'The metadata service forbids the request',
    said: [
      {
        client: 'Terraform',
        text: 'credentials: failed to refresh cached credentials, no EC2 IMDS role found, operation error ec2imds: GetMetadata, http response error StatusCode: 403, request to EC2 IMDS failed',
        source: 'https://github.com/hashicorp/terraform-provider-aws/issues/42860',
      },
      {
        client: 'CloudWatch agent',
        text: 'I! WARN: failed to get session token, falling back to IMDSv1: 403 Forbidden: Forbidden status code: 403, request id: caused by: EC2MetadataError: failed to make EC2Metadata request',
        source: 'https://github.com/aws/amazon-cloudwatch-agent/pull/1139',
      },
      {
        client: 'AWS SDK for Rust',
        text: 'request forbidden: IMDS is disabled or the caller has insufficient permissions.',
        source:
          'https://github.com/smithy-lang/smithy-rs/blob/main/aws/rust-runtime/aws-config/src/imds/client/error.rs',
      },
      {
        client: 'cloud-init',
        text: 'Ec2 IMDS endpoint returned a 403 error. HTTP endpoint is disabled. Aborting.',
        source: 'https://github.com/canonical/cloud-init/blob/main/cloudinit/sources/DataSourceEc2.py',
      },
    ],
    patterns: [
      [NO_IMDS_ROLE, 'StatusCode: 403'],
      ['EC2MetadataError', 'failed to make EC2Metadata request', 'status code: 403'],
      ['IMDS is disabled or the caller has insufficient permissions'],
      ['IMDS endpoint returned a 403 error'],
    ],
    causes: [CAUSES.disabled, CAUSES.otherServer, CAUSES.proxied],
  },
  {
    id: 'metadata-throttled',
    title: 'The metadata service throttles this instance, and the SDK reads it as "no role"',
    said: [
      {
        client: GO_2,
        text: 'EC2: DescribeVpcs, failed to sign request: failed to retrieve credentials: failed to refresh cached credentials, no EC2 IMDS role found, operation error ec2imds: GetMetadata, http response error StatusCode: 429, request to EC2 IMDS failed',
        source: 'https://github.com/aws/aws-sdk-go-v2/issues/1995',
      },
    ],
    patterns: [
      [NO_IMDS_ROLE, 'StatusCode: 429'],
      [NO_IMDS_ROLE, 'StatusCode: 503'],
      ['EC2MetadataError', 'failed to make EC2Metadata request', 'status code: 429'],
      ['EC2MetadataError', 'failed to make EC2Metadata request', 'status code: 503'],
    ],
    causes: [CAUSES.throttled, CAUSES.slowMetadata, CAUSES.frozen],
  },
  {
    id: 'metadata-timeout',
    title: 'The metadata service takes the connection or the packet, and no answer comes in time',
    said: [
      {
        client: 'Pulumi, Terraform',
        text: 'Error: no EC2 IMDS role found, operation error ec2imds: GetMetadata, canceled, context deadline exceeded',
        source: 'https://github.com/pulumi/pulumi-aws/issues/2070',
      },
      {
        client: GO_2,
        text: 'failed to refresh cached credentials, no EC2 IMDS role found, operation error ec2imds: GetMetadata, request canceled, context deadline exceeded',
        source: 'https://github.com/GoogleCloudPlatform/terraformer/issues/1582',
      },
      {
        client: 'AWS Load Balancer Controller',
        text: 'EC2MetadataRequestError: failed to get EC2 instance identity document\\ncaused by: RequestError: send request failed\\ncaused by: Get \\"http://169.254.169.254/latest/dynamic/instance-identity/document\\": context deadline exceeded (Client.Timeout exceeded while awaiting headers)',
        source: 'https://github.com/kubernetes-sigs/aws-load-balancer-controller/issues/1561',
      },
      {
        client: 'AWS SDK for JavaScript 3',
        text: 'ProviderError: TimeoutError from instance metadata service',
        source:
          'https://github.com/smithy-lang/smithy-typescript/blob/main/packages/credential-provider-imds/src/remoteProvider/httpRequest.ts',
      },
      {
        client: 'CloudWatch agent',
        text: 'ec2tagger: Timeout may have occurred because hop limit is too small. Please increase hop limit to 2 by following this document',
        source:
          'https://github.com/aws/amazon-cloudwatch-agent/blob/main/plugins/processors/ec2tagger/ec2tagger.go',
      },
      {
        client: 'fluent-bit',
        text: '[imds] failed to retrieve IMDSv2 token and IMDSv1 unavailable. This is likely due to instance-metadata-options --http-put-response-hop-limit being set to 1 and --http-tokens set to required.',
        source: 'https://github.com/fluent/fluent-bit/blob/master/src/aws/flb_aws_imds.c',
      },
      {
        client: 'botocore',
        text: 'Unable to retrieve token for use in IMDSv2 call and IMDSv1 has been disabled',
        source: 'https://github.com/boto/botocore/blob/develop/botocore/utils.py',
      },
    ],
    patterns: [
      [NO_IMDS_ROLE, 'context deadline exceeded'],
      ['failed to get EC2 instance identity document', 'context deadline exceeded'],
      ['TimeoutError from instance metadata service'],
      ['Timeout may have occurred because hop limit is too small'],
      ['failed to retrieve IMDSv2 token and IMDSv1 unavailable'],
      ['Unable to retrieve token for use in IMDSv2 call'],
    ],
    causes: [CAUSES.hopLimit, CAUSES.unreachable, CAUSES.slowMetadata, CAUSES.proxied],
  },
  {
    id: 'metadata-unreachable',
    title: 'No connection to the metadata address comes about',
    said: [
      {
        client: 'Terraform',
        text: 'Error: failed to refresh cached credentials, no EC2 IMDS role found, operation error ec2imds: GetMetadata, request send failed, Get "http://169.254.169.254/latest/meta-data/iam/security-credentials/": dial tcp 169.254.169.254:80: i/o timeout',
        source: 'https://github.com/GoogleCloudPlatform/anthos-samples/issues/401',
      },
      {
        client: 'Amazon SSM agent',
        text: 'Get "http://169.254.169.254/latest/meta-data/identity-credentials/ec2/security-credentials/ec2-instance": dial tcp 169.254.169.254:80: connect: network is unreachable',
        source: 'https://github.com/aws/amazon-ssm-agent/issues/609',
      },
      {
        client: 'botocore',
        text: 'botocore.exceptions.ConnectTimeoutError: Connect timeout on endpoint URL: "http://169.254.169.254/latest/meta-data/iam/security-credentials/"',
        source: 'https://github.com/boto/botocore/issues/1791',
      },
      {
        client: 'AWS SDK for JavaScript 3',
        text: 'ProviderError: Unable to connect to instance metadata service',
        source:
          'https://github.com/smithy-lang/smithy-typescript/blob/main/packages/credential-provider-imds/src/remoteProvider/httpRequest.ts',
      },
      {
        client: 'AWS SDK for Java 1',
        text: 'com.amazonaws.SdkClientException: Failed to connect to service endpoint:',
        source: 'https://github.com/aws/aws-sdk-java/issues/2285',
      },
      {
        client: 'Python requests',
        text: "HTTPConnectionPool(host='169.254.169.254', port=80): Max retries exceeded with url: /latest/dynamic/instance-identity/document (Caused by ConnectTimeoutError",
        source: 'https://github.com/aws-samples/eks-automated-ipmgmt-multus-pods/issues/11',
      },
      {
        client: 'AWS SDK for JavaScript 2',
        text: 'Error: connect EHOSTUNREACH 169.254.169.254:80',
        source: 'https://github.com/aws/aws-sdk-js/issues/2534',
      },
      {
        client: 'AWS SDK for JavaScript 2',
        text: 'Error: connect EHOSTDOWN 169.254.169.254:80 - Local (192.168.2.116:53971)',
        source: 'https://github.com/aws/aws-sdk-js/issues/2038',
      },
      {
        client: 'AWS SDK for JavaScript 2',
        text: 'Error: connect ETIMEDOUT 169.254.169.254:80',
        source: 'https://github.com/aws/aws-sdk-js/issues/3202',
      },
      {
        client: 'CloudWatch agent',
        text: 'E! ec2metadata is not available',
        source: 'https://github.com/aws/amazon-cloudwatch-agent/issues/253',
      },
    ],
    patterns: [
      [NO_IMDS_ROLE, 'dial tcp'],
      ['dial tcp 169.254.169.254:80'],
      ['connect EHOSTUNREACH 169.254.169.254'],
      ['connect EHOSTDOWN 169.254.169.254'],
      ['connect ETIMEDOUT 169.254.169.254'],
      ['Connect timeout on endpoint URL', 'http://169.254.169.254/'],
      ['Unable to connect to instance metadata service'],
      ['SdkClientException: Failed to connect to service endpoint'],
      ["HTTPConnectionPool(host='169.254.169.254'", 'Max retries exceeded'],
      ['ec2metadata is not available'],
    ],
    causes: [CAUSES.unreachable, CAUSES.hopLimit, CAUSES.booting, CAUSES.proxied, CAUSES.slowMetadata],
  },
];
