import { useCallback, useEffect, useRef, useState } from 'react';
import { FileTrigger } from 'react-aria-components';
import { takeDroppedFiles } from '../../app/dropped';
import { beforeNextPerson } from '../../app/nextPerson';
import { go, usePlace } from '../../app/router';
import { showFailure, showNote } from '../../app/toasts';
import { Button, TextInput } from '../../parts/controls';
import { Sheet } from '../../parts/Dialogs';
import { Icon } from '../../parts/Icon';
import { ErrorView } from '../../parts/show';
import { useStore } from '../../store';
import { useFormat, useText } from '../../text';
import { common } from '../../text/common';
import { importTexts } from '../../text/imports';
import { Bar, Note } from './parts';
import { stepOf } from './steps';
import { upload } from './upload';
import { plan, type Refusal, type Taken, type Upload, uploadsOf } from './uploads';

const texts = () => importTexts[document.documentElement.lang === 'ar' ? 'ar' : 'en'];

/** What ends while another page is shown is said there. */
const uploads = uploadsOf(upload, plan, {
  done: ({ name }) => showNote(texts().wasRead(name)),
  failed: ({ name }, error) => (error === null ? showNote(texts().unreadable(name)) : showFailure(error)),
});

beforeNextPerson(uploads.cancel);

type Running = Extract<Upload, { state: 'sending' }>;

/** Takes a file: dropped on this or another page, picked, or pasted as cells. */
export function UploadArea() {
  const t = useText(importTexts);
  const place = usePlace();
  const [pasted, setPasted] = useState<string | null>(null);
  const current = useStore(uploads.now);
  const area = useRef<HTMLDivElement>(null);

  const send = useCallback(
    (file: Blob, name: string): boolean => {
      const isBegun = uploads.begin({ file, name });
      if (!isBegun) showNote(t.oneUpload(name));
      return isBegun;
    },
    [t],
  );
  const sendFirst = useCallback(
    ([first, ...others]: readonly File[]) => {
      if (first === undefined) return;
      if (send(first, first.name) && others.length > 0) showNote(t.oneFile(first.name));
    },
    [t, send],
  );
  useEffect(
    () =>
      uploads.listen(({ seen, isPlanned }) =>
        go(isPlanned ? `/imports/${seen.id}/preview` : `/imports/${seen.id}/${stepOf(seen)}`),
      ),
    [],
  );

  useEffect(() => {
    if (!place.query.has('dropped')) return;
    const files = takeDroppedFiles();
    go('/imports', { replace: true });
    sendFirst(files);
  }, [place, sendFirst]);

  useEffect(() => {
    const listen = (event: ClipboardEvent) => {
      if (event.target instanceof HTMLElement && event.target.closest('input, textarea') !== null) return;
      const files = [...(event.clipboardData?.files ?? [])];
      const text = event.clipboardData?.getData('text/plain') ?? '';
      if (files.length > 0 && text === '') sendFirst(files);
      else if (!text.includes('\t') && !text.includes('\n')) return;
      else if (uploads.now.get()?.state === 'sending') showNote(t.oneUpload(t.pastedName));
      else setPasted(text);
      event.preventDefault();
    };
    document.addEventListener('paste', listen);
    return () => document.removeEventListener('paste', listen);
  }, [sendFirst, t]);

  // The button that was pressed, or the progress, is gone: the focus begins again where a file is chosen.
  const isSending = current?.state === 'sending';
  const wasSending = useRef(false);
  useEffect(() => {
    if (wasSending.current && !isSending && document.activeElement === document.body)
      area.current?.querySelector('button')?.focus();
    wasSending.current = isSending;
  }, [isSending]);

  if (current?.state === 'sending') return <Sending upload={current} onCancel={uploads.cancel} />;
  return (
    <>
      {current === null ? null : (
        <Refused
          error={current.error}
          taken={current.taken}
          again={() => send(current.taken.file, current.taken.name)}
        />
      )}
      <div className="drop" ref={area}>
        <Icon name="import" size={28} />
        <h2>{t.drop}</h2>
        <p className="muted">{t.dropHint}</p>
        <div className="row">
          <FileTrigger
            onSelect={(files) => {
              const file = files?.[0];
              if (file !== undefined) send(file, file.name);
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
          send(new Blob([text], { type: 'text/tab-separated-values' }), t.pastedName);
        }}
      />
    </>
  );
}

function Sending({ upload, onCancel }: { upload: Running; onCancel: () => void }) {
  const t = useText(importTexts);
  const format = useFormat();
  const { sent } = upload;
  const { name, file } = upload.taken;
  const size = file.size;
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

/** Faults of the file itself stay as they are when it is sent again; these are others. */
const passing: readonly (string | undefined)[] = [undefined, 'upload_broken_off', 'internal_error'];

/** Why a file was not taken. It is kept: where that may help, it can be sent again. */
function Refused({ error, taken, again }: { error: Refusal; taken: Taken; again: () => void }) {
  const t = useText(importTexts);
  const names = useText(common);
  const reason = error?.problem?.reason;
  return (
    <div className="stack-small">
      {error === null ? (
        <div className="notice notice-bad" role="alert">
          <Icon name="warning" />
          <strong>{t.unreadable(taken.name)}</strong>
        </div>
      ) : reason === undefined ? (
        <ErrorView error={error} />
      ) : (
        <div className="notice notice-bad" role="alert">
          <Icon name="warning" />
          <strong>
            <Note note={{ code: reason, message: error.problem?.error.en ?? '' }} />
          </strong>
        </div>
      )}
      <div className="spread">
        <span>{t.notUploaded(taken.name)}</span>
        <div className="row">
          <Button look="quiet" onPress={uploads.forget}>
            {t.discard}
          </Button>
          {error !== null && passing.includes(reason) ? <Button onPress={again}>{names.tryAgain}</Button> : null}
        </div>
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
      <div className="imports paste">
        <TextInput label={t.pasteLabel} hint={t.pasteHint} value={text ?? ''} onChange={onChange} isLong autoFocus />
      </div>
    </Sheet>
  );
}
