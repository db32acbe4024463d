// What can be wrong with the disk or the recorder's file, told from the errors of Node and SQLite. Pure.
import { shownText } from '../core/text.ts';

/**
 * - `full`, `read-only`, `permission`: the disk takes nothing
 * - `locked`: another agent writes this folder
 * - `busy`: another program writes the file
 * - `damaged`, `foreign`, `newer`: the file is not one to go on with; it is set aside
 * - `gone`: somebody took the file away
 * - `unsupported`: this Node has no SQLite
 * - `failing`: anything else
 */
export type TroubleKind =
  | 'full'
  | 'read-only'
  | 'permission'
  | 'locked'
  | 'busy'
  | 'damaged'
  | 'foreign'
  | 'newer'
  | 'gone'
  | 'unsupported'
  | 'failing';

export class DiskTrouble extends Error {
  readonly kind: TroubleKind;

  constructor(kind: TroubleKind, detail: string) {
    super(detail);
    this.name = 'DiskTrouble';
    this.kind = kind;
  }
}

/** SQLite, "Result and Error Codes": primary codes. */
const BY_CODE: ReadonlyMap<number, TroubleKind> = new Map([
  [3, 'permission'],
  [5, 'busy'],
  [6, 'busy'],
  [8, 'read-only'],
  [11, 'damaged'],
  [13, 'full'],
  [26, 'foreign'],
]);

const BY_ERRNO: Readonly<Record<string, TroubleKind>> = {
  EACCES: 'permission',
  EPERM: 'permission',
  EROFS: 'read-only',
  ENOSPC: 'full',
  EDQUOT: 'full',
};

/** Any error of the recorder's, told apart. SQLite's "cantopen" and "ioerr" hide why; the folder tells that better. */
export function troubleOf(error: unknown): DiskTrouble {
  if (error instanceof DiskTrouble) return error;
  const { code, errcode } = (error ?? {}) as { code?: unknown; errcode?: unknown };
  const detail = shownText(error instanceof Error ? error.message : String(error));
  const primary = typeof errcode === 'number' ? errcode & 0xff : null;
  const kind =
    primary === null ? (typeof code === 'string' ? BY_ERRNO[code] : undefined) : BY_CODE.get(primary);
  return new DiskTrouble(kind ?? 'failing', detail);
}
