import type { ReactNode } from 'react';
import type { PartnerThen } from '../../api/generated';
import { Ago, Badge, Latin, Name } from '../../parts/show';
import type { common } from '../../text/common';
import type { Same } from '../../text/language';

/** Columns of the list. `metadata.KEY` is one too. */
export const knownColumns = ['name', 'email', 'phone', 'externalId', 'tags', 'createdAt', 'updatedAt'] as const;

export type KnownColumn = (typeof knownColumns)[number];

/** Columns by which the API can order a list. */
export const sortable: readonly string[] = ['name', 'createdAt', 'updatedAt'];

export function titleOf(column: string, t: Same<(typeof common)['en']>): string {
  return (knownColumns as readonly string[]).includes(column)
    ? t[column as KnownColumn]
    : column.replace(/^metadata\./, '');
}

export function widthOf(column: string): string {
  switch (column) {
    case 'name':
      return 'minmax(180px, 2.2fr)';
    case 'email':
      return 'minmax(160px, 1.6fr)';
    case 'phone':
      return 'minmax(130px, 1fr)';
    case 'tags':
      return 'minmax(130px, 1.2fr)';
    default:
      return 'minmax(110px, 0.8fr)';
  }
}

export function cellOf(column: string, partner: PartnerThen): ReactNode {
  switch (column) {
    case 'email':
    case 'phone':
    case 'externalId': {
      const value = partner[column];
      return value === null || value === undefined ? null : <Latin>{value}</Latin>;
    }
    case 'tags':
      return (partner.tags ?? []).map((tag) => (
        <Badge key={tag}>
          <Name>{tag}</Name>
        </Badge>
      ));
    case 'createdAt':
    case 'updatedAt':
      return <Ago at={partner[column]} />;
    default: {
      const value = partner.metadata?.[column.replace(/^metadata\./, '')];
      return value === undefined ? null : <Name>{value}</Name>;
    }
  }
}
