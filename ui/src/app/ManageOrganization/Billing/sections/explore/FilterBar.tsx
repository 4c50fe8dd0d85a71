import { Button, FormSelect, FormSelectOption, Label, LabelGroup, Radio, TextInput } from '@patternfly/react-core';
import { type SyntheticEvent, useId, useState } from 'react';
import { useTranslation } from 'react-i18next';

import type { ProjectList, Trend } from '../../api/models';
import { type Filter, type FilterKind, filterOf, filterOfGroup, filterText, kindsOf, withFilter } from './filters';
import { componentName, componentNames, componentOf } from './groupNames';
import type { Choice, Explore } from './useExplore';

interface FilterBarProps {
  choice: Choice;
  onChange: Explore['change'];
  projects: ProjectList;
  /** Its groups are suggestions. */
  trend: Trend | undefined;
}

type Side = 'include' | 'exclude';

/** The filters as chips, and a form that adds one. */
export function FilterBar(props: FilterBarProps) {
  const { choice, onChange } = props;
  const { t } = useTranslation('explore');
  const [isOpen, setIsOpen] = useState(false);
  const isEmpty = choice.include.length + choice.exclude.length === 0;
  return (
    <div className="billing-filters">
      <Chips side="include" choice={choice} onChange={onChange} />
      <Chips side="exclude" choice={choice} onChange={onChange} />
      {!isEmpty && (
        <Button
          variant="link"
          isInline
          onClick={() => {
            onChange({ include: [], exclude: [] });
          }}
        >
          {t('clearFilters')}
        </Button>
      )}
      <Button
        variant="secondary"
        size="sm"
        aria-expanded={isOpen}
        onClick={() => {
          setIsOpen(!isOpen);
        }}
      >
        {t('addFilter')}
      </Button>
      {isOpen && <FilterForm {...props} />}
    </div>
  );
}

function Chips({ side, choice, onChange }: Pick<FilterBarProps, 'choice' | 'onChange'> & { side: Side }) {
  const { t } = useTranslation('explore');
  const filters = choice[side];
  return filters.length === 0 ? null : (
    <LabelGroup categoryName={t(side === 'include' ? 'only' : 'without')} numLabels={20}>
      {filters.map((text) => (
        <Chip
          key={text}
          side={side}
          text={text}
          onRemove={() => {
            onChange({ [side]: filters.filter((one) => one !== text) });
          }}
        />
      ))}
    </LabelGroup>
  );
}

function Chip({ side, text, onRemove }: { side: Side; text: string; onRemove: () => void }) {
  const { t } = useTranslation('explore');
  const filter = filterOf(text);
  const kind = filter === null ? '' : t(`kind_${filter.kind}`);
  const value =
    filter === null
      ? text
      : isWithoutLabel(filter)
        ? t('chipNoLabel', { key: filter.value })
        : filter.kind === 'component'
          ? componentName(filter.value)
          : filter.value;
  const name = t(side === 'include' ? 'chipOnly' : 'chipWithout', { kind, value });
  return (
    <Label
      variant={side === 'include' ? 'filled' : 'outline'}
      color={side === 'include' ? 'blue' : 'orange'}
      onClose={onRemove}
      closeBtnAriaLabel={t('removeChip', { filter: name })}
    >
      {kind}: {value}
    </Label>
  );
}

function isWithoutLabel({ kind, value }: Filter): boolean {
  return kind === 'label' && !value.includes('=');
}

function FilterForm({ choice, onChange, projects, trend }: FilterBarProps) {
  const { t } = useTranslation('explore');
  const id = useId();
  const kinds = kindsOf(choice.scope.kind === 'project');
  const [kind, setKind] = useState<FilterKind>(kinds[0] ?? 'component');
  const [side, setSide] = useState<Side>('include');
  const [value, setValue] = useState('');
  const [isWrong, setIsWrong] = useState(false);
  const submit = (event: SyntheticEvent) => {
    event.preventDefault();
    const given = value.trim();
    const filter = filterOf(filterText({ kind, value: kind === 'component' ? componentOf(given) : given }));
    setIsWrong(filter === null);
    if (filter !== null) {
      onChange({ [side]: withFilter(choice[side], filter) });
      setValue('');
    }
  };
  return (
    <form className="billing-filter-form" onSubmit={submit} aria-label={t('addFilter')}>
      <FormSelect
        aria-label={t('filterKind')}
        value={kind}
        onChange={(_event, chosen) => {
          setKind(kinds.find((one) => one === chosen) ?? kind);
        }}
      >
        {kinds.map((one) => (
          <FormSelectOption key={one} value={one} label={t(`kind_${one}`)} />
        ))}
      </FormSelect>
      <TextInput
        aria-label={t('filterValue')}
        list={id}
        value={value}
        validated={isWrong ? 'error' : 'default'}
        placeholder={t(kind === 'label' ? 'filterValueOfLabel' : 'filterValue')}
        onChange={(_event, text) => {
          setValue(text);
        }}
      />
      <datalist id={id}>
        {suggestions(kind, projects, trend).map((one) => (
          <option key={one} value={one} />
        ))}
      </datalist>
      {(['include', 'exclude'] as const).map((one) => (
        <Radio
          key={one}
          id={`${id}-${one}`}
          name={id}
          label={t(one === 'include' ? 'only' : 'without')}
          isChecked={side === one}
          onChange={() => {
            setSide(one);
          }}
        />
      ))}
      <Button type="submit" variant="primary">
        {t('add')}
      </Button>
      {isWrong && <span role="alert">{t('filterWrong')}</span>}
    </form>
  );
}

function suggestions(kind: FilterKind, projects: ProjectList, trend: Trend | undefined): string[] {
  if (kind === 'project') {
    return projects.projects.map(({ namespace }) => namespace);
  }
  if (kind === 'component') {
    return componentNames();
  }
  const filters = (trend?.groups ?? []).map((group) => filterOfGroup(trend?.group_by ?? '', group));
  return filters.flatMap((filter) => (filter?.kind === kind ? [filter.value] : []));
}
