import { CallError } from '../../api/http';

/** Faults of partners that somebody else has deleted, erased or restored since they were chosen. */
const passed: readonly string[] = ['partner_not_found', 'not_deleted'];

/** The ids without those of which a refused write says that they are gone; null if it was refused for something else. */
function stillThere(ids: readonly string[], failure: unknown): string[] | null {
  if (!(failure instanceof CallError) || failure.status !== 400) return null;
  const faults = failure.problem?.details ?? [];
  if (faults.length === 0 || faults.some((fault) => !passed.includes(fault.code))) return null;
  const gone = new Set(faults.map((fault) => fault.index));
  const left = ids.filter((_, index) => !gone.has(index));
  return left.length < ids.length ? left : null;
}

/**
 * Tries a write of partners, and leaves out those that are not there any more. The server names at most 1,000 of them at
 * a time. The answer is null where none is left.
 */
export async function tryWithout<T>(
  chosen: readonly string[],
  attempt: (ids: readonly string[]) => Promise<T>,
): Promise<{ ids: readonly string[]; answer: T | null }> {
  let ids = chosen;
  while (ids.length > 0)
    try {
      return { ids, answer: await attempt(ids) };
    } catch (failure) {
      const left = stillThere(ids, failure);
      if (left === null) throw failure;
      ids = left;
    }
  return { ids, answer: null };
}
