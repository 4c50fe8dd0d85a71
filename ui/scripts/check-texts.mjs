// A build fails if the catalogues differ: a key or a placeholder that one language has and another has not.
import { readdirSync, readFileSync } from 'node:fs';

const CATALOGUES = new URL('../src/app/ManageOrganization/Billing/i18n/', import.meta.url);
const LANGUAGES = ['en', 'de'];

export function checkTexts() {
  return {
    name: 'check-texts',
    buildStart() {
      const mistakes = mistakesIn(LANGUAGES.map((language) => [language, read(language)]));
      if (mistakes.length > 0) {
        this.error(`The texts are not complete:\n${mistakes.join('\n')}`);
      }
    },
  };
}

/** "common.retry" -> text */
function read(language) {
  const folder = new URL(`${language}/`, CATALOGUES);
  const files = readdirSync(folder).filter((name) => name.endsWith('.json'));
  return new Map(
    files.flatMap((name) =>
      Object.entries(JSON.parse(readFileSync(new URL(name, folder), 'utf8'))).map(([key, text]) => [
        `${name.replace('.json', '')}.${key}`,
        text,
      ]),
    ),
  );
}

function mistakesIn([[, reference], ...others]) {
  return others.flatMap(([language, texts]) => [
    ...[...reference.keys()].filter((key) => !texts.get(key)?.trim()).map((key) => `${language}: ${key} is missing`),
    ...[...texts.keys()].filter((key) => !reference.has(key)).map((key) => `${language}: ${key} is not in English`),
    ...[...reference].flatMap(([key, text]) =>
      texts.has(key) && placeholders(text) !== placeholders(texts.get(key))
        ? [`${language}: ${key} has other placeholders`]
        : [],
    ),
  ]);
}

function placeholders(text) {
  return (text.match(/\{\{\w+\}\}/g) ?? []).sort().join(' ');
}
