// The report as JSON: one object, keys in the order of the contract, safe to show in a terminal.
import type { Finding, Instance, Report, Verdict } from '../core/report.ts';
import type { Snapshot } from '../core/snapshot.ts';

// What JSON.stringify leaves as it is and a terminal or an editor may act on: DEL, C1, separators, bidirectional
// overrides, zero-width characters.
const UNSHOWN = /[\u007f-\u009f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb]/g;

// A list of numbers over as many lines as it has numbers. A line break inside a text is an escape, so this finds none.
const NUMBERS = /\[\n\s+([-+.\deE]+(?:,\n\s+[-+.\deE]+)*)\n\s+\]/g;

/**
 * JSON text with two blanks of indentation, whose invisible characters are written as escapes: the same value,
 * nothing hidden.
 */
export function visibleJson(value: unknown): string {
  return JSON.stringify(value, null, 2)
    .replace(NUMBERS, (_, numbers: string) => `[${numbers.replace(/\s+/g, ' ')}]`)
    .replace(UNSHOWN, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

/**
 * The report for scripts: exactly one object, two blanks of indentation, a line break at the end. Keys have a fixed
 * order, whatever order the cycle filled them in; observations are sorted by id.
 */
export function renderJson(report: Report): string {
  return `${visibleJson(ordered(report))}\n`;
}

function ordered(report: Report): Report {
  return {
    schema: report.schema,
    version: report.version,
    startedAt: report.startedAt,
    durationMs: report.durationMs,
    instance: orderedInstance(report.instance),
    status: report.status,
    observations: sortedById(report.observations),
    verdicts: report.verdicts.map(orderedVerdict),
    findings: report.findings.map(orderedFinding),
    metrics: report.metrics.map(({ name, unit, values, counts, dimensions }) => ({
      name,
      unit,
      values,
      counts,
      dimensions,
    })),
  };
}

const orderedInstance = (instance: Instance): Instance => ({
  instanceId: instance.instanceId,
  region: instance.region,
  availabilityZone: instance.availabilityZone,
  roleName: instance.roleName,
  accountId: instance.accountId,
});

const orderedVerdict = ({ id, status, because }: Verdict): Verdict => ({ id, status, because });

const orderedFinding = (finding: Finding): Finding => ({
  id: finding.id,
  severity: finding.severity,
  title: finding.title,
  cause: finding.cause,
  evidence: finding.evidence,
  fix: finding.fix,
  reference: finding.reference,
});

/** Probes run side by side and finish in any order. */
function sortedById(observations: Snapshot): Snapshot {
  const entries = Object.entries(observations).sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
  return Object.fromEntries(entries) as Snapshot;
}
