import type { ImportColumn, ImportSettings, MappedColumn } from '../../api/generated';

const nameParts: readonly string[] = ['name.given', 'name.family'];
const keyRule = /^[A-Za-z0-9_.-]{1,40}$/;

/** The targets that cannot be used beside one: each is used once, but for parts of the name. */
function excludes(target: string, other: string): boolean {
  if (target === other) return !nameParts.includes(target);
  const pair = [target, other];
  if (pair.includes('tags') && pair.includes('addTags')) return true;
  return pair.includes('name') && pair.some((one) => nameParts.includes(one));
}

/** The columns after one gets a target, and those that lost theirs by it. */
export function withTarget<T extends MappedColumn>(
  columns: readonly T[],
  column: string,
  target: string | null,
): { columns: T[]; released: string[] } {
  const released: string[] = [];
  const changed = columns.map((one) => {
    if (one.column === column) return { ...one, target };
    if (target === null || one.target === null || one.target === undefined || !excludes(target, one.target)) return one;
    released.push(one.column);
    return { ...one, target: null };
  });
  return { columns: changed, released };
}

const keys: readonly string[] = ['id', 'externalId', 'email'];

/** Whether the same keys are imported after a change of columns. */
function keepsKeys(before: readonly MappedColumn[], after: readonly MappedColumn[]): boolean {
  const has = (columns: readonly MappedColumn[], key: string) => columns.some(({ target }) => target === key);
  return keys.every((key) => has(before, key) === has(after, key));
}

/**
 * What is saved with a change of columns. Where the same keys are imported, what rows find their partners by stays as it
 * was chosen, and is sent along: the server chooses it anew for each mapping. Else it is undefined, and not left out: one
 * of an earlier change that is not saved yet goes with that.
 */
export function withColumns(
  before: readonly (ImportColumn | MappedColumn)[],
  after: readonly (ImportColumn | MappedColumn)[],
  matchOn: ImportSettings['matchOn'],
): ImportSettings {
  return { mapping: { columns: mappingOf(after) }, matchOn: keepsKeys(before, after) ? matchOn : undefined };
}

/** What PATCH takes of columns. */
function mappingOf(columns: readonly (ImportColumn | MappedColumn)[]): MappedColumn[] {
  return columns.flatMap(({ column, target, empty, trim }) =>
    target === null || target === undefined ? [] : [{ column, target, empty, trim }],
  );
}

export function isMetadataKey(text: string): boolean {
  return keyRule.test(text);
}

/** A key for a column: its name without what keys may not have, and unlike the keys that are used. */
export function keyFor(column: string, used: readonly string[]): string {
  const plain = column
    .normalize('NFD')
    .replace(/\p{M}/gu, '')
    .toLowerCase()
    .replace(/[^a-z0-9.-]+/g, '_')
    .replace(/^_+|_+$/g, '')
    .slice(0, 36);
  const key = plain === '' ? 'field' : plain;
  for (let number = 1; ; number++) {
    const tried = number === 1 ? key : `${key}_${number}`;
    if (!used.includes(`metadata.${tried}`)) return tried;
  }
}
