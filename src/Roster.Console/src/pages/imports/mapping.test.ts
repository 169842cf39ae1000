import { describe, expect, it } from 'vitest';
import { isMetadataKey, keepsKeys, keyFor, mappingOf, withTarget } from './mapping';

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

describe('keepsKeys', () => {
  it('says whether the same keys are imported, from whichever column', () => {
    const cleared = columns.map((one) => ({ ...one, empty: 'clear' as const }));
    expect(keepsKeys(columns, cleared)).toBe(true);
    expect(keepsKeys(columns, withTarget(columns, 'Company', 'phone').columns)).toBe(true);
    expect(keepsKeys(columns, withTarget(columns, 'Company', 'email').columns)).toBe(true);
    expect(keepsKeys(columns, withTarget(columns, 'Company', 'externalId').columns)).toBe(false);
    expect(keepsKeys(columns, withTarget(columns, 'E-mail', null).columns)).toBe(false);
  });
});

describe('mappingOf', () => {
  it('leaves out columns that are not imported', () => {
    expect(mappingOf(columns).map((one) => one.column)).toEqual(['First', 'Last', 'E-mail', 'Labels']);
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
