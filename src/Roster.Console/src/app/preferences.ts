import { storeOf, useStore } from '../store';
import type { Language } from '../text/language';

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
const dark = window.matchMedia('(prefers-color-scheme: dark)');
const current = storeOf(read());

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

function show({ language, theme }: Preferences): void {
  const page = document.documentElement;
  page.lang = language;
  page.dir = language === 'ar' ? 'rtl' : 'ltr';
  page.dataset.theme = theme === 'system' ? (dark.matches ? 'dark' : 'light') : theme;
}

show(current.get());
dark.addEventListener('change', () => show(current.get()));

export function setPreferences(changes: Partial<Preferences>): void {
  const next = { ...current.get(), ...changes };
  try {
    localStorage.setItem(name, JSON.stringify(next));
  } catch {
    // A browser that keeps nothing: the choice lasts as long as the page.
  }
  show(next);
  current.set(next);
}

export function usePreferences(): Preferences {
  return useStore(current);
}
