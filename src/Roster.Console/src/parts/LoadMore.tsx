import { useEffect, useRef } from 'react';
import type { Pages } from '../api/usePages';
import { useFormat, useText } from '../text';
import { common } from '../text/common';
import { Button } from './controls';
import { ErrorView } from './show';

/** Above a list that holds only the last items that were read: the way back to the first ones. */
export function CutNotice({ pages }: { pages: Pages<unknown> }) {
  const t = useText(common);
  const format = useFormat();
  return pages.isCut ? (
    <p className="spread notice list-cut">
      {t.cut(format.number(pages.most))}
      <Button onPress={pages.again}>{t.toNewest}</Button>
    </p>
  ) : null;
}

/** The end of a list that is read page by page: the next page is read when one scrolls near it, or by the button. */
export function LoadMore({ pages }: { pages: Pages<unknown> }) {
  const t = useText(common);
  const end = useRef<HTMLDivElement>(null);
  const { hasMore, error, isOld, more, isLoadingMore } = pages;
  useEffect(() => {
    const target = end.current;
    if (target === null || !hasMore || error !== null || isLoadingMore) return;
    const observer = new IntersectionObserver(
      (entries) => {
        if (entries.some((entry) => entry.isIntersecting)) more();
      },
      { rootMargin: '300px' },
    );
    observer.observe(target);
    return () => observer.disconnect();
  }, [hasMore, error, more, isLoadingMore]);
  const isPressed = useRef(false);
  useEffect(() => {
    // The button goes with the last page, and the focus with it.
    if (!hasMore && isPressed.current && document.activeElement === document.body)
      document.getElementById('main')?.focus({ preventScroll: true });
  }, [hasMore]);
  return (
    <div ref={end} className="load-more">
      {error === null ? null : <ErrorView error={error} {...(isOld ? { again: pages.again } : {})} />}
      {hasMore ? (
        <Button
          isPending={isLoadingMore}
          onPress={() => {
            isPressed.current = true;
            more();
          }}
        >
          {t.loadMore}
        </Button>
      ) : null}
    </div>
  );
}
