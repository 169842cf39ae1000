import { useState } from 'react';
import type { NewKey } from '../../api/generated';
import { useWrite } from '../../api/useCall';
import { Choose, TextInput } from '../../parts/controls';
import { FormSheet } from '../../parts/Dialogs';
import { useFormat, useText } from '../../text';
import { keys } from '../../text/keys';
import { FormError, useFaults } from './faults';
import { Grant, type Granted, scopesIn } from './Grant';
import { type Ending, endingsWithin, endOf, hostnamesIn } from './grants';

const fields = ['name', 'scopes', 'expiresAt', 'allowedHostnames'];

/** Makes a key. `limit` is the end of the caller's own key, which no new key may outlive. */
export function NewKeySheet({
  limit,
  onClose,
  onMade,
}: {
  limit: string | null;
  onClose: () => void;
  onMade: (made: NewKey) => void;
}) {
  const t = useText(keys);
  const format = useFormat();
  const [now] = useState(Date.now);
  const endings = endingsWithin(limit, now);
  const [name, setName] = useState('');
  const [granted, setGranted] = useState<Granted>({ role: 'viewer', scopes: ['partnersRead'] });
  const [ending, setEnding] = useState<Ending>(endings.includes('90') ? '90' : (endings[0] ?? 'day'));
  const [day, setDay] = useState('');
  const [hosts, setHosts] = useState('');
  const { run, isRunning, error } = useWrite();
  const faultOf = useFaults(error);
  const submit = async () => {
    const allowedHostnames = hostnamesIn(hosts);
    const answer = await run<NewKey>({
      method: 'POST',
      path: '/api/keys',
      body: {
        name: name.trim(),
        scopes: scopesIn(granted),
        expiresAt: endOf(ending, day, Date.now()),
        ...(allowedHostnames.length === 0 ? {} : { allowedHostnames }),
      },
    });
    if (answer !== null) onMade(answer.data);
  };
  return (
    <FormSheet
      title={t.newKey}
      isOpen
      onClose={onClose}
      onSubmit={() => void submit()}
      action={t.make}
      isRunning={isRunning}
    >
      {error === null ? null : <FormError error={error} fields={fields} text={t.lookAtFields} />}
      <TextInput
        label={t.name}
        hint={t.nameHint}
        value={name}
        onChange={setName}
        error={faultOf('name')}
        isRequired
        autoFocus
        autoComplete="off"
      />
      <Grant value={granted} onChange={setGranted} error={faultOf('scopes')} />
      <div className="key-pair">
        <Choose
          label={t.ends}
          value={ending}
          choices={endings.map((id) => ({ id, text: t.endings[id] }))}
          onChange={setEnding}
        />
        {ending === 'day' ? (
          <TextInput
            label={t.endDay}
            type="date"
            value={day}
            onChange={setDay}
            hint={limit === null ? t.endDayHint : t.endLimit(format.day(limit))}
            error={faultOf('expiresAt')}
          />
        ) : faultOf('expiresAt') === undefined ? null : (
          <p className="field-error">{faultOf('expiresAt')}</p>
        )}
      </div>
      <TextInput
        label={t.hosts}
        hint={t.hostsHint}
        value={hosts}
        onChange={setHosts}
        error={faultOf('allowedHostnames')}
        isLong
        isLatin
      />
    </FormSheet>
  );
}
