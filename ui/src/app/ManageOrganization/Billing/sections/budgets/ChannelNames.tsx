import { useTranslation } from 'react-i18next';

import { formatList } from '../../figures';
import { useChannels } from './channels/channelQueries';

/** The names of channels. Only an org-admin sees them, anyone else their number. */
export function ChannelNames({ ids }: { ids: readonly string[] }) {
  const { t } = useTranslation('budgets');
  const { data } = useChannels({ enabled: ids.length > 0 });
  if (ids.length === 0) {
    return t('noChannels');
  }
  if (data === undefined) {
    return t('channelsHidden', { count: ids.length });
  }
  const names = new Map(data.data.channels.map(({ id, name }) => [id, name]));
  return formatList(ids.map((id) => names.get(id) ?? t('channelDeleted')));
}
