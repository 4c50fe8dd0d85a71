import { ActionGroup, Button, Form } from '@patternfly/react-core';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';

import { Alert } from '../../../components/Alert';
import type { ApiError } from '../../../api/errors';
import { TextAreaField } from '../../../components/form/Field';
import { type FieldErrors, fieldErrorsOf, TRANSLATED } from '../../../components/form/fields';
import { FormFailure } from '../../../components/form/FormFailure';
import { MOST_RESOURCES } from './draft';
import { ManifestError, type Manifests, readManifests } from './manifests';
import { QuoteResult } from './QuoteResult';
import { useQuote } from './useQuote';

const EXAMPLE = `apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 2
  template:
    spec:
      containers:
        - name: web
          resources: {requests: {cpu: 500m, memory: 1Gi}}
`;

/** A quote of pasted manifests. A mistake is named with its line, or with the manifest and the place in it. */
export function PasteForm() {
  const { t } = useTranslation('plan');
  const [text, setText] = useState('');
  const [read, setRead] = useState<Manifests | null>(null);
  const [mistake, setMistake] = useState<string | null>(null);
  const quote = useQuote();
  const wrong: FieldErrors =
    mistake === null ? errorsOfManifests(quote.error, read) : new Map([['', { message: mistake, code: TRANSLATED }]]);
  const ask = async () => {
    quote.reset();
    const manifests = await readManifests(text);
    const { priced } = manifests;
    setRead(manifests);
    setMistake(
      text.trim() === ''
        ? t('manifestsEmpty')
        : priced.length === 0
          ? t('manifestsNone')
          : priced.length > MOST_RESOURCES
            ? t('manifestsTooMany', { count: MOST_RESOURCES })
            : null,
    );
    if (priced.length > 0 && priced.length <= MOST_RESOURCES) {
      quote.mutate({ resources: priced.map(({ manifest }) => manifest) });
    }
  };
  return (
    <>
      <Form
        noValidate
        onSubmit={(event) => {
          event.preventDefault();
          ask().catch((error: unknown) => {
            const { line, message } = error instanceof ManifestError ? error : { line: 1, message: String(error) };
            setMistake(t('manifestsNotYaml', { line, reason: message }));
          });
        }}
      >
        {quote.error !== null && quote.error.kind !== 'invalid' && (
          <FormFailure error={quote.error} pointers={[]} isQuestion />
        )}
        <TextAreaField
          label={t('manifests')}
          hint={t('manifestsHint')}
          value={text}
          onChange={setText}
          rows={14}
          isCode
          placeholder={EXAMPLE}
          pointer=""
          errors={wrong}
        />
        <ActionGroup>
          <Button type="submit" isLoading={quote.isPending} isDisabled={quote.isPending}>
            {t('getQuote')}
          </Button>
        </ActionGroup>
      </Form>
      <div role="status">
        {read !== null && read.notPriced.length > 0 && (
          <Alert
            isInline
            variant="warning"
            component="p"
            title={t('manifestNotPriced', { names: read.notPriced.join(', ') })}
          />
        )}
        {quote.data !== undefined && <QuoteResult fresh={quote.data} />}
      </div>
    </>
  );
}

/** "Deployment web: /spec/template/...: is required" */
function errorsOfManifests(error: ApiError | null, read: Manifests | null): FieldErrors {
  return new Map(
    [...fieldErrorsOf(error)].map(([pointer, mistake]) => {
      const [, , index = '', ...rest] = pointer.split('/');
      const name = read?.priced[Number(index)]?.name ?? pointer;
      return [pointer, { ...mistake, place: rest.length === 0 ? name : `${name}: /${rest.join('/')}` }];
    }),
  );
}
