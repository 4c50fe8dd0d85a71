import { useTranslation } from 'react-i18next';

import { formatList } from '../../figures';
import { useChannelChoices } from './budgetQueries';

/** The names of channels. Whoever may write the budget sees them, anyone else their number. */
export function ChannelNames({ ids, mayRead }: { ids: readonly string[]; mayRead: boolean }) {
  const { t } = useTranslation('budgets');
  const { data } = useChannelChoices({ enabled: mayRead && ids.length > 0 });
  if (ids.length === 0) {
    return t('noChannels');
  }
  if (data === undefined) {
    return t('channelsHidden', { count: ids.length });
  }
  const names = new Map(data.data.channels.map(({ id, name }) => [id, name]));
  return formatList(ids.map((id) => names.get(id) ?? t('channelDeleted')));
}
