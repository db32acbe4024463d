// `check`: one diagnosis of this instance, printed, and published where asked.
import { type Cycle, runCycle, timeToPublish } from '../agent/cycle.ts';
import { reportOf } from '../agent/project.ts';
import { type Selection, select } from '../agent/select.ts';
import { assess, type Omitted } from '../checks/assess.ts';
import { CHECKS } from '../checks/index.ts';
import type { Config } from '../config/config.ts';
import type { Policy } from '../core/check.ts';
import type { Delivery } from '../core/publishing.ts';
import type { Report } from '../core/report.ts';
import { PROBES } from '../probes/index.ts';
import { metricTimestamp } from '../report/metrics.ts';
import { EXIT_CODES } from '../report/summary.ts';
import { progressText, withPatience } from './progress.ts';
import { type Flags, settle, showConfig } from './settle.ts';
import { styleOf } from './style.ts';
import { type Clients, EXIT_INTERRUPTED, EXIT_USAGE, type World } from './world.ts';

/** Waits between two tries of `--wait`, in milliseconds. */
const WAIT_STEP_MS = 1000;

export async function check(world: World, flags: Flags): Promise<number> {
  const box = await openBox(world, flags['simulate']);
  if (box === 'unknown') return EXIT_USAGE;
  try {
    const settled = await settle(world, 'check', flags, box?.environment ?? null);
    if (settled === null) return EXIT_USAGE;
    const { config, env } = settled;
    if (flags['show-config'] === true) return await showConfig(world, config);
    const clients = await world.openClients({
      config,
      env,
      simulated: box !== null,
      onEvent: (event) => world.err(`imds-probe: ${progressText(event)}\n`),
    });
    try {
      const { report, delivery } = await diagnose(world, config, clients);
      // A diagnosis cut short by Ctrl-C says nothing about the instance.
      if (world.stop.aborted) return EXIT_INTERRUPTED;
      world.out(await render(world, config, report, delivery, flags['verbose'] === true));
      await rankCauses(world, config, flags['error'], report);
      return EXIT_CODES[report.status];
    } finally {
      await clients.close();
    }
  } finally {
    await box?.close();
  }
}

/** The embedded instance of `--simulate`, null where none is asked for. */
async function openBox(world: World, scenario: unknown) {
  if (scenario === undefined) return null;
  const { openScenario } = await import('./simulate.ts');
  // Given twice, as `npm start -- --simulate expired` does, the last one counts.
  const box = await openScenario(world, String([scenario].flat().at(-1)), '--simulate');
  if (box === null) return 'unknown';
  world.err(`imds-probe: diagnosing an instance in a box (${box.scenario}), not this machine\n`);
  return box;
}

/**
 * What `--error` asks: the causes of that text, those that are true here first. Standard output is the report's alone
 * in every format but text, so there it goes to standard error.
 */
async function rankCauses(world: World, config: Config, error: unknown, report: Report): Promise<void> {
  if (error === undefined) return;
  const [{ matchErrorText }, { renderErrorExplanation }] = await Promise.all([
    import('../facts/error-match.ts'),
    import('../report/explain-error.ts'),
  ]);
  const failed = report.findings.map(({ id }) => id);
  const inText = config.format === 'text';
  const style = inText ? styleOf(world) : { ...styleOf(world), colour: false };
  const text = renderErrorExplanation(matchErrorText([error].flat().join('\n')), style, failed);
  if (inText) world.out(`\n${text}`);
  else world.err(text);
}

