import { useId } from 'react';
import { type Scope, useSession } from '../../app/session';
import { useText } from '../../text';
import { common } from '../../text/common';
import { keys } from '../../text/keys';
import { hasAll, type Role, roles, scopes, scopesOf } from './grants';

/** A role, or single scopes. */
export interface Granted {
  readonly role: Role | 'single';
  readonly scopes: readonly Scope[];
}

export function scopesIn(granted: Granted): readonly Scope[] {
  return granted.role === 'single' ? granted.scopes : scopesOf[granted.role];
}

/** Chooses what a key or person may do. What the caller may not do cannot be given. */
export function Grant({
  value,
  onChange,
  error,
}: {
  value: Granted;
  onChange: (value: Granted) => void;
  error?: string | undefined;
}) {
  const t = useText(keys);
  const c = useText(common);
  const session = useSession();
  const id = useId();
  return (
    <fieldset className="grant" aria-describedby={error === undefined ? undefined : `${id}-error`}>
      <legend className="field-label">{t.mayDo}</legend>
      {[...roles, 'single' as const].map((role) => {
        const isAllowed = role === 'single' || hasAll(session.scopes, scopesOf[role]);
        return (
          <label key={role} className="choice">
            <input
              type="radio"
              name={id}
              checked={value.role === role}
              disabled={!isAllowed}
              onChange={() => onChange({ ...value, role })}
            />
            <span>
              {role === 'single' ? t.single : c.role[role]}
              <span className="choice-hint">
                {!isAllowed ? t.notYours : role === 'single' ? t.singleHint : t.roleHint[role]}
              </span>
            </span>
          </label>
        );
      })}
      {value.role === 'single' ? (
        <fieldset className="grant grant-scopes">
          <legend className="visually-hidden">{t.scopes}</legend>
          {scopes.map((scope) => (
            <label key={scope} className="choice">
              <input
                type="checkbox"
                checked={value.scopes.includes(scope)}
                disabled={!session.may(scope)}
                onChange={(event) =>
                  onChange({
                    ...value,
                    scopes: scopes.filter((one) => (one === scope ? event.target.checked : value.scopes.includes(one))),
                  })
                }
              />
              <span>
                <code dir="ltr">{scope}</code>
                <span className="choice-hint">{session.may(scope) ? t.scopeHint[scope] : t.notYours}</span>
              </span>
            </label>
          ))}
        </fieldset>
      ) : null}
      {error === undefined ? null : (
        <p id={`${id}-error`} className="field-error">
          {error}
        </p>
      )}
    </fieldset>
  );
}
