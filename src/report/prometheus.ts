// The report in Prometheus' text exposition format 0.0.4, for node_exporter's textfile collector and for `/metrics`.
import type { Check } from '../core/check.ts';
import type { Metric } from '../core/metric.ts';
import type { Report, Status, Verdict } from '../core/report.ts';
import { shownText } from '../core/text.ts';
import { type Gauge, METRIC_GAUGES } from './gauges.ts';
import { seenValue } from './summary.ts';

/** Content type to serve the text with. */
export const PROMETHEUS_CONTENT_TYPE = 'text/plain; version=0.0.4; charset=utf-8';

interface Sample {
  readonly labels?: Readonly<Record<string, string>>;
  readonly value: number;
}

interface Family {
  readonly name: string;
  readonly help: string;
  readonly samples: readonly Sample[];
}

/**
 * All gauges of one report; base units, no timestamps, a line break at the end.
 *
 * @param checks the catalogue: a finding has one series for each severity it can have, 0 or 1. Where it could not be
 *   judged or was skipped it has none, because not having looked is not health.
 * @param metrics what else was measured, such as the outbox; defaults to the report's own metrics.
 */
export function renderPrometheus(
  report: Report,
  checks: readonly Check[],
  metrics: readonly Metric[] = report.metrics,
): string {
  const families = [
    ...reportFamilies(report),
    findingFamily(report, checks),
    ...observedFamilies(report),
    ...metricFamilies(metrics),
  ];
  return families
    .filter((family) => family.samples.length > 0)
    .map(familyText)
    .join('');
}

const STATUSES: readonly Status[] = ['ok', 'warning', 'critical', 'unknown'];
const VERDICTS: readonly Verdict['status'][] = ['pass', 'fail', 'unknown', 'skipped'];

function reportFamilies(report: Report): Family[] {
  const { instanceId, region, availabilityZone, roleName, accountId } = report.instance;
  const fleet = report.metrics.find((metric) => metric.dimensions['Fleet'] !== undefined)?.dimensions[
    'Fleet'
  ];
  return [
    {
      name: 'imds_probe_info',
      help: 'Who was looked at, and by which version; always 1.',
      samples: [
        {
          labels: {
            version: report.version,
            instance_id: instanceId ?? '',
            region: region ?? '',
            availability_zone: availabilityZone ?? '',
            role: roleName ?? '',
            account_id: accountId ?? '',
            fleet: fleet ?? '',
          },
          value: 1,
        },
      ],
    },
    {
      name: 'imds_probe_status',
      help: 'The verdict of the last cycle: 1 for the status it has, 0 for the others.',
      samples: STATUSES.map((status) => ({ labels: { status }, value: Number(report.status === status) })),
    },
    {
      name: 'imds_probe_checks',
      help: 'How many checks ended with which verdict in the last cycle.',
      samples: VERDICTS.map((verdict) => ({
        labels: { verdict },
        value: report.verdicts.filter((one) => one.status === verdict).length,
      })),
    },
    {
      name: 'imds_probe_last_cycle_timestamp_seconds',
      help: 'When the last cycle began, by the local clock.',
      samples: known(Date.parse(report.startedAt) / 1000),
    },
    {
      name: 'imds_probe_last_cycle_duration_seconds',
      help: 'How long the last cycle took.',
      samples: known(report.durationMs / 1000),
    },
  ];
}

function findingFamily(report: Report, checks: readonly Check[]): Family {
  const raised = new Map(report.findings.map((finding) => [finding.id, finding.severity]));
  const judged = new Set(
    report.verdicts
      .filter((verdict) => verdict.status === 'pass' || verdict.status === 'fail')
      .map((verdict) => verdict.id),
  );
  return {
    name: 'imds_probe_finding',
    help: 'Whether a finding is raised (1) or was looked for and is not there (0), by id and severity.',
    samples: checks
      .filter((check) => judged.has(check.id) || raised.has(check.id))
      .flatMap((check) =>
        check.severities.map((severity) => ({
          labels: { id: check.id, severity },
          value: Number(raised.get(check.id) === severity),
        })),
      ),
  };
}

/** What observations say more exactly than the metrics for CloudWatch, which are floored and without a sign. */
function observedFamilies(report: Report): Family[] {
  const role = seenValue(report.observations['instance-role']);
  const clock = seenValue(report.observations['clock-offset']) ?? beyondResolution(report);
  const token = report.observations['imds-token'];
  return [
    {
      name: 'imds_probe_imds_up',
      help: 'Whether the metadata service gave a session token (1) or not (0).',
      samples: token === undefined ? [] : [{ value: Number(token.ok) }],
    },
    {
      name: 'imds_probe_credential_expiration_timestamp_seconds',
      help: 'When the credentials of the role expire, as the metadata service says.',
      samples: known(role?.expiration == null ? null : Date.parse(role.expiration) / 1000),
    },
    {
      name: 'imds_probe_clock_offset_seconds',
      help: 'True time minus local clock: positive where the local clock is slow.',
      samples: known(clock === null ? null : clock.offsetMs / 1000),
    },
    {
      name: 'imds_probe_clock_error_bound_seconds',
      help: 'The most by which the measured clock offset can be wrong.',
      samples: known(clock === null ? null : clock.errorBoundMs / 1000),
    },
  ];
}

/** Without a time server, `Date` headers tell the offset as soon as it is more than they can be wrong by. */
function beyondResolution(report: Report): { offsetMs: number; errorBoundMs: number } | null {
  const date = seenValue(report.observations['http-date']);
  return date !== null && Math.abs(date.offsetMs) > date.errorBoundMs ? date : null;
}

const known = (value: number | null): Sample[] =>
  value === null || !Number.isFinite(value) ? [] : [{ value }];

/** The contract's metrics, once each: the copies with an instance id say the same. */
function metricFamilies(metrics: readonly Metric[]): Family[] {
  const seen = new Set<string>();
  const families: Family[] = [];
  for (const metric of metrics) {
    const gauges = METRIC_GAUGES[metric.name];
    if (gauges === undefined || seen.has(metric.name)) continue;
    seen.add(metric.name);
    families.push(...gauges.map((gauge) => gaugeFamily(gauge, metric)));
  }
  return families;
}

const gaugeFamily = (gauge: Gauge, metric: Metric): Family => ({
  name: gauge.name,
  help: gauge.help,
  samples: known(gauge.of(metric) / (metric.unit === 'Milliseconds' ? 1000 : 1)),
});

function familyText({ name, help, samples }: Family): string {
  const lines = samples.map(({ labels, value }) => `${name}${labelText(labels)} ${numberText(value)}`);
  return `# HELP ${name} ${escaped(help)}\n# TYPE ${name} gauge\n${lines.join('\n')}\n`;
}

function labelText(labels: Sample['labels']): string {
  if (labels === undefined) return '';
  const pairs = Object.entries(labels).map(
    ([name, value]) => `${name}="${escaped(shownText(value)).replaceAll('"', '\\"')}"`,
  );
  return `{${pairs.join(',')}}`;
}

/** A backslash and a line break are escaped everywhere, a quote in label values only. */
const escaped = (text: string): string => text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n');

/** As Go's ParseFloat reads it: what JavaScript prints for a finite number already is. */
const numberText = (value: number): string => (Object.is(value, -0) ? '0' : String(value));
