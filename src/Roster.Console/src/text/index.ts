import { usePreferences } from '../app/preferences';
import { type Format, formats, type Texts } from './language';

/** Texts in the reader's language. */
export function useText<T>(both: Texts<T>): T {
  return both[usePreferences().language];
}

/** Numbers, sizes and times as the reader's language writes them. */
export function useFormat(): Format {
  return formats[usePreferences().language];
}
