/** Which partners are chosen: some, or all of a list but some. */
export type Selection =
  | { readonly kind: 'some'; readonly ids: ReadonlySet<string> }
  | { readonly kind: 'all'; readonly except: ReadonlySet<string> };

export const nothing: Selection = { kind: 'some', ids: new Set() };

export function isSelected(selection: Selection, id: string): boolean {
  return selection.kind === 'some' ? selection.ids.has(id) : !selection.except.has(id);
}

export function toggle(selection: Selection, id: string): Selection {
  return set(selection, [id], !isSelected(selection, id));
}

export function set(selection: Selection, ids: readonly string[], isChosen: boolean): Selection {
  const next = new Set(selection.kind === 'some' ? selection.ids : selection.except);
  for (const id of ids)
    if ((selection.kind === 'some') === isChosen) next.add(id);
    else next.delete(id);
  return selection.kind === 'some' ? { kind: 'some', ids: next } : { kind: 'all', except: next };
}

/** How many are chosen; null if the list's length is not known. */
export function sizeOf(selection: Selection, total: number | null): number | null {
  if (selection.kind === 'some') return selection.ids.size;
  return total === null ? null : total - selection.except.size;
}
