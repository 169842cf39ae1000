/** A file that was dropped on another page, until the page Import takes it. */
let held: File | null = null;

export function holdDroppedFile(file: File): void {
  held = file;
}

export function takeDroppedFile(): File | null {
  const file = held;
  held = null;
  return file;
}
