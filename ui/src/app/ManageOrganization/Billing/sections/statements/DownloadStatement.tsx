import { Button } from '@patternfly/react-core';
import DownloadIcon from '@patternfly/react-icons/dist/esm/icons/download-icon';
import { useTranslation } from 'react-i18next';

import { errorText } from '../../api/errorText';
import { formatMonth } from '../../figures';
import { useDownload } from '../../queries/useDownload';
import { STATEMENT } from './statementQueries';

interface DownloadStatementProps {
  period: string;
  /** In a table, the name of the button has the month. */
  isInRow?: boolean;
  /** The statement is not loaded yet. */
  isDisabled?: boolean;
}

export function DownloadStatement({ period, isInRow = false, isDisabled = false }: DownloadStatementProps) {
  const { t } = useTranslation(['statements', 'common']);
  const { isLoading, error, download } = useDownload<typeof STATEMENT>();
  return (
    <>
      <Button
        variant={isInRow ? 'link' : 'secondary'}
        isInline={isInRow}
        icon={<DownloadIcon />}
        isDisabled={isLoading || isDisabled}
        {...(isInRow && { 'aria-label': t('download', { month: formatMonth(period) }) })}
        onClick={() => {
          download(STATEMENT, { query: { period } }, `statement-${period}.csv`);
        }}
      >
        {isInRow ? t('csv') : t('common:downloadCsv')}
      </Button>
      <span role="status">{error !== null && t('common:downloadFailed', { reason: errorText(error) })}</span>
    </>
  );
}
