// The shape of a row in the table of settings.
import type { Kind } from './kinds.ts';

export type Command = 'check' | 'agent' | 'history';

export type Group =
  | 'Metadata service'
  | 'Time'
  | 'AWS'
  | 'Credentials'
  | 'Output'
  | 'Agent'
  | 'History'
  | 'Thresholds';

interface Common {
  readonly group: Group;
  readonly commands: readonly Command[];
  /** Commands that take it as well, without a use for it of their own: one set of flags does for all. Not in their help. */
  readonly alsoTakenBy?: readonly Command[];
  /** Where commands differ in the words they know, those of each. */
  readonly words?: Readonly<Partial<Record<Command, readonly string[]>>>;
  /** One line for help and documentation. */
  readonly describe: string;
  /** In place of the default itself, where that is not known before the run. */
  readonly defaultText?: string;
  /** AWS variables that also feed it, the first one set wins. */
  readonly variables?: readonly string[];
  /** Key of the AWS shared config that also feeds it, after the variables. */
  readonly sharedKey?: string;
}

/** A setting with one value, or with a list of them. */
export interface One<T> extends Common {
  readonly many: false;
  readonly kind: Kind<T>;
  readonly default: T | null;
}
export interface Many<T> extends Common {
  readonly many: true;
  readonly kind: Kind<T>;
  readonly default: readonly T[];
}

export const one = <T>(
  row: Common & { kind: Kind<T>; default: NoInfer<T> },
): One<T> & { readonly default: T } => ({
  ...row,
  many: false,
});
export const optional = <T>(row: Common & { kind: Kind<T> }): One<T> & { readonly default: null } => ({
  ...row,
  many: false,
  default: null,
});
export const many = <T>(row: Common & { kind: Kind<T>; default: readonly T[] }): Many<T> => ({
  ...row,
  many: true,
});
