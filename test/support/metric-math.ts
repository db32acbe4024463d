// CloudWatch's metric math as far as the alarms here use it, over series of equal length. Pure.
// Rules: CloudWatch User Guide, "Using math expressions with CloudWatch metrics": syntax, arithmetic, comparison, IF, FILL, PERIOD.

/** One value a period, oldest first; null where there is no data point. */
export type Series = readonly (number | null)[];
type Value = number | Series;

/**
 * What AWS's page leaves open, or says in a way that readers have seen otherwise. An alarm worth having works
 * under every combination.
 */
export interface MathAssumptions {
  /** "Missing values in a time series are treated as 0": by the page `zero`; `dropped` leaves the point out. */
  readonly missingOperand: 'zero' | 'dropped';
  /** What FILL makes of a metric that has no data point at all in the range that is looked at. */
  readonly emptyFill: 'filled' | 'empty';
}

export interface MathInput {
  /** Series by id: metrics and the expressions before this one. */
  readonly series: Readonly<Record<string, Series>>;
  readonly periodSeconds: number;
  readonly length: number;
  readonly assumptions: MathAssumptions;
}

/** Evaluates an expression to a series. Throws on what it does not know, so that no alarm passes unjudged. */
export function evaluateMath(expression: string, input: MathInput): Series {
  const parser = new Parser(tokens(expression), input);
  const value = parser.all();
  if (typeof value === 'number') throw new Error(`${expression}: an alarm needs a time series, not a number`);
  return value;
}

type Token = { readonly kind: 'number' | 'name' | 'sign'; readonly text: string };

function tokens(expression: string): readonly Token[] {
  const found: Token[] = [];
  const pattern = /\s*(?:(\d+(?:\.\d+)?)|([A-Za-z_]\w*)|(==|!=|<=|>=|&&|\|\||[-+*/^<>(),]))/y;
  let at = 0;
  const end = expression.trimEnd().length;
  while (at < end) {
    pattern.lastIndex = at;
    const match = pattern.exec(expression);
    if (match === null) throw new Error(`metric math: what is this: ${expression.slice(at)}`);
    const [, number, name, sign] = match;
    if (number !== undefined) found.push({ kind: 'number', text: number });
    else if (name !== undefined) found.push({ kind: 'name', text: name });
    else found.push({ kind: 'sign', text: sign ?? '' });
    at = pattern.lastIndex;
  }
  return found;
}

type Operator = (a: number, b: number) => number | null;
const truth = (yes: boolean): number => (yes ? 1 : 0);

/** From the weakest to the strongest. */
const LEVELS: readonly Readonly<Record<string, Operator>>[] = [
  { OR: (a, b) => truth(a !== 0 || b !== 0), '||': (a, b) => truth(a !== 0 || b !== 0) },
  { AND: (a, b) => truth(a !== 0 && b !== 0), '&&': (a, b) => truth(a !== 0 && b !== 0) },
  {
    '==': (a, b) => truth(a === b),
    '!=': (a, b) => truth(a !== b),
    '<=': (a, b) => truth(a <= b),
    '>=': (a, b) => truth(a >= b),
    '<': (a, b) => truth(a < b),
    '>': (a, b) => truth(a > b),
  },
  { '+': (a, b) => a + b, '-': (a, b) => a - b },
  // "If the value of a data point causes a function to attempt to divide by zero, the data point is dropped."
  { '*': (a, b) => a * b, '/': (a, b) => (b === 0 ? null : a / b) },
];

class Parser {
  readonly #tokens: readonly Token[];
  readonly #input: MathInput;
  #at = 0;

  constructor(list: readonly Token[], input: MathInput) {
    this.#tokens = list;
    this.#input = input;
  }

  all(): Value {
    const value = this.#level(0);
    const rest = this.#tokens[this.#at];
    if (rest !== undefined) throw new Error(`metric math: ${rest.text} is not expected`);
    return value;
  }

  #level(depth: number): Value {
    const operators = LEVELS[depth];
    if (operators === undefined) return this.#unary();
    let left = this.#level(depth + 1);
    for (;;) {
      const operator = operators[this.#tokens[this.#at]?.text ?? ''];
      if (operator === undefined) return left;
      this.#at += 1;
      left = this.#apply(operator, left, this.#level(depth + 1));
    }
  }

  #unary(): Value {
    if (this.#take('-')) return this.#apply((a, b) => a - b, 0, this.#unary());
    if (this.#take('(')) {
      const value = this.#level(0);
      this.#expect(')');
      return value;
    }
    const token = this.#tokens[this.#at];
    this.#at += 1;
    if (token?.kind === 'number') return Number(token.text);
    if (token?.kind !== 'name')
      throw new Error(`metric math: a value is missing at ${token?.text ?? 'the end'}`);
    return this.#take('(') ? this.#call(token.text) : this.#series(token.text);
  }

  #series(id: string): Series {
    const series = this.#input.series[id];
    if (series === undefined) throw new Error(`metric math: nothing has the id ${id}`);
    return series;
  }

  #call(name: string): Value {
    if (name === 'PERIOD') {
      const id = this.#tokens[this.#at]?.text ?? '';
      this.#series(id);
      this.#at += 1;
      this.#expect(')');
      return this.#input.periodSeconds;
    }
    const args = [this.#level(0)];
    while (this.#take(',')) args.push(this.#level(0));
    this.#expect(')');
    const [first, second, third] = args;
    if (name === 'FILL' && isSeries(first) && typeof second === 'number') return this.#fill(first, second);
    if (name === 'IF' && isSeries(first) && second !== undefined) return choose(first, second, third);
    throw new Error(`metric math: ${name} with ${args.length} arguments is not known here`);
  }

  #fill(series: Series, filler: number): Series {
    const empty = series.every((value) => value === null);
    return empty && this.#input.assumptions.emptyFill === 'empty'
      ? series
      : series.map((value) => value ?? filler);
  }

  #apply(operator: Operator, left: Value, right: Value): Value {
    if (typeof left === 'number' && typeof right === 'number') return operator(left, right) ?? Number.NaN;
    const both = isSeries(left) && isSeries(right);
    return Array.from({ length: this.#input.length }, (_, index) => {
      const [a, b] = [at(left, index), at(right, index)];
      if (a !== null && b !== null) return operator(a, b);
      if (!both || (a === null && b === null) || this.#input.assumptions.missingOperand === 'dropped')
        return null;
      return operator(a ?? 0, b ?? 0);
    });
  }

  #take(text: string): boolean {
    if (this.#tokens[this.#at]?.text !== text) return false;
    this.#at += 1;
    return true;
  }

  #expect(text: string): void {
    if (!this.#take(text)) throw new Error(`metric math: ${text} is missing`);
  }
}

const isSeries = (value: Value | undefined): value is Series => Array.isArray(value);
const at = (value: Value, index: number): number | null => (isSeries(value) ? (value[index] ?? null) : value);

/** IF: a missing condition drops the point; a missing value where it is true is 0, where it is false is dropped. */
function choose(condition: Series, yes: Value, no: Value | undefined): Series {
  return condition.map((value, index) => {
    if (value === null) return null;
    if (value !== 0) return at(yes, index) ?? 0;
    return no === undefined ? null : at(no, index);
  });
}
