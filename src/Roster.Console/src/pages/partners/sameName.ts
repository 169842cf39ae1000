/** A name as it looks: letters and their marks together, one kind of space, and nothing that is not seen. */
function seen(name: string): string {
  return name
    .normalize('NFKC')
    .replace(/\p{Cf}/gu, '')
    .replace(/\s+/gu, ' ')
    .trim();
}

/** Whether anything of a name is seen, so that it can be typed. */
export function isSeen(name: string): boolean {
  return seen(name) !== '';
}

/** Whether what was typed looks like a name. The keyboard may give other characters than those that it was stored with. */
export function isSameName(typed: string, name: string): boolean {
  return seen(typed) === seen(name);
}
