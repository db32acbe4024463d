// Durations as people say them, for findings and reports alike.

const MINUTE = 60;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** Two neighbouring units, the smaller one left out when it is 0. */
function pair(whole: number, unit: number, name: string, smaller: number, smallerName: string): string {
  const big = Math.floor(whole / unit);
  const small = Math.floor((whole % unit) / smaller);
  return small === 0 ? `${big} ${name}` : `${big} ${name} ${small} ${smallerName}`;
}

/**
 * How long, without a sign: `0.4 s`, `42 s`, `12 min`, `3 h 12 min`, `2 d 4 h`. Rounded down beyond a minute,
 * so that "still 5 min" never promises more than there is; `an unknown time` for NaN and infinity.
 */
export function spokenSeconds(seconds: number): string {
  if (!Number.isFinite(seconds)) return 'an unknown time';
  const size = Math.abs(seconds);
  if (size < 10 && !Number.isInteger(size)) return `${Number(size.toFixed(1))} s`;
  const whole = size < 2 * MINUTE ? Math.round(size) : Math.floor(size);
  if (whole < 2 * MINUTE) return `${whole} s`;
  if (whole < 10 * MINUTE) return pair(whole, MINUTE, 'min', 1, 's');
  if (whole < HOUR) return `${Math.floor(whole / MINUTE)} min`;
  if (whole < 2 * DAY) return pair(whole, HOUR, 'h', MINUTE, 'min');
  return pair(whole, DAY, 'd', HOUR, 'h');
}

/** The same for milliseconds, which stay milliseconds below a second: `0.34 ms`, `3.1 ms`, `42 ms`, `1.5 s`. */
export function spokenMs(milliseconds: number): string {
  if (!Number.isFinite(milliseconds)) return 'an unknown time';
  const size = Math.abs(milliseconds);
  if (size >= 999.5) return spokenSeconds(size / 1000);
  if (size >= 10) return `${Math.round(size)} ms`;
  return `${Number(size.toFixed(size < 1 ? 2 : 1))} ms`;
}
