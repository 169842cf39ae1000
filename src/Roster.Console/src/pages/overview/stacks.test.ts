import { expect, test } from 'vitest';
import type { DayWrites } from '../../api/generated';
import { roundUp, stacksOf } from './stacks';

const days = [{ day: '2026-11-01' }, { day: '2026-11-02' }];
const write = (day: string, kind: DayWrites['kind'], changes: number, name: string | null): DayWrites => ({
  day,
  kind,
  actor: name === null ? null : { id: `id of ${name}`, name, kind: 'key' },
  changeSets: 1,
  changes,
});

test('changes are added up by day and kind, the largest first', () => {
  const stacks = stacksOf(
    days,
    [
      write('2026-11-01', 'delete', 2, 'a'),
      write('2026-11-01', 'upsert', 3, 'a'),
      write('2026-11-01', 'upsert', 4, 'b'),
    ],
    'kind',
  );
  expect(stacks.series.map(({ id, total }) => [id, total])).toEqual([
    ['upsert', 7],
    ['delete', 2],
  ]);
  expect(stacks.days.map(({ values }) => values)).toEqual([
    [7, 2],
    [0, 0],
  ]);
  expect([stacks.max, stacks.total]).toEqual([9, 9]);
});

test('actors beyond the most are others, and commands have an own series', () => {
  const stacks = stacksOf(
    days,
    [
      write('2026-11-02', 'upsert', 5, null),
      write('2026-11-02', 'upsert', 3, 'a'),
      write('2026-11-02', 'upsert', 2, 'b'),
      write('2026-11-02', 'upsert', 1, 'c'),
    ],
    'actor',
    3,
  );
  expect(stacks.series.map(({ id }) => id)).toEqual(['operator', 'id of a', 'others']);
  expect(stacks.days[1]?.values).toEqual([5, 3, 3]);
});

test('an axis ends at a round number', () => {
  expect([0, 1, 7, 10, 110, 230, 999, 1005].map(roundUp)).toEqual([1, 1, 8, 10, 120, 300, 1000, 1200]);
});
