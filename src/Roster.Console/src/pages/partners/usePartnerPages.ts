import { useCallback, useEffect, useMemo, useRef, useState } from 'react';
import type { PartnerThen } from '../../api/generated';
import { CallError, call, nextOf, numberIn } from '../../api/http';
import { useWrites } from '../../api/useCall';
import { type PageStore, pageSize, pageStoreOf, takePage } from './pageStore';

/** Pages that are held at a time: those around what is seen. Others are dropped, and read again when they are seen. */
const mostPages = 12;

/** Pages before and after the present one whose addresses are kept. */
const mostLinks = 500;

export interface PartnerPages {
  /** Rows that the list is known to have; the list may be longer while `isWhole` is false. */
  readonly count: number;
  /** The list's true length, if it is known. */
  readonly total: number | null;
  readonly isWhole: boolean;
  readonly isLoading: boolean;
  readonly error: CallError | null;
  readonly at: (index: number) => PartnerThen | undefined;
  /** Tells which rows are seen, so that their pages are read. */
  readonly see: (first: number, last: number) => void;
  /** Reads rows that are not held, for a selection: at most 10,000. */
  readonly read: (first: number, last: number) => Promise<PartnerThen[]>;
  readonly again: () => void;
}

/**
 * One list of any length, by pages. The next page is read by the cursor that the page before gave, so rows are neither
 * missed nor seen twice; a jump into the middle is read by `skip`.
 */
export function usePartnerPages(query: URLSearchParams): PartnerPages {
  const list = query.toString();
  const writes = useWrites();
  const [tries, setTries] = useState(0);
  const [, setVersion] = useState(0);
  const store = useRef(pageStoreOf(list));
  const seen = useRef<[number, number]>([0, 0]);
  const shown = useCallback(() => setVersion((version) => version + 1), []);

  const countAll = useCallback(
    (of: PageStore) => {
      if (of.total !== null || new URLSearchParams(of.list).has('asOf')) return;
      call<PartnerThen[]>({ path: `/api/partners?${join(of.list, 'take=1&count=true')}` }, of.end.signal).then(
        (answer) => {
          of.total = numberIn(answer.headers, 'Roster-Total');
          if (of === store.current) shown();
        },
        () => undefined,
      );
    },
    [shown],
  );

  const load = useCallback(
    async (of: PageStore, page: number): Promise<readonly PartnerThen[]> => {
      const held = of.pages.get(page);
      if (held !== undefined || of.running.has(page)) return held ?? [];
      of.running.add(page);
      try {
        const read = await readPage(addressOf(of, page), of.end.signal);
        if (takePage(of, page, read)) countAll(of);
        forgetFar(of, page);
        return read.rows;
      } catch (failure) {
        if (failure instanceof CallError) of.failed.set(page, failure);
        return [];
      } finally {
        of.running.delete(page);
        if (of === store.current) shown();
      }
    },
    [countAll, shown],
  );

  const see = useCallback(
    (first: number, last: number) => {
      seen.current = [first, last];
      const of = store.current;
      for (let page = Math.floor(first / pageSize); page <= Math.floor(last / pageSize); page++)
        if (of.total === null || page * pageSize < of.total || page === 0) void load(of, page);
    },
    [load],
  );

  // Another list, a write, or a new try: everything is read again. The pages that were seen stay until they are there.
  // biome-ignore lint/correctness/useExhaustiveDependencies: a write and a new try read again
  useEffect(() => {
    const before = store.current;
    const next = pageStoreOf(list);
    const isSame = before.list === list;
    store.current = next;
    if (isSame) {
      next.totalBefore = before.total ?? before.totalBefore;
      next.known = before.known;
      for (const [page, rows] of before.pages) next.old.set(page, rows);
    }
    shown();
    const [first, last] = isSame ? seen.current : [0, 0];
    const pages = new Set([Math.floor(first / pageSize), Math.floor(last / pageSize)]);
    void Promise.all([...pages].map((page) => load(next, page))).then(() => {
      if (next === store.current) countAll(next);
    });
    return () => next.end.abort();
  }, [list, writes, tries, load, shown, countAll]);

  const read = useCallback(async (first: number, last: number) => {
    const of = store.current;
    const rows: PartnerThen[] = [];
    for (let page = Math.floor(first / pageSize); page <= Math.floor(last / pageSize); page++) {
      const loaded = of.pages.get(page) ?? (await readPage(addressOf(of, page), of.end.signal)).rows;
      rows.push(...loaded.slice(Math.max(0, first - page * pageSize), Math.max(0, last + 1 - page * pageSize)));
    }
    return rows;
  }, []);

  const of = store.current;
  const at = useCallback((index: number) => {
    const page = Math.floor(index / pageSize);
    const rows = store.current.pages.get(page) ?? store.current.old.get(page);
    return rows?.[index % pageSize];
  }, []);
  const again = useCallback(() => setTries((count) => count + 1), []);
  const total = of.total ?? of.totalBefore;
  const error: CallError | null = of.failed.values().next().value ?? null;
  const isLoading = of.running.size > 0 || of.list !== list;
  return useMemo(
    () => ({
      count: total ?? of.known,
      total,
      isWhole: total !== null,
      isLoading,
      error,
      at,
      see,
      read,
      again,
    }),
    [total, of.known, isLoading, error, at, see, read, again],
  );
}

/** One page. Of the past, the API may answer with fewer rows than it was asked for although there are more. */
async function readPage(
  path: string,
  signal?: AbortSignal,
): Promise<{ rows: readonly PartnerThen[]; next: string | null }> {
  const rows: PartnerThen[] = [];
  let next: string | null = path;
  do {
    const address: URL = new URL(next, window.location.origin);
    address.searchParams.set('take', String(pageSize - rows.length));
    const answer = await call<PartnerThen[]>({ path: address.pathname + address.search }, signal);
    rows.push(...answer.data);
    next = nextOf(answer.headers);
  } while (next !== null && rows.length < pageSize);
  return { rows, next };
}

function addressOf(of: PageStore, page: number): string {
  return (
    of.links.get(page) ??
    `/api/partners?${join(of.list, `take=${pageSize}${page === 0 ? '' : `&skip=${page * pageSize}`}`)}`
  );
}

function join(list: string, more: string): string {
  return list === '' ? more : `${list}&${more}`;
}

function forgetFar(of: PageStore, page: number): void {
  if (of.pages.size <= mostPages) return;
  const far = [...of.pages.keys()].sort((a, b) => Math.abs(b - page) - Math.abs(a - page));
  for (const one of far.slice(0, of.pages.size - mostPages)) of.pages.delete(one);
  // Without its address, a page is read by `skip`.
  for (const one of of.links.keys()) if (Math.abs(one - page) > mostLinks) of.links.delete(one);
}
