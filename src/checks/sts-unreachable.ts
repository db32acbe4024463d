// Judges whether requests get to STS, which gives whoever assumes a role its credentials.
import type { CredentialChain } from '../core/chain.ts';
import { defineCheck } from '../core/check.ts';
import type { Outcome } from '../core/outcome.ts';
import { REACH_PAGES, reachFixes } from '../facts/aws-reach.ts';
import { judgeReach } from './endpoint/reach.ts';

export const stsUnreachable = defineCheck({
  id: 'sts-unreachable',
  group: 'endpoint',
  title: 'STS cannot be reached from here',
  severities: ['warning', 'info'],
  needs: ['sts-endpoint'],
  uses: ['credential-chain', 'instance-identity', 'caller-identity'],
  reference: REACH_PAGES.sts,
  runbook: {
    means:
      'Requests to the Security Token Service of this Region do not get an answer. The instance role works without it, but profiles with role_arn, web identities and everything else that assumes a role get no credentials, and who really signs cannot be asked.',
    causes: [
      'The subnet has no way out: no NAT gateway, no interface endpoint for STS.',
      'A security group, network ACL or firewall does not let TCP 443 through.',
      'A proxy stands between and refuses, or wants a user and a password.',
      'The name does not resolve: private DNS of the VPC endpoint is off, or the name server is not the VPC’s.',
      'The program asks the global endpoint (sts.amazonaws.com), and only the Region’s is open.',
    ],
    fixes: reachFixes({
      service: 'sts',
      endpoint: null,
      region: null,
      ofRegion: true,
      at: 'name',
      proxied: false,
    }),
  },
  assess(seen) {
    const identities = seen['caller-identity'];
    const said = identities?.ok === true ? [identities.value.winner, identities.value.role] : [];
    const took = said.some(({ state }) => state === 'accepted' || state === 'refused')
      ? 'STS said whose credentials these are'
      : null;
    return judgeReach(seen['sts-endpoint'], seen['instance-identity'], took, () => {
      const needing = whoNeedsSts(seen['credential-chain']);
      return needing.length === 0
        ? {
            severity: 'info',
            consequence: 'Nothing seen here needs it: the instance role works without STS.',
          }
        : {
            severity: 'warning',
            consequence: `Without it there are no credentials for ${needing.slice(0, 5).join(', ')}.`,
          };
    });
  },
});

const NEEDING: readonly string[] = ['assume-role', 'web-identity'];

/** Profiles and variables whose credentials come from STS. */
function whoNeedsSts(outcome: Outcome<CredentialChain> | undefined): readonly string[] {
  if (outcome?.ok !== true) return [];
  const { profiles, environment } = outcome.value;
  return [
    ...(environment.webIdentity === null ? [] : ['AWS_WEB_IDENTITY_TOKEN_FILE']),
    ...profiles
      // A broken one would get none with it either.
      .filter(({ provider, problems }) => problems.length === 0 && NEEDING.includes(provider))
      .map(({ name }) => `the profile ${name}`),
  ];
}
