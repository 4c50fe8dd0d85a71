import { Content, Tab, Tabs, TabTitleText } from '@patternfly/react-core';
import { useTranslation } from 'react-i18next';

import { oneOf, useSectionParameters } from '../../../address';
import { TableCard } from '../../TableCard';
import { EnterForm } from './EnterForm';
import { PasteForm } from './PasteForm';

const WAYS = ['enter', 'paste'] as const;
export const QUOTE_PARAMETERS = { quote: oneOf(WAYS, 'enter') };

/** What planned resources would cost: entered in a form, or as pasted manifests. */
export function QuoteCard() {
  const { t } = useTranslation('plan');
  const [{ quote }, set] = useSectionParameters(QUOTE_PARAMETERS);
  return (
    <TableCard title={t('quote')} hint={t('quoteHint')}>
      <Tabs
        aria-label={t('quote')}
        activeKey={quote}
        mountOnEnter
        onSelect={(_event, key) => {
          set({ quote: WAYS.find((way) => way === key) ?? 'enter' });
        }}
      >
        <Tab eventKey="enter" title={<TabTitleText>{t('enter')}</TabTitleText>}>
          <Content className="billing-gap-above">
            <EnterForm />
          </Content>
        </Tab>
        <Tab eventKey="paste" title={<TabTitleText>{t('paste')}</TabTitleText>}>
          <Content className="billing-gap-above">
            <PasteForm />
          </Content>
        </Tab>
      </Tabs>
    </TableCard>
  );
}
