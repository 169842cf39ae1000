import { useState } from 'react';
import type { ImportColumn, ImportMapping, MappedColumn } from '../../api/generated';
import { go } from '../../app/router';
import { Button, Choose } from '../../parts/controls';
import { Badge, ErrorView } from '../../parts/show';
import { TableBox } from '../../parts/TableBox';
import { useFormat, useText } from '../../text';
import { common } from '../../text/common';
import { importTexts } from '../../text/imports';
import type { StepProps } from './ImportView';
import { isMetadataKey, keyFor, withColumns, withTarget } from './mapping';
import { CommitField, StepHead } from './parts';
import { Rules } from './Rules';
import { hasRows, isOpen } from './steps';
import { useAct, useSettings } from './useImport';

/** What becomes of each column, and how rows find their partners. */
export function ColumnsStep({ seen, state, mayWrite }: StepProps) {
  const t = useText(importTexts);
  const settings = useSettings(seen.id, state);
  const planning = useAct(seen.id, state);
  const [released, setReleased] = useState<readonly string[]>([]);
  const mayChange = mayWrite && isOpen(seen);
  const columns = withDraft(seen.columns ?? [], settings.draft.mapping);
  const hasTarget = columns.some((column) => column.target !== null);
  const { matchOn = seen.matchOn } = settings.draft;
  const save = (next: readonly ImportColumn[]) => settings.save(withColumns(seen.columns ?? [], next, matchOn));
  const plan = async () => {
    if (hasRows(seen) || (await planning.act('POST', 'plan'))) go(`/imports/${seen.id}/preview`);
  };
  return (
    <section className="stack">
      <StepHead title={t.titles.columns}>
        <span className="muted" role="status">
          {settings.isSaving ? t.saving : seen.mappingFrom === undefined ? '' : t.mappingFrom[seen.mappingFrom]}
        </span>
        {mayChange && (seen.mappingFrom !== 'suggested' || settings.error !== null) ? (
          <Button
            onPress={() => {
              setReleased([]);
              settings.saveOnly({ mapping: 'suggested' });
            }}
          >
            {t.reset}
          </Button>
        ) : null}
      </StepHead>
      {settings.error === null ? null : <ErrorView error={settings.error} again={settings.again} />}
      {released.length === 0 ? null : (
        <p className="notice notice-warn" role="status">
          {released.map((column) => t.released(column)).join(' ')}
        </p>
      )}
      <TableBox label={t.titles.columns}>
        <table className="table cards mapping" aria-label={t.titles.columns}>
          <thead>
            <tr>
              <th scope="col">{t.column}</th>
              <th scope="col">{t.samples}</th>
              <th scope="col" className="number">
                {t.filled}
              </th>
              <th scope="col">{t.target}</th>
              <th scope="col">{t.emptyCells}</th>
            </tr>
          </thead>
          <tbody>
            {columns.map((column) => (
              <ColumnRow
                key={column.column}
                column={column}
                used={columns.flatMap((one) => (one === column || one.target === null ? [] : [one.target]))}
                isDisabled={!mayChange}
                onTarget={(target) => {
                  const next = withTarget(columns, column.column, target);
                  setReleased(next.released);
                  save(next.columns);
                }}
                onEmpty={(empty) => save(columns.map((one) => (one === column ? { ...one, empty } : one)))}
              />
            ))}
          </tbody>
        </table>
      </TableBox>
      <Rules seen={seen} settings={settings} isDisabled={!mayChange} />
      {planning.error === null ? null : <ErrorView error={planning.error} />}
      <div className="step-foot">
        {hasTarget ? null : <span className="muted">{t.noTarget}</span>}
        {hasRows(seen) || (mayWrite && isOpen(seen)) ? (
          <Button
            look="primary"
            isDisabled={settings.isSaving || !hasTarget || settings.error !== null}
            isPending={planning.isRunning}
            onPress={() => void plan()}
          >
            {hasRows(seen) ? t.continue : t.showChanges}
          </Button>
        ) : null}
      </div>
    </section>
  );
}

