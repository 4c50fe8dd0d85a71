import { PageSection } from '@patternfly/react-core';
import { useTranslation } from 'react-i18next';

import { useSectionParameters } from '../../address';
import { PageHeading } from '../../components/PageHeading';

const PARAMETERS = {};

export default function ExplorePage() {
  const { t } = useTranslation('explore');
  useSectionParameters(PARAMETERS);
  return (
    <PageSection isWidthLimited isCenterAligned isFilled>
      <PageHeading title={t('title')} />
    </PageSection>
  );
}
