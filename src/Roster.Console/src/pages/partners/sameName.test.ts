import { expect, it } from 'vitest';
import { isSameName, isSeen } from './sameName';

it.each([
  ['Rene\u0301', 'René'],
  ['Ada\u00a0Lovelace', 'Ada Lovelace'],
  ['Ada  Lovelace ', 'Ada Lovelace'],
  ['\u200fشركة\u200c النور', 'شركة النور'],
])('a name that is stored as %j is typed as it looks', (name, typed) => {
  expect(isSameName(typed, name)).toBe(true);
});

it('another name, a part of it, or nothing is not the same', () => {
  expect(isSameName('ada lovelace', 'Ada Lovelace')).toBe(false);
  expect(isSameName('Ada', 'Ada Lovelace')).toBe(false);
  expect(isSameName('', 'Ada Lovelace')).toBe(false);
  expect([isSeen('\u200b '), isSeen('A')]).toEqual([false, true]);
});
