import { Button as AriaButton, Menu, MenuItem, MenuTrigger, Popover } from 'react-aria-components';
import type { KeyCount } from '../../api/generated';
import { useCall } from '../../api/useCall';
import { setPreferences, usePreferences } from '../../app/preferences';
import { Icon } from '../../parts/Icon';
import { useText } from '../../text';
import { common } from '../../text/common';
import { partnersText } from '../../text/partners';
import { knownColumns, titleOf } from './columns';

/** Which columns the list has; kept in this browser. The name is always there. */
export function ColumnsMenu() {
  const t = useText(partnersText);
  return (
    <MenuTrigger>
      <AriaButton className="button button-quiet">
        <Icon name="columns" size={16} />
        {t.columns}
      </AriaButton>
      <Popover className="popover" placement="bottom end">
        <ColumnsList />
      </Popover>
    </MenuTrigger>
  );
}

/** The keys of metadata are read when the menu is opened. */
function ColumnsList() {
  const names = useText(common);
  const { columns } = usePreferences();
  const keys = useCall<KeyCount[]>('/api/metadata-keys?take=1000').answer?.data ?? [];
  // A key that is a column stays here, also where few partners have it.
  const ofKeys = new Set([
    ...keys.map(({ key }) => `metadata.${key}`),
    ...columns.filter((one) => one.startsWith('metadata.')),
  ]);
  const all = [...knownColumns.filter((column) => column !== 'name'), ...ofKeys];
  return (
    <Menu
      className="menu"
      selectionMode="multiple"
      selectedKeys={columns}
      onSelectionChange={(keys) => {
        const chosen = keys === 'all' ? all : all.filter((column) => keys.has(column));
        setPreferences({ columns: ['name', ...chosen] });
      }}
    >
      {all.map((column) => (
        <MenuItem id={column} key={column} className="menu-item" textValue={titleOf(column, names)}>
          <span className="menu-check">{columns.includes(column) ? <Icon name="check" size={14} /> : null}</span>
          <bdi>{titleOf(column, names)}</bdi>
        </MenuItem>
      ))}
    </Menu>
  );
}
