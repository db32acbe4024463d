// Judges whether the AWS CLI on PATH is too old for what this program tells people to type.
import { defineCheck } from '../core/check.ts';
import type { Fix } from '../core/report.ts';
import { CLI_V2_FLOOR, outdatedBecause } from '../facts/aws-cli.ts';
import { CHAIN_PAGES } from '../facts/credential-chain.ts';
import { unknownBecause } from './context.ts';

const UPDATE: readonly Fix[] = [
  {
    text: 'See which one is found first, and how it was installed.',
    command: 'type -a aws; aws --version',
  },
  { text: 'Install the current version 2 as AWS describes it; it replaces an older version 2.' },
];

export const awsCliOutdated = defineCheck({
  id: 'aws-cli-outdated',
  group: 'tooling',
  title: 'The AWS CLI is outdated',
  severities: ['info'],
  needs: ['aws-cli'],
  reference: CHAIN_PAGES.cliInstall,
  runbook: {
    means: `The AWS CLI found first on PATH is version 1, or older than ${CLI_V2_FLOOR}. It does not know every source of credentials and gets no new features, so what it says about credentials can differ from what current SDKs do.`,
    causes: [
      'It came with the image or from the distribution.',
      'Both versions are installed, and the old one is found first.',
    ],
    fixes: UPDATE,
  },
  assess(seen) {
    const outcome = seen['aws-cli'];
    if (!outcome.ok) return unknownBecause('the AWS CLI could not be looked for', outcome);
    const { path, version, how, detail } = outcome.value;
    if (path === null) return { pass: 'no AWS CLI is installed' };
    if (version === null)
      return { unknown: `the version of ${path} is not known: ${detail ?? 'it does not say'}` };
    const because = outdatedBecause(version);
    if (because === null) return { pass: `version ${version}` };
    return {
      severity: 'info',
      cause: `${path} is version ${version}: ${because}.`,
      evidence: { path, version, how },
      fix: UPDATE,
    };
  },
});
