// Judges whether Java system properties bring credentials, which Java asks before everything else.
import type { JavaCredentials } from '../core/chain.ts';
import { defineCheck } from '../core/check.ts';
import type { Fix } from '../core/report.ts';
import { CHAIN_PAGES } from '../facts/credential-chain.ts';
import { noRoleToHide, processFixes, whose } from './chain/readings.ts';
import { unknownBecause } from './context.ts';

const MAX_NAMED = 20;

const REMOVE: Fix = {
  text: 'Take -Daws.accessKeyId, -Daws.secretAccessKey, -Daws.secretKey and -Daws.sessionToken out of the start script, the unit or JAVA_TOOL_OPTIONS, and restart the JVM.',
};

export const javaPropertiesShadowRole = defineCheck({
  id: 'java-properties-shadow-role',
  group: 'chain',
  title: 'Java system properties hide the instance role',
  severities: ['warning'],
  needs: ['credential-chain'],
  uses: ['processes'],
  reference: CHAIN_PAGES.javaChain,
  runbook: {
    means:
      'The SDKs for Java ask the system properties aws.accessKeyId and aws.secretAccessKey (aws.secretKey in version 1) before the environment, the files and the role. What stands on the command line can be read by every user of the machine, and is never refreshed.',
    causes: [
      'The properties were put on the command line or into JAVA_TOOL_OPTIONS to try something.',
      'An application server’s configuration carries them along.',
    ],
    fixes: [
      {
        text: 'Find the JVMs that have them (without showing the values).',
        command: "ps -eo pid,args | sed -n 's/-Daws[.]\\([A-Za-z]*\\)=[^ ]*/-Daws.\\1=…/gp'",
      },
      REMOVE,
    ],
  },
  assess(seen) {
    const outcome = seen['credential-chain'];
    if (!outcome.ok) return unknownBecause('the command line could not be read', outcome);
    const chain = outcome.value;
    const rows =
      seen.processes?.ok === true
        ? seen.processes.value.processes.filter((row) => row.from === 'java-properties')
        : [];
    // With half of a pair the SDKs for Java go on to the next source.
    const own = chain.java?.key && chain.java.secretKey ? chain.java : null;
    const [first] = rows;
    if (own === null && first === undefined) return 'pass';
    const nothing = noRoleToHide(chain.role);
    if (nothing !== null) return nothing;
    const who = own === null ? `process ${first?.pid} (${first?.command})` : whose(chain);
    return {
      severity: 'warning',
      cause: `Java programs of ${who} take credentials from ${placeOf(own)} and never come to the instance role.`,
      evidence: {
        from: own?.from ?? 'command-line',
        properties: own?.properties ?? [],
        accessKeyId: own?.key?.accessKeyId ?? first?.key?.accessKeyId ?? null,
        processes: rows.slice(0, MAX_NAMED).map((row) => `${row.pid} ${row.command}`),
      },
      fix: [...fixesFor(own, chain.subject.pid ?? first?.pid ?? null), REMOVE],
    };
  },
});

function placeOf(own: JavaCredentials | null): string {
  if (own === null) return 'system properties';
  return own.from === 'command-line'
    ? 'system properties on the command line'
    : `system properties in ${own.from}`;
}

function fixesFor(own: JavaCredentials | null, pid: number | null): readonly Fix[] {
  if (own !== null && own.from !== 'command-line' && pid === null) {
    return [{ text: 'Remove the variable from this shell.', command: `unset ${own.from}` }];
  }
  return processFixes(pid ?? '<pid>').slice(0, 1);
}
