// Error texts about what the metadata service (IMDS) answers in the body, and about not being asked at all.
import { CAUSES } from './causes.ts';
import type { ErrorText } from './entry.ts';

export const METADATA_ANSWERS: readonly ErrorText[] = [
  {
    id: 'metadata-odd-answer',
    title: 'Something answers at the metadata address, and it is not what the SDK expects',
    said: [
      {
        client: 'AWS SDK for JavaScript 3',
        text: 'CredentialsProviderError: Invalid response received from instance metadata service.',
        source:
          'https://github.com/smithy-lang/smithy-typescript/blob/main/packages/credential-provider-imds/src/fromInstanceMetadata.ts',
      },
      {
        client: 'AWS SDK for JavaScript 3',
        text: 'ProviderError: Error response received from instance metadata service',
        source: 'https://github.com/aws/aws-sdk-js-v3/issues/4491',
      },
      {
        client: 'botocore',
        text: 'Error when retrieving credentials from iam-role: Credential refresh failed, response did not contain: access_key, secret_key, token, expiry_time',
        source: 'https://github.com/boto/botocore/blob/develop/botocore/credentials.py',
      },
    ],
    patterns: [
      ['Invalid response received from instance metadata service'],
      ['Error response received from instance metadata service'],
      ['Credential refresh failed, response did not contain'],
    ],
    causes: [
      CAUSES.hopLimit,
      CAUSES.noRole,
      CAUSES.throttled,
      CAUSES.notAssumable,
      CAUSES.otherServer,
      CAUSES.disabled,
      CAUSES.proxied,
    ],
  },
  {
    id: 'metadata-switched-off-here',
    title: 'A setting of this program or shell tells the SDK not to ask the metadata service',
    said: [
      {
        client: 'AWS SDK for Go 2',
        text: 'access disabled to EC2 IMDS via client option, or "AWS_EC2_METADATA_DISABLED" environment variable',
        source: 'https://github.com/aws/aws-sdk-go-v2/blob/main/feature/ec2/imds/api_client.go',
      },
      {
        client: 'AWS SDK for Go 1',
        text: 'EC2 IMDS access disabled via AWS_EC2_METADATA_DISABLED env var',
        source: 'https://github.com/aws/aws-sdk-go/blob/main/aws/ec2metadata/service.go',
      },
      {
        client: 'AWS SDK for Java 2',
        text: 'IMDS credentials have been disabled by environment variable or system property.',
        source:
          'https://github.com/aws/aws-sdk-java-v2/blob/master/core/auth/src/main/java/software/amazon/awssdk/auth/credentials/InstanceProfileCredentialsProvider.java',
      },
      {
        client: 'AWS SDK for JavaScript 2',
        text: 'EC2 Instance Metadata Service access disabled',
        source: 'https://github.com/aws/aws-sdk-js/blob/master/lib/metadata_service.js',
      },
      {
        client: 'AWS SDK for Rust',
        text: 'IMDS disabled by AWS_EC2_METADATA_DISABLED env var set to `true`',
        source:
          'https://github.com/smithy-lang/smithy-rs/blob/main/aws/rust-runtime/aws-config/src/imds/credentials.rs',
      },
    ],
    patterns: [
      ['access disabled to EC2 IMDS via client option'],
      ['EC2 IMDS access disabled via'],
      ['IMDS credentials have been disabled by environment variable or system property'],
      ['EC2 Instance Metadata Service access disabled'],
      ['IMDS disabled by', 'AWS_EC2_METADATA_DISABLED'],
    ],
    causes: [CAUSES.disabledByEnv],
  },
  {
    id: 'role-not-assumable',
    title: 'The metadata service says that EC2 could not assume the role',
    said: [
      {
        client: 'AWS SDK for Rust',
        text: 'Incorrect IMDS/IAM configuration: [AssumeRoleUnauthorizedAccess] EC2 cannot assume the role <role-name>. Hint: Does this role have a trust relationship with EC2?',
        source:
          'https://github.com/smithy-lang/smithy-rs/blob/main/aws/rust-runtime/aws-config/src/imds/credentials.rs',
      },
    ],
    patterns: [['AssumeRoleUnauthorizedAccess'], ['EC2 cannot assume the role']],
    causes: [CAUSES.notAssumable, CAUSES.otherServer],
  },
  {
    id: 'no-instance-role-go-1',
    title: 'The SDK could not read the role from the metadata service',
    said: [
      {
        client: 'Amazon SSM agent',
        text: 'WARN EC2RoleProvider Failed to connect to Systems Manager with instance profile role credentials. Err: retrieved credentials failed to report to ssm. Error: EC2RoleRequestError: no EC2 instance role found',
        source: 'https://github.com/aws/amazon-ssm-agent/issues/544',
      },
      {
        client: 'Amazon SSM agent',
        text: 'ERROR [CredentialRefresher] Retrieve credentials produced error: no valid credentials could be retrieved for ec2 identity. Default Host Management Err: error calling RequestManagedInstanceRoleToken: AccessDeniedException',
        source: 'https://github.com/hashicorp-education/learn-nomad-cluster-setup/issues/21',
      },
      {
        client: 'Amazon SSM agent',
        text: 'failed to find agent identity',
        source:
          'https://github.com/aws/amazon-ssm-agent/blob/mainline/common/identity/identity/identity_selector.go',
      },
    ],
    patterns: [
      ['EC2RoleRequestError', 'no EC2 instance role found'],
      ['no valid credentials could be retrieved for ec2 identity'],
      ['failed to find agent identity'],
      ['Failed to connect to Systems Manager with instance profile role credentials'],
    ],
    causes: [
      CAUSES.noRole,
      CAUSES.unreachable,
      CAUSES.hopLimit,
      CAUSES.disabled,
      CAUSES.notAssumable,
      CAUSES.proxied,
    ],
  },
  {
    id: 'cloud-init-without-metadata',
    title: 'cloud-init found no metadata service while the machine booted',
    said: [
      {
        client: 'cloud-init',
        text: "IMDS's HTTP endpoint is probably disabled",
        source: 'https://github.com/canonical/cloud-init/blob/main/cloudinit/sources/DataSourceEc2.py',
      },
      {
        client: 'cloud-init',
        text: 'Fatal error while requesting Ec2 IMDSv2 API tokens',
        source: 'https://github.com/canonical/cloud-init/blob/main/cloudinit/sources/DataSourceEc2.py',
      },
    ],
    patterns: [
      ["IMDS's HTTP endpoint is probably disabled"],
      ['Fatal error while requesting Ec2 IMDSv2 API tokens'],
    ],
    causes: [CAUSES.disabled, CAUSES.unreachable, CAUSES.otherServer],
  },
];
