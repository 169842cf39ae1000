import { type DragEvent, type ReactNode, Suspense, useEffect, useRef, useState } from 'react';
import { Button as AriaButton, Menu, MenuItem, MenuTrigger, Popover, Separator } from 'react-aria-components';
import { IconButton } from '../parts/controls';
import { DiscardQuestion } from '../parts/Dialogs';
import { Icon } from '../parts/Icon';
import { Link } from '../parts/Link';
import { Loading, Name, PageHead } from '../parts/show';
import { useStore } from '../store';
import { useText } from '../text';
import { common } from '../text/common';
import { shell } from '../text/shell';
import { Boundary } from './Boundary';
import { isApple } from './device';
import { holdDroppedFiles } from './dropped';
import { keyOf } from './keys';
import { lazyPart } from './lazyPart';
import { Palette } from './Palette';
import { pages } from './pages';
import { setPreferences, usePreferences } from './preferences';
import { ask, go, leaving, partsOf, setQuery, usePlace } from './router';
import { useSession, useSessionState } from './session';
import { useShortcuts } from './shortcuts';
import { Toasts } from './toasts';

/** Read when it is first opened. The palette is not: one types at once. */
const Help = lazyPart(() => import('./Help'));
const SignInAgain = lazyPart(async () => ({ default: (await import('./SignIn')).SignInAgain }));
const Elsewhere = lazyPart(async () => ({ default: (await import('./SignIn')).Elsewhere }));
const NewKey = lazyPart(async () => ({ default: (await import('./SignIn')).NewKey }));

