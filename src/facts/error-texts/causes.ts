// Causes that several error texts share, each with the findings that show it and the command that helps.
import type { ErrorCause } from './entry.ts';

const MODIFY_OPTIONS = 'aws ec2 modify-instance-metadata-options --instance-id <instance-id>';

export const CAUSES = {
  environment: {
    text: 'Credentials were exported into the environment. They come before the role of the instance, and nobody refreshes them.',
    findings: ['env-credentials-expired', 'env-credentials-shadow-role'],
    command: 'unset AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_SESSION_TOKEN',
  },
  pastedProfile: {
    text: 'A profile holds a pasted aws_session_token, which has to be replaced by hand each time it runs out.',
    findings: ['profile-static-session-token', 'profile-shadows-role'],
    command: 'aws configure list',
  },
  expiredAtSource: {
    text: 'The metadata service itself serves credentials that have run out: EC2 has not rotated them.',
    findings: ['role-credentials-expired', 'role-rotation-overdue'],
    command: 'imds-probe check --only role',
  },
  frozen: {
    text: 'The program fetched credentials once and keeps them (a client made by hand, a cache, a background thread that died). A restart helps until they run out again; letting the SDK fetch them helps for good.',
    findings: [],
    command: 'imds-probe check --pid <pid>',
  },
  javaProperties: {
    text: 'The JVM was started with -Daws.accessKeyId and -Daws.secretKey, which come before the role.',
    findings: ['java-properties-shadow-role'],
    command: 'imds-probe check --all-processes',
  },
  cliCache: {
    text: 'The AWS CLI uses a role session out of its cache.',
    findings: ['cli-cache-expired'],
    command: 'rm -r ~/.aws/cli/cache',
  },
  roleChaining: {
    text: 'A role is assumed with the credentials of another role, which lasts one hour at most.',
    findings: ['profile-role-chaining-limit'],
    command: 'imds-probe check --only profile-role-chaining-limit',
  },
  slowClock: {
    text: 'The local clock is slow, so the program believes that its credentials are still good and refreshes too late.',
    findings: ['clock-skewed', 'clock-unsynchronised'],
    command: 'imds-probe check --only clock',
  },
  skewedClock: {
    text: 'The local clock is wrong: a request has to reach AWS within 5 minutes of the time it carries (15 for S3).',
    findings: ['clock-skewed', 'clock-unsynchronised'],
    command: 'imds-probe check --only clock',
  },
  noTimeSource: {
    text: 'No time server can be reached from here, so the clock drifts.',
    findings: ['time-source-unreachable'],
    command: 'chronyc sources -v',
  },
  slowWay: {
    text: 'The request took minutes to arrive: a slow upload, a queue, or a proxy held it back after it was signed.',
    findings: ['request-window-at-risk'],
    command: 'imds-probe check --only endpoint',
  },
  noRole: {
    text: 'No role is attached to the instance.',
    findings: ['role-missing'],
    command:
      'aws ec2 associate-iam-instance-profile --instance-id <instance-id> --iam-instance-profile Name=<profile-name>',
  },
  notAssumable: {
    text: 'EC2 may not assume the attached role: its trust policy does not name ec2.amazonaws.com, or the role was deleted and made again.',
    findings: ['role-not-assumable'],
    command: 'aws iam get-role --role-name <role-name> --query Role.AssumeRolePolicyDocument',
  },
  hopLimit: {
    text: 'The program runs in a container, and the answer to the token request may cross one router too few.',
    findings: ['imds-hop-limit'],
    command: `${MODIFY_OPTIONS} --http-put-response-hop-limit 2 --http-endpoint enabled`,
  },
  disabled: {
    text: 'The metadata endpoint of the instance is switched off.',
    findings: ['imds-disabled'],
    command: `${MODIFY_OPTIONS} --http-endpoint enabled`,
  },
  disabledByEnv: {
    text: 'AWS_EC2_METADATA_DISABLED is set; some SDKs take any text for true, even "false".',
    findings: ['imds-disabled-by-env'],
    command: 'unset AWS_EC2_METADATA_DISABLED',
  },
  unreachable: {
    text: 'A firewall, a route or a container network keeps the program from the metadata address, or it does not run on EC2 at all.',
    findings: ['imds-unreachable'],
    command: 'imds-probe check --only imds',
  },
  proxied: {
    text: 'A proxy takes the metadata requests, because NO_PROXY does not name the metadata address.',
    findings: ['imds-proxied'],
    command:
      // biome-ignore lint/suspicious/noTemplateCurlyInString: the shell's, not ours
      'export NO_PROXY="${NO_PROXY:+$NO_PROXY,}169.254.169.254" no_proxy="${no_proxy:+$no_proxy,}169.254.169.254"',
  },
  throttled: {
    text: 'The metadata service throttled this instance (HTTP 429 or 503). Most SDKs do not retry and report missing credentials.',
    findings: ['imds-throttled'],
    command: 'imds-probe check --only imds-throttled',
  },
  slowMetadata: {
    text: 'The metadata service answered later than the one second and the one try that SDKs allow by default.',
    findings: ['imds-slow', 'imds-retries-too-low'],
    command: 'export AWS_METADATA_SERVICE_TIMEOUT=10 AWS_METADATA_SERVICE_NUM_ATTEMPTS=5',
  },
  booting: {
    text: 'The instance has only just booted, and its credentials were not there yet.',
    findings: ['imds-unreachable', 'imds-token-rejected', 'role-missing'],
    command: 'imds-probe check --wait 120',
  },
  otherServer: {
    text: 'Something else answers at the metadata address: a metadata proxy such as kube2iam, an emulator, a captive portal.',
    findings: ['imds-malformed', 'imds-endpoint-overridden'],
    command: 'curl -si --noproxy "*" --max-time 2 http://169.254.169.254/',
  },
  tokenRejected: {
    text: 'The metadata service refused a session token it had handed out.',
    findings: ['imds-token-rejected'],
    command: 'imds-probe check --only imds-token-rejected',
  },
  oldClient: {
    text: 'The program is too old to know session tokens (IMDSv2), and the instance requires them.',
    findings: ['aws-cli-outdated'],
    command: 'aws --version',
  },
  retiredKey: {
    text: 'The access key was deleted, switched off or mistyped, and comes from the environment or from a file instead of the role.',
    findings: ['env-credentials-shadow-role', 'profile-shadows-role', 'long-lived-key'],
    command: 'aws configure list',
  },
  tokenMissing: {
    text: 'The access key is a temporary one (ASIA…), and the session token that belongs to it is missing or from another key.',
    findings: ['env-credentials-shadow-role', 'profile-key-conflict'],
    command: 'env | cut -d= -f1 | grep ^AWS_',
  },
  roleRejected: {
    text: 'AWS refuses the credentials of the role although they have not run out: the role was deleted or made again, or its sessions were revoked.',
    findings: ['role-credentials-rejected'],
    command: 'imds-probe check --only role-credentials-rejected',
  },
  otherRegion: {
    text: 'The Region is not switched on for this account, or the request went to the endpoint of another partition.',
    findings: ['sts-unreachable'],
    command: 'aws sts get-caller-identity --region us-east-1',
  },
  ssoExpired: {
    text: 'The single sign-on session of the profile has run out.',
    findings: ['sso-token-expired'],
    command: 'aws sso login --profile <profile>',
  },
  webIdentity: {
    text: 'The web identity token (a Kubernetes service account token) is missing, unreadable or has run out.',
    findings: ['web-identity-token-unusable'],
    command: 'imds-probe check --only web-identity-token-unusable',
  },
  webIdentityTrust: {
    text: 'The trust policy of the role does not name this issuer, namespace and service account.',
    findings: ['web-identity-token-unusable'],
    command: 'aws iam get-role --role-name <role-name> --query Role.AssumeRolePolicyDocument',
  },
  container: {
    text: 'The credentials endpoint of ECS or EKS, named by AWS_CONTAINER_CREDENTIALS_*, does not answer, or its variable is left over from elsewhere.',
    findings: ['container-credentials-unreachable'],
    command: 'imds-probe check --only container-credentials-unreachable',
  },
  brokenProfile: {
    text: 'The profile is incomplete, misspelt or its file can’t be read.',
    findings: ['profile-invalid', 'profile-key-conflict'],
    command: 'imds-probe check --only profile-invalid',
  },
} as const satisfies Readonly<Record<string, ErrorCause>>;
