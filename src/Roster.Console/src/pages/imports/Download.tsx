import { useState } from 'react';
import { CallError } from '../../api/http';
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
      const blob = await readFile(path, seen.file.delimiter ?? 'comma', setReceived);
      const link = document.createElement('a');
      link.href = URL.createObjectURL(blob);
      link.download = `${(seen.file.name ?? 'import').replace(/\.[^.]*$/, '')} - ${label}.csv`;
      link.click();
      setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
    } catch (failure) {
      setError(failure instanceof CallError ? failure : new CallError(0, null));
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

async function readFile(path: string, delimiter: string, onReceived: (bytes: number) => void): Promise<Blob> {
  const response = await fetch(path, {
    headers: { Accept: `text/csv; profile=spreadsheet; delimiter=${delimiter}` },
  });
  if (!response.ok) throw new CallError(response.status, await response.json());
  const parts: BlobPart[] = [];
  let bytes = 0;
  const reader = response.body?.getReader();
  for (let part = await reader?.read(); part?.value !== undefined; part = await reader?.read()) {
    parts.push(part.value as BlobPart);
    bytes += part.value.length;
    onReceived(bytes);
  }
  return new Blob(parts, { type: 'text/csv' });
}
