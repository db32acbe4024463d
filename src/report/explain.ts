// The offline runbook: what a finding means, what causes it and how it is mended, as text and as JSON.
import type { Check, Group } from '../core/check.ts';
import { visibleJson } from './json.ts';
import { hanging, table } from './layout.ts';
import { type Pen, penFor, type TextStyle } from './pen.ts';
import { fixLines, referenceLines } from './text.ts';

/** What each group of findings is about, in the order in which they are listed. */
export const GROUP_TITLES: Readonly<Record<Group, string>> = {
  imds: 'The metadata service (IMDS), where SDKs get the role’s credentials',
  role: 'The instance role and its credentials',
  clock: 'The clock',
  chain: 'Other credentials that SDKs use before the role',
  endpoint: 'The way to AWS',
  tooling: 'Tools on this machine',
  agent: 'imds-probe’s own agent',
};

export const GROUPS = Object.keys(GROUP_TITLES) as readonly Group[];

/** One finding's page, ending with a line break. */
export function renderRunbook(check: Check, style: TextStyle): string {
  const pen = penFor(style);
  const { runbook } = check;
  const worst = check.severities[0] ?? 'info';
  const sections = [
    [
      ...hanging(check.id, pen.text(`(${check.group}; ${check.severities.join(' or ')})`), {
        indent: 0,
        column: check.id.length + 2,
        width: pen.width,
        label: pen.status[worst],
        text: pen.faint,
      }),
      ...prose(check.title, pen, pen.strong),
    ],
    prose(runbook.means, pen),
    [
      '  Causes, the most frequent first',
      ...runbook.causes.flatMap((cause, index) => step(index, cause, pen)),
    ],
    [...fixLines(runbook.fixes, pen), ...referenceLines(check.reference, pen)],
  ];
  return `${sections.map((lines) => lines.join('\n')).join('\n\n')}\n`;
}

const prose = (text: string, pen: Pen, paint?: (line: string) => string): string[] =>
  hanging('', pen.text(text), {
    indent: 2,
    column: 0,
    width: pen.width,
    ...(paint === undefined ? {} : { text: paint }),
  });

const step = (index: number, text: string, pen: Pen): string[] =>
  hanging(`${index + 1}.`, pen.text(text), { indent: 4, column: 3, width: pen.width });

/** Every finding by group: id, severities and title. */
export function renderCatalogue(checks: readonly Check[], style: TextStyle): string {
  const pen = penFor(style);
  const sections = grouped(checks).map(([group, members]) => {
    const rows = members.map(
      (check) => [check.id, pen.text(`${check.title} (${check.severities.join(' or ')})`)] as const,
    );
    const heading = hanging('', pen.text(`${GROUP_TITLES[group]} (${group})`), {
      indent: 0,
      column: 0,
      width: pen.width,
      text: pen.strong,
    });
    return [...heading, ...table(rows, { indent: 2, width: pen.width, label: pen.code })].join('\n');
  });
  const hint = hanging('', 'imds-probe explain <finding-id> tells more about one of them.', {
    indent: 0,
    column: 0,
    width: pen.width,
    text: pen.faint,
  });
  return `${[...sections, hint.join('\n')].join('\n\n')}\n`;
}

/** Checks by group, in the order of the groups; groups without a check are left out. */
export function grouped(checks: readonly Check[]): [Group, Check[]][] {
  return GROUPS.map((group): [Group, Check[]] => [
    group,
    checks.filter((check) => check.group === group),
  ]).filter(([, members]) => members.length > 0);
}

/** A finding's page as data. */
export interface RunbookPage {
  readonly id: string;
  readonly group: Group;
  readonly title: string;
  readonly severities: Check['severities'];
  readonly means: string;
  readonly causes: readonly string[];
  readonly fix: Check['runbook']['fixes'];
  readonly reference: string;
}

export function runbookPage(check: Check): RunbookPage {
  return {
    id: check.id,
    group: check.group,
    title: check.title,
    severities: check.severities,
    means: check.runbook.means,
    causes: check.runbook.causes,
    fix: check.runbook.fixes,
    reference: check.reference,
  };
}

/** One page as a JSON object, ending with a line break. */
export const renderRunbookJson = (check: Check): string => `${visibleJson(runbookPage(check))}\n`;

/** The whole catalogue as `{ "findings": [page, …] }`. */
export const renderCatalogueJson = (checks: readonly Check[]): string =>
  `${visibleJson({ findings: grouped(checks).flatMap(([, members]) => members.map(runbookPage)) })}\n`;