/** The columns with what was chosen and is not saved yet. */
function withDraft(columns: readonly ImportColumn[], draft: unknown): ImportColumn[] {
  const mapped = typeof draft === 'object' && draft !== null ? (draft as ImportMapping).columns : null;
  return columns.map((column) => {
    const chosen = mapped?.find((one) => one.column === column.column);
    if (mapped === null) return column;
    return { ...column, target: chosen?.target ?? null, empty: chosen?.empty ?? column.empty };
  });
}

function ColumnRow({
  column,
  used,
  isDisabled,
  onTarget,
  onEmpty,
}: {
  column: ImportColumn;
  used: readonly string[];
  isDisabled: boolean;
  onTarget: (target: string | null) => void;
  onEmpty: (empty: NonNullable<MappedColumn['empty']>) => void;
}) {
  const t = useText(importTexts);
  const format = useFormat();
  const { target } = column;
  return (
    <tr className={target === null ? 'not-imported' : undefined}>
      <th scope="row">
        <bdi>{column.column}</bdi>
      </th>
      <td className="samples">
        {column.samples.map((sample) => (
          <span key={sample}>
            <bdi>{sample}</bdi>
          </span>
        ))}
      </td>
      <td className="number" data-label={t.filled}>
        {format.percent(column.filled / 100)}
      </td>
      <td>
        <div className="target">
          <TargetPick column={column} used={used} isDisabled={isDisabled} onTarget={onTarget} />
          {column.why === null || target === null ? null : (
            <Badge tone={column.why === 'exact' ? 'good' : 'plain'}>{t.why[column.why as keyof typeof t.why]}</Badge>
          )}
        </div>
      </td>
      <td>
        {target === null || target === 'id' ? null : (
          <Choose
            label={t.emptyOf(column.column)}
            isLabelHidden
            value={column.empty}
            isDisabled={isDisabled}
            choices={[
              { id: 'keep', text: t.empties.keep },
              { id: 'clear', text: t.empties.clear },
            ]}
            onChange={(empty) => onEmpty(empty === 'clear' ? 'clear' : 'keep')}
          />
        )}
      </td>
    </tr>
  );
}

function TargetPick({
  column,
  used,
  isDisabled,
  onTarget,
}: {
  column: ImportColumn;
  used: readonly string[];
  isDisabled: boolean;
  onTarget: (target: string | null) => void;
}) {
  const t = useText(importTexts);
  const names = useText(common);
  const [isWrong, setIsWrong] = useState(false);
  const key = column.target?.startsWith('metadata.') === true ? column.target.slice('metadata.'.length) : null;
  const { fields, nameParts, tags, other } = t.groups;
  const options = [
    { id: '', text: t.targets.none },
    { id: 'name', text: names.name, group: fields },
    { id: 'email', text: names.email, group: fields },
    { id: 'phone', text: names.phone, group: fields },
    { id: 'externalId', text: names.externalId, group: fields },
    { id: 'id', text: t.targets.id, group: fields },
    { id: 'name.given', text: t.targets.given, group: nameParts },
    { id: 'name.family', text: t.targets.family, group: nameParts },
    { id: 'addTags', text: t.targets.addTags, group: tags },
    { id: 'tags', text: t.targets.tags, group: tags },
    { id: 'metadata', text: t.targets.metadata, group: other },
  ];
  return (
    <>
      <Choose
        label={t.targetOf(column.column)}
        isLabelHidden
        value={key === null ? (column.target ?? '') : 'metadata'}
        isDisabled={isDisabled}
        choices={options}
        onChange={(target) => {
          setIsWrong(false);
          onTarget(target === '' ? null : target === 'metadata' ? `metadata.${keyFor(column.column, used)}` : target);
        }}
      />
      {key === null ? null : (
        <CommitField
          label={t.keyOf(column.column)}
          isLabelHidden
          isLatin
          value={key}
          isDisabled={isDisabled}
          error={isWrong ? t.keyRule : undefined}
          onCommit={(text) => {
            setIsWrong(!isMetadataKey(text));
            if (isMetadataKey(text)) onTarget(`metadata.${text}`);
          }}
        />
      )}
    </>
  );
}
