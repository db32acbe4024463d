// Says what is wrong with the body of a CloudWatch dashboard: "Dashboard body structure and syntax", API reference.
import type { Json } from './cloudformation.ts';

type JsonObject = { readonly [key: string]: Json };

export interface Widget {
  readonly type: string;
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
  readonly properties: JsonObject;
}

const COLUMNS = 24;

/** Properties that a widget of each type can't do without. */
const NEEDED: Readonly<Record<string, readonly string[]>> = {
  metric: ['region', 'title', 'metrics'],
  alarm: ['alarms'],
  text: ['markdown'],
};

/** One line for each mistake; none where CloudWatch can draw it. */
export function dashboardMistakes(widgets: readonly Widget[]): readonly string[] {
  return widgets.flatMap((widget, index) =>
    [
      ...propertyMistakes(widget),
      ...(inside(widget) ? [] : ['lies outside of the columns']),
      ...(widgets.slice(0, index).some((other) => overlap(widget, other)) ? ['lies upon another'] : []),
    ].map((mistake) => `widget ${index}: ${mistake}`),
  );
}

function propertyMistakes({ type, properties }: Widget): readonly string[] {
  const needed = NEEDED[type];
  if (needed === undefined) return [`there is no type ${type}`];
  const lines = (properties['metrics'] ?? []) as readonly (readonly Json[])[];
  return [
    ...needed.filter((key) => properties[key] === undefined).map((key) => `has no ${key}`),
    ...lines.filter((line) => !readable(line)).map((line) => `can't read ${JSON.stringify(line)}`),
  ];
}

/** `[{ expression }]`, or namespace, name, and pairs of dimensions, with options at the end. */
function readable(line: readonly Json[]): boolean {
  const [first] = line;
  if (typeof first === 'object' && first !== null && 'expression' in first) return line.length === 1;
  const texts = line.filter((part) => typeof part === 'string').length;
  return texts >= 4 && texts % 2 === 0 && line.length - texts <= 1;
}

const inside = ({ x, y, width, height }: Widget): boolean =>
  x >= 0 && y >= 0 && width > 0 && height > 0 && x + width <= COLUMNS;

const overlap = (a: Widget, b: Widget): boolean =>
  a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height && b.y < a.y + a.height;
