import { Suspense, useRef } from 'react';
import { Button as AriaButton, Dialog, DialogTrigger, Popover } from 'react-aria-components';
import { lazyPart } from '../../app/lazyPart';
import { go, hrefOf, usePlace } from '../../app/router';
import { Button, IconButton } from '../../parts/controls';
import { Icon } from '../../parts/Icon';
import { Loading, Name } from '../../parts/show';
import { useFormat, useText } from '../../text';
import { common } from '../../text/common';
import type { Format, Same } from '../../text/language';
import { partnersText } from '../../text/partners';
import { addFilter, type Filter, filtersOf, removeFilter } from './filters';

const FilterForm = lazyPart(() => import('./FilterForm'));

type Texts = Same<(typeof partnersText)['en']>;
type Names = Same<(typeof common)['en']>;

/** The filters of the list, each with a way to take it off, and the button that adds one. */
export function Chips() {
  const t = useText(partnersText);
  const names = useText(common);
  const format = useFormat();
  const { path, query } = usePlace();
  const filters = filtersOf(query);
  const chips = useRef<HTMLDivElement>(null);
  const show = (next: URLSearchParams) => go(hrefOf(path, next));
  const take = (next: URLSearchParams) => {
    show(next);
    // The button that was pressed goes away.
    chips.current?.querySelector<HTMLElement>('.chips-add')?.focus();
  };
  return (
    <div className="chips" ref={chips}>
      {filters.map((filter) => {
        const text = describe(filter, t, names, format);
        return (
          <span className="chip" key={`${filter.name}=${filter.value}`}>
            <Name>{text}</Name>
            <IconButton icon="close" label={t.removeFilter(text)} onPress={() => take(removeFilter(query, filter))} />
          </span>
        );
      })}
      <FilterMenu onAdd={(filter) => show(addFilter(query, filter))} />
      {filters.length < 2 ? null : (
        <Button look="quiet" onPress={() => take(filters.reduce(removeFilter, query))}>
          {t.clearFilters}
        </Button>
      )}
    </div>
  );
}

function describe({ name, value }: Filter, t: Texts, names: Names, format: Format): string {
  if (name === 'email') return value === '*' ? t.hasEmail : value === '' ? t.lacksEmail : value;
  if (name === 'phone') return value === '*' ? t.hasPhone : value === '' ? t.lacksPhone : value;
  if (name === 'deleted') return value === 'only' ? t.deletedOnly : t.deletedToo;
  if (name === 'updatedSince') return `${t.updatedSince} ${whenOf(value, format)}`;
  if (name === 'tag') return `${t.tag}: ${value}`;
  if (name === 'externalId') return `${names.externalId}: ${value}`;
  const key = name.replace(/^metadata\./, '');
  return `${key}: ${value === '*' ? t.anyValue : value === '' ? t.noValue : value}`;
}

/** A day or a time. An address may have anything, which the server refuses. */
function whenOf(value: string, format: Format): string {
  if (Number.isNaN(Date.parse(value))) return value;
  return value.includes('T') ? format.time(value) : format.day(value);
}

/** Its form, and the tags and keys that it offers, are read when it is opened. */
function FilterMenu({ onAdd }: { onAdd: (filter: Filter) => void }) {
  const t = useText(partnersText);
  return (
    <DialogTrigger>
      <AriaButton className="button button-quiet chips-add">
        <Icon name="filter" size={16} />
        {t.addFilter}
      </AriaButton>
      <Popover className="popover filter-popover" placement="bottom start">
        <Dialog className="dialog" aria-label={t.addFilter}>
          {({ close }) => (
            <Suspense fallback={<Loading />}>
              <FilterForm
                onAdd={(filter) => {
                  onAdd(filter);
                  close();
                }}
              />
            </Suspense>
          )}
        </Dialog>
      </Popover>
    </DialogTrigger>
  );
}
