import { Fragment } from 'react';
import { useTranslation } from 'react-i18next';

import { type Mistake, TRANSLATED } from './fields';

/** Whose text does not need the API's: it has no limit or rule. */
const COMPLETE = ['required', 'unknown_member', 'type', 'duplicate', 'unknown'] as const;
/** Whose text is followed by the API's, which has the limit or the rule. */
const WITH_RULE = ['choice', 'length', 'format', 'range', 'conflict', 'refused', 'invalid'] as const;

/** What is wrong with a member of a form. The API's texts are English: other languages have a text for each code. */
export function MistakeText({ mistakes }: { mistakes: readonly Mistake[] }) {
  return mistakes.map((mistake, index) => (
    <Fragment key={`${mistake.place ?? ''} ${mistake.message}`}>
      {index > 0 && ' '}
      <One mistake={mistake} isLast={index === mistakes.length - 1} />
    </Fragment>
  ));
}

function One({ mistake: { code, message, place }, isLast }: { mistake: Mistake; isLast: boolean }) {
  const { t, i18n } = useTranslation();
  const before = place === undefined ? '' : `${place}: `;
  if (i18n.resolvedLanguage === 'en' || code === TRANSLATED) {
    return <span>{`${before}${message}${isLast ? '' : '.'}`}</span>;
  }
  const complete = COMPLETE.find((one) => one === code);
  if (complete !== undefined) {
    return <span>{before + t(`mistake_${complete}`)}</span>;
  }
  return (
    <>
      <span>{before + t(`mistake_${WITH_RULE.find((one) => one === code) ?? 'invalid'}`)}</span>{' '}
      <span lang="en">({message})</span>
    </>
  );
}
