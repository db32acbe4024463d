// The program's first file, dist/imds-probe.mjs: runs the program, with what V8 compiled of it in an earlier run.
//
// What every run needs stands in this same file, as the comment in front of this code: Node would compile it anew each
// time, and read it only to skip it. What some runs need lies beside it, in chunks/.
//
// Compiling is what costs a short run most. Node's own compile cache keeps functions as they were before they ran, which
// is hardly any of them; here they are kept as they are at the end of a run. Whoever can write to that cache decides
// what the program does, so it lies in the program's own folder, or else in the user's, and never in a shared one.
// A file that V8 does not take is ignored and written anew. NODE_DISABLE_COMPILE_CACHE=1 keeps all of it off.
import type * as FileSystem from 'node:fs';
import type * as Vm from 'node:vm';

/** A hash of all that is built, put here by the build. */
declare const BUILD: string;

/** The oldest Node it runs on: `engines` in package.json, put here by the build. */
declare const OLDEST_NODE: readonly [major: number, minor: number];

/** As where the command line or a setting is wrong: it is the caller's to mend. */
const EXIT_USAGE = 64;

const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
if (major < OLDEST_NODE[0] || (major === OLDEST_NODE[0] && minor < OLDEST_NODE[1])) {
  process.stderr.write(
    `imds-probe: needs Node ${OLDEST_NODE.join('.')} or newer; this is ${process.version} (${process.execPath})\n`,
  );
  process.exit(EXIT_USAGE);
}

// Imported, these would take longer: for an ES module Node reads every export of a built-in, the rarely used ones too.
const fs = process.getBuiltinModule('node:fs') as typeof FileSystem;
const { Script } = process.getBuiltinModule('node:vm') as typeof Vm;

/** What V8 compiled under one set of flags it does not take under another. */
const flags = [...process.execArgv, process.env['NODE_OPTIONS']].join(' ');
const suffix = `-${BUILD}-${process.version}-${process.arch}-${hash(flags)}`;
const chunks = `${import.meta.dirname}/chunks`;
const caches = process.env['NODE_DISABLE_COMPILE_CACHE'] === undefined ? cacheFolders() : [];

/** Runs longer than this are the agent's; it was not started in a hurry, and writes nothing at its end. */
const SHORT_RUN_SECONDS = 60;

/** FNV-1a. */
function hash(text: string): string {
  let value = 0x811c9dc5;
  for (let at = 0; at < text.length; at += 1) value = Math.imul(value ^ text.charCodeAt(at), 0x01000193);
  return (value >>> 0).toString(16);
}

function cacheFolders(): readonly string[] {
  const own = `${import.meta.dirname}/cache`;
  const { XDG_CACHE_HOME: given, HOME: home } = process.env;
  const base = given !== undefined && given !== '' ? given : `${home}/.cache`;
  // What a user may write must never be run by root.
  return process.getuid?.() === 0 || !base.startsWith('/') ? [own] : [own, `${base}/imds-probe`];
}

/** File systems whose server may be gone, mounted where homes can be; src/clients/host/mounts.ts is exact. */
const FAR =
  /^\S+ \/(?!(?:proc|sys|run|var\/lib)\/)\S* (?:nfs4?|cifs|smb3|smbfs|ceph|afs|coda|9p|lustre|gpfs|beegfs|glusterfs|orangefs|virtiofs|autofs|fuse|fuse\.\S+) /m;

const homesMayBeFar = (): boolean => FAR.test(fs.readFileSync('/proc/self/mounts', 'latin1'));

/**
 * The program's folder is as safe as the program; any other has to be this user's alone, and must not keep us waiting
 * for ever: where any home may be far away, none is looked into.
 */
function isSafe(folder: string): boolean {
  if (folder === caches[0]) return true;
  if (homesMayBeFar()) return false;
  const { uid, mode } = fs.lstatSync(folder);
  return uid === process.getuid?.() && (mode & 0o022) === 0;
}

function attempt<T>(work: () => T): T | undefined {
  try {
    return work();
  } catch {
    return undefined;
  }
}

function cached(name: string): Buffer | undefined {
  for (const folder of caches) {
    const data = attempt(() => (isSafe(folder) ? fs.readFileSync(`${folder}/${name}${suffix}`) : undefined));
    if (data !== undefined) return data;
  }
  return undefined;
}

interface Module {
  exports: unknown;
}

type Factory = (exports: unknown, require: (id: string) => unknown, module: Module, folder: string) => void;

