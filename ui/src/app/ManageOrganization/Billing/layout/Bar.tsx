import { Flex, FlexItem, PageSection } from '@patternfly/react-core';
import { useTranslation } from 'react-i18next';
import { useLocation } from 'react-router';

import { CopyLink } from '../components/CopyLink';
import { useProjectsQuery } from '../queries/useProjectsQuery';
import { Freshness } from './Freshness';
import { PeriodSelect } from './PeriodSelect';
import { ScopeSelect } from './ScopeSelect';

/** The scope, the period and the time of the figures, above each section. Without access to billing it is empty. */
export function Bar({ hasPeriod }: { hasPeriod: boolean }) {
  const { pathname } = useLocation();
  const { t } = useTranslation();
  const { data: fresh, isError } = useProjectsQuery();
  return isError && fresh === undefined ? null : (
    <PageSection isWidthLimited isCenterAligned className="billing-bar">
      <Flex
        role="group"
        aria-label={t('bar')}
        alignItems={{ default: 'alignItemsCenter' }}
        columnGap={{ default: 'columnGapMd' }}
        rowGap={{ default: 'rowGapSm' }}
      >
        <ScopeSelect list={fresh?.data} />
        {hasPeriod && <PeriodSelect key={pathname} />}
        <CopyLink />
        <FlexItem className="billing-bar-end">
          <Freshness fresh={fresh} />
        </FlexItem>
      </Flex>
    </PageSection>
  );
}
