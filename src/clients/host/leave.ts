// Ends the program on time, whatever of it still waits for a file server or a name server that is gone.

/** What a run still has to close is closed within a few milliseconds. */
const PATIENCE_MS = 250;

/** Ends with this code when nothing is left to do, or a moment later; what was written is let out in any case. */
export function leave(code: number): void {
  process.exitCode = code;
  const look = (): void => {
    const { stdout, stderr } = process;
    if (stdout.writableLength + stderr.writableLength === 0) leaveNow(code);
    setTimeout(look, PATIENCE_MS).unref();
  };
  setTimeout(look, PATIENCE_MS).unref();
}

/** What ld.so(8) may need to find Node's libraries; nothing else is wanted. */
const loader = (): Record<string, string> =>
  Object.fromEntries(
    Object.entries(process.env).flatMap(([name, value]) =>
      value !== undefined && name.startsWith('LD_') ? [[name, value]] : [],
    ),
  );

/**
 * Ends at once. exit(3) first waits for every thread, and one that opens a file of a dead server never comes back;
 * execve(2) waits for none. So another program takes this one's place, which only has to end.
 */
export function leaveNow(code: number): never {
  try {
    // It would say that execve is experimental.
    process.emitWarning = () => undefined;
    process.execve?.(process.execPath, [process.execPath, '-e', `process.exit(${code})`], loader());
  } catch {
    // Not allowed here: then there is the usual way only.
  }
  process.exit(code);
}
