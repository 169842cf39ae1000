import { describe, expect, it } from 'vitest';
import {
  hasManyParts,
  isDone,
  isGivenUp,
  isInConflict,
  isReachable,
  isUndoRefused,
  type Seen,
  stepOf,
  steps,
} from './steps';

const column = {
  column: 'E-mail',
  target: 'email',
  empty: 'keep',
  trim: true,
  why: 'synonym',
  filled: 100,
  samples: [],
};
const counts = { created: 1, updated: 0, unchanged: 0, deleted: 0, faulty: 0, skipped: 0, warned: 0 };

function seen(changes: object): Seen {
  return {
    state: 'uploaded',
    work: null,
    file: { gone: null, format: 'csv', encoding: 'utf-8', headerRow: 1 },
    columns: [column],
    counts: null,
    revisions: [],
    expiresAt: '2026-12-11T23:04:07Z',
    mappingFrom: 'suggested',
    ...changes,
  } as unknown as Seen;
}

describe('stepOf', () => {
  it('begins with the columns, or with the reading where that is in doubt', () => {
    expect(stepOf(seen({}))).toBe('columns');
    expect(stepOf(seen({ columns: [], file: { gone: null, format: 'csv', encoding: null, headerRow: null } }))).toBe(
      'read',
    );
    expect(stepOf(seen({ file: { gone: null, format: 'csv', encoding: 'utf-8', headerRow: null } }))).toBe('read');
    expect(stepOf(seen({ file: { gone: null, format: 'json', encoding: 'utf-8', headerRow: null } }))).toBe('columns');
  });

  it('goes where the server works', () => {
    expect(stepOf(seen({ work: 'plan' }))).toBe('preview');
    expect(stepOf(seen({ state: 'applying', work: 'apply', counts }))).toBe('progress');
    expect(stepOf(seen({ state: 'applied', work: 'undo', counts, revisions: [7] }))).toBe('receipt');
  });

  it('asks what to do with conflicts, or shows what is written', () => {
    expect(stepOf(seen({ state: 'stopped', counts }))).toBe('apply');
    expect(stepOf(seen({ state: 'stopped', counts, revisions: [7] }))).toBe('receipt');
  });

  it('always leads to a step that can be seen', () => {
    for (const state of ['uploaded', 'planned', 'applying', 'applied', 'stopped', 'cancelled', 'undone', 'failed'])
      for (const work of [null, 'plan', 'apply', 'undo'])
        for (const revisions of [[], [7]]) {
          const one = seen({ state, work, revisions, counts });
          expect(isReachable(stepOf(one), one) || work === 'undo', `${state} ${work}`).toBe(true);
        }
  });
});

describe('isReachable', () => {
  it('has no receipt of what is only planned', () => {
    const planned = seen({ state: 'planned', counts });
    expect(steps.filter((step) => isReachable(step, planned))).toEqual(['read', 'columns', 'preview', 'apply']);
  });

  it('does not go on with an import whose undo has begun', () => {
    const stopped = seen({ state: 'stopped', counts, revisions: [7], undoBegun: false });
    expect(isReachable('apply', stopped)).toBe(true);
    expect(isReachable('apply', { ...stopped, undoBegun: true })).toBe(false);
  });
});

it('writes at most 10,000 rows and as many deletes at once', () => {
  const many = (changes: object) => hasManyParts({ ...counts, ...changes } as NonNullable<Seen['counts']>);
  expect(many({ created: 6_000, updated: 4_000, deleted: 10_000 })).toBe(false);
  expect(many({ created: 6_000, updated: 4_001 })).toBe(true);
  expect(many({ created: 0, deleted: 10_001 })).toBe(true);
});

it('knows an undo that was refused from one that was only tried', () => {
  const refused = seen({
    state: 'applied',
    revisions: [7],
    counts,
    reason: { code: 'changed_since', message: '' },
    undoBegun: false,
    undoRefused: true,
    undoConflicts: [{ id: 'a', code: 'changed_since', message: '' }],
  });
  expect(isUndoRefused(refused)).toBe(true);
  const stopped: Seen = { ...refused, state: 'stopped', reason: { code: 'too_many_deletes', message: '' } };
  expect(isUndoRefused(stopped)).toBe(true);
  expect(isInConflict(stopped)).toBe(false);
  expect(isUndoRefused({ ...refused, undoRefused: false })).toBe(false);
  expect(isUndoRefused({ ...refused, work: 'undo' })).toBe(false);
  expect(isUndoRefused({ ...refused, undoBegun: true })).toBe(false);
});

it('takes the counts of a plan for what was done only where all of it was written', () => {
  const isDoneIn = (state: string, leftOut = 0) => isDone(seen({ state, leftOut, counts }));
  expect(['applied', 'undone'].map((state) => isDoneIn(state))).toEqual([true, true]);
  expect(['planned', 'applying', 'stopped', 'cancelled'].some((state) => isDoneIn(state))).toBe(false);
  expect(isDoneIn('applied', 1)).toBe(false);
});

it('knows an import whose file was deleted before it was applied from one that only lost its file to an erasure', () => {
  expect(isGivenUp(seen({ state: 'planned', counts, expiresAt: null, file: { gone: 'deleted' } }))).toBe(true);
  expect(isGivenUp(seen({ state: 'planned', counts, file: { gone: 'erased' } }))).toBe(false);
  expect(isGivenUp(seen({ state: 'applied', counts, revisions: [7], expiresAt: null }))).toBe(false);
});