/** The frame around each page: the pages on one side, the page, and what lies over it. */
export function Shell() {
  const t = useText(common);
  const { path, query } = usePlace();
  const session = useSession();
  const { hasEnded, elsewhere, newKey, keyIsKept } = useSessionState();
  const [isPaletteOpen, setIsPaletteOpen] = useState(false);
  const [isHelpOpen, setIsHelpOpen] = useState(false);
  const [isMenuOpen, setIsMenuOpen] = useState(false);
  const allowed = pages.filter((page) => session.may(page.scope));
  const page = pages.find((one) => path === one.path || path.startsWith(`${one.path}/`)) ?? null;
  const main = useRef<HTMLElement>(null);

  useEffect(() => {
    if (path === '/') go(allowed[0]?.path ?? '/partners', { replace: true });
  }, [path, allowed]);
  useEffect(() => {
    document.title = page === null ? 'Roster' : `${t[page.name]} · Roster`;
  }, [page, t]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: another page closes the menu and gets the focus
  useEffect(() => {
    setIsMenuOpen(false);
    if (document.activeElement === document.body || document.activeElement?.closest('.nav') !== null)
      main.current?.focus({ preventScroll: true });
  }, [page]);
  useEffect(() => {
    const listen = (event: KeyboardEvent) => {
      if ((event.ctrlKey || event.metaKey) && !event.altKey && keyOf(event).toLowerCase() === 'k') {
        event.preventDefault();
        setIsPaletteOpen((isOpen) => !isOpen);
      }
    };
    document.addEventListener('keydown', listen);
    return () => document.removeEventListener('keydown', listen);
  }, []);
  useEffect(() => {
    // Where the session ends, it is needed at once, and the server may have another one by then.
    const timer = setTimeout(() => void import('./SignIn').catch(() => undefined), 10_000);
    return () => clearTimeout(timer);
  }, []);
  useShortcuts({
    '?': () => setIsHelpOpen(true),
    c: () => {
      if (!session.may('partnersWrite')) return;
      // A new partner is made now, and not in the past.
      if (path === '/partners' && !query.has('asOf')) setQuery({ new: '' }, { replace: false });
      else go('/partners?new=');
    },
    ...Object.fromEntries(
      allowed.flatMap((one) => (one.key === undefined ? [] : [[`g ${one.key}`, () => go(one.path)]])),
    ),
  });

  return (
    <>
      <a className="skip" href="#main">
        {t.skip}
      </a>
      <div className={isMenuOpen ? 'shell shell-open' : 'shell'}>
        <header className="top">
          <IconButton
            icon="menu"
            label={t.menu}
            onPress={() => setIsMenuOpen(!isMenuOpen)}
            aria-expanded={isMenuOpen}
          />
          <span className="brand">Roster</span>
          <IconButton icon="search" label={t.commands} onPress={() => setIsPaletteOpen(true)} />
        </header>
        <div className="side">
          <header className="side-head">
            <span className="brand">Roster</span>
            <span className="muted small">
              <Name>{session.workspace.name}</Name>
            </span>
          </header>
          <AriaButton className="palette-button" onPress={() => setIsPaletteOpen(true)}>
            <Icon name="search" size={16} />
            <span>{t.commands}</span>
            <kbd dir="ltr">{isApple() ? '⌘K' : 'Ctrl K'}</kbd>
          </AriaButton>
          <nav className="nav" aria-label={t.navigation}>
            {allowed.map((one) => (
              <Link key={one.path} to={one.path} className="nav-link" isCurrent={one === page && 'page'}>
                <Icon name={one.icon} />
                {t[one.name]}
              </Link>
            ))}
          </nav>
          <UserMenu onHelp={() => setIsHelpOpen(true)} />
        </div>
        <Dropping>
          <main id="main" className="main" ref={main} tabIndex={-1}>
            <Boundary key={page?.path}>
              <Suspense fallback={<Loading />}>
                {page === null ? (
                  path === '/' ? null : (
                    <NoPage />
                  )
                ) : (
                  <page.view below={partsOf(path.slice(page.path.length))} />
                )}
              </Suspense>
            </Boundary>
          </main>
        </Dropping>
      </div>
      <Palette isOpen={isPaletteOpen} onClose={() => setIsPaletteOpen(false)} allowed={allowed} />
      <Boundary key={isHelpOpen ? 'help' : 'none'}>
        <Suspense>{isHelpOpen ? <Help onClose={() => setIsHelpOpen(false)} /> : null}</Suspense>
      </Boundary>
      <Leaving />
      <Toasts />
      <Boundary key={elsewhere !== null ? 'elsewhere' : hasEnded ? 'ended' : 'signed in'}>
        <Suspense>{elsewhere !== null ? <Elsewhere owner={elsewhere} /> : hasEnded ? <SignInAgain /> : null}</Suspense>
      </Boundary>
      <Suspense>{newKey === null ? null : <NewKey secret={newKey} onClose={keyIsKept} />}</Suspense>
    </>
  );
}

/** Asks before a form with typed text, or a secret, is left. */
function Leaving() {
  const leave = useStore(leaving);
  return (
    <DiscardQuestion
      isOpen={leave !== null}
      isSecret={leave?.loss === 'secret'}
      onClose={() => leaving.set(null)}
      onDiscard={() => {
        leaving.set(null);
        leave?.go();
      }}
    />
  );
}

function UserMenu({ onHelp }: { onHelp: () => void }) {
  const t = useText(common);
  const session = useSession();
  const { signOut } = useSessionState();
  const { language, theme, hasSingleKeys } = usePreferences();
  return (
    <MenuTrigger>
      <AriaButton className="user">
        <Icon name="people" />
        <span className="user-name">
          <Name>{session.actor.name}</Name>
          <span className="muted small">{session.role === null ? '' : t.role[session.role]}</span>
        </span>
      </AriaButton>
      <Popover className="popover" placement="top start">
        <Menu
          className="menu"
          onAction={(action) => {
            if (action === 'language') setPreferences({ language: language === 'en' ? 'ar' : 'en' });
            if (action === 'keys') setPreferences({ hasSingleKeys: !hasSingleKeys });
            if (action === 'help') onHelp();
            if (action === 'out') ask(() => void signOut());
            if (action === 'system' || action === 'light' || action === 'dark') setPreferences({ theme: action });
          }}
        >
          <MenuItem id="language" className="menu-item">
            {t.language}
          </MenuItem>
          <Separator className="menu-line" />
          {(['system', 'light', 'dark'] as const).map((one) => (
            <MenuItem id={one} key={one} className="menu-item" textValue={one}>
              <span className="menu-check">{theme === one ? <Icon name="check" size={14} /> : null}</span>
              {`${t.theme}: ${{ system: t.themeSystem, light: t.themeLight, dark: t.themeDark }[one]}`}
            </MenuItem>
          ))}
          <Separator className="menu-line" />
          <MenuItem id="keys" className="menu-item" textValue={t.singleKeys}>
            <span className="menu-check">{hasSingleKeys ? <Icon name="check" size={14} /> : null}</span>
            {t.singleKeys}
          </MenuItem>
          <MenuItem id="help" className="menu-item">
            {t.shortcuts}
          </MenuItem>
          <MenuItem className="menu-item" href="/help" target="_blank" rel="noopener">
            {t.manual}
          </MenuItem>
          <Separator className="menu-line" />
          <MenuItem id="out" className="menu-item">
            {t.signOut}
          </MenuItem>
        </Menu>
      </Popover>
    </MenuTrigger>
  );
}

/** A file can be dropped anywhere: it leads to the import. With the keyboard, files are chosen on that page. */
function Dropping({ children }: { children: ReactNode }) {
  const session = useSession();
  const [isOver, setIsOver] = useState(false);
  if (!session.may('linksWrite')) return <div className="stage">{children}</div>;
  const hasFile = (event: DragEvent) => event.dataTransfer.types.includes('Files') && !event.defaultPrevented;
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: only dropping, which the page Import has a button for
    <div
      className="stage"
      data-drop-target={isOver || undefined}
      onDragOver={(event) => {
        if (!hasFile(event)) return;
        event.preventDefault();
        setIsOver(true);
      }}
      onDragLeave={() => setIsOver(false)}
      onDrop={(event) => {
        setIsOver(false);
        const { files } = event.dataTransfer;
        if (files.length === 0 || !hasFile(event)) return;
        event.preventDefault();
        holdDroppedFiles(files);
        go('/imports?dropped=');
      }}
    >
      {children}
    </div>
  );
}

function NoPage() {
  const t = useText(shell);
  return <PageHead title={t.noPage} />;
}