async function diagnose(
  world: World,
  config: Config,
  clients: Clients,
): Promise<{ report: Report; delivery: Delivery | null }> {
  const selection = select(CHECKS, PROBES, config);
  const policy: Policy = { ...config.thresholds, previousRoleName: null };
  const omitted: Omitted = {
    'cloudwatch-delivery': 'no metrics were sent; --publish sends them',
    ...selection.omitted,
  };
  const setup = {
    selection: { ...selection, omitted },
    ports: clients.ports,
    deadlineMs: config.deadlineMs,
  };
  const cycle = await withPatience(
    world,
    'still looking',
    untilReady(world, config, () => runCycle(setup, policy, {}, world.stop)),
  );
  const report = oneShotReport(world, config, selection, cycle, {
    pending: 0,
    oldestTimestamp: null,
    dropped: 0,
  });
  if (!config.publish) return { report, delivery: null };

  const publisher = await clients.openPublisher({
    region: () => report.instance.region,
    clockCorrectionMs: () => (cycle.trueTime.source === 'local' ? null : cycle.trueTime.correctionMs),
  });
  publisher.outbox.add(metricTimestamp(cycle.startedAtMs, cycle.trueTime), report.metrics);
  const started = world.clock.monotonicMs();
  const delivery = await withPatience(
    world,
    'publishing to CloudWatch',
    publisher.flush(
      AbortSignal.any([AbortSignal.timeout(timeToPublish(cycle, config.deadlineMs)), world.stop]),
    ),
  );
  publisher.outbox.close();
  const snapshot = {
    ...cycle.snapshot,
    'cloudwatch-delivery': {
      ok: true as const,
      tookMs: Math.round(world.clock.monotonicMs() - started),
      attempts: delivery.requests,
      value: delivery,
    },
  };
  // How it was delivered is judged after the metrics are on their way, so they do not count it.
  const judged = { ...cycle, snapshot, ...assess(selection.checks, snapshot, omitted, policy) };
  const final = oneShotReport(world, config, selection, judged, publisher.outbox.depth());
  // Shown are the metrics that CloudWatch has; where it has none, those that fit what the report says now.
  return { report: delivery.accepted > 0 ? { ...final, metrics: report.metrics } : final, delivery };
}

function oneShotReport(
  world: World,
  config: Config,
  selection: Selection,
  cycle: Cycle,
  outbox: Parameters<typeof reportOf>[1]['outbox'],
): Report {
  return reportOf(cycle, {
    version: world.version,
    checks: selection.checks,
    findings: cycle.findings,
    attention: cycle.findings.some(({ severity }) => severity !== 'info'),
    fleet: config.fleet,
    instanceMetrics: config.instanceMetrics,
    outbox,
  });
}

/** Repeats the cycle until credentials are there, for as long as `--wait` says. */
async function untilReady(world: World, config: Config, once: () => Promise<Cycle>): Promise<Cycle> {
  const end = world.clock.monotonicMs() + config.waitSeconds * 1000;
  for (let tries = 1; ; tries += 1) {
    const cycle = await once();
    const left = end - world.clock.monotonicMs();
    if (left <= 0 || world.stop.aborted || isReady(cycle)) return cycle;
    if (tries === 1)
      world.err(`imds-probe: no credentials yet; trying for another ${Math.ceil(left / 1000)} s\n`);
    await new Promise((resolve) => setTimeout(resolve, Math.min(WAIT_STEP_MS, left)));
  }
}

function isReady({ snapshot }: Cycle): boolean {
  const role = snapshot['instance-role'];
  // Where the role was not asked for (--only), there is nothing to wait for.
  return role === undefined || (role.ok && (role.value.marginSeconds ?? 0) > 0);
}

async function render(
  world: World,
  config: Config,
  report: Report,
  delivery: Delivery | null,
  verbose: boolean,
): Promise<string> {
  switch (config.format) {
    case 'json': {
      const { renderJson } = await import('../report/json.ts');
      return renderJson(report);
    }
    case 'nagios': {
      const { renderNagios } = await import('../report/nagios.ts');
      return renderNagios(report, config.thresholds);
    }
    case 'prometheus': {
      const { renderPrometheus } = await import('../report/prometheus.ts');
      return renderPrometheus(report, CHECKS);
    }
    // `csv` is a word of `history` only.
    case 'csv':
    case 'text': {
      const { renderText } = await import('../report/text.ts');
      return renderText(report, { ...styleOf(world), verbose, published: delivery });
    }
  }
}
