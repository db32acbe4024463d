// In which order each SDK looks for credentials, and where they differ; read from the SDKs' own sources.
import type { ChainSdk, KeyKind, ProfileProvider } from '../core/chain.ts';

/**
 * One place an SDK looks at. `profile-role` is a profile with `role_arn`, where an SDK asks it before the rest
 * of the profile; `web-identity-variables` is AWS_WEB_IDENTITY_TOKEN_FILE, not the profile's own key.
 */
export type ChainStep =
  | 'java-properties'
  | 'environment'
  | 'profile-role'
  | 'web-identity-variables'
  | 'profile'
  | 'container'
  | 'instance-role';

export interface ChainOrder {
  readonly sdk: ChainSdk;
  readonly steps: readonly ChainStep[];
  /** Which of a profile's settings is used where it holds several. */
  readonly profileOrder: readonly Exclude<ProfileProvider, 'none'>[];
  /** The variables that name the profile; the first one set wins. */
  readonly profileVariables: readonly ('AWS_PROFILE' | 'AWS_DEFAULT_PROFILE')[];
  /** True where naming a profile by variable makes the SDK pass over credentials in the environment. */
  readonly profileVariableHidesEnvironment: boolean;
  /** True where an access key id in one file and its secret in the other make a pair. */
  readonly mixesFiles: boolean;
  /** True where keys in the config file come after everything else a profile offers. */
  readonly configKeysLast: boolean;
  /** Where a broken profile stops the chain instead of handing over to the next source. */
  readonly stopsAtFaults: 'always' | 'sso' | 'never';
  readonly source: string;
}

/** The published chains. `aws-cli` is what the report's `winner` follows. */
export const CHAIN_ORDERS: readonly ChainOrder[] = [
  {
    sdk: 'aws-cli',
    // A role in the profile is asked before web identity and the rest; with --profile the environment is left out.
    steps: ['environment', 'profile-role', 'web-identity-variables', 'profile', 'container', 'instance-role'],
    profileOrder: ['assume-role', 'web-identity', 'sso', 'static', 'login', 'process'],
    profileVariables: ['AWS_DEFAULT_PROFILE', 'AWS_PROFILE'],
    profileVariableHidesEnvironment: false,
    mixesFiles: false,
    configKeysLast: true,
    stopsAtFaults: 'always',
    source: 'botocore 1.43.11, credentials.py create_credential_resolver; configprovider.py',
  },
  {
    sdk: 'java-v2',
    steps: [
      'java-properties',
      'environment',
      'web-identity-variables',
      'profile',
      'container',
      'instance-role',
    ],
    profileOrder: ['web-identity', 'sso', 'assume-role', 'login', 'process', 'static'],
    profileVariables: ['AWS_PROFILE'],
    profileVariableHidesEnvironment: false,
    mixesFiles: true,
    configKeysLast: false,
    stopsAtFaults: 'never',
    source: 'software.amazon.awssdk:auth 2.57.8, DefaultCredentialsProvider and ProfileCredentialsUtils',
  },
  {
    sdk: 'js-v3',
    steps: ['environment', 'profile', 'web-identity-variables', 'container', 'instance-role'],
    profileOrder: ['assume-role', 'static', 'web-identity', 'process', 'sso', 'login'],
    profileVariables: ['AWS_PROFILE'],
    profileVariableHidesEnvironment: true,
    mixesFiles: true,
    configKeysLast: false,
    stopsAtFaults: 'sso',
    source: '@aws-sdk/credential-provider-node defaultProvider, credential-provider-ini resolveProfileData',
  },
  {
    sdk: 'go-v2',
    steps: ['environment', 'web-identity-variables', 'profile', 'container', 'instance-role'],
    profileOrder: ['assume-role', 'static', 'web-identity', 'sso', 'login', 'process'],
    profileVariables: ['AWS_PROFILE', 'AWS_DEFAULT_PROFILE'],
    profileVariableHidesEnvironment: false,
    mixesFiles: false,
    configKeysLast: false,
    stopsAtFaults: 'always',
    source: 'aws-sdk-go-v2/config v1.33.16, resolveCredentialChain and resolveCredsFromProfile',
  },
];

/** Names people know the chains by. */
export const SDK_NAMES: Readonly<Record<ChainSdk, string>> = {
  'aws-cli': 'AWS CLI, boto3',
  'java-v2': 'SDK for Java 2',
  'js-v3': 'SDK for JavaScript 3',
  'go-v2': 'SDK for Go 2',
};

