// The credentials of the box's role: made afresh for each box, renewed as EC2 renews them, remembered to judge signatures.
import type { Credentials } from './behaviour.ts';

export interface IssuedCredentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken: string;
  /** Whole seconds since the epoch, by the box's true time. */
  readonly lastUpdated: number;
  readonly expiration: number;
}

export interface CredentialIssuer {
  /** Those IMDS serves now; null where no role is attached. */
  current(): IssuedCredentials | null;
  /** Any that this box has issued, expired ones too. */
  find(accessKeyId: string): IssuedCredentials | undefined;
  /** Starts a new schedule: from here on the ages in the behaviour count. */
  reissue(): void;
}

/** IAM's alphabet for ids: base 32. */
const ID_ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';
/** As many as live at once with hourly rotation and six hours of validity, with room. */
const REMEMBERED = 64;

export type RandomBytes = (count: number) => Uint8Array;

/** An id in IAM's form: a prefix such as `ASIA`, then 16 characters of base 32. */
export function awsId(prefix: string, random: RandomBytes): string {
  return prefix + Array.from(random(16), (byte) => ID_ALPHABET.charAt(byte & 31)).join('');
}

const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64');

/** Issues credentials by the behaviour in force. `nowSeconds` is the box's true time. */
export function credentialIssuer(
  behaviour: () => Credentials,
  nowSeconds: () => number,
  random: RandomBytes,
): CredentialIssuer {
  const issued = new Map<string, IssuedCredentials>();
  let latest: IssuedCredentials | null = null;

  function issue(lastUpdated: number): IssuedCredentials {
    const credentials = {
      accessKeyId: awsId('ASIA', random),
      secretAccessKey: base64(random(30)),
      // The prefix every session token has had for years, then something of the usual length.
      sessionToken: `IQoJb3JpZ2luX2Vj${base64(random(600))}`,
      lastUpdated,
      expiration: lastUpdated + behaviour().validForSeconds,
    };
    issued.set(credentials.accessKeyId, credentials);
    for (const oldest of issued.keys()) {
      if (issued.size <= REMEMBERED) break;
      issued.delete(oldest);
    }
    return credentials;
  }

  function current(): IssuedCredentials | null {
    const { role, updatedAgoSeconds, rotateEverySeconds } = behaviour();
    if (role === null) return null;
    const now = Math.floor(nowSeconds());
    latest ??= issue(now - updatedAgoSeconds);
    if (rotateEverySeconds !== null && now - latest.lastUpdated >= rotateEverySeconds) {
      const missed = Math.floor((now - latest.lastUpdated) / rotateEverySeconds);
      latest = issue(latest.lastUpdated + missed * rotateEverySeconds);
    }
    return latest;
  }

  return {
    current,
    find: (accessKeyId) => issued.get(accessKeyId),
    reissue() {
      latest = null;
      current();
    },
  };
}
