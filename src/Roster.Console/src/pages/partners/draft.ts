import type { PartnerInput, PartnerThen } from '../../api/generated';

/** What a person has typed for a partner. Empty text is no value. */
export interface Draft {
  readonly name: string;
  readonly email: string;
  readonly phone: string;
  readonly externalId: string;
  readonly tags: readonly string[];
  /** A tag that is typed and not among the others yet. It is saved with them. */
  readonly newTag: string;
  readonly metadata: readonly (readonly [key: string, value: string])[];
}

export const textFields = ['name', 'email', 'phone', 'externalId'] as const;
export type TextField = (typeof textFields)[number];

export const emptyDraft: Draft = {
  name: '',
  email: '',
  phone: '',
  externalId: '',
  tags: [],
  newTag: '',
  metadata: [],
};

export function draftOf(partner: PartnerThen): Draft {
  return {
    name: partner.name ?? '',
    email: partner.email ?? '',
    phone: partner.phone ?? '',
    externalId: partner.externalId ?? '',
    tags: partner.tags ?? [],
    newTag: '',
    metadata: Object.entries(partner.metadata ?? {}),
  };
}

/** What becomes of a field when the draft is saved. */
export type FieldState = 'unchanged' | 'changed' | 'cleared' | 'empty';

export function stateOf(before: string, now: string): FieldState {
  if (before === now) return now === '' ? 'empty' : 'unchanged';
  return now === '' ? 'cleared' : 'changed';
}

/** The tags with one more; case does not count. */
export function withTag(tags: readonly string[], text: string): readonly string[] {
  const tag = text.trim();
  return tag === '' || hasTag(tags, tag) ? tags : [...tags, tag];
}

function hasTag(tags: readonly string[], tag: string): boolean {
  return tags.some((one) => one.toLocaleLowerCase() === tag.toLocaleLowerCase());
}

/** Whether a line of metadata has a key without a value, or a value without a key: it cannot be saved. */
export function isHalf([key, value]: readonly [string, string]): boolean {
  return (key === '') !== (value === '');
}

/** Only the fields that differ: what is not sent stays as it is. Null where nothing does. */
export function changesOf(before: Draft, now: Draft): Omit<PartnerInput, 'id'> | null {
  const changes: Omit<PartnerInput, 'id'> = {};
  for (const field of textFields)
    if (before[field] !== now[field]) {
      if (field === 'name') changes.name = now.name;
      else changes[field] = now[field] === '' ? null : now[field];
    }
  const tags = withTag(now.tags, now.newTag);
  if (tags.length !== before.tags.length || tags.some((tag, at) => tag !== before.tags[at])) changes.tags = [...tags];
  const metadata = changedMetadata(before.metadata, now.metadata);
  if (metadata !== null) changes.metadata = metadata;
  return Object.keys(changes).length === 0 ? null : changes;
}

/** Whether closing the form would lose something that was typed. */
export function isTyped(before: Draft, now: Draft): boolean {
  return changesOf(before, now) !== null || now.newTag !== '' || now.metadata.some(isHalf);
}

function changedMetadata(before: Draft['metadata'], now: Draft['metadata']): Record<string, string | null> | null {
  const old = new Map(before);
  const kept = new Map(now.filter(([key, value]) => key !== '' && value !== ''));
  const changes: Record<string, string | null> = {};
  for (const [key, value] of kept) if (old.get(key) !== value) changes[key] = value;
  for (const key of old.keys()) if (!kept.has(key)) changes[key] = null;
  return Object.keys(changes).length === 0 ? null : changes;
}

/** A field that two people have changed to different values. Empty text is no value. */
export interface Conflict {
  /** A field's name, or `metadata.KEY`. */
  readonly name: string;
  readonly mine: string;
  readonly theirs: string;
}

/**
 * The draft on top of the partner as somebody else has changed it meanwhile: their fields, tags and keys of metadata, and
 * what this person has changed. Where both have changed the same, this person's value stands, and is a conflict.
 */
export function rebase(before: Draft, now: Draft, newer: Draft): { draft: Draft; conflicts: Conflict[] } {
  const conflicts: Conflict[] = [];
  const merged = (name: string, was: string, mine: string, theirs: string): string => {
    if (mine === was) return theirs;
    if (theirs !== was && theirs !== mine) conflicts.push({ name, mine, theirs });
    return mine;
  };
  const texts = Object.fromEntries(
    textFields.map((field) => [field, merged(field, before[field], now[field], newer[field])]),
  ) as Record<TextField, string>;
  const tags = newer.tags.filter((tag) => hasTag(now.tags, tag) || !hasTag(before.tags, tag));
  const added = now.tags.filter((tag) => !hasTag(before.tags, tag));
  const was = new Map(before.metadata);
  const mine = new Map(now.metadata.filter(([key]) => key !== ''));
  const theirs = new Map(newer.metadata);
  const keys = new Set([...theirs.keys(), ...mine.keys(), ...was.keys()]);
  const metadata = [...keys].flatMap((key) => {
    const value = merged(`metadata.${key}`, was.get(key) ?? '', mine.get(key) ?? '', theirs.get(key) ?? '');
    return value === '' && !(mine.has(key) && !was.has(key)) ? [] : [[key, value] as const];
  });
  return {
    draft: {
      ...texts,
      tags: added.reduce(withTag, tags),
      newTag: now.newTag,
      metadata: [...metadata, ...now.metadata.filter(([key, value]) => key === '' && value !== '')],
    },
    conflicts,
  };
}

/** The draft with the other person's value of a field. */
export function withTheirs(draft: Draft, { name, theirs }: Conflict): Draft {
  if (!name.startsWith('metadata.')) return { ...draft, [name]: theirs };
  const key = name.slice('metadata.'.length);
  const others = draft.metadata.filter(([one]) => one !== key);
  return { ...draft, metadata: theirs === '' ? others : [...others, [key, theirs]] };
}
