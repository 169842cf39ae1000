import { useState } from 'react';
import { Button as AriaButton, Dialog, DialogTrigger, Popover } from 'react-aria-components';
import type { KeyCount, TagCount } from '../../api/generated';
import { useCall } from '../../api/useCall';
import { go, hrefOf, usePlace } from '../../app/router';
import { Button, Choose, IconButton, TextInput } from '../../parts/controls';
import { Icon } from '../../parts/Icon';
import { Name } from '../../parts/show';
import { useFormat, useText } from '../../text';
import { common } from '../../text/common';
import type { Same } from '../../text/language';
import { partnersText } from '../../text/partners';
import { addFilter, type Filter, filtersOf, removeFilter } from './filters';

type Texts = Same<(typeof partnersText)['en']>;

/** The filters of the list, each with a way to take it off, and the button that adds one. */
export function Chips() {
  const t = useText(partnersText);
  const format = useFormat();
  const { path, query } = usePlace();
  const filters = filtersOf(query);
  const show = (next: URLSearchParams) => go(hrefOf(path, next));
  return (
    <div className="chips">
      {filters.map((filter) => {
        const text = describe(filter, t, format.day);
        return (
          <span className="chip" key={`${filter.name}=${filter.value}`}>
            <Name>{text}</Name>
            <IconButton icon="close" label={t.removeFilter(text)} onPress={() => show(removeFilter(query, filter))} />
          </span>
        );
      })}
      <FilterMenu onAdd={(filter) => show(addFilter(query, filter))} />
      {filters.length < 2 ? null : (
        <Button look="quiet" onPress={() => show(filters.reduce(removeFilter, query))}>
          {t.clearFilters}
        </Button>
      )}
    </div>
  );
}

function describe({ name, value }: Filter, t: Texts, day: (at: string) => string): string {
  if (name === 'email') return value === '*' ? t.hasEmail : value === '' ? t.lacksEmail : value;
  if (name === 'phone') return value === '*' ? t.hasPhone : value === '' ? t.lacksPhone : value;
  if (name === 'deleted') return value === 'only' ? t.deletedOnly : t.deletedToo;
  if (name === 'updatedSince') return `${t.updatedSince} ${day(value)}`;
  if (name === 'tag') return `${t.tag}: ${value}`;
  const key = name.replace(/^metadata\./, '');
  return `${key}: ${value === '*' ? t.anyValue : value === '' ? t.noValue : value}`;
}

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

function FilterMenu({ onAdd }: { onAdd: (filter: Filter) => void }) {
  const t = useText(partnersText);
  const names = useText(common);
  const [kind, setKind] = useState<Kind>('tag');
  const [key, setKey] = useState('');
  const [value, setValue] = useState('');
  const tags = useCall<TagCount[]>('/api/tags?take=200').answer?.data ?? [];
  const keys = useCall<KeyCount[]>('/api/metadata-keys?take=200').answer?.data ?? [];
  const chosenKey = key === '' ? (keys[0]?.key ?? '') : key;
  const chosenTag = value === '' ? (tags[0]?.tag ?? '') : value;
  const filter = (): Filter | null => {
    if (kind === 'tag') return chosenTag === '' ? null : { name: 'tag', value: chosenTag };
    if (kind === 'metadata')
      return chosenKey === '' ? null : { name: `metadata.${chosenKey}`, value: value === '' ? '*' : value };
    if (kind === 'updatedSince') return value === '' ? null : { name: 'updatedSince', value };
    const [name = '', text = ''] = kind.split('=');
    return { name, value: text };
  };
  return (
    <DialogTrigger>
      <AriaButton className="button button-quiet">
        <Icon name="filter" size={16} />
        {t.addFilter}
      </AriaButton>
      <Popover className="popover filter-popover" placement="bottom start">
        <Dialog className="dialog" aria-label={t.addFilter}>
          {({ close }) => (
            <form
              className="stack filter-form"
              onSubmit={(event) => {
                event.preventDefault();
                const one = filter();
                if (one === null) return;
                onAdd(one);
                setValue('');
                close();
              }}
            >
              <Choose<Kind>
                label={t.addFilter}
                value={kind}
                onChange={(next) => {
                  setKind(next);
                  setValue('');
                }}
                choices={[
                  { id: 'tag', text: t.tag },
                  { id: 'metadata', text: names.metadata },
                  { id: 'email=*', text: t.hasEmail },
                  { id: 'email=', text: t.lacksEmail },
                  { id: 'phone=*', text: t.hasPhone },
                  { id: 'phone=', text: t.lacksPhone },
                  { id: 'updatedSince', text: t.updatedSince },
                  { id: 'deleted=true', text: t.deletedToo },
                  { id: 'deleted=only', text: t.deletedOnly },
                ]}
              />
              {kind === 'tag' ? (
                tags.length === 0 ? (
                  <TextInput label={t.tag} value={value} onChange={setValue} />
                ) : (
                  <Choose
                    label={t.tag}
                    value={chosenTag}
                    onChange={setValue}
                    choices={tags.map(({ tag, partners }) => ({ id: tag, text: `${tag} (${partners})` }))}
                  />
                )
              ) : null}
              {kind === 'metadata' ? (
                <>
                  {keys.length === 0 ? (
                    <TextInput label={t.metadataKey} value={key} onChange={setKey} isLatin />
                  ) : (
                    <Choose
                      label={t.metadataKey}
                      value={chosenKey}
                      onChange={setKey}
                      choices={keys.map(({ key: id, partners }) => ({ id, text: `${id} (${partners})` }))}
                    />
                  )}
                  <TextInput label={t.metadataValue} value={value} onChange={setValue} placeholder={t.anyValue} />
                </>
              ) : null}
              {kind === 'updatedSince' ? (
                <TextInput label={t.updatedSince} type="date" value={value} onChange={setValue} isLatin />
              ) : null}
              <Button look="primary" type="submit">
                {t.addThis}
              </Button>
            </form>
          )}
        </Dialog>
      </Popover>
    </DialogTrigger>
  );
}
