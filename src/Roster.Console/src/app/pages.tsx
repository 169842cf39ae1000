import type { ComponentType } from 'react';
import type { IconName } from '../parts/Icon';
import { lazyAgain } from './lazyAgain';
import type { Scope } from './session';

export interface Page {
  readonly path: string;
  readonly name: 'partners' | 'import' | 'changes' | 'overview' | 'keys' | 'people' | 'sessions' | 'audit' | 'status';
  readonly icon: IconName;
  readonly scope: Scope;
  /** The key after `g` that leads there. */
  readonly key?: string;
  /** Gets the parts of the path below the page's own. */
  readonly view: ComponentType<{ readonly below: readonly string[] }>;
}

/** Each page is a file of its own, which is read when it is first shown. */
export const pages: readonly Page[] = [
  {
    path: '/partners',
    name: 'partners',
    icon: 'partners',
    scope: 'partnersRead',
    key: 'p',
    view: lazyAgain(() => import('../pages/partners/PartnersPage')),
  },
  {
    path: '/imports',
    name: 'import',
    icon: 'import',
    scope: 'partnersRead',
    key: 'i',
    view: lazyAgain(() => import('../pages/imports/ImportsPage')),
  },
  {
    path: '/changes',
    name: 'changes',
    icon: 'changes',
    scope: 'partnersRead',
    key: 'c',
    view: lazyAgain(() => import('../pages/changes/ChangesPage')),
  },
  {
    path: '/overview',
    name: 'overview',
    icon: 'overview',
    scope: 'partnersRead',
    key: 'o',
    view: lazyAgain(() => import('../pages/overview/OverviewPage')),
  },
  {
    path: '/keys',
    name: 'keys',
    icon: 'keys',
    scope: 'keysRead',
    key: 'k',
    view: lazyAgain(() => import('../pages/keys/KeysPage')),
  },
  {
    path: '/people',
    name: 'people',
    icon: 'people',
    scope: 'keysRead',
    view: lazyAgain(() => import('../pages/keys/PeoplePage')),
  },
  {
    path: '/sessions',
    name: 'sessions',
    icon: 'sessions',
    scope: 'partnersRead',
    view: lazyAgain(() => import('../pages/keys/SessionsPage')),
  },
  {
    path: '/audit',
    name: 'audit',
    icon: 'audit',
    scope: 'keysRead',
    view: lazyAgain(() => import('../pages/server/AuditPage')),
  },
  {
    path: '/status',
    name: 'status',
    icon: 'status',
    scope: 'keysRead',
    view: lazyAgain(() => import('../pages/server/StatusPage')),
  },
];
