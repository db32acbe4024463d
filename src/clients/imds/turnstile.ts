// Lets one through at a time, the most urgent of those waiting first.

interface Waiting {
  readonly rank: number;
  readonly pass: () => void;
}

/** A place for one. It is given in the event loop's next turn, so that among calls made together the rank decides. */
export class Turnstile {
  #taken = false;
  #opening = false;
  readonly #waiting: Waiting[] = [];

  /**
   * Runs `work` alone: the lowest rank first, then who came first. Answers null when the signal fires while
   * waiting; once `work` runs, ending in time is its own business.
   */
  async through<T>(rank: number, signal: AbortSignal, work: () => Promise<T>): Promise<T | null> {
    if (!(await this.#enter(rank, signal))) return null;
    try {
      return await work();
    } finally {
      this.#taken = false;
      this.#open();
    }
  }

  #enter(rank: number, signal: AbortSignal): Promise<boolean> {
    if (signal.aborted) return Promise.resolve(false);
    return new Promise((resolve) => {
      const onAbort = (): void => {
        this.#waiting.splice(this.#waiting.indexOf(waiting), 1);
        resolve(false);
      };
      const pass = (): void => {
        signal.removeEventListener('abort', onAbort);
        this.#taken = true;
        resolve(true);
      };
      const waiting = { rank, pass };
      const behind = this.#waiting.findIndex((other) => other.rank > rank);
      this.#waiting.splice(behind === -1 ? this.#waiting.length : behind, 0, waiting);
      signal.addEventListener('abort', onAbort, { once: true });
      this.#open();
    });
  }

  #open(): void {
    if (this.#opening) return;
    this.#opening = true;
    setImmediate(() => {
      this.#opening = false;
      if (!this.#taken) this.#waiting.shift()?.pass();
    });
  }
}
