// status.json: what it says, until when, and what it never says.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { renderStatus } from '../../src/report/status.ts';
import { hostileReport } from '../support/hostile-report.ts';
import { aReport, SCENARIO_NAMES, scenarioReport } from '../support/report-builder.ts';

describe('status.json', () => {
  it('says what is the matter, what to type, and until when to believe it', () => {
    expect(JSON.parse(renderStatus(scenarioReport('expired'), 60))).toMatchObject({
      schema: 'imds-probe/status/v1',
      status: 'critical',
      summary: "The role's credentials expired 12 min ago",
      checkedAt: '2026-11-23T11:59:00.000Z',
      validUntil: '2026-11-23T12:02:00.000Z',
      instance: { instanceId: 'i-0123456789abcdef0' },
      credentials: { accessKeyId: 'ASIA…WXYZ', marginSeconds: -720 },
      delivery: null,
      findings: [{ id: 'role-credentials-expired', severity: 'critical', command: expect.any(String) }],
    });
  });

  it('has null for what was not seen', () => {
    expect(JSON.parse(renderStatus(aReport({ observations: {}, startedAt: '?' }), 60))).toMatchObject({
      validUntil: null,
      credentials: null,
      clockOffsetMs: null,
      delivery: null,
    });
  });

  it.each(SCENARIO_NAMES)('%s', (name) => {
    expect(renderStatus(scenarioReport(name), 60)).toMatch(
      /^\{\n[^\u0000-\u0009\u000b-\u001f\u007f-\u009f]*\}\n$/,
    );
  });

  it('shows what a hostile world sends, and nothing of it acts on a terminal', () => {
    fc.assert(
      fc.property(hostileReport, (report) => {
        const text = renderStatus(report, 60);
        expect(text).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/);
        JSON.parse(text);
      }),
    );
  });
});