/** Values of `credential_source`: SDKs and Tools Reference, "Assume role credential provider". */
export const CREDENTIAL_SOURCES = ['Environment', 'Ec2InstanceMetadata', 'EcsContainer'] as const;

/** AssumeRole caps a session at one hour when its caller is itself a role (IAM User Guide, "role chaining"). */
export const ROLE_CHAINING_LIMIT_SECONDS = 3600;

/** DurationSeconds of AssumeRole (STS API reference). */
export const DURATION_MIN_SECONDS = 900;
export const DURATION_MAX_SECONDS = 43_200;

/** What AWS calls credentials whose time is over: STS, and services that speak JSON (their "common errors" pages). */
export const EXPIRED_CODES: readonly string[] = ['ExpiredToken', 'ExpiredTokenException'];

/** Hosts that credentials may be fetched from over plain HTTP (botocore 1.43 ContainerMetadataFetcher, JS checkUrl). */
export const CONTAINER_HOSTS: readonly string[] = ['169.254.170.2', '169.254.170.23', 'fd00:ec2::23'];
/** Base of AWS_CONTAINER_CREDENTIALS_RELATIVE_URI: Amazon ECS Developer Guide, "Task IAM role". */
export const ECS_CREDENTIALS_BASE = 'http://169.254.170.2';

/** Java system properties with credentials: the first of each list is SDK 2's, the second SDK 1's (SdkSystemSetting). */
export const JAVA_PROPERTIES = {
  accessKeyId: ['aws.accessKeyId'],
  secretKey: ['aws.secretAccessKey', 'aws.secretKey'],
  sessionToken: ['aws.sessionToken'],
} as const;

/** IAM User Guide, "Unique identifiers": ASIA marks temporary keys, AKIA long-lived ones. */
export function keyKind(accessKeyId: string): KeyKind {
  if (accessKeyId.startsWith('ASIA')) return 'temporary';
  return accessKeyId.startsWith('AKIA') ? 'long-lived' : 'other';
}

/**
 * Whether the SDKs would send a request for credentials there: https anywhere, plain http only to loopback and
 * the container agents. `hostname` as URL gives it, brackets and all.
 */
export function isContainerHostAllowed(protocol: string, hostname: string): boolean {
  if (protocol === 'https:') return true;
  if (protocol !== 'http:') return false;
  const bare = hostname.replace(/^\[|\]$/g, '').toLowerCase();
  return (
    CONTAINER_HOSTS.includes(bare) ||
    bare === 'localhost' ||
    bare === '::1' ||
    /^127\.\d{1,3}\.\d{1,3}\.\d{1,3}$/.test(bare)
  );
}

/** Pages the findings of the chain cite. */
export const CHAIN_PAGES = {
  chain: 'https://docs.aws.amazon.com/sdkref/latest/guide/standardized-credentials.html',
  cliChain: 'https://docs.aws.amazon.com/cli/latest/userguide/cli-configure-authentication.html',
  environment: 'https://docs.aws.amazon.com/cli/latest/userguide/cli-configure-envvars.html',
  files: 'https://docs.aws.amazon.com/cli/latest/userguide/cli-configure-files.html',
  fileFormat: 'https://docs.aws.amazon.com/sdkref/latest/guide/file-format.html',
  assumeRole: 'https://docs.aws.amazon.com/sdkref/latest/guide/feature-assume-role-credentials.html',
  instanceMetadataRole: 'https://docs.aws.amazon.com/cli/latest/userguide/cli-configure-metadata.html',
  roleChaining: 'https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles.html#iam-term-role-chaining',
  cliRoles: 'https://docs.aws.amazon.com/cli/latest/userguide/cli-configure-role.html',
  sso: 'https://docs.aws.amazon.com/cli/latest/userguide/cli-configure-sso.html',
  webIdentity: 'https://docs.aws.amazon.com/eks/latest/userguide/iam-roles-for-service-accounts.html',
  container: 'https://docs.aws.amazon.com/sdkref/latest/guide/feature-container-credentials.html',
  process: 'https://docs.aws.amazon.com/sdkref/latest/guide/feature-process-credentials.html',
  javaChain: 'https://docs.aws.amazon.com/sdk-for-java/latest/developer-guide/credentials-chain.html',
  accessKeys: 'https://docs.aws.amazon.com/IAM/latest/UserGuide/securing_access-keys.html',
  cliVersions: 'https://docs.aws.amazon.com/cli/latest/userguide/cliv2-migration.html',
  cliInstall: 'https://docs.aws.amazon.com/cli/latest/userguide/getting-started-install.html',
} as const;
