import { useId } from 'react';
import type { RowNote } from '../../api/generated';
import { useFormat, useText } from '../../text';
import { importTexts } from '../../text/imports';
import { Note } from './parts';

/** A cell that is mended, with what is wrong with it below. */
export function CellField({
  column,
  line,
  value,
  faults,
  onChange,
}: {
  column: string;
  line: number;
  value: string;
  faults: readonly RowNote[];
  onChange: (text: string) => void;
}) {
  const t = useText(importTexts);
  const format = useFormat();
  const id = useId();
  const isWrong = faults.length > 0;
  return (
    <div className="cell-field">
      <label htmlFor={id} className="muted">
        <bdi>{column}</bdi>
      </label>
      <input
        id={id}
        className="input"
        dir="auto"
        aria-label={t.cellOf(column, format.number(line))}
        aria-invalid={isWrong}
        aria-describedby={isWrong ? `${id}fault` : undefined}
        value={value}
        onChange={(event) => onChange(event.currentTarget.value)}
      />
      {isWrong ? (
        <span id={`${id}fault`} className="field-error">
          {faults.map((fault) => (
            <Note key={fault.code} note={fault} />
          ))}
        </span>
      ) : null}
    </div>
  );
}
