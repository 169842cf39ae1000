import { useCallback, useEffect } from 'react';
import type { RowEdit } from '../../api/generated';
import { beforeNextPerson } from '../../app/nextPerson';
import { storeOf, useStore } from '../../store';
import type { Seen } from './steps';

export interface Edit {
  readonly cells: Readonly<Record<string, string>>;
  readonly skip?: boolean;
}

export type Edits = ReadonlyMap<number, Edit>;

/** Changes the edits as they are now: another change may have come since the page was drawn. */
export type ChangeEdits = (change: (edits: Edits) => Edits) => void;

const none: Edits = new Map();

interface Kept {
  /** What the lines and columns of the edits are of. */
  readonly table: string;
  readonly edits: Edits;
}

/** What was mended on the page and is not saved, by import: it stays while other pages are looked at. */
const kept = storeOf<ReadonlyMap<string, Kept>>(new Map());

/** Asks before the tab is closed, from any page. */
function ask(event: Event): void {
  event.preventDefault();
}

beforeNextPerson(() => {
  for (const id of kept.get().keys()) dropEdits(id);
});

export function useEdits(seen: Seen): { edits: Edits; change: ChangeEdits } {
  const { id } = seen;
  const table = tableOf(seen);
  const of = useStore(kept).get(id);
  const isOther = of !== undefined && of.table !== table;
  useEffect(() => {
    if (isOther) dropEdits(id);
  }, [id, isOther]);
  const change = useCallback<ChangeEdits>(
    (changed) => keepEdits(id, table, changed(keptEdits(id, table))),
    [id, table],
  );
  return { edits: of === undefined || isOther ? none : of.edits, change };
}

/** A sheet and its columns: edits of one table mean nothing in another one, and the server drops them, too. */
export function tableOf({ file, columns }: Pick<Seen, 'file' | 'columns'>): string {
  return JSON.stringify([file.sheet ?? null, ...(columns ?? []).map(({ column }) => column)]);
}

/** The edits of an import that are not saved, if they are of this table. */
export function keptEdits(id: string, table: string): Edits {
  const of = kept.get().get(id);
  return of?.table === table ? of.edits : none;
}

export function keepEdits(id: string, table: string, edits: Edits): void {
  const next = new Map(kept.get());
  if (edits.size === 0) next.delete(id);
  else next.set(id, { table, edits });
  kept.set(next);
  if (next.size === 0) globalThis.removeEventListener?.('beforeunload', ask);
  else globalThis.addEventListener?.('beforeunload', ask);
}

/** Drops the edits of an import that mean nothing any more. */
export function dropEdits(id: string): void {
  keepEdits(id, '', none);
}

/**
 * The edits with another text of a cell. One that says what is stored is none. `stored` is null while that is not
 * known, since a save runs: then each text is an edit.
 */
export function withCell(edits: Edits, line: number, column: string, text: string, stored: string | null): Edits {
  const edit = edits.get(line) ?? { cells: {} };
  const { [column]: _, ...others } = edit.cells;
  return put(edits, line, { ...edit, cells: text === stored ? others : { ...others, [column]: text } });
}

/** The edits with a row left out or taken in; undefined leaves it as it is stored. */
export function withSkip(edits: Edits, line: number, skip: boolean | undefined): Edits {
  const { cells } = edits.get(line) ?? { cells: {} };
  return put(edits, line, skip === undefined ? { cells } : { cells, skip });
}

/** The edits after some were saved. What was typed since then stays. */
export function withoutSaved(edits: Edits, saved: Edits): Edits {
  let next = edits;
  for (const [line, { cells, skip }] of saved) {
    const now = next.get(line);
    if (now === undefined) continue;
    const newer = Object.entries(now.cells).filter(([column, text]) => cells[column] !== text);
    next = put(next, line, {
      cells: Object.fromEntries(newer),
      ...(now.skip === undefined || now.skip === skip ? {} : { skip: now.skip }),
    });
  }
  return next;
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
