// What was found of the metadata service from inside the network of the process that was asked for (--pid).
import type { CredentialChain } from '../../core/chain.ts';
import type { Outcome } from '../../core/outcome.ts';
import type { Finding } from '../../core/report.ts';
import { whose } from './readings.ts';

/** The finding `id` as it is from there, without its fixes; null where there is none, or the network is our own. */
export function inItsNetwork(
  seen: Outcome<CredentialChain> | undefined,
  id: string,
): { readonly pid: number; readonly finding: Pick<Finding, 'severity' | 'cause' | 'evidence'> } | null {
  if (seen?.ok !== true) return null;
  const { subject, networkFindings } = seen.value;
  const found = networkFindings.find((finding) => finding.id === id);
  if (found === undefined || subject.pid === null) return null;
  return {
    pid: subject.pid,
    finding: {
      severity: 'critical',
      cause: `From the network of ${whose(seen.value)}, not from this one: ${found.cause}`,
      evidence: { process: subject.pid },
    },
  };
}
