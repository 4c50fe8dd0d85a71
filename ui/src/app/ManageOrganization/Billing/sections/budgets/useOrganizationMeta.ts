import type { Meta } from '../../api/models';
import { useProjectsQuery } from '../../queries/useProjectsQuery';

/** With the currency and the time zone of the organization: a response may have none, or those of a budget. */
export function useOrganizationMeta(meta: Meta): Meta {
  const { data } = useProjectsQuery();
  const { currency, currency_digits, time_zone } = data?.meta ?? {};
  return {
    ...meta,
    ...(currency !== undefined && { currency }),
    ...(currency_digits !== undefined && { currency_digits }),
    ...(time_zone !== undefined && { time_zone }),
  };
}
