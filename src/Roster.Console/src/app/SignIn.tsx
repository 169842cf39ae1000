import { type FormEvent, useCallback, useEffect, useId, useState } from 'react';
import type { Doors } from '../api/generated';
import type { CallError } from '../api/http';
import { useCall } from '../api/useCall';
import { Button, TextInput } from '../parts/controls';
import { Sheet, ShownOnce } from '../parts/Dialogs';
import { ErrorView } from '../parts/show';
import { useStore } from '../store';
import { useText } from '../text';
import { signInText } from '../text/signIn';
import { link, listenForLinks } from './link';
import { hrefOf, setQuery } from './router';
import { type Owner, useSession, useSessionState } from './session';

type Refusal = 'oidc' | 'oidc-again' | 'oidc-down';

/** Why the organisation's sign-in led back here; null if it did not. */
function readRefusal(): Refusal | null {
  const refused = new URLSearchParams(window.location.search).get('refused');
  return refused === 'oidc' || refused === 'oidc-again' || refused === 'oidc-down' ? refused : null;
}

/** What is shown to who is not signed in, or has opened a link. */
export function SignInPage() {
  const t = useText(signInText);
  const { session, signIn, error, again } = useSessionState();
  const token = useStore(link);
  const [linkError, setLinkError] = useState<CallError | null>(null);
  const [isOpening, setIsOpening] = useState(token !== null && session === null);
  const [refusal] = useState(readRefusal);
  useEffect(() => {
    if (refusal !== null) setQuery({ refused: null });
  }, [refusal]);
  useEffect(listenForLinks, []);
  const open = useCallback(
    async (opened: string) => {
      setIsOpening(true);
      setLinkError(null);
      const failure = await signIn({ link: opened });
      if (failure === null) link.set(null);
      else setIsOpening(false);
      setLinkError(failure);
    },
    [signIn],
  );
  useEffect(() => {
    // Where somebody is signed in, the person says whether it is opened.
    if (token === null || session !== null || link.get() !== token) return;
    link.set(null);
    void open(token);
  }, [token, session, open]);
  const isAsking = session !== null && token !== null && !isOpening;
  return (
    <main className="sign-in">
      <div className="card stack">
        <h1>{isAsking ? t.signedIn : t.signInTitle}</h1>
        {refusal === null ? null : (
          <p className="notice notice-bad" role="alert">
            {t.refused[refusal]}
          </p>
        )}
        {isOpening ? (
          <p role="status">{t.linkWorking}</p>
        ) : isAsking ? (
          <>
            <p>{t.linkAsk(session.actor.name, session.workspace.name)}</p>
            <p className="muted">{t.linkAskHint}</p>
            <div className="row">
              <Button look="primary" onPress={() => void open(token)} autoFocus>
                {t.linkOpen}
              </Button>
              <Button onPress={() => link.set(null)}>{t.linkStay(session.workspace.name)}</Button>
            </div>
          </>
        ) : (
          <KeyForm />
        )}
        {linkError === null ? null : linkError.status === 401 ? (
          <p className="notice notice-bad" role="alert">
            {t.linkFailed}
          </p>
        ) : (
          <ErrorView error={linkError} />
        )}
        {error === null ? null : <ErrorView error={error} again={again} />}
        {session === null ? <p className="muted small">{t.orLink}</p> : null}
      </div>
    </main>
  );
}

/** Over the page, where the session has ended: the page and what was typed into it stay. */
export function SignInAgain() {
  const t = useText(signInText);
  useSessionBack();
  return (
    <Sheet title={t.ended} isOpen onClose={() => undefined} size="small" isDismissable={false}>
      <p className="muted">{t.endedHint}</p>
      <KeyForm isAgain />
    </Sheet>
  );
}

/** Over the page, where another tab has signed in as somebody else: what is here would be read and written as theirs. */
export function Elsewhere({ owner }: { owner: Owner }) {
  const t = useText(signInText);
  const { actor, workspace } = useSession();
  useSessionBack();
  return (
    <Sheet
      title={t.elsewhere}
      isOpen
      onClose={() => undefined}
      size="small"
      isDismissable={false}
      footer={
        <Button look="primary" onPress={() => window.location.assign(hrefOf('/'))} autoFocus>
          {t.goOnAs(owner.name)}
        </Button>
      }
    >
      <p>{t.elsewhereNow(owner.name, owner.workspace)}</p>
      <p className="muted">{t.elsewhereHint(actor.name, workspace.name)}</p>
    </Sheet>
  );
}

/** Milliseconds between two looks for a session that was begun in another tab, and how long it is looked for. */
const lookEvery = 5_000;
const lookFor = 15 * 60_000;

/** While the dialog is open: looks whether there is a session again, when this tab is come back to and now and then. */
function useSessionBack(): void {
  const { resume } = useSessionState();
  useEffect(() => {
    const end = new AbortController();
    const { signal } = end;
    let isLooking = false;
    const look = async () => {
      if (isLooking || document.visibilityState !== 'visible') return;
      isLooking = true;
      await resume(signal);
      isLooking = false;
    };
    const timer = setInterval(() => void look(), lookEvery);
    const stop = setTimeout(() => clearInterval(timer), lookFor);
    window.addEventListener('focus', () => void look(), { signal });
    document.addEventListener('visibilitychange', () => void look(), { signal });
    return () => {
      end.abort();
      clearInterval(timer);
      clearTimeout(stop);
    };
  }, [resume]);
}

/** Shows the key that a link gave, once. */
export function NewKey({ secret, onClose }: { secret: string; onClose: () => void }) {
  const t = useText(signInText);
  return (
    <ShownOnce title={t.yourKey} hint={t.yourKeyHint} secret={secret} action={t.kept} isOverAll onClose={onClose} />
  );
}

function KeyForm({ isAgain = false }: { isAgain?: boolean }) {
  const t = useText(signInText);
  const { signIn } = useSessionState();
  const hint = useId();
  const [key, setKey] = useState('');
  const [isRunning, setIsRunning] = useState(false);
  const [error, setError] = useState<CallError | null>(null);
  const doors = useCall<Doors>('/api/session/doors').answer?.data;
  const submit = (event: FormEvent) => {
    event.preventDefault();
    setIsRunning(true);
    void signIn({ key }).then((failure) => {
      setError(failure);
      setIsRunning(false);
      if (failure === null) setKey('');
    });
  };
  return (
    <form className="stack" onSubmit={submit}>
      <TextInput
        label={t.keyLabel}
        hint={t.keyHint}
        value={key}
        onChange={setKey}
        type="password"
        autoComplete="current-password"
        isRequired
        isLatin
        autoFocus
      />
      {error === null ? null : <ErrorView error={error} />}
      <Button look="primary" type="submit" isPending={isRunning}>
        {t.signIn}
      </Button>
      {doors?.openIdConnect === true ? (
        <a
          className="button button-plain"
          href={`/api/session/oidc?to=${encodeURIComponent(window.location.pathname + window.location.search)}`}
          // This page has what was typed, so the provider is shown in another tab.
          {...(isAgain ? { target: '_blank', rel: 'noopener', 'aria-describedby': hint } : {})}
        >
          {t.withProvider}
        </a>
      ) : null}
      {isAgain && doors?.openIdConnect === true ? (
        <p id={hint} className="muted small">
          {t.withProviderHint}
        </p>
      ) : null}
    </form>
  );
}