const modules = new Map<string, Module>();
/** Read and compiled, by name; what every run needs comes in one. */
const factories = new Map<string, Factory>();
const fresh = new Map<string, Vm.Script>();

/** Built-ins that take long to load, and that hardly any run needs whose code names them: loaded when first used. */
const SELDOM = /^node:(?:child_process|crypto|dns|http|https|os|timers|tls|zlib)(?:\/|$)/;

function builtin(id: string): unknown {
  const real = (): object => process.getBuiltinModule(id) as object;
  if (!SELDOM.test(id)) return real();
  return new Proxy(
    {},
    {
      get: (_, name) => Reflect.get(real(), name),
      // `await import()` of a built-in became a copy of all that it has.
      ownKeys: () => Reflect.ownKeys(real()),
      getOwnPropertyDescriptor: (_, name) => {
        const found = Reflect.getOwnPropertyDescriptor(real(), name);
        return found && { ...found, configurable: true };
      },
    },
  );
}

const MAIN = 'main.cjs';

interface Source {
  readonly filename: string;
  /** An object of factories by name; the build leaves no character in it that would not fit one byte. */
  readonly text: string;
  /** Of the text in its file, so that the stack of an error tells where to look. */
  readonly lineOffset: number;
}

/** From the comment in this file: a line with its beginning, the text, and a line that ends it. */
function main(): Source {
  const filename = import.meta.filename;
  const file = fs.readFileSync(filename);
  const from = file.indexOf('/*\n') + 3;
  const text = file.toString('latin1', from, file.indexOf('\n*/', from));
  return { filename, text: text.replaceAll('*\u0001/', '*/'), lineOffset: 2 };
}

function chunk(name: string): Source {
  const filename = `${chunks}/${name}`;
  return { filename, text: fs.readFileSync(filename, 'latin1'), lineOffset: 0 };
}

function compile(name: string): void {
  const { filename, text, lineOffset } = name === MAIN ? main() : chunk(name);
  const cachedData = cached(name);
  const script = new Script(text, {
    filename,
    lineOffset,
    ...(cachedData === undefined ? {} : { cachedData }),
  });
  if (script.cachedDataRejected !== false) fresh.set(name, script);
  const found = script.runInThisContext() as Readonly<Record<string, Factory>>;
  for (const [each, factory] of Object.entries(found)) factories.set(each, factory);
}

/** `require` for chunks: `./name.cjs` is another of them, everything else a built-in. */
function load(id: string): unknown {
  if (!id.startsWith('./')) return builtin(id);
  const name = id.slice(2);
  const known = modules.get(name);
  if (known !== undefined) return known.exports;
  const module: Module = { exports: {} };
  modules.set(name, module);
  if (!factories.has(name)) compile(name);
  factories.get(name)?.(module.exports, load, module, chunks);
  return module.exports;
}

/** Whole or not at all, also where the machine goes down meanwhile: V8 trusts what it finds. */
function write(folder: string, name: string, data: Buffer): void {
  const target = `${folder}/${name}${suffix}`;
  const part = `${target}.${process.pid}`;
  const file = fs.openSync(part, 'wx', 0o644);
  try {
    fs.writeSync(file, data);
    fs.fsyncSync(file);
  } finally {
    fs.closeSync(file);
  }
  fs.renameSync(part, target);
}

/** With the folder above it, and no further: below /proc, Node's own `recursive` would try for ever. */
function make(folder: string): void {
  const above = folder.slice(0, folder.lastIndexOf('/'));
  attempt(() => fs.mkdirSync(above, { mode: 0o700 }));
  attempt(() => fs.mkdirSync(folder, { mode: 0o755 }));
}

/** Keeps what was compiled anew in the first folder that takes it, and drops what other versions left there. */
function keep(): void {
  if (fresh.size === 0 || process.uptime() > SHORT_RUN_SECONDS) return;
  for (const folder of caches) {
    const done = attempt(() => {
      if (folder !== caches[0] && homesMayBeFar()) return undefined;
      make(folder);
      if (!isSafe(folder)) return undefined;
      for (const [name, script] of fresh) write(folder, name, script.createCachedData());
      for (const file of fs.readdirSync(folder)) {
        if (!file.includes(`-${BUILD}-`)) fs.rmSync(`${folder}/${file}`);
      }
      return true;
    });
    if (done) return;
  }
}

if (caches.length > 0) process.once('exit', keep);
load(`./${MAIN}`);
