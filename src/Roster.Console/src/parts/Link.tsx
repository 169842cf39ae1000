import type { ReactNode } from 'react';
import { go, hrefOf } from '../app/router';

/** A link to a page of the console. It opens in a new tab as other links do. */
export function Link({
  to,
  children,
  className,
  id,
}: {
  to: string;
  children: ReactNode;
  className?: string;
  id?: string;
}) {
  return (
    <a
      id={id}
      className={className}
      href={hrefOf(to)}
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
