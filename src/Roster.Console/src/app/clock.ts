import { useSyncExternalStore } from 'react';

const step = 30_000;

let now = Date.now();
let timer: ReturnType<typeof setInterval> | undefined;
const listeners = new Set<() => void>();

function tick(): void {
  now = Date.now();
  for (const listener of listeners) listener();
}

/** The timer runs while something shows the time and the tab is looked at. */
function keep(): void {
  clearInterval(timer);
  timer = undefined;
  if (listeners.size === 0 || document.visibilityState !== 'visible') return;
  timer = setInterval(tick, step);
  if (Date.now() - now >= step) tick();
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  if (listeners.size === 1) {
    document.addEventListener('visibilitychange', keep);
    keep();
  }
  return () => {
    listeners.delete(listener);
    if (listeners.size > 0) return;
    document.removeEventListener('visibilitychange', keep);
    keep();
  };
}

/** The time now, to the half minute: one clock for all that show it. */
export function useNow(): number {
  return useSyncExternalStore(subscribe, () => now);
}
