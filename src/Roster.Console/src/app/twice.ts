/** Milliseconds before a part of the pages that could not be loaded is asked for again. */
const pause = 500;

/** Loads a part of the pages, and tries once more where the network fails for a moment. */
export async function twice<T>(load: () => Promise<T>): Promise<T> {
  try {
    return await load();
  } catch {
    await new Promise((resolve) => setTimeout(resolve, pause));
    return load();
  }
}
