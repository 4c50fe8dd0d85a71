import { Alert as PatternFlyAlert, type AlertProps } from '@patternfly/react-core';
import { useTranslation } from 'react-i18next';

/** An alert whose kind has a name for screen readers in the user's language. */
export function Alert({ variant = 'info', ...props }: AlertProps) {
  const { t } = useTranslation();
  return (
    <PatternFlyAlert variant={variant} variantLabel={variant === 'custom' ? '' : t(`alert_${variant}`)} {...props} />
  );
}
