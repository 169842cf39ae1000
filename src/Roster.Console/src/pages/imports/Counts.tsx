import { useText } from '../../text';
import { common } from '../../text/common';
import { importTexts } from '../../text/imports';
import { useWorkText } from './parts';
import { isDone, type Seen } from './steps';

const shown = ['created', 'updated', 'deleted', 'unchanged', 'faulty', 'skipped'] as const;

/** What an import did, or what its plan does, in numbers; those that are 0 are left out. */
export function Counts({ seen }: { seen: Seen }) {
  const t = useText(importTexts);
  const names = useText(common);
  const work = useWorkText(seen);
  if (seen.work !== null) return <span className="muted">{work}…</span>;
  if (seen.counts === null) return null;
  const counts = seen.counts;
  const textOf = { ...names.counts, faulty: t.areFaulty, skipped: t.areSkipped };
  return (
    <div className="row">
      {isDone(seen) ? null : <span>{t.asPlanned}</span>}
      <ul className="counts">
        {shown
          .filter((name) => counts[name] > 0)
          .map((name) => (
            <li key={name} className={name === 'faulty' ? 'count-bad' : undefined}>
              {textOf[name](counts[name])}
            </li>
          ))}
      </ul>
    </div>
  );
}
