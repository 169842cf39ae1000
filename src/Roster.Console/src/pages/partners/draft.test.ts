import { describe, expect, it } from 'vitest';
import { changesOf, type Draft, draftOf, isTyped, rebase, stateOf, withTheirs } from './draft';

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

  it('saves a tag that was typed and not added yet, and loses nothing that is half typed', () => {
    expect(changesOf(ada, { ...ada, newTag: ' new ' })).toEqual({ tags: ['gold', 'new'] });
    expect(changesOf(ada, { ...ada, newTag: 'GOLD' })).toBeNull();
    expect(isTyped(ada, { ...ada, newTag: 'GOLD' })).toBe(true);
    expect(isTyped(ada, { ...ada, metadata: [...ada.metadata, ['tier', '']] })).toBe(true);
    expect(isTyped(ada, ada)).toBe(false);
  });

  it('tells two tags from one that has both names in it', () => {
    expect(changesOf({ ...ada, tags: ['a', 'b'] }, { ...ada, tags: ['a|b'] })).toEqual({ tags: ['a|b'] });
  });

  it('keeps what both have changed as a conflict, and takes over what only the other has changed', () => {
    const mine = { ...ada, phone: '111' };
    const theirs = { ...ada, phone: '222', email: 'new@example.com' };
    const { draft, conflicts } = rebase(ada, mine, theirs);
    expect(conflicts).toEqual([{ name: 'phone', mine: '111', theirs: '222' }]);
    expect(draft.phone).toBe('111');
    expect(draft.email).toBe('new@example.com');
    expect(withTheirs(draft, { name: 'phone', mine: '111', theirs: '222' }).phone).toBe('222');
  });

  it('sees no conflict where both have typed the same', () => {
    expect(rebase(ada, { ...ada, phone: '1' }, { ...ada, phone: '1' }).conflicts).toEqual([]);
  });

  it("keeps somebody else's tags and keys beside one's own", () => {
    const mine = {
      ...ada,
      tags: ['mine'],
      metadata: [
        ['region', 'emea'],
        ['tier', '1'],
      ] as const,
    };
    const theirs = {
      ...ada,
      tags: ['gold', 'theirs'],
      metadata: [
        ['region', 'apac'],
        ['seats', '25'],
        ['added', 'x'],
      ] as const,
    };
    const { draft, conflicts } = rebase(ada, mine, theirs);
    expect(draft.tags).toEqual(['theirs', 'mine']);
    expect(Object.fromEntries(draft.metadata)).toEqual({ region: 'apac', added: 'x', tier: '1' });
    expect(conflicts).toEqual([]);
    expect(changesOf(theirs, draft)).toEqual({ tags: ['theirs', 'mine'], metadata: { tier: '1', seats: null } });
  });

  it('asks about a key of metadata that both have changed', () => {
    const at = (region: string) => ({
      ...ada,
      metadata: [
        ['region', region],
        ['seats', '25'],
      ] as const,
    });
    const { draft, conflicts } = rebase(ada, at('apac'), at('amer'));
    expect(conflicts).toEqual([{ name: 'metadata.region', mine: 'apac', theirs: 'amer' }]);
    const [conflict] = conflicts;
    if (conflict !== undefined) expect(Object.fromEntries(withTheirs(draft, conflict).metadata).region).toBe('amer');
  });
});
