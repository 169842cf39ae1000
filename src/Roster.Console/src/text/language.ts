export type Language = 'en' | 'ar';

/** The locales of numbers and dates. Arabic with the digits that phones and ids are written in, too. */
const locales = { en: 'en-GB', ar: 'ar-AE-u-nu-latn' } as const;

/** The texts of one part of the console, in each language; the types hold the keys of both together. */
export interface Texts<T> {
  readonly en: T;
  readonly ar: T;
}

/** A text whose functions and literals may differ by language, and whose keys may not. */
export type Same<T> = {
  readonly [K in keyof T]: T[K] extends string ? string : T[K] extends object ? SameOrFunction<T[K]> : T[K];
};
type SameOrFunction<T> = T extends (...values: infer A) => string ? (...values: A) => string : Same<T>;

export function texts<T>(en: T, ar: Same<T>): Texts<Same<T>> {
  return { en: en as Same<T>, ar };
}

export type Forms = Partial<Record<Intl.LDMLPluralRule, string>> & { readonly other: string };

/** The form for a number, with the number in the place of `#`. */
export function plural(language: Language, count: number, forms: Forms): string {
  const form = forms[rules[language].select(count)] ?? forms.other;
  return form.replace('#', formats[language].number(count));
}

export interface Format {
  readonly number: (value: number) => string;
  readonly percent: (share: number) => string;
  readonly bytes: (value: number) => string;
  /** A time to the minute, in the reader's time zone. */
  readonly time: (at: string) => string;
  /** The day of a time where the reader is. What is a day itself, or the moment when one begins in UTC, is that day everywhere. */
  readonly day: (at: string) => string;
  /** Such as "3 minutes ago"; a day where it is longer ago than a week. */
  readonly ago: (at: string, now: number) => string;
}

/** A day, or the time at which one begins in UTC: the server makes the second of the first. */
const beginsDay = /^\d{4}-\d{2}-\d{2}(T00:00(:00(\.0+)?)?Z)?$/;

/**
 * The first moment of a day such as `2026-11-29` where the reader is, as the times on the pages are. What is no day stays
 * as it is: the server takes it as a time, or refuses it.
 */
export function beginOf(day: string): string {
  const begin = new Date(`${day}T00:00`);
  return Number.isNaN(begin.getTime()) ? day : begin.toISOString();
}

const rules = { en: new Intl.PluralRules('en'), ar: new Intl.PluralRules('ar') };
export const formats: Record<Language, Format> = { en: formatOf('en'), ar: formatOf('ar') };

function formatOf(language: Language): Format {
  const locale = locales[language];
  const number = new Intl.NumberFormat(locale);
  const percent = new Intl.NumberFormat(locale, { style: 'percent', maximumFractionDigits: 1 });
  const time = new Intl.DateTimeFormat(locale, { dateStyle: 'medium', timeStyle: 'short' });
  const localDay = new Intl.DateTimeFormat(locale, { dateStyle: 'medium' });
  const utcDay = new Intl.DateTimeFormat(locale, { dateStyle: 'medium', timeZone: 'UTC' });
  const day = (at: string) => (beginsDay.test(at) ? utcDay : localDay).format(new Date(at));
  const relative = new Intl.RelativeTimeFormat(locale, { numeric: 'auto' });
  const units = ['byte', 'kilobyte', 'megabyte', 'gigabyte', 'terabyte'] as const;
  return {
    number: (value) => number.format(value),
    percent: (share) => percent.format(share),
    bytes: (value) => {
      const step = value < 1 ? 0 : Math.min(units.length - 1, Math.floor(Math.log10(value) / 3));
      const unit = units[step] ?? 'byte';
      return new Intl.NumberFormat(locale, { style: 'unit', unit, maximumFractionDigits: 1 }).format(
        value / 1000 ** step,
      );
    },
    time: (at) => time.format(new Date(at)),
    day,
    ago: (at, now) => {
      const seconds = (Date.parse(at) - now) / 1000;
      const size = Math.abs(seconds);
      if (size < 60) return relative.format(Math.round(seconds), 'second');
      if (size < 3600) return relative.format(Math.round(seconds / 60), 'minute');
      if (size < 86_400) return relative.format(Math.round(seconds / 3600), 'hour');
      if (size < 7 * 86_400) return relative.format(Math.round(seconds / 86_400), 'day');
      return day(at);
    },
  };
}
