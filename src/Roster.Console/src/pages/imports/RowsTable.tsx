import { useEffect, useRef, useState } from 'react';
import type { ImportRow, RowNote } from '../../api/generated';
import { Button } from '../../parts/controls';
import { FieldChanges, FieldName } from '../../parts/FieldChanges';
import { Icon } from '../../parts/Icon';
import { Link } from '../../parts/Link';
import { Badge } from '../../parts/show';
import { TableBox } from '../../parts/TableBox';
import { useFormat, useText } from '../../text';
import { importTexts } from '../../text/imports';
import { CellField } from './CellField';
import { type ChangeEdits, type Edit, type Edits, withCell, withSkip } from './edits';
import { Note } from './parts';
import type { Seen } from './steps';

const tones = {
  created: 'good',
  updated: 'info',
  unchanged: 'plain',
  deleted: 'bad',
  faulty: 'bad',
  skipped: 'plain',
} as const;

export function RowsTable({
  seen,
  rows,
  edits,
  onEdits,
  mayMend,
  isBusy,
}: {
  seen: Seen;
  rows: readonly ImportRow[];
  edits: Edits;
  onEdits: ChangeEdits;
  mayMend: boolean;
  /** Whether the rows may be other ones on the server, or are about to be. */
  isBusy: boolean;
}) {
  const t = useText(importTexts);
  return (
    <TableBox label={t.titles.preview} isBusy={isBusy}>
      <table className="table cards rows" aria-label={t.titles.preview}>
        <thead>
          <tr>
            <th scope="col">{t.line}</th>
            <th scope="col">{t.does}</th>
            <th scope="col">{t.values}</th>
            {mayMend ? <th scope="col">{t.actions}</th> : null}
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <Row
              key={row.line ?? row.id}
              seen={seen}
              row={row}
              edit={row.line === null ? undefined : edits.get(row.line)}
              onEdits={onEdits}
              mayMend={mayMend}
              isBusy={isBusy}
            />
          ))}
        </tbody>
      </table>
    </TableBox>
  );
}

interface RowProps {
  seen: Seen;
  row: ImportRow;
  edit: Edit | undefined;
  onEdits: ChangeEdits;
  mayMend: boolean;
  isBusy: boolean;
}

function Row({ seen, row, edit, onEdits, mayMend, isBusy }: RowProps) {
  const t = useText(importTexts);
  const format = useFormat();
  const [isOpen, setIsOpen] = useState(false);
  const { line } = row;
  const number = line === null ? '' : format.number(line);
  const hasCells = Object.keys(row.cells).length > 0;
  const isSkipped = edit?.skip ?? row.change === 'skipped';
  return (
    <tr className={`row-${row.change}`}>
      <th scope="row" data-label={t.line}>
        {line === null ? '–' : number}
      </th>
      <td>
        <Badge tone={tones[row.change]}>{t.changeOne[row.change]}</Badge>
        {edit?.skip === undefined ? null : <span className="small"> {edit.skip ? t.willLeaveOut : t.willTakeIn}</span>}
      </td>
      <td className="row-values">
        <RowValues
          seen={seen}
          row={row}
          edit={edit}
          isEditing={isOpen}
          mayMend={mayMend && line !== null && hasCells && !isSkipped}
          onCell={(column, text) => {
            if (line === null) return;
            const stored = isBusy ? null : (row.cells[column] ?? '');
            onEdits((edits) => withCell(edits, line, column, text, stored));
          }}
        />
      </td>
      {mayMend ? (
        <td>
          {line === null ? null : (
            <div className="row-actions">
              {hasCells && !isSkipped ? (
                <Button
                  look="quiet"
                  aria-label={t.editRow(number)}
                  aria-expanded={isOpen}
                  onPress={() => setIsOpen(!isOpen)}
                >
                  {t.edit}
                </Button>
              ) : null}
              <Button
                look="quiet"
                aria-label={isSkipped ? t.takeInRow(number) : t.leaveOutRow(number)}
                onPress={() => {
                  const isStored = !isBusy && (row.change === 'skipped') === !isSkipped;
                  onEdits((edits) => withSkip(edits, line, isStored ? undefined : !isSkipped));
                }}
              >
                {isSkipped ? t.takeIn : t.leaveOut}
              </Button>
            </div>
          )}
        </td>
      ) : null}
    </tr>
  );
}

