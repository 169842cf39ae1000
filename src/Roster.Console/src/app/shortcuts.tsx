import { useEffect, useRef } from 'react';
import { keyOf } from './keys';
import { usePreferences } from './preferences';

/**
 * Keys of a page, such as `/` or `g p`, while it is shown. They do nothing in fields and dialogs, and where the person
 * has switched single keys off.
 */
export function useShortcuts(shortcuts: Readonly<Record<string, () => void>>): void {
  const { hasSingleKeys } = usePreferences();
  const latest = useRef(shortcuts);
  latest.current = shortcuts;
  useEffect(() => {
    if (!hasSingleKeys) return;
    let before = '';
    const listen = (event: KeyboardEvent) => {
      if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented || isTyping(event.target)) return;
      const key = keyOf(event);
      const action = latest.current[`${before} ${key}`] ?? latest.current[key];
      before = before === 'g' ? '' : key;
      if (action === undefined) return;
      event.preventDefault();
      action();
    };
    document.addEventListener('keydown', listen);
    return () => document.removeEventListener('keydown', listen);
  }, [hasSingleKeys]);
}

/** What Escape does on the page, wherever the focus is but in a field or dialog; null for nothing. */
export function useEscape(action: (() => void) | null): void {
  useEffect(() => {
    if (action === null) return;
    const listen = (event: KeyboardEvent) => {
      if (event.key === 'Escape' && !event.defaultPrevented && !isTyping(event.target)) action();
    };
    document.addEventListener('keydown', listen);
    return () => document.removeEventListener('keydown', listen);
  }, [action]);
}

/** Whether the keys are for what has the focus. A box to tick takes none but Space. */
function isTyping(target: EventTarget | null): boolean {
  return (
    target instanceof HTMLElement &&
    (target.isContentEditable ||
      target.closest(
        'input:not([type=checkbox], [type=radio]), textarea, select, [role=dialog], [role=listbox], [role=menu]',
      ) !== null)
  );
}
