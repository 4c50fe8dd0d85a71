import { ActionGroup, Button, Form } from '@patternfly/react-core';
import PlusCircleIcon from '@patternfly/react-icons/dist/esm/icons/plus-circle-icon';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';

import { fieldErrorsOf } from '../../../components/form/fields';
import { FormFailure } from '../../../components/form/FormFailure';
import { bodyOf, MOST_RESOURCES, NEW_RESOURCE, type ResourceDraft } from './draft';
import { QuoteResult } from './QuoteResult';
import { ResourceFields, pointersOf } from './ResourceFields';
import { useQuote } from './useQuote';

interface Numbered extends ResourceDraft {
  /** Of the row in the form. It stays the same when an earlier row is removed. */
  id: number;
}

export function EnterForm() {
  const { t } = useTranslation('plan');
  const [resources, setResources] = useState<Numbered[]>([{ ...NEW_RESOURCE, id: 0 }]);
  const quote = useQuote();
  const errors = fieldErrorsOf(quote.error);
  const change = (id: number, part: Partial<ResourceDraft>) => {
    setResources((now) => now.map((one) => (one.id === id ? { ...one, ...part } : one)));
  };
  return (
    <>
      <Form
        noValidate
        onSubmit={(event) => {
          event.preventDefault();
          quote.mutate(bodyOf(resources));
        }}
      >
        <FormFailure
          error={quote.error}
          pointers={resources.flatMap((_resource, index) => pointersOf(index))}
          isQuestion
        />
        {resources.map((resource, index) => (
          <ResourceFields
            key={resource.id}
            index={index}
            draft={resource}
            errors={errors}
            onChange={(part) => {
              change(resource.id, part);
            }}
            {...(resources.length > 1 && {
              onRemove: () => {
                setResources((now) => now.filter(({ id }) => id !== resource.id));
              },
            })}
          />
        ))}
        <ActionGroup>
          <Button type="submit" isLoading={quote.isPending} isDisabled={quote.isPending}>
            {t('getQuote')}
          </Button>
          <Button
            variant="link"
            icon={<PlusCircleIcon />}
            isDisabled={resources.length >= MOST_RESOURCES}
            onClick={() => {
              setResources((now) => [...now, { ...NEW_RESOURCE, id: Math.max(...now.map(({ id }) => id)) + 1 }]);
            }}
          >
            {t('addResource')}
          </Button>
        </ActionGroup>
      </Form>
      <div role="status">{quote.data !== undefined && <QuoteResult fresh={quote.data} />}</div>
    </>
  );
}
