import { Content, Progress, ProgressVariant } from '@patternfly/react-core';
import { Table, Tbody, Td, Th, Thead, Tr } from '@patternfly/react-table';
import { useTranslation } from 'react-i18next';

import { Alert } from '../../components/Alert';
import { formatTime } from '../../dates';
import { formatAbout } from '../../figures';
import { unitName } from '../../quantities';
import { TableCard } from '../TableCard';
import { type Dimension, dimensionTitle, isKnown, keyOf, type Plan } from './planData';
import { PoolFigure } from './PoolFigure';
import { RunsOut } from './RunsOut';

interface PoolProps {
  quota: Plan['quota'];
  timeZone: string | undefined;
  /** An org-admin gets what is left and when it runs out. */
  isAdmin: boolean;
}

/** The pool by dimension: what is granted, requested and used, and when it runs out. */
export function Pool({ quota, timeZone, isAdmin }: PoolProps) {
  const { t } = useTranslation('plan');
  const measured = quota.last_updated ?? quota.read_at;
  const isLimited = quota.dimensions.some(({ limit }) => limit !== null);
  const hasLeft = isAdmin && isLimited;
  return (
    <TableCard title={t('pool')} hint={isLimited ? t('poolHint') : t('poolUnlimited')}>
      {quota.source === 'none' && <Alert isInline variant="warning" title={t('poolNone')} component="p" />}
      {quota.source === 'ledger' && <Content component="small">{t('poolLedger')}</Content>}
      <Table aria-label={t('pool')} variant="compact" gridBreakPoint="grid-md">
        <Thead>
          <Tr>
            <Th>{t('dimension')}</Th>
            <Th width={30}>{t('taken')}</Th>
            <Th className="billing-number">{t('used')}</Th>
            {hasLeft && <Th className="billing-number">{t('left')}</Th>}
            {hasLeft && <Th>{t('runsOut')}</Th>}
          </Tr>
        </Thead>
        <Tbody>
          {quota.dimensions.filter(isKnown).map((dimension) => (
            <DimensionRow key={keyOf(dimension)} dimension={dimension} hasLeft={hasLeft} />
          ))}
        </Tbody>
      </Table>
      {measured !== null && (
        <Content component="small">{t('poolOf', { time: formatTime(new Date(measured), timeZone) })}</Content>
      )}
    </TableCard>
  );
}

function DimensionRow({ dimension, hasLeft }: { dimension: Dimension; hasLeft: boolean }) {
  const { t } = useTranslation(['plan', 'common']);
  const title = dimensionTitle(t, dimension.dimension, dimension.profile);
  return (
    <Tr>
      <Td dataLabel={t('dimension')}>
        {title}
        <Content component="small">{unitName(dimension.unit)}</Content>
      </Td>
      <Td dataLabel={t('taken')} className="billing-share">
        <Taken dimension={dimension} title={title} />
      </Td>
      <Td dataLabel={t('used')} className="billing-number">
        {dimension.used === null ? (
          t('common:unknown')
        ) : (
          <PoolFigure dimension={dimension} name={t('used')}>
            {formatAbout(dimension.used)}
          </PoolFigure>
        )}
      </Td>
      {hasLeft && (
        <Td dataLabel={t('left')} className="billing-number">
          <Left dimension={dimension} />
        </Td>
      )}
      {hasLeft && (
        <Td dataLabel={t('runsOut')}>
          <RunsOut dimension={dimension} />
        </Td>
      )}
    </Tr>
  );
}

function Left({ dimension }: { dimension: Dimension }) {
  const { t } = useTranslation(['plan', 'common']);
  const { left, limit } = dimension;
  if (left === null) {
    return limit === null ? '–' : t('common:unknown');
  }
  return (
    <PoolFigure dimension={dimension} name={t('left')}>
      {formatAbout(left)}
    </PoolFigure>
  );
}

const ALMOST_FULL = 0.9;

function Taken({ dimension: one, title }: { dimension: Dimension; title: string }) {
  const { t } = useTranslation('plan');
  const { requested, limit, dimension } = one;
  if (limit === null) {
    return requested === null ? (
      t('nothingKnown')
    ) : (
      <PoolFigure dimension={one} name={t('taken')}>
        {formatAbout(requested)}
      </PoolFigure>
    );
  }
  if (requested === null) {
    return t('takenUnknown', { limit: formatAbout(limit) });
  }
  const text = t('takenOf', { requested: formatAbout(requested), limit: formatAbout(limit) });
  const share = limit > 0 ? requested / limit : Number(requested > 0);
  return (
    <div className="billing-measured">
      <Progress
        id={`billing-pool-${dimension}`}
        aria-label={title}
        size="sm"
        value={Math.min(100, Math.round(share * 100))}
        valueText={text}
        measureLocation="none"
        hideStatusIcon
        {...(variantOf(share) !== undefined && { variant: variantOf(share) })}
      />
      {/* Beside it: screen readers do not see the label of a Progress, so a button must not be in it. */}
      <PoolFigure dimension={one} name={t('taken')}>
        {text}
      </PoolFigure>
    </div>
  );
}

function variantOf(share: number): ProgressVariant | undefined {
  return share >= 1 ? ProgressVariant.danger : share >= ALMOST_FULL ? ProgressVariant.warning : undefined;
}
