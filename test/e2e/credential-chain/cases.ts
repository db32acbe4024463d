// Worlds that hold every source of the chain against every other; run through the real SDKs and through ours.

/** `PROCESS`, `TOKEN` and `CONTAINER` stand for what the test makes: a command, a file, a URL on loopback. */
export interface ChainCase {
  readonly name: string;
  readonly environment?: Readonly<Record<string, string>>;
  readonly config?: string;
  readonly credentials?: string;
  /** A profile asked for by argument, as `aws --profile` does. */
  readonly profile?: string;
}

const ENVIRONMENT = { AWS_ACCESS_KEY_ID: 'AKIAENVIRONMENT0001', AWS_SECRET_ACCESS_KEY: 'secret' };
const HALF = { AWS_ACCESS_KEY_ID: 'AKIAENVIRONMENT0001' };
const WEB = { AWS_WEB_IDENTITY_TOKEN_FILE: 'TOKEN', AWS_ROLE_ARN: 'arn:aws:iam::123456789012:role/web' };
const CONTAINER = { AWS_CONTAINER_CREDENTIALS_FULL_URI: 'CONTAINER' };
const KEYS = 'aws_access_key_id = AKIAPROFILE00000001\naws_secret_access_key = secret\n';
const ROLE = 'role_arn = arn:aws:iam::123456789012:role/r\n';
const SOURCED = `${ROLE}credential_source = Ec2InstanceMetadata\n`;
const PROCESS = 'credential_process = PROCESS\n';
const SSO = 'sso_start_url = https://x\nsso_region = us-east-1\nsso_account_id = 1\nsso_role_name = r\n';
const WEB_PROFILE = `${ROLE}web_identity_token_file = TOKEN\n`;

