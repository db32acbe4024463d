// Reads Date headers, and narrows down how far the local clock is off by all of those a cycle brought.
import type { HttpDateOffset } from '../../core/clock.ts';

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
const TIME = '(\\d{2}):(\\d{2}):(\\d{2})';
const MONTH = `(${MONTHS.join('|')})`;
const IMF_FIXDATE = new RegExp(`^(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), (\\d{2}) ${MONTH} (\\d{4}) ${TIME} GMT$`);
const RFC_850 = new RegExp(
  `^(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day, (\\d{2})-${MONTH}-(\\d{2}) ${TIME} GMT$`,
);
const ASCTIME = new RegExp(`^(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun) ${MONTH} ([ \\d]\\d) ${TIME} (\\d{4})$`);

/** A Date header's resolution: the server cuts the fraction of the second off. */
const RESOLUTION_MS = 1000;
/** Servers keep the header's text for a second at a time, and refresh it a moment late. */
const LAG_MS = 50;

function utc(
  year: number,
  month: string,
  day: number,
  clock: readonly (string | undefined)[],
): number | null {
  const [hour = NaN, minute = NaN, second = NaN] = clock.map(Number);
  // 60 is a leap second (RFC 9110 takes over RFC 5322's grammar); Date.UTC carries it over.
  if (!(hour <= 23 && minute <= 59 && second <= 60)) return null;
  const index = MONTHS.indexOf(month);
  const ms = Date.UTC(year, index, day, hour, minute, second);
  const midnight = new Date(Date.UTC(year, index, day));
  return midnight.getUTCDate() === day && midnight.getUTCMonth() === index ? ms : null;
}

/**
 * An HTTP date in epoch milliseconds, or null where it is none. All three forms, as a recipient must
 * (RFC 9110, section 5.6.7); a two-digit year more than 50 years ahead of `nowMs` lies in the past.
 */
export function parseHttpDate(text: string, nowMs: number): number | null {
  const imf = IMF_FIXDATE.exec(text);
  if (imf) return utc(Number(imf[3]), imf[2] ?? '', Number(imf[1]), imf.slice(4, 7));
  const asctime = ASCTIME.exec(text);
  if (asctime) return utc(Number(asctime[6]), asctime[1] ?? '', Number(asctime[2]), asctime.slice(3, 6));
  const rfc850 = RFC_850.exec(text);
  if (!rfc850) return null;
  const now = new Date(nowMs).getUTCFullYear();
  let year = now - (now % 100) + Number(rfc850[3]);
  if (year > now + 50) year -= 100;
  return utc(year, rfc850[2] ?? '', Number(rfc850[1]), rfc850.slice(4, 7));
}

/** Keeps what the Date headers of one cycle allow for "true time minus local time". */
export class DateHeaders {
  #count = 0;
  // The intersection of all intervals, and their hull.
  #low = -Infinity;
  #high = Infinity;
  #lowest = Infinity;
  #highest = -Infinity;

  /**
   * One answer: its Date header as it came, and when by the local wall clock its request was sent and it was
   * received. The server read its clock between the two and cut the fraction off, so true minus local time lies
   * within [date − received, date + 1 s − sent], and a little lag.
   */
  add(header: string, sentWallMs: number, receivedWallMs: number): void {
    const date = parseHttpDate(header, receivedWallMs);
    if (date === null) return;
    const low = date - receivedWallMs;
    const high = date + RESOLUTION_MS + LAG_MS - sentWallMs;
    this.#count += 1;
    this.#low = Math.max(this.#low, low);
    this.#high = Math.min(this.#high, high);
    this.#lowest = Math.min(this.#lowest, low);
    this.#highest = Math.max(this.#highest, high);
  }

  /** What all headers agree on; where they don't, everything that any of them allows. Null without a header. */
  offset(): HttpDateOffset | null {
    if (this.#count === 0) return null;
    const agree = this.#low <= this.#high;
    const low = agree ? this.#low : this.#lowest;
    const high = agree ? this.#high : this.#highest;
    return {
      offsetMs: Math.round((low + high) / 2),
      errorBoundMs: Math.ceil((high - low) / 2),
      source: agree ? 'IMDS' : 'IMDS, whose Date headers disagree with each other',
      headers: this.#count,
    };
  }
}
