// Judges whether the SSO sign-in that a profile depends on has run out.
import { defineCheck } from '../core/check.ts';
import { CHAIN_PAGES } from '../facts/credential-chain.ts';
import { quoted } from './chain/readings.ts';
import { unknownBecause } from './context.ts';

export const ssoTokenExpired = defineCheck({
  id: 'sso-token-expired',
  group: 'chain',
  title: 'The SSO sign-in of a profile has run out',
  severities: ['warning', 'info'],
  needs: ['credential-chain'],
  reference: CHAIN_PAGES.sso,
  runbook: {
    means:
      'The profile gets its credentials from IAM Identity Center with a token that a person obtained by signing in. It has expired and can’t be renewed without a person, so requests with this profile fail.',
    causes: [
      'The session set by the administrator is over (8 hours by default).',
      'The profile uses the legacy form without sso_session, whose token is never renewed.',
      'A service runs with a profile meant for people; on an instance it should use the instance role.',
    ],
    fixes: [
      { text: 'Sign in again.', command: 'aws sso login --profile <profile>' },
      { text: 'For a service, use the instance role instead.', command: 'unset AWS_PROFILE' },
    ],
  },
  assess(seen) {
    const outcome = seen['credential-chain'];
    if (!outcome.ok) return unknownBecause('the profiles could not be read', outcome);
    const chain = outcome.value;
    const over = chain.profiles.filter(
      ({ provider, ssoToken, inUse }) =>
        provider === 'sso' &&
        ssoToken !== null &&
        ssoToken.expired &&
        !ssoToken.refreshable &&
        (inUse || ssoToken.file !== null),
    );
    const first = over.find((row) => row.inUse) ?? over[0];
    if (first === undefined) return 'pass';
    const inUse = first.inUse && chain.winners.some((winner) => winner.source === 'sso');
    const never = first.ssoToken?.file === null;
    return {
      severity: inUse ? 'warning' : 'info',
      cause: never
        ? `Profile ${first.name} signs in through SSO, and nobody has signed in on this machine.`
        : `The SSO token of profile ${first.name} expired${first.ssoToken?.expiration ? ` at ${first.ssoToken.expiration}` : ''} and cannot be renewed without a person.`,
      evidence: {
        profiles: over.slice(0, 10).map((row) => row.name),
        inUse,
        expiration: first.ssoToken?.expiration ?? null,
        origin: first.origin,
      },
      fix: [
        { text: 'Sign in again.', command: `aws sso login --profile ${quoted(first.name)}` },
        { text: 'For a service, use the instance role instead of a profile for people.' },
      ],
    };
  },
});
