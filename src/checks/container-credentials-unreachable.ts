// Judges whether the container's credentials endpoint gives credentials where the chain ends there.
import { defineCheck } from '../core/check.ts';
import { CHAIN_PAGES } from '../facts/credential-chain.ts';
import { whose } from './chain/readings.ts';
import { unknownBecause } from './context.ts';

export const containerCredentialsUnreachable = defineCheck({
  id: 'container-credentials-unreachable',
  group: 'chain',
  title: 'The container’s credentials endpoint gives no credentials',
  severities: ['critical'],
  needs: ['credential-chain'],
  reference: CHAIN_PAGES.container,
  runbook: {
    means:
      'AWS_CONTAINER_CREDENTIALS_FULL_URI or _RELATIVE_URI tells the SDKs to fetch credentials from the agent of ECS or EKS. It gives none, the chain stops there, and the instance role behind it is never tried.',
    causes: [
      'The variable was inherited outside the container it was made for.',
      'The ECS agent or the EKS Pod Identity agent does not run, or the network policy or a proxy keeps the container from it.',
      'The authorization token file is missing or stale.',
      'The URI names a host the SDKs refuse.',
    ],
    fixes: [
      {
        text: 'Outside the container, remove the variables.',
        command: 'unset AWS_CONTAINER_CREDENTIALS_RELATIVE_URI AWS_CONTAINER_CREDENTIALS_FULL_URI',
      },
      {
        text: 'On EKS, see whether the agent runs on this node.',
        command: 'kubectl -n kube-system get pods -l app.kubernetes.io/name=eks-pod-identity-agent -o wide',
      },
    ],
  },
  assess(seen) {
    const outcome = seen['credential-chain'];
    if (!outcome.ok) return unknownBecause('the chain could not be read', outcome);
    const chain = outcome.value;
    const { container } = chain.environment;
    if (container === null) return { pass: 'no container credentials are configured' };
    if (container.state === 'answered') return { pass: container.detail };
    if (container.state !== 'failed') {
      if (chain.winner !== 'container') return { pass: 'another source comes before it' };
      return container.state === 'left-out' ? { skipped: container.detail } : { unknown: container.detail };
    }
    if (chain.winner !== null) return { pass: 'another source comes before it' };
    return {
      severity: 'critical',
      cause: `${container.variable} sends ${whose(chain)} to ${container.endpoint} for credentials, and that fails: ${container.detail}. The SDKs stop there and never come to the instance role.`,
      evidence: {
        variable: container.variable,
        endpoint: container.endpoint,
        allowed: container.allowed,
        detail: container.detail,
      },
      fix: [
        {
          text: 'If this is not the container the variable was made for, remove it.',
          command: `unset ${container.variable}`,
        },
        { text: 'Otherwise see whether the agent runs on this node and can be reached.' },
      ],
    };
  },
});
