/** Files that were dropped on another page, until the page Import takes them. */
let held: readonly File[] = [];

export function holdDroppedFiles(files: FileList): void {
  held = [...files];
}

export function takeDroppedFiles(): readonly File[] {
  const files = held;
  held = [];
  return files;
}
