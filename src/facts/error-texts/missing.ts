// Error texts that say: no credentials could be found at all.
import { CAUSES } from './causes.ts';
import type { ErrorCause, ErrorText } from './entry.ts';

const NONE_FOUND: readonly ErrorCause[] = [
  CAUSES.noRole,
  CAUSES.hopLimit,
  CAUSES.unreachable,
  CAUSES.throttled,
  CAUSES.disabled,
  CAUSES.notAssumable,
  CAUSES.disabledByEnv,
  CAUSES.slowMetadata,
  CAUSES.proxied,
  CAUSES.booting,
];

/** The same causes with those first that this client's users meet most. */
const ledBy = (...first: readonly ErrorCause[]): ErrorCause[] => [
  ...first,
  ...NONE_FOUND.filter((cause) => !first.includes(cause)),
];

export const MISSING: readonly ErrorText[] = [
  {
    id: 'no-credentials-python',
    title: 'No source of the credential chain gave anything, the role of the instance included',
    said: [
      {
        client: 'AWS CLI',
        text: 'Unable to locate credentials. You can configure credentials by running "aws configure".',
        source: 'https://github.com/aws/aws-cli/blob/develop/awscli/clidriver.py',
      },
      {
        client: 'boto3',
        text: 'botocore.exceptions.NoCredentialsError: Unable to locate credentials',
        source: 'https://github.com/boto/botocore/blob/develop/botocore/exceptions.py',
      },
      {
        client: 'boto 2',
        text: "boto.exception.NoAuthHandlerFound: No handler was ready to authenticate. 1 handlers were checked. ['HmacAuthV4Handler'] Check your credentials",
        source: 'https://github.com/boto/boto/blob/develop/boto/auth.py',
      },
    ],
    patterns: [
      ['Unable to locate credentials'],
      ['NoCredentialsError'],
      ['No handler was ready to authenticate'],
    ],
    causes: NONE_FOUND,
  },
  {
    id: 'no-credentials-java-1',
    title: 'No provider of the chain gave credentials, the instance profile included',
    said: [
      {
        client: 'AWS SDK for Java 1',
        text: 'com.amazonaws.SdkClientException: Unable to load AWS credentials from any provider in the chain: [EnvironmentVariableCredentialsProvider: Unable to load AWS credentials from environment variables',
        source: 'https://github.com/awslabs/amazon-ecs-local-container-endpoints/issues/89',
      },
      {
        client: 'AWS SDK for Java 1',
        text: 'com.amazonaws.AmazonClientException: Unable to load AWS credentials from any provider in the chain',
        source: 'https://github.com/aws/aws-sdk-java/issues/1370',
      },
      {
        client: 'AWS SDK for Java 1',
        text: 'com.amazonaws.SdkClientException: Unable to load credentials from service endpoint',
        source: 'https://github.com/aws/aws-sdk-java/issues/1398',
      },
    ],
    patterns: [
      ['Unable to load AWS credentials from any provider in the chain'],
      ['Unable to load credentials from service endpoint'],
    ],
    causes: [...NONE_FOUND, CAUSES.container],
  },
  {
    id: 'no-credentials-java-2',
    title: 'No provider of the chain gave credentials; the metadata service was asked last',
    said: [
      {
        client: 'AWS SDK for Java 2',
        text: 'software.amazon.awssdk.core.exception.SdkClientException: Unable to load credentials from any of the providers in the chain AwsCredentialsProviderChain(credentialsProviders=[SystemPropertyCredentialsProvider(), EnvironmentVariableCredentialsProvider(), InstanceProfileCredentialsProvider()])',
        source: 'https://github.com/aws/aws-msk-iam-auth/issues/195',
      },
      {
        client: 'AWS SDK for Java 2',
        text: 'InstanceProfileCredentialsProvider(): Failed to load credentials from IMDS.',
        source: 'https://github.com/aws/aws-msk-iam-auth/issues/195',
      },
    ],
    patterns: [
      ['Unable to load credentials from any of the providers in the chain'],
      ['Failed to load credentials from IMDS'],
    ],
    causes: NONE_FOUND,
  },
  {
    id: 'no-credentials-javascript-2',
    title: 'No provider of the chain gave credentials; what it says of config files is a guess',
    said: [
      {
        client: 'AWS SDK for JavaScript 2',
        text: 'CredentialsError: Missing credentials in config, if using AWS_CONFIG_FILE, set AWS_SDK_LOAD_CONFIG=1',
        source: 'https://github.com/aws/aws-sdk-js/blob/master/lib/event_listeners.js',
      },
      {
        client: 'AWS SDK for JavaScript 2',
        text: '"message": "Could not load credentials from EC2MetadataCredentials", "code": "CredentialsError"',
        source: 'https://github.com/aws/aws-sdk-js/issues/692',
      },
    ],
    patterns: [['Missing credentials in config'], ['Could not load credentials from EC2MetadataCredentials']],
    causes: NONE_FOUND,
  },
  {
    id: 'no-credentials-javascript-3',
    title: 'No provider of the chain gave credentials, the metadata service included',
    said: [
      {
        client: 'AWS SDK for JavaScript 3',
        text: 'CredentialsProviderError: Could not load credentials from any providers',
        source: 'https://github.com/aws/aws-sdk-js-v3/issues/4867',
      },
      {
        client: 'AWS SDK for JavaScript 3',
        text: 'Error: Credential is missing',
        source: 'https://github.com/aws/aws-sdk-js-v3/issues/5155',
      },
    ],
    patterns: [
      ['Could not load credentials from any providers'],
      ['Error: Credential is missing'],
      ['CredentialsProviderError'],
    ],
    causes: NONE_FOUND,
  },
  {
    id: 'no-credentials-go-1',
    title: 'No provider of the chain gave credentials; why each failed is not printed by default',
    said: [
      {
        client: 'AWS SDK for Go 1',
        text: 'NoCredentialProviders: no valid providers in chain. Deprecated. For verbose messaging see aws.Config.CredentialsChainVerboseErrors',
        source: 'https://github.com/aws/aws-sdk-go/blob/main/aws/credentials/chain_provider.go',
      },
      {
        client: 'Amazon ECS agent',
        text: '[WARN] Error getting valid credentials (AKID ): NoCredentialProviders: no valid providers in chain. Deprecated.',
        source: 'https://github.com/aws/amazon-ecs-agent/issues/605',
      },
      {
        client: 'CloudWatch agent',
        text: 'W! [processors.ec2tagger] ec2tagger: Unable to describe ec2 tags for initial retrieval: NoCredentialProviders: no valid providers in chain',
        source: 'https://github.com/aws/aws-parallelcluster/issues/2116',
      },
      {
        client: 'Docker’s awslogs driver',
        text: 'Failed to initialize logging driver: NoCredentialProviders: no valid providers in chain. Deprecated.',
        source: 'https://github.com/aws/amazon-ecs-agent/issues/805',
      },
    ],
    patterns: [
      ['NoCredentialProviders', 'no valid providers in chain'],
      ['no valid providers in chain'],
      ['NoCredentialProviders'],
    ],
    causes: ledBy(CAUSES.noRole, CAUSES.proxied),
  },
  {
    id: 'no-credentials-terraform',
    title: 'Terraform’s provider found no credentials; the line below it says what the last source answered',
    said: [
      {
        client: 'Terraform',
        text: 'Error: error configuring Terraform AWS Provider: no valid credential sources for Terraform AWS Provider found.',
        source: 'https://github.com/clong/DetectionLab/issues/818',
      },
      {
        client: 'Terraform',
        text: 'Error: No valid credential sources found. Please see https://www.terraform.io/docs/language/settings/backends/s3.html for more information about providing credentials.',
        source: 'https://github.com/hashicorp/terraform/issues/34277',
      },
    ],
    patterns: [
      ['no valid credential sources for Terraform AWS Provider found'],
      ['No valid credential sources found'],
    ],
    causes: [CAUSES.brokenProfile, ...NONE_FOUND],
  },
  {
    id: 'no-credentials-dotnet',
    title: 'No provider gave credentials; the metadata service was asked last and did not give any',
    said: [
      {
        client: 'AWS SDK for .NET',
        text: 'Amazon.Runtime.AmazonServiceException: Unable to get IAM security credentials from EC2 Instance Metadata Service.',
        source: 'https://github.com/aws/aws-sdk-net/issues/1609',
      },
      {
        client: 'AWS SDK for .NET',
        text: 'Failed to resolve AWS credentials. The credential providers used to search for credentials returned the following errors: Exception 1 of 4:',
        source:
          'https://github.com/aws/aws-sdk-net/blob/main/sdk/src/Core/Amazon.Runtime/Credentials/DefaultAWSCredentialsIdentityResolver.cs',
      },
    ],
    patterns: [
      ['Unable to get IAM security credentials from EC2 Instance Metadata Service'],
      ['Failed to resolve AWS credentials', 'The credential providers used to search'],
    ],
    causes: [...ledBy(CAUSES.noRole, CAUSES.proxied), CAUSES.container],
  },
  {
    id: 'no-credentials-rust',
    title: 'No provider of the chain gave credentials; the metadata service could not be asked',
    said: [
      {
        client: 'AWS SDK for Rust',
        text: 'no providers in chain provided credentials',
        source:
          'https://github.com/smithy-lang/smithy-rs/blob/main/aws/rust-runtime/aws-config/src/meta/credentials/chain.rs',
      },
      {
        client: 'AWS SDK for Rust',
        text: 'the credential provider was not enabled: could not communicate with IMDS: dispatch failure: timeout: HTTP read timeout occurred after 1s: timed out (CredentialsNotLoaded(CredentialsNotLoaded { source: ImdsCommunicationError',
        source: 'https://github.com/awslabs/aws-sdk-rust/issues/760',
      },
    ],
    patterns: [
      ['no providers in chain provided credentials'],
      ['could not communicate with IMDS'],
      ['the credential provider was not enabled'],
    ],
    causes: [CAUSES.hopLimit, CAUSES.unreachable, CAUSES.slowMetadata, CAUSES.noRole, CAUSES.disabled],
  },
  {
    id: 'no-credentials-php',
    title: 'The metadata service, which is asked last, did not give credentials',
    said: [
      {
        client: 'AWS SDK for PHP',
        text: 'Error retrieving credentials from the instance profile metadata service. (cURL error 28: Connection timed out after 1001 milliseconds (see https://curl.haxx.se/libcurl/c/libcurl-errors.html))',
        source: 'https://github.com/stechstudio/laravel-env-security/issues/14',
      },
      {
        client: 'AWS SDK for PHP',
        text: 'Error retrieving credentials from the instance profile metadata server. (cURL error 7: Failed to connect to 169.254.169.254 port 80: Connection refused',
        source: 'https://github.com/aws/aws-sdk-php/issues/866',
      },
    ],
    patterns: [
      ['Error retrieving credentials from the instance profile metadata service'],
      ['Error retrieving credentials from the instance profile metadata server'],
    ],
    causes: [CAUSES.unreachable, CAUSES.hopLimit, CAUSES.slowMetadata, CAUSES.noRole, CAUSES.throttled],
  },
  {
    id: 'no-credentials-ruby',
    title: 'The client has no credentials to sign with',
    said: [
      {
        client: 'AWS SDK for Ruby, Fluentd',
        text: 'Aws::Errors::MissingCredentialsError: unable to sign request without credentials set',
        source:
          'https://github.com/aws/aws-sdk-ruby/blob/version-3/gems/aws-sdk-core/lib/aws-sdk-core/errors.rb',
      },
    ],
    patterns: [['unable to sign request without credentials set'], ['MissingCredentialsError']],
    causes: NONE_FOUND,
  },
  {
    id: 'no-credentials-fluent-bit',
    title: 'Fluent Bit has no credentials to sign with',
    said: [
      {
        client: 'fluent-bit',
        text: '[error] [signv4] Provider returned no credentials, service=s3',
        source: 'https://github.com/fluent/fluent-bit/issues/3012',
      },
    ],
    patterns: [['Provider returned no credentials']],
    causes: [...ledBy(CAUSES.hopLimit), CAUSES.webIdentity],
  },
  {
    id: 'unsigned-request',
    title: 'The request reached AWS without a signature: no credentials were there to sign with',
    said: [
      {
        client: 'AWS STS (XML)',
        text: '<Code>MissingAuthenticationToken</Code> <Message>Request is missing Authentication Token</Message>',
        source: 'https://github.com/amzn/selling-partner-api-docs/issues/3081',
      },
    ],
    patterns: [['Request is missing Authentication Token'], ['MissingAuthenticationToken']],
    causes: [CAUSES.noRole, CAUSES.brokenProfile, CAUSES.disabledByEnv],
  },
  {
    id: 'partial-credentials',
    title: 'Half of a key is there: the SDK stops instead of looking further',
    said: [
      {
        client: 'AWS CLI, boto3',
        text: 'Partial credentials found in env, missing: AWS_SECRET_ACCESS_KEY',
        source: 'https://github.com/boto/botocore/blob/develop/botocore/exceptions.py',
      },
    ],
    patterns: [['Partial credentials found in']],
    causes: [
      {
        text: 'Only one of AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY is set.',
        findings: ['env-credentials-shadow-role'],
        command: 'unset AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_SESSION_TOKEN',
      },
      CAUSES.brokenProfile,
    ],
  },
];
