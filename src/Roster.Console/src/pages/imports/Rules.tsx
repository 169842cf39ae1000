import type { ImportMode } from '../../api/generated';
import { Choose } from '../../parts/controls';
import { useText } from '../../text';
import { importTexts } from '../../text/imports';
import { asciiNumber } from './numbers';
import { CommitField } from './parts';
import { asksWithoutKey, withMode } from './settings';
import type { Seen } from './steps';
import type { Settings } from './useImport';

const modes: readonly ImportMode[] = ['upsert', 'update', 'create', 'mirror'];

/** How rows find their partners, and what they do then. */
export function Rules({ seen, settings, isDisabled }: { seen: Seen; settings: Settings; isDisabled: boolean }) {
  const t = useText(importTexts);
  const { draft, save } = settings;
  const matchOn = draft.matchOn === undefined ? seen.matchOn : draft.matchOn;
  const mode = draft.mode ?? seen.mode;
  const withoutKey = draft.withoutKey ?? seen.withoutKey;
  return (
    <div className="card stack">
      <h3>{t.rules}</h3>
      <div className="settings">
        <Choose
          label={t.matchOn}
          value={matchOn ?? ''}
          isDisabled={isDisabled}
          choices={[
            { id: 'externalId', text: t.matches.externalId },
            { id: 'email', text: t.matches.email },
            { id: '', text: t.matches.none },
          ]}
          onChange={(value) => save({ matchOn: value === '' ? null : value })}
        />
        <Choose
          label={t.mode}
          value={mode}
          isDisabled={isDisabled}
          choices={modes.map((id) => ({ id, text: t.modes[id] }))}
          onChange={(value) =>
            save({
              ...withMode(value as ImportMode, withoutKey),
              // What could not be saved of a field that goes is not tried again.
              ...(value === 'mirror' ? {} : { maxDeletes: undefined }),
            })
          }
        />
        {asksWithoutKey(mode, matchOn, withoutKey) ? (
          <Choose
            label={t.withoutKey}
            value={withoutKey}
            isDisabled={isDisabled}
            choices={[
              { id: 'refuse', text: t.withoutKeys.refuse },
              { id: 'create', text: t.withoutKeys.create },
            ]}
            onChange={(value) => save({ withoutKey: value === 'create' ? 'create' : 'refuse' })}
          />
        ) : null}
        {mode === 'mirror' ? (
          <CommitField
            label={t.maxDeletes}
            hint={t.maxDeletesHint}
            isLatin
            value={(draft.maxDeletes === undefined ? seen.maxDeletes : draft.maxDeletes) ?? ''}
            isDisabled={isDisabled}
            onCommit={(text) => save({ maxDeletes: text.trim() === '' ? null : asciiNumber(text).trim() })}
          />
        ) : null}
      </div>
      {mode === 'mirror' ? <p className="muted">{t.mirrorHint}</p> : null}
    </div>
  );
}
