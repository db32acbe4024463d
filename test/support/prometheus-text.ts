// A small strict parser of Prometheus' text exposition format 0.0.4, for tests of whatever prints it.

export interface PrometheusSample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

export interface PrometheusFamily {
  readonly name: string;
  readonly type: string;
  readonly help: string;
  readonly samples: readonly PrometheusSample[];
}

const LABEL = /([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\["\\n])*)"(,|$)/y;

interface Growing {
  readonly name: string;
  type: string;
  readonly help: string;
  readonly samples: PrometheusSample[];
}

/** Families in order of appearance. Throws with the line that breaks the format. */
export function parsePrometheus(text: string): PrometheusFamily[] {
  if (text !== '' && !text.endsWith('\n')) throw new Error('the last line does not end');
  const families: Growing[] = [];
  const seen = new Set<string>();
  const once = (key: string, line: string) => {
    if (seen.has(key)) throw new Error(`said twice: ${line}`);
    seen.add(key);
  };
  for (const line of text.split('\n').slice(0, -1)) {
    const help = /^# HELP ([a-zA-Z_:][a-zA-Z0-9_:]*) (.*)$/.exec(line);
    if (help !== null) {
      once(help[1] ?? '', line);
      families.push({ name: help[1] ?? '', type: '', help: help[2] ?? '', samples: [] });
    } else if (line.startsWith('#')) {
      addType(families.at(-1), line);
    } else {
      const sample = parseSample(line);
      once(JSON.stringify([sample.name, Object.entries(sample.labels).sort()]), line);
      addSample(families.at(-1), sample, line);
    }
  }
  return families;
}

function addType(family: Growing | undefined, line: string): void {
  const type = /^# TYPE ([a-zA-Z_:][a-zA-Z0-9_:]*) (counter|gauge|histogram|summary|untyped)$/.exec(line);
  if (type === null || family === undefined || family.name !== type[1] || family.type !== '') {
    throw new Error(`TYPE out of place: ${line}`);
  }
  family.type = type[2] ?? '';
}

function addSample(family: Growing | undefined, sample: PrometheusSample, line: string): void {
  if (family === undefined || family.name !== sample.name) throw new Error(`a sample out of place: ${line}`);
  family.samples.push(sample);
}

function parseSample(line: string): PrometheusSample {
  const parts = /^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? (\S+)$/.exec(line);
  if (parts === null) throw new Error(`not a sample: ${line}`);
  const value = Number(parts[3]);
  if (Number.isNaN(value)) throw new Error(`not a number: ${line}`);
  return { name: parts[1] ?? '', labels: parseLabels(parts[2] ?? '', line), value };
}

function parseLabels(text: string, line: string): Record<string, string> {
  const labels: Record<string, string> = {};
  let at = 0;
  while (at < text.length) {
    LABEL.lastIndex = at;
    const match = LABEL.exec(text);
    if (match === null) throw new Error(`broken labels: ${line}`);
    labels[match[1] ?? ''] = (match[2] ?? '').replace(/\\(.)/g, (_, c: string) => (c === 'n' ? '\n' : c));
    at = LABEL.lastIndex;
  }
  return labels;
}
