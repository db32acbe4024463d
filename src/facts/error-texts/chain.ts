// Error texts about the ways to credentials besides the instance role: profiles, web identity, containers.
import { CAUSES } from './causes.ts';
import type { ErrorText } from './entry.ts';

export const CHAIN: readonly ErrorText[] = [
  {
    id: 'web-identity-denied',
    title: 'The role may not be assumed with this web identity token',
    said: [
      {
        client: 'AWS Load Balancer Controller',
        text: '"error":"WebIdentityErr: failed to retrieve credentials\\ncaused by: AccessDenied: Not authorized to perform sts:AssumeRoleWithWebIdentity\\n\\tstatus code: 403, request id: 5c3f9ce5-ba7d-495e-98b1-ffcd5cf85133"',
        source: 'https://github.com/kubernetes-sigs/aws-load-balancer-controller/issues/1935',
      },
    ],
    patterns: [
      ['Not authorized to perform sts:AssumeRoleWithWebIdentity'],
      ['WebIdentityErr', 'failed to retrieve credentials'],
    ],
    causes: [CAUSES.webIdentityTrust, CAUSES.webIdentity],
  },
  {
    id: 'role-chaining-limit',
    title: 'A role assumed by another role lasts one hour at most, and more was asked for',
    said: [
      {
        client: 'AWS CLI',
        text: 'An error occurred (ValidationError) when calling the AssumeRole operation: The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining.',
        source: 'https://github.com/coinbase/assume-role/issues/24',
      },
      {
        client: 'AWS SDK for Go 1',
        text: 'ValidationError: The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining.',
        source: 'https://github.com/99designs/aws-vault/issues/263',
      },
    ],
    patterns: [['exceeds the 1 hour session limit for roles assumed by role chaining']],
    causes: [
      {
        text: 'The profile’s duration_seconds asks for more than an hour, and its source is a role: leave it out, SDKs refresh by themselves.',
        findings: ['profile-role-chaining-limit'],
        command: 'aws configure set duration_seconds 3600 --profile <profile>',
      },
    ],
  },
  {
    id: 'profile-not-found',
    title: 'The profile that was asked for is in neither file',
    said: [
      {
        client: 'AWS CLI, boto3',
        text: 'The config profile (production) could not be found',
        source: 'https://github.com/boto/botocore/blob/develop/botocore/exceptions.py',
      },
    ],
    patterns: [['The config profile', 'could not be found']],
    causes: [
      {
        text: 'AWS_PROFILE or --profile names a profile that does not exist here: often another user’s, or one of another machine.',
        findings: ['profile-invalid'],
        command: 'aws configure list-profiles',
      },
    ],
  },
  {
    id: 'profile-loop',
    title: 'Profiles name each other as their source',
    said: [
      {
        client: 'AWS CLI, boto3',
        text: "Infinite loop in credential configuration detected. Attempting to load from profile a which has already been visited. Visited profiles: ['b', 'a']",
        source: 'https://github.com/boto/botocore/blob/develop/botocore/exceptions.py',
      },
    ],
    patterns: [['Infinite loop in credential configuration detected']],
    causes: [CAUSES.brokenProfile],
  },
  {
    id: 'config-unreadable',
    title: 'The AWS config file is not in the form the SDK reads',
    said: [
      {
        client: 'AWS CLI, boto3',
        text: 'botocore.exceptions.ConfigParseError: Unable to parse config file: /home/<user>/.aws/credentials',
        source: 'https://github.com/boto/botocore/blob/develop/botocore/exceptions.py',
      },
    ],
    patterns: [['Unable to parse config file']],
    causes: [CAUSES.brokenProfile],
  },
  {
    id: 'mfa-refresh',
    title: 'The role needs a one-time code again, and nobody is there to type it',
    said: [
      {
        client: 'boto3',
        text: 'botocore.exceptions.RefreshWithMFAUnsupportedError: Cannot refresh credentials: MFA token required.',
        source: 'https://github.com/boto/botocore/blob/develop/botocore/exceptions.py',
      },
    ],
    patterns: [['Cannot refresh credentials: MFA token required']],
    causes: [
      {
        text: 'A profile with mfa_serial is used by a program that runs for longer than the session lasts. On an instance, use its role instead.',
        findings: ['profile-shadows-role', 'cli-cache-expired'],
        command: 'imds-probe check --only chain',
      },
    ],
  },
  {
    id: 'container-credentials',
    title: 'The credentials endpoint of ECS or EKS did not give credentials',
    said: [
      {
        client: 'boto3',
        text: 'Error when retrieving credentials from container-role: Error retrieving metadata: Received non 200 response 404 from container metadata:',
        source: 'https://github.com/boto/botocore/blob/develop/botocore/utils.py',
      },
      {
        client: 'boto3',
        text: 'Error retrieving metadata: Received error when attempting to retrieve container metadata:',
        source: 'https://github.com/boto/botocore/blob/develop/botocore/utils.py',
      },
      {
        client: 'CloudWatch agent',
        text: 'unable to get response from http://169.254.170.2/v2/metadata, error: Get "http://169.254.170.2/v2/metadata": context deadline exceeded',
        source: 'https://github.com/aws/amazon-cloudwatch-agent/issues/308',
      },
      {
        client: 'AWS SDK for Go 1',
        text: 'CredentialsEndpointError: failed to load credentials',
        source: 'https://github.com/aws/aws-sdk-go/blob/main/aws/credentials/endpointcreds/provider.go',
      },
      {
        client: 'AWS SDK for Go 1',
        text: 'invalid endpoint host, "<host>", only loopback/ecs/eks hosts are allowed.',
        source: 'https://github.com/aws/aws-sdk-go/blob/main/aws/defaults/defaults.go',
      },
    ],
    patterns: [
      ['Error when retrieving credentials from container-role'],
      ['attempting to retrieve container metadata'],
      ['unable to get response from http://169.254.170.2'],
      ['CredentialsEndpointError'],
      ['only loopback/ecs/eks hosts are allowed'],
    ],
    causes: [CAUSES.container, CAUSES.proxied, CAUSES.skewedClock],
  },
  {
    id: 'container-host-refused',
    title: 'The SDK does not know the address of EKS Pod Identity, and refuses to ask there',
    said: [
      {
        client: 'AWS SDK for JavaScript 3',
        text: 'CredentialsProviderError: 169.254.170.23 is not a valid container metadata service hostname',
        source: 'https://github.com/smithy-lang/smithy-typescript/issues/1143',
      },
      {
        client: 'AWS SDK for Go 1',
        text: 'Ignoring, HTTP credential provider invalid endpoint host, "169.254.170.23", only loopback hosts are allowed.',
        source: 'https://github.com/kubernetes-sigs/external-dns/issues/4353',
      },
    ],
    patterns: [
      ['is not a valid container metadata service hostname'],
      ['invalid endpoint host', 'only loopback hosts are allowed'],
    ],
    causes: [
      {
        text: 'The SDK in the program is older than EKS Pod Identity (end of 2023). The program has to be built with a current one.',
        findings: [],
      },
      CAUSES.container,
    ],
  },
];
