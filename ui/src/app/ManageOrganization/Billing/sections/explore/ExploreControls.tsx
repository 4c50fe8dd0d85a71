import {
  Button,
  Content,
  FormSelect,
  FormSelectOption,
  Switch,
  TextInput,
  ToggleGroup,
  ToggleGroupItem,
} from '@patternfly/react-core';
import { type SyntheticEvent, useId, useState } from 'react';
import { useTranslation } from 'react-i18next';

import { errorText } from '../../api/errorText';
import { useTrendDownload } from '../../queries/useTrendDownload';
import { GRANULARITIES, GROUPINGS, isLabelKey } from './parameters';
import { type Choice, type Explore, fitsHours, MOST_DAYS_OF_HOURS, trendQueryOf } from './useExplore';

interface ControlsProps {
  choice: Choice;
  onChange: Explore['change'];
}

export function ExploreControls({ choice, onChange }: ControlsProps) {
  const { t } = useTranslation('explore');
  const note = useId();
  const hasHours = fitsHours(choice.days);
  return (
    <div className="billing-controls">
      <GroupSelect choice={choice} onChange={onChange} />
      <div {...(!hasHours && { title: t('tooManyBars', { days: MOST_DAYS_OF_HOURS }) })}>
        <ToggleGroup aria-label={t('granularity')} {...(!hasHours && { 'aria-describedby': note })}>
          {GRANULARITIES.map((one) => (
            <ToggleGroupItem
              key={one}
              buttonId={`billing-by-${one}`}
              text={t(`by_${one}`)}
              isSelected={choice.granularity === one}
              isDisabled={one === 'hour' && !hasHours}
              onChange={() => {
                onChange({ by: one });
              }}
            />
          ))}
        </ToggleGroup>
        {!hasHours && (
          <Content component="small" id={note} className="pf-v6-screen-reader">
            {t('tooManyBars', { days: MOST_DAYS_OF_HOURS })}
          </Content>
        )}
      </div>
      <Switch
        id="billing-compare"
        label={t('compare')}
        isChecked={choice.isCompared}
        onChange={(_event, compare) => {
          onChange({ compare });
        }}
      />
      <Export choice={choice} />
    </div>
  );
}

const LABEL = 'label:';

function GroupSelect({ choice: { groupBy, scope }, onChange }: ControlsProps) {
  const { t } = useTranslation('explore');
  const [asksKey, setAsksKey] = useState(false);
  const isLabel = groupBy.startsWith(LABEL);
  const groupings = GROUPINGS.filter((one) => one !== 'project' || scope.kind === 'organization');
  return (
    <div className="billing-grouping">
      <label htmlFor="billing-group-by">{t('groupBy')}</label>
      <FormSelect
        id="billing-group-by"
        value={asksKey || isLabel ? LABEL : groupBy}
        onChange={(_event, value) => {
          setAsksKey(value === LABEL);
          if (value !== LABEL) {
            onChange({ group_by: value });
          }
        }}
      >
        {groupings.map((one) => (
          <FormSelectOption key={one} value={one} label={t(`kind_${one}`)} />
        ))}
        <FormSelectOption value={LABEL} label={t('kind_label')} />
      </FormSelect>
      {(asksKey || isLabel) && (
        <LabelKey
          key={groupBy}
          given={isLabel ? groupBy.slice(LABEL.length) : ''}
          onChoose={(labelKey) => {
            setAsksKey(false);
            onChange({ group_by: `${LABEL}${labelKey}` });
          }}
        />
      )}
    </div>
  );
}

function LabelKey({ given, onChoose }: { given: string; onChoose: (labelKey: string) => void }) {
  const { t } = useTranslation('explore');
  const id = useId();
  const [text, setText] = useState(given);
  const [isWrong, setIsWrong] = useState(false);
  const submit = (event: SyntheticEvent) => {
    event.preventDefault();
    const isKey = isLabelKey(text.trim());
    setIsWrong(!isKey);
    if (isKey) {
      onChoose(text.trim());
    }
  };
  return (
    <form className="billing-grouping" onSubmit={submit}>
      <TextInput
        aria-label={t('labelKey')}
        aria-describedby={id}
        value={text}
        validated={isWrong ? 'error' : 'default'}
        placeholder="team"
        onChange={(_event, value) => {
          setText(value);
        }}
      />
      <Button variant="secondary" type="submit">
        {t('useLabel')}
      </Button>
      <Content component="small" id={id} {...(isWrong && { role: 'alert' })}>
        {t(isWrong ? 'labelKeyWrong' : 'labelKeyHelp')}
      </Content>
    </form>
  );
}

/** The same request as a file: exactly what is shown. */
function Export({ choice }: { choice: Choice }) {
  const { t } = useTranslation('explore');
  const { isLoading, error, save } = useTrendDownload();
  return (
    <div>
      <Button
        variant="secondary"
        isLoading={isLoading}
        isDisabled={isLoading}
        onClick={() => {
          save(choice.scope, trendQueryOf(choice));
        }}
      >
        {t('export')}
      </Button>
      <span role="status">{error !== null && t('exportFailed', { reason: errorText(error) })}</span>
    </div>
  );
}
