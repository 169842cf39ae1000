import type { Import } from '../../api/generated';

/** The steps of an import, each with its own address. */
export const steps = ['read', 'columns', 'preview', 'apply', 'progress', 'receipt'] as const;
export type Step = (typeof steps)[number];

export type Seen = Import & {
  readonly actor?: { readonly id: string; readonly name: string; readonly kind: string } | null;
};

export function isStep(text: string | undefined): text is Step {
  return (steps as readonly (string | undefined)[]).includes(text);
}

/** Changed rows, and deletes, that are written in one change set. No mirror may delete more. */
export const mostInOnePart = 10_000;

/** Whether the plan is written in parts: rows in parts of 5,000, and then the deletes in a part of their own. */
export function hasManyParts({ created, updated, deleted }: NonNullable<Seen['counts']>): boolean {
  return Math.max(created + updated, deleted) > mostInOnePart;
}

/** Whether parts of it are in the directory. */
export function isWritten(seen: Seen): boolean {
  return (seen.revisions ?? []).length > 0;
}

/** Whether its planned rows are still stored. After an erasure they are, without the file. */
export function hasRows(seen: Seen): boolean {
  return seen.counts !== null && seen.expiresAt !== null;
}

/** Whether the plan was carried out as a whole: then its counts are what was done. */
export function isDone({ state, leftOut }: Seen): boolean {
  return (state === 'applied' || state === 'undone') && leftOut === 0;
}

/** Whether rows have faults, or were found in conflict when it was applied. */
export function hasFaultyRows(seen: Seen): boolean {
  return (seen.counts?.faulty ?? 0) + seen.leftOut > 0 || isInConflict(seen);
}

/** Whether it stopped at rows whose partners were changed after the plan. */
export function isInConflict(seen: Seen): boolean {
  return seen.state === 'stopped' && !seen.undoBegun && seen.reason?.code === 'changed_since';
}

/** Whether the last undo was not carried out, since partners were changed after the import. */
export function isUndoRefused({ work, undoRefused, undoBegun, undoConflicts }: Seen): boolean {
  return work === null && undoRefused && !undoBegun && (undoConflicts ?? []).length > 0;
}

/** Whether its file and rows were deleted before it was applied: nothing is left to do with it. */
export function isGivenUp({ state, work, expiresAt }: Pick<Seen, 'state' | 'work' | 'expiresAt'>): boolean {
  return (state === 'uploaded' || state === 'planned') && work === null && expiresAt === null;
}

/** Whether its file can be read in another way, and its rows planned again. */
export function isOpen(seen: Seen): boolean {
  if (seen.work !== null || seen.file.gone !== null || isWritten(seen)) return false;
  return seen.state !== 'applying' && seen.state !== 'applied' && seen.state !== 'undone';
}

export function hasTarget(seen: Seen): boolean {
  return (seen.columns ?? []).some((column) => column.target !== null);
}

/**
 * Whether there is nothing to ask about columns: the name of each is the name of a field, or a file with these columns
 * was imported before.
 */
export function isCertain(seen: Seen): boolean {
  const columns = seen.columns ?? [];
  if (seen.mappingFrom === 'remembered') return hasTarget(seen);
  return seen.mappingFrom === 'suggested' && columns.length > 0 && columns.every((column) => column.why === 'exact');
}

/** Whether the reading itself is in doubt: then it is looked at before the columns. */
export function isReadingDoubtful(seen: Seen): boolean {
  const sheets = (seen.sheets ?? []).filter((sheet) => !sheet.hidden);
  const isHeadless = seen.file.headerRow === null && (seen.file.format === 'csv' || seen.file.format === 'xlsx');
  return (seen.columns ?? []).length === 0 || isHeadless || sheets.length > 1;
}

/** Where the import stands: the step that its address without a step leads to. */
export function stepOf(seen: Seen): Step {
  if (seen.work === 'plan') return 'preview';
  if (seen.work === 'apply') return 'progress';
  if (seen.work === 'undo') return 'receipt';
  switch (seen.state) {
    case 'uploaded':
      return isReadingDoubtful(seen) ? 'read' : 'columns';
    case 'planned':
      return hasRows(seen) ? 'preview' : 'read';
    case 'applying':
      return 'progress';
    case 'applied':
    case 'undone':
      return 'receipt';
    case 'stopped':
    case 'cancelled':
      return isWritten(seen) ? 'receipt' : hasRows(seen) ? 'apply' : 'read';
    case 'failed':
      return 'read';
  }
}

/** Whether there is anything to see in a step. */
export function isReachable(step: Step, seen: Seen): boolean {
  switch (step) {
    case 'read':
      return true;
    case 'columns':
      return (seen.columns ?? []).length > 0;
    case 'preview':
      return hasRows(seen) || seen.work === 'plan' || (isOpen(seen) && hasTarget(seen));
    case 'apply':
      return (
        hasRows(seen) &&
        !seen.undoBegun &&
        (seen.state === 'planned' || ((seen.state === 'stopped' || seen.state === 'cancelled') && seen.work === null))
      );
    case 'progress':
      return seen.work === 'apply' || seen.state === 'applying';
    case 'receipt':
      return isWritten(seen) || seen.state === 'applied' || seen.state === 'undone';
  }
}
