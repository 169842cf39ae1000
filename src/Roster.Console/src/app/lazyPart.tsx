import { type ComponentType, lazy } from 'react';
import { Button } from '../parts/controls';
import { Icon } from '../parts/Icon';
import { useText } from '../text';
import { common } from '../text/common';

/**
 * A part of the pages that is a file of its own, read when it is first shown. Where it cannot be read, the rest of the
 * page stays, with what is typed there, and says so in its place. It is not tried again: until the page is loaded anew,
 * Chromium fails a script that failed once without a request, and Vite takes a style sheet that failed for one that is
 * there.
 */
export function lazyPart<P extends object>(load: () => Promise<{ default: ComponentType<P> }>) {
  return lazy(() => load().catch(() => ({ default: NotLoaded as ComponentType<P> })));
}

function NotLoaded() {
  const t = useText(common);
  return (
    <div className="notice notice-bad" role="alert">
      <Icon name="warning" />
      <div className="stack-small">
        <strong>{t.notLoaded}</strong>
        <span>
          {/* Where something is typed and not saved, the browser asks first. */}
          <Button onPress={() => window.location.reload()}>{t.reload}</Button>
        </span>
      </div>
    </div>
  );
}
