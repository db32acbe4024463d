// Judges whether expired credentials lie in the cache of the AWS CLI.
import { defineCheck } from '../core/check.ts';
import { CHAIN_PAGES } from '../facts/credential-chain.ts';
import { quoted } from './chain/readings.ts';
import { unknownBecause } from './context.ts';

const MAX_NAMED = 5;

export const cliCacheExpired = defineCheck({
  id: 'cli-cache-expired',
  group: 'chain',
  title: 'The cache of the AWS CLI holds expired credentials',
  severities: ['info'],
  needs: ['credential-chain'],
  reference: CHAIN_PAGES.cliRoles,
  runbook: {
    means:
      'The AWS CLI keeps the credentials of roles it assumed in ~/.aws/cli/cache. It replaces expired entries by itself when it needs that role again, but other tools read these files and may use them as they are.',
    causes: [
      'The role has not been used since its session ended (harmless).',
      'The clock is wrong, so entries look expired or good when they are not.',
    ],
    fixes: [{ text: 'Clear the cache; the CLI fills it again.', command: 'rm -r ~/.aws/cli/cache' }],
  },
  assess(seen) {
    const outcome = seen['credential-chain'];
    if (!outcome.ok) return unknownBecause('the cache could not be read', outcome);
    const { cliCache, cliCacheFolder } = outcome.value;
    const expired = cliCache.filter((entry) => entry.expired);
    if (expired.length === 0 || cliCacheFolder === null) return 'pass';
    const files = expired.slice(0, MAX_NAMED).map((entry) => `${cliCacheFolder}/${entry.file}`);
    return {
      severity: 'info',
      cause: `${expired.length} of ${cliCache.length} entries in ${cliCacheFolder} have expired.`,
      evidence: {
        files,
        expirations: expired.slice(0, MAX_NAMED).map((entry) => entry.expiration ?? 'unknown'),
        expired: expired.length,
      },
      fix: [
        {
          text: 'Remove them; the CLI assumes the roles again when it needs them.',
          command:
            expired.length > MAX_NAMED
              ? `rm -r ${quoted(cliCacheFolder)}`
              : `rm ${files.map((file) => quoted(file)).join(' ')}`,
        },
      ],
    };
  },
});
