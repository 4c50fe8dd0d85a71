import type { LateCatalogue } from './catalogue';
import late from './en/late';
import { pseudoTexts } from './pseudo';

export default pseudoTexts<LateCatalogue>(late);
