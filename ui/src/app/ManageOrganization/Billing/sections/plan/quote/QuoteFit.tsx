import { Table, Tbody, Td, Th, Thead, Tr } from '@patternfly/react-table';
import { useTranslation } from 'react-i18next';

import { Alert } from '../../../components/Alert';
import type { Meta, Schemas } from '../../../api/models';
import { formatList, formatQuantity } from '../../../figures';
import { formatAmount } from '../../../money';
import { unitName } from '../../../quantities';
import { dimensionTitle } from '../planData';

type Quota = Schemas['QuotedQuota'];

/** Whether the planned resources fit into the plan, and the cheapest one that they fit into. */
export function QuoteFit({ quota, meta }: { quota: Quota; meta: Meta }) {
  const { t } = useTranslation('plan');
  const titles = (names: readonly string[]) => formatList(names.map((name) => dimensionTitle(t, name)));
  const title = quota.fits === null ? t('fitsUnknownTitle') : quota.fits ? t('fitsTitle') : t('fitsNotTitle');
  return (
    <>
      <Alert isInline variant={quota.fits === true ? 'success' : 'warning'} title={title} component="p">
        {quota.exceeded.length > 0 && <p>{t('exceeded', { dimensions: titles(quota.exceeded) })}</p>}
        {quota.unknown.length > 0 && <p>{t('fitsUnknownBody', { dimensions: titles(quota.unknown) })}</p>}
        <UpgradeText upgrade={quota.upgrade} meta={meta} />
      </Alert>
      <LeftTable dimensions={quota.dimensions} />
    </>
  );
}

function UpgradeText({ upgrade, meta }: { upgrade: Schemas['Upgrade']; meta: Meta }) {
  const { t } = useTranslation('plan');
  switch (upgrade.state) {
    case 'not_needed':
      return null;
    case 'cheapest':
      return upgrade.option === null ? null : <Option option={upgrade.option} meta={meta} />;
    case 'none_fits':
      return <p>{t('upgradeNone')}</p>;
    case 'suspended':
      return <p>{t('upgradeSuspended')}</p>;
    default:
      return <p>{t('upgradeUnknown')}</p>;
  }
}

function Option({ option, meta }: { option: Schemas['UpgradeOption']; meta: Meta }) {
  const { t } = useTranslation('plan');
  const { plan, addons, monthly_price, difference } = option;
  const names = [plan.name, ...addons.map(({ quantity, name }) => t('addonOf', { quantity, name }))];
  return (
    <p>
      {t('upgradeCheapest', { option: formatList(names), price: formatAmount(monthly_price, meta) })}{' '}
      {difference !== null &&
        difference !== 0 &&
        t(difference > 0 ? 'upgradeMore' : 'upgradeLess', { difference: formatAmount(Math.abs(difference), meta) })}
    </p>
  );
}

function LeftTable({ dimensions }: { dimensions: Quota['dimensions'] }) {
  const { t } = useTranslation(['plan', 'common']);
  const shown = (amount: number | null) => (amount === null ? t('common:unknown') : formatQuantity(amount));
  return (
    <Table aria-label={t('quota')} variant="compact" gridBreakPoint="grid-md">
      <Thead>
        <Tr>
          <Th>{t('dimension')}</Th>
          <Th className="billing-number">{t('leftNow')}</Th>
          <Th className="billing-number">{t('planned')}</Th>
          <Th className="billing-number">{t('leftAfter')}</Th>
        </Tr>
      </Thead>
      <Tbody>
        {dimensions
          .filter(({ planned }) => planned > 0)
          .map((one) => (
            <Tr key={one.dimension}>
              <Td dataLabel={t('dimension')}>
                {dimensionTitle(t, one.dimension)} ({unitName(one.unit)})
              </Td>
              <Td dataLabel={t('leftNow')} className="billing-number">
                {shown(one.left_now)}
              </Td>
              <Td dataLabel={t('planned')} className="billing-number">
                {formatQuantity(one.planned)}
              </Td>
              <Td dataLabel={t('leftAfter')} className="billing-number">
                {shown(one.left_after)}
              </Td>
            </Tr>
          ))}
      </Tbody>
    </Table>
  );
}
