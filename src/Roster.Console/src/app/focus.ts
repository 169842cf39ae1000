/** What can have the focus by the keyboard. */
const focusable = 'a[href], button:not(:disabled), input:not(:disabled), select:not(:disabled), [tabindex="0"]';

interface Step {
  readonly element: Element;
  /** Its place among the children of the one above. */
  readonly index: number;
}

/** The element that had the focus last, and those around it. */
let way: readonly Step[] = [];

function wayTo(target: Element): Step[] {
  const steps: Step[] = [];
  for (let element: Element | null = target; element !== null; element = element.parentElement)
    steps.push({ element, index: [...(element.parentElement?.children ?? [])].indexOf(element) });
  return steps;
}

/** What is now in the place of what is gone, or else before it, or around it. */
function heirOf(steps: readonly Step[]): HTMLElement | null {
  const place = steps.findIndex(({ element }) => element.isConnected);
  const around = steps[place]?.element;
  if (around === undefined || around === document.body) return null;
  // A grid knows which of its rows has the focus.
  const grid = around.closest('[role=grid]');
  if (grid !== null) return grid.querySelector<HTMLElement>('[tabindex="0"]');
  const index = steps[place - 1]?.index ?? 0;
  for (const beside of [around.children[index], around.children[index - 1]]) {
    const found = beside?.matches(focusable) === true ? beside : beside?.querySelector(focusable);
    if (found instanceof HTMLElement) return found;
  }
  return around.closest<HTMLElement>('[role=dialog]');
}

/**
 * Where what had the focus goes away, as a row that is deleted with its button, the focus goes to what is in its place, or
 * to the page. Dialogs and lists that care for it themselves come first.
 */
export function keepFocus(): void {
  document.addEventListener('focusin', ({ target }) => {
    if (target instanceof Element && target !== document.body) way = wayTo(target);
  });
  // Who clicks beside everything has let go of the focus.
  document.addEventListener('pointerdown', () => {
    setTimeout(() => {
      if (document.activeElement === document.body && way[0]?.element.isConnected === true) way = [];
    }, 0);
  });
  const isLost = () => document.activeElement === document.body && way[0]?.element.isConnected === false;
  let isWaiting = false;
  new MutationObserver(() => {
    if (isWaiting || !isLost()) return;
    isWaiting = true;
    setTimeout(() => {
      isWaiting = false;
      if (!isLost()) return;
      const next = heirOf(way) ?? document.getElementById('main');
      way = [];
      next?.focus({ preventScroll: true });
    }, 150);
  }).observe(document.body, { childList: true, subtree: true });
}
