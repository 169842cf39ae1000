import { useCallback, useEffect, useRef, useState } from 'react';
import { FileTrigger } from 'react-aria-components';
import { CallError, call } from '../../api/http';
import { forgetAnswers } from '../../api/useCall';
import { takeDroppedFile } from '../../app/dropped';
import { go, usePlace } from '../../app/router';
import { showFailure, showNote } from '../../app/toasts';
import { Button, TextInput } from '../../parts/controls';
import { Sheet } from '../../parts/Dialogs';
import { Icon } from '../../parts/Icon';
import { ErrorView } from '../../parts/show';
import { useFormat, useText } from '../../text';
import { common } from '../../text/common';
import { importTexts } from '../../text/imports';
import { Bar, Note } from './parts';
import { isCertain, type Seen, stepOf } from './steps';
import { upload } from './upload';

interface Sending {
  readonly name: string;
  readonly size: number;
  readonly sent: number;
}

/** Takes a file: dropped on this or another page, picked, or pasted as cells. */
export function UploadArea() {
  const t = useText(importTexts);
  const place = usePlace();
  const [pasted, setPasted] = useState<string | null>(null);
  const [sending, setSending] = useState<Sending | null>(null);
  const [error, setError] = useState<CallError | null>(null);
  const end = useRef<AbortController | null>(null);
  const area = useRef<HTMLDivElement>(null);
  const isShown = useRef(true);
  const readRef = useRef(t.wasRead);
  readRef.current = t.wasRead;

  const send = useCallback(async (file: Blob, name: string) => {
    end.current?.abort();
    const mine = new AbortController();
    end.current = mine;
    setError(null);
    setSending({ name, size: file.size, sent: 0 });
    try {
      const seen = await upload(file, name, (sent) => setSending({ name, size: file.size, sent }), mine.signal);
      const isPlanned = isCertain(seen) && stepOf(seen) === 'columns' && (await plan(seen));
      forgetAnswers();
      if (!isShown.current) {
        showNote(readRef.current(name));
        return;
      }
      go(isPlanned ? `/imports/${seen.id}/preview` : `/imports/${seen.id}/${stepOf(seen)}`);
    } catch (failure) {
      if (mine.signal.aborted) return;
      if (!(failure instanceof CallError)) throw failure;
      if (!isShown.current) showFailure(failure);
      setError(failure);
      setSending(null);
      forgetAnswers();
    }
  }, []);
  // An upload goes on while other pages are looked at.
  useEffect(() => {
    isShown.current = true;
    return () => {
      isShown.current = false;
    };
  }, []);

  useEffect(() => {
    if (!place.query.has('dropped')) return;
    const file = takeDroppedFile();
    go('/imports', { replace: true });
    if (file !== null) void send(file, file.name);
  }, [place, send]);

  useEffect(() => {
    const listen = (event: ClipboardEvent) => {
      if (event.target instanceof HTMLElement && event.target.closest('input, textarea') !== null) return;
      const file = event.clipboardData?.files[0];
      const text = event.clipboardData?.getData('text/plain') ?? '';
      if (file !== undefined && text === '') void send(file, file.name);
      else if (text.includes('\t') || text.includes('\n')) setPasted(text);
      else return;
      event.preventDefault();
    };
    document.addEventListener('paste', listen);
    return () => document.removeEventListener('paste', listen);
  }, [send]);

  // The button that was pressed, or the progress, is gone: the focus begins again where a file is chosen.
  const isSending = sending !== null;
  const wasSending = useRef(false);
  useEffect(() => {
    if (wasSending.current && !isSending && document.activeElement === document.body)
      area.current?.querySelector('button')?.focus();
    wasSending.current = isSending;
  }, [isSending]);

  const cancel = () => {
    end.current?.abort();
    setSending(null);
    forgetAnswers();
  };
  if (sending !== null) return <Upload sending={sending} onCancel={cancel} />;
  return (
    <>
      {error === null ? null : <Refused error={error} />}
      <div className="drop" ref={area}>
        <Icon name="import" size={28} />
        <h2>{t.drop}</h2>
        <p className="muted">{t.dropHint}</p>
        <div className="row">
          <FileTrigger
            onSelect={(files) => {
              const file = files?.[0];
              if (file !== undefined) void send(file, file.name);
            }}
          >
            <Button look="primary">{t.choose}</Button>
          </FileTrigger>
          <Button onPress={() => setPasted('')}>{t.paste}</Button>
        </div>
      </div>
      <PasteSheet
        text={pasted}
        onChange={setPasted}
        onSend={(text) => {
          setPasted(null);
          void send(new Blob([text], { type: 'text/tab-separated-values' }), t.pastedName);
        }}
      />
    </>
  );
}

/** Where the name of every column is known, there is nothing to ask: what would change is worked out at once. */
async function plan(seen: Seen): Promise<boolean> {
  try {
    await call({ method: 'POST', path: `/api/imports/${seen.id}/plan` });
    return true;
  } catch (failure) {
    // The next page has the button, and shows why it fails.
    if (failure instanceof CallError) return false;
    throw failure;
  }
}

function Upload({ sending, onCancel }: { sending: Sending; onCancel: () => void }) {
  const t = useText(importTexts);
  const format = useFormat();
  const { name, size, sent } = sending;
  const isSent = sent >= size;
  const label = isSent ? t.reading(name) : t.uploading(name);
  return (
    <div className="drop">
      <h2>
        <bdi role="status">{label}</bdi>
      </h2>
      <Bar label={label} share={isSent || size === 0 ? null : sent / size} />
      <p className="muted">{t.workOf(format.bytes(sent), format.bytes(size))}</p>
      <Button onPress={onCancel}>{t.cancelUpload}</Button>
    </div>
  );
}

function Refused({ error }: { error: CallError }) {
  const t = useText(importTexts);
  const reason = error.problem?.reason;
  if (reason === undefined) return <ErrorView error={error} />;
  return (
    <div className="notice notice-bad" role="alert">
      <Icon name="warning" />
      <div className="stack-small">
        <strong>
          <Note note={{ code: reason, message: error.problem?.error.en ?? '' }} />
        </strong>
        <span>{t.refusedListed}</span>
      </div>
    </div>
  );
}

function PasteSheet({
  text,
  onChange,
  onSend,
}: {
  text: string | null;
  onChange: (text: string | null) => void;
  onSend: (text: string) => void;
}) {
  const t = useText(importTexts);
  const names = useText(common);
  const isEmpty = text === null || text.trim() === '';
  return (
    <Sheet
      title={t.paste}
      isOpen={text !== null}
      onClose={() => onChange(null)}
      size="large"
      footer={
        <>
          <Button onPress={() => onChange(null)}>{names.cancel}</Button>
          <Button look="primary" isDisabled={isEmpty} onPress={() => onSend(text ?? '')}>
            {t.pasteRead}
          </Button>
        </>
      }
    >
      <div className="paste">
        <TextInput label={t.pasteLabel} hint={t.pasteHint} value={text ?? ''} onChange={onChange} isLong autoFocus />
      </div>
    </Sheet>
  );
}
