import { useCallback, useEffect, useState } from 'react';
import { Button, Check } from '../../parts/controls';
import { Sheet } from '../../parts/Dialogs';
import { Link } from '../../parts/Link';
import { ErrorView } from '../../parts/show';
import { TableBox } from '../../parts/TableBox';
import { useFormat, useText } from '../../text';
import { common } from '../../text/common';
import { importTexts } from '../../text/imports';
import { Note, Progress } from './parts';
import type { Seen } from './steps';
import { type ImportState, useAct } from './useImport';

const shownConflicts = 100;

/** Looks first for what an undo would not put back, and then undoes. */
export function UndoSheet({ seen, state, onClose }: { seen: Seen; state: ImportState; onClose: () => void }) {
  const t = useText(importTexts);
  const names = useText(common);
  const { act, isRunning, error } = useAct(seen.id, state);
  const [isAsked, setIsAsked] = useState(false);
  const [leaves, setLeaves] = useState(false);
  const ask = useCallback(() => void act('POST', 'undo?dryRun=true').then(setIsAsked), [act]);
  useEffect(ask, [ask]);
  const isLooking = !isAsked || seen.work !== null;
  const count = seen.conflicts;
  const undo = async () => {
    if (await act('POST', count > 0 ? 'undo?onConflict=skip' : 'undo')) onClose();
    else {
      // Others may have changed partners meanwhile: it is looked for them again before the next try.
      setIsAsked(false);
      setLeaves(false);
    }
  };
  return (
    <Sheet
      title={t.undoTitle}
      isOpen
      onClose={onClose}
      size={count > 0 ? 'large' : 'middle'}
      footer={
        <>
          <Button onPress={onClose}>{names.cancel}</Button>
          <Button
            look="danger"
            icon="undo"
            isDisabled={isLooking || (count > 0 && !leaves)}
            isPending={isRunning && isAsked}
            onPress={() => void undo()}
          >
            {names.undo}
          </Button>
        </>
      }
    >
      <div className="imports stack">
        <Effects seen={seen} />
        <div role="status">
          {error !== null ? null : isLooking ? (
            seen.work === null ? (
              <p className="muted">{t.undoLooking}…</p>
            ) : (
              <Progress seen={seen} />
            )
          ) : count === 0 ? (
            <p>{t.undoNoConflict}</p>
          ) : (
            <strong>{t.undoConflicts(count)}</strong>
          )}
        </div>
        {error === null ? null : <ErrorView error={error} again={ask} />}
        {isLooking || count === 0 ? null : (
          <>
            <UndoConflicts seen={seen} />
            <Check isChecked={leaves} onChange={setLeaves}>
              {t.undoLeave}
            </Check>
          </>
        )}
      </div>
    </Sheet>
  );
}

/** What the undo does where nobody has changed a partner since. Where rows were not written, the counts are not known. */
function Effects({ seen }: { seen: Seen }) {
  const t = useText(importTexts);
  const { counts } = seen;
  if (counts === null || seen.state !== 'applied' || seen.leftOut > 0) return null;
  return (
    <ul className="summary">
      {(['created', 'updated', 'deleted'] as const)
        .filter((name) => counts[name] > 0)
        .map((name) => (
          <li key={name}>{t.undoText[name](counts[name])}</li>
        ))}
    </ul>
  );
}

export function UndoConflicts({ seen }: { seen: Seen }) {
  const t = useText(importTexts);
  const format = useFormat();
  const all = seen.undoConflicts ?? [];
  const shown = all.slice(0, shownConflicts);
  return (
    <>
      <TableBox label={t.undoTable}>
        <table className="table">
          <thead>
            <tr>
              <th scope="col">{t.partner}</th>
              <th scope="col">{t.why2}</th>
            </tr>
          </thead>
          <tbody>
            {shown.map((conflict) => (
              <tr key={conflict.id}>
                <th scope="row">
                  <Link to={`/partners?partner=${conflict.id}`}>
                    <bdi dir="ltr" className="code">
                      {conflict.id}
                    </bdi>
                  </Link>
                </th>
                <td>
                  <Note note={conflict} />
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </TableBox>
      {seen.conflicts > shown.length ? <p className="muted">{t.firstListed(format.number(shown.length))}</p> : null}
    </>
  );
}
