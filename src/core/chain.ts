// What is seen of the credential chain: sources, profiles, caches, processes. Secrets are already gone here.

/** Where the default chain of the AWS CLI can find credentials; names fixed by the report's schema. */
export type ChainSourceName =
  | 'environment'
  | 'web-identity'
  | 'sso'
  | 'profile'
  | 'assume-role-profile'
  | 'process'
  | 'container'
  | 'instance-role';

/** SDKs whose chains are told apart. `aws-cli` stands for botocore and boto3 as well. */
export type ChainSdk = 'aws-cli' | 'java-v2' | 'js-v3' | 'go-v2';

/** By the prefix of the access key id: ASIA is temporary, AKIA long-lived (IAM User Guide, "unique identifiers"). */
export type KeyKind = 'temporary' | 'long-lived' | 'other';

/** An access key id as it may be shown: first and last four characters. */
export interface ShownKey {
  readonly accessKeyId: string;
  readonly kind: KeyKind;
}

export interface ChainSource {
  readonly source: ChainSourceName;
  /** True where an SDK that came this far would take credentials from here, or fail trying. */
  readonly present: boolean;
  readonly accessKeyId?: string;
  /** ISO 8601. */
  readonly expiration?: string;
  /** One sentence. */
  readonly detail?: string;
}

/** Whose chain this is. */
export interface ChainSubject {
  /** Null: this shell. */
  readonly pid: number | null;
  /** What runs there: the program's name without its path. */
  readonly command: string | null;
  readonly uid: number | null;
  readonly home: string | null;
  /** Whether the process has its own network, and so perhaps another view of IMDS. */
  readonly network: 'same' | 'entered' | 'not-seen';
}

export interface SelectedProfile {
  readonly name: string;
  readonly from: 'flag' | 'AWS_PROFILE' | 'AWS_DEFAULT_PROFILE' | 'default';
}

/** The token of a web identity, read but not verified: who issued it and until when it is good. */
export interface WebIdentityToken {
  readonly path: string;
  /** `unreadable` where this user may not read it, `malformed` where it is no JSON web token (RFC 7519). */
  readonly state: 'read' | 'absent' | 'unreadable' | 'malformed';
  readonly expiration: string | null;
  readonly expired: boolean | null;
  /** Host of the issuer. */
  readonly issuer: string | null;
  readonly roleArn: boolean;
}

/** Where AWS_CONTAINER_CREDENTIALS_* points, and what came back when it was asked. */
export interface ContainerCredentials {
  readonly variable: 'AWS_CONTAINER_CREDENTIALS_RELATIVE_URI' | 'AWS_CONTAINER_CREDENTIALS_FULL_URI';
  /** Scheme, host and port; never the path, which can be a capability. */
  readonly endpoint: string;
  /** Whether the SDKs ask such a host at all. */
  readonly allowed: boolean;
  /** `left-out`: not asked because of `--offline`. */
  readonly state: 'answered' | 'failed' | 'not-asked' | 'left-out';
  /** What came back, or why it was not asked; one sentence. */
  readonly detail: string;
  readonly key: ShownKey | null;
  readonly expiration: string | null;
}

export interface ChainEnvironment {
  /** Names of the AWS variables that are set, sorted. */
  readonly variables: readonly string[];
  readonly key: ShownKey | null;
  readonly secretKey: boolean;
  readonly sessionToken: boolean;
  /** AWS_CREDENTIAL_EXPIRATION, where it holds a time. */
  readonly expiration: string | null;
  readonly expired: boolean | null;
  /** The text of AWS_EC2_METADATA_DISABLED, or null. */
  readonly metadataDisabled: string | null;
  /** Set where AWS_WEB_IDENTITY_TOKEN_FILE is. */
  readonly webIdentity: WebIdentityToken | null;
  readonly container: ContainerCredentials | null;
  /** Values of the two profile variables, or null. */
  readonly profileVariable: string | null;
  readonly defaultProfileVariable: string | null;
}

/** `-Daws.accessKeyId=…` of a JVM, from its command line or from JAVA_TOOL_OPTIONS and its kin. */
export interface JavaCredentials {
  readonly from: 'command-line' | 'JAVA_TOOL_OPTIONS' | 'JDK_JAVA_OPTIONS' | '_JAVA_OPTIONS';
  /** Names of the properties set, sorted. */
  readonly properties: readonly string[];
  readonly key: ShownKey | null;
  readonly secretKey: boolean;
  readonly sessionToken: boolean;
}

export type SharedFileKind = 'config' | 'credentials';

