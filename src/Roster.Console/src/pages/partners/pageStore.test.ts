import { describe, expect, it } from 'vitest';
import type { PartnerThen } from '../../api/generated';
import { CallError } from '../../api/http';
import { pageStoreOf, takePage } from './pageStore';

const page = (length: number, next: string | null) => ({
  rows: Array.from({ length }, (_, at) => ({ id: String(at) }) as PartnerThen),
  next,
});

function counted(total: number) {
  const of = pageStoreOf('');
  takePage(of, 0, page(100, '/2'));
  of.total = total;
  return of;
}

describe('The length of the list', () => {
  it('is that of its last page', () => {
    const of = pageStoreOf('');
    expect(takePage(of, 0, page(100, '/2'))).toBe(false);
    expect([of.total, of.known]).toEqual([null, 101]);
    expect(takePage(of, 1, page(50, null))).toBe(false);
    expect([of.total, of.known]).toEqual([150, 150]);
    expect([takePage(pageStoreOf(''), 0, page(0, null)), of.links.get(1)]).toEqual([false, '/2']);
  });

  it('is counted anew where a page is not there any more', () => {
    const of = counted(1_000);
    of.known = 901;
    expect(takePage(of, 9, page(0, null))).toBe(true);
    expect([of.total, of.totalBefore, of.known]).toEqual([null, null, 900]);
  });

  it('is counted anew where there is more than was known', () => {
    const of = counted(200);
    expect(takePage(of, 1, page(100, '/3'))).toBe(true);
    expect([of.total, of.known]).toEqual([null, 201]);
  });

  it('stays where a page is as long as it should be', () => {
    const of = counted(1_000);
    expect(takePage(of, 1, page(100, '/3'))).toBe(false);
    expect(of.total).toBe(1_000);
  });
});

it('A page that was read has not failed any more, and the others still have', () => {
  const of = pageStoreOf('');
  of.failed.set(1, new CallError(503, null)).set(2, new CallError(0, null));
  takePage(of, 1, page(100, '/3'));
  expect([...of.failed.keys()]).toEqual([2]);
});
