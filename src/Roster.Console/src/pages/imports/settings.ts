import type { Import, ImportMode, ImportSettings, WithoutKey } from '../../api/generated';

export interface Unsaved {
  /** What was chosen and is not saved yet, also because that failed. */
  readonly draft: ImportSettings;
  readonly isSaving: boolean;
}

export interface Saving {
  /** A member that is undefined is not sent, also where an earlier change that is not saved yet has it. */
  readonly save: (changes: ImportSettings) => void;
  /** Saves this in place of all that is not saved yet. */
  readonly saveOnly: (changes: ImportSettings) => void;
  /** Tries again what could not be saved. */
  readonly again: () => void;
}

/**
 * Saves settings when they are chosen, one call after the other: what is chosen meanwhile goes with the next one, and so
 * does what could not be saved, which the next change may correct.
 */
export function savingOf(
  send: (changes: ImportSettings) => Promise<boolean>,
  show: (unsaved: Unsaved) => void,
): Saving {
  let waiting: ImportSettings = {};
  let sent: ImportSettings = {};
  let isSaving = false;
  let dropsSent = false;
  const tell = () => show({ draft: { ...sent, ...waiting }, isSaving });
  const run = async () => {
    if (isSaving) return;
    isSaving = true;
    while (Object.keys(waiting).length > 0) {
      sent = waiting;
      waiting = {};
      dropsSent = false;
      tell();
      const isSaved = await send(sent);
      const isNewer = Object.keys(waiting).length > 0;
      if (!isSaved && !dropsSent) waiting = { ...sent, ...waiting };
      sent = {};
      if (!isSaved && !isNewer) break;
    }
    isSaving = false;
    tell();
  };
  const save = (changes: ImportSettings) => {
    waiting = { ...waiting, ...changes };
    tell();
    void run();
  };
  return {
    save,
    saveOnly: (changes) => {
      waiting = {};
      dropsSent = true;
      save(changes);
    },
    again: () => void run(),
  };
}

/** Whether each row needs a key in this mode. */
function needsKeys(mode: ImportMode): boolean {
  return mode === 'mirror' || mode === 'update';
}

/** Whether to ask what rows without a key do: also where they create partners in a mode that refuses that. */
export function asksWithoutKey(mode: ImportMode, matchOn: Import['matchOn'], withoutKey: WithoutKey): boolean {
  return needsKeys(mode) ? withoutKey === 'create' : matchOn !== null;
}

/** What is saved with a mode. Rows without a key cannot create partners in all of them. */
export function withMode(mode: ImportMode, withoutKey: WithoutKey): ImportSettings {
  return needsKeys(mode) && withoutKey === 'create' ? { mode, withoutKey: 'refuse' } : { mode };
}
