import { describe, expect, it } from 'vitest';
import type { ImportMapping } from '../../api/generated';
import { isMetadataKey, keyFor, withColumns, withTarget } from './mapping';

const columns = [
  { column: 'First', target: 'name.given' },
  { column: 'Last', target: 'name.family' },
  { column: 'Company', target: null },
  { column: 'E-mail', target: 'email' },
  { column: 'Labels', target: 'addTags' },
];

const targets = (list: readonly { target?: string | null }[]) => list.map((one) => one.target);

describe('withTarget', () => {
  it('takes a target from the column that had it', () => {
    const changed = withTarget(columns, 'Company', 'email');
    expect(targets(changed.columns)).toEqual(['name.given', 'name.family', 'email', null, 'addTags']);
    expect(changed.released).toEqual(['E-mail']);
  });

  it('lets several columns be one part of the name', () => {
    const changed = withTarget(columns, 'Company', 'name.given');
    expect(changed.released).toEqual([]);
  });

  it('does not have the name beside its parts', () => {
    expect(withTarget(columns, 'Company', 'name').released).toEqual(['First', 'Last']);
  });

  it('does not have tags beside added tags', () => {
    expect(withTarget(columns, 'Company', 'tags').released).toEqual(['Labels']);
  });

  it('releases nothing where a column is not imported', () => {
    expect(withTarget(columns, 'E-mail', null).released).toEqual([]);
  });
});

describe('withColumns', () => {
  const matchOnAfter = (after: typeof columns) => withColumns(columns, after, null).matchOn;

  it('keeps what rows find their partners by where the same keys are imported, from whichever column', () => {
    expect(matchOnAfter(columns.map((one) => ({ ...one, empty: 'clear' as const })))).toBeNull();
    expect(matchOnAfter(withTarget(columns, 'Company', 'phone').columns)).toBeNull();
    expect(matchOnAfter(withTarget(columns, 'Company', 'email').columns)).toBeNull();
  });

  it('lets the server choose it where a key is imported or left out, also in place of what is not saved yet', () => {
    for (const after of [
      withTarget(columns, 'Company', 'externalId').columns,
      withTarget(columns, 'E-mail', null).columns,
    ])
      expect({ matchOn: 'email', ...withColumns(columns, after, null) }.matchOn).toBeUndefined();
  });

  it('leaves out columns that are not imported', () => {
    const mapping = withColumns(columns, columns, null).mapping as ImportMapping;
    expect(mapping.columns.map((one) => one.column)).toEqual(['First', 'Last', 'E-mail', 'Labels']);
  });
});

describe('keyFor', () => {
  it('makes a key of a name', () => {
    expect(keyFor('Straße & Ort (neu)', [])).toBe('stra_e_ort_neu');
    expect(keyFor('المدينة', [])).toBe('field');
  });

  it('makes keys that are valid, and differ', () => {
    const key = keyFor('x'.repeat(60), [`metadata.${'x'.repeat(36)}`]);
    expect(key).toBe(`${'x'.repeat(36)}_2`);
    expect(isMetadataKey(key)).toBe(true);
    expect(isMetadataKey('a b')).toBe(false);
  });
});
