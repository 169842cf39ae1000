import { useEffect, useState } from 'react';
import type { EncodingSample, ImportSettings, TextEncoding } from '../../api/generated';
import { go } from '../../app/router';
import { Button, Choose } from '../../parts/controls';
import { ErrorView } from '../../parts/show';
import { TableBox } from '../../parts/TableBox';
import { useFormat, useText } from '../../text';
import { common } from '../../text/common';
import { importTexts } from '../../text/imports';
import type { StepProps } from './ImportView';
import { lineIn } from './numbers';
import { CommitField, StepHead } from './parts';
import { isOpen, type Seen } from './steps';
import { useSettings } from './useImport';

const encodings = [
  'utf-8',
  'utf-16le',
  'utf-16be',
  'windows-1252',
  'windows-1250',
  'windows-1251',
  'windows-1254',
  'windows-1256',
  'shift_jis',
  'gb18030',
] as const;
const delimiters = ['comma', 'semicolon', 'tab', 'pipe'] as const;

/** What was read of the file, to be corrected. */
export function ReadStep({ seen, state, mayWrite }: StepProps) {
  const t = useText(importTexts);
  const settings = useSettings(seen.id, state);
  const mayChange = mayWrite && isOpen(seen);
  const mustChoose = seen.file.format !== undefined && seen.file.format !== 'xlsx' && seen.file.encoding === null;
  const hasColumns = (seen.columns ?? []).length > 0;
  return (
    <section className="stack">
      <StepHead title={t.titles.read}>{settings.isSaving ? <span className="muted">{t.saving}</span> : null}</StepHead>
      {settings.error === null ? null : <ErrorView error={settings.error} again={settings.again} />}
      {mustChoose ? (
        <Encodings
          samples={seen.encodings ?? []}
          value={settings.draft.encoding ?? null}
          isDisabled={!mayChange}
          onChange={(encoding) => settings.save({ encoding })}
        />
      ) : seen.file.format === undefined ? (
        <p className="muted">{t.nothingRead}</p>
      ) : (
        <Reading seen={seen} draft={settings.draft} save={settings.save} isDisabled={!mayChange} />
      )}
      {(seen.columns ?? []).some(({ samples }) => samples.length > 0) ? <FirstValues seen={seen} /> : null}
      {hasColumns ? (
        <div className="step-foot">
          <Button
            look="primary"
            isDisabled={settings.isSaving || settings.error !== null}
            onPress={() => go(`/imports/${seen.id}/columns`)}
          >
            {t.continue}
          </Button>
        </div>
      ) : null}
    </section>
  );
}

/** The encodings that fit the file, each with lines as they read in it. */
function Encodings({
  samples,
  value,
  isDisabled,
  onChange,
}: {
  samples: readonly EncodingSample[];
  value: TextEncoding | null;
  isDisabled: boolean;
  onChange: (encoding: TextEncoding) => void;
}) {
  const t = useText(importTexts);
  return (
    <fieldset className="encodings" disabled={isDisabled}>
      <legend>{t.noEncoding}</legend>
      <p className="muted">{t.noEncodingHint}</p>
      {samples.map((sample) => (
        <label key={sample.encoding} className="encoding">
          <input
            type="radio"
            name="encoding"
            checked={value === sample.encoding}
            onChange={() => onChange(sample.encoding)}
          />
          <span className="stack-small">
            <b>{t.encodings[sample.encoding]}</b>
            {sample.lines.map((line) => (
              <span key={line} className="sample-line">
                <bdi>{line}</bdi>
              </span>
            ))}
          </span>
        </label>
      ))}
    </fieldset>
  );
}

function Reading({
  seen,
  draft,
  save,
  isDisabled,
}: {
  seen: Seen;
  draft: ImportSettings;
  save: (changes: ImportSettings) => void;
  isDisabled: boolean;
}) {
  const t = useText(importTexts);
  const names = useText(common);
  const format = useFormat();
  const { file } = seen;
  const notes = [
    names.rowsCount(seen.rows ?? 0),
    ...((seen.blankRows ?? 0) > 0 ? [t.blankRows(seen.blankRows ?? 0)] : []),
    ...((seen.hiddenRows ?? 0) > 0 ? [t.hiddenRows(seen.hiddenRows ?? 0)] : []),
    ...((seen.blankColumns ?? 0) > 0 ? [t.blankColumns(seen.blankColumns ?? 0)] : []),
  ];
  const [isWrong, setIsWrong] = useState(false);
  const header = draft.headerRow === undefined ? file.headerRow : draft.headerRow;
  // biome-ignore lint/correctness/useExhaustiveDependencies: another line takes the place of what was typed
  useEffect(() => setIsWrong(false), [header]);
  return (
    <div className="card stack">
      <p>
        {file.format === undefined ? null : <b>{t.formats[file.format]}</b>} · {format.bytes(file.size)} ·{' '}
        {notes.join(' · ')}
      </p>
      <div className="settings">
        {file.format === 'xlsx' ? (
          <Choose
            label={t.sheet}
            value={draft.sheet ?? file.sheet ?? ''}
            isDisabled={isDisabled}
            choices={(seen.sheets ?? []).map(({ name, hidden }) => ({
              id: name,
              text: hidden ? t.hiddenSheet(name) : name,
            }))}
            onChange={(sheet) => save({ sheet })}
          />
        ) : (
          <Choose
            label={t.encoding}
            value={draft.encoding ?? file.encoding ?? ''}
            isDisabled={isDisabled}
            choices={encodings.map((id) => ({ id, text: t.encodings[id] }))}
            onChange={(encoding) => save({ encoding: encoding as TextEncoding })}
          />
        )}
        {file.format === 'csv' ? (
          <Choose
            label={t.delimiter}
            value={draft.delimiter ?? file.delimiter ?? ''}
            isDisabled={isDisabled}
            choices={delimiters.map((id) => ({ id, text: t.delimiters[id] }))}
            onChange={(delimiter) => save({ delimiter: delimiter as (typeof delimiters)[number] })}
          />
        ) : null}
        {file.format === 'csv' || file.format === 'xlsx' ? (
          <CommitField
            label={t.headerRow}
            hint={t.headerHint}
            inputMode="numeric"
            isLatin
            value={header === null || header === undefined ? '' : String(header)}
            isDisabled={isDisabled}
            error={isWrong ? t.headerWrong : undefined}
            onCommit={(text) => {
              const line = lineIn(text);
              setIsWrong(line === undefined);
              if (line !== undefined && line !== header) save({ headerRow: line });
            }}
          />
        ) : null}
      </div>
    </div>
  );
}

function FirstValues({ seen }: { seen: Seen }) {
  const t = useText(importTexts);
  const columns = (seen.columns ?? []).slice(0, 50);
  const lines = Math.max(0, ...columns.map((column) => column.samples.length));
  return (
    <div className="stack-small">
      <h3>{t.firstValues}</h3>
      <TableBox label={t.firstValues}>
        <table className="table values">
          <thead>
            <tr>
              {columns.map(({ column }) => (
                <th key={column} scope="col">
                  <bdi>{column}</bdi>
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {Array.from({ length: lines }, (_, line) => (
              // biome-ignore lint/suspicious/noArrayIndexKey: the samples have no other name
              <tr key={line}>
                {columns.map(({ column, samples }) => (
                  <td key={column}>
                    <bdi>{samples[line] ?? ''}</bdi>
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </TableBox>
    </div>
  );
}
