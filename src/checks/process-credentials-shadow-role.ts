// Judges whether running processes carry credentials in their environment that hide the instance role from them.
import { defineCheck } from '../core/check.ts';
import { CHAIN_PAGES } from '../facts/credential-chain.ts';
import { andMore, noRoleToHide, processFixes } from './chain/readings.ts';
import { unknownBecause } from './context.ts';

const MAX_NAMED = 20;

export const processCredentialsShadowRole = defineCheck({
  id: 'process-credentials-shadow-role',
  group: 'chain',
  title: 'Running processes carry credentials that hide the instance role',
  severities: ['warning'],
  needs: ['processes', 'credential-chain'],
  reference: CHAIN_PAGES.environment,
  runbook: {
    means:
      'A process keeps the environment it was started with. These were started with AWS_ACCESS_KEY_ID set: their SDKs never come to the instance role, and unsetting the variable elsewhere does not change them.',
    causes: [
      'The unit, the container or the shell that started them sets the variables.',
      'They were started before the instance had a role.',
    ],
    fixes: processFixes('<pid>'),
  },
  assess(seen) {
    if (!seen.processes.ok) return unknownBecause('the processes could not be looked at', seen.processes);
    const { asked, processes, hidden, looked, more } = seen.processes.value;
    if (!asked) return { skipped: 'asked for with --all-processes' };
    const rows = processes.filter((row) => row.from === 'environment' && row.expired !== true);
    const [first] = rows;
    const unseen = `${hidden} of ${looked} processes could not be looked at; root sees those of other users`;
    if (first === undefined) {
      return hidden > 0 ? { unknown: unseen } : { pass: `none of ${looked} processes does` };
    }
    const chain = seen['credential-chain'];
    const nothing = chain.ok
      ? noRoleToHide(chain.value.role)
      : unknownBecause('whether there is a role to hide is not known', chain);
    if (nothing !== null) return nothing;
    const total = rows.length + more;
    return {
      severity: 'warning',
      cause: `${total} ${total === 1 ? 'process was' : 'processes were'} started with AWS_ACCESS_KEY_ID in the environment, ${first.command} (pid ${first.pid}) for one, and never ${total === 1 ? 'comes' : 'come'} to the instance role.`,
      evidence: {
        processes: rows
          .slice(0, MAX_NAMED)
          .map((row) => `${row.pid} ${row.command} ${row.key?.accessKeyId ?? ''}`.trim()),
        more: andMore(total, Math.min(rows.length, MAX_NAMED)).trim() || null,
        looked,
        hidden,
      },
      fix: processFixes(first.pid),
    };
  },
});