export const CASES: readonly ChainCase[] = [
  { name: 'nothing' },
  { name: 'environment', environment: ENVIRONMENT },
  { name: 'environment and keys in [default]', environment: ENVIRONMENT, credentials: `[default]\n${KEYS}` },
  { name: 'half an environment', environment: HALF },
  { name: 'half an environment and keys', environment: HALF, credentials: `[default]\n${KEYS}` },
  { name: 'the secret alone', environment: { AWS_SECRET_ACCESS_KEY: 'secret' } },
  { name: 'empty variables', environment: { AWS_ACCESS_KEY_ID: '', AWS_SECRET_ACCESS_KEY: '' } },
  {
    name: 'AWS_PROFILE beside the environment',
    environment: { ...ENVIRONMENT, AWS_PROFILE: 'dev' },
    credentials: `[dev]\n${KEYS}`,
  },
  {
    name: 'AWS_DEFAULT_PROFILE alone',
    environment: { AWS_DEFAULT_PROFILE: 'dev' },
    credentials: `[dev]\n${KEYS}`,
  },
  {
    name: 'both profile variables',
    environment: { AWS_DEFAULT_PROFILE: 'one', AWS_PROFILE: 'two' },
    credentials: `[one]\n${KEYS}`,
    config: `[profile two]\n${PROCESS}`,
  },
  { name: 'AWS_PROFILE names nothing', environment: { AWS_PROFILE: 'gone' } },
  {
    name: 'AWS_PROFILE names a profile without credentials',
    environment: { AWS_PROFILE: 'dev' },
    config: '[profile dev]\nregion = x\n',
  },
  {
    name: 'a profile asked for beside the environment',
    environment: ENVIRONMENT,
    profile: 'dev',
    credentials: `[dev]\n${KEYS}`,
  },
  {
    name: 'a profile asked for beside web identity variables',
    environment: WEB,
    profile: 'dev',
    credentials: `[dev]\n${KEYS}`,
  },
  { name: 'a profile asked for that is not there', profile: 'gone' },
  { name: 'keys in the credentials file', credentials: `[default]\n${KEYS}` },
  { name: 'keys in the config file', config: `[default]\n${KEYS}` },
  { name: 'keys of another profile', credentials: `[dev]\n${KEYS}` },
  {
    name: 'the id in one file, the secret in the other',
    credentials: '[default]\naws_access_key_id = AKIAPROFILE00000001\n',
    config: '[default]\naws_secret_access_key = secret\n',
  },
  { name: 'an id without a secret', credentials: '[default]\naws_access_key_id = AKIAPROFILE00000001\n' },
  { name: 'a secret without an id', credentials: '[default]\naws_secret_access_key = secret\n' },
  {
    name: 'half in the credentials file, a pair in the config file',
    credentials: '[default]\naws_access_key_id = AKIAPROFILE00000001\n',
    config: `[default]\n${KEYS}`,
  },
  { name: 'a process', config: `[default]\n${PROCESS}` },
  {
    name: 'a process and keys in the credentials file',
    config: `[default]\n${PROCESS}`,
    credentials: `[default]\n${KEYS}`,
  },
  { name: 'a process and keys in the config file', config: `[default]\n${PROCESS}${KEYS}` },
  { name: 'SSO', config: `[default]\n${SSO}` },
  { name: 'SSO and keys', config: `[default]\n${SSO}`, credentials: `[default]\n${KEYS}` },
  { name: 'SSO with a setting missing', config: '[default]\nsso_account_id = 1\n' },
  {
    name: 'SSO with a session that is not there',
    config: '[default]\nsso_session = s\nsso_account_id = 1\nsso_role_name = r\n',
  },
  {
    name: 'SSO with a session',
    config:
      '[sso-session s]\nsso_start_url = https://x\nsso_region = us-east-1\n[default]\nsso_session = s\nsso_account_id = 1\nsso_role_name = r\n',
  },
  {
    name: 'a role with keys of a source',
    config: `[default]\n${ROLE}source_profile = k\n`,
    credentials: `[k]\n${KEYS}`,
  },
  { name: 'a role sourced from the instance', config: `[default]\n${SOURCED}` },
  { name: 'a role and keys beside it', config: `[default]\n${SOURCED}`, credentials: `[default]\n${KEYS}` },
  { name: 'a role from itself', config: `[default]\n${ROLE}source_profile = default\n${KEYS}` },
  { name: 'a role from itself without keys', config: `[default]\n${ROLE}source_profile = default\n` },
  { name: 'a role without a source', config: `[default]\n${ROLE}` },
  { name: 'a role without a source, and keys', config: `[default]\n${ROLE}${KEYS}` },
  {
    name: 'a role with both sources',
    config: `[default]\n${SOURCED}source_profile = k\n`,
    credentials: `[k]\n${KEYS}`,
  },
  { name: 'a role whose source is not there', config: `[default]\n${ROLE}source_profile = gone\n` },
  {
    name: 'a role whose source has nothing',
    config: `[default]\n${ROLE}source_profile = k\n[profile k]\nregion = x\n`,
  },
  { name: 'a role from an odd source', config: `[default]\n${ROLE}credential_source = Ec2\n` },
  { name: 'a role from an empty environment', config: `[default]\n${ROLE}credential_source = Environment\n` },
  {
    name: 'roles in a circle',
    config: `[default]\n${ROLE}source_profile = a\n[profile a]\n${ROLE}source_profile = default\n`,
  },
  {
    name: 'three roles in a row',
    config: `[default]\n${ROLE}source_profile = a\n[profile a]\n${ROLE}source_profile = k\n`,
    credentials: `[k]\n${KEYS}`,
  },
  { name: 'a role from a process', config: `[default]\n${ROLE}source_profile = p\n[profile p]\n${PROCESS}` },
  { name: 'web identity variables', environment: WEB },
  { name: 'web identity variables and keys', environment: WEB, credentials: `[default]\n${KEYS}` },
  { name: 'web identity variables and a role', environment: WEB, config: `[default]\n${SOURCED}` },
  { name: 'web identity variables and the environment', environment: { ...WEB, ...ENVIRONMENT } },
  { name: 'web identity in the profile', config: `[default]\n${WEB_PROFILE}` },
  { name: 'web identity in the profile, and keys', config: `[default]\n${WEB_PROFILE}${KEYS}` },
  {
    name: 'web identity in the profile without a role',
    config: '[default]\nweb_identity_token_file = TOKEN\n',
  },
  { name: 'a container', environment: CONTAINER },
  { name: 'a container and keys', environment: CONTAINER, credentials: `[default]\n${KEYS}` },
  {
    name: 'a container at a host nobody asks',
    environment: { AWS_CONTAINER_CREDENTIALS_FULL_URI: 'http://192.0.2.1/x' },
  },
  { name: 'a section that stands twice', credentials: `[default]\n${KEYS}[default]\n${KEYS}` },
  { name: 'a line without an equals sign', credentials: `[default]\nhello\n${KEYS}` },
  { name: 'metadata switched off', environment: { AWS_EC2_METADATA_DISABLED: 'true' } },
  { name: 'metadata switched off as True', environment: { AWS_EC2_METADATA_DISABLED: 'True' } },
  { name: 'metadata not switched off', environment: { AWS_EC2_METADATA_DISABLED: 'false' } },
  { name: 'metadata not switched off as False', environment: { AWS_EC2_METADATA_DISABLED: 'False' } },
  { name: 'metadata switched off as 1', environment: { AWS_EC2_METADATA_DISABLED: '1' } },
];
