/** The text with the digits and the sign of percent of Arabic and Persian keyboards as those of ASCII. */
export function asciiNumber(text: string): string {
  return text
    .replace(/[\u0660-\u0669\u06f0-\u06f9]/g, (digit) => String(digit.charCodeAt(0) & 15))
    .replace(/\u066a/g, '%');
}

/** The number of a line, or null where nothing is typed; undefined if it is neither. */
export function lineIn(text: string): number | null | undefined {
  const typed = asciiNumber(text).trim();
  if (typed === '') return null;
  return /^[1-9]\d{0,8}$/.test(typed) ? Number(typed) : undefined;
}
