/** English with accents and a third more letters, to find texts that are cut off or not in the catalogue. */
import type { Catalogue } from './catalogue';
import en from './en';

const PLAIN = 'aceinosuyACEINOSUY';
const ACCENTED = 'áçéíñóšúýÁÇÉÍÑÓŠÚÝ';

export function pseudoText(text: string): string {
  const accented = text
    .split(/(\{\{.*?\}\})/)
    .map((part) => (part.startsWith('{{') ? part : part.replace(/[a-z]/gi, (letter) => accentOf(letter))))
    .join('');
  return `[${accented}${'·'.repeat(Math.ceil(text.length / 3))}]`;
}

function accentOf(letter: string): string {
  const index = PLAIN.indexOf(letter);
  return index < 0 ? letter : (ACCENTED[index] ?? letter);
}

/** Arabic, whose direction one of the languages has, has four forms of the plural more than English. */
function formsOf(key: string): string[] {
  return key.endsWith('_other')
    ? ['other', 'zero', 'two', 'few', 'many'].map((form) => key.replace(/other$/, form))
    : [key];
}

/** The sections of a catalogue with pseudo texts. */
export function pseudoTexts<Sections extends object>(sections: Sections): Sections {
  return Object.fromEntries(
    Object.entries(sections).map(([section, texts]) => [
      section,
      Object.fromEntries(
        Object.entries(texts as object).flatMap(([key, text]) =>
          formsOf(key).map((form) => [form, pseudoText(String(text))]),
        ),
      ),
    ]),
  ) as Sections;
}

export default pseudoTexts<Catalogue>(en);
