// Wrapping, hanging indents and columns by display width.
import { describe, expect, it } from 'vitest';
import {
  boundedWidth,
  cutTo,
  displayWidth,
  grid,
  hanging,
  table,
  together,
  wrap,
} from '../../src/report/layout.ts';

const bare = (text: string) => text;

describe('displayWidth', () => {
  it.each([
    ['', 0],
    ['abc', 3],
    ['ä', 1],
    ['e\u0301', 1],
    ['漢字', 4],
    ['\u{1f980}', 2],
  ])('%j takes %i columns', (text, width) => expect(displayWidth(text)).toBe(width));
});

describe('wrap', () => {
  it.each([
    ['one two three', 8, ['one two', 'three']],
    ['', 10, ['']],
    ['   ', 10, ['']],
    ['abcdefghij', 4, ['abcd', 'efgh', 'ij']],
    ['漢字漢字', 5, ['漢字', '漢字']],
    ['see https://a.example/long', 10, ['see', 'https://a.example/long']],
    ['waits 12 min', 8, ['waits', '12 min']],
    [`a ${together('b c')}`, 4, ['a', 'b c']],
  ])('%j at %i', (text, width, lines) => expect(wrap(text, width)).toEqual(lines));
});

describe('hanging', () => {
  it('stands further lines under the text', () => {
    expect(hanging('Fix:', 'one two', { indent: 2, column: 5, width: 10 })).toEqual([
      '  Fix: one',
      '       two',
    ]);
  });

  it('paints pieces, not blanks', () => {
    const shape = { indent: 1, column: 3, width: 20, label: () => 'L', text: () => 'T' };
    expect(hanging('a', 'b', shape)).toEqual([' L  T']);
  });
});

describe('table', () => {
  it('aligns values, and cuts a label that would leave them no room', () => {
    expect(
      table(
        [
          ['a', '1'],
          ['long label', '2'],
        ],
        { indent: 0, width: 40 },
      ),
    ).toEqual(['a           1', 'long label  2']);
    expect(table([['x'.repeat(50), 'v']], { indent: 0, width: 40 })).toEqual([`${'x'.repeat(20)}  v`]);
  });
});

describe('grid', () => {
  it('aligns cells and cuts what is too wide', () => {
    const shape = { indent: 1, width: 12, heading: bare, ellipsis: '…' };
    expect(
      grid(
        ['id', 'name'],
        [
          ['1', 'short'],
          ['22', 'far too long'],
        ],
        shape,
      ),
    ).toEqual([' id  name', ' 1   short', ' 22  far to…']);
  });
});

it('cutTo leaves what fits', () => {
  expect(cutTo('abc', 3, '...')).toBe('abc');
  expect(cutTo('abcdef', 5, '...')).toBe('ab...');
});

it.each([
  [10, 40],
  [80, 80],
  [500, 100],
  [Number.NaN, 100],
])('a terminal of %d columns is laid out at %i', (width, laid) => expect(boundedWidth(width)).toBe(laid));
