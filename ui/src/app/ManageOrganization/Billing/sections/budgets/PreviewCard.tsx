import { Button, Content, FormFieldGroup, FormFieldGroupHeader, List, ListItem } from '@patternfly/react-core';
import { useTranslation } from 'react-i18next';

import type { Meta } from '../../api/models';
import { FormFailure } from '../../components/form/FormFailure';
import { formatList, formatMonthDay } from '../../figures';
import { thresholdTitle } from './budgetData';
import type { DraftBody } from './budgetDraft';
import { type BudgetPreview, usePreview } from './budgetQueries';
import { PreviewTable } from './PreviewTable';

/** What the budget of the form would have done in the past twelve months. */
export function PreviewCard({ body, meta }: { body: DraftBody; meta: Meta }) {
  const { t } = useTranslation(['budgets', 'common']);
  const preview = usePreview();
  // The summary is in the order of the body.
  const titles = body.thresholds.map((threshold) => thresholdTitle(t, threshold, meta));
  const isOutdated = preview.data !== undefined && JSON.stringify(preview.variables) !== JSON.stringify(body);
  return (
    <FormFieldGroup
      header={
        <FormFieldGroupHeader
          titleText={{ text: t('preview'), id: 'billing-preview' }}
          titleDescription={t('previewHint')}
          actions={
            <Button
              variant="secondary"
              isLoading={preview.isPending}
              isDisabled={preview.isPending}
              onClick={() => {
                preview.mutate(body);
              }}
            >
              {t('showPreview')}
            </Button>
          }
        />
      }
    >
      <FormFailure error={preview.error} pointers={[]} isQuestion />
      <div role="status">
        {isOutdated && <Content component="p">{t('previewOutdated')}</Content>}
        {preview.data !== undefined && !isOutdated && (
          <Result preview={preview.data.data} titles={titles} meta={meta} />
        )}
      </div>
    </FormFieldGroup>
  );
}

interface ResultProps {
  preview: BudgetPreview;
  /** Of the thresholds. */
  titles: readonly string[];
  meta: Meta;
}

function Result({ preview, titles, meta }: ResultProps) {
  const { t } = useTranslation('budgets');
  if (preview.periods.length === 0) {
    return t('previewNothing');
  }
  return (
    <>
      <List>
        {preview.summary.map((one, index) => (
          <ListItem key={one.threshold}>
            <Warned summary={one} title={titles[index] ?? one.threshold} preview={preview} meta={meta} />
          </ListItem>
        ))}
      </List>
      <PreviewTable preview={preview} titles={titles} meta={meta} />
    </>
  );
}

interface WarnedProps {
  summary: BudgetPreview['summary'][number];
  title: string;
  preview: BudgetPreview;
  meta: Meta;
}

/** "80% spent: would have warned on 3 October and 5 November. 1 of them in vain." */
function Warned({ summary, title: threshold, preview, meta }: WarnedProps) {
  const { t } = useTranslation('budgets');
  const fired = firedAt(preview, summary.threshold);
  if (fired.length === 0) {
    return t('previewNever', { threshold });
  }
  const days = formatList(fired.map((moment) => formatMonthDay(moment, meta.time_zone ?? 'UTC')));
  const inVain = summary.in_vain ?? 0;
  return (
    <>
      {t('previewWarned', { threshold, days })} {inVain > 0 && t('previewInVain', { count: inVain })}
    </>
  );
}

function firedAt({ periods }: BudgetPreview, threshold: string): string[] {
  return periods.flatMap(({ thresholds }) =>
    thresholds.flatMap(({ id, fired_at }) => (id === threshold && fired_at !== null ? [fired_at] : [])),
  );
}
