import { Button, Content } from '@patternfly/react-core';
import AngleDownIcon from '@patternfly/react-icons/dist/esm/icons/angle-down-icon';
import AngleRightIcon from '@patternfly/react-icons/dist/esm/icons/angle-right-icon';
import { ExpandableRowContent, Table, Tbody, Td, Th, Thead, Tr } from '@patternfly/react-table';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';

import { firstOfMonth } from '../../address';
import type { Schemas } from '../../api/models';
import { Explained } from '../../explain/Explained';
import type { ExplainSubject } from '../../explain/subject';
import { useAlmostNothing } from '../../components/useAlmostNothing';
import { formatAmount, type Unit } from '../../money';
import { withUnit } from '../../quantities';
import { TableCard } from '../TableCard';

interface UsageByProjectProps {
  /** Whether it is the running month. */
  isRunning: boolean;
  section: Omit<Schemas['OtherCurrency'], 'currency'>;
  unit: Unit;
  title: string;
  /** Of the statement. Null: its usage is in another currency, which is not explained. */
  period: string | null;
}

export function UsageByProject({ section, unit, title, period, isRunning }: UsageByProjectProps) {
  const { t } = useTranslation(['statements', 'common']);
  const almostNothing = useAlmostNothing(isRunning ? period : null);
  if (section.projects.length === 0) {
    return <TableCard title={title}>{t('noUsage')}</TableCard>;
  }
  return (
    <TableCard title={title} hint={t('byProjectHint')}>
      <Table aria-label={title} variant="compact" gridBreakPoint="">
        <Thead>
          <Tr>
            <Th screenReaderText={t('part')} modifier="fitContent" />
            <Th>{t('common:project')}</Th>
            <Th className="billing-number">{t('amount')}</Th>
          </Tr>
        </Thead>
        {section.projects.map((project) => (
          <ProjectRows
            key={`${project.namespace} ${project.uid}`}
            {...{ project, unit, period }}
            almostNothing={almostNothing.has(project.namespace)}
          />
        ))}
        <Tbody>
          {section.rounding !== 0 && (
            <SumRow title={t('rounding')} note={t('roundingHint')} amount={formatAmount(section.rounding, unit)} />
          )}
          <SumRow
            title={t('common:total')}
            amount={formatAmount(section.usage_total, unit)}
            {...(period !== null && {
              subject: { kind: 'organization', figure: 'current_month_total', period, shown: section.usage_total },
            })}
            isTotal
          />
        </Tbody>
      </Table>
    </TableCard>
  );
}

interface SumRowProps {
  title: string;
  note?: string;
  amount: string;
  subject?: ExplainSubject;
  isTotal?: boolean;
}

function SumRow(row: SumRowProps) {
  return (
    <Tr {...(row.isTotal && { className: 'billing-totals' })}>
      <Td />
      <Th scope="row">
        {row.title}
        {row.note !== undefined && <Content component="small">{row.note}</Content>}
      </Th>
      <Td className="billing-number">
        {row.subject === undefined ? (
          row.amount
        ) : (
          <Explained subject={row.subject} name={row.title}>
            {row.amount}
          </Explained>
        )}
      </Td>
    </Tr>
  );
}

interface PartsProps {
  project: Schemas['StatementProject'];
  unit: Unit;
  period: string | null;
}

/** Of a project in the month, or of a SKU of it. The organization's rows have projects that were deleted, too. */
function subjectOf(period: string, title: string, namespace: string, shown: number, sku?: string): ExplainSubject {
  const from = `${period}-01`;
  return {
    kind: 'range',
    title,
    scope: { kind: 'organization' },
    query: {
      from,
      to: firstOfMonth(from, 1),
      include: [`project:${namespace}`, ...(sku === undefined ? [] : [`sku:${sku}`])].join(','),
    },
    shown,
  };
}

function ProjectRows({ project, unit, period, almostNothing }: PartsProps & { almostNothing: boolean }) {
  const { t } = useTranslation(['statements', 'common']);
  const [isExpanded, setIsExpanded] = useState(false);
  return (
    <Tbody isExpanded={isExpanded}>
      <Tr>
        <Td>
          <Button
            variant="plain"
            size="sm"
            icon={isExpanded ? <AngleDownIcon /> : <AngleRightIcon />}
            aria-expanded={isExpanded}
            aria-label={t('showParts', { project: project.namespace })}
            onClick={() => {
              setIsExpanded(!isExpanded);
            }}
          />
        </Td>
        <Td modifier="breakWord">{project.namespace}</Td>
        <Td className="billing-number">
          {period === null ? (
            formatAmount(project.total, unit, almostNothing)
          ) : (
            <Explained
              subject={subjectOf(period, project.namespace, project.namespace, project.total)}
              name={project.namespace}
            >
              {formatAmount(project.total, unit, almostNothing)}
            </Explained>
          )}
        </Td>
      </Tr>
      {isExpanded && (
        <Tr isExpanded>
          <Td colSpan={3} className="billing-parts">
            <ExpandableRowContent>
              <PartsOfProject project={project} unit={unit} period={period} />
            </ExpandableRowContent>
          </Td>
        </Tr>
      )}
    </Tbody>
  );
}

function PartsOfProject({ project, unit, period }: PartsProps) {
  const { t } = useTranslation(['statements', 'common']);
  return (
    <Table
      aria-label={t('showParts', { project: project.namespace })}
      variant="compact"
      borders={false}
      gridBreakPoint="grid-md"
    >
      <Thead>
        <Tr>
          <Th>{t('part')}</Th>
          <Th className="billing-number">{t('quantity')}</Th>
          <Th className="billing-number">{t('amount')}</Th>
        </Tr>
      </Thead>
      <Tbody>
        {project.lines.map((line) => (
          <Tr key={line.sku}>
            <Td dataLabel={t('part')} modifier="breakWord">
              {line.sku}
            </Td>
            <Td dataLabel={t('quantity')} className="billing-number">
              {withUnit(line.quantity, line.unit)}
            </Td>
            <Td dataLabel={t('amount')} className="billing-number">
              {period === null ? (
                formatAmount(line.amount, unit)
              ) : (
                <Explained
                  subject={subjectOf(period, line.sku, project.namespace, line.amount, line.sku)}
                  name={`${line.sku}, ${project.namespace}`}
                >
                  {formatAmount(line.amount, unit)}
                </Explained>
              )}
            </Td>
          </Tr>
        ))}
      </Tbody>
    </Table>
  );
}
