import { useState } from 'react';
import type { Fault } from '../../api/generated';
import { Button, IconButton, TextInput } from '../../parts/controls';
import { Badge, Name } from '../../parts/show';
import { useText } from '../../text';
import { common } from '../../text/common';
import { partnersText } from '../../text/partners';
import { type Draft, stateOf, type TextField, textFields } from './draft';

export interface PartnerFormProps {
  readonly before: Draft;
  readonly draft: Draft;
  readonly onChange: (draft: Draft) => void;
  /** Of the server's answer, shown beside their fields. */
  readonly faults: readonly Fault[];
  /** For a partner that is made, fields have no state. */
  readonly isNew?: boolean;
  readonly autoFocus?: boolean;
}

/** All fields of a partner. Beside each it says whether it will be changed, cleared, or stay. */
export function PartnerForm({ before, draft, onChange, faults, isNew = false, autoFocus = false }: PartnerFormProps) {
  const names = useText(common);
  const t = useText(partnersText);
  const faultOf = (field: string) =>
    faults
      .filter((fault) => fault.field === field || fault.field?.startsWith(`${field}.`) === true)
      .map((fault) => fault.message)
      .join(' ') || undefined;
  const types = { name: 'text', email: 'email', phone: 'tel', externalId: 'text' } as const;
  return (
    <div className="stack">
      {textFields.map((field: TextField) => {
        const state = stateOf(before[field], draft[field]);
        return (
          <TextInput
            key={field}
            label={names[field]}
            // An address is checked by the server alone: the browser's own rule is another one.
            type={types[field] === 'email' ? 'text' : types[field]}
            value={draft[field]}
            onChange={(value) => onChange({ ...draft, [field]: value })}
            isLatin={field !== 'name'}
            isRequired={field === 'name'}
            autoFocus={autoFocus && field === 'name'}
            autoComplete="off"
            error={faultOf(field)}
            after={
              isNew ? null : (
                <>
                  <StateBadge state={state} />
                  {state === 'changed' || state === 'cleared' ? (
                    <IconButton
                      icon="undo"
                      label={t.revertField(names[field])}
                      onPress={() => onChange({ ...draft, [field]: before[field] })}
                    />
                  ) : field !== 'name' && state === 'unchanged' ? (
                    <IconButton
                      icon="close"
                      label={t.clearField(names[field])}
                      onPress={() => onChange({ ...draft, [field]: '' })}
                    />
                  ) : null}
                </>
              )
            }
          />
        );
      })}
      <TagsInput tags={draft.tags} onChange={(tags) => onChange({ ...draft, tags })} error={faultOf('tags')} />
      <MetadataInput
        metadata={draft.metadata}
        onChange={(metadata) => onChange({ ...draft, metadata })}
        error={faultOf('metadata')}
      />
    </div>
  );
}

function StateBadge({ state }: { state: ReturnType<typeof stateOf> }) {
  const t = useText(partnersText);
  const tone = { unchanged: 'plain', empty: 'plain', changed: 'info', cleared: 'warn' } as const;
  return <Badge tone={tone[state]}>{t.state[state]}</Badge>;
}

function TagsInput({
  tags,
  onChange,
  error,
}: {
  tags: readonly string[];
  onChange: (tags: readonly string[]) => void;
  error: string | undefined;
}) {
  const t = useText(partnersText);
  const names = useText(common);
  const [text, setText] = useState('');
  const add = () => {
    const tag = text.trim();
    if (tag === '') return;
    if (!tags.some((one) => one.toLocaleLowerCase() === tag.toLocaleLowerCase())) onChange([...tags, tag]);
    setText('');
  };
  return (
    <fieldset className="group">
      <legend className="field-label">{names.tags}</legend>
      <div className="chips">
        {tags.map((tag) => (
          <span className="chip" key={tag}>
            <Name>{tag}</Name>
            <IconButton
              icon="close"
              label={t.removeTag(tag)}
              onPress={() => onChange(tags.filter((one) => one !== tag))}
            />
          </span>
        ))}
      </div>
      {/* biome-ignore lint/a11y/noStaticElementInteractions: Enter in the field adds the tag and does not save */}
      <div
        onKeyDown={(event) => {
          if (event.key !== 'Enter') return;
          event.preventDefault();
          add();
        }}
        onBlur={add}
      >
        <TextInput label={t.addTag} value={text} onChange={setText} error={error} />
      </div>
    </fieldset>
  );
}

function MetadataInput({
  metadata,
  onChange,
  error,
}: {
  metadata: Draft['metadata'];
  onChange: (metadata: Draft['metadata']) => void;
  error: string | undefined;
}) {
  const t = useText(partnersText);
  const names = useText(common);
  const setAt = (at: number, pair: readonly [string, string]) =>
    onChange(metadata.map((one, index) => (index === at ? pair : one)));
  return (
    <fieldset className="group">
      <legend className="field-label">{names.metadata}</legend>
      {metadata.map(([key, value], at) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: keys are typed, so the place is what stays
        <div className="pair" key={at}>
          <TextInput label={t.keyName} value={key} onChange={(next) => setAt(at, [next, value])} isLatin />
          <TextInput label={t.value} value={value} onChange={(next) => setAt(at, [key, next])} />
          <IconButton
            icon="close"
            label={t.clearField(key === '' ? t.keyName : key)}
            onPress={() => onChange(metadata.filter((_, index) => index !== at))}
          />
        </div>
      ))}
      {error === undefined ? null : <span className="field-error">{error}</span>}
      <div>
        <Button look="quiet" icon="plus" onPress={() => onChange([...metadata, ['', '']])}>
          {t.addKey}
        </Button>
      </div>
    </fieldset>
  );
}
