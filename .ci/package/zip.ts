// A zip archive without compression (APPNOTE.TXT 6.3.10): what is put in is compressed already, and the bytes depend on nothing else.
import { crc32 } from 'node:zlib';

export interface ZipEntry {
  readonly name: string;
  readonly mode: number;
  readonly data: Buffer;
}

const LOCAL = 0x04034b50;
const CENTRAL = 0x02014b50;
const END = 0x06054b50;
/** 2.0, made on Unix. */
const VERSION = 20;
const MADE_BY = (3 << 8) | VERSION;
/** 1 January 1980, the first day DOS knows. */
const DATE = 0x21;
const REGULAR_FILE = 0o100000;

/** The fields that a local header and its entry in the directory share. */
function common({ data }: ZipEntry, name: Buffer): Buffer {
  const fields = Buffer.alloc(26);
  fields.writeUInt16LE(VERSION, 0);
  fields.writeUInt16LE(DATE, 8);
  fields.writeUInt32LE(crc32(data), 10);
  fields.writeUInt32LE(data.length, 14);
  fields.writeUInt32LE(data.length, 18);
  fields.writeUInt16LE(name.length, 22);
  return fields;
}

const signature = (value: number): Buffer => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
};

/** Packs the entries in their order. */
export function zip(entries: readonly ZipEntry[]): Buffer {
  const parts: Buffer[] = [];
  const directory: Buffer[] = [];
  let offset = 0;
  for (const entry of entries) {
    const name = Buffer.from(entry.name);
    const shared = common(entry, name);
    const local = Buffer.concat([signature(LOCAL), shared, name]);
    const rest = Buffer.alloc(14);
    rest.writeUInt32LE(((REGULAR_FILE | entry.mode) << 16) >>> 0, 6);
    rest.writeUInt32LE(offset, 10);
    const madeBy = Buffer.alloc(2);
    madeBy.writeUInt16LE(MADE_BY);
    directory.push(signature(CENTRAL), madeBy, shared, rest, name);
    parts.push(local, entry.data);
    offset += local.length + entry.data.length;
  }
  const central = Buffer.concat(directory);
  const end = Buffer.alloc(22);
  end.writeUInt32LE(END, 0);
  end.writeUInt16LE(entries.length, 8);
  end.writeUInt16LE(entries.length, 10);
  end.writeUInt32LE(central.length, 12);
  end.writeUInt32LE(offset, 16);
  return Buffer.concat([...parts, central, end]);
}
