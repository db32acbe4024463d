// What STS says of the credentials in use, in words: who signs with them, or that nobody does, beside the role.
import type { CallerIdentities, ChainSourceName } from '../../core/chain.ts';
import type { Outcome } from '../../core/outcome.ts';
import { EXPIRED_CODES } from '../../facts/credential-chain.ts';

type Seen = Outcome<CallerIdentities> | undefined;

/** STS's answers where it was asked about this source; else null. */
function answersFor(seen: Seen, source: ChainSourceName | null): CallerIdentities | null {
  return seen?.ok === true && seen.value.source === source ? seen.value : null;
}

/** True where STS itself calls the credentials of this source expired. */
export function refusedAsExpired(seen: Seen, source: ChainSourceName): boolean {
  const winner = answersFor(seen, source)?.winner;
  return winner?.state === 'refused' && EXPIRED_CODES.includes(winner.code ?? '');
}

/** What refused credentials mean when the role beside them is looked at, e.g. ` and accepts those of the role: …`. */
export function besideTheRole(seen: Seen, source: ChainSourceName): string {
  const role = answersFor(seen, source)?.role;
  if (role?.state === 'accepted') {
    return ' and accepts those of the role: they are frozen here, not expired at the source';
  }
  return role?.state === 'refused' ? `, and those of the role with ${role.code ?? 'an error'} as well` : '';
}

/** A sentence with a blank before it on who signs with the credentials of this source; empty where STS did not say. */
export function signerSentence(seen: Seen, source: ChainSourceName | null): string {
  const answers = answersFor(seen, source);
  if (answers === null) return '';
  const { winner, role } = answers;
  if (winner.state === 'refused') {
    const beside = role.state === 'accepted' ? ', and accepts those of the role' : '';
    return ` STS refuses them with ${winner.code ?? 'an error'}${beside}.`;
  }
  if (winner.state !== 'accepted' || winner.arn === null) return '';
  const wanted = role.state === 'accepted' && role.arn !== winner.arn ? `, not as ${role.arn}` : '';
  return ` They sign as ${winner.arn}${wanted}.`;
}
