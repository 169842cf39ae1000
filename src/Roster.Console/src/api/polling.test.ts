import { expect, it } from 'vitest';
import { pauseAfter } from './polling';

it('waits longer after each failure, and never longer than a minute', () => {
  expect([0, 1, 2, 5, 40].map((failures) => pauseAfter(failures, 2_000))).toEqual([
    2_000, 4_000, 8_000, 60_000, 60_000,
  ]);
});
