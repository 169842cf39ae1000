import { useEffect, useRef } from 'react';
import { useVisible } from '../app/visible';
import type { Reading } from './useCall';

const longest = 60_000;

/** Milliseconds until the next try: twice as long after each failure, at most a minute. */
export function pauseAfter(failures: number, pause: number): number {
  return Math.min(longest, pause * 2 ** failures);
}

/** Reads again, while that is wanted and the tab is looked at: a pause after the answer, one call at a time. */
export function usePolling({ isReading, error, again }: Reading<unknown>, isWanted: boolean, pause: number): void {
  const isVisible = useVisible();
  const failures = useRef(0);
  useEffect(() => {
    if (!isReading) failures.current = error === null ? 0 : failures.current + 1;
  }, [isReading, error]);
  useEffect(() => {
    if (!isWanted || !isVisible || isReading) return;
    const timer = setTimeout(again, pauseAfter(failures.current, pause));
    return () => clearTimeout(timer);
  }, [isWanted, isVisible, isReading, again, pause]);
}
