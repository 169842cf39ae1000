import { useText } from '../text';
import { common } from '../text/common';
import { Latin, Name } from './show';

type Value = string | readonly string[] | null;
interface OldAndNew {
  readonly old: Value;
  readonly new: Value;
}

/** What changed of a partner: each field's old and new value. */
export function FieldChanges({
  fields,
  onRestore,
  restoreLabel,
  isNew = false,
}: {
  fields: Readonly<Record<string, OldAndNew | undefined>>;
  /** Where given, each field has a button that brings its old value back. */
  onRestore?: ((field: string, old: Value) => void) | undefined;
  restoreLabel?: string;
  /** A partner that was created had nothing before. */
  isNew?: boolean;
}) {
  return (
    <ul className="field-changes">
      {changedIn(fields).map(([name, value]) => (
        <li key={name}>
          <span className="muted">
            <FieldName name={name} />
          </span>
          <span className="old-new">
            {isNew ? null : (
              <>
                <FieldValue name={name} value={value.old} tag="del" />{' '}
                <span aria-hidden="true" className="arrow">
                  →
                </span>{' '}
              </>
            )}
            <FieldValue name={name} value={value.new} tag="ins" />
          </span>
          {onRestore === undefined || name === 'deletedAt' ? null : (
            <button type="button" className="link" onClick={() => onRestore(name, value.old)}>
              {restoreLabel}
            </button>
          )}
        </li>
      ))}
    </ul>
  );
}

function changedIn(fields: Readonly<Record<string, OldAndNew | undefined>>): [string, OldAndNew][] {
  return Object.entries(fields).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]]));
}

/** A field's name for people: `metadata.region` is its key. */
export function FieldName({ name }: { name: string }) {
  const t = useText(common);
  const known: Record<string, string> = {
    name: t.name,
    email: t.email,
    phone: t.phone,
    externalId: t.externalId,
    tags: t.tags,
    deletedAt: t.deletedAt,
    id: t.id,
  };
  return known[name] ?? <Latin>{name.replace(/^metadata\./, '')}</Latin>;
}

function FieldValue({ name, value, tag: Tag }: { name: string; value: Value; tag: 'del' | 'ins' }) {
  const t = useText(common);
  if (value === null || value.length === 0) return <span className="muted">{t.nothing}</span>;
  const text = typeof value === 'string' ? value : value.join(' · ');
  return (
    <Tag>
      {name === 'email' || name === 'phone' || name === 'externalId' ? <Latin>{text}</Latin> : <Name>{text}</Name>}
    </Tag>
  );
}
