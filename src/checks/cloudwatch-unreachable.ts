// Judges whether requests get to CloudWatch, where the agent's metrics and its alarms live.
import { defineCheck } from '../core/check.ts';
import { REACH_PAGES, reachFixes } from '../facts/aws-reach.ts';
import { judgeReach } from './endpoint/reach.ts';

export const cloudwatchUnreachable = defineCheck({
  id: 'cloudwatch-unreachable',
  group: 'endpoint',
  title: 'CloudWatch cannot be reached from here',
  severities: ['warning'],
  needs: ['cloudwatch-endpoint'],
  uses: ['instance-identity', 'cloudwatch-delivery'],
  reference: REACH_PAGES.cloudwatch,
  runbook: {
    means:
      'Requests to CloudWatch in this Region do not get an answer. Metrics of this instance do not arrive, so alarms on them see missing data, whatever the credentials are worth.',
    causes: [
      'The subnet has no way out: no NAT gateway, no interface endpoint for CloudWatch (monitoring).',
      'A security group, network ACL or firewall does not let TCP 443 through.',
      'A proxy stands between and refuses, or wants a user and a password.',
      'The name does not resolve: private DNS of the VPC endpoint is off, or the name server is not the VPC’s.',
    ],
    fixes: reachFixes({
      service: 'cloudwatch',
      endpoint: null,
      region: null,
      ofRegion: true,
      at: 'name',
      proxied: false,
    }),
  },
  assess(seen) {
    const delivery = seen['cloudwatch-delivery'];
    const took =
      delivery?.ok === true && delivery.value.failures === 0 && delivery.value.accepted > 0
        ? `CloudWatch took ${delivery.value.accepted} metrics`
        : null;
    return judgeReach(seen['cloudwatch-endpoint'], seen['instance-identity'], took, () => ({
      severity: 'warning',
      consequence: 'Metrics of this instance cannot be published, and alarms on them see missing data.',
    }));
  },
});
