import type { ReactNode } from 'react';
import { go, hrefOf } from '../app/router';

/** A link to a page of the console. It opens in a new tab as other links do. */
export function Link({
  to,
  children,
  className,
  id,
  isCurrent,
}: {
  to: string;
  children: ReactNode;
  className?: string;
  id?: string;
  /** Whether it leads to what is shown: as a page, or as a step of several. */
  isCurrent?: 'page' | 'step' | false;
}) {
  return (
    <a
      id={id}
      className={className}
      href={hrefOf(to)}
      aria-current={isCurrent || undefined}
      onClick={(event) => {
        if (event.metaKey || event.ctrlKey || event.shiftKey || event.button !== 0) return;
        event.preventDefault();
        go(to);
      }}
    >
      {children}
    </a>
  );
}
