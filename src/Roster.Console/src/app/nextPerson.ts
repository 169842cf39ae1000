const drops = new Set<() => void>();

/** What is done when somebody else signs in in this tab: what one person typed or chose is not for the next. */
export function beforeNextPerson(drop: () => void): void {
  drops.add(drop);
}

export function welcomeNextPerson(): void {
  for (const drop of drops) drop();
}
