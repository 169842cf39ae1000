import { describe, expect, it } from 'vitest';
import { isSelected, nothing, set, sizeOf, toggle } from './selection';

describe('A selection', () => {
  it('of some has those that were chosen', () => {
    const two = set(nothing, ['a', 'b'], true);
    expect([isSelected(two, 'a'), isSelected(two, 'c'), sizeOf(two, null)]).toEqual([true, false, 2]);
    expect(sizeOf(toggle(two, 'a'), 10)).toBe(1);
  });

  it('of all that match leaves out those that were taken off again', () => {
    const all = toggle({ kind: 'all', except: new Set() }, 'a');
    expect([isSelected(all, 'a'), isSelected(all, 'b'), sizeOf(all, 10)]).toEqual([false, true, 9]);
    expect(sizeOf(all, null)).toBeNull();
    expect(sizeOf(set(all, ['a'], true), 10)).toBe(10);
  });
});
