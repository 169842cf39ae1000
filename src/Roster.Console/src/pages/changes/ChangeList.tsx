import type { Change } from '../../api/generated';
import { FieldChanges } from '../../parts/FieldChanges';
import { useText } from '../../text';
import { common } from '../../text/common';
import { nameIn, PartnerLink } from './parts';

/** Changes of partners, each with its fields old → new. */
export function ChangeList({ items }: { items: readonly Change[] }) {
  const c = useText(common);
  if (items.length === 0) return null;
  return (
    <ul className="changed">
      {items.map((change, index) => (
        <li key={change.id ?? index}>
          <div className="changed-who">
            {change.id === null ? null : <PartnerLink id={change.id} known={nameIn(change)} />}
            <span className="muted small">{c.change[change.change]}</span>
          </div>
          {change.fields === undefined ? (
            <p className="muted">{c.gone}</p>
          ) : change.change === 'deleted' || change.change === 'restored' ? null : (
            <FieldChanges fields={change.fields} />
          )}
        </li>
      ))}
    </ul>
  );
}