export interface ChainFileProblem {
  /** 1-based, or null where the whole file is meant. */
  readonly line: number | null;
  /** `error`: SDKs refuse the file; `ignored`: nobody reads it; `disagreement`: it is read in more than one way. */
  readonly kind: 'error' | 'ignored' | 'disagreement';
  readonly text: string;
  /** True where the AWS CLI refuses the whole file because of it. */
  readonly fatal: boolean;
}

export interface ChainFile {
  readonly kind: SharedFileKind;
  readonly path: string;
  readonly state: 'read' | 'absent' | 'unreadable' | 'too-large' | 'not-regular' | 'binary';
  readonly problems: readonly ChainFileProblem[];
}

/** Keys written into a file, by file: the SDKs do not mix halves of two files alike. */
export interface StaticKeys {
  readonly file: SharedFileKind;
  readonly key: ShownKey | null;
  readonly secretKey: boolean;
  readonly sessionToken: boolean;
}

export interface SsoProfile {
  /** Name of the `[sso-session]`, or null for the legacy form. */
  readonly session: string | null;
  readonly startUrl: string | null;
  /** Settings that are missing, or contradict between profile and session. */
  readonly problems: readonly string[];
  readonly token: SsoToken | null;
}

export interface SsoToken {
  /** File name in ~/.aws/sso/cache, or null where there is none. */
  readonly file: string | null;
  readonly expiration: string | null;
  readonly expired: boolean;
  /** True where a refresh token is there and its client registration has not run out. */
  readonly refreshable: boolean;
}

/** One file of ~/.aws/cli/cache. */
export interface CliCacheEntry {
  readonly file: string;
  readonly key: ShownKey | null;
  readonly expiration: string | null;
  readonly expired: boolean;
}

/** What a `credential_process` answered; null where it was not run. */
export interface ProcessAnswer {
  readonly ok: boolean;
  readonly detail: string;
  readonly key: ShownKey | null;
  readonly expiration: string | null;
}

/** A profile as both files make it, key by key; the credentials file wins where both speak. */
export interface ProfileFacts {
  readonly name: string;
  readonly files: readonly SharedFileKind[];
  readonly statics: readonly StaticKeys[];
  readonly roleArn: string | null;
  readonly sourceProfile: string | null;
  readonly credentialSource: string | null;
  /** As written; NaN where it is no number. */
  readonly durationSeconds: number | null;
  readonly mfa: boolean;
  readonly webIdentity: WebIdentityToken | null;
  /** The program's name only: arguments can hold secrets. */
  readonly credentialProcess: string | null;
  readonly processAnswer: ProcessAnswer | null;
  readonly sso: SsoProfile | null;
  readonly loginSession: boolean;
  /** What the AWS CLI keeps in its cache for this profile's role, or null. */
  readonly cached: CliCacheEntry | null;
  /** Keys that both files set, to different values. */
  readonly conflicts: readonly string[];
}

/** Everything the chain is made of, as one reading of the machine. */
export interface ChainWorld {
  readonly subject: ChainSubject;
  readonly profile: SelectedProfile;
  readonly environment: ChainEnvironment;
  readonly java: JavaCredentials | null;
  readonly files: readonly ChainFile[];
  readonly profiles: readonly ProfileFacts[];
  /** Where the CLI keeps its cache, and what lies there (bounded). */
  readonly cliCacheFolder: string | null;
  readonly cliCache: readonly CliCacheEntry[];
  /** The role as another network namespace sees it; null where it is this one's, or not seen. */
  readonly enteredRole: ChainRole | null;
  /** What is wrong with the metadata service there. */
  readonly networkFindings: readonly NetworkFinding[];
}

/** A finding about the metadata service from inside another network namespace. */
export interface NetworkFinding {
  readonly id: string;
  readonly cause: string;
}

/** What is known of the instance role from where the subject stands. */
export interface ChainRole {
  readonly state: 'present' | 'absent' | 'unknown' | 'disabled';
  readonly roleName: string | null;
  readonly accessKeyId: string | null;
  readonly expiration: string | null;
  /** When EC2 made the credentials; null where it is not known. */
  readonly lastUpdated: string | null;
  readonly detail: string;
}

export type ProfileProvider =
  | 'assume-role'
  | 'web-identity'
  | 'sso'
  | 'static'
  | 'process'
  | 'login'
  | 'none';

