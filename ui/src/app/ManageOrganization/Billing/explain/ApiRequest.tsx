import { Button, Content, Title } from '@patternfly/react-core';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';

import { Alert } from '../components/Alert';
import { errorText } from '../api/errorText';
import { useBilling } from '../BillingProvider';

interface ApiRequestProps {
  /** Of the request, below the address of the API. */
  address: string;
  isLoading?: boolean;
  error?: Error | null;
  /** Without it, the response is not offered as a file. */
  onDownload?: () => void;
}

/** The request that gives the same figures, to copy, and its response as a file. */
export function ApiRequest({ address, isLoading = false, error = null, onDownload }: ApiRequestProps) {
  const { t } = useTranslation('explain');
  const { baseUrl } = useBilling().api;
  const [isCopied, setIsCopied] = useState(false);
  const request = `curl -H 'Authorization: Bearer TOKEN' '${baseUrl.replace(/\/$/, '')}/${address}'`;
  const copy = () => {
    navigator.clipboard.writeText(request).then(
      () => {
        setIsCopied(true);
      },
      () => {
        setIsCopied(false); // permission denied: the text is there to select
      },
    );
  };
  return (
    <section className="billing-stack">
      <div>
        <Title headingLevel="h3" size="md">
          {t('request')}
        </Title>
        <Content component="small">{t(onDownload === undefined ? 'requestToken' : 'requestBody')}</Content>
        <Content component="pre" className="billing-request">
          {request}
        </Content>
      </div>
      <div className="billing-actions">
        <Button variant="secondary" onClick={copy}>
          {t(isCopied ? 'copied' : 'copyRequest')}
        </Button>
        {onDownload !== undefined && (
          <Button variant="secondary" onClick={onDownload} isLoading={isLoading} isDisabled={isLoading}>
            {t('download')}
          </Button>
        )}
        <span role="status" className="pf-v6-screen-reader">
          {isCopied && t('copied')}
        </span>
      </div>
      {error !== null && (
        <Alert isInline variant="warning" component="p" title={t('downloadFailed', { reason: errorText(error) })} />
      )}
    </section>
  );
}
