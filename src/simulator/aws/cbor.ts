// As much of CBOR (RFC 8949) as Smithy's RPC v2 protocol sends to CloudWatch, read without trust in lengths or depth.

export type CborValue =
  | number
  | string
  | boolean
  | null
  | Uint8Array
  | Date
  | readonly CborValue[]
  | { readonly [key: string]: CborValue };

const MAX_DEPTH = 16;
const INDEFINITE = 31;
/** RFC 8949, section 3.4.2: seconds since 1970, how Smithy sends a timestamp. */
const TAG_EPOCH = 1;
const BREAK = 0xff;

/** IEEE 754 half precision; a client may pick it for a value that fits. */
function halfFloat(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 31;
  const mantissa = bits & 1023;
  if (exponent === 0) return sign * mantissa * 2 ** -24;
  if (exponent === 31) return mantissa === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  return sign * (1024 + mantissa) * 2 ** (exponent - 25);
}

/** Decodes one value. Throws a RangeError or TypeError on whatever is cut off, too deep or not of this subset. */
export function decodeCbor(bytes: Uint8Array): CborValue {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let at = 0;

  function length(info: number): number {
    if (info < 24) return info;
    const width = 1 << (info - 24);
    const start = at;
    at += width;
    if (info === 24) return view.getUint8(start);
    if (info === 25) return view.getUint16(start);
    if (info === 26) return view.getUint32(start);
    if (info === 27) return Number(view.getBigUint64(start));
    throw new TypeError('reserved length');
  }

  function take(count: number): Uint8Array {
    if (at + count > bytes.length) throw new RangeError('cut off');
    at += count;
    return bytes.subarray(at - count, at);
  }

  /** Calls `read` for every element of a list or map, whether its length is given or it ends by a break. */
  function each(info: number, read: () => void): void {
    if (info !== INDEFINITE) {
      for (let left = length(info); left > 0; left -= 1) read();
      return;
    }
    while (view.getUint8(at) !== BREAK) read();
    at += 1;
  }

  function chunks(major: number, info: number): Uint8Array {
    if (info !== INDEFINITE) return take(length(info));
    const parts: Uint8Array[] = [];
    each(info, () => {
      const head = view.getUint8(at);
      at += 1;
      if (head >> 5 !== major) throw new TypeError('wrong chunk');
      parts.push(take(length(head & 31)));
    });
    return Buffer.concat(parts);
  }

  function simple(info: number): CborValue {
    if (info === 20 || info === 21) return info === 21;
    if (info === 22 || info === 23) return null;
    const start = at;
    if (info === 25) at += 2;
    if (info === 26) at += 4;
    if (info === 27) at += 8;
    if (info === 25) return halfFloat(view.getUint16(start));
    if (info === 26) return view.getFloat32(start);
    if (info === 27) return view.getFloat64(start);
    throw new TypeError('unknown simple value');
  }

  function map(info: number, depth: number): CborValue {
    // No prototype: a key called __proto__ is a key like any other.
    const entries: Record<string, CborValue> = Object.create(null);
    each(info, () => {
      const key = value(depth);
      if (typeof key !== 'string') throw new TypeError('key is no text');
      entries[key] = value(depth);
    });
    return entries;
  }

  function tagged(info: number, depth: number): CborValue {
    const tag = length(info);
    const inner = value(depth);
    if (tag !== TAG_EPOCH) return inner;
    if (typeof inner !== 'number') throw new TypeError('timestamp is no number');
    return new Date(inner * 1000);
  }

  function value(depth: number): CborValue {
    if (depth > MAX_DEPTH) throw new RangeError('too deep');
    const head = view.getUint8(at);
    at += 1;
    const info = head & 31;
    switch (head >> 5) {
      case 0:
        return length(info);
      case 1:
        return -1 - length(info);
      case 2:
        return chunks(2, info);
      case 3:
        return Buffer.from(chunks(3, info)).toString('utf8');
      case 4: {
        const list: CborValue[] = [];
        each(info, () => {
          list.push(value(depth + 1));
        });
        return list;
      }
      case 5:
        return map(info, depth + 1);
      case 6:
        return tagged(info, depth + 1);
      default:
        return simple(info);
    }
  }

  const decoded = value(0);
  if (at !== bytes.length) throw new RangeError('something follows');
  return decoded;
}

function textBytes(text: string): Uint8Array {
  const bytes = Buffer.from(text, 'utf8');
  if (bytes.length < 24) return Buffer.concat([Uint8Array.of(0x60 | bytes.length), bytes]);
  return Buffer.concat([Uint8Array.of(0x79, bytes.length >> 8, bytes.length & 255), bytes]);
}

/** Encodes a map of texts, all that answers need: fewer than 24 entries, each shorter than 64 KiB. */
export function encodeCborTexts(entries: Readonly<Record<string, string>>): Uint8Array {
  const pairs = Object.entries(entries);
  return Buffer.concat([Uint8Array.of(0xa0 | pairs.length), ...pairs.flat().map(textBytes)]);
}
