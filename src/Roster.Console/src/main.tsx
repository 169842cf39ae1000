import { StrictMode, Suspense } from 'react';
import { I18nProvider } from 'react-aria-components';
import { createRoot } from 'react-dom/client';
import { keepFocus } from './app/focus';
import { lazyPart } from './app/lazyPart';
import { link } from './app/link';
import { usePreferences } from './app/preferences';
import { Shell } from './app/Shell';
import { SessionProvider, useSessionState } from './app/session';
import { Loading } from './parts/show';
import { useStore } from './store';
import './styles/base.css';
import './styles/controls.css';
import './styles/layout.css';

const SignInPage = lazyPart(async () => ({ default: (await import('./app/SignIn')).SignInPage }));

function App() {
  const { session, isLoading } = useSessionState();
  const token = useStore(link);
  if (session !== null && token === null) return <Shell />;
  if (isLoading) return <Loading />;
  return (
    <Suspense fallback={<Loading />}>
      <SignInPage />
    </Suspense>
  );
}

function Root() {
  const { language } = usePreferences();
  return (
    <I18nProvider locale={language === 'ar' ? 'ar-AE-u-nu-latn' : 'en-US'}>
      <SessionProvider>
        <App />
      </SessionProvider>
    </I18nProvider>
  );
}

keepFocus();

const root = document.getElementById('root');
if (root !== null)
  createRoot(root).render(
    <StrictMode>
      <Root />
    </StrictMode>,
  );
