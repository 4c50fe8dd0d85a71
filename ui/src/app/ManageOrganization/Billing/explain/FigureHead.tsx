import { Content, Title } from '@patternfly/react-core';
import { useTranslation } from 'react-i18next';

interface FigureHeadProps {
  name: string;
  /** Null: the figure has no value. */
  value: string | null;
  range: string;
}

export function FigureHead({ name, value, range }: FigureHeadProps) {
  const { t } = useTranslation('explain');
  return (
    <div>
      <Title headingLevel="h3" size="md" className="billing-break">
        {name}
      </Title>
      <p className="billing-drawer-value">{value ?? t('noValue')}</p>
      <Content component="small">
        {range}
        {value === null && `. ${t('noValueBody')}`}
      </Content>
    </div>
  );
}
