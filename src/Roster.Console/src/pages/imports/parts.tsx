import { type ReactNode, useEffect, useId, useRef, useState } from 'react';
import type { RowNote } from '../../api/generated';
import { isComposing } from '../../app/keys';
import { FaultText } from '../../parts/Fault';
import { Badge } from '../../parts/show';
import { useFormat, useText } from '../../text';
import { faults } from '../../text/faults';
import { importTexts } from '../../text/imports';
import { isGivenUp, type Seen } from './steps';

/** A text that is taken when Enter is pressed or the field is left. */
export function CommitField({
  label,
  value,
  onCommit,
  hint,
  error,
  isLabelHidden = false,
  isDisabled = false,
  isLatin = false,
  inputMode,
}: {
  label: string;
  value: string;
  onCommit: (value: string) => void;
  hint?: string;
  error?: string | undefined;
  isLabelHidden?: boolean;
  isDisabled?: boolean;
  isLatin?: boolean;
  inputMode?: 'numeric';
}) {
  const [text, setText] = useState(value);
  const id = useId();
  useEffect(() => setText(value), [value]);
  const commit = () => {
    // Also what is as it was, where something else was refused before.
    if (text !== value || error !== undefined) onCommit(text);
  };
  const note = error ?? hint;
  return (
    <label className="field">
      <span className={isLabelHidden ? 'visually-hidden' : 'field-label'}>{label}</span>
      <input
        className="input"
        value={text}
        dir={isLatin ? 'ltr' : 'auto'}
        disabled={isDisabled}
        inputMode={inputMode}
        aria-invalid={error !== undefined}
        aria-describedby={note === undefined ? undefined : id}
        onChange={(event) => setText(event.currentTarget.value)}
        onBlur={commit}
        onKeyDown={(event) => {
          if (event.key === 'Enter' && !isComposing(event.nativeEvent)) commit();
        }}
      />
      {note === undefined ? null : (
        <span id={id} className={error === undefined ? 'field-hint' : 'field-error'}>
          {note}
        </span>
      )}
    </label>
  );
}

/** What is wrong with a row or a file. A text of ours does not name the other row, as the server's message does. */
export function Note({ note }: { note: RowNote | { readonly code: string; readonly message: string } }) {
  const t = useText(importTexts);
  const format = useFormat();
  const isKnown = useText(faults)[note.code] !== undefined;
  const other = isKnown && 'otherLine' in note && note.otherLine !== undefined ? note.otherLine : null;
  return (
    <>
      <FaultText fault={note} />
      {other === null ? null : ` ${t.otherLine(format.number(other))}`}
    </>
  );
}

const tones = {
  uploaded: 'plain',
  planned: 'info',
  applying: 'info',
  applied: 'good',
  stopped: 'warn',
  cancelled: 'plain',
  undone: 'plain',
  failed: 'bad',
} as const;

export function StateBadge({ seen }: { seen: Seen }) {
  const t = useText(importTexts);
  if (isGivenUp(seen)) return <Badge tone="plain">{t.givenUp}</Badge>;
  return <Badge tone={tones[seen.state]}>{t.states[seen.state]}</Badge>;
}

/** What a server does for the import. */
export function useWorkText({ work, undoDryRun }: Seen): string {
  const t = useText(importTexts);
  return work === null ? '' : undoDryRun ? t.undoLooking : t.work[work as keyof typeof t.work];
}

/** How far a server is. Its end is told where it is shown, not here: a bar that speaks at each step is noise. */
export function Progress({ seen }: { seen: Seen }) {
  const t = useText(importTexts);
  const format = useFormat();
  const { done, of } = seen.progress;
  const isPlan = seen.work === 'plan';
  const text = useWorkText(seen);
  return (
    <div className="import-progress">
      <Bar label={text} share={of === 0 ? null : done / of} />
      <span className="muted">
        {text}
        {of > 1 ? ` · ${(isPlan ? t.workOf : t.partsDone)(format.number(done), format.number(of))}` : ''}
      </span>
    </div>
  );
}

export function Bar({ label, share }: { label: string; share: number | null }) {
  return (
    <div
      className={share === null ? 'bar bar-unknown' : 'bar'}
      role="progressbar"
      aria-label={label}
      aria-valuemin={0}
      aria-valuemax={100}
      aria-valuenow={share === null ? undefined : Math.round(share * 100)}
    >
      <span style={share === null ? undefined : { inlineSize: `${Math.round(share * 100)}%` }} />
    </div>
  );
}

/** Whether anything had the focus on this page: a page that is just loaded begins at its top. */
let hadFocus = false;
document.addEventListener('focusin', () => {
  hadFocus = true;
});

/** The head of a step. It gets the focus where the control that had it is gone, so that it is never lost. */
export function StepHead({ title, children }: { title: string; children?: ReactNode }) {
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    if (hadFocus && document.activeElement === document.body) heading.current?.focus({ preventScroll: true });
  });
  return (
    <div className="spread step-head">
      <h2 ref={heading} tabIndex={-1} className="step-title">
        {title}
      </h2>
      <div className="row">{children}</div>
    </div>
  );
}
