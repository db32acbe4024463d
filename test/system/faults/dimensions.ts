// What can go wrong around the agent, as dimensions with their values, and what it has to say about each.
import type { BehaviourChange, Fault } from '../../../src/simulator/behaviour.ts';
import type { RowOf } from '../../support/pairwise.ts';

export const DIMENSIONS = {
  imds: [
    'answers',
    'throttles',
    'refuses connections',
    'loses the answer to the PUT',
    'fails with 500',
    'serves expired credentials',
    'is late to rotate',
  ],
  time: ['right', 'silent', 'without the time', '400 s ahead'],
  cloudwatch: [
    'takes metrics',
    'is down',
    'throttles',
    'says ExpiredToken',
    'takes them and never answers',
    'refuses three requests as invalid',
  ],
  disk: [
    'fine',
    'full',
    'read-only',
    'with a damaged recording',
    'with a foreign file',
    'held by another agent',
    'cleared while it runs',
  ],
  clock: ['right', '400 s behind', 'jumps a day ahead', 'jumps an hour back'],
  signal: ['TERM', 'KILL, started again', 'HUP, good', 'HUP, wrong', 'STOP and CONT'],
} as const;

export type Row = RowOf<typeof DIMENSIONS>;

const awsError = (status: number, code: string, times?: number): Fault => ({
  error: { status, code, type: `com.amazon.coral.service#${code}Exception`, message: `it is ${code}` },
  ...(times === undefined ? {} : { times }),
});

const IMDS: Readonly<Record<Row['imds'], BehaviourChange>> = {
  answers: {},
  throttles: { imds: { faults: [{ answer: { status: 503 } }] } },
  'refuses connections': { imds: { refused: true } },
  'loses the answer to the PUT': { imds: { faults: [{ method: 'PUT', wire: 'swallow' }] } },
  'fails with 500': { imds: { faults: [{ answer: { status: 500, body: '<html>' } }] } },
  'serves expired credentials': {
    credentials: { updatedAgoSeconds: 22_800, validForSeconds: 21_600, rotateEverySeconds: null },
  },
  'is late to rotate': {
    credentials: { updatedAgoSeconds: 21_400, validForSeconds: 21_600, rotateEverySeconds: null },
  },
};

const TIME: Readonly<Record<Row['time'], BehaviourChange>> = {
  right: {},
  silent: { time: { silent: true } },
  'without the time': { time: { leap: 3, stratum: 0 } },
  '400 s ahead': { time: { offsetMs: 400_000 } },
};

const CLOUDWATCH: Readonly<Record<Row['cloudwatch'], BehaviourChange>> = {
  'takes metrics': {},
  'is down': { cloudwatch: { refused: true } },
  throttles: { cloudwatch: { faults: [awsError(400, 'Throttling')] } },
  'says ExpiredToken': { cloudwatch: { faults: [awsError(403, 'ExpiredToken')] } },
  'takes them and never answers': { cloudwatch: { faults: [{ wire: 'swallow', times: 2 }] } },
  'refuses three requests as invalid': {
    cloudwatch: { faults: [awsError(400, 'InvalidParameterValue', 3)] },
  },
};

/** How the instance is made to be. */
export const changesOf = (row: Row): BehaviourChange[] => [
  IMDS[row.imds],
  TIME[row.time],
  CLOUDWATCH[row.cloudwatch],
];

/** All of it well again. */
export const HEALED: BehaviourChange = {
  credentials: { updatedAgoSeconds: 60, validForSeconds: 21_600, rotateEverySeconds: 3_600 },
  imds: { refused: false, faults: [] },
  time: { silent: false, leap: 0, stratum: 3, offsetMs: 0 },
  cloudwatch: { refused: false, faults: [] },
};

/** Seconds by which the local clock is off, before and after the middle of the run; as libfaketime takes it. */
export const CLOCKS: Readonly<Record<Row['clock'], readonly [before: string, after: string]>> = {
  right: ['+0', '+0'],
  '400 s behind': ['-400', '-400'],
  'jumps a day ahead': ['+0', '+86400'],
  'jumps an hour back': ['+0', '-3600'],
};

