// IP addresses as the C library reads and writes them, for dialects that compare numbers rather than text.

/** A dotted quad (inet_pton): four decimal numbers without leading zeros. */
export function ipv4(text: string): readonly number[] | undefined {
  const parts = text.split('.');
  if (parts.length !== 4 || !parts.every((part) => /^(?:0|[1-9]\d{0,2})$/.test(part))) return undefined;
  const bytes = parts.map(Number);
  return bytes.every((byte) => byte < 256) ? bytes : undefined;
}

/** What inet_aton takes: one to four numbers, decimal, 0x… or 0…, the last one filling the rest. */
export function ipv4Loose(text: string): readonly number[] | undefined {
  const parts = (text.split(/[\t-\r ]/)[0] ?? '').split('.');
  if (parts.length > 4) return undefined;
  const numbers = parts.map(looseNumber);
  const last = numbers.pop();
  if (last === undefined || numbers.some((number) => number === undefined || number > 255)) return undefined;
  const rest = 4 - numbers.length;
  if (last >= 256 ** rest) return undefined;
  const tail = Array.from({ length: rest }, (_, index) => Math.floor(last / 256 ** (rest - 1 - index)) % 256);
  return [...(numbers as number[]), ...tail];
}

function looseNumber(text: string): number | undefined {
  if (/^0[xX][0-9a-fA-F]+$/.test(text)) return Number.parseInt(text.slice(2), 16);
  if (/^0[0-7]*$/.test(text)) return Number.parseInt(text, 8);
  return /^[1-9]\d*$/.test(text) ? Number(text) : undefined;
}

/** An IPv6 address (inet_pton), without brackets or zone. */
export function ipv6(text: string): readonly number[] | undefined {
  const halves = text.split('::');
  if (halves.length > 2) return undefined;
  const [head, tail] = halves.map((half) => groups(half));
  if (head === undefined || (halves.length === 2 && tail === undefined)) return undefined;
  if (tail === undefined) return head.length === 16 ? head : undefined;
  // Four bytes of dotted quad may only stand at the very end.
  if (halves[0]?.includes('.') === true) return undefined;
  const missing = 16 - head.length - tail.length;
  return missing >= 2 ? [...head, ...Array<number>(missing).fill(0), ...tail] : undefined;
}

function groups(text: string): number[] | undefined {
  if (text === '') return [];
  const bytes: number[] = [];
  const parts = text.split(':');
  for (const [index, part] of parts.entries()) {
    const quad = index === parts.length - 1 && part.includes('.') ? ipv4(part) : undefined;
    if (quad !== undefined) bytes.push(...quad);
    else if (/^[0-9a-fA-F]{1,4}$/.test(part)) {
      const value = Number.parseInt(part, 16);
      bytes.push(value >> 8, value & 255);
    } else return undefined;
  }
  return bytes;
}

/** The shortest spelling (RFC 5952), without dotted quads. */
export function ipv6Text(bytes: readonly number[]): string {
  const words = Array.from({ length: 8 }, (_, at) => ((bytes[at * 2] ?? 0) << 8) | (bytes[at * 2 + 1] ?? 0));
  const text = words.map((word) => word.toString(16)).join(':');
  const runs = [...text.matchAll(/(?:^|(?<=:))0(?::0)+(?=:|$)/g)].sort((a, b) => b[0].length - a[0].length);
  const run = runs[0];
  if (run === undefined) return text;
  return `${text.slice(0, run.index).replace(/:$/, '')}::${text.slice(run.index + run[0].length).replace(/^:/, '')}`;
}

/** Whether the first `bits` bits of two addresses of one family are the same. */
export function samePrefix(a: readonly number[], b: readonly number[], bits: number): boolean {
  if (a.length !== b.length || bits > a.length * 8) return false;
  return a.every((byte, at) => {
    const inside = Math.min(8, Math.max(0, bits - at * 8));
    const mask = (0xff << (8 - inside)) & 0xff;
    return (byte & mask) === ((b[at] ?? 0) & mask);
  });
}
