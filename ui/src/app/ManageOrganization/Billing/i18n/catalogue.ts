import type en from './en';
import type late from './en/late';

/** The English texts are the catalogue: the other languages have the same keys. */
type Texts<Sections> = {
  readonly [Section in keyof Sections]: { readonly [Key in keyof Sections[Section]]: string };
};
export type Catalogue = Texts<typeof en>;
export type LateCatalogue = Texts<typeof late>;

declare module 'i18next' {
  interface CustomTypeOptions {
    defaultNS: 'common';
    resources: typeof en & typeof late;
  }
}
