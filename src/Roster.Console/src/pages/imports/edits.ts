import { useCallback, useEffect, useState } from 'react';
import type { RowEdit } from '../../api/generated';

export interface Edit {
  readonly cells: Readonly<Record<string, string>>;
  readonly skip?: boolean;
}

export type Edits = ReadonlyMap<number, Edit>;

/** What was mended on the page and is not saved, by import: it stays while other pages are looked at. */
const kept = new Map<string, Edits>();

export function useEdits(id: string) {
  const [edits, setEdits] = useState<Edits>(kept.get(id) ?? new Map());
  const set = useCallback(
    (next: Edits) => {
      if (next.size === 0) kept.delete(id);
      else kept.set(id, next);
      setEdits(next);
    },
    [id],
  );
  const hasEdits = edits.size > 0;
  useEffect(() => {
    if (!hasEdits) return;
    const ask = (event: BeforeUnloadEvent) => event.preventDefault();
    window.addEventListener('beforeunload', ask);
    return () => window.removeEventListener('beforeunload', ask);
  }, [hasEdits]);
  return { edits, set };
}

/** The edits with another text of a cell; one that says what is stored is none. */
export function withCell(edits: Edits, line: number, column: string, text: string, stored: string): Edits {
  const edit = edits.get(line) ?? { cells: {} };
  const { [column]: _, ...others } = edit.cells;
  return put(edits, line, { ...edit, cells: text === stored ? others : { ...others, [column]: text } });
}

/** The edits with a row left out or taken in; undefined leaves it as it is stored. */
export function withSkip(edits: Edits, line: number, skip: boolean | undefined): Edits {
  const { cells } = edits.get(line) ?? { cells: {} };
  return put(edits, line, skip === undefined ? { cells } : { cells, skip });
}

function put(edits: Edits, line: number, edit: Edit): Edits {
  const next = new Map(edits);
  if (edit.skip === undefined && Object.keys(edit.cells).length === 0) next.delete(line);
  else next.set(line, edit);
  return next;
}

/** What PATCH …/rows takes. */
export function editsToSend(edits: Edits): RowEdit[] {
  return [...edits].map(([line, { cells, skip }]) => ({
    line,
    ...(Object.keys(cells).length === 0
      ? {}
      : { cells: Object.fromEntries(Object.entries(cells).map(([name, text]) => [name, text === '' ? null : text])) }),
    ...(skip === undefined ? {} : { skip }),
  }));
}
