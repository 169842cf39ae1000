import type { PartnerInput, PartnerThen } from '../../api/generated';

/** What a person has typed for a partner. Empty text is no value. */
export interface Draft {
  readonly name: string;
  readonly email: string;
  readonly phone: string;
  readonly externalId: string;
  readonly tags: readonly string[];
  readonly metadata: readonly (readonly [key: string, value: string])[];
}

export const textFields = ['name', 'email', 'phone', 'externalId'] as const;
export type TextField = (typeof textFields)[number];

export const emptyDraft: Draft = { name: '', email: '', phone: '', externalId: '', tags: [], metadata: [] };

export function draftOf(partner: PartnerThen): Draft {
  return {
    name: partner.name ?? '',
    email: partner.email ?? '',
    phone: partner.phone ?? '',
    externalId: partner.externalId ?? '',
    tags: partner.tags ?? [],
    metadata: Object.entries(partner.metadata ?? {}),
  };
}

/** What becomes of a field when the draft is saved. */
export type FieldState = 'unchanged' | 'changed' | 'cleared' | 'empty';

export function stateOf(before: string, now: string): FieldState {
  if (before === now) return now === '' ? 'empty' : 'unchanged';
  return now === '' ? 'cleared' : 'changed';
}

/** Only the fields that differ: what is not sent stays as it is. Null where nothing does. */
export function changesOf(before: Draft, now: Draft): Omit<PartnerInput, 'id'> | null {
  const changes: Omit<PartnerInput, 'id'> = {};
  for (const field of textFields)
    if (before[field] !== now[field]) {
      if (field === 'name') changes.name = now.name;
      else changes[field] = now[field] === '' ? null : now[field];
    }
  if (before.tags.join('|') !== now.tags.join('|')) changes.tags = [...now.tags];
  const metadata = changedMetadata(before.metadata, now.metadata);
  if (metadata !== null) changes.metadata = metadata;
  return Object.keys(changes).length === 0 ? null : changes;
}

function changedMetadata(before: Draft['metadata'], now: Draft['metadata']): Record<string, string | null> | null {
  const old = new Map(before);
  const kept = new Map(now.filter(([key, value]) => key !== '' && value !== ''));
  const changes: Record<string, string | null> = {};
  for (const [key, value] of kept) if (old.get(key) !== value) changes[key] = value;
  for (const key of old.keys()) if (!kept.has(key)) changes[key] = null;
  return Object.keys(changes).length === 0 ? null : changes;
}

/**
 * The fields that a person has changed, and somebody else meanwhile changed to something else. The draft is then about
 * the newer partner: fields that the person left alone take its values.
 */
export function conflictsOf(before: Draft, now: Draft, newer: Draft): { rebased: Draft; fields: TextField[] } {
  const fields = textFields.filter(
    (field) => now[field] !== before[field] && newer[field] !== before[field] && newer[field] !== now[field],
  );
  const rebased = { ...newer } as { -readonly [K in keyof Draft]: Draft[K] };
  for (const field of textFields) if (now[field] !== before[field]) rebased[field] = now[field];
  if (before.tags.join('|') !== now.tags.join('|')) rebased.tags = now.tags;
  if (changedMetadata(before.metadata, now.metadata) !== null) rebased.metadata = now.metadata;
  return { rebased, fields };
}
