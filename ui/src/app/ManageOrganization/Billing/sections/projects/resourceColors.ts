import black from '@patternfly/react-tokens/dist/esm/chart_color_black_300';
import blue from '@patternfly/react-tokens/dist/esm/chart_color_blue_300';
import green from '@patternfly/react-tokens/dist/esm/chart_color_green_300';
import orange from '@patternfly/react-tokens/dist/esm/chart_color_orange_300';
import purple from '@patternfly/react-tokens/dist/esm/chart_color_purple_300';
import teal from '@patternfly/react-tokens/dist/esm/chart_color_teal_300';
import yellow from '@patternfly/react-tokens/dist/esm/chart_color_yellow_300';

import type { Resource } from './breakdown';

/** A resource has the same colour in the ring and in the table. */
export const resourceColors: Record<Resource, string> = {
  cpu_cost: blue.var,
  memory_cost: purple.var,
  storage_cost: teal.var,
  network_cost: yellow.var,
  public_ip_cost: orange.var,
  gpu_cost: green.var,
  other_cost: black.var,
};
