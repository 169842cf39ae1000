import { useSyncExternalStore } from 'react';
import type { Language } from '../text';

/** What a person has chosen for this browser. No key and no partner is ever in it. */
export interface Preferences {
  readonly language: Language;
  readonly theme: 'system' | 'light' | 'dark';
  /** Whether single keys, such as `/` and `e`, do something (WCAG 2.1.4). */
  readonly hasSingleKeys: boolean;
  /** The columns of the list of partners, in order. */
  readonly columns: readonly string[];
}

const name = 'roster-preferences';
const columns = ['name', 'email', 'phone', 'tags', 'updatedAt'];
const listeners = new Set<() => void>();
let current = read();

function read(): Preferences {
  const browser: Preferences = {
    language: navigator.languages[0]?.startsWith('ar') === true ? 'ar' : 'en',
    theme: 'system',
    hasSingleKeys: true,
    columns,
  };
  try {
    return { ...browser, ...(JSON.parse(localStorage.getItem(name) ?? '{}') as Partial<Preferences>) };
  } catch {
    return browser;
  }
}

function show(): void {
  const page = document.documentElement;
  page.lang = current.language;
  page.dir = current.language === 'ar' ? 'rtl' : 'ltr';
  if (current.theme === 'system') delete page.dataset.theme;
  else page.dataset.theme = current.theme;
}

show();

export function setPreferences(changes: Partial<Preferences>): void {
  current = { ...current, ...changes };
  try {
    localStorage.setItem(name, JSON.stringify(current));
  } catch {
    // A browser that keeps nothing: the choice lasts as long as the page.
  }
  show();
  for (const listener of listeners) listener();
}

export function usePreferences(): Preferences {
  return useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => current,
  );
}
