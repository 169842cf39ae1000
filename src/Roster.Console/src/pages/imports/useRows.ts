import { useCallback, useEffect, useState } from 'react';
import type { ImportRow } from '../../api/generated';
import { CallError, call, nextOf } from '../../api/http';

const enough = 25;
/** Calls for one page: the next ones are made when it is turned. */
const mostCalls = 20;

export interface Rows {
  readonly rows: readonly ImportRow[];
  /** The cursor of the next page. */
  readonly next: string | null;
}

interface Read {
  readonly path: string;
  readonly version: number;
  readonly data: Rows | null;
  readonly error: CallError | null;
}

/**
 * A page of planned rows. Where the server answers with few rows or none, since it looks for rare ones, the next page is
 * read too. `version` changes when the rows may have changed. `isOld` says that the rows are those of another version or
 * address, until the asked ones are there.
 */
export function useRows(path: string | null, version: number) {
  const [read, setRead] = useState<Read | null>(null);
  const [tries, setTries] = useState(0);
  // biome-ignore lint/correctness/useExhaustiveDependencies: a new try reads again
  useEffect(() => {
    if (path === null) return;
    const end = new AbortController();
    readRows(path, end.signal).then(
      (data) => setRead({ path, version, data, error: null }),
      (error: unknown) => {
        if (!(error instanceof CallError)) return;
        // Rows of another address are not those that were asked for.
        setRead((before) => ({ path, version, data: before?.path === path ? before.data : null, error }));
      },
    );
    return () => end.abort();
  }, [path, version, tries]);
  const again = useCallback(() => {
    setRead((before) => (before === null ? null : { ...before, error: null }));
    setTries((count) => count + 1);
  }, []);
  const isCurrent = read !== null && read.path === path && read.version === version;
  return {
    data: read?.data ?? null,
    error: isCurrent ? read.error : null,
    isOld: !isCurrent || read.error !== null,
    again,
  };
}

async function readRows(path: string, signal: AbortSignal): Promise<Rows> {
  const rows: ImportRow[] = [];
  let address: string | null = path;
  for (let calls = 0; address !== null && rows.length < enough && calls < mostCalls; calls++) {
    const answer: { data: ImportRow[]; headers: Headers } = await call<ImportRow[]>({ path: address }, signal);
    rows.push(...answer.data);
    address = nextOf(answer.headers);
  }
  return { rows, next: address === null ? null : new URL(address, window.location.origin).searchParams.get('cursor') };
}
