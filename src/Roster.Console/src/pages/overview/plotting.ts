import { useEffect, useState } from 'react';
import { usePreferences } from '../../app/preferences';

export interface Colours {
  readonly line: string;
  readonly grid: string;
  readonly text: string;
  readonly ground: string;
  readonly font: string;
}

/** The page's colours for a canvas, which does not know custom properties. They change with the theme. */
export function useColours(): Colours {
  const { theme } = usePreferences();
  const [colours, setColours] = useState(read);
  // biome-ignore lint/correctness/useExhaustiveDependencies: another theme has other colours
  useEffect(() => {
    const update = () => setColours(read());
    update();
    const dark = window.matchMedia('(prefers-color-scheme: dark)');
    dark.addEventListener('change', update);
    return () => dark.removeEventListener('change', update);
  }, [theme]);
  return colours;
}

function read(): Colours {
  const style = getComputedStyle(document.documentElement);
  const of = (name: string) => style.getPropertyValue(name).trim();
  return {
    line: of('--accent'),
    grid: of('--line'),
    text: of('--muted'),
    ground: of('--surface'),
    font: `12px ${of('--font')}`,
  };
}

/** Days of the server are days in UTC. */
export function useDayFormat(): (day: string | number) => string {
  const { language } = usePreferences();
  return language === 'ar' ? arabic : english;
}

const english = formatOf('en-GB');
const arabic = formatOf('ar-AE-u-nu-latn');

function formatOf(locale: string): (day: string | number) => string {
  const format = new Intl.DateTimeFormat(locale, { day: 'numeric', month: 'short', timeZone: 'UTC' });
  return (day) => format.format(new Date(day));
}
