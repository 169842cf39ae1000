import { useCallback, useEffect, useRef, useState } from 'react';
import { CallError, call, nextOf } from './http';
import { useWrites } from './useCall';

export interface Pages<T> {
  readonly items: readonly T[];
  /** Before the first page is there. */
  readonly isLoading: boolean;
  readonly isLoadingMore: boolean;
  readonly error: CallError | null;
  readonly hasMore: boolean;
  readonly more: () => void;
  /** Whether the first items were let go, so that the page stays small. */
  readonly isCut: boolean;
  /** Reads from the first page on. */
  readonly again: () => void;
}

interface State<T> {
  readonly path: string;
  readonly items: readonly T[];
  readonly next: string | null;
  readonly isCut: boolean;
  /** How many writes of this tab there were when it was read. */
  readonly writes: number;
}

/** Lists as they were left, so that going back shows the same place. A write makes them old. */
const kept = new Map<string, State<unknown>>();
const mostKept = 4;

/** A list that is read page by page, by the Link header. It holds at most `most` items: the last ones that were read. */
export function usePages<T>(path: string, most = 1_000): Pages<T> {
  const writes = useWrites();
  const [state, setState] = useState<State<T> | null>(() => leftAt<T>(path, writes));
  const [error, setError] = useState<CallError | null>(null);
  const [isLoadingMore, setIsLoadingMore] = useState(false);
  const [tries, setTries] = useState(0);
  const running = useRef<AbortController | null>(null);
  const current = state?.path === path ? state : null;

  useEffect(() => {
    const left = leftAt<T>(path, writes);
    setError(null);
    setIsLoadingMore(false);
    if (left !== null && tries === 0) {
      setState(left);
      return () => running.current?.abort();
    }
    const end = new AbortController();
    running.current?.abort();
    running.current = end;
    call<T[]>({ path }, end.signal).then(
      ({ data, headers }) => setState({ path, items: data, next: nextOf(headers), isCut: false, writes }),
      (failure: unknown) => {
        if (failure instanceof CallError) setError(failure);
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

  const more = useCallback(() => {
    if (current?.next == null || isLoadingMore) return;
    const end = new AbortController();
    running.current = end;
    setIsLoadingMore(true);
    setError(null);
    call<T[]>({ path: current.next }, end.signal).then(
      ({ data, headers }) => {
        const items = [...current.items, ...data];
        setIsLoadingMore(false);
        setState({
          path,
          items: items.slice(-most),
          next: nextOf(headers),
          isCut: current.isCut || items.length > most,
          writes: current.writes,
        });
      },
      (failure: unknown) => {
        setIsLoadingMore(false);
        if (failure instanceof CallError) setError(failure);
      },
    );
  }, [current, isLoadingMore, path, most]);

  const again = useCallback(() => {
    kept.delete(path);
    setTries((count) => count + 1);
  }, [path]);
  return {
    items: current?.items ?? [],
    isLoading: current === null && error === null,
    isLoadingMore,
    error,
    hasMore: current?.next != null,
    more,
    isCut: current?.isCut ?? false,
    again,
  };
}

function leftAt<T>(path: string, writes: number): State<T> | null {
  const left = kept.get(path);
  return left === undefined || left.writes !== writes ? null : (left as State<T>);
}
