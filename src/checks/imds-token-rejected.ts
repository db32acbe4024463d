// Judges whether the metadata service refuses session tokens it has itself handed out.
import { defineCheck } from '../core/check.ts';
import type { Fix } from '../core/report.ts';
import { AWS_PAGES } from '../facts/imds.ts';

const FIXES: readonly Fix[] = [
  {
    text: 'See whether requests all reach the same metadata service: a load-balancing proxy or several metadata proxies do not share tokens.',
    command: 'ip route get 169.254.169.254; sudo iptables-save -t nat | grep 169.254',
  },
  {
    text: 'After a resume, an image restore or a clock jump it passes by itself: run the check again.',
    command: 'imds-probe check',
  },
];

export const imdsTokenRejected = defineCheck({
  id: 'imds-token-rejected',
  group: 'imds',
  title: 'The metadata service refuses its own session token',
  severities: ['critical', 'warning'],
  needs: ['imds-token', 'instance-role'],
  reference: AWS_PAGES.useImdsv2,
  runbook: {
    means:
      'A request with a session token was answered 401 before the token had run out. One refusal is mended by a fresh token; when that is refused too, no program gets credentials.',
    causes: [
      'The instance was resumed, or its network interface replaced, so the token belongs to another life.',
      'Requests alternate between two metadata services or proxies that do not know each other’s tokens.',
      'A proxy strips the X-aws-ec2-metadata-token header.',
    ],
    fixes: FIXES,
  },
  assess(seen) {
    const token = seen['imds-token'];
    const role = seen['instance-role'];
    const refusedPut = !token.ok && token.failure.kind === 'http-status' && token.failure.status === 401;
    const refusedGet = !role.ok && role.failure.kind === 'http-status' && role.failure.status === 401;
    if (refusedPut || refusedGet || (token.ok && token.value.freshTokenRejected)) {
      return {
        severity: 'critical',
        cause: refusedPut
          ? 'The metadata service answers HTTP 401 even to the request for a token.'
          : 'The metadata service answered HTTP 401 to a request with a token it had handed out a moment before.',
        evidence: { status: 401 },
        fix: FIXES,
      };
    }
    if (!token.ok) return { unknown: `no session token: ${token.failure.detail}` };
    if (!token.value.renewedAfterRejection) return 'pass';
    return {
      severity: 'warning',
      cause:
        'The metadata service refused a session token that should still have been good; a fresh one was accepted.',
      evidence: { status: 401, renewed: true },
      fix: FIXES,
    };
  },
});
