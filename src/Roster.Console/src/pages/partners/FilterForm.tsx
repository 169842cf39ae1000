import { useState } from 'react';
import type { KeyCount, TagCount } from '../../api/generated';
import { type Answer, nextOf } from '../../api/http';
import { useCall } from '../../api/useCall';
import { Button, Choose, TextInput } from '../../parts/controls';
import { Loading } from '../../parts/show';
import { useText } from '../../text';
import { common } from '../../text/common';
import { partnerText } from '../../text/partner';
import { partnersText } from '../../text/partners';
import type { Filter } from './filters';

type Kind =
  | 'tag'
  | 'metadata'
  | 'updatedSince'
  | 'email=*'
  | 'email='
  | 'phone=*'
  | 'phone='
  | 'deleted=true'
  | 'deleted=only';

/** Chooses one filter. The tags and keys are listed where they are few; of many, or where there are none, one is typed. */
export default function FilterForm({ onAdd }: { onAdd: (filter: Filter) => void }) {
  const t = useText(partnerText);
  const listTexts = useText(partnersText);
  const names = useText(common);
  const [kind, setKind] = useState<Kind>('tag');
  const [key, setKey] = useState('');
  const [value, setValue] = useState('');
  const tagsRead = useCall<TagCount[]>('/api/tags?take=200');
  const keysRead = useCall<KeyCount[]>('/api/metadata-keys?take=200');
  const tags = tagsRead.answer?.data ?? [];
  const keys = keysRead.answer?.data ?? [];
  const isTagTyped = tags.length === 0 || isMore(tagsRead.answer);
  const isKeyTyped = keys.length === 0 || isMore(keysRead.answer);
  const chosenKey = isKeyTyped ? key.trim() : key === '' ? (keys[0]?.key ?? '') : key;
  const chosenTag = isTagTyped ? value.trim() : value === '' ? (tags[0]?.tag ?? '') : value;
  const filter = (): Filter | null => {
    if (kind === 'tag') return chosenTag === '' ? null : { name: 'tag', value: chosenTag };
    if (kind === 'metadata')
      return chosenKey === '' ? null : { name: `metadata.${chosenKey}`, value: value === '' ? '*' : value };
    if (kind === 'updatedSince') return value === '' ? null : { name: 'updatedSince', value };
    const [name = '', text = ''] = kind.split('=');
    return { name, value: text };
  };
  if (tagsRead.isLoading || keysRead.isLoading) return <Loading />;
  return (
    <form
      className="stack filter-form"
      onSubmit={(event) => {
        event.preventDefault();
        const one = filter();
        if (one !== null) onAdd(one);
      }}
    >
      <Choose<Kind>
        label={listTexts.addFilter}
        value={kind}
        onChange={(next) => {
          setKind(next);
          setValue('');
        }}
        choices={[
          { id: 'tag', text: listTexts.tag },
          { id: 'metadata', text: names.metadata },
          { id: 'email=*', text: listTexts.hasEmail },
          { id: 'email=', text: listTexts.lacksEmail },
          { id: 'phone=*', text: listTexts.hasPhone },
          { id: 'phone=', text: listTexts.lacksPhone },
          { id: 'updatedSince', text: listTexts.updatedSince },
          { id: 'deleted=true', text: listTexts.deletedToo },
          { id: 'deleted=only', text: listTexts.deletedOnly },
        ]}
      />
      {kind === 'tag' ? (
        isTagTyped ? (
          <TextInput label={listTexts.tag} value={value} onChange={setValue} offers={tags.map(({ tag }) => tag)} />
        ) : (
          <Choose
            label={listTexts.tag}
            value={chosenTag}
            onChange={setValue}
            choices={tags.map(({ tag, partners }) => ({ id: tag, text: `${tag} (${partners})` }))}
          />
        )
      ) : null}
      {kind === 'metadata' ? (
        <>
          {isKeyTyped ? (
            <TextInput
              label={t.metadataKey}
              value={key}
              onChange={setKey}
              offers={keys.map(({ key: id }) => id)}
              isLatin
            />
          ) : (
            <Choose
              label={t.metadataKey}
              value={chosenKey}
              onChange={setKey}
              choices={keys.map(({ key: id, partners }) => ({ id, text: `${id} (${partners})` }))}
            />
          )}
          <TextInput label={t.metadataValue} value={value} onChange={setValue} placeholder={listTexts.anyValue} />
        </>
      ) : null}
      {kind === 'updatedSince' ? (
        <TextInput label={listTexts.updatedSince} type="date" value={value} onChange={setValue} isLatin />
      ) : null}
      <Button look="primary" type="submit">
        {t.addThis}
      </Button>
    </form>
  );
}

function isMore(answer: Answer<unknown> | null): boolean {
  return answer !== null && nextOf(answer.headers) !== null;
}
