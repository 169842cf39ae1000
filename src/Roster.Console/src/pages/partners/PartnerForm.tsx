import { useRef } from 'react';
import type { Fault } from '../../api/generated';
import { isComposing } from '../../app/keys';
import { Button, IconButton, TextInput } from '../../parts/controls';
import { useFaultText } from '../../parts/Fault';
import { Badge, Name } from '../../parts/show';
import { useText } from '../../text';
import { common } from '../../text/common';
import { partnerText } from '../../text/partner';
import { type Draft, isHalf, stateOf, type TextField, textFields, withTag } from './draft';

export interface PartnerFormProps {
  readonly before: Draft;
  readonly draft: Draft;
  readonly onChange: (draft: Draft) => void;
  /** Of the server's answer, shown beside their fields. */
  readonly faults: readonly Fault[];
  /** For a partner that is made, fields have no state. */
  readonly isNew?: boolean;
  /** Whether it was tried to save: what is only half typed is marked from then on. */
  readonly isChecked?: boolean;
  readonly autoFocus?: boolean;
}

/** All fields of a partner. Beside each it says whether it will be changed, cleared, or stay. */
export function PartnerForm(props: PartnerFormProps) {
  const { before, draft, onChange, faults, isNew = false, isChecked = false, autoFocus = false } = props;
  const names = useText(common);
  const t = useText(partnerText);
  const textOf = useFaultText();
  const faultOf = (field: string) =>
    faults
      .filter((fault) => fault.field === field || fault.field?.startsWith(`${field}.`) === true)
      .map(textOf)
      .join(' ') || undefined;
  return (
    <div className="stack">
      {textFields.map((field: TextField) => {
        const state = stateOf(before[field], draft[field]);
        return (
          <TextInput
            key={field}
            label={names[field]}
            // Not of type "email": the browser's rule for addresses is another one than the server's.
            type={field === 'phone' ? 'tel' : 'text'}
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
      <TagsInput draft={draft} onChange={onChange} error={faultOf('tags')} />
      <MetadataInput
        metadata={draft.metadata}
        onChange={(metadata) => onChange({ ...draft, metadata })}
        isChecked={isChecked}
        error={faultOf('metadata')}
      />
    </div>
  );
}

function StateBadge({ state }: { state: ReturnType<typeof stateOf> }) {
  const t = useText(partnerText);
  const tone = { unchanged: 'plain', empty: 'plain', changed: 'info', cleared: 'warn' } as const;
  return <Badge tone={tone[state]}>{t.state[state]}</Badge>;
}

function TagsInput({
  draft,
  onChange,
  error,
}: {
  draft: Draft;
  onChange: (draft: Draft) => void;
  error: string | undefined;
}) {
  const t = useText(partnerText);
  const names = useText(common);
  const field = useRef<HTMLDivElement>(null);
  const { tags, newTag } = draft;
  const add = () => {
    if (newTag !== '') onChange({ ...draft, tags: withTag(tags, newTag), newTag: '' });
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
              onPress={() => {
                onChange({ ...draft, tags: tags.filter((one) => one !== tag) });
                field.current?.querySelector('input')?.focus();
              }}
            />
          </span>
        ))}
      </div>
      {/* biome-ignore lint/a11y/noStaticElementInteractions: Enter in the field adds the tag and does not save */}
      <div
        ref={field}
        onKeyDown={(event) => {
          if (event.key !== 'Enter' || event.ctrlKey || event.metaKey || isComposing(event.nativeEvent)) return;
          event.preventDefault();
          add();
        }}
        onBlur={add}
      >
        <TextInput
          label={t.addTag}
          value={newTag}
          onChange={(text) => onChange({ ...draft, newTag: text })}
          error={error}
        />
      </div>
    </fieldset>
  );
}

function MetadataInput({
  metadata,
  onChange,
  isChecked,
  error,
}: {
  metadata: Draft['metadata'];
  onChange: (metadata: Draft['metadata']) => void;
  isChecked: boolean;
  error: string | undefined;
}) {
  const t = useText(partnerText);
  const names = useText(common);
  const last = useRef<HTMLDivElement>(null);
  const setAt = (at: number, pair: readonly [string, string]) =>
    onChange(metadata.map((one, index) => (index === at ? pair : one)));
  return (
    <fieldset className="group">
      <legend className="field-label">{names.metadata}</legend>
      {metadata.map((pair, at) => {
        const [key, value] = pair;
        const half = isChecked && isHalf(pair) ? t.halfPair : undefined;
        return (
          // biome-ignore lint/suspicious/noArrayIndexKey: keys are typed, so the place is what stays
          <div className="pair" key={at}>
            <TextInput
              label={t.keyName}
              value={key}
              onChange={(next) => setAt(at, [next, value])}
              error={key === '' ? half : undefined}
              isLatin
            />
            <TextInput
              label={t.value}
              value={value}
              onChange={(next) => setAt(at, [key, next])}
              error={value === '' ? half : undefined}
            />
            <IconButton
              icon="close"
              label={t.clearField(key === '' ? t.keyName : key)}
              onPress={() => {
                onChange(metadata.filter((_, index) => index !== at));
                last.current?.querySelector('button')?.focus();
              }}
            />
          </div>
        );
      })}
      {error === undefined ? null : <span className="field-error">{error}</span>}
      <div ref={last}>
        <Button look="quiet" icon="plus" onPress={() => onChange([...metadata, ['', '']])}>
          {t.addKey}
        </Button>
      </div>
    </fieldset>
  );
}
