// Date headers: all three forms of RFC 9110, and what several of them together say about the local clock.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { DateHeaders, parseHttpDate } from '../../../src/clients/imds/http-date.ts';

const NOW = Date.UTC(2026, 10, 23, 12);

describe('one header', () => {
  test.each([
    // The examples of RFC 9110, section 5.6.7.
    ['Sun, 06 Nov 1994 08:49:37 GMT', Date.UTC(1994, 10, 6, 8, 49, 37)],
    ['Sunday, 06-Nov-94 08:49:37 GMT', Date.UTC(1994, 10, 6, 8, 49, 37)],
    ['Sun Nov  6 08:49:37 1994', Date.UTC(1994, 10, 6, 8, 49, 37)],
    ['Sun Nov 16 08:49:37 1994', Date.UTC(1994, 10, 16, 8, 49, 37)],
    ['Monday, 01-Jan-70 00:00:00 GMT', Date.UTC(2070, 0, 1)],
    ['Monday, 01-Jan-77 00:00:00 GMT', Date.UTC(1977, 0, 1)],
    ['Sat, 31 Dec 2016 23:59:60 GMT', Date.UTC(2017, 0, 1)],
    ['Sun, 31 Jun 1994 08:49:37 GMT', null],
    ['Sun, 06 Nov 1994 24:00:00 GMT', null],
    ['Sun, 06 Nov 1994 08:60:37 GMT', null],
    ['Sun, 06 Nov 1994 08:49:37 CET', null],
    ['06 Nov 1994 08:49:37 GMT', null],
    ['1994-11-06T08:49:37Z', null],
    ['', null],
    ['Sun, 06 Nov 1994 08:49:37 GMT, Sun, 06 Nov 1994 08:49:37 GMT', null],
  ])('%j', (text, ms) => {
    expect(parseHttpDate(text, NOW)).toBe(ms);
  });

  test('everything that toUTCString writes is read, and nothing throws', () => {
    const date = fc.date({ min: new Date(0), max: new Date('9999-12-31T23:59:59Z'), noInvalidDate: true });
    fc.assert(
      fc.property(date, (when) => {
        expect(parseHttpDate(when.toUTCString(), NOW)).toBe(Math.floor(when.getTime() / 1000) * 1000);
      }),
    );
    fc.assert(
      fc.property(fc.string(), (text) => {
        const ms = parseHttpDate(text, NOW);
        expect(ms === null || Number.isInteger(ms)).toBe(true);
      }),
    );
  });
});

describe('all headers of a cycle', () => {
  test('none: nothing to tell', () => {
    expect(new DateHeaders().offset()).toBeNull();
    const unreadable = new DateHeaders();
    unreadable.add('yesterday', NOW, NOW);
    expect(unreadable.offset()).toBeNull();
  });

  test('true offset always lies within the bound, and several headers narrow it', () => {
    const exchange = fc.record({
      /** Milliseconds from the start to sending, to the server's reading of its clock, and to receiving. */
      at: fc.integer({ min: 0, max: 20_000 }),
      there: fc.integer({ min: 0, max: 400 }),
      back: fc.integer({ min: 0, max: 400 }),
    });
    fc.assert(
      fc.property(
        fc.integer({ min: -1e9, max: 1e9 }),
        fc.integer({ min: 0, max: 999 }),
        fc.array(exchange, { minLength: 1, maxLength: 12 }),
        (offset, fraction, exchanges) => {
          const headers = new DateHeaders();
          let widest = 0;
          for (const { at, there, back } of exchanges) {
            const sent = NOW + fraction + at;
            headers.add(new Date(sent + there + offset).toUTCString(), sent, sent + there + back);
            const one = new DateHeaders();
            one.add(new Date(sent + there + offset).toUTCString(), sent, sent + there + back);
            widest = Math.max(widest, one.offset()?.errorBoundMs ?? 0);
          }
          const seen = headers.offset();
          if (seen === null) throw new Error('headers were given');
          expect(Math.abs(seen.offsetMs - offset)).toBeLessThanOrEqual(seen.errorBoundMs + 1);
          expect(seen.errorBoundMs).toBeLessThanOrEqual(widest);
          expect(seen).toMatchObject({ source: 'IMDS', headers: exchanges.length });
        },
      ),
    );
  });

  test('headers that contradict each other widen the bound and are told as such', () => {
    const headers = new DateHeaders();
    headers.add(new Date(NOW).toUTCString(), NOW, NOW + 2);
    headers.add(new Date(NOW + 60_000).toUTCString(), NOW + 4, NOW + 6);
    const seen = headers.offset();
    expect(seen?.source).toBe('IMDS, whose Date headers disagree with each other');
    expect(seen?.errorBoundMs).toBeGreaterThan(30_000);
    expect(Math.abs(30_500 - (seen?.offsetMs ?? 0))).toBeLessThan(100);
  });
});
