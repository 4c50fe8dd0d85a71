import { Button, FormSelect, FormSelectOption, TextInput } from '@patternfly/react-core';
import { type SubmitEvent, useState } from 'react';
import { useTranslation } from 'react-i18next';

import { isRange, NAMED_PERIODS, type Period, useView } from '../address';
import { formatDays } from '../dates';

/** This month, last month, 30 or 90 days, or two days that the user gives. */
export function PeriodSelect() {
  const { t } = useTranslation();
  const { period, setView } = useView();
  const [isEditing, setIsEditing] = useState(false);
  const labelOf = (kind: Period['kind']) =>
    kind === 'range' && period.kind === 'range' ? formatDays(period.from, period.to) : t(`period_${kind}`);
  return (
    <>
      <FormSelect
        className="billing-period"
        aria-label={t('period')}
        value={isEditing ? 'range' : period.kind}
        onChange={(_event, value) => {
          const named = NAMED_PERIODS.find((kind) => kind === value);
          setIsEditing(named === undefined);
          if (named !== undefined) {
            setView({ period: { kind: named } });
          }
        }}
      >
        {[...NAMED_PERIODS, 'range' as const].map((kind) => (
          <FormSelectOption key={kind} value={kind} label={labelOf(kind)} />
        ))}
      </FormSelect>
      {(isEditing || period.kind === 'range') && (
        <RangeForm
          key={JSON.stringify(period)}
          initial={period}
          onChoose={(range) => {
            setIsEditing(false);
            setView({ period: range });
          }}
        />
      )}
    </>
  );
}

interface RangeFormProps {
  initial: Period;
  onChoose: (range: Period) => void;
}

function RangeForm({ initial, onChoose }: RangeFormProps) {
  const { t } = useTranslation();
  const [from, setFrom] = useState(initial.kind === 'range' ? initial.from : '');
  const [to, setTo] = useState(initial.kind === 'range' ? initial.to : '');
  const [wrong, setWrong] = useState<'rangeRule' | 'rangeMissing' | null>(null);
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    if (isRange(from, to)) {
      onChoose({ kind: 'range', from, to });
    } else {
      setWrong(from === '' || to === '' ? 'rangeMissing' : 'rangeRule');
    }
  };
  const day = (label: string, value: string, onChange: (value: string) => void) => (
    <TextInput
      type="date"
      aria-label={label}
      aria-describedby="billing-range-rule"
      value={value}
      validated={wrong !== null ? 'error' : 'default'}
      onChange={(_event, next) => {
        onChange(next);
        setWrong(null);
      }}
    />
  );
  return (
    <form className="billing-range" onSubmit={submit} noValidate>
      {day(t('rangeFrom'), from, setFrom)}
      {day(t('rangeTo'), to, setTo)}
      <Button type="submit" variant="secondary">
        {t('rangeApply')}
      </Button>
      <span id="billing-range-rule" role="status" className={wrong !== null ? 'billing-wrong' : 'pf-v6-screen-reader'}>
        {wrong !== null && t(wrong)}
      </span>
    </form>
  );
}
