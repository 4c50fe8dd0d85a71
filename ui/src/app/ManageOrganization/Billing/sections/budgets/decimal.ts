/** Numbers that a user types, with the decimal mark of the language. */

/**
 * The number, or the text where it is not clear which number is meant: the error of the API names what is allowed. A thousands
 * separator is never guessed: "1.000" is one thousand in German and one in English.
 */
export function decimalOf(text: string, language: string): number | string {
  const typed = text.trim();
  const form = markOf(language) === ',' ? /^\d+(,\d+|\.\d{1,2})?$/ : /^\d+(\.\d+)?$/;
  return form.test(typed) && typed.length <= 16 ? Number(typed.replace(',', '.')) : typed;
}

/** The text for a field: "1234.5" or "1234,5", without a thousands separator. */
export function decimalText(number: number, language: string): string {
  return new Intl.NumberFormat(language, {
    useGrouping: false,
    maximumFractionDigits: 9,
    numberingSystem: 'latn',
  }).format(number);
}

function markOf(language: string): string {
  const parts = new Intl.NumberFormat(language, { numberingSystem: 'latn' }).formatToParts(1.5);
  return parts.find(({ type }) => type === 'decimal')?.value ?? '.';
}
