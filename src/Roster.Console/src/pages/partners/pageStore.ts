import type { PartnerThen } from '../../api/generated';
import type { CallError } from '../../api/http';

/** Partners on a page of the API. */
export const pageSize = 100;

/** What is known of one list: its pages and its length. */
export interface PageStore {
  readonly list: string;
  readonly pages: Map<number, readonly PartnerThen[]>;
  /** Before the last write: shown until the page has been read again. */
  readonly old: Map<number, readonly PartnerThen[]>;
  /** The address of each page, where the page before has given it. */
  readonly links: Map<number, string>;
  readonly running: Set<number>;
  /** Pages that could not be read, and why. */
  readonly failed: Map<number, CallError>;
  readonly end: AbortController;
  /** Rows of the list, once its last page was read or it was counted. */
  total: number | null;
  /** As it was before the last write: shown until it is known anew. */
  totalBefore: number | null;
  /** Rows up to the end of the last page that is known to exist. */
  known: number;
}

export function pageStoreOf(list: string): PageStore {
  return {
    list,
    pages: new Map(),
    old: new Map(),
    links: new Map(),
    running: new Set(),
    failed: new Map(),
    end: new AbortController(),
    total: null,
    totalBefore: null,
    known: 0,
  };
}

/**
 * Takes a page that was read.
 *
 * @returns Whether the list is of another length than was known, since others write, too: then it is to be counted.
 */
export function takePage(
  of: PageStore,
  page: number,
  { rows, next }: { rows: readonly PartnerThen[]; next: string | null },
): boolean {
  of.pages.set(page, rows);
  of.old.delete(page);
  of.failed.delete(page);
  const end = page * pageSize + rows.length;
  if (next === null && (rows.length > 0 || page === 0)) {
    of.total = end;
    of.known = Math.max(of.known, end);
    return false;
  }
  if (next !== null) {
    of.links.set(page + 1, next);
    of.known = Math.max(of.known, end + 1);
    if (of.total === null || end < of.total) return false;
  }
  // Nothing at all beyond the first page, or something beyond what was the last.
  else of.known = page * pageSize;
  of.total = null;
  of.totalBefore = null;
  return true;
}
