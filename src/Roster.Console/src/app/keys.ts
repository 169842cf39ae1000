interface Pressed {
  readonly key: string;
  /** The place on the keyboard, by the name that it has in English. */
  readonly code: string;
  readonly shiftKey: boolean;
}

/**
 * The key of a shortcut that was pressed. Where the keyboard gives no Latin letters, as in Arabic or Cyrillic, it is the
 * letter in that place on an English one.
 */
export function keyOf({ key, code, shiftKey }: Pressed): string {
  if (/^[\x20-\x7e]+$/.test(key)) return key;
  if (code === 'Slash') return shiftKey ? '?' : '/';
  const letter = /^Key([A-Z])$/.exec(code)?.[1];
  return letter === undefined ? key : shiftKey ? letter : letter.toLowerCase();
}

/** Whether a key belongs to an input method, as Enter that takes the word it offers. Safari says so by the code alone. */
export function isComposing(event: { readonly isComposing: boolean; readonly keyCode: number }): boolean {
  return event.isComposing || event.keyCode === 229;
}
