import type { LateCatalogue } from '../catalogue';
import explain from './explain.json';

export default { explain } satisfies LateCatalogue;
