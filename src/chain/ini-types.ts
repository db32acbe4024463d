// What a parsed shared file holds.
import type { SharedFileKind } from '../core/chain.ts';

export interface SharedValue {
  /** As the SDKs read it. Empty where the key only opens a block of nested keys. */
  readonly value: string;
  /** As the AWS CLI and boto3 read it, where that differs. */
  readonly cliValue?: string;
  /** 1-based. */
  readonly line: number;
  /** `s3 =` followed by indented `key = value` lines. */
  readonly nested?: ReadonlyMap<string, SharedValue>;
}

export interface SharedSection {
  readonly name: string;
  /** Line of its first header, 1-based. */
  readonly line: number;
  /** Who sees a section of this name here: everyone, only the AWS CLI and boto3, or only the other SDKs. */
  readonly readBy: 'all' | 'cli' | 'sdks';
  /** By key in lower case. */
  readonly keys: ReadonlyMap<string, SharedValue>;
}

/**
 * - `error`: the SDKs refuse the file here; what follows is a best effort
 * - `ignored`: everybody skips it, and whoever wrote it probably does not know
 * - `disagreement`: it is read in more than one way
 */
export interface SharedProblem {
  readonly line: number;
  readonly kind: 'error' | 'ignored' | 'disagreement';
  /** One sentence without any value. */
  readonly what: string;
  /** True where the AWS CLI and boto3 refuse the whole file because of it. */
  readonly fatal: boolean;
}

export interface SharedFile {
  readonly kind: SharedFileKind;
  readonly profiles: ReadonlyMap<string, SharedSection>;
  /** `[sso-session name]` and `[services name]`; the config file only. */
  readonly ssoSessions: ReadonlyMap<string, SharedSection>;
  readonly services: ReadonlyMap<string, SharedSection>;
  /** In the order of lines; bounded by MAX_PROBLEMS. */
  readonly problems: readonly SharedProblem[];
}
