import { describe, expect, it } from 'vitest';
import { plural } from './language';

// faults.ts has texts by the server's codes, and English ones only where the server's own say it badly.
const modules = import.meta.glob<Record<string, unknown>>(['./*.ts', '!./*.test.ts', '!./index.ts', '!./faults.ts'], {
  eager: true,
});
const both = Object.values(modules)
  .flatMap((module) => Object.entries(module))
  .filter((one): one is [string, { en: object; ar: object }] => isBoth(one[1]));

function isBoth(value: unknown): boolean {
  return typeof value === 'object' && value !== null && 'en' in value && 'ar' in value;
}

/** Keys with those of what is in them, as `counts.created`. */
function keysOf(texts: object): string[] {
  return Object.entries(texts).flatMap(([key, value]) =>
    typeof value === 'object' && value !== null ? keysOf(value).map((below) => `${key}.${below}`) : [key],
  );
}

describe('Texts', () => {
  it.each(both)('of %s have the same keys in both languages', (_, { en, ar }) => {
    expect(keysOf(ar).sort()).toEqual(keysOf(en).sort());
  });

  it('are found in every file of this folder that has some', () => {
    expect(both.length).toBeGreaterThanOrEqual(8);
  });

  it('count in Arabic with all six forms', () => {
    const forms = { zero: '0', one: '1', two: '2', few: '3-10', many: '11-99', other: '#' };
    expect([0, 1, 2, 3, 11, 100].map((n) => plural('ar', n, forms))).toEqual(['0', '1', '2', '3-10', '11-99', '100']);
  });
});
