import { type ReactNode, useEffect, useRef, useState } from 'react';

/** Around a table that is larger than its place: it scrolls, by keyboard too. */
export function TableBox({
  label,
  isBusy = false,
  children,
}: {
  label: string;
  /** Whether other rows are on their way. */
  isBusy?: boolean;
  children: ReactNode;
}) {
  const box = useRef<HTMLElement>(null);
  const [isScrolling, setIsScrolling] = useState(false);
  useEffect(() => {
    const target = box.current;
    if (target === null) return;
    const observer = new ResizeObserver(() =>
      setIsScrolling(target.scrollWidth > target.clientWidth + 1 || target.scrollHeight > target.clientHeight + 1),
    );
    observer.observe(target);
    if (target.firstElementChild !== null) observer.observe(target.firstElementChild);
    return () => observer.disconnect();
  }, []);
  return (
    <section
      ref={box}
      className="table-box"
      aria-label={label}
      aria-busy={isBusy || undefined}
      tabIndex={isScrolling ? 0 : undefined}
    >
      {children}
    </section>
  );
}
