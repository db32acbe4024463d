// The table of README.md, one line a fault: what the agent says of it and what becomes of its metrics. Every run is held to it.
import { coveringArray, pairsOf } from '../../support/pairwise.ts';
import { DIMENSIONS, expectedOf, type Row } from './dimensions.ts';

/** As few runs as it takes for every two values to meet, and what only three can do. */
export const ROWS: readonly Row[] = [
  ...coveringArray(DIMENSIONS),
  // Only AWS tells the time, and CloudWatch takes nothing that is dated for tomorrow.
  {
    imds: 'refuses connections',
    time: 'silent',
    cloudwatch: 'takes metrics',
    disk: 'fine',
    clock: 'jumps a day ahead',
    signal: 'TERM',
  },
];

const TITLES: Readonly<Record<keyof Row, string>> = {
  imds: 'IMDS',
  time: 'time server',
  cloudwatch: 'CloudWatch',
  disk: 'disk',
  clock: 'local clock',
  signal: 'signal',
};

/** What a value does to the metrics of a cycle; where nothing is said, they are as they are without a fault. */
interface Effect {
  readonly published?: string;
  readonly kept?: string;
  readonly lost?: string;
}

const NO_FAULT: Required<Effect> = { published: 'each cycle once', kept: 'on disk', lost: 'nothing' };

const UNSIGNED: Effect = { published: 'each cycle once, when there are credentials to sign with' };
const REFUSED: Effect = { published: 'each cycle once, when CloudWatch takes them' };
const IN_MEMORY: Effect = {
  kept: 'in memory, and on disk once it takes them',
  lost: 'nothing; what only memory had, where it is killed meanwhile',
};
const ASIDE: Effect = { kept: 'on disk, in a new file; the old one is set aside' };

const EFFECTS: { readonly [N in keyof Row]: Readonly<Partial<Record<Row[N], Effect>>> } = {
  imds: {
    throttles: UNSIGNED,
    'refuses connections': UNSIGNED,
    'loses the answer to the PUT': UNSIGNED,
    'fails with 500': UNSIGNED,
    'serves expired credentials': UNSIGNED,
  },
  time: { '400 s ahead': { published: 'each cycle once, when CloudWatch takes the time of the signatures' } },
  cloudwatch: {
    'is down': REFUSED,
    throttles: REFUSED,
    'says ExpiredToken': REFUSED,
    'takes them and never answers': { published: 'each cycle; what got no answer arrives twice' },
    'refuses three requests as invalid': { published: 'each cycle once, in smaller requests' },
  },
  disk: {
    full: IN_MEMORY,
    'read-only': IN_MEMORY,
    'held by another agent': IN_MEMORY,
    'with a damaged recording': ASIDE,
    'with a foreign file': ASIDE,
    'cleared while it runs': {
      kept: 'on disk, in a new file',
      lost: 'no metric; the history from before, and that of the cycle',
    },
  },
  clock: {
    '400 s behind': { published: 'each cycle once, by true time' },
    'jumps a day ahead': { published: 'each cycle once, by true time' },
    'jumps an hour back': { published: 'each cycle once, by true time' },
  },
  signal: {
    'KILL, started again': { published: 'each cycle; what was being sent may arrive twice' },
    'STOP and CONT': { published: 'each cycle once; while it stands still there is none' },
  },
};

export function faultsMarkdown(): string {
  const dimensions = Object.keys(DIMENSIONS) as (keyof Row)[];
  const lines = dimensions.flatMap((name) =>
    DIMENSIONS[name].map((value) => {
      const runs = ROWS.filter((row) => row[name] === value).length;
      const effects = EFFECTS[name] as Readonly<Record<string, Effect>>;
      const { published, kept, lost } = { ...NO_FAULT, ...effects[value] };
      return [TITLES[name], value, String(runs), foundAlone(name, value), published, kept, lost];
    }),
  );
  const pairs = new Set(ROWS.flatMap(pairsOf)).size;
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  return [
    `Every two of these together, ${pairs} pairs in ${ROWS.length} runs of the agent as a process (\`test/system/faults.test.ts\`). Each run goes from the fault to its end, then compares what was told, what arrived in CloudWatch, what is in the recording and what is missing with this table.`,
    '',
    line(['what', 'how it is', 'runs', 'found', 'published', 'kept', 'lost']),
    line(['---', '---', '---:', '---', '---', '---', '---']),
    ...lines.map(line),
  ].join('\n');
}

const CALM: Row = {
  imds: 'answers',
  time: 'right',
  cloudwatch: 'takes metrics',
  disk: 'fine',
  clock: 'right',
  signal: 'TERM',
};

/** What it says where nothing else is wrong. */
function foundAlone(name: keyof Row, value: string): string {
  const said = expectedOf({ ...CALM, [name]: value } as Row).map(
    (told) => `\`${told.replace(/^finding:|^trouble:|:$/g, '')}\``,
  );
  return said.length === 0 ? '–' : said.join(', ');
}
