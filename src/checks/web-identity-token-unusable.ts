// Judges whether the token file of a web identity can be used where the chain depends on it.
import type { CredentialChain, WebIdentityToken } from '../core/chain.ts';
import { defineCheck } from '../core/check.ts';
import { CHAIN_PAGES } from '../facts/credential-chain.ts';
import { quoted, rowInUse, whose } from './chain/readings.ts';
import { unknownBecause } from './context.ts';

export const webIdentityTokenUnusable = defineCheck({
  id: 'web-identity-token-unusable',
  group: 'chain',
  title: 'The token file of the web identity cannot be used',
  severities: ['critical'],
  needs: ['credential-chain'],
  reference: CHAIN_PAGES.webIdentity,
  runbook: {
    means:
      'The SDKs are told to exchange a token from a file for credentials (AssumeRoleWithWebIdentity). The file is missing, unreadable, no token, or has expired, so there are no credentials, and no later source is tried.',
    causes: [
      'AWS_WEB_IDENTITY_TOKEN_FILE was inherited outside the pod the file is mounted in.',
      'The process runs as a user that may not read the projected token (fsGroup).',
      'The kubelet has stopped renewing the token, or a copy of it is used.',
      'AWS_ROLE_ARN is not set beside it.',
    ],
    fixes: [
      {
        text: 'See whether the file is there and who may read it.',
        command: 'ls -lL "$AWS_WEB_IDENTITY_TOKEN_FILE"',
      },
      {
        text: 'Outside the pod, remove the variables.',
        command: 'unset AWS_WEB_IDENTITY_TOKEN_FILE AWS_ROLE_ARN',
      },
    ],
  },
  assess(seen) {
    const outcome = seen['credential-chain'];
    if (!outcome.ok) return unknownBecause('the chain could not be read', outcome);
    const chain = outcome.value;
    const fromVariables = chain.profile.from === 'flag' ? null : chain.environment.webIdentity;
    const token = fromVariables ?? rowInUse(chain)?.webIdentity ?? null;
    if (token === null) return { pass: 'no web identity is configured' };
    if (!chain.winners.some((winner) => winner.source === 'web-identity')) {
      return { pass: 'a web identity is configured, but another source comes before it' };
    }
    const wrong = whatIsWrong(token, fromVariables !== null);
    if (wrong === null) return { pass: `the token is good until ${token.expiration ?? 'an unknown time'}` };
    return {
      severity: 'critical',
      cause: `${whoAsks(chain, fromVariables !== null)} depends on the web identity token ${token.path}, ${wrong}.`,
      evidence: {
        path: token.path,
        state: token.state,
        expiration: token.expiration,
        issuer: token.issuer,
        roleArn: token.roleArn,
      },
      fix: [
        {
          text: 'See whether the file is there and who may read it.',
          command: `ls -lL ${quoted(token.path)}`,
        },
        fromVariables !== null
          ? {
              text: 'Outside the pod, remove the variables.',
              command: 'unset AWS_WEB_IDENTITY_TOKEN_FILE AWS_ROLE_ARN',
            }
          : { text: 'Correct web_identity_token_file in the profile.' },
      ],
    };
  },
});

const whoAsks = (chain: CredentialChain, fromVariables: boolean): string =>
  fromVariables
    ? whose(chain).replace(/^./, (letter) => letter.toUpperCase())
    : `Profile ${chain.profile.name}`;

function whatIsWrong(token: WebIdentityToken, fromVariables: boolean): string | null {
  if (token.state === 'absent') return 'and there is no such file';
  if (token.state === 'unreadable') return 'which this user may not read';
  if (token.state === 'malformed') return 'which holds no JSON web token';
  if (token.expired === true) return `which expired at ${token.expiration}`;
  return fromVariables && !token.roleArn ? 'but AWS_ROLE_ARN is not set beside it' : null;
}
