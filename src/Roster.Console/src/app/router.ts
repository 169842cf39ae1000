import { useCallback, useEffect, useRef } from 'react';
import { storeOf, useStore } from '../store';

/** Where the pages are: `/console/` and below. A path here is what follows it, such as `/partners`. */
const base = '/console';

export interface Place {
  /** Such as `/imports/01a2…`, without the base. */
  readonly path: string;
  readonly query: URLSearchParams;
}

const place = storeOf(placeOf(window.location.href));

function placeOf(address: string): Place {
  const { pathname: path, searchParams: query } = new URL(address, window.location.href);
  return { path: path.startsWith(base) ? path.slice(base.length) || '/' : '/', query };
}

function addressOf({ path, query }: Place): string {
  return hrefOf(path, query);
}

/** A form with text that is not saved: it says which places it outlives. */
type Form = (next: Place) => boolean;

/** What would be lost: text that was typed, or a secret that is shown only once. */
export type Loss = 'text' | 'secret';

const forms = new Map<Form, Loss>();

/** What was asked for while it would lose something. It is done if the person says so. */
export const leaving = storeOf<{ readonly go: () => void; readonly loss: Loss } | null>(null);

/** Does what loses typed text in every form, now or after the person has agreed to that. */
export function ask(action: () => void): void {
  const [loss] = forms.values();
  if (loss === undefined) action();
  else leaving.set({ go: action, loss });
}

/** Shows the place of the address, now or after the person has agreed to lose what is typed. */
function show(next: Place, enter: () => void, stay: () => void = () => undefined): void {
  const move = () => {
    enter();
    place.set(next);
  };
  const lost = [...forms].find(([outlives]) => !outlives(next));
  if (lost === undefined) move();
  else {
    stay();
    leaving.set({ go: move, loss: lost[1] });
  }
}

window.addEventListener('popstate', () => {
  const before = addressOf(place.get());
  const after = window.location.href;
  // The browser is there already. Where the person stays, the address is put back.
  show(
    placeOf(after),
    () => {
      if (window.location.href !== after) window.history.pushState(null, '', after);
    },
    () => window.history.pushState(null, '', before),
  );
});

/**
 * While text is typed and not saved, no link, key or step back leaves the form without a question, and the browser asks
 * before the tab is closed. Call what it returns when the text is saved.
 *
 * @param outlives Whether the form is still there at another place of the console.
 */
export function useUnsaved(isUnsaved: boolean, outlives: Form, loss: Loss = 'text'): () => void {
  const form = useRef<Form>(outlives);
  form.current = outlives;
  const known = useRef<Form>((next) => form.current(next));
  useEffect(() => {
    if (!isUnsaved) return;
    const one = known.current;
    const warn = (event: BeforeUnloadEvent) => event.preventDefault();
    forms.set(one, loss);
    window.addEventListener('beforeunload', warn);
    return () => {
      forms.delete(one);
      window.removeEventListener('beforeunload', warn);
    };
  }, [isUnsaved, loss]);
  return useCallback(() => forms.delete(known.current), []);
}

/** The address of a page, for links. */
export function hrefOf(path: string, query?: URLSearchParams | Record<string, string>): string {
  const text = new URLSearchParams(query).toString();
  return base + path + (text === '' ? '' : `?${text}`);
}

/**
 * Goes to a page. With `replace` the present page leaves no entry in the browser's history: for searches and filters,
 * which change with each key.
 */
export function go(href: string, options: { replace?: boolean } = {}): void {
  const target = href.startsWith(base) ? href : base + href;
  const isHere = new URL(target, window.location.href).href === window.location.href;
  show(placeOf(target), () => {
    if (options.replace === true || isHere) window.history.replaceState(null, '', target);
    else window.history.pushState(null, '', target);
  });
}

/** Changes some parameters of the present page's query; null removes one. */
export function setQuery(changes: Record<string, string | null>, options = { replace: true }): void {
  const query = new URLSearchParams(place.get().query);
  for (const [name, value] of Object.entries(changes)) {
    if (value === null) query.delete(name);
    else query.set(name, value);
  }
  go(hrefOf(place.get().path, query), options);
}

export function usePlace(): Place {
  return useStore(place);
}

/** The parts of a path: `/imports/7/rows` is `['imports', '7', 'rows']`. What is not well escaped stays as it is. */
export function partsOf(path: string): string[] {
  return path
    .split('/')
    .filter((part) => part !== '')
    .map((part) => {
      try {
        return decodeURIComponent(part);
      } catch {
        return part;
      }
    });
}
