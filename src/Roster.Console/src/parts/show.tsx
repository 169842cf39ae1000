import { type ReactNode, useEffect, useState } from 'react';
import type { CallError } from '../api/http';
import { useNow } from '../app/clock';
import { usePreferences } from '../app/preferences';
import { useFormat, useText } from '../text';
import { common } from '../text/common';
import { Button, IconButton } from './controls';
import { FaultText } from './Fault';
import { Icon, type IconName } from './Icon';

/** A name as its own writing direction wants it. */
export function Name({ children }: { children: string }) {
  return <bdi>{children}</bdi>;
}

/** An address, phone or id: from left to right, also within Arabic text. */
export function Latin({ children, isCode = false }: { children: string; isCode?: boolean }) {
  return (
    <bdi dir="ltr" className={isCode ? 'code' : undefined}>
      {children}
    </bdi>
  );
}

/** How long ago; the exact time is its tooltip. */
export function Ago({ at }: { at: string }) {
  const format = useFormat();
  const now = useNow();
  // What has just happened is later than the half minute that the page knows.
  const latest = Math.max(now, Math.min(Date.parse(at), now + 60_000));
  return (
    <time dateTime={at} title={format.time(at)}>
      {format.ago(at, latest)}
    </time>
  );
}

export function Time({ at }: { at: string }) {
  const format = useFormat();
  return <time dateTime={at}>{format.time(at)}</time>;
}

export function Badge({
  tone = 'plain',
  children,
}: {
  tone?: 'plain' | 'good' | 'warn' | 'bad' | 'info';
  children: ReactNode;
}) {
  return <span className={`badge badge-${tone}`}>{children}</span>;
}

/** Who did something. */
export function Who({ actor }: { actor: { name: string; kind: string } | null | undefined }) {
  const t = useText(common);
  if (actor === null || actor === undefined) return <span className="muted">{t.operator}</span>;
  return (
    <span className="who">
      <Icon name={actor.kind === 'person' ? 'people' : 'keys'} size={14} />
      <Name>{actor.name}</Name>
    </span>
  );
}

/** A button that copies a text. Where the browser refuses, as it does without HTTPS, the text is shown to be selected. */
export function Copy({ text, label }: { text: string; label?: string | undefined }) {
  const t = useText(common);
  const [state, setState] = useState<'ready' | 'copied' | 'refused'>('ready');
  useEffect(() => {
    if (state !== 'copied') return;
    const timer = setTimeout(() => setState('ready'), 2_000);
    return () => clearTimeout(timer);
  }, [state]);
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(text);
      setState('copied');
    } catch {
      setState('refused');
    }
  };
  return (
    <>
      <IconButton
        icon={state === 'copied' ? 'check' : 'copy'}
        label={state === 'copied' ? t.copied : (label ?? t.copy)}
        onPress={() => void copy()}
      />
      {state === 'refused' ? (
        <span className="copy-refused stack-small" role="alert">
          <span>{t.copyRefused}</span>
          <textarea
            className="input"
            dir="ltr"
            readOnly
            rows={text.includes('\n') ? 4 : 2}
            aria-label={t.copyText}
            value={text}
            onFocus={(event) => event.currentTarget.select()}
          />
        </span>
      ) : null}
    </>
  );
}

/** What went wrong, with what the server says about it in the reader's language, and the request's id. */
export function ErrorView({ error, again }: { error: CallError; again?: () => void }) {
  const t = useText(common);
  const { language } = usePreferences();
  const { problem } = error;
  return (
    <div className="notice notice-bad" role="alert">
      <Icon name="warning" />
      <div className="stack-small">
        <strong>{problem?.error[language] ?? (error.isOffline ? t.offline : t.failed)}</strong>
        {(problem?.details ?? []).slice(0, 20).map((fault) => (
          <span key={`${fault.index} ${fault.field} ${fault.code} ${fault.message}`}>
            <FaultText fault={fault} />
          </span>
        ))}
        {problem === null ? null : (
          <span className="muted small">
            <Latin isCode>{t.requestId(problem.requestId)}</Latin>
          </span>
        )}
        {again === undefined ? null : (
          <span>
            <Button
              onPress={() => {
                // The button goes with the error, so the focus moves to the page first.
                document.getElementById('main')?.focus({ preventScroll: true });
                again();
              }}
            >
              {t.tryAgain}
            </Button>
          </span>
        )}
      </div>
    </div>
  );
}

/** A page or list that has nothing: why, and what to do. */
export function Empty({ icon, title, children }: { icon: IconName; title: string; children?: ReactNode }) {
  return (
    <div className="empty">
      <Icon name={icon} size={32} />
      <h2>{title}</h2>
      {children}
    </div>
  );
}

export function Loading() {
  const t = useText(common);
  return (
    <div className="loading" role="status">
      <span className="visually-hidden">{t.loading}</span>
      <span className="bone" />
      <span className="bone" />
      <span className="bone" />
    </div>
  );
}

/** The head of a page: its title, what it is, and what can be done. */
export function PageHead({ title, sub, children }: { title: string; sub?: ReactNode; children?: ReactNode }) {
  return (
    <header className="page-head">
      <div>
        <h1>{title}</h1>
        {sub === undefined ? null : <p className="muted">{sub}</p>}
      </div>
      <div className="page-actions">{children}</div>
    </header>
  );
}
