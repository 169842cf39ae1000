import { describe, expect, it } from 'vitest';
import { changesOf, conflictsOf, type Draft, draftOf, stateOf } from './draft';

const ada: Draft = draftOf({
  id: '1',
  name: 'Ada',
  email: 'ada@example.com',
  phone: null,
  createdAt: '',
  updatedAt: '',
  tags: ['gold'],
  metadata: { region: 'emea', seats: '25' },
});

describe('Saving a partner', () => {
  it('sends only what differs, and null for what was cleared', () => {
    expect(changesOf(ada, ada)).toBeNull();
    expect(changesOf(ada, { ...ada, email: '', phone: '1' })).toEqual({ email: null, phone: '1' });
    expect(changesOf(ada, { ...ada, tags: [] })).toEqual({ tags: [] });
  });

  it('sends the keys of metadata that differ, and null for those that were taken away', () => {
    const metadata = [
      ['region', 'apac'],
      ['tier', '1'],
      ['', 'x'],
    ] as const;
    expect(changesOf(ada, { ...ada, metadata })).toEqual({ metadata: { region: 'apac', tier: '1', seats: null } });
  });

  it('says of each field what will become of it', () => {
    expect(stateOf('a', 'a')).toBe('unchanged');
    expect(stateOf('', '')).toBe('empty');
    expect(stateOf('a', '')).toBe('cleared');
    expect(stateOf('', 'a')).toBe('changed');
  });

  it('keeps what both have changed as a conflict, and takes over what only the other has changed', () => {
    const mine = { ...ada, phone: '111' };
    const theirs = { ...ada, phone: '222', email: 'new@example.com' };
    const { rebased, fields } = conflictsOf(ada, mine, theirs);
    expect(fields).toEqual(['phone']);
    expect(rebased.phone).toBe('111');
    expect(rebased.email).toBe('new@example.com');
  });

  it('sees no conflict where both have typed the same', () => {
    expect(conflictsOf(ada, { ...ada, phone: '1' }, { ...ada, phone: '1' }).fields).toEqual([]);
  });
});