/** What the agent must say while the faults are there, as `finding:<id>` or `<event>:<what>`. */
export function expectedOf(row: Row): readonly string[] {
  return [
    ...imdsTells(row),
    ...(TIME_TELLS[row.time] ?? []),
    ...clockTells(row),
    ...cloudWatchTells(row),
    ...(DISK_TELLS[row.disk] ?? []),
    ...(SIGNAL_TELLS[row.signal] ?? []),
  ];
}

/** What it may say beside that: of the machine that runs this, and of faults that others keep it from seeing at once. */
export function possibleOf(row: Row): readonly string[] {
  return [
    'finding:aws-cli-outdated',
    'finding:imds-endpoint-overridden',
    // With an interval of a second the agent waits 0.4 s for these, which a busy machine may need.
    'finding:cloudwatch-unreachable',
    'finding:sts-unreachable',
    'finding:time-source-unreachable',
    ...(clockIsWrong(row) ? ['finding:clock-skewed'] : []),
    ...(row.cloudwatch === 'says ExpiredToken' && signs(row) ? ['finding:role-credentials-rejected'] : []),
    ...(row.cloudwatch === 'throttles' && signs(row) ? ['finding:publish-failing'] : []),
  ];
}

type Tells = Readonly<Record<string, readonly string[]>>;

function imdsTells({ imds, time }: Row): readonly string[] {
  // By a time server that lies they have expired already.
  if (imds === 'is late to rotate' && time === '400 s ahead') return ['finding:role-credentials-expired'];
  return IMDS_TELLS[imds] ?? [];
}

const IMDS_TELLS: Tells = {
  throttles: ['finding:imds-throttled'],
  'refuses connections': ['finding:imds-unreachable'],
  'loses the answer to the PUT': ['finding:imds-hop-limit'],
  'fails with 500': ['finding:imds-malformed'],
  'serves expired credentials': ['finding:role-credentials-expired'],
  'is late to rotate': ['finding:role-credentials-expiring', 'finding:role-rotation-overdue'],
};

const TIME_TELLS: Tells = {
  silent: ['finding:time-source-unreachable'],
  'without the time': ['finding:clock-unsynchronised'],
};

/** Where a time server lies, the clock looks wrong. */
const clockIsWrong = ({ time, clock }: Row): boolean => clock !== 'right' || time === '400 s ahead';

/** A time server shows it, else the `Date` of what IMDS or AWS answers. */
const clockTells = (row: Row): readonly string[] => (clockIsWrong(row) ? ['finding:clock-skewed'] : []);

/** Whether there are credentials to sign with. */
const signs = ({ imds }: Row): boolean => imds === 'answers' || imds === 'is late to rotate';

/** With a wrong idea of the time CloudWatch says so first. */
function cloudWatchTells(row: Row): readonly string[] {
  const sends = signs(row) && row.time === 'right' && row.clock === 'right';
  switch (row.cloudwatch) {
    case 'is down':
      return ['finding:cloudwatch-unreachable'];
    case 'throttles':
      return sends ? ['finding:publish-failing'] : [];
    case 'says ExpiredToken':
      return sends ? ['finding:role-credentials-rejected'] : [];
    default:
      return [];
  }
}

const DISK_TELLS: Tells = {
  full: ['trouble:recorder (full)'],
  'read-only': ['trouble:recorder (read-only)'],
  'with a damaged recording': ['trouble:recorder (set aside)'],
  'with a foreign file': ['trouble:recorder (set aside)'],
  'held by another agent': ['trouble:recorder (locked)'],
  'cleared while it runs': ['trouble:recorder (gone)'],
};

const SIGNAL_TELLS: Tells = {
  'HUP, good': ['reloaded:'],
  'HUP, wrong': ['trouble:configuration'],
};

/** Whether the disk takes nothing while the faults are there: then memory has everything, and a kill takes it. */
export const refuses = ({ disk }: Row): boolean =>
  disk === 'full' || disk === 'read-only' || disk === 'held by another agent';

/** Whether CloudWatch can have taken a metric that the agent must take for not delivered. */
export const mayArriveTwice = ({ cloudwatch, signal }: Row): boolean =>
  cloudwatch === 'takes them and never answers' || signal === 'KILL, started again';