/** One line of the table of profiles: what it gives, from where, until when. */
export interface ProfileRow {
  readonly name: string;
  readonly inUse: boolean;
  readonly provider: ProfileProvider;
  /** `config-file`, `shared-credentials-file` as `aws configure list` names them, or what else it comes from. */
  readonly origin: string;
  readonly accessKeyId: string | null;
  readonly kind: KeyKind | null;
  readonly sessionToken: boolean;
  readonly expiration: string | null;
  /** From this profile through source_profile to where the first credentials come from. */
  readonly path: readonly string[];
  /** True where the role is assumed with credentials of another role. */
  readonly chained: boolean;
  /** True where the chain ends at the instance role. */
  readonly usesInstanceRole: boolean;
  readonly durationSeconds: number | null;
  /** Every key written into a file for it, used or not. */
  readonly keys: readonly (ShownKey & { readonly file: SharedFileKind })[];
  /** Why an SDK would refuse it. */
  readonly problems: readonly string[];
  readonly conflicts: readonly string[];
  readonly ssoToken: SsoToken | null;
  readonly webIdentity: WebIdentityToken | null;
}

export interface SdkWinner {
  readonly sdk: ChainSdk;
  readonly source: ChainSourceName | 'java-properties' | null;
  /** Why it differs from the AWS CLI, or null where it does not. */
  readonly differs: string | null;
}

/** What one SDK will do next with the role's credentials. */
export interface SdkNextRefresh {
  /** As people know it. */
  readonly sdk: string;
  /** When it asks IMDS again, if it fetched the credentials when they were new; ISO 8601. */
  readonly nextRefresh: string;
  /** True where the credentials have expired and it signs with them all the same. */
  readonly signsExpired: boolean;
  /** What its slowest way of noticing leaves of the five minutes between rotation and expiry; see facts/sdk-refresh. */
  readonly slackSeconds: number;
  readonly says: string;
}

/** The chain, put together: who wins, and everything that was in the running. */
export interface CredentialChain {
  /** What the default chain of the AWS CLI would use, or null. */
  readonly winner: ChainSourceName | null;
  readonly sources: readonly ChainSource[];
  readonly winners: readonly SdkWinner[];
  readonly subject: ChainSubject;
  readonly profile: SelectedProfile & { readonly found: boolean };
  readonly role: ChainRole;
  /** Who refreshes the role's credentials, and when; empty where there are none. */
  readonly refresh: readonly SdkNextRefresh[];
  readonly environment: ChainEnvironment;
  readonly java: JavaCredentials | null;
  readonly files: readonly ChainFile[];
  /** Bounded; those in use and those with problems come before others are left off. */
  readonly profiles: readonly ProfileRow[];
  readonly moreProfiles: number;
  readonly cliCacheFolder: string | null;
  readonly cliCache: readonly CliCacheEntry[];
  /** Empty where the process shares our network. */
  readonly networkFindings: readonly NetworkFinding[];
}

/** A process that carries credentials in its environment or its Java properties. */
export interface ProcessRow {
  readonly pid: number;
  readonly command: string;
  readonly uid: number;
  readonly from: 'environment' | 'java-properties';
  readonly key: ShownKey | null;
  readonly sessionToken: boolean;
  readonly expiration: string | null;
  /** By AWS_CREDENTIAL_EXPIRATION, else by STS; null where neither says. */
  readonly expired: boolean | null;
}

export interface ProcessCredentials {
  /** False where neither `--all-processes` nor `--pid` asked for it. */
  readonly asked: boolean;
  readonly looked: number;
  /** Processes whose environment this user may not read. */
  readonly hidden: number;
  /** Bounded; those left off are counted in `more`. */
  readonly processes: readonly ProcessRow[];
  readonly more: number;
}

/** Answer of STS GetCallerIdentity for one set of credentials. */
export interface IdentityAnswer {
  readonly state: 'accepted' | 'refused' | 'failed' | 'not-asked';
  readonly arn: string | null;
  readonly accountId: string | null;
  /** AWS error code with `refused`, such as ExpiredToken or InvalidClientTokenId. */
  readonly code: string | null;
  readonly detail: string;
  readonly accessKeyId: string | null;
}

/** Who really signs: the winning credentials, and the role. */
export interface CallerIdentities {
  readonly source: ChainSourceName | null;
  readonly winner: IdentityAnswer;
  readonly role: IdentityAnswer;
  readonly endpoint: string;
}

/** The AWS CLI on PATH; all null where there is none. */
export interface AwsCli {
  readonly path: string | null;
  readonly version: string | null;
  /** `metadata`: read from the installation; `ran`: asked with --version. */
  readonly how: 'metadata' | 'ran' | null;
  /** Why no version is known although a CLI is there. */
  readonly detail: string | null;
}
