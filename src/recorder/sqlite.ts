// Loads node:sqlite when it is needed; where the runtime still warns that it is experimental, without that warning.

export type Sqlite = typeof import('node:sqlite');

/** Null where this Node was built without SQLite. */
export async function loadSqlite(): Promise<Sqlite | null> {
  const { emitWarning } = process;
  // Node 22 says so on the first import, in the middle of our own output.
  const quiet = (...args: Parameters<typeof emitWarning>): void => {
    if (!/SQLite is an experimental feature/.test(String(args[0]))) Reflect.apply(emitWarning, process, args);
  };
  process.emitWarning = quiet as typeof emitWarning;
  try {
    return await import('node:sqlite');
  } catch {
    return null;
  } finally {
    process.emitWarning = emitWarning;
  }
}
