import { useEffect, useState } from 'react';
import { asCurl } from '../api/curl';
import type { Call } from '../api/http';
import { Button } from '../parts/controls';
import { Sheet } from '../parts/Dialogs';
import { Copy } from '../parts/show';
import { storeOf, useStore } from '../store';
import { useText } from '../text';
import { common } from '../text/common';

const shownCalls = storeOf<readonly Call[]>([]);

/** Tells "As curl" which calls the page is made of. */
export function useShownCalls(...calls: readonly (Call | null)[]): void {
  const known = JSON.stringify(calls.filter((call) => call !== null));
  useEffect(() => {
    shownCalls.set(JSON.parse(known) as Call[]);
    return () => shownCalls.set([]);
  }, [known]);
}

/** The button "As curl", and the calls of the page that is shown. */
export function AsCurl() {
  const t = useText(common);
  const [isOpen, setIsOpen] = useState(false);
  const calls = useStore(shownCalls);
  if (calls.length === 0) return null;
  return (
    <>
      <Button look="quiet" icon="code" onPress={() => setIsOpen(true)}>
        {t.asCurl}
      </Button>
      <Sheet title={t.asCurl} isOpen={isOpen} onClose={() => setIsOpen(false)}>
        <p className="muted">{t.curlHint}</p>
        {calls.map((shown) => {
          const text = asCurl(shown, window.location.origin);
          return (
            <div className="code-block" key={text}>
              {/* biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, so the keyboard must reach it */}
              <pre dir="ltr" tabIndex={0}>
                {text}
              </pre>
              <Copy text={text} />
            </div>
          );
        })}
      </Sheet>
    </>
  );
}
