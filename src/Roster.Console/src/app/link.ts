import { storeOf } from '../store';

/** The token of a link that was opened, until it is used or declined. */
export const link = storeOf(takeLink());

/** Reads it from the fragment, where no server and no log sees it, and takes it away from there. */
function takeLink(): string | null {
  const token = /^#link=(.+)$/.exec(window.location.hash)?.[1] ?? null;
  if (token !== null) window.history.replaceState(null, '', window.location.pathname + window.location.search);
  return token;
}

/** A link that is pasted where the sign-in is shown already loads no new page. Returns what ends the listening. */
export function listenForLinks(): () => void {
  const listen = () => {
    const token = takeLink();
    if (token !== null) link.set(token);
  };
  window.addEventListener('hashchange', listen);
  return () => window.removeEventListener('hashchange', listen);
}
