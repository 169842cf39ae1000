import { describe, expect, it } from 'vitest';
import type { Problem } from '../../api/generated';
import { CallError } from '../../api/http';
import { tryWithout } from './deed';

function refusal(...details: { index: number; code: string }[]): CallError {
  return new CallError(400, { details } as unknown as Problem);
}

/** A server on which some partners are gone; it names one at a time. */
function serverWithout(...gone: string[]) {
  return async (ids: readonly string[]) => {
    const index = ids.findIndex((id) => gone.includes(id));
    if (index >= 0) throw refusal({ index, code: 'partner_not_found' });
    return ids.join();
  };
}

describe('What is done with many partners', () => {
  it('is done with all where all are there', async () => {
    expect(await tryWithout(['a', 'b'], serverWithout())).toEqual({ ids: ['a', 'b'], answer: 'a,b' });
  });

  it('leaves out those that were deleted since they were chosen', async () => {
    expect(await tryWithout(['a', 'b', 'c'], serverWithout('a', 'c'))).toEqual({ ids: ['b'], answer: 'b' });
  });

  it('is nothing where none is left', async () => {
    expect(await tryWithout(['a'], serverWithout('a'))).toEqual({ ids: [], answer: null });
  });

  it('is refused as a whole for another reason', async () => {
    const attempt = async () => {
      throw refusal({ index: 0, code: 'partner_not_found' }, { index: 1, code: 'too_many_values' });
    };
    await expect(tryWithout(['a', 'b'], attempt)).rejects.toBeInstanceOf(CallError);
  });
});
