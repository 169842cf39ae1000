import { useEffect, useState } from 'react';
import type { ImportRow } from '../../api/generated';
import { CallError, call, nextOf } from '../../api/http';

const enough = 25;

export interface Rows {
  readonly rows: readonly ImportRow[];
  /** The cursor of the next page. */
  readonly next: string | null;
}

/**
 * A page of planned rows. Where the server answers with few rows or none, since it looks for rare ones, the next page is
 * read too. `version` changes when the rows may have changed.
 */
export function useRows(path: string | null, version: number) {
  const [state, setState] = useState<{ path: string; data: Rows } | null>(null);
  const [error, setError] = useState<CallError | null>(null);
  const [isLoading, setIsLoading] = useState(false);
  const [tries, setTries] = useState(0);
  // biome-ignore lint/correctness/useExhaustiveDependencies: another version of the plan and a new try read again
  useEffect(() => {
    if (path === null) return;
    const end = new AbortController();
    setIsLoading(true);
    readRows(path, end.signal).then(
      (data) => {
        setState({ path, data });
        setError(null);
        setIsLoading(false);
      },
      (failure: unknown) => {
        if (!(failure instanceof CallError)) return;
        setError(failure);
        setIsLoading(false);
      },
    );
    return () => end.abort();
  }, [path, version, tries]);
  return { data: state?.data ?? null, error, isLoading, again: () => setTries((count) => count + 1) };
}

async function readRows(path: string, signal: AbortSignal): Promise<Rows> {
  const rows: ImportRow[] = [];
  let address: string | null = path;
  while (address !== null && rows.length < enough) {
    const answer: { data: ImportRow[]; headers: Headers } = await call<ImportRow[]>({ path: address }, signal);
    rows.push(...answer.data);
    address = nextOf(answer.headers);
  }
  return { rows, next: address === null ? null : new URL(address, window.location.origin).searchParams.get('cursor') };
}
