import { useState } from 'react';
import { asCallError, type CallError, saveAs } from '../../api/http';
import { Button } from '../../parts/controls';
import { ErrorView } from '../../parts/show';
import { useFormat } from '../../text';
import type { Seen } from './steps';

/** Saves rows as a file for a spreadsheet: the columns of the imported file, what each row does, and its faults. */
export function Download({ path, seen, label }: { path: string; seen: Seen; label: string }) {
  const format = useFormat();
  const [received, setReceived] = useState<number | null>(null);
  const [error, setError] = useState<CallError | null>(null);
  const save = async () => {
    setReceived(0);
    setError(null);
    try {
      const name = `${(seen.file.name ?? 'import').replace(/\.[^.]*$/, '')} - ${label}.csv`;
      await saveAs(
        name,
        path,
        `text/csv; profile=spreadsheet; delimiter=${seen.file.delimiter ?? 'comma'}`,
        setReceived,
      );
    } catch (failure) {
      setError(asCallError(failure));
    }
    setReceived(null);
  };
  return (
    <div className="download">
      <Button icon="download" isPending={received !== null} onPress={() => void save()}>
        {received === null || received === 0 ? label : `${label} · ${format.bytes(received)}`}
      </Button>
      {error === null ? null : <ErrorView error={error} />}
    </div>
  );
}
