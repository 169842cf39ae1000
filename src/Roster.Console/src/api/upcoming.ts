/** Answers that the OpenAPI document does not describe yet. */
import type { AuditEvent, Change, ChangeSet, HistoryStep as Step, Key } from './generated';

/** Who did something: a key, or a person, who is a key of kind person. */
export interface Actor {
  readonly id: string;
  readonly name: string;
  readonly kind: 'person' | 'key';
}

/** The actor is null for an operator's command. */
export type WithActor<T> = T & { readonly actor?: Actor | null };

export type HistoryStep = WithActor<Step>;
export type ChangeSetOf = WithActor<ChangeSet>;
export type AuditOf = WithActor<AuditEvent>;
export type ChangedPartner = Change & { readonly id: string };

export type Role = 'viewer' | 'editor' | 'admin';

export type KeyOf = Key & { readonly kind?: 'key' | 'person'; readonly role?: Role | null };

/** `POST /api/links`. */
export interface InviteLink {
  readonly link: string;
  readonly name: string;
  readonly role: Role | null;
  readonly scopes: readonly string[];
  readonly expiresAt: string;
}

/** `GET /api/sessions`. */
export interface SessionOf {
  readonly id: string;
  readonly actor: Actor;
  readonly createdAt: string;
  readonly lastUsedAt: string | null;
  readonly expiresAt: string;
  readonly address: string | null;
  readonly userAgent: string | null;
  readonly current: boolean;
}

/** `GET /api/stats`. */
export interface Stats {
  readonly revision: number;
  readonly partners: {
    readonly live: number;
    readonly deleted: number;
    readonly withEmail: number;
    readonly withPhone: number;
  };
  readonly days: readonly StatsDay[];
  readonly writes: readonly StatsWrites[];
}

export interface StatsDay {
  readonly day: string;
  readonly created: number;
  readonly updated: number;
  readonly deleted: number;
  readonly restored: number;
  readonly erased: number;
  readonly changeSets: number;
  /** Partners at the day's end. */
  readonly live: number;
}

export interface StatsWrites {
  readonly day: string;
  readonly kind: ChangeSet['kind'];
  readonly actor: Actor | null;
  readonly changeSets: number;
  readonly changes: number;
}

/** `GET /api/status`. */
export interface Status {
  readonly version: string;
  readonly engine: string;
  readonly revision: number;
  readonly searchRevision: number;
  readonly searchLag: number;
  readonly diskFreeBytes: number | null;
  readonly databaseBytes: number | null;
  readonly startedAt: string;
  readonly backupAt: string | null;
  readonly notices: readonly string[];
}
