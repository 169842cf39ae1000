import type { Key, Role as RoleOrNone } from '../../api/generated';
import type { Scope } from '../../app/session';

export type Role = NonNullable<RoleOrNone>;

/** The least first. */
export const scopes: readonly Scope[] = [
  'partnersRead',
  'partnersWrite',
  'linksWrite',
  'keysRead',
  'keysWrite',
  'partnersErase',
];

export const roles: readonly Role[] = ['viewer', 'editor', 'admin'];

export const scopesOf: Readonly<Record<Role, readonly Scope[]>> = {
  viewer: ['partnersRead'],
  editor: ['partnersRead', 'partnersWrite', 'linksWrite'],
  admin: ['partnersRead', 'partnersWrite', 'linksWrite', 'keysRead', 'keysWrite'],
};

export function hasAll(own: readonly Scope[], wanted: readonly Scope[]): boolean {
  return wanted.every((scope) => own.includes(scope));
}

export function isEnded(key: Pick<Key, 'revokedAt' | 'expiresAt'>, now: number): boolean {
  return key.revokedAt !== null || isExpired(key, now);
}

export function isExpired(key: Pick<Key, 'expiresAt'>, now: number): boolean {
  return key.expiresAt !== null && Date.parse(key.expiresAt) <= now;
}

const idleAfter = 90 * 86_400_000;

/** Whether a key has not been used for 90 days, and is at least as old. */
export function isIdle(key: Pick<Key, 'lastUsedAt' | 'createdAt'>, now: number): boolean {
  return now - Date.parse(key.lastUsedAt ?? key.createdAt) > idleAfter;
}

/** Host names as people type them: one a line, or divided by commas or spaces. */
export function hostnamesIn(text: string): string[] {
  return [...new Set(text.split(/[\s,;،]+/).filter((name) => name !== ''))];
}

export type Ending = '30' | '90' | '365' | 'never' | 'day';

/** What is sent as `expiresAt`: a time, a day, or nothing. */
export function endOf(ending: Ending, day: string, now: number): string | null {
  if (ending === 'never') return null;
  if (ending === 'day') return day;
  return new Date(now + Number(ending) * 86_400_000).toISOString();
}

/** The endings that end no later than the caller's own key does. */
export function endingsWithin(limit: string | null, now: number): Ending[] {
  const all: Ending[] = ['30', '90', '365', 'never', 'day'];
  if (limit === null) return all;
  return all.filter(
    (ending) => ending === 'day' || (ending !== 'never' && now + Number(ending) * 86_400_000 <= Date.parse(limit)),
  );
}

/** Such as "Firefox · Windows", from a browser's own long name. */
export function browserIn(userAgent: string): string {
  const browsers: [RegExp, string][] = [
    [/Edg(e|A|iOS)?\//, 'Edge'],
    [/OPR\//, 'Opera'],
    [/Firefox\/|FxiOS\//, 'Firefox'],
    [/Chrome\/|CriOS\//, 'Chrome'],
    [/Safari\//, 'Safari'],
  ];
  const systems: [RegExp, string][] = [
    [/Windows/, 'Windows'],
    [/Android/, 'Android'],
    [/iPhone|iPad/, 'iOS'],
    [/Mac OS X|Macintosh/, 'macOS'],
    [/Linux/, 'Linux'],
  ];
  const found = [browsers, systems].flatMap((known) => known.find(([sign]) => sign.test(userAgent))?.[1] ?? []);
  return found.length === 0 ? userAgent.slice(0, 40) : found.join(' · ');
}
