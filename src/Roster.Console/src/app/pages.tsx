import type { ComponentType } from 'react';
import type { IconName } from '../parts/Icon';
import { lazyPart } from './lazyPart';
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
    view: lazyPart(() => import('../pages/partners/PartnersPage')),
  },
  {
    path: '/imports',
    name: 'import',
    icon: 'import',
    scope: 'partnersRead',
    key: 'i',
    view: lazyPart(() => import('../pages/imports/ImportsPage')),
  },
  {
    path: '/changes',
    name: 'changes',
    icon: 'changes',
    scope: 'partnersRead',
    key: 'c',
    view: lazyPart(() => import('../pages/changes/ChangesPage')),
  },
  {
    path: '/overview',
    name: 'overview',
    icon: 'overview',
    scope: 'partnersRead',
    key: 'o',
    view: lazyPart(() => import('../pages/overview/OverviewPage')),
  },
  {
    path: '/keys',
    name: 'keys',
    icon: 'keys',
    scope: 'keysRead',
    key: 'k',
    view: lazyPart(() => import('../pages/keys/KeysPage')),
  },
  {
    path: '/people',
    name: 'people',
    icon: 'people',
    scope: 'keysRead',
    view: lazyPart(() => import('../pages/keys/PeoplePage')),
  },
  {
    path: '/sessions',
    name: 'sessions',
    icon: 'sessions',
    scope: 'partnersRead',
    view: lazyPart(() => import('../pages/keys/SessionsPage')),
  },
  {
    path: '/audit',
    name: 'audit',
    icon: 'audit',
    scope: 'keysRead',
    view: lazyPart(() => import('../pages/server/AuditPage')),
  },
  {
    path: '/status',
    name: 'status',
    icon: 'status',
    scope: 'keysRead',
    view: lazyPart(() => import('../pages/server/StatusPage')),
  },
];
