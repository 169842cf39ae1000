import { useCallback, useEffect, useRef, useState } from 'react';
import { CallError, call, nextOf } from './http';
import { useWrites } from './useCall';

export interface Pages<T> {
  readonly items: readonly T[];
  /** Before the first page is there. */
  readonly isLoading: boolean;
  readonly isLoadingMore: boolean;
  readonly error: CallError | null;
  /** Whether the list as a whole was not read: then `again` reads it, and there is nothing more until then. */
  readonly isOld: boolean;
  readonly hasMore: boolean;
  readonly more: () => void;
  /** Whether the first items were let go, so that the page stays small: there are at most `most`. */
  readonly isCut: boolean;
  readonly most: number;
  /** Reads from the first page on. */
  readonly again: () => void;
}

interface State<T> {
  readonly path: string;
  readonly items: readonly T[];
  readonly next: string | null;
  readonly isCut: boolean;
  /** Whether it has its first page only. */
  readonly isFirst: boolean;
  /** How many writes of this tab there were when it was read. */
  readonly writes: number;
  /** When the first page was read, in milliseconds. */
  readonly at: number;
}

/**
 * Lists as they were left, so that going back shows the same place. A write makes them old. Of one page, a list is read
 * again behind what is shown.
 */
const kept = new Map<string, State<unknown>>();
const mostKept = 4;
/** Milliseconds that a list is shown again without being read: others write, too. */
const keptFor = 5 * 60_000;

/** A list that is read page by page, by the Link header. It holds at most `most` items: the last ones that were read. */
export function usePages<T>(path: string, most = 1_000): Pages<T> {
  const writes = useWrites();
  const [state, setState] = useState<State<T> | null>(() => leftAt<T>(path, writes));
  const [error, setError] = useState<CallError | null>(null);
  const [isReading, setIsReading] = useState(false);
  const [isLoadingMore, setIsLoadingMore] = useState(false);
  const [tries, setTries] = useState(0);
  const running = useRef<AbortController | null>(null);
  const current = state?.path === path ? state : null;

  // biome-ignore lint/correctness/useExhaustiveDependencies: a new try reads again
  useEffect(() => {
    // A next page that comes now would belong to the list before.
    running.current?.abort();
    const left = leftAt<T>(path, writes);
    setError(null);
    setIsLoadingMore(false);
    // The next page waits, since it goes on with what is read now.
    setIsReading(left === null || left.isFirst);
    if (left !== null) setState(left);
    if (left?.isFirst === false) return () => running.current?.abort();
    const end = new AbortController();
    running.current = end;
    call<T[]>({ path }, end.signal).then(
      ({ data, headers }) => {
        if (end.signal.aborted) return;
        setIsReading(false);
        setState({ path, items: data, next: nextOf(headers), isCut: false, isFirst: true, writes, at: Date.now() });
      },
      (failure: unknown) => {
        if (!(failure instanceof CallError) || end.signal.aborted) return;
        setIsReading(false);
        setError(failure);
      },
    );
    return () => running.current?.abort();
  }, [path, writes, tries]);

  useEffect(() => {
    if (state === null) return;
    kept.delete(state.path);
    kept.set(state.path, state);
    if (kept.size > mostKept) kept.delete(kept.keys().next().value as string);
  }, [state]);

  const isOld = current !== null && current.writes !== writes;
  const next = isOld ? null : (current?.next ?? null);
  const more = useCallback(() => {
    if (next === null || isReading || isLoadingMore) return;
    const end = new AbortController();
    running.current = end;
    setIsLoadingMore(true);
    setError(null);
    call<T[]>({ path: next }, end.signal).then(
      ({ data, headers }) => {
        if (end.signal.aborted) return;
        setIsLoadingMore(false);
        setState((before) => {
          // Only to the list that it goes on with.
          if (before === null || before.path !== path || before.next !== next) return before;
          const items = [...before.items, ...data];
          const isCut = before.isCut || items.length > most;
          return { ...before, items: items.slice(-most), next: nextOf(headers), isCut, isFirst: false };
        });
      },
      (failure: unknown) => {
        if (!(failure instanceof CallError) || end.signal.aborted) return;
        setIsLoadingMore(false);
        setError(failure);
      },
    );
  }, [next, isReading, isLoadingMore, path, most]);

  const again = useCallback(() => {
    kept.delete(path);
    setTries((count) => count + 1);
  }, [path]);
  return {
    items: current?.items ?? [],
    isLoading: current === null && error === null,
    isLoadingMore,
    error,
    isOld: current === null || isOld,
    hasMore: next !== null,
    more,
    isCut: current?.isCut ?? false,
    most,
    again,
  };
}

function leftAt<T>(path: string, writes: number): State<T> | null {
  const left = kept.get(path);
  if (left === undefined || left.writes !== writes || Date.now() - left.at > keptFor) return null;
  return left as State<T>;
}
