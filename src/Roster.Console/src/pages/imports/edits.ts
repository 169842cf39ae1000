import { useCallback, useState } from 'react';
import type { RowEdit } from '../../api/generated';

export interface Edit {
  readonly cells: Readonly<Record<string, string>>;
  readonly skip?: boolean;
}

export type Edits = ReadonlyMap<number, Edit>;

/** Changes the edits as they are now: another change may have come since the page was drawn. */
export type ChangeEdits = (change: (edits: Edits) => Edits) => void;

const none: Edits = new Map();

/** What was mended on the page and is not saved, by import: it stays while other pages are looked at. */
const kept = new Map<string, Edits>();

/** Asks before the tab is closed, from any page. */
function ask(event: BeforeUnloadEvent): void {
  event.preventDefault();
}

export function useEdits(id: string): { edits: Edits; change: ChangeEdits } {
  const [edits, setEdits] = useState<Edits>(kept.get(id) ?? none);
  const change = useCallback<ChangeEdits>(
    (changed) => {
      keep(id, changed(kept.get(id) ?? none));
      setEdits(kept.get(id) ?? none);
    },
    [id],
  );
  return { edits, change };
}

/** Drops the edits of an import whose rows cannot be mended any more. */
export function dropEdits(id: string): void {
  keep(id, none);
}

function keep(id: string, edits: Edits): void {
  if (edits.size === 0) kept.delete(id);
  else kept.set(id, edits);
  if (kept.size === 0) window.removeEventListener('beforeunload', ask);
  else window.addEventListener('beforeunload', ask);
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
