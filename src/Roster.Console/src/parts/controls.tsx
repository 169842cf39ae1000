import { type ReactNode, useId } from 'react';
import {
  Button as AriaButton,
  type ButtonProps as AriaButtonProps,
  FieldError,
  Input,
  Label,
  Text,
  TextArea,
  TextField,
  Tooltip,
  TooltipTrigger,
} from 'react-aria-components';
import { Icon, type IconName } from './Icon';

export interface ButtonProps extends Omit<AriaButtonProps, 'children' | 'className'> {
  readonly look?: 'plain' | 'primary' | 'danger' | 'quiet';
  readonly icon?: IconName;
  readonly children: ReactNode;
}

/**
 * While it is pending it keeps the focus and does nothing. React Aria's own `isPending` is not used: it announces the
 * button by its id, which names nothing any more where the write ends with the button's dialog or page.
 */
export function Button({ look = 'plain', icon, isPending = false, children, ...rest }: ButtonProps) {
  const pending = isPending
    ? { 'data-pending': true, 'aria-disabled': true, type: 'button' as const, onPress: () => undefined }
    : {};
  return (
    <AriaButton {...rest} {...pending} className={`button button-${look}`}>
      {icon === undefined ? null : <Icon name={icon} size={16} />}
      {children}
    </AriaButton>
  );
}

/** A button that shows only an icon: its label is read out, and shown as a tooltip. */
export function IconButton({
  icon,
  label,
  ...rest
}: Omit<AriaButtonProps, 'children' | 'className' | 'aria-label'> & { icon: IconName; label: string }) {
  return (
    <TooltipTrigger delay={500}>
      <AriaButton {...rest} aria-label={label} className="icon-button">
        <Icon name={icon} />
      </AriaButton>
      <Tooltip className="tooltip">{label}</Tooltip>
    </TooltipTrigger>
  );
}

export interface TextInputProps {
  readonly label: string;
  readonly value: string;
  readonly onChange: (value: string) => void;
  readonly hint?: ReactNode;
  /** What is wrong with the value, as the server said it. */
  readonly error?: string | undefined;
  readonly type?: 'text' | 'email' | 'tel' | 'password' | 'date' | 'number';
  readonly placeholder?: string;
  readonly isRequired?: boolean;
  readonly isReadOnly?: boolean;
  readonly autoFocus?: boolean;
  readonly isLong?: boolean;
  /** For addresses, phones and ids, which are written from left to right in Arabic too. */
  readonly isLatin?: boolean;
  readonly autoComplete?: string;
  /** Texts that the browser offers while one types. */
  readonly offers?: readonly string[];
  readonly after?: ReactNode;
}

export function TextInput(props: TextInputProps) {
  const { label, hint, error, isLong = false, isLatin = false, placeholder, offers, after, ...field } = props;
  const list = useId();
  const dir = isLatin ? 'ltr' : 'auto';
  return (
    <TextField {...field} isInvalid={error !== undefined} validationBehavior="aria" className="field">
      <Label className="field-label">{label}</Label>
      <div className="field-row">
        {isLong ? (
          <TextArea className="input" dir={dir} placeholder={placeholder} rows={4} />
        ) : (
          <Input className="input" dir={dir} placeholder={placeholder} list={offers === undefined ? undefined : list} />
        )}
        {offers === undefined ? null : (
          <datalist id={list}>
            {offers.map((offer) => (
              <option key={offer} value={offer} />
            ))}
          </datalist>
        )}
        {after}
      </div>
      {hint === undefined ? null : (
        <Text slot="description" className="field-hint">
          {hint}
        </Text>
      )}
      <FieldError className="field-error">{error}</FieldError>
    </TextField>
  );
}

export interface Choice<T extends string = string> {
  readonly id: T;
  readonly text: string;
  readonly group?: string | undefined;
}

/** One of several values: the browser's own list, which every device has a good way to show. */
export function Choose<T extends string>({
  label,
  value,
  choices,
  onChange,
  isLabelHidden = false,
  isDisabled = false,
}: {
  label: string;
  value: T;
  choices: readonly Choice<T>[];
  onChange: (value: T) => void;
  isLabelHidden?: boolean;
  isDisabled?: boolean;
}) {
  const groups = [...new Set(choices.map((choice) => choice.group))];
  const show = (choice: Choice<T>) => (
    <option key={choice.id} value={choice.id}>
      {choice.text}
    </option>
  );
  return (
    <label className="field choose">
      <span className={isLabelHidden ? 'visually-hidden' : 'field-label'}>{label}</span>
      <span className="choose-box">
        <select
          className="input"
          value={value}
          disabled={isDisabled}
          onChange={(event) => onChange(event.currentTarget.value as T)}
        >
          {groups.map((group) =>
            group === undefined ? (
              choices.filter((choice) => choice.group === undefined).map(show)
            ) : (
              <optgroup key={group} label={group}>
                {choices.filter((choice) => choice.group === group).map(show)}
              </optgroup>
            ),
          )}
        </select>
        <Icon name="chevron" size={16} />
      </span>
    </label>
  );
}

/** A box to tick, with what is agreed to by it. */
export function Check({
  isChecked,
  onChange,
  children,
}: {
  isChecked: boolean;
  onChange: (isChecked: boolean) => void;
  children: ReactNode;
}) {
  return (
    <label className="choice">
      <input type="checkbox" checked={isChecked} onChange={(event) => onChange(event.currentTarget.checked)} />
      {children}
    </label>
  );
}