function RowValues({
  seen,
  row,
  edit,
  isEditing,
  mayMend,
  onCell,
}: {
  seen: Seen;
  row: ImportRow;
  edit: Edit | undefined;
  isEditing: boolean;
  mayMend: boolean;
  onCell: (column: string, text: string) => void;
}) {
  const t = useText(importTexts);
  const first = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (isEditing) first.current?.querySelector('input')?.focus();
  }, [isEditing]);
  const imported = (seen.columns ?? []).filter((column) => column.target !== null);
  const columnOf = (note: RowNote) =>
    note.column ?? imported.find(({ target }) => target === note.field || target?.split('.')[0] === note.field)?.column;
  const faultsOf = (column: string) => row.faults.filter((fault) => columnOf(fault) === column);
  const fields = imported.filter(
    ({ column }) => isEditing || faultsOf(column).length > 0 || edit?.cells[column] !== undefined,
  );
  const shown = mayMend ? fields : [];
  const others = row.faults.filter((fault) => !shown.some(({ column }) => column === columnOf(fault)));
  const hasFields = Object.keys(row.fields).length > 0;
  return (
    <div className="stack-small">
      {others.map((fault) => (
        <p key={`${fault.code} ${fault.column} ${fault.field}`} className="fault">
          <Icon name="warning" size={16} />
          <span>
            {fault.column === undefined ? null : (
              <b>
                <bdi>{fault.column}</bdi>:{' '}
              </b>
            )}
            <Note note={fault} />
          </span>
        </p>
      ))}
      {shown.length === 0 ? null : (
        <div className="cell-fields" ref={first}>
          {shown.map(({ column }) => (
            <CellField
              key={column}
              column={column}
              line={row.line ?? 0}
              value={edit?.cells[column] ?? row.cells[column] ?? ''}
              faults={faultsOf(column)}
              onChange={(text) => onCell(column, text)}
            />
          ))}
        </div>
      )}
      {!hasFields ? null : row.change === 'created' ? (
        <OneSide fields={row.fields} side="new" />
      ) : row.change === 'deleted' ? (
        <OneSide fields={row.fields} side="old" />
      ) : (
        <FieldChanges fields={definedFields(row.fields)} />
      )}
      {hasFields ? null : <Cells row={row} columns={imported.map(({ column }) => column)} without={shown} />}
      {Object.keys(row.cells).length === 0 && row.change === 'faulty' ? <p className="muted">{t.notCells}</p> : null}
      {row.warnings.map((warning) => (
        <p key={`${warning.code} ${warning.column}`} className="fault fault-warn">
          <Icon name="warning" size={16} />
          <Note note={warning} />
        </p>
      ))}
      {row.id !== null && row.change !== 'created' ? <Link to={`/partners?partner=${row.id}`}>{t.partner}</Link> : null}
    </div>
  );
}

type Fields = ImportRow['fields'];
type Values = Record<string, { old: string | readonly string[] | null; new: string | readonly string[] | null }>;

function definedFields(fields: Fields): Values {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as Values;
}

/** The values of a partner that is created or deleted. */
function OneSide({ fields, side }: { fields: Fields; side: 'old' | 'new' }) {
  const Tag = side === 'old' ? 'del' : 'ins';
  return (
    <ul className="cells">
      {Object.entries(definedFields(fields)).map(([name, { [side]: value }]) => (
        <li key={name}>
          <span className="muted">
            <FieldName name={name} />
          </span>{' '}
          <Tag>
            <bdi>{typeof value === 'string' ? value : (value ?? []).join(' · ')}</bdi>
          </Tag>
        </li>
      ))}
    </ul>
  );
}

/** The cells of a row that changes nothing, as they are in the file. */
function Cells({
  row,
  columns,
  without,
}: {
  row: ImportRow;
  columns: readonly string[];
  without: readonly { column: string }[];
}) {
  return (
    <ul className="cells">
      {columns
        .filter((column) => row.cells[column] !== undefined && !without.some((one) => one.column === column))
        .map((column) => (
          <li key={column}>
            <span className="muted">
              <bdi>{column}</bdi>
            </span>{' '}
            <bdi>{row.cells[column]}</bdi>
          </li>
        ))}
    </ul>
  );
}
